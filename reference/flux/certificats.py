"""Which certificate encrypts an attachment: the recipient's, in force, not revoked (cdc §3.2.9.4, §3.6.4)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cryptography.x509 import Certificate

from norms.certificats import ErreurCertificat, choisir, est_revoque, plus_recent, read_certificate, read_crl
from norms.contrat.ports import Horloge
from norms.contrat.services import CertificatPublie
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.ports import Services

PIECE_JOINTE = "chiffrement_piece_jointe"


def du_destinataire(publies: Iterable[CertificatPublie], adresse: str) -> list[CertificatPublie]:
    """The attachment certificates of that address."""
    return [c for c in publies if c.usage == PIECE_JOINTE and c.adresse.lower() == adresse.lower()]


@dataclass
class CertificatsPieceJointe:
    """Chooses among the published certificates, read again at each sending so that updates count."""

    services: Services
    ecran: Ecran
    horloge: Horloge
    du_destinataire: Callable[[Iterable[CertificatPublie], str], list[CertificatPublie]] = field(
        default=du_destinataire
    )

    def choisir(self, adresse: str) -> Certificate:
        """The certificate to encrypt with; an expired one warns, a revoked one is refused. Raises Refus."""
        annuaire = self.services.certificats()
        candidats = self.du_destinataire(annuaire.certificats, adresse)
        try:
            certificats = [read_certificate(c.pem.encode(), origine=f"certificat de {adresse}") for c in candidats]
            crls = [read_crl(base64.b64decode(c.der)) for c in annuaire.crl]
            valables = [
                c for c in certificats if not any(crl.issuer == c.issuer and est_revoque(c, crl) for crl in crls)
            ]
        except ErreurCertificat as exc:
            raise Refus(f"chiffrement pour {adresse} impossible : {exc}") from exc
        maintenant = self.horloge.now()
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
