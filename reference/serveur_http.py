"""The adapter protocol over HTTP, on loopback: same requests, same answers as on stdio."""

from __future__ import annotations

import logging
from http.server import BaseHTTPRequestHandler, HTTPServer

from reference.adaptateur import MAX_OCTETS, Adaptateur


def serve_http(adaptateur: Adaptateur, port: int) -> None:
    """``POST /`` on loopback; the address is told on stderr."""

    class Requete(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_POST(self) -> None:
            taille = self.headers.get("Content-Length", "")
            if not taille.isdigit() or int(taille) > MAX_OCTETS:
                self.close_connection = True
                self.send_error(413 if taille.isdigit() else 411)
                return
            corps = adaptateur.handle(self.rfile.read(int(taille)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(corps)))
            self.end_headers()
            self.wfile.write(corps)
            if adaptateur.termine:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Requests hold secrets: nothing is logged."""

    with HTTPServer(("127.0.0.1", port), Requete) as serveur:
        logging.getLogger("reference").info("à l'écoute de http://127.0.0.1:%d/", serveur.server_address[1])
        while not adaptateur.termine:
            serveur.handle_request()
