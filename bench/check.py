"""Peak memory and time of ``preagrement check`` on a large file of invoices. Prints one JSON object.

    python bench/check.py [number of invoices, default 10000]

The file is written as it is generated, in lots of 999 invoices, each invoice with segments of the size of real
signatures and encrypted data. The child process measures its own peak (``bench/memoire.py`` says why); aim: below
200 MiB, whatever the number of invoices. ``crete_une_facture_mio`` is the same for a file of one invoice: the rest is
what the file costs. The exit code is 1 when the aim is missed or the file isn't accepted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from bench.memoire import MIO
from norms.b2 import CodecB2
from norms.b2.securite import DONNEES_CHIFFREES, ENVELOPPE_CMS, RSA_SHA256, masquer, segmenter
from norms.codec.champ import Valeur
from norms.paquet import NormPack

PAR_LOT = 999
JOUR = date(2026, 3, 2)
PS, NIR, CLE_NIR = "991111113", "1550475999012", "38"
OBJECTIF_MIO = 200
DELAI_S = 600
MEMOIRE = Path(__file__).with_name("memoire.py")
SIGNATURE = bytes(range(256))
CHIFFRE = bytes(range(256)) * 2 + bytes(68)


def invoice(codec: CodecB2, pack: NormPack, numero: int) -> list[bytes]:
    """A consultation at 25,00 €, 17,50 € for the AMO: 20 records, segments included."""
    commun: dict[str, Valeur] = {
        "numero_ps": PS,
        "nir": NIR,
        "cle_nir": CLE_NIR,
        "numero_facture": numero,
    }
    records = [
        codec.creer(
            "2",
            {
                **commun,
                "date_facturation": JOUR,
                "regime": "01",
                "caisse": "349",
                "centre": "9881",
                "nature_assurance": "10",
                "naissance": "550412",
                "rang_naissance": "1",
                "destinataire_reglement": "00",
            },
        ),
        codec.creer("2S", {**commun, "parcours_soins": "T"}),
        codec.creer(
            "4",
            {
                **commun,
                "sequence": "01",
                "numero_executant": PS,
                "date_acte": JOUR,
                "code_acte": "G",
                "quantite": 1,
                "coefficient": "1.00",
                "prix_unitaire": 2500,
                "base": 2500,
                "taux": 70,
                "montant_amo": 1750,
                "honoraires": 2500,
            },
        ),
        codec.creer(
            "5",
            {
                **commun,
                "nombre_type_4": 1,
                "total_facture": 2500,
                "total_amo": 1750,
                "part_assure": 750,
            },
        ),
    ]
    masques, _ = masquer(pack, records)
    reference = f"{numero:09d}"
    return [
        *(e.brut for e in masques),
        *segmenter(codec, DONNEES_CHIFFREES, PS, reference, ENVELOPPE_CMS, CHIFFRE),
        *segmenter(codec, "V", PS, reference, RSA_SHA256, SIGNATURE),
        *segmenter(codec, "P", PS, reference, RSA_SHA256, SIGNATURE),
    ]


def records(codec: CodecB2, pack: NormPack, nombre: int) -> Iterator[bytes]:
    """The records of a whole file, one after the other."""
    extremites: dict[str, Valeur] = {
        "type_emetteur": "TP",
        "numero_emetteur": PS.zfill(14),
        "type_destinataire": "CT",
        "numero_destinataire": "01349349".zfill(14),
        "application": "TR",
        "identifiant_fichier": "000001",
    }
    yield codec.encoder("000", {**extremites, "date_creation": JOUR})
    total, lots = 2, 0
    for debut in range(0, nombre, PAR_LOT):
        numeros = range(debut + 1, min(debut + PAR_LOT, nombre) + 1)
        lots += 1
        reference, n = f"{lots:03d}", len(numeros)
        entete: dict[str, Valeur] = {"numero_ps": PS, "numero_lot": reference}
        yield codec.encoder(
            "1",
            {
                **entete,
                "organisme_destinataire": "349",
                "date_lot": JOUR,
                "top_certification": "S",
                "version": "140800",
            },
        )
        total += 2
        for numero in numeros:
            facture = invoice(codec, pack, numero)
            total += len(facture)
            yield from facture
        yield codec.encoder(
            "6",
            {
                **entete,
                "nombre_factures": n,
                "nombre_lignes": n,
                "nombre_type_2": n,
                "nombre_type_5": n,
                "total_facture": 2500 * n,
                "total_amo": 1750 * n,
                "agrement_progiciel": "AGR1",
            },
        )
        signature = segmenter(codec, "L", PS, reference, RSA_SHA256, SIGNATURE)
        total += len(signature)
        yield from signature
    yield codec.encoder("999", {**extremites, "nombre_enregistrements": total, "nombre_lots": lots})


def write_file(chemin: Path, nombre: int) -> int:
    """Writes the file; gives its size in bytes."""
    pack = NormPack.par_defaut()
    codec = CodecB2(pack)
    with chemin.open("wb") as flux:
        for brut in records(codec, pack, nombre):
            flux.write(brut)
    return chemin.stat().st_size


def measure(dossier: Path, nombre: int) -> dict[str, Any]:
    """Checks a file of so many invoices in a fresh process; gives peak, time and verdict."""
    chemin, crete = dossier / f"factures-{nombre}.b2", dossier / "crete.txt"
    taille = write_file(chemin, nombre)
    commande = [sys.executable, "-P", str(MEMOIRE), str(crete), "check", str(chemin)]
    debut = time.monotonic()
    fait = subprocess.run(
        [*commande, "--date", JOUR.isoformat(), "--json"],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=DELAI_S,
    )
    duree = time.monotonic() - debut
    rapport = json.loads(fait.stdout) if fait.stdout.startswith("{") else {}
    fichiers = rapport.get("fichiers", [])
    return {
        "factures": nombre,
        "octets": taille,
        "crete_mio": round(int(crete.read_text(encoding="ascii")) / MIO, 1),
        "duree_s": round(duree, 2),
        "factures_par_s": round(nombre / duree),
        "code_sortie": fait.returncode,
        "verdict": fichiers[0]["verdict"] if fichiers else fait.stderr[-500:],
        "constats": fichiers[0]["comptes"] if fichiers else {},
    }


def main() -> int:
    nombre = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as dossier:
        une = measure(Path(dossier), 1)
        resultat = measure(Path(dossier), nombre)
    resultat |= {"crete_une_facture_mio": une["crete_mio"], "objectif_mio": OBJECTIF_MIO}
    print(json.dumps(resultat, ensure_ascii=False))
    return 0 if resultat["code_sortie"] == 0 and resultat["crete_mio"] < OBJECTIF_MIO else 1


if __name__ == "__main__":
    sys.exit(main())
