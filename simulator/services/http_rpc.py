"""A small JSON-RPC 2.0 server on loopback: bearer token, bounded bodies, one call at a time.

Generic: it serves any registry of operations (``norms.contrat``). ``POST /rpc`` takes one call; ``GET /openrpc.json``
gives the description of the methods. A fault of ours is answered -32603 and emitted as ``erreur_banc``: the
bench, not the LPS, is at fault. Calls are serialised: cards and readers are one resource.
"""

from __future__ import annotations

import json
import socket
import threading
import traceback
from collections.abc import Callable, Mapping
from functools import cached_property
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from pydantic import ValidationError

from norms.contrat.base import (
    ERREUR_ANALYSE,
    ERREUR_INTERNE,
    METHODE_INCONNUE,
    NON_AUTORISE,
    PARAMETRES_INVALIDES,
    REQUETE_INVALIDE,
    Message,
    Operation,
)
from norms.contrat.openrpc import build_openrpc, render
from simulator.evenements import Emettre
from simulator.services.refus import RefusRpc, SansReponse, explain

MAX_OCTETS = 16 * 1024 * 1024
DELAI_SOCKET_S = 30.0
DELAI_FERMETURE_S = 5.0
MAX_CONNEXIONS = 64

Fonction = Callable[[Any], Message]


class ServiceHttp:
    """Serves ``fonctions`` (name of the registry -> callable taking the parameter model), on an ephemeral port when 0.

    A context manager; ``url`` is known once entered. ``max_octets`` bounds a request body (413 beyond). Entering
    raises OSError when the port is taken.
    """

    def __init__(
        self,
        registre: Mapping[str, Operation],
        fonctions: Mapping[str, Fonction],
        *,
        jeton: str,
        emettre: Emettre,
        titre: str = "Services fournis",
        max_octets: int = MAX_OCTETS,
        port: int = 0,
    ) -> None:
        inconnues = sorted(set(fonctions) - set(registre))
        if inconnues:
            raise ValueError(f"fonctions absentes du registre : {', '.join(inconnues)}")
        if not jeton:
            raise ValueError("un jeton est obligatoire")
        self.registre = {nom: op for nom, op in registre.items() if nom in fonctions}
        self.fonctions, self.jeton, self.emettre, self.max_octets = dict(fonctions), jeton, emettre, max_octets
        self._titre = titre
        self._port = port
        self._verrou = threading.Lock()
        self._serveur: _Serveur | None = None
        self._fil: threading.Thread | None = None

    # --- life ---------------------------------------------------------------------------------------------
    @cached_property
    def openrpc(self) -> bytes:
        """The document that describes the service, built when somebody asks for it."""
        return render(build_openrpc(self._titre, self.registre)).encode()

    @property
    def url(self) -> str:
        """Base address, without the path. Raises RuntimeError when not started."""
        if self._serveur is None:
            raise RuntimeError("service non démarré")
        return f"http://127.0.0.1:{self._serveur.server_address[1]}"

    def __enter__(self) -> Self:
        self._serveur = _Serveur(self, self._port)
        self._fil = threading.Thread(target=self._serveur.serve_forever, args=(0.05,), name="services", daemon=True)
        self._fil.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.fermer()

    def fermer(self) -> None:
        """Stops listening, closes the connections, waits for the call under way (5 s at most)."""
        serveur, self._serveur = self._serveur, None
        if serveur is None:
            return
        serveur.shutdown()
        serveur.close_all(DELAI_FERMETURE_S)
        serveur.server_close()
        if self._fil is not None:
            self._fil.join(DELAI_FERMETURE_S)

    # --- one call -----------------------------------------------------------------------------------------
    def repondre(self, corps: bytes) -> bytes:
        """The JSON-RPC answer to one request body. Raises SansReponse alone, when a function must stay silent."""
        identifiant: int | str | None = None
        try:
            requete = _parse(corps)
            identifiant = _identifiant(requete)
            reponse: dict[str, Any] = {"jsonrpc": "2.0", "id": identifiant, "result": self._call(requete)}
        except RefusRpc as refus:
            reponse = refus.corps(identifiant)
        return json.dumps(reponse, ensure_ascii=False, separators=(",", ":")).encode()

    def _call(self, requete: dict[str, Any]) -> dict[str, Any]:
        _check_envelope(requete)
        nom = requete["method"]
        operation = self.registre.get(nom)
        if operation is None:
            raise RefusRpc(
                METHODE_INCONNUE, f"fonction inconnue : « {nom[:80]} » ; connues : {', '.join(sorted(self.registre))}"
            )
        try:
            params = operation.params.model_validate(requete.get("params", {}))
        except ValidationError as exc:
            fautes = explain(exc)
            resume = " ; ".join(f"{f['ou']} : {f['attendu']}" for f in fautes[:3])
            raise RefusRpc(PARAMETRES_INVALIDES, f"paramètres de {nom} : {resume}", donnees=fautes) from None
        try:
            with self._verrou:
                resultat = self.fonctions[nom](params)
            if not isinstance(resultat, operation.resultat):
                raise TypeError(f"{nom} rend {type(resultat).__name__}, attendu {operation.resultat.__name__}")
            return resultat.model_dump(mode="json")
        except SansReponse:
            raise
        except Exception as exc:
            self.emettre(
                "erreur_banc",
                {
                    "ou": "services",
                    "fonction": nom,
                    "erreur": f"{type(exc).__name__}: {exc}",
                    "trace": "".join(traceback.format_tb(exc.__traceback__)),
                },
            )
            raise RefusRpc(ERREUR_INTERNE, f"panne du banc dans {nom} ; ce n'est pas une faute du LPS") from exc


# --- envelope -----------------------------------------------------------------------------------------------
def _refuse_constant(texte: str) -> None:
    raise ValueError(texte)


def _parse(corps: bytes) -> dict[str, Any]:
    try:
        requete = json.loads(corps.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        ou = f" (ligne {exc.lineno}, colonne {exc.colno})" if isinstance(exc, json.JSONDecodeError) else ""
        raise RefusRpc(ERREUR_ANALYSE, f"le corps n'est pas du JSON en UTF-8{ou}") from None
    if isinstance(requete, list):
        raise RefusRpc(REQUETE_INVALIDE, "un seul appel par requête : les tableaux d'appels ne sont pas acceptés")
    if not isinstance(requete, dict):
        raise RefusRpc(REQUETE_INVALIDE, "une requête JSON-RPC est un objet")
    return requete


def _identifiant(requete: dict[str, Any]) -> int | str:
    identifiant = requete.get("id")
    if isinstance(identifiant, bool) or not isinstance(identifiant, int | str):
        raise RefusRpc(REQUETE_INVALIDE, "« id » (entier ou texte) est obligatoire : il n'y a pas de notification")
    return identifiant


def _check_envelope(requete: dict[str, Any]) -> None:
    if requete.get("jsonrpc") != "2.0":
        raise RefusRpc(REQUETE_INVALIDE, "« jsonrpc » doit valoir « 2.0 »")
    if not isinstance(requete.get("method"), str):
        raise RefusRpc(REQUETE_INVALIDE, "« method » (texte) est obligatoire")
    trop = sorted(set(requete) - {"jsonrpc", "id", "method", "params"})
    if trop:
        raise RefusRpc(REQUETE_INVALIDE, f"membre inconnu : « {trop[0][:80]} »")
    if not isinstance(requete.get("params", {}), dict):
        raise RefusRpc(PARAMETRES_INVALIDES, "« params » est un objet : les paramètres sont nommés")


# --- HTTP ---------------------------------------------------------------------------------------------------
class _Serveur(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, service: ServiceHttp, port: int) -> None:
        self.service = service
        self._ouvertes: set[socket.socket] = set()
        self._change = threading.Condition()
        super().__init__(("127.0.0.1", port), _Poste)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._change:
            plein = len(self._ouvertes) >= MAX_CONNEXIONS
            if not plein:
                self._ouvertes.add(request)
        if plein:
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._change:
                self._ouvertes.discard(request)
                self._change.notify_all()

    def close_all(self, delai: float) -> None:
        with self._change:
            for connexion in self._ouvertes:
                try:
                    connexion.shutdown(socket.SHUT_RD)
                except OSError:
                    continue
            self._change.wait_for(lambda: not self._ouvertes, delai)

    def handle_error(self, request: Any, client_address: Any) -> None:
        exc = traceback.format_exc()
        self.service.emettre("erreur_banc", {"ou": "services", "fonction": "", "erreur": "connexion", "trace": exc})


class _Poste(BaseHTTPRequestHandler):
    """One connection, kept alive; responses leave in one segment."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = DELAI_SOCKET_S
    server: _Serveur
    server_version = "preagrement"
    sys_version = ""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        accepte = super().handle_expect_100()
        self.wfile.flush()
        return accepte

    def log_message(self, *_: object) -> None:
        """The journal keeps the calls; nothing goes to stderr."""

    # --- verbs
    def do_GET(self) -> None:
        if self.path.split("?", 1)[0] == "/openrpc.json":
            self._send(200, self.server.service.openrpc)
        else:
            self._refuse(RefusRpc(REQUETE_INVALIDE, "adresse inconnue ; POST /rpc ou GET /openrpc.json", statut=404))

    def do_POST(self) -> None:
        try:
            if self.path != "/rpc":
                raise RefusRpc(REQUETE_INVALIDE, "adresse inconnue ; les appels vont à POST /rpc", statut=404)
            attendu = f"Bearer {self.server.service.jeton}".encode()
            if not compare_digest(self.headers.get("Authorization", "").encode("utf-8", "replace"), attendu):
                raise RefusRpc(
                    NON_AUTORISE, "jeton absent ou faux : en-tête « Authorization: Bearer <jeton> »", statut=401
                )
            corps = self._body()
        except RefusRpc as refus:
            self._refuse(refus)
            return
        try:
            reponse = self.server.service.repondre(corps)
        except SansReponse:
            self.close_connection = True
            return
        self._send(200, reponse)

    def _body(self) -> bytes:
        limite = self.server.service.max_octets
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks(limite)
        annonce = self.headers.get("Content-Length", "")
        if not (annonce.isascii() and annonce.isdigit()):
            raise RefusRpc(REQUETE_INVALIDE, "« Content-Length » absent ou illisible", statut=411)
        if len(annonce) > 15 or int(annonce) > limite:
            raise RefusRpc(REQUETE_INVALIDE, f"corps de plus de {limite} octets", statut=413)
        return self.rfile.read(int(annonce))

    def _chunks(self, limite: int) -> bytes:
        morceaux: list[bytes] = []
        total = 0
        while True:
            entete = self.rfile.readline(1024).split(b";")[0].strip()
            try:
                taille = int(entete, 16)
            except ValueError:
                raise RefusRpc(REQUETE_INVALIDE, "corps « chunked » mal formé", statut=400) from None
            if taille < 0 or total + taille > limite:
                raise RefusRpc(REQUETE_INVALIDE, f"corps de plus de {limite} octets", statut=413)
            if taille == 0:
                for _ in range(100):
                    if self.rfile.readline(65536) in (b"\r\n", b"\n", b""):
                        break
                return b"".join(morceaux)
            morceaux.append(self.rfile.read(taille))
            total += taille
            self.rfile.readline(16)

    # --- answers
    def _refuse(self, refus: RefusRpc) -> None:
        # The body wasn't read: the connection cannot be used again.
        self.close_connection = True
        corps = json.dumps(refus.corps(None), ensure_ascii=False, separators=(",", ":")).encode()
        self._send(refus.statut, corps)
        if self.command == "POST":
            self._drain()

    def _drain(self) -> None:
        """Reads what the client is still sending, within bounds, so that it gets the answer and not a reset."""
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            for _ in range(1024):
                if not self.connection.recv(65536):
                    return
        except OSError:
            return

    def _send(self, statut: int, corps: bytes) -> None:
        self.send_response(statut)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(corps)))
        if statut == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(corps)
        self.wfile.flush()
