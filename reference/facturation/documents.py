"""What is printed: the receipt of a patient who pays, the paper form of a degraded FSE (cdc §3.2.8.1, §3.4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.montants import format_euros
from reference.ecran import Ecran
from reference.facturation.groupes import DonneesFacture
from reference.modele import PrestationTarifee, Totaux
from reference.store import FactureConservee

MENTION_DEGRADE = "Télétransmission dégradée"
DUPLICATA = "DUPLICATA"


@dataclass
class Documents:
    """Prints what an invoice calls for."""

    ecran: Ecran
    mention_degrade: str = MENTION_DEGRADE

    def finaliser(
        self,
        d: DonneesFacture,
        mode: ModeSecurisation,
        prestations: Sequence[PrestationTarifee],
        totaux: Totaux,
    ) -> None:
        """Receipt when the patient pays (SV-3.2.8.1-01), paper form in degraded mode only (SV-3.4.2-02, SV-3.5-06)."""
        if totaux.assure:
            self.ecran.imprimer("quittance", _receipt(d, totaux))
        if mode == ModeSecurisation.DEGRADE:
            self.ecran.imprimer("feuille_de_soins", _paper_form(d, prestations, totaux, self.mention_degrade))

    def duplicata(self, facture: FactureConservee) -> None:
        """A FSE the AMO refused goes back to paper, if not made again (SV-3.3.2-18, SV-3.3.2-19, SV-3.4.3-03)."""
        if facture.type != TypeFacture.FSE:
            return
        jour = date.fromisoformat(facture.date_elaboration)
        lignes = [
            DUPLICATA,
            f"Feuille de soins électronique n° {facture.numero} du {jour:%d/%m/%Y}",
            f"Bénéficiaire : {facture.nom} {facture.prenom}",
            f"Total : {format_euros(facture.totaux.total)}",
            f"Part obligatoire : {format_euros(facture.totaux.amo)}",
            f"Part complémentaire : {format_euros(facture.totaux.amc)}",
            f"Motif : {facture.motif_rejet}",
        ]
        self.ecran.imprimer("duplicata", "\n".join(lignes))


def _receipt(d: DonneesFacture, totaux: Totaux) -> str:
    s = d.situation
    return "\n".join(
        (
            "QUITTANCE",
            f"{d.ps.prenom} {d.ps.nom}, {s.raison_sociale}, n° {s.numero_facturation} {s.cle_facturation}",
            f"Facture n° {d.numero} du {d.date_elaboration:%d/%m/%Y}",
            f"Bénéficiaire : {d.beneficiaire.nom} {d.beneficiaire.prenom}",
            f"Montant total : {format_euros(totaux.total)}",
            f"Payé par l'assuré : {format_euros(totaux.assure)}",
            f"Organisme destinataire : {' '.join(d.droits.organisme)}",
        )
    )


def _paper_form(d: DonneesFacture, prestations: Sequence[PrestationTarifee], totaux: Totaux, mention: str) -> str:
    actes = [
        f"{p.date_soins:%d/%m/%Y}  {p.code}  x{p.quantite}  {format_euros(p.honoraires)}  taux {p.taux} %"
        for p in prestations
    ]
    s = d.situation
    return "\n".join(
        (
            "FEUILLE DE SOINS",
            *((mention,) if mention else ()),
            f"Assuré : {d.droits.nir_assure} {d.droits.cle_assure}, organisme {' '.join(d.droits.organisme)}",
            f"Bénéficiaire : {d.beneficiaire.nom} {d.beneficiaire.prenom}, né(e) le {d.beneficiaire.naissance}",
            f"Professionnel de santé : {d.ps.prenom} {d.ps.nom}, n° {s.numero_facturation} {s.cle_facturation}",
            f"Facture n° {d.numero} du {d.date_elaboration:%d/%m/%Y}",
            *actes,
            f"Total : {format_euros(totaux.total)}",
            f"Part obligatoire : {format_euros(totaux.amo)}",
            f"Payé par l'assuré : {format_euros(totaux.assure)}",
        )
    )
