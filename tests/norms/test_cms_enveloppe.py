"""Envelopes: openssl opens ours, we open openssl's, and every fault has its own error."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms

from norms.cms import (
    ALGORITHMES,
    DechiffrementImpossible,
    MauvaisDestinataire,
    PasUnCms,
    TropGros,
    build_enveloped,
    compress,
    content_algorithm,
    kind,
    open_enveloped,
    open_with,
    recipients,
)
from norms.cms.enveloppe import encrypt_pkcs1
from norms.contrat.ports import AleaReproductible
from tests.pki.outils import CLAIR, Openssl, shared_pki

ROLE = "chiffrement_piece_jointe"


@pytest.fixture
def openssl(tmp_path: Path) -> Openssl:
    return Openssl(tmp_path)


def _envelope(nom: str = "01349", **options: str) -> bytes:
    return build_enveloped(CLAIR, [shared_pki().certificat(ROLE, nom)], AleaReproductible(7, "test"), **options)


@pytest.mark.parametrize("algorithme", ALGORITHMES)
def test_openssl_opens_ours(openssl: Openssl, algorithme: str) -> None:
    der = _envelope(algorithme=algorithme)
    cle, certificat = (
        openssl.file(shared_pki().cle(ROLE, "01349")),
        openssl.file(shared_pki().certificat(ROLE, "01349")),
    )
    clair = openssl.run(
        "cms", "-decrypt", "-binary", "-inform", "DER", "-in", openssl.file(der), "-inkey", cle, "-recip", certificat
    )
    assert clair == CLAIR
    assert content_algorithm(der) == algorithme
    assert kind(der) == "enveloped_data"


@pytest.mark.parametrize(
    ("options", "indefini"),
    [
        (["-aes256"], False),
        (["-aes192"], False),
        (["-aes128"], False),
        (["-des3"], False),
        (["-aes256", "-stream"], True),
        (["-des3", "-stream"], True),
        (["-aes256", "-keyid"], False),
    ],
)
def test_we_open_openssl(openssl: Openssl, options: list[str], indefini: bool) -> None:
    _open_from_openssl(openssl, options, [], indefini)


@pytest.mark.parametrize(
    "oaep",
    [
        [],
        ["-keyopt", "rsa_oaep_md:sha256"],
        ["-keyopt", "rsa_oaep_md:sha512", "-keyopt", "rsa_mgf1_md:sha256"],
        ["-keyopt", "rsa_oaep_label:0102ff"],
    ],
)
def test_we_open_openssl_oaep(openssl: Openssl, oaep: list[str]) -> None:
    _open_from_openssl(openssl, ["-aes256", "-stream"], ["-keyopt", "rsa_padding_mode:oaep", *oaep], True)


def _open_from_openssl(openssl: Openssl, options: list[str], apres: list[str], indefini: bool) -> None:
    certificat = shared_pki().certificat(ROLE, "01349")
    entree, recip = openssl.file(CLAIR), openssl.file(certificat)
    der = openssl.run("cms", "-encrypt", "-binary", "-in", entree, "-outform", "DER", *options, "-recip", recip, *apres)
    assert (der[1] == 0x80) is indefini
    assert open_enveloped(der, shared_pki().cle(ROLE, "01349"), certificat) == CLAIR


def test_openssl_reads_our_structure(openssl: Openssl) -> None:
    texte = openssl.run("cms", "-cmsout", "-print", "-inform", "DER", "-in", openssl.file(_envelope())).decode()
    assert "contentType: pkcs7-envelopedData" in texte
    assert "rsaEncryption" in texte
    assert "aes-256-cbc" in texte
    assert f"serialNumber: {shared_pki().certificat(ROLE, '01349').serial_number}" in texte or (
        f"0x{shared_pki().certificat(ROLE, '01349').serial_number:X}" in texte
    )


def test_same_randomness_same_bytes() -> None:
    assert _envelope() == _envelope()
    autre = build_enveloped(CLAIR, [shared_pki().certificat(ROLE, "01349")], AleaReproductible(8, "test"))
    assert autre != _envelope()


@pytest.mark.parametrize("algorithme", ALGORITHMES)
@pytest.mark.parametrize("noms", [["01349"], ["01349", "75500017", "OCT01"], ["OCT01", "75500017", "01349"]])
@pytest.mark.parametrize("taille", [0, 100, 127, 70_000])
def test_our_encoding_is_der(algorithme: str, noms: list[str], taille: int) -> None:
    certificats = [shared_pki().certificat(ROLE, nom) for nom in noms]
    der = build_enveloped(b"x" * taille, certificats, AleaReproductible(7, "test"), algorithme=algorithme)
    assert asn1_cms.ContentInfo.load(der, strict=True).dump(force=True) == der


def test_each_recipient_opens() -> None:
    pki, noms = shared_pki(), ["01349", "75500017", "OCT01"]
    der = build_enveloped(CLAIR, [pki.certificat(ROLE, n) for n in noms], AleaReproductible(1))
    for nom in noms:
        assert open_enveloped(der, pki.cle(ROLE, nom), pki.certificat(ROLE, nom)) == CLAIR
    assert {d.serie for d in recipients(der)} == {pki.certificat(ROLE, n).serial_number for n in noms}


def test_open_with_chooses_the_identity_addressed() -> None:
    pki = shared_pki()
    renouvele = pki.certificat(ROLE, "01349", "renouvele")
    der = build_enveloped(CLAIR, [renouvele], AleaReproductible(1))
    assert open_with(der, pki.identites(ROLE, "01349")) == (CLAIR, renouvele)


def test_wrong_recipient_names_both_sides() -> None:
    pki = shared_pki()
    attendu, autre = pki.certificat(ROLE, "01349"), pki.certificat(ROLE, "02349")
    with pytest.raises(MauvaisDestinataire) as refus:
        open_enveloped(_envelope("01349"), pki.cle(ROLE, "02349"), autre)
    assert f"{attendu.serial_number:X}" in str(refus.value)
    assert f"{autre.serial_number:X}" in str(refus.value)
    assert "CN=AC CHIFFREMENT DE PIECE JOINTE DE TEST" in str(refus.value)


def test_other_level_of_the_same_organisation_is_another_recipient() -> None:
    pki = shared_pki()
    der = build_enveloped(CLAIR, [pki.certificat("chiffrement_donnees", "01349")], AleaReproductible(1))
    with pytest.raises(MauvaisDestinataire):
        open_enveloped(der, pki.cle(ROLE, "01349"), pki.certificat(ROLE, "01349"))


def test_key_of_another_certificate() -> None:
    pki = shared_pki()
    with pytest.raises(DechiffrementImpossible, match="clé de contenu illisible"):
        open_enveloped(_envelope("01349"), pki.cle(ROLE, "02349"), pki.certificat(ROLE, "01349"))


def test_truncated_ciphertext_is_refused() -> None:
    pki = shared_pki()
    info = asn1_cms.ContentInfo.load(_envelope())
    contenu = info["content"]["encrypted_content_info"]
    contenu["encrypted_content"] = contenu["encrypted_content"].native[:-5]
    with pytest.raises(DechiffrementImpossible, match="altéré ou tronqué"):
        open_enveloped(info.dump(force=True), pki.cle(ROLE, "01349"), pki.certificat(ROLE, "01349"))


def test_altered_encrypted_key_never_gives_the_content() -> None:
    pki, der = shared_pki(), _envelope()
    info = asn1_cms.ContentInfo.load(der)
    chiffree = info["content"]["recipient_infos"][0].chosen["encrypted_key"].native
    abime = der.replace(chiffree, chiffree[:-1] + bytes([chiffree[-1] ^ 1]))
    with pytest.raises(DechiffrementImpossible):
        open_enveloped(abime, pki.cle(ROLE, "01349"), pki.certificat(ROLE, "01349"))


def test_too_big_before_and_after_decryption() -> None:
    pki = shared_pki()
    cle, certificat = pki.cle(ROLE, "01349"), pki.certificat(ROLE, "01349")
    assert open_enveloped(_envelope(), cle, certificat, max_octets=len(CLAIR)) == CLAIR
    with pytest.raises(TropGros):
        open_enveloped(_envelope(), cle, certificat, max_octets=len(CLAIR) - 1)
    with pytest.raises(TropGros):
        open_enveloped(b"\x30" + bytes(3_000_000), cle, certificat, max_octets=10)


def test_aes_gcm_is_named_in_the_refusal(openssl: Openssl) -> None:
    certificat = shared_pki().certificat(ROLE, "01349")
    der = openssl.run(
        *("cms", "-encrypt", "-binary", "-in", openssl.file(CLAIR), "-outform", "DER", "-aes-256-gcm"),
        openssl.file(certificat),
    )
    with pytest.raises(PasUnCms, match="AES-GCM"):
        open_enveloped(der, shared_pki().cle(ROLE, "01349"), certificat)


@pytest.mark.parametrize(
    ("octets", "motif"),
    [
        (b"", "vide"),
        (b"B2 en clair 000", "B2 en clair"),
        (b"\x30\x03\x02\x01", "tronqué"),
        (b"\x30\x80\x06", "tronqué"),
        (b"\x30\x00", "ASN.1"),
        (b"\x30\x80" * 60, "imbrication"),
        (b"\x30\x03\x02\x01\x01\x00", "en trop"),
    ],
)
def test_not_a_cms_says_why(octets: bytes, motif: str) -> None:
    with pytest.raises(PasUnCms, match=motif):
        recipients(octets)


def test_another_kind_of_cms_is_named() -> None:
    with pytest.raises(PasUnCms, match="des données compressées"):
        recipients(compress(CLAIR))


def test_rsa_padding_is_the_one_of_the_standard() -> None:
    """RFC 8017 §7.2.1: 00 02, at least 8 bytes without zero, 00, the message; read back with the private exponent."""
    cle = shared_pki().cle(ROLE, "01349")
    nombres = cle.private_numbers()
    message = hashlib.sha256(b"cle").digest()
    chiffre = encrypt_pkcs1(cle.public_key(), message, AleaReproductible(3))
    bloc = pow(int.from_bytes(chiffre, "big"), nombres.d, nombres.public_numbers.n).to_bytes(256, "big")
    assert bloc[:2] == b"\x00\x02"
    assert bloc[-33:] == b"\x00" + message
    assert 0 not in bloc[2:-33]
    with pytest.raises(ValueError, match="trop long"):
        encrypt_pkcs1(cle.public_key(), bytes(246), AleaReproductible(3))


def test_callers_mistakes() -> None:
    certificat = shared_pki().certificat(ROLE, "01349")
    with pytest.raises(ValueError, match="aucun certificat"):
        build_enveloped(CLAIR, [], AleaReproductible(1))
    with pytest.raises(ValueError, match="rc2"):
        build_enveloped(CLAIR, [certificat], AleaReproductible(1), algorithme="rc2")
    with pytest.raises(ValueError, match="65 destinataires"):
        build_enveloped(CLAIR, [certificat] * 65, AleaReproductible(1))
