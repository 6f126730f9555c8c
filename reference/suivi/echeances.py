"""Deadlines of the PS: sending, sending again (R.161-47; cdc §3.2.10.3, §3.3.1.2, §3.4.1.2).

Working days: Monday to Friday but French public holidays. A delay of n working days ends with the n-th working day
that follows the event; an absence of more than two working days stops the delays to send again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from norms.calendrier import Calendrier
from norms.contrat.base import TypeFacture
from norms.contrat.ports import Horloge
from norms.paquet import NormPack
from norms.tables import Nomenclature
from reference.ecran import Ecran
from reference.store import Absences, Factures, Fichiers, LotConserve, Lots, Retours
from reference.store import factures as etats_facture
from reference.store import lots as etats_lot
from reference.suivi.arl import PREVENIR

#: Working days to send a FSE paid by the patient, a FSE in third-party payment, to get an ARL, to send again.
DELAI_PAIEMENT_DIRECT, DELAI_TIERS_PAYANT, DELAI_ARL, DELAI_REEMISSION = 3, 8, 2, 2
#: An absence counts from more working days than this.
ABSENCE_COURTE = 2
EN_ATTENTE = (etats_facture.A_SIGNER, etats_facture.SECURISEE, etats_facture.EN_LOT)

Motif = Literal["paiement_direct", "dispense_avance", "arl_negatif", "sans_arl"]


@dataclass(frozen=True, slots=True)
class EcheanceCalculee:
    """One deadline: ``limite`` is the last day on which it is met."""

    objet: Literal["facture", "lot"]
    reference: str
    type: TypeFacture
    motif: Motif
    depuis: date
    limite: date
    depassee: bool


@dataclass
class Echeances:
    """Computes deadlines and recalls them."""

    factures: Factures
    lots: Lots
    fichiers: Fichiers
    retours: Retours
    absences: Absences
    ecran: Ecran
    horloge: Horloge
    calendrier: Calendrier
    pack: NormPack
    delai_paiement_direct: int = DELAI_PAIEMENT_DIRECT
    delai_tiers_payant: int = DELAI_TIERS_PAYANT
    delai_arl: int = DELAI_ARL
    delai_reemission: int = DELAI_REEMISSION
    prevenir: str = PREVENIR
    types_suivis: frozenset[TypeFacture] = frozenset(TypeFacture)
    ajouter: Callable[[date, int], date] = field(init=False)

    def __post_init__(self) -> None:
        self.ajouter = self.calendrier.ajouter_jours_ouvres

    # --- what is due ------------------------------------------------------------------------------------------
    def toutes(self) -> tuple[EcheanceCalculee, ...]:
        """Every deadline that runs or is past."""
        return (*self._transmissions(), *self.reemissions())

    def _transmissions(self) -> Iterator[EcheanceCalculee]:
        """SV-3.2.10.3-02, -03: three days when the patient pays, eight otherwise; the DRE as the FSE (-04)."""
        for f in self.factures.toutes():
            if f.statut not in EN_ATTENTE:
                continue
            direct = f.type == TypeFacture.FSE and f.totaux.assure >= f.totaux.total
            delai = self.delai_paiement_direct if direct else self.delai_tiers_payant
            depuis = date.fromisoformat(f.date_elaboration)
            motif: Motif = "paiement_direct" if direct else "dispense_avance"
            limite = self.ajouter(depuis, delai)
            yield EcheanceCalculee("facture", f.numero, f.type, motif, depuis, limite, self._depassee(limite))

    def reemissions(self) -> Iterator[EcheanceCalculee]:
        """Lots to send again: after a negative ARL (SV-3.3.1.2-15, -19), or without any (SV-3.4.1.2-15, -19)."""
        jour = self.horloge.now().date()
        for lot in self.lots.tous():
            if lot.type not in self.types_suivis:
                continue
            if lot.statut == etats_lot.REJETE and not self._reemission_vaine(lot):
                recu = self.retours.dernier_arl(lot.reference)
                if recu is not None:
                    limite = self._suspended(recu, self.delai_reemission)
                    depassee = self._depassee(limite)
                    yield EcheanceCalculee("lot", lot.reference, lot.type, "arl_negatif", recu, limite, depassee)
            if lot.statut == etats_lot.TRANSMIS:
                envoi = self.envoye_le(lot.id)
                if envoi is None:
                    continue
                attendu = self._suspended(envoi, self.delai_arl)
                if jour > attendu:
                    limite = self._suspended(attendu, self.delai_reemission)
                    depassee = self._depassee(limite)
                    yield EcheanceCalculee("lot", lot.reference, lot.type, "sans_arl", envoi, limite, depassee)

    def _depassee(self, limite: date) -> bool:
        return self.horloge.now().date() > limite

    def _reemission_vaine(self, lot: LotConserve) -> bool:
        """SV-3.3.1.2-22: a lot too old or post-dated isn't sent again, paper takes over."""
        return lot.code_rejet in Nomenclature(self.pack, "codes_arl")

    def _suspended(self, depart: date, nombre: int) -> date:
        """SV-3.3.1.2-18, SV-3.4.1.2-18: the delay doesn't run during an absence of more than two working days."""
        longues = [
            (du, au)
            for du, au in self.absences.toutes()
            if self.calendrier.jours_ouvres_entre(du - timedelta(days=1), au) > ABSENCE_COURTE
        ]
        jour, reste = depart, nombre
        while reste:
            jour = self.ajouter(jour, 1)
            reste -= not any(du <= jour <= au for du, au in longues)
        return jour

    def envoye_le(self, lot: int) -> date | None:
        """The day on which a lot last left."""
        instants = [m.instant for f in self.fichiers.contenant(lot) for m in self.fichiers.messages_du_fichier(f.id)]
        return datetime.fromisoformat(max(instants)).date() if instants else None

    # --- what is told -----------------------------------------------------------------------------------------
    def rappeler(self) -> None:
        """Shows the deadlines of sending that are past, and every lot to send again."""
        for e in self._transmissions():
            if e.depassee:
                delai = self.delai_paiement_direct if e.motif == "paiement_direct" else self.delai_tiers_payant
                self.ecran.alerter(
                    f"{e.type} {e.reference} du {e.depuis:%d/%m/%Y} non transmise après {delai} jours ouvrés"
                )
        self.rappeler_reemissions()

    def rappeler_reemissions(self) -> None:
        """SV-3.3.1.2-17, SV-3.4.1.2-17: at the latest when another invoice leaves, the PS is told again."""
        for e in self.reemissions():
            cause = "rejeté" if e.motif == "arl_negatif" else "sans ARL"
            suite = f" et {self.prevenir}" if self.prevenir else ""
            self.ecran.alerter(
                f"Lot {e.reference} de {e.type} {cause} depuis le {e.depuis:%d/%m/%Y} : le réémettre au plus tard le "
                f"{e.limite:%d/%m/%Y}{suite}"
            )
