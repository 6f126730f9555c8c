"""What this level can say of each expectation: judged on messages, asked of a person, or out of its reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from harness.expressions import answer_names, roots
from harness.jugement import wording
from harness.modele.scenario import Attendu, EtapeLps, Scenario
from norms.chargement import load_plain

Portee = Literal["messages", "personne", "hors"]
_EMISSION = "transmission.envoyer"
_TEXTES = ("affichages", "documents")
_MOT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITTERAL = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`")


@cache
def data() -> Mapping[str, Any]:
    """The sentences and bounds of the level (``harness/donnees/consignes.yaml``)."""
    donnees: Mapping[str, Any] = load_plain(Path(__file__).parents[1] / "donnees" / "consignes.yaml")
    return donnees


@dataclass(frozen=True, slots=True)
class Vue:
    """How one expectation is dealt with. ``question`` for a person; ``raison`` why nothing can be said."""

    attendu: Attendu
    portee: Portee
    question: str = ""
    raison: str = ""


def views(scenario: Scenario, *, date_imposee: bool = False) -> list[Vue]:
    """How each expectation of a scenario is dealt with, in the order of judgement."""
    return [_view(a, scenario, date_imposee=date_imposee) for a in scenario.tous_attendus()]


def unplayable(scenario: Scenario, vues: list[Vue]) -> str:
    """Why a scenario can't be judged by mail alone; empty when it can."""
    if not any(isinstance(e, EtapeLps) and e.lps == _EMISSION for e in scenario.etapes):
        return "rien n'y est transmis : la messagerie seule n'en voit rien"
    if any(v.portee != "hors" for v in vues):
        return ""
    raisons = dict.fromkeys(v.raison for v in vues)
    return "aucun attendu ne se voit par la messagerie seule : " + " ; ".join(raisons)


def _view(attendu: Attendu, scenario: Scenario, *, date_imposee: bool) -> Vue:
    lues = roots(attendu.sur) | (roots(attendu.temoin) if attendu.temoin else set())
    if date_imposee and _words(attendu.sur) & set(data()["selon_la_date"]):
        return Vue(attendu, "hors", raison="valeur établie à la date du scénario, une autre date est employée (--date)")
    if lues <= set(data()["visibles"]):
        return Vue(attendu, "messages")
    question = _question(attendu, lues, scenario)
    if question:
        return Vue(attendu, "personne", question=question)
    cachees = [r for r in data()["invisibles"] if r in lues]
    raisons = dict.fromkeys(str(data()["invisibles"][r]) for r in cachees)
    return Vue(attendu, "hors", raison=" ; ".join(raisons) or "ne se voit pas dans les messages")


def _question(attendu: Attendu, lues: set[str], scenario: Scenario) -> str:
    """The question for a person; empty when a person can't see it either."""
    regarde = roots(attendu.sur)
    quoi = ""
    if regarde <= set(_TEXTES):
        quoi = "ce que le LPS a affiché" if "affichages" in regarde else "les documents que le LPS a produits"
        if not lues <= {*_TEXTES, *data()["visibles"]}:
            return ""
    elif regarde == {"reponses"}:
        champs = list(_screen(attendu.sur, scenario))
        quoi = ", ".join(dict.fromkeys(champs)) if champs and all(champs) else ""
    if not quoi:
        return ""
    return f"Regardez {quoi}. Attendu : {wording(attendu)} ({attendu.pourquoi}). Est-ce bien ce que vous voyez ?"


def _screen(expression: str, scenario: Scenario) -> Iterator[str]:
    """What each field read is called on the screen; an empty text for a field that no screen shows."""
    noms = answer_names(expression)
    operations = {e.nom: e.lps for e in scenario.etapes if isinstance(e, EtapeLps) and e.nom}
    lisibles: dict[str, str] = {}
    for nom in noms:
        lisibles |= data()["lisibles"].get(operations.get(nom, ""), {})
    connus = {"reponses", *noms, *_FONCTIONS}
    mots = re.findall(r'"([^"]*)"|([A-Za-z_][A-Za-z0-9_]*)', _LITTERAL.sub("", expression))
    for cite, simple in mots:
        mot = cite or simple
        if mot not in connus:
            yield lisibles.get(mot, "")
    if not noms:
        yield ""


#: JMESPath functions, which are no field.
_FONCTIONS = {"sort", "sort_by", "length", "join", "contains", "starts_with", "map", "sum", "keys", "to_string"}


def _words(expression: str) -> set[str]:
    return set(_MOT.findall(_LITTERAL.sub("", expression)))
