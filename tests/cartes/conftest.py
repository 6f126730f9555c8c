"""Cards and keys shared by the tests of this folder."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.cards.cps3 import build_cps
from simulator.cards.modele import ImageCps, ImageVitale, load_cps, load_vitale
from simulator.cards.os7816 import CarteOs
from simulator.cards.vitale import build_vitale

POPULATION = Path(__file__).parents[2] / "scenarios" / "population" / "cartes"


def certify(sujet: str, cle: RSAPrivateKey, emetteur: str, cle_emetteur: RSAPrivateKey) -> bytes:
    """A DER certificate, for tests of cards only."""
    debut = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, sujet)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, emetteur)]))
        .public_key(cle.public_key())
        .serial_number(1000 + len(sujet))
        .not_valid_before(debut)
        .not_valid_after(debut + datetime.timedelta(days=3650))
        .sign(cle_emetteur, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


class Materiel:
    """Keys, certificates and cards of a test session."""

    def __init__(self) -> None:
        noms = ("autorite", "signature", "authentification", "vitale")
        self.cles = {nom: rsa.generate_private_key(65537, 2048) for nom in noms}
        self.certificats = {
            nom: certify(f"TEST {nom}", cle, "TEST autorite", self.cles["autorite"])
            for nom, cle in self.cles.items()
        }

    def vitale_image(self, nom: str = "durand-paul") -> ImageVitale:
        return load_vitale(POPULATION / "vitale" / f"{nom}.yaml")

    def cps_image(self, nom: str = "dr-martin") -> ImageCps:
        return load_cps(POPULATION / "cps" / f"{nom}.yaml")

    def vitale(self, nom: str = "durand-paul") -> CarteOs:
        return build_vitale(
            self.vitale_image(nom),
            cle_signature=self.cles["vitale"],
            certificat=self.certificats["vitale"],
            autorites_ps=[self.cles["autorite"].public_key()],
        )

    def cps(self, nom: str = "dr-martin") -> CarteOs:
        return build_cps(
            self.cps_image(nom),
            cle_signature=self.cles["signature"],
            cle_authentification=self.cles["authentification"],
            certificat_signature=self.certificats["signature"],
            certificat_authentification=self.certificats["authentification"],
        )


@pytest.fixture(scope="session")
def materiel() -> Materiel:
    return Materiel()
