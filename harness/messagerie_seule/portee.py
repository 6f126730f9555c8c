"""What this level can say of each expectation: judged on messages, asked of a person, or out of its reach."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from harness.expressions import roots
from harness.messagerie_seule.questions import LITTERAL, data
from harness.messagerie_seule.questions import question as ask_about
from harness.modele.scenario import Attendu, EtapeLps, Scenario

Portee = Literal["messages", "personne", "hors"]
_EMISSION = "transmission.envoyer"
_MOT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
    question = ask_about(attendu, lues, scenario)
    if question:
        return Vue(attendu, "personne", question=question)
    cachees = [r for r in data()["invisibles"] if r in lues]
    raisons = dict.fromkeys(str(data()["invisibles"][r]) for r in cachees)
    return Vue(attendu, "hors", raison=" ; ".join(raisons) or "ne se voit pas dans les messages")


def _words(expression: str) -> set[str]:
    return set(_MOT.findall(LITTERAL.sub("", expression)))
