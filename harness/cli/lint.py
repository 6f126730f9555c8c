"""``preagrement lint``: what is wrong in scenario files, where, and what to do."""

from __future__ import annotations

from dataclasses import asdict

import typer

from harness.adaptateur.configuration import load_configuration
from harness.catalogue import load_catalogue
from harness.cli.commun import CONFORME, NON_CONFORME, Chemins, OptionJson, OptionLps, Sortie, fautes
from harness.lint import Monde, lint
from harness.mutants import ErreurMutants, list_mutants
from harness.scenarios import discover


def command(chemins: Chemins = None, lps: OptionLps = None, machine: OptionJson = False) -> None:
    """Vérifie les fichiers de scénarios."""
    sortie = Sortie(machine=machine)
    with fautes(sortie):
        fichiers = discover(chemins or [])
        try:
            mutants = frozenset(m.id for m in list_mutants(load_configuration(lps)))
        except ErreurMutants as exc:
            sortie.erreur(f"{exc} ; les noms de mutants ne sont pas vérifiés")
            mutants = None
        trouvees = lint(fichiers, Monde(load_catalogue(), mutants))
    graves = [f for f in trouvees if f.gravite == "faute"]
    if machine:
        sortie.json({"fichiers": len(fichiers), "fautes": [asdict(f) for f in trouvees]})
    for faute in trouvees:
        sortie.line(str(faute), "bold red" if faute.gravite == "faute" else "yellow")
    sortie.line(f"{len(fichiers)} fichier(s), {len(graves)} faute(s), {len(trouvees) - len(graves)} conseil(s)")
    raise typer.Exit(NON_CONFORME if graves else CONFORME)
