"""Collecting the mailbox: each message is kept, understood, held against what was sent, then deleted (cdc §4.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from norms.contrat.ports import Horloge
from reference.ecran import Ecran
from reference.ports import Reception
from reference.store import Base, RetourConserve, Retours
from reference.suivi.arl import TraitementArl
from reference.suivi.courrier import ARL, ART, INCONNU, NON_REMISE, RSP, SERVICE, Courrier, LectureCourrier
from reference.suivi.rsp import TraitementRsp
from reference.suivi.service import TraitementService

Traitement = Callable[[Courrier], tuple[RetourConserve, ...]]


@dataclass
class ReceptionRetours:
    """Collects and dispatches; a message is deleted from the mailbox only once kept here."""

    reception: Reception
    base: Base
    retours: Retours
    lecture: LectureCourrier
    arl: TraitementArl
    rsp: TraitementRsp
    service: TraitementService
    ecran: Ecran
    horloge: Horloge

    def __post_init__(self) -> None:
        self.traitements: dict[str, Traitement] = {
            ARL: self.arl.traiter,
            RSP: self.rsp.traiter,
            SERVICE: self.service.service,
            ART: self.service.art,
            NON_REMISE: self.service.non_remise,
            INCONNU: self.service.inconnu,
        }

    def collecter(self) -> int:
        """Empties the mailbox; gives how many messages were new. Raises ReseauIndisponible."""
        nouveaux = 0
        with self.reception.ouvrir() as boite:
            for uid, octets in boite.messages():
                nouveaux += self._garder(uid, octets)
                boite.supprimer(uid)
            for uid in boite.trop_gros:
                self.ecran.alerter(f"Message {uid} trop gros pour ce poste, laissé dans la boîte")
        return nouveaux

    def presenter(self) -> tuple[RetourConserve, ...]:
        """The returns that the PS hasn't been given yet, each one once."""
        retours = self.retours.a_presenter()
        self.retours.marquer_presentes()
        if not retours:
            self.ecran.informer("Aucun retour nouveau")
        return retours

    def _rien(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """A return that says nothing is told to the PS: never a message without a word."""
        resume = f"{courrier.libelle} sans contenu, gardé sur le poste"
        self.ecran.alerter(resume[0].upper() + resume[1:])
        return (RetourConserve(INCONNU, resume, rapproche=False),)

    def _garder(self, uid: str, octets: bytes) -> bool:
        if self.retours.deja_recu(uid):
            return False
        courrier = self.lecture.lire(uid, octets)
        with self.base.transaction():
            self.retours.recevoir(uid, self.horloge.now().isoformat(), octets)
            for retour in self.traitements[courrier.nature](courrier) or self._rien(courrier):
                self.retours.noter(uid, retour)
            if courrier.nature != NON_REMISE:
                self.service.fin_de_serie_d_avis()
        return True
