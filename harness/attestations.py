"""Answers given by a person to what the bench can't see: ``{SCENARIO: {EXIGENCE: oui}}`` in a YAML file."""

from __future__ import annotations

from pathlib import Path

from norms.chargement import load


def load_attestations(chemin: str | None) -> dict[str, dict[str, str]]:
    """Reads the answers. Raises ErreurChargement with the line that is wrong."""
    if not chemin:
        return {}
    document = load(Path(chemin))
    donnees = document.donnees or {}
    if not isinstance(donnees, dict):
        raise document.erreur((), "une table est attendue : identifiant de scénario, exigence, réponse")
    for scenario, reponses in donnees.items():
        if not isinstance(reponses, dict) or not all(isinstance(r, str) for r in reponses.values()):
            raise document.erreur((scenario,), "une table « exigence: réponse » est attendue sous chaque scénario")
    return donnees
