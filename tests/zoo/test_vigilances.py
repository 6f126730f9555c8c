"""Vigilances: well-formed data, and what they add to a scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.catalogue import load_catalogue
from harness.expressions import evaluate, roots
from harness.modele.scenario import Attendu
from harness.modele.verdict import Verdict
from harness.observations import RACINES
from harness.vigilances import load_vigilances
from norms.chargement import ErreurChargement
from tests.harness.aides import config_interne, config_stdio, run

VIGILANCES = load_vigilances()


def test_each_one_cites_an_applicable_requirement_and_reads_known_observations() -> None:
    catalogue = load_catalogue()
    assert len({v.sur for v in VIGILANCES}) == len(VIGILANCES) >= 10
    for vigilance in VIGILANCES:
        exigence = catalogue[vigilance.verifie]
        assert (exigence.testable, exigence.applicable, exigence.doublon_de) == (True, ("tous",), ""), exigence.id
        assert exigence.niveau in ("DOIT", "NE_DOIT_PAS")
        assert roots(vigilance.sur) | roots(vigilance.temoin or "") <= RACINES.keys()
        assert vigilance.temoin


def vigilance(**autres: str) -> Attendu:
    return Attendu.model_validate(
        {"sur": "documents", "au_moins": "1", "temoin": "derniere", "verifie": "SV-1-02", "pourquoi": "rien d'imprimé"}
        | autres
    )


def test_a_violated_one_is_a_finding_more(tmp_path: Path) -> None:
    resultat = run(tmp_path, config_interne(), vigilances=(vigilance(),))
    assert resultat.verdict is Verdict.NON_CONFORME
    assert [(c.rang, c.exigence, c.verdict) for c in resultat.constats] == [
        (0, "SV-1-01", Verdict.CONFORME),
        (1, "SV-1-02", Verdict.NON_CONFORME),
    ]


@pytest.mark.parametrize(
    "muette",
    [
        vigilance(sur="affichages"),  # upheld
        vigilance(temoin="flux.messages"),  # no witness
        vigilance(sur="reponses.facture.factures[*].numero", au_moins="5"),  # the scenario judges it itself
    ],
    ids=["respectée", "sans témoin", "déjà jugée"],
)
def test_an_upheld_one_says_nothing(muette: Attendu, tmp_path: Path) -> None:
    resultat = run(tmp_path, config_interne(), vigilances=(muette,))
    assert [(c.exigence, c.verdict) for c in resultat.constats] == [("SV-1-01", Verdict.CONFORME)]


def test_nothing_is_watched_after_a_breakdown(tmp_path: Path) -> None:
    resultat = run(tmp_path, config_interne("leve"), vigilances=(vigilance(),))
    assert [(c.exigence, c.verdict) for c in resultat.constats] == [("SV-1-01", Verdict.NON_TESTE)]


@pytest.mark.parametrize(("faute", "verdict"), [("", Verdict.CONFORME), ("dit_code", Verdict.NON_CONFORME)])
def test_a_code_porteur_on_standard_error_is_found_in_any_scenario(
    faute: str, verdict: Verdict, tmp_path: Path
) -> None:
    secrets = tuple(v for v in VIGILANCES if v.sur == "secrets.trouves")
    resultat = run(tmp_path, config_stdio(faute), vigilances=secrets)
    assert resultat.verdict is verdict
    assert [c.exigence for c in resultat.constats[1:]] == (["SV-3.2.9.3.1.1-20"] if faute else [])
    assert "1234" not in resultat.model_dump_json()


@pytest.mark.parametrize(
    ("texte", "quoi"),
    [
        ("{sur: documents, absent: oui, temoin: derniere, verifie: SV-1-01, pourquoi: sans source}", "source"),
        ("{sur: documents, absent: oui, verifie: SV-1-01, pourquoi: sans témoin, source: cdc §1}", "temoin"),
        ("{sur: documents, present: oui, verifie: SV-1-01, pourquoi: sans témoin, source: cdc §1}", "temoin"),
        ("{sur: 'a[', present: oui, temoin: a, verifie: SV-1-01, pourquoi: illisible, source: cdc §1}", "JMESPath"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(texte: str, quoi: str, tmp_path: Path) -> None:
    fichier = tmp_path / "v.yaml"
    fichier.write_text(f"vigilances:\n  - {texte}\n", encoding="utf-8")
    with pytest.raises(ErreurChargement, match=rf"v\.yaml:2.*{quoi}"):
        load_vigilances(fichier)


@pytest.mark.parametrize(
    ("expression", "donne"),
    [
        ("sauf(a, b)", [1, [3, 4]]),
        ("sauf(a, absente)", [1, 2, [3, 4]]),
        ("sauf(absente, b)", None),
        ("sauf(a, a)", []),
    ],
)
def test_sauf_takes_away(expression: str, donne: object) -> None:
    assert evaluate(expression, {"a": [1, 2, [3, 4]], "b": [2, 5]}) == donne
