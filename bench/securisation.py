"""Invoices secured per second by the simulated services, against the bare cryptographic operations that they need.

Run from the root: ``python -m bench.securisation [--factures N]``; writes one JSON object. ``rapport`` is measured
over bare, both in the same run and process: 1.0 would mean that cards, formatting, checks and logs cost nothing; the
aim is 0.5 at least. The bare operations of one invoice in SESAM-Vitale mode: one CMS envelope (norms.cms), two RSA-2048
signatures on SHA-256. ``rapport_enveloppe_native`` takes the envelope of ``cryptography`` instead (not reproducible).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder

from norms.cms import build_enveloped
from norms.contrat.ports import AleaReproductible
from tests.ssv.outils import Poste, bon, groupes_facture

SERIES = 5
CLAIR = b'{"champs":[[2,"4","coefficient","000100"]],"version":1}'


def rate(action: Callable[[], object], n: int) -> float:
    """Best of a few series, in actions per second: the least disturbed by the rest of the machine."""
    debits = []
    for _ in range(SERIES):
        debut = time.perf_counter()
        for _ in range(n):
            action()
        debits.append(n / (time.perf_counter() - debut))
    return max(debits)


def measure(n: int) -> dict[str, object]:
    """All figures of one run."""
    poste = Poste().inserer().init()
    bon(poste.lire_ps())
    bon(poste.securiser())
    pki = poste.pki
    certificat = pki.certificat("chiffrement_donnees", "01349")
    vitale, cps = pki.identite_vitale("800000000000000101").cle, pki.identite_cps("00000101").cle_signature
    alea, message = AleaReproductible(1), b"x" * 1000
    groupes = groupes_facture()

    def bare() -> None:
        build_enveloped(CLAIR, [certificat], alea)
        vitale.sign(message, padding.PKCS1v15(), SHA256())
        cps.sign(message, padding.PKCS1v15(), SHA256())

    def native() -> None:
        fabrique = PKCS7EnvelopeBuilder().set_data(CLAIR).set_content_encryption_algorithm(AES256)
        fabrique.add_recipient(certificat).encrypt(Encoding.DER, [])
        vitale.sign(message, padding.PKCS1v15(), SHA256())
        cps.sign(message, padding.PKCS1v15(), SHA256())

    def secured() -> None:
        facture = bon(poste.formater(groupes=groupes)).facture
        facture = bon(poste.chiffrer(facture)).facture
        facture = bon(poste.signer_vitale(facture)).facture
        bon(poste.signer_ps(facture, None))
        poste.evenements.clear()

    facture = bon(poste.formater(groupes=groupes)).facture
    chiffree = bon(poste.chiffrer(facture)).facture
    signee = bon(poste.signer_vitale(chiffree)).facture
    etapes = {
        "formater_facture": rate(lambda: poste.formater(groupes=groupes), n),
        "chiffrer_facture": rate(lambda: poste.chiffrer(facture), n),
        "signer_facture_vitale": rate(lambda: poste.signer_vitale(chiffree), n),
        "signer_facture_ps": rate(lambda: poste.signer_ps(signee, None), n),
    }
    triplets = [(rate(bare, n), rate(native, n), rate(secured, n)) for _ in range(3)]
    return {
        "mesure": "securisation",
        "operations_nues_par_s": round(max(b for b, _, _ in triplets), 1),
        "enveloppes_par_s": round(rate(lambda: build_enveloped(CLAIR, [certificat], alea), n), 1),
        "signatures_par_s": round(rate(lambda: cps.sign(message, padding.PKCS1v15(), SHA256()), n), 1),
        "factures_securisees_par_s": round(max(s for _, _, s in triplets), 1),
        "etapes_par_s": {nom: round(valeur, 1) for nom, valeur in etapes.items()},
        "rapport": round(statistics.median(s / b for b, _, s in triplets), 3),
        "rapport_enveloppe_native": round(statistics.median(s / v for _, v, s in triplets), 3),
        "objectif": 0.5,
    }


def main() -> None:
    """Prints the figures as JSON."""
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("--factures", type=int, default=40, help="factures par série")
    print(json.dumps(measure(analyseur.parse_args().factures), indent=2))


if __name__ == "__main__":
    main()
