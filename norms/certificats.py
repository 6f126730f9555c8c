"""Certificates as a billing package sees them: read, date, revoke, choose (cdc §3.6.4, §4.2.1.13, §4.2.6.4).

No chain is built here: a package trusts the authority its files come from. An expired certificate asks for a warning
and doesn't block; a revoked one blocks (cdc §4.2.1.13), hence two questions.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

MAX_OCTETS = 4 * 1024 * 1024
MAX_CERTIFICATS = 2000

#: What cryptography lets out on a malformed certificate or list.
DEFAUTS = (
    *(ValueError, TypeError, KeyError, AttributeError, OverflowError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)

_BLOC = re.compile(rb"-----BEGIN (CERTIFICATE|X509 CRL)-----[ \t]*\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----", re.ASCII)


class ErreurCertificat(ValueError):
    """A certificate or revocation list that cannot be used; the message says which and why."""


def read_certificates(octets: bytes, *, origine: str = "certificat") -> tuple[x509.Certificate, ...]:
    """Reads one DER certificate, or every certificate of a PEM text (comments allowed). Raises ErreurCertificat."""
    blocs = _blocks(octets, b"CERTIFICATE", origine)
    return tuple(load_der(bloc, f"{origine} n° {i}" if len(blocs) > 1 else origine) for i, bloc in enumerate(blocs, 1))


def read_certificate(octets: bytes, *, origine: str = "certificat") -> x509.Certificate:
    """Reads exactly one certificate, PEM or DER. Raises ErreurCertificat."""
    lus = read_certificates(octets, origine=origine)
    if len(lus) != 1:
        raise ErreurCertificat(f"{origine} : {len(lus)} certificats ; un seul est attendu")
    return lus[0]


def read_crl(octets: bytes, *, origine: str = "liste de révocation") -> x509.CertificateRevocationList:
    """Reads exactly one revocation list, PEM or DER. Raises ErreurCertificat."""
    blocs = _blocks(octets, b"X509 CRL", origine)
    if len(blocs) != 1:
        raise ErreurCertificat(f"{origine} : {len(blocs)} listes ; une seule est attendue")
    try:
        crl = x509.load_der_x509_crl(blocs[0])
        _parse(crl.issuer.rfc4514_string(), crl.last_update_utc, crl.next_update_utc, crl.extensions)
        _parse(crl.signature_hash_algorithm, [r.serial_number for r in crl])
    except DEFAUTS as exc:
        raise ErreurCertificat(f"{origine} : liste de révocation illisible ({exc}) ; la redemander") from exc
    return crl


def periode(certificat: x509.Certificate) -> tuple[datetime, datetime]:
    """First and last instant of validity, both included, aware (UTC)."""
    return certificat.not_valid_before_utc, certificat.not_valid_after_utc


def est_perime(certificat: x509.Certificate, instant: datetime) -> bool:
    """Whether the end of validity is past at ``instant`` (aware)."""
    return instant > certificat.not_valid_after_utc


def pas_encore_valide(certificat: x509.Certificate, instant: datetime) -> bool:
    """Whether the validity has not begun at ``instant`` (aware)."""
    return instant < certificat.not_valid_before_utc


def est_revoque(certificat: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Whether the list names the certificate. Raises ErreurCertificat when the list comes from another authority."""
    if crl.issuer != certificat.issuer:
        raise ErreurCertificat(
            f"liste de révocation de « {crl.issuer.rfc4514_string()} » ; le certificat "
            f"{certificat.subject.rfc4514_string()} dépend de « {certificat.issuer.rfc4514_string()} »"
        )
    return crl.get_revoked_certificate_by_serial_number(certificat.serial_number) is not None


def crl_perimee(crl: x509.CertificateRevocationList, instant: datetime) -> bool:
    """Whether a newer list should already have replaced this one at ``instant`` (aware)."""
    fin = crl.next_update_utc
    return fin is not None and instant > fin


def issued_by(objet: x509.Certificate | x509.CertificateRevocationList, autorite: x509.Certificate) -> bool:
    """Whether a certificate or a list bears the name and the signature of this authority."""
    if objet.issuer != autorite.subject:
        return False
    cle = autorite.public_key()
    try:
        if isinstance(objet, x509.CertificateRevocationList):
            return objet.is_signature_valid(cle)  # type: ignore[arg-type]  # a key of another kind raises TypeError
        objet.verify_directly_issued_by(autorite)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def choisir(certificats: Iterable[x509.Certificate], instant: datetime) -> x509.Certificate | None:
    """Among the certificates of a holder, the one to use: valid at ``instant``, with the greatest serial; None without.

    source: public: selection rule of the GIE SESAM-Vitale's certificate directory.
    """
    valides = [c for c in certificats if c.not_valid_before_utc <= instant <= c.not_valid_after_utc]
    return max(valides, key=lambda c: c.serial_number, default=None)


def plus_recent(certificats: Iterable[x509.Certificate], instant: datetime) -> x509.Certificate | None:
    """What remains to use when choisir gives nothing: the last one that has been valid (cdc §4.2.1.13: warn, go on)."""
    commences = [c for c in certificats if c.not_valid_before_utc <= instant]
    return max(commences, key=lambda c: (c.not_valid_after_utc, c.serial_number), default=None)


def _blocks(octets: bytes, etiquette: bytes, origine: str) -> list[bytes]:
    if len(octets) > MAX_OCTETS:
        raise ErreurCertificat(f"{origine} : {len(octets)} octets ; {MAX_OCTETS} au plus sont acceptés")
    if octets[:1] == b"\x30":
        return [octets]
    blocs = []
    for trouve in _BLOC.finditer(octets):
        if trouve[1] != etiquette:
            continue
        try:
            blocs.append(base64.b64decode(b"".join(trouve[2].split()), validate=True))
        except binascii.Error as exc:
            raise ErreurCertificat(f"{origine} : bloc PEM abîmé ({exc})") from exc
    if not blocs:
        raise ErreurCertificat(f"{origine} : ni DER ni PEM « {etiquette.decode()} » ; vérifier le fichier")
    if len(blocs) > MAX_CERTIFICATS:
        raise ErreurCertificat(f"{origine} : {len(blocs)} blocs ; {MAX_CERTIFICATS} au plus")
    return blocs


def load_der(der: bytes, origine: str = "certificat") -> x509.Certificate:
    """Reads one DER certificate. Raises ErreurCertificat."""
    try:
        certificat = x509.load_der_x509_certificate(der)
        _parse(certificat.public_key(), certificat.extensions, certificat.signature_hash_algorithm)
        _parse(certificat.issuer.rfc4514_string(), certificat.subject.rfc4514_string(), periode(certificat))
    except DEFAUTS as exc:
        raise ErreurCertificat(f"{origine} : certificat illisible ({exc}) ; le redemander") from exc
    return certificat


def _parse(*_lus: object) -> None:
    """Evaluating the arguments is the point: cryptography parses lazily, and what is broken must fail now."""
