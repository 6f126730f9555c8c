"""``preagrement adapter-check``: does the adapter speak the protocol? Not: is the LPS conforming?"""

from __future__ import annotations

from dataclasses import asdict

import typer

from harness.adaptateur.configuration import load_configuration
from harness.cli.commun import CONFORME, NON_CONFORME, OptionInterne, OptionJson, OptionLps, Sortie, fautes
from harness.plomberie import check_adapter


def command(lps: OptionLps = None, interne: OptionInterne = False, machine: OptionJson = False) -> None:
    """Vérifie la plomberie d'un adaptateur, pas sa conformité."""
    sortie = Sortie(machine=machine)
    with fautes(sortie):
        config = load_configuration(lps)
        if interne:
            config = config.in_process()
        controles = []
        for controle in check_adapter(config):
            controles.append(controle)
            etat, style = ("ok", "green") if controle.reussi else ("ÉCHEC", "bold red")
            if controle.conseil:
                etat, style = "conseil", "yellow"
            sortie.line(f"{etat:<8}  {controle.nom:<22}{controle.detail}", style)
    echecs = [c for c in controles if not c.reussi and not c.conseil]
    if machine:
        sortie.json({"reussi": not echecs, "controles": [asdict(c) for c in controles]})
    sortie.line(
        "l'adaptateur parle le protocole ; sa conformité se juge avec « preagrement run »"
        if not echecs
        else f"{len(echecs)} contrôle(s) en échec ; ce que le banc attend : docs/protocole.md"
    )
    raise typer.Exit(NON_CONFORME if echecs else CONFORME)
