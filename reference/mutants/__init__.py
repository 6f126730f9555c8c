"""Known-wrong variants of the reference, each a small deviation that the bench must catch.

A mutant is applied to the wired workstation, by replacing one of its collaborators: the domain code knows none of them.
"""

from __future__ import annotations

from types import MappingProxyType

from reference.mutants import (
    acquisition,
    cartes,
    delais,
    facturation,
    lots,
    modes,
    paiements,
    securisation,
    suivi,
    transmission,
)
from reference.mutants.modele import Mutant

MODULES = (
    acquisition,
    cartes,
    modes,
    facturation,
    securisation,
    lots,
    transmission,
    suivi,
    delais,
    paiements,
)
MUTANTS = MappingProxyType(
    {
        m.id: m
        for module in (
            acquisition,
            cartes,
            modes,
            facturation,
            securisation,
            lots,
            transmission,
            suivi,
            delais,
            paiements,
        )
        for m in module.MUTANTS
    }
)

__all__ = ["MUTANTS", "Mutant"]
