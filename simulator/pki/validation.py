"""Is a certificate one of ours, now? Path, dates and revocation, checked apart from what the LPS does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

MAX_LONGUEUR = 5


class Statut(StrEnum):
    """What a path check concludes; the value is what reports show."""

    VALIDE = "valide"
    EXPIRE = "expire"
    PAS_ENCORE_VALIDE = "pas_encore_valide"
    REVOQUE = "revoque"
    CRL_INDISPONIBLE = "crl_indisponible"
    INCONNU = "inconnu"
    SIGNATURE = "signature"


def verify_chain(
    cert: x509.Certificate,
    racine: x509.Certificate,
    autorites: Sequence[x509.Certificate],
    crls: Sequence[x509.CertificateRevocationList] | None,
    instant: datetime,
) -> Statut:
    """Checks a certificate up to ``racine`` at ``instant`` (aware), and its revocation.

    ``crls`` None means revocation is not checked; else a current list of the direct issuer is needed, and those of
    the higher authorities are used when given. The gravest fault wins: signature or inconnu, revoque, dates,
    crl_indisponible.
    """
    chemin, faute = _path(cert, racine, autorites)
    if faute is not None:
        return faute
    couples = list(zip(chemin, [*chemin[1:], racine], strict=True))
    statuts = [_dates(c, instant) for c in chemin]
    if crls is not None:
        statuts += [_revocation(c, e, crls, instant, exigee=c is cert) for c, e in couples if c != racine]
    for grave in (Statut.REVOQUE, Statut.EXPIRE, Statut.PAS_ENCORE_VALIDE, Statut.CRL_INDISPONIBLE):
        if grave in statuts:
            return grave
    return Statut.VALIDE


def _path(
    cert: x509.Certificate, racine: x509.Certificate, autorites: Sequence[x509.Certificate]
) -> tuple[list[x509.Certificate], Statut | None]:
    """The certificates from ``cert`` to the root included."""
    chemin = [cert]
    while chemin[-1] != racine:
        if len(chemin) > MAX_LONGUEUR:
            return chemin, Statut.INCONNU
        fils = chemin[-1]
        candidats = [a for a in (racine, *autorites) if a.subject == fils.issuer and _may_certify(a, len(chemin) - 1)]
        if not candidats or fils in candidats:
            return chemin, Statut.INCONNU
        pere = next((a for a in candidats if _signed_by(fils, a)), None)
        if pere is None:
            return chemin, Statut.SIGNATURE
        chemin.append(pere)
    return chemin, None


def _may_certify(autorite: x509.Certificate, intermediaires: int) -> bool:
    try:
        contraintes = autorite.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = autorite.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    longueur = contraintes.path_length
    return contraintes.ca and usage.key_cert_sign and (longueur is None or intermediaires <= longueur)


def _signed_by(fils: x509.Certificate, pere: x509.Certificate) -> bool:
    try:
        fils.verify_directly_issued_by(pere)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _dates(cert: x509.Certificate, instant: datetime) -> Statut:
    if instant > cert.not_valid_after_utc:
        return Statut.EXPIRE
    if instant < cert.not_valid_before_utc:
        return Statut.PAS_ENCORE_VALIDE
    return Statut.VALIDE


def _revocation(
    cert: x509.Certificate,
    emetteur: x509.Certificate,
    crls: Sequence[x509.CertificateRevocationList],
    instant: datetime,
    *,
    exigee: bool,
) -> Statut:
    cle = emetteur.public_key()
    if not isinstance(cle, RSAPublicKey):
        return Statut.CRL_INDISPONIBLE
    siennes = [c for c in crls if c.issuer == emetteur.subject and c.is_signature_valid(cle)]
    for crl in siennes:
        entree = crl.get_revoked_certificate_by_serial_number(cert.serial_number)
        if entree is not None and entree.revocation_date_utc <= instant:
            return Statut.REVOQUE
    courantes = [
        c
        for c in siennes
        if c.last_update_utc <= instant and (c.next_update_utc is None or instant <= c.next_update_utc)
    ]
    return Statut.VALIDE if courantes or not exigee else Statut.CRL_INDISPONIBLE
