"""``preagrement run --niveau messagerie``: the campaign of an LPS without adapter, with a person and its mail alone."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.affichage import format_result, summary
from harness.cli.commun import ERREUR_BANC, STYLES, Sortie, fautes
from harness.messagerie_seule.dialogue import Dialogue, DialogueJson, DialogueTerminal
from harness.messagerie_seule.session import Demarrage, run_session
from harness.modele.verdict import Campagne, Verdict
from harness.moteur import Banc
from harness.pytest_plugin import make_bench
from harness.rapports import write_reports
from harness.scenarios import FichierScenario, discover, load_scenario
from norms.contrat.ports import PARIS

AUJOURDHUI = "aujourdhui"


@dataclass(frozen=True, slots=True)
class OptionsMessagerie:
    """Options of the mail level."""

    reprendre: bool
    dialogue: str
    date: str
    port_smtp: int
    port_pop3: int


def play(choix: Any, chemins: list[Path], voulus: list[str], options: OptionsMessagerie) -> int:
    """Plays a session and gives the exit code."""
    machine = options.dialogue == "json"
    sortie = Sortie(machine=machine)
    with fautes(sortie):
        if options.dialogue not in ("terminal", "json"):
            raise ValueError(f"--dialogue {options.dialogue} : « terminal » ou « json » est attendu")
        banc = make_bench(choix)
        fichiers = _selected(chemins, voulus)
        dialogue: Dialogue = DialogueJson(sys.stdin, sys.stdout) if machine else DialogueTerminal(sortie, sys.stdin)
        jour = datetime.now(PARIS).date().isoformat() if options.date == AUJOURDHUI else options.date
        campagne = run_session(
            Demarrage(banc, fichiers, options.reprendre, jour, options.port_smtp, options.port_pop3),
            dialogue,
            lambda: datetime.now(PARIS).isoformat(timespec="seconds"),
        )
    return _conclude(campagne, banc, sortie, dialogue)


def _selected(chemins: list[Path], voulus: list[str]) -> tuple[FichierScenario, ...]:
    fichiers = [load_scenario(c) for c in discover(chemins)]
    absents = sorted(set(voulus) - {f.scenario.id for f in fichiers})
    if absents:
        raise ValueError(f"aucun scénario ne porte l'identifiant {', '.join(absents)} ; voir « preagrement lint »")
    gardes = tuple(f for f in fichiers if not voulus or f.scenario.id in voulus)
    doubles = {f.scenario.id for f in gardes if sum(g.scenario.id == f.scenario.id for g in gardes) > 1}
    if doubles:
        raise ValueError(f"identifiant porté par plusieurs scénarios : {', '.join(sorted(doubles))}")
    return gardes


def _conclude(campagne: Campagne, banc: Banc, sortie: Sortie, dialogue: Dialogue) -> int:
    rapports, manques = write_reports(campagne, banc.catalogue, banc.dossier)
    for manque in manques:
        sortie.erreur(manque)
    sortie.line()
    for resultat in campagne.scenarios:
        if resultat.verdict in (Verdict.NON_CONFORME, Verdict.RESERVE, Verdict.A_ATTESTER, Verdict.ERREUR_BANC):
            lignes = format_result(resultat, banc.catalogue, banc.graine)[:-1]
            sortie.lines([*lignes, f"  rejouer     {resultat.rejouer}"], STYLES[resultat.verdict])
    for ligne in summary(campagne):
        sortie.line(ligne)
    html = [r for r in rapports if r.suffix == ".html"]
    sortie.line(f"dossier : {html[0] if html else banc.dossier}")
    code = ERREUR_BANC if manques else campagne.code_sortie
    if isinstance(dialogue, DialogueJson):
        dialogue.end(
            {
                "scenarios": campagne.compte("scenarios"),
                "exigences": campagne.compte("exigences"),
                "code": code,
            }
        )
    return code
