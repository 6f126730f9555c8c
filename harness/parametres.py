"""Makes the parameters of a step: values read from what was observed, text turned into what the protocol wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from harness.expressions import evaluate
from harness.francais import dotted, explain, innermost
from norms.contrat.adaptateur import OPERATIONS
from norms.contrat.base import Message

#: A text that starts so is an expression over the observations, read when the step is reached.
MARQUE = "$."
_BOOLEENS = {"oui": True, "non": False, "vrai": True, "faux": False}


class ErreurParametres(ValueError):
    """Parameters that the protocol refuses: a fault of the scenario. ``chemin`` leads to the wrong value."""

    def __init__(self, chemin: tuple[str | int, ...], message: str) -> None:
        self.chemin = chemin
        self.quoi = message
        super().__init__(f"{dotted(chemin) or 'paramètres'} : {message}")


class ValeurAbsente(Exception):
    """A step needs a value that the LPS didn't give: nothing can be concluded further."""


def substitute(valeur: Any, observations: Mapping[str, Any]) -> Any:
    """Replaces ``$.expression`` texts by what they find. Raises ValeurAbsente when they find nothing."""
    if isinstance(valeur, Mapping):
        return {cle: substitute(v, observations) for cle, v in valeur.items()}
    if isinstance(valeur, list | tuple):
        return [substitute(v, observations) for v in valeur]
    if isinstance(valeur, str) and valeur.startswith(MARQUE):
        trouve = evaluate(valeur[len(MARQUE) :], observations)
        if trouve is None:
            raise ValeurAbsente(f"« {valeur} » ne donne rien dans ce qui a été observé")
        return trouve
    return valeur


def shape(operation: str, avec: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the protocol sends them: only what is given, integers and booleans typed.

    Raises ErreurParametres.
    """
    modele = OPERATIONS[operation].params
    return validate(modele, avec).model_dump(mode="json", exclude_unset=True)


def validate(modele: type[Message], avec: Mapping[str, Any]) -> Message:
    """Validates texts against a model; « oui » and « non » are accepted where a boolean is wanted."""
    donnees: Any = avec
    try:
        return modele.model_validate(donnees)
    except ValidationError as exc:
        for erreur in exc.errors(include_url=False):
            if erreur["type"] == "bool_parsing" and erreur["input"] in _BOOLEENS:
                donnees = _replace(donnees, erreur["loc"], _BOOLEENS[erreur["input"]])
    try:
        return modele.model_validate(donnees)
    except ValidationError as exc:
        erreur = innermost(exc)[0]
        raise ErreurParametres(erreur["loc"], explain(erreur)) from exc


def _replace(donnees: Any, chemin: tuple[str | int, ...], valeur: Any) -> Any:
    if not chemin:
        return valeur
    tete, *reste = chemin
    if isinstance(donnees, Mapping):
        return {c: _replace(v, tuple(reste), valeur) if c == tete else v for c, v in donnees.items()}
    return [_replace(v, tuple(reste), valeur) if i == tete else v for i, v in enumerate(donnees)]
