"""Endurance of the readers through a real pcscd: insertions and removals, then commands; what leaks, what hangs. JSON.

    python bench/endurance_cartes.py [--cycles 1000] [--apdus 20000]

A thousand cycles take about a quarter of an hour: PC/SC looks at its slots every 400 ms. Memory (kB, VmRSS) is counted
from the tenth cycle on, once buffers have their size. Exit code 1 when something has leaked or an answer was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from simulator.cards.carte import Card
from simulator.cards.cps3 import build_cps
from simulator.cards.modele import load_cps, load_vitale
from simulator.cards.vitale import build_vitale
from simulator.readers.ouverture import Lecteurs, ouvrir_lecteurs

CARTES = Path(__file__).parents[1] / "scenarios" / "population" / "cartes"
RODAGE = 10
RACINE = bytes.fromhex("00A4000C023F00")
#: Files read over and over: serial number of the CPS, version zone of the Vitale; one must never answer for the other.
PREALABLES = {"ps": ["00A4020C02D003"], "vitale": ["00A4040C0BD250000002564954414C45", "00A4020C02D100"]}
LECTURES = {"ps": bytes.fromhex("00B000000C"), "vitale": bytes.fromhex("00B0000008")}
MARGE_KO = 4096


def state(pid: int) -> dict[str, int]:
    """Descriptors, threads and resident memory of a process."""
    dossier = Path(f"/proc/{pid}")
    rss = next(x for x in (dossier / "status").read_text().splitlines() if x.startswith("VmRSS"))
    return {
        "descripteurs": len(list((dossier / "fd").iterdir())),
        "fils": len(list((dossier / "task").iterdir())),
        "memoire_ko": int(rss.split()[1]),
    }


def settled(pids: dict[str, int], avant: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The states once threads that have just ended are gone: two seconds at most."""
    limite = time.monotonic() + 2.0
    while True:
        apres = {nom: state(pid) for nom, pid in pids.items()}
        if time.monotonic() > limite or all(apres[nom]["fils"] <= avant[nom]["fils"] for nom in pids):
            return apres
        time.sleep(0.05)


def cycles(lecteurs: Lecteurs, card: Card, nombre: int, pids: dict[str, int]) -> dict[str, Any]:
    """Inserts, reads, removes; the state of each process after the first cycles and at the end."""
    avant: dict[str, dict[str, int]] = {}
    fautes = 0
    debut = time.perf_counter()
    for tour in range(nombre):
        lecteurs.vitale.insert(card)
        with lecteurs.vitale.connect() as connexion:
            fautes += connexion.transmit(RACINE) != b"\x90\x00"
        lecteurs.vitale.remove()
        if tour == min(RODAGE, nombre) - 1:
            avant = {nom: state(pid) for nom, pid in pids.items()}
    apres = settled(pids, avant)
    return {"cycles": nombre, "duree_s": round(time.perf_counter() - debut, 1), "fautes": fautes} | {
        nom: {"avant": avant[nom], "apres": apres[nom]} for nom in pids
    }


def hammer(lecteurs: Lecteurs, nom: str, nombre: int, resultat: dict[str, Any]) -> None:
    """Reads the same file again and again; counts the answers that differ from the first one."""
    with lecteurs[nom].connect() as connexion:
        for commande in PREALABLES[nom]:
            connexion.transmit(bytes.fromhex(commande))
        attendu = connexion.transmit(LECTURES[nom])
        debut = time.perf_counter()
        fautes = sum(connexion.transmit(LECTURES[nom]) != attendu for _ in range(nombre))
        duree = time.perf_counter() - debut
    resultat[nom] = {
        "apdus": nombre,
        "duree_s": round(duree, 1),
        "apdu_par_seconde": round(nombre / duree) if nombre else 0,
        "fautes": fautes,
        "etat_attendu": attendu[-2:].hex(),
    }


def leaks(mesure: dict[str, Any], noms: list[str]) -> list[str]:
    """What has grown."""
    trouvees = []
    for nom in noms:
        avant, apres = mesure[nom]["avant"], mesure[nom]["apres"]
        trouvees += [f"{nom} : {cle}" for cle in ("descripteurs", "fils") if apres[cle] > avant[cle]]
        if apres["memoire_ko"] - avant["memoire_ko"] > MARGE_KO:
            trouvees.append(f"{nom} : mémoire")
    return trouvees


def main() -> int:
    analyse = argparse.ArgumentParser(description=__doc__)
    analyse.add_argument("--cycles", type=int, default=1000)
    analyse.add_argument("--apdus", type=int, default=20_000, help="par lecteur, les deux lecteurs à la fois")
    choix = analyse.parse_args()
    with ouvrir_lecteurs("pcsc") as lecteurs:
        assert lecteurs.pcscd is not None
        assert lecteurs.pcscd.pid is not None
        pids = {"pcscd": lecteurs.pcscd.pid, "banc": os.getpid()}
        vitale = build_vitale(load_vitale(CARTES / "vitale" / "durand-paul.yaml"))
        mouvements = cycles(lecteurs, vitale, choix.cycles, pids) if choix.cycles else {}
        lecteurs.ps.insert(build_cps(load_cps(CARTES / "cps" / "dr-martin.yaml")))
        lecteurs.vitale.insert(vitale)
        avant = {nom: state(pid) for nom, pid in pids.items()}
        echanges: dict[str, Any] = {}
        fils = [threading.Thread(target=hammer, args=(lecteurs, n, choix.apdus, echanges)) for n in ("ps", "vitale")]
        for fil in fils:
            fil.start()
        for fil in fils:
            fil.join()
        echanges |= {nom: {"avant": avant[nom], "apres": e} for nom, e in settled(pids, avant).items()}
    fuites = [*(leaks(mouvements, list(pids)) if mouvements else []), *leaks(echanges, list(pids))]
    fautes = mouvements.get("fautes", 0) + echanges["ps"]["fautes"] + echanges["vitale"]["fautes"]
    rapport = {"mouvements": mouvements, "echanges": echanges, "fuites": fuites}
    print(json.dumps(rapport, ensure_ascii=False, indent=2))
    return 1 if fuites or fautes else 0


if __name__ == "__main__":
    sys.exit(main())
