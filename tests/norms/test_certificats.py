"""Certificates as an LPS sees them: reading, dates, revocation, choice."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from norms.certificats import (
    ErreurCertificat,
    choisir,
    crl_perimee,
    est_perime,
    est_revoque,
    issued_by,
    pas_encore_valide,
    periode,
    plus_recent,
    read_certificate,
    read_certificates,
    read_crl,
)
from tests.pki.outils import DATE, Openssl, shared_pki

ROLE = "chiffrement_piece_jointe"
SECONDE = timedelta(seconds=1)


@pytest.fixture
def openssl(tmp_path: Path) -> Openssl:
    return Openssl(tmp_path)


def test_reads_der_pem_and_bundles() -> None:
    pki = shared_pki()
    un, deux = pki.certificat(ROLE, "01349"), pki.root
    pem = b"commentaire\r\n" + un.public_bytes(Encoding.PEM).replace(b"\n", b"\r\n") + deux.public_bytes(Encoding.PEM)
    assert read_certificates(pem) == (un, deux)
    assert read_certificate(un.public_bytes(Encoding.DER)) == un
    with pytest.raises(ErreurCertificat, match="2 certificats ; un seul"):
        read_certificate(pem)


def test_reads_what_openssl_converts(openssl: Openssl) -> None:
    certificat = shared_pki().certificat(ROLE, "01349")
    texte = openssl.run("x509", "-in", openssl.file(certificat), "-text")
    assert read_certificate(texte) == certificat
    liste = openssl.run("crl", "-inform", "DER", "-in", openssl.file(shared_pki().crl("donnees")), "-text")
    assert read_crl(liste).public_bytes(Encoding.DER) == shared_pki().crl("donnees")


@pytest.mark.parametrize("octets", [b"", b"bonjour", b"\x30\x03\x02\x01\x00", b"\x30" * 5_000_000])
def test_refuses_the_rest(octets: bytes) -> None:
    with pytest.raises(ErreurCertificat):
        read_certificate(octets)
    with pytest.raises(ErreurCertificat):
        read_crl(octets)


def test_a_list_is_not_a_certificate() -> None:
    with pytest.raises(ErreurCertificat):
        read_certificate(shared_pki().crl("donnees"))
    with pytest.raises(ErreurCertificat):
        read_crl(shared_pki().root.public_bytes(Encoding.PEM))


def test_dates_agree_with_openssl_to_the_second(openssl: Openssl) -> None:
    certificat = shared_pki().certificat(ROLE, "01349")
    texte = openssl.run("x509", "-in", openssl.file(certificat), "-noout", "-dates", "-dateopt", "iso_8601").decode()
    lues = [datetime.strptime(d, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC) for d in re.findall(r"=(.*)", texte)]
    debut, fin = periode(certificat)
    assert [debut, fin] == lues
    assert not est_perime(certificat, fin)
    assert est_perime(certificat, fin + SECONDE)
    assert pas_encore_valide(certificat, debut - SECONDE)
    assert not pas_encore_valide(certificat, debut)


def test_revocation() -> None:
    pki = shared_pki()
    crl = read_crl(pki.crl("piece_jointe"))
    assert est_revoque(pki.certificat(ROLE, "01349", "revoque"), crl)
    assert not est_revoque(pki.certificat(ROLE, "01349"), crl)
    with pytest.raises(ErreurCertificat, match="dépend de"):
        est_revoque(pki.certificat("chiffrement_donnees", "01349", "revoque"), crl)


def test_a_stale_list_is_told() -> None:
    pki = shared_pki()
    assert not crl_perimee(read_crl(pki.crl("donnees")), DATE)
    assert crl_perimee(read_crl(pki.crl("donnees", "perimee")), DATE)


def test_issued_by_checks_name_and_signature() -> None:
    pki = shared_pki()
    assert issued_by(pki.certificat(ROLE, "01349"), pki.autorite("piece_jointe"))
    assert not issued_by(pki.certificat(ROLE, "01349"), pki.autorite("donnees"))
    assert issued_by(read_crl(pki.crl("donnees")), pki.autorite("donnees"))
    der = pki.certificat(ROLE, "01349").public_bytes(Encoding.DER)
    altere = read_certificate(der.replace(b"01349@349", b"01348@349"))
    assert altere.issuer == pki.autorite("piece_jointe").subject
    assert not issued_by(altere, pki.autorite("piece_jointe"))


def test_the_greatest_serial_among_the_valid_ones() -> None:
    """Greater serials must not win over validity: the one to come has the greatest of all."""
    pki = shared_pki()
    tous = [pki.certificat(ROLE, "01349", v) for v in pki.profil.donnees.variantes]
    futur = pki.certificat(ROLE, "01349", "pas_encore_valide")
    assert max(tous, key=lambda c: c.serial_number) == futur
    assert choisir(tous, DATE) == pki.certificat(ROLE, "01349", "renouvele")
    assert choisir(reversed(tous), DATE) == pki.certificat(ROLE, "01349", "renouvele")
    assert choisir(tous, DATE + timedelta(days=31)) == futur


def test_nothing_valid() -> None:
    pki = shared_pki()
    expire, futur = (pki.certificat(ROLE, "01349", v) for v in ("expire", "pas_encore_valide"))
    assert choisir([expire, futur], DATE) is None
    assert choisir([], DATE) is None
    assert plus_recent([expire, futur], DATE) == expire
    assert plus_recent([futur], DATE) is None
