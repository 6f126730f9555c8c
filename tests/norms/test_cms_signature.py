"""Signatures: openssl verifies ours, we verify openssl's, any change is caught."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms

from norms.cms import SignatureInvalide, TropGros, sign, sign_detached, verify
from tests.pki.outils import CLAIR, DATE, Openssl, shared_pki

ROLE, NUMERO = "cps_signature", "00000101"


@pytest.fixture
def openssl(tmp_path: Path) -> Openssl:
    return Openssl(tmp_path)


def _sign(*, detache: bool = False, instant: datetime | None = DATE) -> bytes:
    pki = shared_pki()
    certificat, autres = pki.certificat(ROLE, NUMERO), [pki.autorite("cps")]
    return sign(CLAIR, certificat, pki.cle(ROLE, NUMERO), instant=instant, detache=detache, autres=autres)


def _trust(openssl: Openssl) -> tuple[str, ...]:
    pki = shared_pki()
    return (
        *("-CAfile", openssl.file(pki.root)),
        *("-purpose", "any", "-attime", str(int(DATE.timestamp()))),
    )


@pytest.mark.parametrize("detache", [False, True])
@pytest.mark.parametrize("instant", [None, DATE])
def test_openssl_verifies_ours(openssl: Openssl, detache: bool, instant: datetime | None) -> None:
    der = _sign(detache=detache, instant=instant)
    contenu = ("-content", openssl.file(CLAIR)) if detache else ()
    verifie = ("cms", "-verify", "-binary", "-inform", "DER", "-in", openssl.file(der), *contenu, *_trust(openssl))
    assert openssl.run(*verifie) == CLAIR
    autre = openssl.file(CLAIR.replace(b"042", b"043"))
    if detache:
        refus = openssl.attempt(
            *("cms", "-verify", "-binary", "-inform", "DER", "-in", openssl.file(der), "-content", autre),
            *_trust(openssl),
        )
        assert refus.returncode != 0


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        ["-nodetach"],
        ["-nodetach", "-stream"],
        ["-nodetach", "-noattr"],
        ["-nodetach", "-keyid"],
        ["-nodetach", "-md", "sha512"],
        ["-nodetach", "-md", "sha1"],
        [],
    ],
)
def test_we_verify_openssl(openssl: Openssl, options: list[str], pss: bool) -> None:
    if pss and "-stream" in options:  # openssl 3.0 itself fails ("illegal zero content"): BER by -stream, v1.5 only
        options = [o for o in options if o != "-stream"]
    pki = shared_pki()
    der = openssl.run(
        *("cms", "-sign", "-binary", "-in", openssl.file(CLAIR), "-outform", "DER", *options),
        *("-signer", openssl.file(pki.certificat(ROLE, NUMERO)), "-inkey", openssl.file(pki.cle(ROLE, NUMERO))),
        *(("-keyopt", "rsa_padding_mode:pss") if pss else ()),
    )
    assert (der[1] == 0x80) is ("-stream" in options)
    resultat = verify(der, donnees=None if "-nodetach" in options else CLAIR)
    assert resultat.donnees == CLAIR
    assert [s.certificat for s in resultat.signataires] == [pki.certificat(ROLE, NUMERO)]
    hachage = options[options.index("-md") + 1] if "-md" in options else "sha256"
    assert resultat.signataires[0].algorithme == hachage
    assert (resultat.signataires[0].instant is None) is ("-noattr" in options)


def test_two_signers_from_openssl(openssl: Openssl) -> None:
    pki, mots = shared_pki(), []
    for role, nom in ((ROLE, NUMERO), ("vitale", "800000000000000101")):
        mots += ["-signer", openssl.file(pki.certificat(role, nom)), "-inkey", openssl.file(pki.cle(role, nom))]
    der = openssl.run("cms", "-sign", "-binary", "-nodetach", "-in", openssl.file(CLAIR), "-outform", "DER", *mots)
    signataires = {s.certificat.serial_number for s in verify(der).signataires}
    assert signataires == {
        pki.certificat(ROLE, NUMERO).serial_number,
        pki.certificat("vitale", "800000000000000101").serial_number,
    }


def test_deterministic_and_der() -> None:
    assert _sign() == _sign()
    assert asn1_cms.ContentInfo.load(_sign(), strict=True).dump(force=True) == _sign()


def test_signing_time_is_the_one_given() -> None:
    assert verify(_sign()).signataires[0].instant == datetime(2022, 11, 21, 8, 0, tzinfo=UTC)
    assert verify(_sign(instant=None)).signataires[0].instant is None
    with pytest.raises(ValueError, match="fuseau"):
        _sign(instant=datetime(2022, 11, 21))  # noqa: DTZ001 - the refusal of a naive instant is what is tested


def test_included_content_changed() -> None:
    der = _sign()
    with pytest.raises(SignatureInvalide, match="modifié après la signature"):
        verify(der.replace(b"042 FACTURE", b"043 FACTURE"))


def test_detached_content_changed_or_missing() -> None:
    pki = shared_pki()
    der = sign_detached(CLAIR, pki.certificat(ROLE, NUMERO), pki.cle(ROLE, NUMERO))
    assert verify(der, donnees=CLAIR).donnees == CLAIR
    with pytest.raises(SignatureInvalide, match="modifié après la signature"):
        verify(der, donnees=CLAIR + b" ")
    with pytest.raises(SignatureInvalide, match="détachée"):
        verify(der)


def test_signed_attributes_changed() -> None:
    der = _sign()
    instant = DATE.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode()
    assert der.count(instant) == 1
    with pytest.raises(SignatureInvalide, match="ne correspond pas"):
        verify(der.replace(instant, b"221121080001Z"))


def test_signature_by_another_key() -> None:
    pki = shared_pki()
    der = sign(CLAIR, pki.certificat(ROLE, NUMERO), pki.cle(ROLE, "00000202"))
    with pytest.raises(SignatureInvalide, match="00000101"):
        verify(der)


def test_signer_certificate_absent_then_known(openssl: Openssl) -> None:
    pki = shared_pki()
    certificat = pki.certificat(ROLE, NUMERO)
    der = openssl.run(
        *("cms", "-sign", "-binary", "-nodetach", "-nocerts", "-in", openssl.file(CLAIR), "-outform", "DER"),
        *("-signer", openssl.file(certificat), "-inkey", openssl.file(pki.cle(ROLE, NUMERO))),
    )
    with pytest.raises(SignatureInvalide, match=f"{certificat.serial_number:X}"):
        verify(der)
    assert verify(der, certificats=[certificat]).donnees == CLAIR


def test_no_signature_at_all() -> None:
    info = asn1_cms.ContentInfo.load(_sign())
    info["content"]["signer_infos"] = []
    with pytest.raises(SignatureInvalide, match="aucune signature"):
        verify(info.dump(force=True))


def test_a_signature_over_another_content_type_is_refused(openssl: Openssl) -> None:
    """openssl signs content of another type; renamed "data", its signature still holds but not for that type."""
    pki = shared_pki()
    der = openssl.run(
        *("cms", "-sign", "-binary", "-nodetach", "-in", openssl.file(CLAIR), "-outform", "DER"),
        *("-econtent_type", "1.2.3.4", "-signer", openssl.file(pki.certificat(ROLE, NUMERO))),
        *("-inkey", openssl.file(pki.cle(ROLE, NUMERO))),
    )
    assert verify(der).donnees == CLAIR
    info = asn1_cms.ContentInfo.load(der)
    info["content"]["encap_content_info"] = {"content_type": "data", "content": CLAIR}
    with pytest.raises(SignatureInvalide, match="le type de contenu signé"):
        verify(info.dump(force=True))


def test_bounded() -> None:
    with pytest.raises(TropGros):
        verify(_sign(), max_octets=100)
