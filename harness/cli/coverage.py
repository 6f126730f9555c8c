"""``preagrement coverage``: how many requirements are checked, and which are not, by domain."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from harness.catalogue import load_catalogue
from harness.cli.commun import CONFORME, NON_CONFORME, Chemins, OptionJson, OptionLps, Sortie, fautes
from harness.couverture import Couverture, measure
from harness.mutants import Jury, Preuve, list_mutants, load_proofs
from harness.scenarios import FichierScenario, discover, load_scenario

_COLONNES = ("testables", "auto", "attestation", "a_faire", "non_testable")
_TITRES = ("testables", "auto", "attestées", "à faire", "non testables")


def command(
    chemins: Chemins = None,
    domaine: Annotated[str, typer.Option("--domaine", help="Liste ce qui reste à faire dans ce domaine.")] = "",
    verifier: Annotated[
        bool, typer.Option("--verifier", help="Rejoue les mutants enregistrés au lieu de les croire.")
    ] = False,
    lps: OptionLps = None,
    machine: OptionJson = False,
) -> None:
    """Couverture des exigences, par domaine."""
    sortie = Sortie(machine=machine)
    code = CONFORME
    with fautes(sortie):
        catalogue = load_catalogue()
        scenarios = [load_scenario(c) for c in discover(chemins or [])]
        preuves = load_proofs()
        if verifier:
            tenues = _replay(preuves, scenarios, lps)
            for perdue in sorted(set(preuves) - tenues):
                sortie.line(
                    f"n'est plus démasqué : {perdue.mutant} par {perdue.scenario} ({perdue.exigence})", "bold red"
                )
                code = NON_CONFORME
            preuves = [p for p in preuves if p in tenues]
        couverture = measure(catalogue, scenarios, preuves)
    if machine:
        sortie.json(couverture.summary())
    elif domaine:
        _list_remaining(sortie, couverture, domaine)
    else:
        _table(sortie, couverture)
    raise typer.Exit(code)


def _replay(preuves: list[Preuve], scenarios: list[FichierScenario], lps: Path | None) -> set[Preuve]:
    """Plays the recorded mutants again: the proofs that still hold."""
    from harness.cli.mutants import mutants_bench  # noqa: PLC0415 -- heavy, only for this option

    enregistres = {p.mutant for p in preuves}
    with tempfile.TemporaryDirectory(prefix="preagrement-mutants-") as temporaire:
        banc = mutants_bench(lps, 1, Path(temporaire))
        jury = Jury(banc, scenarios)
        epreuves = [jury.try_mutant(m) for m in list_mutants(banc.lps) if m.id in enregistres]
    return {p for e in epreuves for p in e.preuves}


def _table(sortie: Sortie, couverture: Couverture) -> None:
    bilan = couverture.summary()
    table = Table(show_edge=False)
    table.add_column("domaine", no_wrap=True)
    for titre in _TITRES:
        table.add_column(titre, justify="right")
    for nom, comptes in bilan["par_domaine"].items():
        table.add_row(nom, *(str(comptes[c]) for c in _COLONNES))
    table.add_section()
    table.add_row("total", *(str(bilan[c]) for c in _COLONNES), style="bold")
    sortie.console.print(table)
    if couverture.sans_mutant:
        sortie.line(
            f"{len(couverture.sans_mutant)} exigences ont un attendu qu'aucun mutant démasqué ne prouve"
            " (--domaine en donne la liste)"
        )


def _list_remaining(sortie: Sortie, couverture: Couverture, domaine: str) -> None:
    restantes = [
        e for e in couverture.catalogue.distinctes() if e.domaine == domaine and couverture.etats[e.id] == "a_faire"
    ]
    for exigence in restantes:
        note = "  (attendu sans mutant)" if exigence.id in couverture.sans_mutant else ""
        sortie.line(f"{exigence.id:<24}{exigence.niveau:<12}{exigence.observable:<12}{exigence.enonce}{note}")
    sortie.line(f"{len(restantes)} exigences à faire dans « {domaine} »")
