"""Which certificate encrypts an attachment: the recipient's, in force, not revoked (cdc §3.2.9.4, §3.6.4)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from cryptography.x509 import Certificate, CertificateRevocationList

from norms.certificats import (
    ErreurCertificat,
    choisir,
    crl_perimee,
    est_revoque,
    plus_recent,
    read_certificate,
    read_crl,
)
from norms.contrat.ports import Horloge
from norms.contrat.services import CertificatPublie
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.ports import Services

PIECE_JOINTE = "chiffrement_piece_jointe"
#: What the list of each level revokes, in the words of the screen.
LISTES = {"donnees": "chiffrement de données", "piece_jointe": "chiffrement de pièces jointes"}


def du_destinataire(publies: Iterable[CertificatPublie], adresse: str) -> list[CertificatPublie]:
    """The attachment certificates of that address."""
    return [c for c in publies if c.usage == PIECE_JOINTE and c.adresse.lower() == adresse.lower()]


@dataclass
class CertificatsPieceJointe:
    """Chooses among the published certificates, read again at each sending so that updates count.

    ``perimee``: whether a revocation list is out of date.
    """

    services: Services
    ecran: Ecran
    horloge: Horloge
    du_destinataire: Callable[[Iterable[CertificatPublie], str], list[CertificatPublie]] = field(
        default=du_destinataire
    )
    perimee: Callable[[CertificateRevocationList, datetime], bool] = crl_perimee
    _alertees: set[tuple[date, str]] = field(default_factory=set, init=False)

    def choisir(self, adresse: str) -> Certificate:
        """The certificate to encrypt with; an expired one warns, a revoked one is refused. Raises Refus."""
        annuaire = self.services.certificats()
        candidats = self.du_destinataire(annuaire.certificats, adresse)
        try:
            certificats = [read_certificate(c.pem.encode(), origine=f"certificat de {adresse}") for c in candidats]
            listes = [(c.niveau, read_crl(base64.b64decode(c.der))) for c in annuaire.crl]
            crls = [crl for _, crl in listes]
            valables = [
                c for c in certificats if not any(crl.issuer == c.issuer and est_revoque(c, crl) for crl in crls)
            ]
        except ErreurCertificat as exc:
            raise Refus(f"chiffrement pour {adresse} impossible : {exc}") from exc
        maintenant = self.horloge.now()
        self._verifier_listes(listes, maintenant)
        choisi = choisir(valables, maintenant)
        if choisi is None:
            choisi = plus_recent(valables, maintenant)
            if choisi is None:
                etat = "révoqué" if certificats else "absent de l'annuaire"
                raise Refus(f"certificat de pièce jointe de {adresse} {etat} ; mettre à jour les certificats du poste")
            self.ecran.alerter(
                f"Certificat de pièce jointe de {adresse} périmé depuis le {choisi.not_valid_after_utc:%d/%m/%Y} ; "
                "mettre à jour les certificats du poste"
            )
        return choisi

    def _verifier_listes(self, listes: Iterable[tuple[str, CertificateRevocationList]], maintenant: datetime) -> None:
        """SV-3.6.4-01, SV-3.6.4-03: a list out of date is told, once a day."""
        for niveau, crl in listes:
            fait = (maintenant.date(), niveau)
            if niveau in LISTES and fait not in self._alertees and self.perimee(crl, maintenant):
                self._alertees.add(fait)
                self.ecran.alerter(
                    f"Liste de révocation (CRL) des certificats de {LISTES[niveau]} périmée depuis le "
                    f"{crl.next_update_utc:%d/%m/%Y} ; la mettre à jour sur le poste"
                )
