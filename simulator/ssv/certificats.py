"""The data encryption certificates on the workstation: one per organisation that receives invoices.

They are those of the test PKI; a variant may take the place of the valid one, to play an expired or revoked one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from norms.certificats import est_perime, est_revoque, read_crl
from norms.contrat.ports import PARIS, Horloge
from simulator.pki import TestPki
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.organismes import Organisme

ROLE = "chiffrement_donnees"
NIVEAU = "donnees"
VALIDE = "valide"
A_JOUR = "a_jour"


@dataclass(slots=True)
class Publies:
    """What of the PKI is on the workstation instead of the ordinary: attachment certificates, revocation lists.

    ``piece_jointe``: number of an organisation -> variant of its certificate. ``listes``: level -> variant of its list.
    """

    piece_jointe: dict[str, str] = field(default_factory=dict)
    listes: dict[str, str] = field(default_factory=dict)

    def liste(self, niveau: str) -> str:
        """The variant of the list of a level."""
        return self.listes.get(niveau, A_JOUR)


@dataclass(slots=True)
class CertificatsDonnees:
    """Which certificate serves for whom. ``variantes``: number of an organisation -> variant of the PKI."""

    pki: TestPki
    horloge: Horloge
    variantes: dict[str, str] = field(default_factory=dict)
    publies: Publies = field(default_factory=Publies)
    _lue: tuple[bytes, x509.CertificateRevocationList] | None = field(default=None, init=False, repr=False)
    _revoques: dict[x509.Certificate, bool] = field(default_factory=dict, init=False, repr=False)

    def choose(self, organisme: Organisme) -> tuple[x509.Certificate, str]:
        """The certificate to encrypt with, and « » or the day it expired (JJ/MM/AAAA). Raises RefusSsv when revoked.

        cdc §4.2.1.13: a revoked certificate makes the invoice impossible, an expired one only deserves a warning.
        """
        certificat = self.pki.certificat(ROLE, organisme.numero, self.variantes.get(organisme.numero, VALIDE))
        if self._revoked(certificat):
            raise RefusSsv(
                "certificat_revoque",
                f"certificat de chiffrement de données révoqué : {organisme.nom} ({organisme.numero}) ; "
                "la facture ne peut pas être constituée",
            )
        if est_perime(certificat, self.horloge.now()):
            return certificat, f"{certificat.not_valid_after_utc.astimezone(PARIS):%d/%m/%Y}"
        return certificat, ""

    def _revoked(self, certificat: x509.Certificate) -> bool:
        """Whether the list in force names it; looked up once per list."""
        liste = self._list()
        if certificat not in self._revoques:
            self._revoques[certificat] = est_revoque(certificat, liste)
        return self._revoques[certificat]

    def _list(self) -> x509.CertificateRevocationList:
        """The revocation list in force, read again only when it has changed."""
        der = self.pki.crl(NIVEAU, self.publies.liste(NIVEAU))
        if self._lue is None or self._lue[0] != der:
            self._lue = (der, read_crl(der))
            self._revoques.clear()
        return self._lue[1]
