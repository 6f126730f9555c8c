"""What the insurers trust and hold: authorities, revocation lists, card holders' certificates, their own keys."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from norms.b2.securite import RSA_SHA256, BlocSecurite
from norms.certificats import est_perime, est_revoque, issued_by, pas_encore_valide
from norms.cms import Identite

NaturePorteur = Literal["PS", "VITALE"]
TOUS = "*"
Listes = tuple[x509.CertificateRevocationList, ...]
#: Verdicts on certificates that are kept.
MAX_JUGEMENTS = 1024


@dataclass(frozen=True)
class Porteur:
    """A card holder known to the insurers. Its certificate may be given as a function, called when first needed.

    ``numeros``: what the holder may sign invoices for, billing numbers (9 characters) or NIR (13 characters);
    ``numeros_lot``: billing numbers whose lots it may sign (cdc §3.2.9.3.2.1); ``*``: any (employees, substitutes).
    """

    nature: NaturePorteur
    nom: str
    origine: x509.Certificate | Callable[[], x509.Certificate]
    numeros: tuple[str, ...] = ()
    numeros_lot: tuple[str, ...] = ()

    @cached_property
    def certificat(self) -> x509.Certificate:
        return self.origine if isinstance(self.origine, x509.Certificate) else self.origine()

    def signs_invoices_of(self, numero: str) -> bool:
        return numero in self.numeros or TOUS in self.numeros

    def signs_lots_of(self, numero: str) -> bool:
        return numero in self.numeros_lot or TOUS in self.numeros_lot


@dataclass(frozen=True, slots=True)
class Signature:
    """What became of a signature: found or not, whose, valid or why not."""

    presente: bool
    valide: bool = False
    signataire: str = ""
    motif: str = ""
    porteur: Porteur | None = None
    reconnu: bool = False

    def donnees(self) -> dict[str, str | bool]:
        return {"presente": self.presente, "valide": self.valide, "signataire": self.signataire, "motif": self.motif}


ABSENTE = Signature(presente=False, motif="signature absente")


@dataclass(frozen=True)
class Confiance:
    """Trust anchors and holders, gathered the first time a signature has to be verified."""

    autorites: Callable[[], Sequence[x509.Certificate]]
    crl: Callable[[], Iterable[x509.CertificateRevocationList]]
    recenser: Callable[[], Iterable[Porteur]]
    identites_piece_jointe: Callable[[str], Sequence[Identite]]
    identites_donnees: Callable[[str], Sequence[Identite]]

    @cached_property
    def porteurs(self) -> tuple[Porteur, ...]:
        return tuple(self.recenser())

    def verify(
        self, nature: NaturePorteur, bloc: BlocSecurite, signe: bytes, instant: datetime, numero: str = ""
    ) -> Signature:
        """Finds whose signature this is among the known holders, and whether that holder is trusted at ``instant``.

        Holders of ``numero`` are tried first: test keys are few, two cards may share one.
        """
        if bloc.algorithme != RSA_SHA256:
            return Signature(True, motif=f"algorithme « {bloc.algorithme} » ; attendu « {RSA_SHA256} »")
        premiers = self._par_numero.get((nature, numero), ())
        suivants = (p for p in self.porteurs if p.nature == nature and numero not in p.numeros)
        for porteur in chain(premiers, suivants):
            if _verifies(porteur.certificat, bloc.octets, signe):
                motif = self.refus(porteur.certificat, instant)
                return Signature(True, not motif, porteur.nom, motif, porteur, reconnu=True)
        return Signature(True, motif="aucun porteur connu n'a produit cette signature sur ces données")

    def refus(self, certificat: x509.Certificate, instant: datetime) -> str:
        """Why a certificate is not trusted at ``instant``; empty when it is."""
        crls = tuple(self.crl())
        connues, motif = self._jugements.get((certificat, instant), (None, ""))
        if connues is None or len(connues) != len(crls) or not all(map(operator.is_, connues, crls)):
            if len(self._jugements) >= MAX_JUGEMENTS:
                self._jugements.clear()
            motif = self._judge(certificat, instant, crls)
            self._jugements[certificat, instant] = (crls, motif)
        return motif

    @cached_property
    def _jugements(self) -> dict[tuple[x509.Certificate, datetime], tuple[Listes, str]]:
        """What was found of a certificate at an instant, under the lists of that moment."""
        return {}

    @cached_property
    def _par_numero(self) -> dict[tuple[NaturePorteur, str], list[Porteur]]:
        index: dict[tuple[NaturePorteur, str], list[Porteur]] = {}
        for porteur in self.porteurs:
            for numero in dict.fromkeys(porteur.numeros):
                index.setdefault((porteur.nature, numero), []).append(porteur)
        return index

    def _judge(self, certificat: x509.Certificate, instant: datetime, crls: Listes) -> str:
        if est_perime(certificat, instant):
            return f"certificat périmé depuis le {certificat.not_valid_after_utc:%Y-%m-%d}"
        if pas_encore_valide(certificat, instant):
            return f"certificat valable à partir du {certificat.not_valid_before_utc:%Y-%m-%d}"
        if not any(issued_by(certificat, a) for a in self.autorites()):
            return f"certificat émis par une autorité inconnue : {certificat.issuer.rfc4514_string()}"
        listes = [crl for crl in crls if crl.issuer == certificat.issuer]
        if any(est_revoque(certificat, crl) for crl in listes):
            return f"certificat révoqué (série {certificat.serial_number:X})"
        return ""


def _verifies(certificat: x509.Certificate, signature: bytes, signe: bytes) -> bool:
    cle = certificat.public_key()
    if not isinstance(cle, RSAPublicKey):
        return False
    try:
        cle.verify(signature, signe, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
