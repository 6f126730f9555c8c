"""``preagrement cartes``: the fictitious cards that scenarios may put in readers."""

from __future__ import annotations

from typing import Any

from harness.catalogue import scenarios_directory
from harness.cli.commun import OptionJson, Sortie, fautes
from norms.chargement import load


def command(machine: OptionJson = False) -> None:
    """Liste les cartes fictives de la population."""
    sortie = Sortie(machine=machine)
    cartes: list[dict[str, Any]] = []
    with fautes(sortie):
        racine = scenarios_directory() / "population" / "cartes"
        for fichier in sorted(racine.rglob("*.yaml")):
            donnees = load(fichier).donnees
            libelle = str(donnees.get("but", ""))
            cartes.append({"nom": fichier.stem, "famille": fichier.parent.name, "libelle": libelle})
    if machine:
        sortie.json(cartes)
        return
    for carte in cartes:
        sortie.line(f"{carte['famille']:<8}{carte['nom']:<26}{carte['libelle']}")
