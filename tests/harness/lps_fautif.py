"""A tiny LPS adapter with one fault at will, standard library only: ``python lps_fautif.py FAUTE [--http]``.

It reads no card and sends no mail: it is there to break the conversation in every possible way.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

OPERATIONS = ["poste.demarrer", "poste.horloge", "ps.lire", "facture.elaborer", "facture.lister", "au_revoir"]


#: What ``--mutants`` lists, as an LPS with faulty variants does.
MUTANTS = [
    {"id": "numero_faux", "titre": "Donne un autre numéro", "exigence": "SV-4.2.1.16.1-11"},
    {"id": "inerte", "titre": "Ne change rien", "exigence": "SV-4.2.1.16.1-11"},
    {"id": "leve", "titre": "Tombe en panne : rien n'est observé", "exigence": "SV-4.2.1.16.1-11"},
]


class Lps:
    """The sound part: enough of a workstation to be driven."""

    def __init__(self, faute: str = "") -> None:
        self.faute = faute
        self.factures: list[dict[str, Any]] = []
        self.dossier = Path()

    def handle(self, requete: bytes) -> bytes:
        demande = json.loads(requete)
        reponse: dict[str, Any] = {"jsonrpc": "2.0", "id": demande["id"]}
        try:
            reponse["result"] = self.answer(demande["method"], demande["params"])
        except KeyError:
            if self.faute == "complaisant":
                return json.dumps(reponse | {"result": {"issue": "ok"}}).encode()
            reponse["error"] = {"code": -32601, "message": "méthode inconnue"}
        except ValueError as exc:
            reponse["error"] = {"code": -32602, "message": str(exc)}
        return json.dumps(reponse, ensure_ascii=False).encode()

    def answer(self, methode: str, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "bonjour": self.bonjour,
            "poste.demarrer": self.demarrer,
            "poste.horloge": lambda _p: {},
            "ps.lire": self.lire,
            "facture.elaborer": self.elaborer,
            "facture.lister": lambda _p: {"factures": self.factures},
            "au_revoir": lambda _p: {},
        }[methode](params)

    def bonjour(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {
            "protocole": "2.0" if self.faute == "version" else "1.0",
            "produit": "LPS d'essai",
            "version": "1",
            "operations": OPERATIONS,
            "profil": {"professions": ["medecins"], "modes": ["SESAM_VITALE"], "capacites": []},
        }

    def demarrer(self, params: dict[str, Any]) -> dict[str, Any]:
        if "dossier" not in params:
            raise ValueError("dossier")
        self.dossier = Path(params["dossier"])
        (self.dossier / "poste.txt").write_text("poste prêt\n", encoding="utf-8")
        return {}

    def lire(self, params: dict[str, Any]) -> dict[str, Any]:
        code = params.get("code_porteur")
        if self.faute == "garde_code":
            (self.dossier / "trace.log").write_text(f"lecture avec {code}\n", encoding="utf-8")
        if self.faute == "dit_code":
            sys.stderr.write(f"code porteur {code} reçu\n")
            sys.stderr.flush()
        return {"issue": "ok", "nom": "MARTIN"} if code == "1234" else {"issue": "refus", "motif": "code porteur faux"}

    def elaborer(self, params: dict[str, Any]) -> dict[str, Any]:
        facture = {
            "type": "FSE",
            "numero": params.get("numero", "000000001"),
            "mode": "SESAM_VITALE",
            "statut": "a_signer",
            "montants": {"total": 2650, "amo": 1855, "amc": 0, "assure": 795},
        }
        if self.faute == "numero_faux":
            facture["numero"] = "000000099"
        if self.faute == "schema":
            facture["montants"] = {"total": "vingt-six euros", "amo": 1855, "amc": 0, "assure": 795}
        self.factures.append(facture)
        return {"factures": [facture], "affichages": [{"texte": "Facture élaborée"}]}


def creer(faute: str = "", **_autres: Any) -> Lps:
    """Factory of the in-process transport."""
    return Fautif(faute)


class Fautif(Lps):
    """In process, only a few faults make sense."""

    def handle(self, requete: bytes) -> bytes:
        if b"facture.elaborer" in requete:
            if self.faute == "leve":
                raise RuntimeError("panne interne")
            if self.faute == "muet":
                threading.Event().wait()
        return super().handle(requete)


def brut(octets: bytes) -> None:
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()


#: Answers that are wrong as they are; ``%d`` is the id of the request.
REPONSES = {
    "charabia": "Traceback (most recent call last):",
    "utf8": '{"jsonrpc":"2.0","id":1,"result":{"issue":"\udce9"}}',
    "autre_id": '{"jsonrpc":"2.0","id":999,"result":{}}',
    "liste": "[1, 2]",
    "deux": '{"jsonrpc":"2.0","id":%d,"result":{},"error":{"code":1,"message":""}}',
    "nan": '{"jsonrpc":"2.0","id":%d,"result":{"n":NaN}}',
    "profonde": '{"jsonrpc":"2.0","id":%d,"result":' + "[" * 200_000,
    "inconnue": '{"jsonrpc":"2.0","id":%d,"error":{"code":-32601,"message":"?"}}',
    "erreur": '{"jsonrpc":"2.0","id":%d,"error":{"code":-32603,"message":"aïe"}}',
}


def die() -> None:
    complain("erreur fatale : pile épuisée\n")
    os._exit(3)


def complain(texte: str) -> None:
    sys.stderr.write(texte)
    sys.stderr.flush()


def hang() -> None:
    complain("j'attends\n")
    time.sleep(600)


def close_output() -> None:
    os.close(1)
    time.sleep(600)


def flood(morceau: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            brut(morceau)


def cut_line() -> None:
    brut(b'{"jsonrpc":"2.0"')
    os._exit(0)


GESTES: dict[str, Callable[[], None]] = {
    "meurt": die,
    "signal": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "muet": hang,
    "ferme": close_output,
    "inonde": lambda: flood(b'{"jsonrpc":"2.0","id":0,"result":{}}\n' * 100),
    "geante": lambda: flood(b"x" * 1_000_000),
    "coupee": cut_line,
    "desordre": lambda: brut(b'{"jsonrpc":"2.0","id":1,"result":{}}\n'),
    "erreurs_sans_fin": lambda: complain("x" * 4_000_000 + "fin de la trace\n"),
}


def misbehave(faute: str, requete: bytes, lps: Lps) -> bytes:
    """The answer of a faulty adapter, when it still gives one."""
    if faute in GESTES:
        GESTES[faute]()
    if faute in REPONSES:
        texte = REPONSES[faute].replace("%d", str(json.loads(requete)["id"]))
        return texte.encode("utf-8") if faute != "utf8" else texte.encode("latin-1", "surrogateescape")
    return lps.handle(requete)


def serve_stdio(faute: str) -> None:
    lps = Lps(faute)
    for ligne in sys.stdin.buffer:
        if faute == "petit_fils" and b"bonjour" in ligne and os.fork() == 0:
            time.sleep(600)
        declencheur = b'"bonjour"' if faute == "meurt_tot" else b'"facture.elaborer"'
        touche = declencheur in ligne
        reponse = misbehave("meurt" if faute == "meurt_tot" else faute, ligne, lps) if touche else lps.handle(ligne)
        brut(reponse + b"\n")
        if b'"au_revoir"' in ligne and faute != "reste":
            return
    if faute == "reste":
        time.sleep(600)


def serve_http(faute: str) -> None:
    lps = Lps(faute)

    class Poste(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requete = self.rfile.read(int(self.headers["Content-Length"]))
            touche = b"facture.elaborer" in requete
            reponse = lps.handle(requete)
            if touche and faute == "http500":
                self.send_error(500)
                return
            if touche and faute == "goutte":
                self.send_response(200)
                self.send_header("Content-Length", str(len(reponse)))
                self.end_headers()
                for octet in reponse:
                    self.wfile.write(bytes([octet]))
                    time.sleep(0.2)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(reponse)))
            self.end_headers()
            self.wfile.write(reponse)
            if touche and faute == "http_ferme":
                os._exit(0)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- name of the base class
            return

    serveur = HTTPServer(("127.0.0.1", 0), Poste)
    brut(f"{serveur.server_port}\n".encode())
    serveur.serve_forever()


if __name__ == "__main__":
    if "--mutants" in sys.argv:
        brut(json.dumps(MUTANTS).encode())
    elif "--http" in sys.argv:
        serve_http(sys.argv[1])
    else:
        serve_stdio(sys.argv[1] if len(sys.argv) > 1 else "")
