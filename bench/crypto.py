"""Rates of the cryptography an invoice, a lot and a mail need, one core; prints JSON.

python bench/crypto.py [seconds per measure, default 1]
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import datetime

import cryptography
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from norms.cms import build_enveloped, compress, decompress, open_enveloped, sign, verify
from norms.contrat.ports import PARIS, AleaReproductible
from simulator.pki import Profil, TestPki, verify_chain

DATE = datetime(2022, 11, 21, 9, 0, tzinfo=PARIS)
SENSIBLE = b"G    20221121070000002500000001750" * 8  # what an invoice encrypts: a few hundred bytes
RECORDS = b"".join(b"%-128d" % n for n in range(390))  # a lot file: 390 records of 128 characters


def rate(operation: Callable[[], object], seconds: float) -> float:
    """Operations per second: doubles the batch until it lasts long enough."""
    operation()
    lot = 1
    while True:
        debut = time.perf_counter()
        for _ in range(lot):
            operation()
        duree = time.perf_counter() - debut
        if duree >= seconds:
            return round(lot / duree, 1)
        lot *= 2


def measures(seconds: float) -> dict[str, float]:
    pki, alea = TestPki(DATE), AleaReproductible(1, "bench")
    vitale, cps = pki.identite_vitale("800000000000000101"), pki.identite_cps("00000101")
    role, nom = "chiffrement_piece_jointe", "01349"
    cle, certificat = pki.cle(role, nom), pki.certificat(role, nom)
    donnees = pki.certificat("chiffrement_donnees", nom)
    v15, sha = padding.PKCS1v15(), SHA256()
    signature = cps.cle_signature.sign(RECORDS, v15, sha)
    publique = cps.cert_signature.public_key()
    assert isinstance(publique, RSAPublicKey)
    enveloppe = build_enveloped(RECORDS, [certificat], alea)
    signe = sign(RECORDS, cps.cert_signature, cps.cle_signature, instant=DATE)
    compresse = compress(RECORDS)
    autorites, crls = pki.autorites(), pki.crls()
    profil = Profil.par_defaut()

    def facture() -> None:
        build_enveloped(SENSIBLE, [donnees], alea)
        vitale.cle.sign(SENSIBLE, v15, sha)
        cps.cle_signature.sign(SENSIBLE, v15, sha)

    def pki_froide() -> None:
        nouvelle = TestPki(DATE, profil)
        nouvelle.identite_cps("00000101")
        nouvelle.identite_vitale("800000000000000101")
        nouvelle.publications()
        for niveau in nouvelle.niveaux:
            x509.load_der_x509_crl(nouvelle.crl(niveau))

    operations: dict[str, Callable[[], object]] = {
        "facture_1_enveloppe_2_signatures": facture,
        "rsa_signature": lambda: cps.cle_signature.sign(SENSIBLE, v15, sha),
        "rsa_verification": lambda: publique.verify(signature, RECORDS, v15, sha),
        "cms_enveloppe_272_octets": lambda: build_enveloped(SENSIBLE, [donnees], alea),
        "cms_enveloppe_50_ko": lambda: build_enveloped(RECORDS, [certificat], alea),
        "cms_ouverture_50_ko": lambda: open_enveloped(enveloppe, cle, certificat, max_octets=10**6),
        "cms_signature_50_ko": lambda: sign(RECORDS, cps.cert_signature, cps.cle_signature, instant=DATE),
        "cms_verification_50_ko": lambda: verify(signe),
        "cms_compression_50_ko": lambda: compress(RECORDS),
        "cms_decompression_50_ko": lambda: decompress(compresse),
        "chemin_et_crl": lambda: verify_chain(certificat, pki.root, autorites, crls, DATE),
        "pki_a_froid": pki_froide,
    }
    return {nom_mesure: rate(operation, seconds) for nom_mesure, operation in operations.items()}


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    resultat = {
        "banc": "crypto",
        "unite": "operations/s",
        "python": platform.python_version(),
        "cryptography": cryptography.__version__,
        "coeurs": os.cpu_count(),
        "secondes_par_mesure": seconds,
        "mesures": measures(seconds),
    }
    print(json.dumps(resultat, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
