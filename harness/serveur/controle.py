"""The control API of a running world: JSON over HTTP on loopback, with a bearer token (docs/serveur.md)."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, urlsplit

HOTE = "127.0.0.1"
MAX_CORPS = 256 * 1024
MAX_LIGNES = 500
DELAI_SOCKET_S = 15.0
MAX_CONNEXIONS = 32


class Refus(Exception):
    """An HTTP refusal: status and French reason."""

    def __init__(self, statut: int, raison: str) -> None:
        super().__init__(raison)
        self.statut = statut


class Commande(Protocol):
    """What the API drives. ``act`` raises Refus."""

    def state(self) -> dict[str, Any]: ...
    def journal(self, depuis: int, maximum: int) -> dict[str, Any]: ...
    def messages(self, depuis: int, maximum: int) -> dict[str, Any]: ...
    def actions(self) -> dict[str, Any]: ...
    def act(self, action: str, avec: Mapping[str, Any]) -> dict[str, Any]: ...


class Controle:
    """The HTTP server; a context manager. Raises OSError when the port is taken. ``signaler`` gets our own faults."""

    def __init__(self, commande: Commande, jeton: str, port: int, signaler: Callable[[str], None]) -> None:
        if not jeton:
            raise ValueError("un jeton est obligatoire")
        self.commande, self.jeton, self.signaler = commande, jeton, signaler
        self._port = port
        self._serveur: _Serveur | None = None
        self._fil: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base address. Raises RuntimeError when not started."""
        if self._serveur is None:
            raise RuntimeError("contrôle non démarré")
        return f"http://{HOTE}:{self._serveur.server_address[1]}"

    def __enter__(self) -> Self:
        self._serveur = _Serveur(self, self._port)
        self._fil = threading.Thread(target=self._serveur.serve_forever, args=(0.1,), name="controle", daemon=True)
        self._fil.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._serveur is not None:
            self._serveur.shutdown()
            self._serveur.server_close()
            self._serveur = None

    def get(self, chemin: str) -> dict[str, Any]:
        """The answer to a GET. Raises Refus."""
        url = urlsplit(chemin)
        demande = parse_qs(url.query)
        depuis, maximum = _number(demande, "depuis", 0), min(_number(demande, "max", 100), MAX_LIGNES)
        match url.path:
            case "/etat":
                return self.commande.state()
            case "/journal":
                return self.commande.journal(depuis, maximum)
            case "/messages":
                return self.commande.messages(depuis, maximum)
            case "/actions":
                return self.commande.actions()
        raise Refus(404, "adresse inconnue ; GET /etat, /journal, /messages, /actions ou POST /actions")

    def post(self, chemin: str, corps: bytes) -> dict[str, Any]:
        """The answer to a POST. Raises Refus."""
        if urlsplit(chemin).path != "/actions":
            raise Refus(404, "adresse inconnue ; les ordres vont à POST /actions")
        try:
            ordre = json.loads(corps.decode("utf-8"))
        except (ValueError, RecursionError) as exc:
            raise Refus(400, f"le corps n'est pas du JSON en UTF-8 ({type(exc).__name__})") from exc
        if not isinstance(ordre, dict) or set(ordre) - {"action", "avec"} or not isinstance(ordre.get("action"), str):
            raise Refus(400, 'attendu : {"action": "nom", "avec": {…}}')
        avec = ordre.get("avec", {})
        if not isinstance(avec, dict):
            raise Refus(400, "« avec » est un objet : les paramètres sont nommés")
        return self.commande.act(ordre["action"], avec)


def _number(demande: Mapping[str, list[str]], nom: str, defaut: int) -> int:
    texte = demande.get(nom, [str(defaut)])[-1]
    if not (texte.isascii() and texte.isdigit() and len(texte) <= 12):
        raise Refus(400, f"« {nom} » : entier positif ou nul attendu ; reçu « {texte[:40]} »")
    return int(texte)


class _Serveur(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, controle: Controle, port: int) -> None:
        self.controle = controle
        self._places = threading.BoundedSemaphore(MAX_CONNEXIONS)
        super().__init__((HOTE, port), _Poste)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.controle.signaler("connexion de contrôle rompue sur une erreur")


class _Poste(BaseHTTPRequestHandler):
    """One request a connection."""

    server: _Serveur
    timeout = DELAI_SOCKET_S
    server_version = "preagrement"
    sys_version = ""

    def log_message(self, *_: object) -> None:
        """Nothing goes to stderr."""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (ConnectionError, TimeoutError, ValueError):
            self.close_connection = True

    def do_GET(self) -> None:
        self._answer(lambda: self.server.controle.get(self.path))

    def do_POST(self) -> None:
        self._answer(lambda: self.server.controle.post(self.path, self._body()))

    def _answer(self, faire: Callable[[], dict[str, Any]]) -> None:
        try:
            self._check_token()
            statut, objet = 200, faire()
        except Refus as refus:
            statut, objet = refus.statut, {"erreur": str(refus)}
        except Exception as exc:  # ours, whatever it is: told, and the client gets an answer
            self.server.controle.signaler(f"{self.command} {self.path[:80]} : {type(exc).__name__} : {exc}")
            statut, objet = 500, {"erreur": "panne du banc ; voir le journal"}
        self._send(statut, objet)

    def _check_token(self) -> None:
        attendu = f"Bearer {self.server.controle.jeton}".encode()
        if not compare_digest(self.headers.get("Authorization", "").encode("utf-8", "replace"), attendu):
            raise Refus(401, "jeton absent ou faux : en-tête « Authorization: Bearer <jeton> »")

    def _body(self) -> bytes:
        annonce = self.headers.get("Content-Length", "")
        if not (annonce.isascii() and annonce.isdigit() and len(annonce) <= 9):
            raise Refus(411, "« Content-Length » absent ou illisible")
        if int(annonce) > MAX_CORPS:
            raise Refus(413, f"corps de plus de {MAX_CORPS} octets")
        return self.rfile.read(int(annonce))

    def _send(self, statut: int, objet: Mapping[str, Any]) -> None:
        corps = json.dumps(objet, ensure_ascii=False).encode()
        self.close_connection = True
        self.send_response(statut)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(corps)))
        if statut == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(corps)
        self._drain()

    def _drain(self) -> None:
        """Reads what a refused client is still sending, within bounds, so that it gets the answer and not a reset."""
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            for _ in range(256):
                if not self.connection.recv(65536):
                    return
        except OSError:
            return
