"""Known-wrong variants of the reference, each a small deviation that the bench must catch.

A mutant is applied to the wired workstation, by replacing one of its collaborators: the domain code knows none of them.
"""

from __future__ import annotations

from types import MappingProxyType

from reference.mutants import (
    acquisition,
    adr,
    annulation,
    apcv,
    cartes,
    certificats,
    coherence,
    concentrateurs,
    confidentielles,
    delais,
    enrichies,
    facturation,
    flux,
    habilitations,
    identification,
    lecteurs,
    lots,
    modes,
    oppositions,
    paiements,
    prescripteurs,
    reclamations,
    securisation,
    series,
    situations,
    suivi,
    tiers_payant,
    transmission,
)
from reference.mutants.modele import Mutant

MODULES = (
    acquisition,
    adr,
    annulation,
    apcv,
    cartes,
    certificats,
    coherence,
    concentrateurs,
    confidentielles,
    delais,
    enrichies,
    facturation,
    flux,
    habilitations,
    identification,
    lecteurs,
    lots,
    modes,
    oppositions,
    paiements,
    prescripteurs,
    reclamations,
    securisation,
    series,
    situations,
    suivi,
    tiers_payant,
    transmission,
)
MUTANTS = MappingProxyType({m.id: m for module in MODULES for m in module.MUTANTS})

__all__ = ["MUTANTS", "Mutant"]
