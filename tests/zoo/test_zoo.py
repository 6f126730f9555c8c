"""Every animal against every scenario, through the real engine: the verdicts and reasons of docs/zoo.md, exactly."""

from __future__ import annotations

import re
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.modele.verdict import ResultatScenario, Verdict
from harness.moteur import play
from harness.scenarios import discover, load_scenario
from tests.zoo import figurant
from tests.zoo.enclos import (
    ANIMAUX,
    MARQUE,
    RACINE,
    SCENARIOS,
    bench_of,
    children,
    in_process,
    play_animal,
    scenario,
    told,
)

DOC = RACINE / "docs" / "zoo.md"
NOTE = re.compile(r" \((\d)\)$")


def table(titre: str) -> list[dict[str, str]]:
    """The table under a title of docs/zoo.md."""
    suite = DOC.read_text(encoding="utf-8").partition(f"## {titre}\n")[2].partition("\n## ")[0]
    lignes = [[c.strip() for c in li.strip("|").split("|")] for li in suite.splitlines() if li.startswith("|")]
    return [dict(zip(lignes[0], ligne, strict=True)) for ligne in lignes[2:]]


VERDICTS = {ligne["animal"]: ligne for ligne in table("Verdicts")}
RAISONS = {ligne["animal"]: ligne["le dossier dit"] for ligne in table("Vices, et ce que le dossier en dit")}


def test_the_table_covers_the_zoo_and_explains_each_conforming_cell() -> None:
    assert list(VERDICTS) == list(ANIMAUX)
    assert list(RAISONS) == [a for a in ANIMAUX if a != "sain"]
    notes = set(re.findall(r"^\((\d)\) \S", DOC.read_text(encoding="utf-8"), re.MULTILINE))
    for animal, ligne in VERDICTS.items():
        for identifiant, cellule in ligne.items():
            if identifiant == "animal" or animal == "sain" or not cellule.startswith("conforme"):
                continue
            note = NOTE.search(cellule)
            assert note, f"{animal} × {identifiant} : conforme sans explication"
            assert note.group(1) in notes


@pytest.mark.parametrize("animal", ANIMAUX)
def test_verdicts_are_those_of_the_table_and_the_reason_names_the_vice(animal: str, tmp_path: Path) -> None:
    jeton = uuid.uuid4().hex
    avant = set(threading.enumerate())  # another test of this process may have left one hung in an adapter
    fils = 6 if animal in figurant.VICES else 2
    with ThreadPoolExecutor(fils) as executeur:
        resultats = list(
            executeur.map(
                lambda nom: play_animal(animal, scenario(nom), tmp_path / "dossier", **{MARQUE: jeton}), SCENARIOS
            )
        )
    attendus = {cle: NOTE.sub("", v) for cle, v in VERDICTS[animal].items() if cle != "animal"}
    assert {r.id: r.verdict.libelle for r in resultats} == attendus, _account(resultats)
    for resultat in resultats:
        assert (RAISONS.get(animal, "") in told(resultat)) or attendus[resultat.id] == "conforme", _account([resultat])
    if sys.platform == "linux":
        assert children({MARQUE: jeton}) == []
    assert [f.name for f in threading.enumerate() if f.name.startswith("lps-") and f not in avant] == []


@pytest.mark.parametrize("chemin", discover(), ids=lambda c: c.stem)
def test_no_shipped_scenario_is_conforming_when_nothing_is_emitted(chemin: Path, tmp_path: Path) -> None:
    """The parrot's answers are perfect, the liar's too: whatever a scenario looks at, real emission is part of it."""
    fichier = load_scenario(chemin)
    for animal in ("perroquet", "menteur"):
        aveux: list[str] = []
        lps = in_process(animal, fichier, aveux)
        resultat = play(bench_of(animal, tmp_path / animal, lps=lps), fichier)
        if animal == "perroquet" or aveux:
            # a reserve: the check that failed rests on a hypothesis
            assert resultat.verdict in (Verdict.NON_CONFORME, Verdict.RESERVE, Verdict.NON_TESTE), _account([resultat])
        else:
            assert resultat.verdict is not Verdict.ERREUR_BANC, _account([resultat])


def _account(resultats: list[ResultatScenario]) -> str:
    return "\n".join(f"{r.id} {r.verdict.libelle} : {told(r)}" for r in resultats)
