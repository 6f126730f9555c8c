"""Operators, one by one, and the rule that nothing unobserved is conforming."""

from __future__ import annotations

from typing import Any

import pytest

from harness.affichage import where
from harness.jugement import Juge
from harness.modele.scenario import Attendu
from harness.modele.verdict import Verdict
from harness.preuves import Reperes, columns_of
from norms.paquet import NormPack
from tests.harness.aides import CATALOGUE

C, N, T, R = Verdict.CONFORME, Verdict.NON_CONFORME, Verdict.NON_TESTE, Verdict.RESERVE
ARBRE: dict[str, Any] = {
    "un": "1",
    "n": 12,
    "zero": 0,
    "vrai": True,
    "faux": False,
    "vide": "",
    "liste": ["b", "a", "c"],
    "triee": ["003", "012", "100"],
    "nombres": [9, 10, 11],
    "seul": ["x"],
    "rien": [],
    "nul": None,
    "objets": [{"numero": "1", "type": "FSE", "n": 5}, {"numero": "2", "type": "DRE", "n": 6}],
    "table": {"a": "1", "b": {"c": 2}},
    "texte": "Données issues de la carte Vitale",
    "flottant": 2650.0,
}


def judge(**champs: Any) -> Verdict:
    attendu = Attendu.model_validate({"verifie": "SV-1-01", "pourquoi": "parce que la règle le dit", **champs})
    return Juge(CATALOGUE).judge(0, attendu, ARBRE).verdict


@pytest.mark.parametrize(
    ("sur", "operateur", "valeur", "verdict"),
    [
        ("un", "egale", "1", C),
        ("un", "egale", "01", N),
        ("n", "egale", "12", C),
        ("vrai", "egale", "true", C),
        ("vrai", "egale", "oui", C),
        ("faux", "egale", "false", C),
        ("faux", "egale", "true", N),
        ("zero", "egale", "0", C),
        ("flottant", "egale", "2650", C),
        ("liste", "egale", ["b", "a", "c"], C),
        ("liste", "egale", ["a", "b", "c"], N),
        ("liste", "egale", ["b", "a"], N),
        ("table", "egale", {"a": "1", "b": {"c": "2"}}, C),
        ("table", "egale", {"a": "1"}, N),
        ("nul", "egale", "", N),
        ("absent", "egale", "null", N),
        ("vide", "egale", "", T),  # empty, and nothing vouches that the rest was there
        ("rien", "egale", [], T),
        ("texte", "contient", "carte Vitale", C),
        ("texte", "contient", ["Données", "Vitale"], C),
        ("texte", "contient", ["Données", "ApCV"], N),
        ("liste", "contient", "a", C),
        ("liste", "contient", "A", N),
        ("objets", "contient", {"type": "DRE"}, C),
        ("objets", "contient", {"type": "DRE", "numero": "1"}, N),
        ("table", "contient", {"b": {"c": "2"}}, C),
        ("rien", "contient", "a", N),
        ("absent", "contient", "a", N),
        ("texte", "motif", "^Données .* Vitale$", C),
        ("texte", "motif", "^Vitale", N),
        ("triee", "motif", "^[0-9]{3}$", C),
        ("liste", "motif", "^[ab]$", N),
        ("rien", "motif", ".*", N),
        ("un", "un_parmi", ["0", "1"], C),
        ("un", "un_parmi", ["2"], N),
        ("liste", "un_parmi", ["a", "b", "c"], C),
        ("liste", "un_parmi", ["a", "b"], N),
        ("rien", "un_parmi", ["a"], N),
        ("liste", "nombre", "3", C),
        ("liste", "nombre", "2", N),
        ("n", "nombre", "12", C),
        ("absent", "nombre", "1", N),
        ("liste", "au_moins", "3", C),
        ("liste", "au_moins", "4", N),
        ("n", "au_moins", "12", C),
        ("absent", "au_moins", "1", N),
        ("triee", "croissant", "oui", C),
        ("nombres", "croissant", "oui", C),  # 9 before 10: as numbers
        ("liste", "croissant", "oui", N),
        ("seul", "croissant", "oui", T),
        ("rien", "croissant", "oui", T),
        ("texte", "present", "oui", C),
        ("zero", "present", "oui", C),
        ("vide", "present", "oui", N),
        ("absent", "present", "oui", N),
    ],
)
def test_operator(sur: str, operateur: str, valeur: Any, verdict: Verdict) -> None:
    assert judge(sur=sur, **{operateur: valeur}) is verdict


@pytest.mark.parametrize(
    ("sur", "operateur", "valeur", "verdict"),
    [
        ("un", "different_de", "2", C),
        ("un", "different_de", "1", N),
        ("absent", "different_de", "1", T),
        ("texte", "ne_contient_pas", "ApCV", C),
        ("texte", "ne_contient_pas", ["ApCV", "Vitale"], N),
        ("rien", "ne_contient_pas", "a", C),
        ("absent", "ne_contient_pas", "a", T),
        ("absent", "absent", "oui", C),
        ("rien", "absent", "oui", C),
        ("un", "absent", "oui", N),
        ("objets[?type == 'ART']", "nombre", "0", C),
        ("objets[?type == 'DRE']", "nombre", "0", N),
        ("liste", "au_plus", "3", C),
        ("liste", "au_plus", "2", N),
        ("absent", "au_plus", "2", T),
        ("vide", "egale", "", C),
    ],
)
def test_absence_with_and_without_its_witness(sur: str, operateur: str, valeur: Any, verdict: Verdict) -> None:
    assert judge(sur=sur, temoin="objets[0]", **{operateur: valeur}) is verdict
    for temoin in ("absent", "rien", "objets[9]", "vide"):
        assert judge(sur=sur, temoin=temoin, **{operateur: valeur}) is T


def test_two_absences_are_never_equal() -> None:
    assert judge(sur="objets[7].numero == objets[8].numero", egale="true") is N
    assert judge(sur="objets[0].numero == objets[8].numero", egale="false") is N
    assert judge(sur="objets[0].numero == objets[0].numero", egale="true") is C


def test_a_function_applied_to_nothing_gives_nothing() -> None:
    assert judge(sur="sort(absent)", egale=["a"]) is N
    assert judge(sur="sum(absent[*].n)", egale="0") is N
    assert judge(sur="join(' ', absent)", ne_contient_pas="x", temoin="un") is T


@pytest.mark.parametrize(
    ("champs", "verdict", "hypothese"),
    [
        ({"verifie": "SV-1-01"}, N, ""),
        ({"verifie": "SV-1-01", "recommande": "oui"}, R, ""),
        ({"verifie": "SV-1-01", "hypothese": "annexe absente"}, R, "annexe absente"),
        ({"verifie": "SV-1-03"}, R, ""),  # niveau RECOMMANDE in the catalogue
        ({"verifie": "SV-1-04"}, R, "ordre lu dans un schéma"),  # hypothese in the catalogue
    ],
)
def test_a_failure_is_a_reservation_when_it_rests_on_a_supposition(
    champs: dict[str, str], verdict: Verdict, hypothese: str
) -> None:
    attendu = Attendu.model_validate({"sur": "un", "egale": "2", "pourquoi": "parce que c'est ainsi", **champs})
    constat = Juge(CATALOGUE).judge(3, attendu, ARBRE)
    assert (constat.verdict, constat.hypothese, constat.rang) == (verdict, hypothese, 3)


def facture(numero: str, rang: int) -> dict[str, Any]:
    return {
        "numero": numero,
        "eml": "messagerie/recus/a.eml",
        "enregistrement": rang,
        "prestations": [],
        "entete": {"numero_facture": numero, "type_enregistrement": "2", "enregistrement": rang, "brut": "2…"},
        "fin": {"total_amo": 1750, "type_enregistrement": "5", "enregistrement": rang + 2, "brut": "5…"},
        "montants": {"amo": 1750},
    }


@pytest.mark.parametrize(
    ("sur", "reperes"),
    [
        # B2 of 2005-07: the invoice number is in columns 27-35 of the header record
        ("flux.lots[0].factures[*].numero", [(3, "2", "27-35"), (6, "2", "27-35")]),
        ("flux.lots[0].factures[0].entete.numero_facture", [(3, "2", "27-35")]),
        ("flux.lots[0].factures[1].numero", [(6, "2", "27-35")]),
        ("flux.lots[0].factures[0].montants.amo", [(5, "5", "66-73")]),
    ],
)
def test_a_finding_shows_where_it_was_read(sur: str, reperes: list[tuple[int, str, str]]) -> None:
    arbre = {"flux": {"lots": [{"factures": [facture("12", 3), facture("3", 6)]}]}}
    attendu = Attendu.model_validate(
        {"sur": sur, "egale": "rien de tel", "verifie": "SV-1-01", "pourquoi": "pour montrer où"}
    )
    juge = Juge(CATALOGUE, reperes=Reperes("preuves/LOT-01/", columns_of(NormPack.par_defaut())))
    constat = juge.judge(0, attendu, arbre)
    assert [(p.enregistrement, p.type_enregistrement, p.colonnes) for p in constat.preuves] == reperes
    assert {p.fichier for p in constat.preuves} == {"preuves/LOT-01/messagerie/recus/a.eml"}
    assert where(constat.preuves).startswith("a.eml, enregistrement")
