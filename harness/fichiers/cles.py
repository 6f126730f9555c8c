"""Keys and certificates at hand: what opens envelopes, and who is known to sign.

Without any, envelopes stay closed and signatures are only seen to be there. ``--cle-de-test`` tries the keys of the
fictitious organisations: their certificates depend on the day of the bench, found again from the serial number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from harness.catalogue import scenarios_directory
from harness.fichiers.erreurs import ErreurFichier
from norms.b2.securite import BlocSecurite
from norms.certificats import ErreurCertificat, est_perime, pas_encore_valide, read_certificate
from norms.cms import Destinataire, Identite, recipients
from norms.contrat.ports import PARIS, AleaReproductible
from norms.systeme import tell_system_error
from simulator.acteurs.confiance import TOUS, Confiance, NaturePorteur, Porteur, Signature
from simulator.monde.population import Population
from simulator.pki import TestPki

MAX_PEM = 256 * 1024
NON_VERIFIEE = "signature présente, non vérifiée : certificat du signataire inconnu"
#: What the day number of a test certificate is shifted by in its serial number (simulator.pki).
_DECALAGE_SERIE = 64
_JOUR_MAX = 40_000


@dataclass(slots=True)
class Trousseau:
    """The keys and certificates that the user gave, and whether the test keys may be tried."""

    identites: tuple[Identite, ...] = ()
    signataires: tuple[Porteur, ...] = ()
    cle_de_test: bool = False
    _par_jour: dict[int, _JourDeTest] = field(default_factory=dict)

    def opening(self, enveloppe: bytes) -> tuple[Identite, ...]:
        """Our identities that an envelope is addressed to. Raises ErreurCms when it isn't an envelope."""
        adresses = recipients(enveloppe)
        siennes = [i for i in self.identites if any(_names(d, i.certificat) for d in adresses)]
        for jour in self._days(adresses) if self.cle_de_test else ():
            siennes += [i for i in jour.identites() if any(_names(d, i.certificat) for d in adresses)]
        return tuple(siennes)

    def holders(self, instant: datetime) -> tuple[Porteur, ...]:
        """Who is known to sign at ``instant``."""
        connus = self.signataires
        if self.cle_de_test:
            connus += self._day(_day_number(instant)).porteurs()
        return connus

    def test_pki(self, instant: datetime) -> TestPki | None:
        """The test PKI of that day, when test keys may be tried."""
        return self._day(_day_number(instant)).pki if self.cle_de_test else None

    def _days(self, adresses: Iterable[Destinataire]) -> list[_JourDeTest]:
        jours: dict[int, None] = {}
        for d in adresses:
            depart = d.serie >> _DECALAGE_SERIE
            if not 0 < depart < _JOUR_MAX or "SIMULATION" not in d.emetteur:
                continue
            reference = self._day(depart)
            for variante in reference.pki.profil.donnees.variantes.values():
                jours.setdefault(depart - variante.debut)
        return [self._day(j) for j in jours if 0 < j < _JOUR_MAX]

    def _day(self, jour: int) -> _JourDeTest:
        if jour not in self._par_jour:
            self._par_jour[jour] = _JourDeTest(TestPki(datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=jour)))
        return self._par_jour[jour]


class _JourDeTest:
    """The identities and card holders of the test PKI of one day."""

    def __init__(self, pki: TestPki) -> None:
        self.pki = pki
        self._identites: tuple[Identite, ...] | None = None
        self._porteurs: tuple[Porteur, ...] | None = None

    def identites(self) -> tuple[Identite, ...]:
        if self._identites is None:
            self._identites = tuple(
                identite
                for role in ("chiffrement_piece_jointe", "chiffrement_donnees")
                for porteur in self.pki.porteurs(role)
                for identite in self.pki.identites(role, porteur.nom)
            )
        return self._identites

    def porteurs(self) -> tuple[Porteur, ...]:
        if self._porteurs is None:
            dossier = scenarios_directory() / "population"
            self._porteurs = Population(dossier, self.pki, AleaReproductible(0, "fichiers")).porteurs
        return self._porteurs


def _day_number(instant: datetime) -> int:
    jour = instant.astimezone(PARIS).date()
    return (datetime(jour.year, jour.month, jour.day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days


def _names(d: Destinataire, certificat: x509.Certificate) -> bool:
    if d.identifiant_cle:
        try:
            identifiant = certificat.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
            return False
        return identifiant.hex().upper() == d.identifiant_cle
    return d.serie == certificat.serial_number


def load_keys(
    cles: Sequence[Path], certificats: Sequence[Path], signataires: Sequence[Path], *, cle_de_test: bool = False
) -> Trousseau:
    """Reads what the command line names: private keys and their certificates (same order), signers' certificates.

    Raises ErreurFichier: unreadable file, key that isn't RSA, key and certificate that don't go together.
    """
    if len(cles) != len(certificats):
        raise ErreurFichier(f"{len(cles)} --cle et {len(certificats)} --certificat ; une clé va avec un certificat")
    identites = tuple(_identity(c, x) for c, x in zip(cles, certificats, strict=True))
    connus = tuple(
        Porteur("PS", c.subject.rfc4514_string(), c, (TOUS,), (TOUS,)) for c in (_certificate(p) for p in signataires)
    )
    return Trousseau(identites, connus, cle_de_test)


def _identity(cle: Path, certificat: Path) -> Identite:
    lu = _certificate(certificat)
    try:
        privee = load_pem_private_key(_read(cle), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise ErreurFichier(f"{cle} : clé privée PEM sans mot de passe attendue ({exc})") from exc
    if not isinstance(privee, RSAPrivateKey):
        raise ErreurFichier(f"{cle} : clé RSA attendue")
    if lu.public_key() != privee.public_key():
        raise ErreurFichier(
            f"{cle} n'est pas la clé du certificat {certificat} ; donner la clé et le certificat du couple"
        )
    return Identite(privee, lu)


def _certificate(chemin: Path) -> x509.Certificate:
    try:
        return read_certificate(_read(chemin), origine=chemin.as_posix())
    except ErreurCertificat as exc:
        raise ErreurFichier(str(exc)) from exc


def _read(chemin: Path) -> bytes:
    try:
        with chemin.open("rb") as flux:
            return flux.read(MAX_PEM)
    except OSError as exc:
        raise ErreurFichier(f"{chemin} : illisible ({tell_system_error(exc)}) ; vérifier le chemin") from exc


@dataclass(frozen=True)
class ConfianceFichiers(Confiance):
    """What is trusted when looking at a file: the keys at hand; the rest is left unverified, never said to be wrong."""

    trousseau: Trousseau = field(default_factory=Trousseau)

    def verify(
        self, nature: NaturePorteur, bloc: BlocSecurite, signe: bytes, instant: datetime, numero: str = ""
    ) -> Signature:
        if any(p.nature == nature for p in self.porteurs):
            return super().verify(nature, bloc, signe, instant, numero)
        return Signature(True, valide=True, motif=NON_VERIFIEE, reconnu=True)

    def refus(self, certificat: x509.Certificate, instant: datetime) -> str:
        """Why a certificate is refused. Those of test card holders aren't in the file: their period isn't judged."""
        donnes = [i.certificat for i in self.trousseau.identites] + [p.certificat for p in self.trousseau.signataires]
        if certificat in donnes:
            if est_perime(certificat, instant):
                return f"certificat périmé depuis le {certificat.not_valid_after_utc:%Y-%m-%d}"
            if pas_encore_valide(certificat, instant):
                return f"certificat valable à partir du {certificat.not_valid_before_utc:%Y-%m-%d}"
            return ""
        if any(certificat == p.certificat for p in self.porteurs):
            return ""
        return super().refus(certificat, instant)


def build_trust(trousseau: Trousseau, instant: datetime) -> ConfianceFichiers:
    """The trust of one file; envelopes of attachments and invoices are opened by the caller's choice of identities."""
    pki = trousseau.test_pki(instant)
    return ConfianceFichiers(
        autorites=pki.autorites if pki else tuple,
        crl=pki.crls if pki else tuple,
        recenser=lambda: trousseau.holders(instant),
        identites_piece_jointe=lambda _numero: (),
        identites_donnees=lambda _numero: (),
        trousseau=trousseau,
    )


def with_identities(
    confiance: ConfianceFichiers, *, piece: Sequence[Identite] | None = None, donnees: Sequence[Identite] | None = None
) -> ConfianceFichiers:
    """The same trust, with what opens the attachment, or the encrypted data of invoices."""
    if piece is not None:
        confiance = replace(confiance, identites_piece_jointe=lambda _numero: piece)
    if donnees is not None:
        confiance = replace(confiance, identites_donnees=lambda _numero: donnees)
    return confiance
