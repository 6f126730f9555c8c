"""verify_chain: each status, alone and against another, and agreement with openssl."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from simulator.pki import Profil, Statut, TestPki, verify_chain
from tests.pki.outils import DATE

ROLE, NOM = "chiffrement_piece_jointe", "01349"


def _verify(pki: TestPki, certificat: x509.Certificate) -> Statut:
    return verify_chain(certificat, pki.root, pki.autorites(), pki.crls(), DATE)


@pytest.mark.parametrize(
    ("variante", "attendu"),
    [
        ("valide", Statut.VALIDE),
        ("renouvele", Statut.VALIDE),
        ("expire", Statut.EXPIRE),
        ("revoque", Statut.REVOQUE),
        ("pas_encore_valide", Statut.PAS_ENCORE_VALIDE),
    ],
)
@pytest.mark.parametrize(
    ("role", "nom"), [(ROLE, NOM), ("cps_signature", "00000101"), ("vitale", "INCONNUE"), ("chiffrement_donnees", NOM)]
)
def test_variants(pki: TestPki, role: str, nom: str, variante: str, attendu: Statut) -> None:
    assert _verify(pki, pki.certificat(role, nom, variante)) is attendu


def test_another_pki_is_unknown(pki: TestPki) -> None:
    profil = Profil.par_defaut()
    etrangere = TestPki(
        DATE, Profil(profil.donnees.model_copy(update={"mention": "AUTRE"}), profil.porteurs, profil.adresse_amo)
    )
    assert _verify(pki, etrangere.certificat(ROLE, NOM)) is Statut.INCONNU
    assert _verify(pki, etrangere.root) is Statut.INCONNU


def test_altered_certificate_and_namesake_authority(pki: TestPki) -> None:
    der = pki.certificat(ROLE, NOM).public_bytes(Encoding.DER)
    altere = x509.load_der_x509_certificate(der.replace(b"01349@349", b"01348@349"))
    assert _verify(pki, altere) is Statut.SIGNATURE
    profil = Profil.par_defaut()
    autorites = dict(profil.donnees.autorites)
    autorites["piece_jointe"] = autorites["piece_jointe"].model_copy(update={"cle": "cle-58"})
    homonyme = TestPki(
        DATE, Profil(profil.donnees.model_copy(update={"autorites": autorites}), profil.porteurs, profil.adresse_amo)
    )
    faux = homonyme.certificat(ROLE, NOM)
    assert faux.issuer == pki.autorite("piece_jointe").subject
    assert _verify(pki, faux) is Statut.SIGNATURE


def test_missing_intermediate_is_unknown(pki: TestPki) -> None:
    assert verify_chain(pki.certificat(ROLE, NOM), pki.root, (), None, DATE) is Statut.INCONNU
    assert verify_chain(pki.autorite("donnees"), pki.root, (), None, DATE) is Statut.VALIDE
    assert verify_chain(pki.root, pki.root, (), None, DATE) is Statut.VALIDE


def test_a_holder_is_not_an_authority(pki: TestPki) -> None:
    """A certificate « issued » under the name and key of a mere holder must not pass."""
    porteur = pki.certificat("cps_signature", "00000101")
    faux = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "PIRATE")]))
        .issuer_name(porteur.subject)
        .public_key(pki.cle(ROLE, NOM).public_key())
        .serial_number(1)
        .not_valid_before(DATE - timedelta(days=1))
        .not_valid_after(DATE + timedelta(days=1))
        .sign(pki.cle("cps_signature", "00000101"), porteur.signature_hash_algorithm)  # type: ignore[arg-type]  # SHA-256
    )
    assert verify_chain(faux, pki.root, (*pki.autorites(), porteur), None, DATE) is Statut.INCONNU


def test_lists_absent_stale_forged_or_not_wanted(pki: TestPki) -> None:
    valide, revoque = pki.certificat(ROLE, NOM), pki.certificat(ROLE, NOM, "revoque")

    def verify(certificat: x509.Certificate, crls: list[x509.CertificateRevocationList] | None) -> Statut:
        return verify_chain(certificat, pki.root, pki.autorites(), crls, DATE)

    perimee = x509.load_der_x509_crl(pki.crl("piece_jointe", "perimee"))
    courante = x509.load_der_x509_crl(pki.crl("piece_jointe"))
    autre = x509.load_der_x509_crl(pki.crl("donnees"))
    assert verify(valide, []) is Statut.CRL_INDISPONIBLE
    assert verify(valide, [autre]) is Statut.CRL_INDISPONIBLE
    assert verify(valide, [perimee]) is Statut.CRL_INDISPONIBLE
    assert verify(valide, [courante]) is Statut.VALIDE
    assert verify(revoque, [perimee]) is Statut.REVOQUE
    assert verify(revoque, None) is Statut.VALIDE
    der = pki.crl("piece_jointe")
    forgee = x509.load_der_x509_crl(der[:-1] + bytes([der[-1] ^ 1]))
    assert verify(valide, [forgee]) is Statut.CRL_INDISPONIBLE


def test_revocation_counts_from_its_date(pki: TestPki) -> None:
    revoque = pki.certificat(ROLE, NOM, "revoque")
    debut = pki.origine - timedelta(days=20)
    crl = [x509.load_der_x509_crl(pki.crl("piece_jointe"))]

    def statut(jours: int) -> Statut:
        return verify_chain(revoque, pki.root, pki.autorites(), crl, debut + timedelta(days=jours))

    assert statut(0) is Statut.REVOQUE
    assert statut(-1) is Statut.CRL_INDISPONIBLE  # not revoked yet, and that list did not exist yet


def test_revoked_authority_takes_its_certificates_along(pki: TestPki) -> None:
    pki.revoquer(pki.autorite("piece_jointe"), DATE - timedelta(days=1))
    assert _verify(pki, pki.certificat(ROLE, NOM)) is Statut.REVOQUE
    assert _verify(pki, pki.certificat("chiffrement_donnees", NOM)) is Statut.VALIDE


def test_revoked_weighs_more_than_expired(pki: TestPki) -> None:
    expire = pki.certificat(ROLE, NOM, "expire")
    pki.revoquer(expire, DATE - timedelta(days=1))
    assert _verify(pki, expire) is Statut.REVOQUE


def test_expired_authority(pki: TestPki) -> None:
    tard = pki.origine + timedelta(days=3001)
    certificat = pki.autorite("donnees")
    assert verify_chain(certificat, pki.root, (), None, tard) is Statut.EXPIRE
