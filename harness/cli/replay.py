"""``preagrement replay``: plays one scenario again and shows how it went, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.affichage import format_result, replay_options, where
from harness.cli.commun import (
    STYLES,
    Chemins,
    OptionAttestations,
    OptionGraine,
    OptionInterne,
    OptionJson,
    OptionLecteurs,
    OptionLps,
    OptionNorme,
    OptionTrace,
    Sortie,
    fautes,
    options,
    show_traces,
)
from harness.modele.verdict import Campagne, Identite, ResultatScenario
from harness.scenarios import FichierScenario, discover, find_scenario


def command(  # noqa: PLR0917 -- the options of the command line
    scenario: Annotated[str, typer.Argument(help="Identifiant du scénario, ou son fichier.")],
    chemins: Chemins = None,
    lps: OptionLps = None,
    graine: OptionGraine = 1,
    lecteurs: OptionLecteurs = "simules",
    norme: OptionNorme = None,
    dossier: Annotated[Path, typer.Option("--dossier", help="Où déposer les preuves.")] = Path("preagrement-rejeu"),
    attestations: OptionAttestations = None,
    interne: OptionInterne = False,
    machine: OptionJson = False,
    tracer: OptionTrace = False,
) -> None:
    """Rejoue un scénario et montre son déroulé."""
    from harness.dossier import claim_directory  # noqa: PLC0415 -- heavy imports only when playing
    from harness.moteur import play  # noqa: PLC0415
    from harness.pytest_plugin import make_bench  # noqa: PLC0415

    sortie = Sortie(machine=machine)
    with fautes(sortie):
        fichier: FichierScenario = find_scenario(scenario, discover(chemins or []))
        choix = options(
            lps=lps,
            graine=graine,
            lecteurs=lecteurs,
            norme=norme,
            dossier=dossier,
            attestations=attestations,
            interne=interne,
        )
        banc = make_bench(choix)
        claim_directory(dossier)
    resultat = play(banc, fichier)
    _show(sortie, resultat, format_result(resultat, banc.catalogue, graine, replay_options(choix)), dossier)
    if tracer:
        show_traces(sortie, [resultat], dossier)
    if sortie.machine:
        sortie.json(resultat.model_dump(mode="json"))
    code = Campagne(identite=Identite(), scenarios=(resultat,), exigences=()).code_sortie
    raise typer.Exit(code)


def _show(sortie: Sortie, resultat: ResultatScenario, compte_rendu: list[str], dossier: Path) -> None:
    sortie.line(f"{resultat.id}  {resultat.titre}", "bold")
    for pas in resultat.deroule:
        sortie.line(f"  {pas.rang:>3}  {pas.genre:<8}  {pas.resume}" + (f"  → {pas.issue}" if pas.issue else ""))
    sortie.line()
    for constat in resultat.constats:
        ou = where(constat.preuves)
        sortie.line(f"  {constat.verdict.libelle:<14}  {constat.exigence}  {constat.pourquoi}", STYLES[constat.verdict])
        sortie.line(f"      {constat.sur} : {constat.constate}" + (f"   {ou}" if ou else ""))
    sortie.line()
    sortie.lines(compte_rendu, STYLES[resultat.verdict])
    sortie.line(f"preuves : {dossier / 'preuves' / resultat.id}")
