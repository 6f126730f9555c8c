"""``preagrement exigence``: what a requirement says, how it is read, which scenarios verify it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from harness.catalogue import load_catalogue
from harness.cli.commun import ERREUR_BANC, OptionJson, Sortie, fautes
from harness.scenarios import ErreurScenario, discover, load_scenario, suggest


def command(
    identifiant: Annotated[str, typer.Argument(help="Identifiant, par exemple SV-4.2.1.16.1-07.")],
    machine: OptionJson = False,
) -> None:
    """Montre une exigence : énoncé, vérification, scénarios qui la citent."""
    sortie = Sortie(machine=machine)
    with fautes(sortie):
        catalogue = load_catalogue()
    exigence = catalogue.get(identifiant)
    if exigence is None:
        sortie.erreur(f"exigence {identifiant} inconnue{suggest(identifiant, catalogue)}")
        raise typer.Exit(ERREUR_BANC)
    parentes = {exigence.id, catalogue.cible(exigence.id).id, *(d.id for d in catalogue.doublons_de(exigence.id))}
    scenarios = []
    for chemin in discover():
        try:
            scenario = load_scenario(chemin).scenario
        except ErreurScenario:
            continue  # lint says what is wrong with it
        if parentes.intersection(scenario.exigences):
            scenarios.append(scenario)
    if machine:
        sortie.json({**asdict(exigence), "reference": exigence.reference, "scenarios": [s.id for s in scenarios]})
        return
    lecture = catalogue.lectures.get(exigence.lecture)
    for titre, texte in (
        ("exigence", f"{exigence.id}  {exigence.reference}  {exigence.niveau}"),
        ("énoncé", exigence.enonce),
        ("vérification", exigence.verification),
        ("domaine", f"{exigence.domaine}, {exigence.sujet}, observable : {exigence.observable}"),
        ("applicable", ", ".join(exigence.applicable)),
        ("testable", "oui" if exigence.testable else "non"),
        ("raison", exigence.raison),
        ("hypothèse", "oui : un échec est une réserve" if exigence.hypothese else ""),
        ("doublon de", exigence.doublon_de),
        ("lecture", f"{lecture.obscur} → {lecture.retenu}" if lecture else ""),
        ("scénarios", "\n".join(f"{s.id}  {s.titre}" for s in scenarios) or "aucun"),
    ):
        for rang, ligne in enumerate(texte.splitlines()):
            sortie.line(f"  {titre if rang == 0 else '':<14}{ligne}")
