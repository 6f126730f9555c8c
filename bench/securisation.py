"""Invoices secured per second by the simulated services, against the bare cryptographic operations that they need.

Run from the root: ``python -m bench.securisation [--factures N]``; writes one JSON object. ``rapport`` is measured
over bare, both in the same run and process: 1.0 would mean that cards, formatting, checks and logs cost nothing; the
aim is 0.5 at least. The bare operations of one invoice in SESAM-Vitale mode are two RSA-2048 signatures on SHA-256 and
one CMS envelope, written here with the libraries alone (``cryptography`` encrypts, ``asn1crypto`` builds), so that the
base doesn't move with our code. Two more ratios are stricter: ``rapport_enveloppe_maison`` takes our own envelope
(norms.cms, the same bytes for the same randomness), ``rapport_enveloppe_native`` that of ``cryptography``, in Rust,
which draws its own randomness.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder

from norms.cms import build_enveloped
from norms.contrat.ports import AleaReproductible
from tests.ssv.outils import Poste, bon, groupes_facture

TOURS = 300
CLAIR = b'{"champs":[[2,"4","coefficient","000100"]],"version":1}'
Action = Callable[[], object]
Evenement = tuple[str, Mapping[str, Any]]


def library_envelope(donnees: bytes, certificat: x509.Certificate) -> bytes:
    """An EnvelopedData for one recipient, as asn1crypto's and cryptography's documentation have it written."""
    cle, iv = os.urandom(32), os.urandom(16)
    remplissage, chiffreur = PKCS7(128).padder(), Cipher(AES256(cle), modes.CBC(iv)).encryptor()
    clair = remplissage.update(donnees) + remplissage.finalize()
    publique = certificat.public_key()
    assert isinstance(publique, RSAPublicKey)
    vue = asn1_x509.Certificate.load(certificat.public_bytes(Encoding.DER))
    destinataire = asn1_cms.KeyTransRecipientInfo(
        {
            "version": "v0",
            "rid": asn1_cms.RecipientIdentifier(
                "issuer_and_serial_number", {"issuer": vue.issuer, "serial_number": vue.serial_number}
            ),
            "key_encryption_algorithm": {"algorithm": "rsaes_pkcs1v15"},
            "encrypted_key": publique.encrypt(cle, padding.PKCS1v15()),
        }
    )
    corps = asn1_cms.EnvelopedData(
        {
            "version": "v0",
            "recipient_infos": [asn1_cms.RecipientInfo("ktri", destinataire)],
            "encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {"algorithm": "aes256_cbc", "parameters": iv},
                "encrypted_content": chiffreur.update(clair) + chiffreur.finalize(),
            },
        }
    )
    return bytes(asn1_cms.ContentInfo({"content_type": "enveloped_data", "content": corps}).dump())


def rates(actions: dict[str, Action], n: int, tours: int, journal: list[Evenement]) -> dict[str, float]:
    """Actions per second of processor time: taken in turn so that all meet the same machine, best turn of each."""
    meilleurs = dict.fromkeys(actions, float("inf"))
    for _ in range(tours):
        for nom, action in actions.items():
            debut = time.process_time()
            for _ in range(n):
                action()
                journal.clear()
            meilleurs[nom] = min(meilleurs[nom], time.process_time() - debut)
    return {nom: n / duree for nom, duree in meilleurs.items()}


def measure(n: int, tours: int = TOURS) -> dict[str, object]:
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
        library_envelope(CLAIR, certificat)
        vitale.sign(message, padding.PKCS1v15(), SHA256())
        cps.sign(message, padding.PKCS1v15(), SHA256())

    def ours() -> None:
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

    facture = bon(poste.formater(groupes=groupes)).facture
    chiffree = bon(poste.chiffrer(facture)).facture
    signee = bon(poste.signer_vitale(chiffree)).facture
    debits = rates(
        {
            "operations_nues": bare,
            "operations_nues_enveloppe_maison": ours,
            "operations_nues_enveloppe_native": native,
            "factures_securisees": secured,
            "formater_facture": lambda: poste.formater(groupes=groupes),
            "chiffrer_facture": lambda: poste.chiffrer(facture),
            "signer_facture_vitale": lambda: poste.signer_vitale(chiffree),
            "signer_facture_ps": lambda: poste.signer_ps(signee, None),
            "enveloppe": lambda: build_enveloped(CLAIR, [certificat], alea),
            "signature": lambda: cps.sign(message, padding.PKCS1v15(), SHA256()),
        },
        n,
        tours,
        poste.evenements,
    )
    obtenu = debits["factures_securisees"]
    return {
        "mesure": "securisation",
        "par_s": {nom: round(valeur, 1) for nom, valeur in debits.items()},
        "rapport": round(obtenu / debits["operations_nues"], 3),
        "rapport_enveloppe_maison": round(obtenu / debits["operations_nues_enveloppe_maison"], 3),
        "rapport_enveloppe_native": round(obtenu / debits["operations_nues_enveloppe_native"], 3),
        "objectif": 0.5,
    }


def main() -> None:
    """Prints the figures as JSON."""
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("--factures", type=int, default=1, help="factures par tour")
    analyseur.add_argument("--tours", type=int, default=TOURS, help="tours ; le meilleur de chaque action est gardé")
    choix = analyseur.parse_args()
    print(json.dumps(measure(choix.factures, choix.tours), indent=2))


if __name__ == "__main__":
    main()
