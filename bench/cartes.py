"""Speed of the simulated cards: APDU per second in the process and through pcscd, as JSON.

    python bench/cartes.py [--duree 1.0]

Figures depend on the machine; the ratio between both transports is what to compare.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.cards.cps3 import build_cps
from simulator.cards.lecture import prove_with_cps, read_vitale, sign_with_vitale
from simulator.cards.modele import load_cps, load_vitale
from simulator.cards.vitale import build_vitale
from simulator.readers.base import Connection
from simulator.readers.ouverture import Lecteurs, Transport, diagnostic, ouvrir_lecteurs

CARTES = Path(__file__).parents[1] / "scenarios" / "population" / "cartes"
PREPARER = ("00A4040C0BD250000002564954414C45", "00A4020C02D102")
LIRE = bytes.fromhex("00B0000010")  # 16 bytes


def measure_commands(connexion: Connection, duree: float) -> dict[str, float]:
    """READ BINARY again and again for ``duree`` seconds."""
    for commande in PREPARER:
        connexion.transmit(bytes.fromhex(commande))
    temps: list[float] = []
    fin = time.perf_counter() + duree
    while (debut := time.perf_counter()) < fin:
        connexion.transmit(LIRE)
        temps.append(time.perf_counter() - debut)
    quantiles = statistics.quantiles(temps, n=100)
    return {
        "apdu_par_seconde": round(len(temps) / sum(temps)),
        "mediane_us": round(quantiles[49] * 1e6, 1),
        "p99_us": round(quantiles[98] * 1e6, 1),
    }


def measure(transport: Transport, duree: float) -> dict[str, object]:
    """Every figure of one transport."""
    cle = rsa.generate_private_key(65537, 2048)
    with ouvrir_lecteurs(transport) as lecteurs:
        debut = time.perf_counter()
        insert_cards(lecteurs, cle)
        insertion = (time.perf_counter() - debut) / 2
        with lecteurs.ps.connect() as cps, lecteurs.vitale.connect() as vitale:
            debut = time.perf_counter()
            read_vitale(vitale)
            lecture = time.perf_counter() - debut
            debut = time.perf_counter()
            sign_with_vitale(vitale, bytes(32))
            signature = time.perf_counter() - debut
            prove_with_cps(cps, "1234")
            commandes = measure_commands(vitale, duree)
    return {
        **commandes,
        "lecture_vitale_ms": round(lecture * 1e3, 2),
        "signature_vitale_ms": round(signature * 1e3, 2),
        "insertion_ms": round(insertion * 1e3, 2),
    }


def insert_cards(lecteurs: Lecteurs, cle: rsa.RSAPrivateKey) -> None:
    lecteurs.ps.insert(build_cps(load_cps(CARTES / "cps" / "dr-martin.yaml"), cle_authentification=cle))
    lecteurs.vitale.insert(build_vitale(load_vitale(CARTES / "vitale" / "famille-petit.yaml"), cle_signature=cle))


def main() -> None:
    analyse = argparse.ArgumentParser(description=__doc__)
    analyse.add_argument("--duree", type=float, default=1.0, help="secondes par mesure")
    duree = analyse.parse_args().duree
    resultat: dict[str, object] = {"inproc": measure("inproc", duree)}
    manques = diagnostic()
    if manques:
        resultat["pcsc"] = {"absent": manques}
    else:
        par_pcsc = measure("pcsc", duree)
        resultat["pcsc"] = par_pcsc
        rapide, lent = resultat["inproc"], par_pcsc
        assert isinstance(rapide, dict)
        resultat["rapport"] = round(float(rapide["apdu_par_seconde"]) / float(str(lent["apdu_par_seconde"])), 1)
    print(json.dumps(resultat, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
