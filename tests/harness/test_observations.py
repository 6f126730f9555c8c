"""Folding the journal into the tree, expressions over it, search for the code porteur."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from harness.expressions import ErreurExpression, answer_names, evaluate, parents, roots
from harness.fuites import CodesPorteur, files_under
from harness.observations import RACINES, fold
from simulator.evenements import Journal


def journal() -> Journal:
    return Journal(lambda: "2026-03-02T09:00:00+01:00")


def test_an_empty_journal_gives_every_root() -> None:
    arbre = fold(journal())
    assert set(arbre) == set(RACINES) - {"secrets"}
    assert {"messages", "fichiers", "lots", "factures", "reclamations", "fse", "dre"} <= set(arbre["flux"])
    assert not any(arbre["flux"].values())


def test_flux_events_are_concatenated_and_sorted_by_type() -> None:
    j = journal()
    j.etape = 3
    j.emettre("flux", {"messages": [{"acteur": "01349"}], "factures": [{"type": "FSE", "numero": "1"}]})
    j.etape = 5
    j.emettre("flux", {"messages": [{"acteur": "75500017"}], "factures": [{"type": "DRE", "numero": "2"}]})
    flux = fold(j)["flux"]
    assert [(m["acteur"], m["etape"]) for m in flux["messages"]] == [("01349", 3), ("75500017", 5)]
    assert [f["numero"] for f in flux["fse"]] == ["1"]
    assert [f["numero"] for f in flux["dre"]] == ["2"]


def test_answers_displays_and_documents() -> None:
    j = journal()
    j.emettre("lps", {"operation": "bonjour", "nom": "", "resultat": {"produit": "x"}})
    j.etape = 1
    resultat = {"issue": "ok", "affichages": [{"niveau": "alerte", "texte": "a"}], "documents": []}
    j.emettre("lps", {"operation": "ps.lire", "nom": "carte", "resultat": resultat})
    j.etape = 2
    documents = [{"nature": "feuille_de_soins", "texte": "f"}]
    j.emettre("lps", {"operation": "facture.elaborer", "nom": "", "resultat": {"issue": "ok", "documents": documents}})
    j.emettre("lps", {"operation": "facture.lister", "nom": "", "resultat": None, "panne": "silence"})
    arbre = fold(j)
    assert arbre["reponses"] == {"carte": resultat}
    assert arbre["derniere"]["documents"] == documents
    assert arbre["affichages"] == [{"etape": 1, "operation": "ps.lire", "niveau": "alerte", "texte": "a"}]
    assert arbre["documents"] == [
        {"etape": 2, "operation": "facture.elaborer", "nature": "feuille_de_soins", "texte": "f"}
    ]


def test_data_groups_are_laid_out_by_number() -> None:
    j = journal()
    groupes = [
        {"groupe": 1110, "champs": ["a", "b"]},
        {"groupe": 1220, "champs": ["1"]},
        {"groupe": 1220, "champs": ["2"]},
    ]
    j.emettre("appel_service", {"fonction": "ssv.formater_facture", "parametres": {"groupes": groupes}, "resultat": {}})
    parametres = fold(j)["appels"][0]["parametres"]
    assert parametres["groupes"] == {"1110": [["a", "b"]], "1220": [["1"], ["2"]]}


def test_returns_know_whether_they_were_fetched() -> None:
    j = journal()
    for uid in ("u1", "u2"):
        j.emettre("retour_depose", {"nature": "ARL", "lot": "001", "uid": uid})
    j.emettre("retour_releve", {"boite": "ps@test", "uid": "u2", "action": "lu"})
    assert [(r["uid"], r["releve"]) for r in fold(j)["retours"]] == [("u1", False), ("u2", True)]


@pytest.mark.parametrize(
    ("expression", "racines"),
    [
        ("flux.lots[0].factures[*].numero", {"flux"}),
        ("sort(flux.lots[*].reference)[0]", {"flux"}),
        ("appels[?fonction == 'ssv.x'] | [0].code_retour", {"appels"}),
        ("reponses.a.b == flux.c", {"reponses", "flux"}),
        ("sort_by(flux.lots, &type)[*].[type, mode]", {"flux"}),
        ("[affichages, documents]", {"affichages", "documents"}),
        ("flux.[fse[0].entete, dre[0].entete]", {"flux"}),
        ("length('texte')", set()),
    ],
)
def test_roots_of_an_expression(expression: str, racines: set[str]) -> None:
    assert roots(expression) == racines


def test_names_of_answers() -> None:
    assert answer_names("""reponses."sans-carte".issue == reponses.poste.issue""") == {"sans-carte", "poste"}


def test_parents_of_an_expression() -> None:
    assert parents("flux.lots[0].factures[*].numero") == ["flux.lots[0].factures[*]", "flux.lots[0]", "flux"]
    assert parents("sort(flux.lots)") == []


def test_wrong_expressions_are_told_in_french() -> None:
    for texte in ("flux.[", "a" * 3000, ""):
        with pytest.raises(ErreurExpression, match="expression"):
            evaluate(texte, {})


@pytest.mark.parametrize(
    ("contenu", "trouve"),
    [
        (b"code=1234;", True),
        (b'{"code": "1234"}', True),
        (b"1234", True),
        (base64.b64encode(b"1234"), True),
        (b"hex:31323334 fin", True),
        (b"facture 000001234", False),
        (b"montant 12345", False),
        (b"MIIB1234abcd==", False),
        (b"rien", False),
    ],
)
def test_the_code_is_found_alone_not_inside_a_number(contenu: bytes, trouve: bool, tmp_path: Path) -> None:
    (tmp_path / "sous").mkdir()
    (tmp_path / "sous" / "f.bin").write_bytes(contenu)
    codes = CodesPorteur()
    codes.learn({"avec": [{"code_porteur": "1234"}]})
    trouves = codes.search(files_under(tmp_path))
    assert bool(trouves) is trouve
    assert all(t["ou"] == "sous/f.bin" and "1234" not in t["extrait"] for t in trouves)


def test_masking_keeps_everything_else() -> None:
    codes = CodesPorteur({"1234"})
    assert codes.hide_in({"code_porteur": "1234", "n": 1234, "t": ["code 1234", "n° 000001234"]}) == {
        "code_porteur": "••••",
        "n": 1234,
        "t": ["code ••••", "n° 000001234"],
    }
