"""Deadlines the PS must be reminded of: sending, acknowledgement, sending again (R.161-47; cdc §3.2.10.3, §3.4.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from norms.calendrier import Calendrier
from norms.contrat.ports import Horloge
from reference.ecran import Ecran
from reference.store import Factures, Fichiers, Lots
from reference.store import factures as etats_facture
from reference.store import lots as etats_lot

#: Working days to send a FSE paid by the patient, a FSE in third-party payment, to get an ARL.
DELAI_PAIEMENT_DIRECT, DELAI_TIERS_PAYANT, DELAI_ARL = 3, 8, 2
EN_ATTENTE = (etats_facture.A_SIGNER, etats_facture.SECURISEE, etats_facture.EN_LOT)


@dataclass
class Echeances:
    """Looks at what waits for too long. Working days: Monday to Friday but French public holidays."""

    factures: Factures
    lots: Lots
    fichiers: Fichiers
    ecran: Ecran
    horloge: Horloge
    calendrier: Calendrier

    def rappeler(self) -> None:
        """Shows every deadline that is past."""
        for rappel in self._rappels(self.horloge.now().date()):
            self.ecran.alerter(rappel)

    def _rappels(self, jour: date) -> Iterator[str]:
        for f in self.factures.toutes():
            if f.statut not in EN_ATTENTE:
                continue
            direct = f.totaux.assure >= f.totaux.total
            delai = DELAI_PAIEMENT_DIRECT if direct else DELAI_TIERS_PAYANT
            if self.calendrier.jours_ouvres_entre(date.fromisoformat(f.date_elaboration), jour) > delai:
                yield f"{f.type} {f.numero} du {f.date_elaboration} non transmise après {delai} jours ouvrés"
        for lot in self.lots.tous(etats_lot.TRANSMIS):
            envoi = self._sent_on(lot.id)
            if envoi is not None and self.calendrier.jours_ouvres_entre(envoi, jour) > DELAI_ARL:
                yield (
                    f"Lot {lot.reference} sans ARL depuis le {envoi:%d/%m/%Y} : le réémettre sous deux jours ouvrés et "
                    "prévenir l'organisme destinataire"
                )

    def _sent_on(self, lot: int) -> date | None:
        instants = [m.instant for f in self.fichiers.contenant(lot) for m in self.fichiers.messages_du_fichier(f.id)]
        return datetime.fromisoformat(max(instants)).date() if instants else None
