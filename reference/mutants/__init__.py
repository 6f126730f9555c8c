"""Known-wrong variants of the reference, each a small deviation that the bench must catch."""

from __future__ import annotations

from reference.mutants.modele import Mutant

MUTANTS: dict[str, Mutant] = {}

__all__ = ["MUTANTS", "Mutant"]
