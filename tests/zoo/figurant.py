"""A walk-on: says « ok » to everything and does nothing, until its vice shows. ``python figurant.py VICE``.

Standard library only. The vice shows at the third request after the start of the workstation: in the middle of any
scenario. Those that break the conversation need no more than this.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OPERATIONS = [
    "poste.demarrer",
    "poste.horloge",
    "ps.lire",
    "beneficiaire.lire",
    "facture.elaborer",
    "lot.constituer",
    "lot.lister",
    "fichier.constituer",
    "transmission.envoyer",
    "retours.relever",
    "reclamation.lister",
    "reclamation.creer",
    "reclamation.transmettre",
    "au_revoir",
]
PROFIL = {"capacites": ["gestion_separee", "reclamation"]}
QUAND = 3
MIO = 1024 * 1024
LONGTEMPS = 600.0
RETARD = 5.0
#: The glutton stops by itself there, should nobody stop it.
SATIETE = 512 * MIO


def write(octets: bytes) -> None:
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()


def answer(identifiant: int, **contenu: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": identifiant, **contenu}).encode() + b"\n"


def ok(identifiant: int) -> bytes:
    return answer(identifiant, result={"issue": "ok"})


# --- vices ------------------------------------------------------------------------------------------------
def die(_identifiant: int) -> None:
    sys.stderr.write("erreur fatale au milieu du travail\n")
    sys.stderr.flush()
    os._exit(3)


def hang(_identifiant: int) -> None:
    if depart := os.environ.get("ZOO_DEPART"):
        Path(depart, str(os.getpid())).touch()  # tells a test that the wait has begun
    time.sleep(LONGTEMPS)


def dawdle(identifiant: int) -> None:
    time.sleep(RETARD)
    write(ok(identifiant))


def flood(identifiant: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            write(ok(identifiant) * 100)


def babble(_identifiant: int) -> None:
    write(b"Erreur 0x80004005 dans MODULE.DLL\n")


def answer_another(identifiant: int) -> None:
    write(ok(identifiant + 100))


def boast(identifiant: int) -> None:
    write(answer(identifiant, error={"code": -32601, "message": "pas encore fait"}))


def go_deaf(identifiant: int) -> None:
    os.close(0)
    write(ok(identifiant))
    time.sleep(LONGTEMPS)


def gorge(_identifiant: int) -> None:
    blocs: list[bytearray] = []
    while len(blocs) * 16 * MIO < SATIETE:
        blocs.append(bytearray(os.urandom(1) * (16 * MIO)))
    time.sleep(LONGTEMPS)


VICES: dict[str, Callable[[int], None]] = {
    "meurt-en-route": die,
    "muet": hang,
    "tardif": dawdle,
    "inonde": flood,
    "charabia": babble,
    "autre-demande": answer_another,
    "vantard": boast,
    "sourd": go_deaf,
    "gourmand": gorge,
}


def main(vice: str) -> None:
    if vice == "meurt-au-demarrage":
        sys.stderr.write("bibliothèque introuvable\n")
        sys.exit(4)
    quand = {"vantard": 1, "sourd": 2}.get(vice, QUAND)
    compte: int | None = None
    while ligne := sys.stdin.buffer.readline():
        demande = json.loads(ligne)
        identifiant, methode = demande["id"], demande["method"]
        if methode == "bonjour":
            qui = {"produit": "Figurant", "version": "1", "profil": PROFIL}
            write(answer(identifiant, result={"protocole": "1.0", "operations": OPERATIONS, **qui}))
            continue
        if methode == "poste.demarrer":
            compte = 0
        elif compte is not None:
            compte += 1
        if compte == quand:
            VICES[vice](identifiant)
            continue
        write(ok(identifiant))
        if methode == "au_revoir":
            return


if __name__ == "__main__":
    main(sys.argv[1])
