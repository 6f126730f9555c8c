"""Acquisition of the PS: identity and billing situations, from his card (cdc §4.2.1.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from norms.contrat.adaptateur import DonneesPs
from norms.ssv import Groupe
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.modele import ProfessionnelDeSante, SituationFacturation
from reference.ports import Services
from reference.session import Session

HABILITEE = "1"
#: Type of national identification that is a RPPS number.
RPPS = "8"


@dataclass
class AcquisitionPs:
    """Reads the PS's card through the supplied services; the code porteur goes straight through."""

    services: Services
    session: Session
    ecran: Ecran
    #: What the workstation holds for a PS whose card says nothing significant (SV-3.2.1.3-02, SV-3.2.1.7-01).
    donnees_poste: DonneesPs | None = None

    def lire(self, code_porteur: str | None, numero_situation: str | None) -> ProfessionnelDeSante:
        """Reads the card and chooses a situation (SV-4.2.1.2.1-04). Raises Refus."""
        ps = self.completer(parse_ps(self.services.lire_carte_ps(code_porteur)))
        situation = self.choisir(ps, numero_situation)
        self.session.changer_ps(ps, situation)
        self.ecran.informer(f"Carte du PS lue : {ps.prenom} {ps.nom}, {len(ps.situations)} situation(s) de facturation")
        if situation is None:
            choix = ", ".join(f"{s.numero} ({s.raison_sociale})" for s in ps.situations)
            self.ecran.questionner(f"Quelle situation de facturation ? {choix}")
        return ps

    def completer(self, ps: ProfessionnelDeSante) -> ProfessionnelDeSante:
        """Situations whose conventional data aren't significant on the card take those of the workstation."""
        situations = tuple(s if s.significative else self._du_poste(s) for s in ps.situations)
        return replace(ps, situations=situations)

    def _du_poste(self, s: SituationFacturation) -> SituationFacturation:
        saisies = self.donnees_poste
        if saisies is None or not (saisies.specialite and saisies.zone_tarifaire):
            self.ecran.questionner(
                f"Situation {s.numero} ({s.raison_sociale}) : la carte ne donne pas vos données conventionnelles ; "
                "saisir spécialité, convention, zone tarifaire et zone d'indemnité kilométrique au paramétrage du poste"
            )
            return s
        return replace(
            s,
            specialite=saisies.specialite,
            code_conventionnel=saisies.code_conventionnel,
            zone_tarifaire=saisies.zone_tarifaire,
            zone_ik=saisies.zone_ik,
        )

    @staticmethod
    def choisir(ps: ProfessionnelDeSante, numero: str | None) -> SituationFacturation | None:
        """The situation asked for, the only one, or None when the PS has to choose. Raises Refus."""
        if not ps.situations:
            raise Refus("cette carte ne porte aucune situation de facturation ; revenir à la feuille de soins papier")
        if numero is None:
            return ps.situations[0] if len(ps.situations) == 1 else None
        for situation in ps.situations:
            if situation.numero == numero:
                return situation
        connues = ", ".join(s.numero for s in ps.situations)
        raise Refus(f"situation {numero[:10]} absente de la carte ; situations : {connues}")


def parse_ps(groupes: Iterable[Groupe]) -> ProfessionnelDeSante:
    """Groups 1 and 2 as a PS and his situations."""
    titulaire: Groupe | None = None
    situations: list[SituationFacturation] = []
    for g in groupes:
        if g.id == 1:
            titulaire = g
        elif g.id == 2:
            situations.append(_situation(g))
    if titulaire is None:
        raise Refus("la carte du PS n'a pas donné son titulaire (groupe 1) ; la présenter de nouveau")
    v = titulaire.valeur
    return ProfessionnelDeSante(
        v("type_carte"),
        v("numero_identification"),
        v("civilite"),
        v("nom"),
        v("prenom"),
        tuple(situations),
        rpps=v("numero_identification") + v("cle_identification") if v("type_identification") == RPPS else "",
    )


def _situation(g: Groupe) -> SituationFacturation:
    v = g.valeur
    return SituationFacturation(
        numero=v("numero_logique"),
        numero_facturation=v("numero_facturation"),
        cle_facturation=v("cle_facturation"),
        specialite=v("specialite"),
        code_conventionnel=v("code_conventionnel"),
        zone_tarifaire=v("zone_tarifaire"),
        zone_ik=v("zone_ik"),
        agrements=(v("agrement_1"), v("agrement_2"), v("agrement_3")),
        raison_sociale=v("raison_sociale"),
        mode_exercice=v("mode_exercice"),
        signe_factures=v("habilitation_facture") == HABILITEE,
        signe_lots=v("habilitation_lot") == HABILITEE,
    )
