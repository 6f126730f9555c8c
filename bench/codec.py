"""Throughput of the B2 codec against a bare slicing loop on the same records. Prints one JSON object.

    python bench/codec.py [number of records, default 100000]

``ratio_decodage``: validated records with positions, values left lazy; ``ratio_valeurs``: all values converted too.
Each figure is the best of five passes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date

from norms.b2 import CodecB2
from norms.codec.champ import Valeur
from norms.paquet import NormPack

PASSES = 5


def build_records(codec: CodecB2, nombre: int) -> bytes:
    """``nombre`` records in invoices of five (2, 2S, 4, 4S, 5), each invoice with its own number, date and amounts."""
    sortie: list[bytes] = []
    for n in range((nombre + 4) // 5):
        commun: dict[str, Valeur] = {
            "numero_ps": "991129768",
            "nir": "1421962965167",
            "cle_nir": "94",
            "numero_facture": n % 999_999_999,
        }
        jour = date(2026, 1 + n % 12, 1 + n % 28)
        prix = 2300 + n % 700
        ligne: dict[str, Valeur] = {
            "date_acte": jour,
            "code_acte": "G",
            "quantite": 1,
            "coefficient": "1.00",
            "honoraires": prix,
        }
        montants: dict[str, Valeur] = {"base": prix, "taux": 70, "montant_amo": prix * 7 // 10, "prix_unitaire": prix}
        sortie += [
            codec.encoder("2", {**commun, "date_facturation": jour, "regime": "01", "caisse": "349"}),
            codec.encoder("2S", {**commun, "parcours_soins": "T"}),
            codec.encoder("4", {**commun, **ligne, **montants}),
            codec.encoder("4S", commun),
            codec.encoder("5", {**commun, "nombre_type_4": 1, "total_facture": prix}),
        ]
    return b"".join(sortie[:nombre])


def best(fonctions: tuple[Callable[[], int], ...]) -> list[float]:
    """Shortest time of each function, in seconds of CPU; passes are interleaved so that noise strikes all alike."""
    durees: list[list[float]] = [[] for _ in fonctions]
    for _ in range(PASSES):
        for i, fonction in enumerate(fonctions):
            debut = time.process_time()
            fonction()
            durees[i].append(time.process_time() - debut)
    return [min(d) for d in durees]


def main() -> None:
    nombre = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    codec = CodecB2(NormPack.par_defaut())
    donnees = build_records(codec, nombre)
    tranches = {d.type: [slice(c.debut - 1, c.fin) for c in d.champs if c.expose] for d in codec.dispositions.values()}
    par_debut = {
        (t[0:1].encode(), (t[1:] or " ").encode()): s for t, s in tranches.items() if t in {"2", "2S", "4", "4S"}
    }
    cinq = tranches["5"]

    def slicing() -> int:
        n = 0
        for i in range(0, len(donnees), 128):
            brut = donnees[i : i + 128]
            n += len([brut[t] for t in par_debut.get((brut[0:1], brut[35:36]), cinq)])
        return n

    def decoding() -> int:
        return sum(1 for _ in codec.iterer(donnees))

    def values() -> int:
        return sum(len(e.valeurs) for e in codec.iterer(donnees))

    nu, lazy, complet = best((slicing, decoding, values))
    resultat = {
        "enregistrements": nombre,
        "decoupe_nue_par_s": round(nombre / nu),
        "decodage_par_s": round(nombre / lazy),
        "valeurs_par_s": round(nombre / complet),
        "ratio_decodage": round(nu / lazy, 3),
        "ratio_valeurs": round(nu / complet, 3),
    }
    print(json.dumps(resultat))


if __name__ == "__main__":
    main()
