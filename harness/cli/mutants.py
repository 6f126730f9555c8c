"""``preagrement mutants``: is every deliberately faulty LPS unmasked?"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from harness.adaptateur.configuration import load_configuration
from harness.cli.commun import (
    CONFORME,
    ERREUR_BANC,
    NON_CONFORME,
    Chemins,
    OptionGraine,
    OptionJson,
    OptionLps,
    Sortie,
    fautes,
    options,
    progress,
)
from harness.moteur import Banc
from harness.mutants import Epreuve, Jury, list_mutants, machine_summary, write_proofs
from harness.pytest_plugin import make_bench
from harness.scenarios import discover, load_scenario


def command(  # noqa: PLR0917 -- the options of the command line
    chemins: Chemins = None,
    mutant: Annotated[list[str] | None, typer.Option("-m", help="N'essaie que ce mutant.")] = None,
    lps: OptionLps = None,
    graine: OptionGraine = 1,
    enregistrer: Annotated[
        bool, typer.Option("--enregistrer", help="Récrit scenarios/mutants.yaml d'après ce qui a été mesuré.")
    ] = False,
    machine: OptionJson = False,
) -> None:
    """Vérifie que chaque LPS fautif est démasqué."""
    sortie = Sortie(machine=machine)
    epreuves: list[Epreuve] = []
    malades: list[str] = []
    with fautes(sortie), tempfile.TemporaryDirectory(prefix="preagrement-mutants-") as temporaire:
        interne = bool(load_configuration(lps).fabrique)  # an LPS in another language has its command only
        banc = make_bench(options(lps=lps, graine=graine, interne=interne, dossier=Path(temporaire)))
        jury = Jury(banc, [load_scenario(c) for c in discover(chemins or [])])
        voulus = [m for m in list_mutants(banc.lps) if not mutant or m.id in mutant]
        inconnus = set(mutant or []) - {m.id for m in voulus}
        if inconnus:
            raise ValueError(f"mutant inconnu : {', '.join(sorted(inconnus))}")
        with progress(sortie, "mutants") as barre:
            barre.total(len(voulus))
            for candidat in voulus:
                epreuve = jury.try_mutant(candidat)
                epreuves.append(epreuve)
                barre.step(candidat.id)
                _show(sortie, epreuve)
        malades = [e.mutant.id for e in epreuves if e.faute_banc]
        if malades:
            sortie.erreur(f"le banc a failli avec {', '.join(malades)} : rien ne peut en être conclu")
        elif enregistrer:
            sortie.line(f"écrit : {write_proofs(p for e in epreuves for p in e.preuves)}")
    bilan = machine_summary(epreuves)
    sortie.line(f"{bilan['total']} mutants, {bilan['tues']} démasqués, {len(bilan['survivants'])} survivants")
    if machine:
        sortie.json(bilan)
    raise typer.Exit(ERREUR_BANC if malades else NON_CONFORME if bilan["survivants"] else CONFORME)


def mutants_bench(lps: Path | None, graine: int, dossier: Path) -> Banc:
    """A bench on this LPS, in process when it can be."""
    banc = make_bench(options(lps=lps, graine=graine, dossier=dossier))
    return replace(banc, lps=banc.lps.in_process()) if banc.lps.fabrique else banc


def _show(sortie: Sortie, epreuve: Epreuve) -> None:
    if not epreuve.tue:
        sortie.line(f"SURVIT     {epreuve.mutant.id}  {epreuve.mutant.titre}", "bold red")
        sortie.line(f"           {epreuve.detail}")
        return
    par = ", ".join(f"{p.scenario} ({p.exigence})" for p in epreuve.preuves)
    manquent = sorted(set(epreuve.mutant.exigences) - {p.exigence for p in epreuve.preuves})
    sortie.line(f"démasqué   {epreuve.mutant.id}  par {par}", "green")
    if manquent:
        sortie.line(f"           sans échec vu sur {', '.join(manquent)}", "yellow")
