"""Whatever the bytes, readers raise only ErreurCms (or ErreurCertificat)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from norms.certificats import ErreurCertificat, est_revoque, periode, read_certificate, read_certificates, read_crl
from norms.cms import (
    ErreurCms,
    build_enveloped,
    compress,
    content_algorithm,
    decompress,
    kind,
    open_enveloped,
    recipients,
    sign,
    verify,
)
from norms.cms.commun import check_ber
from norms.contrat.ports import AleaReproductible
from tests.pki.outils import DATE, shared_pki

ROLE = "chiffrement_donnees"
COURT = b"000 FACTURE FICTIVE\r\n"


def _open(der: bytes) -> object:
    return open_enveloped(
        der, shared_pki().cle(ROLE, "01349"), shared_pki().certificat(ROLE, "01349"), max_octets=10**6
    )


def _verify(der: bytes) -> object:
    return verify(der, donnees=COURT)


READERS: tuple[Callable[[bytes], object], ...] = (
    _open,
    recipients,
    content_algorithm,
    decompress,
    _verify,
    verify,
    kind,
)


@cache
def _seeds() -> tuple[bytes, ...]:
    pki = shared_pki()
    certificat, cle = pki.certificat("cps_signature", "00000101"), pki.cle("cps_signature", "00000101")
    return (
        build_enveloped(COURT, [pki.certificat(ROLE, "01349")], AleaReproductible(1)),
        compress(COURT),
        sign(COURT, certificat, cle, instant=DATE),
        sign(COURT, certificat, cle, detache=True),
    )


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid message with bytes changed, removed, inserted, or cut."""
    octets = bytearray(draw(st.sampled_from(_seeds())))
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, len(octets) - 1))
        match draw(st.sampled_from(["change", "remove", "insert", "cut"])):
            case "change":
                octets[position] = draw(st.integers(0, 255))
            case "remove":
                del octets[position : position + draw(st.integers(1, 8))]
            case "insert":
                octets[position:position] = draw(st.binary(min_size=1, max_size=8))
            case _:
                del octets[max(position, 1) :]
        if not octets:
            break
    return bytes(octets)


@st.composite
def inside_out(draw: st.DrawFn) -> bytes:
    """A well-formed tree where one element's value or tag is changed: deeper than the length checks."""
    octets = bytearray(draw(st.sampled_from(_seeds())))
    elements = _elements(bytes(octets))
    tag, debut, fin = draw(st.sampled_from(elements))
    if draw(st.booleans()):
        octets[tag] = draw(st.integers(0, 255))
    elif fin > debut:
        octets[debut:fin] = draw(st.binary(min_size=fin - debut, max_size=fin - debut))
    return bytes(octets)


@cache
def _elements(der: bytes) -> list[tuple[int, int, int]]:
    """(tag offset, value start, value end) of every element of a DER encoding."""
    trouves: list[tuple[int, int, int]] = []
    a_voir = [(0, len(der))]
    while a_voir:
        pos, fin = a_voir.pop()
        while pos < fin:
            longueur, debut = der[pos + 1], pos + 2
            if longueur & 0x80:
                n = longueur & 0x7F
                longueur, debut = int.from_bytes(der[debut : debut + n], "big"), debut + n
            trouves.append((pos, debut, debut + longueur))
            if der[pos] & 0x20:
                a_voir.append((debut, debut + longueur))
            pos = debut + longueur
    return trouves


def _only_our_errors(octets: bytes) -> None:
    for reader in READERS:
        with suppress(ErreurCms):  # any other exception fails the test
            reader(octets)


@given(st.binary(max_size=400))
def test_any_bytes(octets: bytes) -> None:
    _only_our_errors(octets)
    _only_our_errors(b"\x30" + octets)


@given(damaged())
def test_damaged_messages(octets: bytes) -> None:
    _only_our_errors(octets)


@given(inside_out())
def test_well_formed_but_wrong(octets: bytes) -> None:
    _only_our_errors(octets)


def test_the_bytes_the_fuzz_starts_from_are_read() -> None:
    enveloppe, compresse, signe, detache = _seeds()
    assert _open(enveloppe) == COURT
    assert decompress(compresse) == COURT
    assert verify(signe).donnees == COURT
    assert verify(detache, donnees=COURT).donnees == COURT
    for der in _seeds():
        check_ber(der)


def test_deep_and_wide_messages_are_bounded() -> None:
    for octets in (b"\x30\x80" * 500_000, b"\x30\x80" + b"\x05\x00" * 400_000 + b"\x00\x00"):
        with pytest.raises(ErreurCms):
            kind(octets)


def test_optional_parts_left_out() -> None:
    for champ in ("encap_content_info", "encrypted_content_info"):
        for der in _seeds():
            info = asn1_cms.ContentInfo.load(der)
            if champ in info["content"]._field_map:
                del info["content"][champ]["content" if champ.startswith("encap") else "encrypted_content"]
                _only_our_errors(info.dump(force=True))


@given(st.data())
def test_damaged_certificates_and_lists(data: st.DataObject) -> None:
    pki = shared_pki()
    certificat = pki.certificat(ROLE, "01349")
    for lecteur, bon in (
        (read_certificates, certificat.public_bytes(Encoding.DER)),
        (read_certificates, certificat.public_bytes(Encoding.PEM)),
        (read_crl, pki.crl("donnees")),
    ):
        octets = bytearray(bon)
        for _ in range(data.draw(st.integers(1, 3))):
            octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
        with suppress(ErreurCertificat):  # any other exception fails the test
            lu = lecteur(bytes(octets))
            if isinstance(lu, tuple):
                assert all(len(periode(c)) == 2 for c in lu)
            else:
                assert est_revoque(certificat, lu) in {True, False}


@given(st.binary(max_size=300))
def test_any_bytes_as_certificates(octets: bytes) -> None:
    for lecteur in (read_certificate, read_certificates, read_crl):
        for prefixe in (b"", b"\x30", b"-----BEGIN CERTIFICATE-----\n"):
            with pytest.raises(ErreurCertificat):
                lecteur(prefixe + octets)
