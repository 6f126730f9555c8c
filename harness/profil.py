"""Whether a scenario concerns the LPS at hand, from the profile it declared in ``bonjour``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from harness.modele.scenario import Scenario
from norms.chargement import load_plain
from norms.contrat.adaptateur import ProfilLps


@cache
def axes() -> dict[str, Any]:
    """The axes of conditions (``harness/donnees/axes.yaml``)."""
    donnees: dict[str, Any] = load_plain(Path(__file__).parent / "donnees" / "axes.yaml")
    return donnees


def outside(scenario: Scenario, profil: ProfilLps) -> str:
    """Why the scenario is not applicable to this profile; empty when it is."""
    declarees = {*profil.professions, *profil.specialites}
    voulues = [p for p in scenario.profils if p != "tous"]
    if voulues and not any(_concerns(p, declarees) for p in voulues):
        return f"profil déclaré ({', '.join(sorted(declarees)) or 'vide'}) hors de : {', '.join(voulues)}"
    modes = [m for m in scenario.modes if m not in set(profil.modes)]
    if modes:
        return f"mode de sécurisation non déclaré : {', '.join(modes)}"
    capacites = [c for c in scenario.capacites if c not in set(profil.capacites)]
    if capacites:
        return f"capacité non déclarée : {', '.join(capacites)}"
    return ""


def known_profiles() -> set[str]:
    """Every value that ``profils`` may hold."""
    return {"tous", *axes()["professions"], *axes()["negations"]}


def _concerns(valeur: str, declarees: set[str]) -> bool:
    exclues = axes()["negations"].get(valeur)
    return bool(declarees - set(exclues)) if exclues else valeur in declarees
