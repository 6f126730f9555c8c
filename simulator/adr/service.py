"""The function of ADR, served over HTTP beside the others (cdc §2.2.1.3); its messages are ours (``hypothese``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from norms.contrat.services import GroupeDonnees, InterrogerAdr, RetourAdr
from simulator.adr.dossiers import Droits, DroitsEnLigne
from simulator.apcv.portefeuille import Portefeuille
from simulator.cards.modele import ContenuVitale
from simulator.services.refus import SansReponse
from simulator.ssv.contexte import Contexte
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.lecture import Lecture, vitale_groups

#: Return codes of ours (``hypothese``).
ERREUR, INCONNU = "A201", "A202"
#: Fields of group 101 that say something of the card itself: type, serial number, end of validity.
DE_LA_CARTE = 3


@dataclass
class Adr:
    """Answers for one person at a time. ``contexte_apcv``: content and rank given by an open ApCV context."""

    contexte: Contexte
    lecture: Lecture
    portefeuille: Portefeuille
    droits: DroitsEnLigne
    contexte_apcv: Callable[[str], ContenuVitale]

    def interroger(self, params: InterrogerAdr) -> RetourAdr:
        """The rights of one person. Raises RefusSsv, and SansReponse when ADR must say nothing."""
        with self.contexte.postes.operation(params.ressource_ps, "ps") as poste:
            self.lecture.read_ps(poste, params.code_porteur)
        trouves = self._person(params)
        self.portefeuille.patienter()
        if self.portefeuille.defaut == "adr_silence":
            raise SansReponse
        if self.portefeuille.defaut == "adr_erreur":
            raise RefusSsv(ERREUR, "ADR : droits indisponibles")
        if trouves is None:
            raise RefusSsv(INCONNU, "ADR : bénéficiaire inconnu de l'assurance maladie obligatoire")
        ame = trouves.ame
        return RetourAdr(
            groupes=tuple(_without_card(g) for g in vitale_groups(self.contexte, trouves.contenu)),
            nature_piece_amo=self.droits.piece_amo,
            nature_piece_amc=self.droits.piece_amc if trouves.contenu.beneficiaires[0].mutuelle else "",
            ame_debut=f"{ame.debut:%Y%m%d}" if ame and ame.debut else "",
            ame_fin=f"{ame.fin:%Y%m%d}" if ame and ame.fin else "",
        )

    def _person(self, params: InterrogerAdr) -> Droits | None:
        if not params.contexte:
            return self.droits.find(params.nir, params.naissance, params.rang)
        image = self.contexte_apcv(params.contexte)
        if params.numero > len(image.beneficiaires):
            raise RefusSsv(INCONNU, f"ADR : bénéficiaire n° {params.numero} absent du contexte")
        b = image.beneficiaires[params.numero - 1]
        return self.droits.find(image.assure.nir, b.naissance, b.rang)


def _without_card(groupe: GroupeDonnees) -> GroupeDonnees:
    if groupe.groupe != 101:
        return groupe
    return groupe.model_copy(update={"champs": ("",) * DE_LA_CARTE + groupe.champs[DE_LA_CARTE:]})
