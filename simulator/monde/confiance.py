"""What the insurers of a world trust: the authorities of the test PKI, its revocation lists, their own keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cryptography import x509

from norms.cms import Identite
from simulator.acteurs.confiance import Confiance, Porteur
from simulator.pki import TestPki


class Listes:
    """The revocation lists of the moment; the same objects as long as they are the same bytes."""

    def __init__(self, pki: TestPki) -> None:
        self._pki = pki
        self._octets: tuple[bytes, ...] = ()
        self._lues: tuple[x509.CertificateRevocationList, ...] = ()

    def read(self) -> Iterable[x509.CertificateRevocationList]:
        """The list of each level."""
        octets = tuple(self._pki.crl(niveau) for niveau in self._pki.niveaux)
        if octets != self._octets:
            self._octets, self._lues = octets, tuple(map(x509.load_der_x509_crl, octets))
        return self._lues


def trust(pki: TestPki, recenser: Callable[[], Iterable[Porteur]], role: Callable[[str], str]) -> Confiance:
    """``recenser`` gives the cards' holders; ``role`` that of an organisation: a concentrator opens no health data."""

    def identities(usage: str, numero: str) -> tuple[Identite, ...]:
        return tuple(Identite(cle, certificat) for cle, certificat in pki.identites(usage, numero))

    return Confiance(
        autorites=pki.autorites,
        crl=Listes(pki).read,
        recenser=recenser,
        identites_piece_jointe=lambda numero: identities("chiffrement_piece_jointe", numero),
        identites_donnees=lambda numero: () if role(numero) == "OCT" else identities("chiffrement_donnees", numero),
    )
