"""The command line: stdio (one JSON object a line) or HTTP; stdout carries nothing but the protocol."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import BinaryIO

from reference.adaptateur import MAX_OCTETS, Adaptateur, creer


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the adapter until the bench says goodbye or hangs up."""
    choix = _parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s : %(message)s")
    if choix.mutants:
        from reference.mutants import MUTANTS  # noqa: PLC0415 -- heavy, and of no use to a sound LPS

        liste = [
            {"id": m.id, "titre": m.titre, "exigence": m.exigence, "exigences": list(m.exigences)}
            for m in MUTANTS.values()
        ]
        sys.stdout.write(json.dumps(liste, ensure_ascii=False, indent=2) + "\n")
        return 0
    try:
        adaptateur = creer(mutant=choix.mutant)
    except ValueError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    if choix.http is not None:
        serve_http(adaptateur, choix.http)
    else:
        serve_stdio(adaptateur, sys.stdin.buffer, sys.stdout.buffer)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m reference", description="LPS de référence de preagrement.")
    analyseur.add_argument("--mutant", default="", metavar="ID", help="variante fautive")
    analyseur.add_argument("--http", type=int, metavar="PORT", help="sert en HTTP sur 127.0.0.1 (0 : port libre)")
    analyseur.add_argument("--mutants", action="store_true", help="liste des variantes fautives, en JSON")
    return analyseur.parse_args(arguments)


def serve_stdio(adaptateur: Adaptateur, entree: BinaryIO, sortie: BinaryIO) -> None:
    """One request a line in, one answer a line out, until end of file or « au_revoir »."""
    while not adaptateur.termine and (ligne := entree.readline(MAX_OCTETS + 2)):
        if not ligne.strip():
            continue
        if not ligne.endswith(b"\n") and len(ligne) > MAX_OCTETS:
            while (reste := entree.readline(MAX_OCTETS)) and not reste.endswith(b"\n"):
                pass
        sortie.write(adaptateur.handle(ligne) + b"\n")
        sortie.flush()


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
