"""Which flows leave, and under which reimbursement frame (cdc §3.2.3.4, §3.2.7.2, §4.2.1.12.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from norms.contrat.adaptateur import TiersPayant
from norms.contrat.base import TypeFacture
from reference.facturation.amo_seule import est_hors_amo
from reference.facturation.contexte import GESTION_SEPAREE, GESTION_UNIQUE, ContexteAmc
from reference.facturation.eclateur import Eclateur
from reference.modele import PrestationTarifee

#: Reimbursement frame of group 1410, by (third-party payment AMO, AMC) (``tables/cadres_remboursement.yaml``).
CADRES = {(False, False): "1", (True, False): "2", (True, True): "3", (False, True): "4"}


@dataclass(frozen=True, slots=True)
class FluxAElaborer:
    """One invoice to make: its type, its prestations with the amounts that belong to it, its frame."""

    type: TypeFacture
    prestations: tuple[PrestationTarifee, ...]
    cadre_remboursement: str
    amc: ContexteAmc | None
    eclatement: str
    par_oct: Eclateur | None = None


def cadre_remboursement(type_: TypeFacture, tiers_payant: TiersPayant, amc: ContexteAmc | None) -> str:
    """Group 1410. The FSE speaks of the AMC part only when it carries it (cdc §3.2.7.2)."""
    porte_amc = amc is not None and amc.tiers_payant and (type_ == TypeFacture.DRE or amc.gestion == GESTION_UNIQUE)
    return CADRES[tiers_payant.amo, porte_amc]


def types_de_flux(amc: ContexteAmc | None) -> tuple[TypeFacture, ...]:
    """The table of cdc §4.2.1.12.1 for invoices with AMO acts and no splitting concentrator."""
    if amc is not None and amc.gestion == GESTION_SEPAREE:
        return TypeFacture.FSE, TypeFacture.DRE
    return (TypeFacture.FSE,)


def types_sans_acte_amo(amc: ContexteAmc | None) -> tuple[TypeFacture, ...]:
    """The same table when there is no act for the AMO: a DRE alone, a FSE alone, or nothing."""
    if amc is None:
        return ()
    return (TypeFacture.DRE,) if amc.gestion == GESTION_SEPAREE else (TypeFacture.FSE,)


@dataclass
class DecisionFlux:
    """Splits a priced invoice into the flows to send; ``eclateur``: the concentrator does it (annexe5 §4.3)."""

    eclateur: Eclateur | None = None
    types_de_flux: Callable[[ContexteAmc | None], tuple[TypeFacture, ...]] = types_de_flux
    types_sans_acte_amo: Callable[[ContexteAmc | None], tuple[TypeFacture, ...]] = types_sans_acte_amo
    cadre_remboursement: Callable[[TypeFacture, TiersPayant, ContexteAmc | None], str] = cadre_remboursement

    def decider(
        self, prestations: tuple[PrestationTarifee, ...], tiers_payant: TiersPayant, amc: ContexteAmc | None
    ) -> tuple[FluxAElaborer, ...]:
        """The FSE, and the DRE after it when there is one (SV-4.2.1.12.1-01); nothing when no flow is due.

        Acts that the AMO never pays are left out of a FSE that bears no complementary part.
        """
        if self.eclateur is not None and amc is not None and amc.gestion == GESTION_SEPAREE:
            portees = prestations if amc.tiers_payant else tuple(sans_part_amc(prestations))
            cadre = self.cadre_remboursement(TypeFacture.FSE, tiers_payant, amc)
            return (FluxAElaborer(TypeFacture.FSE, portees, cadre, amc, self.eclateur.eclatement, self.eclateur),)
        pour_amo = tuple(p for p in prestations if not est_hors_amo(p.code))
        types = self.types_de_flux(amc) if pour_amo else self.types_sans_acte_amo(amc)
        eclatee = {TypeFacture.FSE, TypeFacture.DRE} <= set(types)
        flux = []
        for type_ in types:
            porte = amc if type_ == TypeFacture.DRE or (amc and amc.gestion == GESTION_UNIQUE) else None
            montants_amc = porte is not None and porte.tiers_payant
            flux.append(
                FluxAElaborer(
                    type_,
                    prestations if montants_amc else tuple(sans_part_amc(prestations if porte else pour_amo)),
                    self.cadre_remboursement(type_, tiers_payant, amc),
                    porte,
                    "E" if eclatee else "",
                )
            )
        return tuple(flux)


def sans_part_amc(prestations: Iterable[PrestationTarifee]) -> Iterable[PrestationTarifee]:
    """SV-3.2.7.2-13, SV-3.2.7.2-14: amounts of the AMC part are absent."""
    return (replace(p, montant_amc=0) for p in prestations)
