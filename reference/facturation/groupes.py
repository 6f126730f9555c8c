"""The data groups given to « Formater facture », for a FSE or a DRE (cdc §4.2.1.13; fields: ssv/groupes.yaml)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from norms.contrat.adaptateur import Prescription
from norms.ssv import CatalogueGroupes, Groupe
from norms.tables import Organismes
from reference.facturation.contexte import ContexteAmc, ContexteAmo
from reference.facturation.eclateur import Eclateur
from reference.facturation.flux import FluxAElaborer
from reference.modele import (
    CARTE_VITALE,
    Beneficiaire,
    Droits,
    PrestationTarifee,
    ProfessionnelDeSante,
    SituationFacturation,
)

#: Nature of the AMO proof by support of rights (``tables/pieces_justificatives.yaml``).
PIECES = {CARTE_VITALE: "1"}
AUTRE_PIECE = "3"
FACTURE_NORMALE = "0"
CENTRE_INCONNU = "000"
#: The beneficiary is an insured person or one of his dependants (public: test data of wrappers of the SSV).
TYPE_BENEFICIAIRE = "T"


@dataclass(frozen=True, slots=True)
class DonneesFacture:
    """Everything an invoice says beside its prestations."""

    numero: str
    date_elaboration: date
    ps: ProfessionnelDeSante
    situation: SituationFacturation
    droits: Droits
    beneficiaire: Beneficiaire
    contexte_amo: ContexteAmo
    prescription: Prescription | None = None
    forcage_amo: str = ""


@dataclass
class ConstitutionGroupes:
    """Builds the groups; the recipient organisation comes from the table of the norm (SV-4.2.1.12.2.1-01)."""

    catalogue: CatalogueGroupes
    organismes: Organismes
    organisme_destinataire: Callable[[str, str, str], str]

    def constituer(self, d: DonneesFacture, flux: FluxAElaborer) -> tuple[Groupe, ...]:
        """Groups 1110 to 1710, in the order of the norm. Raises ErreurGroupe on a value the norm can't hold."""
        return tuple(self._groups(d, flux))

    def _groups(self, d: DonneesFacture, flux: FluxAElaborer) -> Iterator[Groupe]:
        creer = self.catalogue.creer
        situation, droits, b = d.situation, d.droits, d.beneficiaire
        yield creer(
            1110,
            numero_facture=d.numero,
            nature_operation=FACTURE_NORMALE,
            date_elaboration=_day(d.date_elaboration),
            numero_situation=situation.numero,
        )
        yield creer(
            1120,
            numero_facturation=situation.numero_facturation,
            cle_facturation=situation.cle_facturation,
            nom=d.ps.nom,
            prenom=d.ps.prenom,
            code_conventionnel=situation.code_conventionnel,
            specialite=situation.specialite,
            zone_tarifaire=situation.zone_tarifaire,
            zone_ik=situation.zone_ik,
            agrement_1=situation.agrements[0],
            agrement_2=situation.agrements[1],
            agrement_3=situation.agrements[2],
            rpps=d.ps.rpps,
        )
        yield creer(
            1130,
            type_identification=TYPE_BENEFICIAIRE,
            nir_assure=droits.nir_assure,
            cle_nir_assure=droits.cle_assure,
            date_naissance=b.naissance,
            rang_naissance=b.rang,
            qualite=b.qualite,
            code_couverture=d.contexte_amo.code_couverture,
        )
        if b.nir:
            yield creer(1160, nir_individuel=b.nir, cle_nir_individuel=b.cle_nir)
        if d.prescription is not None:
            yield self._prescription(d.prescription)
        yield creer(
            1310,
            regime=droits.regime,
            caisse=droits.caisse,
            centre=droits.centre,
            organisme_destinataire=self.organisme_destinataire(*droits.organisme),
            centre_informatique=self._computing_centre(droits),
        )
        if flux.amc is not None:
            yield self._insurer(flux.amc, flux.par_oct)
        if flux.amc is not None or flux.eclatement:
            operateur = flux.amc.convention.operateur_reglement if flux.amc else ""
            yield creer(1322, operateur_reglement=operateur, eclatement=flux.eclatement)
        yield creer(1410, cadre_remboursement=flux.cadre_remboursement)
        piece = droits.piece_amo or PIECES.get(droits.support_droits, AUTRE_PIECE)
        yield creer(1420, nature_piece=piece, support_droits=droits.support_droits)
        yield creer(1430, indicateur_parcours=d.contexte_amo.parcours)
        yield creer(
            1510,
            nature_assurance=d.contexte_amo.nature_assurance,
            justificatif_exoneration=d.contexte_amo.exoneration,
            forcage_amo=d.forcage_amo,
            code_gestion=droits.code_gestion,
        )
        for rang, p in enumerate(flux.prestations, start=1):
            yield self._prestation(rang, p)
        yield self._totals(flux.prestations)

    def _prescription(self, p: Prescription) -> Groupe:
        """SV-3.2.1.6-05: who prescribed, and where."""
        return self.catalogue.creer(
            1210,
            numero_prescripteur=p.numero[:8],
            cle_prescripteur=p.numero[8:],
            specialite_prescripteur=p.specialite,
            date_prescription=p.date.replace("-", ""),
            rpps_prescripteur=p.rpps,
            structure_prescription=p.structure,
        )

    def _computing_centre(self, droits: Droits) -> str:
        """The computing centre when the table knows it; left empty otherwise, the services have a table of theirs."""
        centre = self.organismes.centre_informatique(*droits.organisme)
        return "" if centre == CENTRE_INCONNU else centre

    def _insurer(self, amc: ContexteAmc, par_oct: Eclateur | None) -> Groupe:
        """Group 1321; the address is the one the table of cdc §4.2.1.12.2.2 gave. An enriched FSE tells the
        third-party payment on the AMC part here, and nowhere else (SV-A5-4.3.2-05)."""
        complementaire, convention = amc.complementaire, amc.convention
        zones = par_oct.zones(amc.tiers_payant) if par_oct else ("", "")
        return self.catalogue.creer(
            1321,
            type_contrat=par_oct.contrat(complementaire.type_contrat) if par_oct else complementaire.type_contrat,
            zone_amc_1=zones[0],
            zone_amc_2=zones[1],
            numero_amc=convention.numero_amc,
            numero_adherent=par_oct.adherent(complementaire.numero_adherent)
            if par_oct
            else complementaire.numero_adherent,
            code_application=convention.code_application,
            code_routage=amc.adresse.code_routage,
            domaine=amc.adresse.domaine,
            indicateur_traitement=complementaire.indicateur_traitement,
            identifiant_hote=amc.adresse.identifiant_hote,
            identifiant_assure_amc=complementaire.numero_adherent,
        )

    def _prestation(self, rang: int, p: PrestationTarifee) -> Groupe:
        """Group 1610, with all that pricing gave (SV-4.2.1.13-05)."""
        return self.catalogue.creer(
            1610,
            rang=str(rang),
            date_soins=_day(p.date_soins),
            code_prestation=p.code,
            quantite=str(p.quantite),
            coefficient=p.coefficient,
            prix_unitaire=str(p.prix_unitaire),
            base_remboursement=str(p.base_remboursement),
            taux=str(p.taux),
            montant_amo=str(p.montant_amo),
            honoraires=str(p.honoraires),
            montant_amc=str(p.montant_amc),
            qualificatif_depense=p.qualificatif_depense,
            lieu_execution=p.lieu,
            justificatif_exoneration=p.justificatif_exoneration,
        )

    def _totals(self, prestations: tuple[PrestationTarifee, ...]) -> Groupe:
        total = sum(p.honoraires for p in prestations)
        amo = sum(p.montant_amo for p in prestations)
        return self.catalogue.creer(
            1710,
            total_facture=str(total),
            total_amo=str(amo),
            part_assure=str(total - amo),
            total_amc=str(sum(p.montant_amc for p in prestations)),
        )


def _day(jour: date) -> str:
    return jour.strftime("%Y%m%d")
