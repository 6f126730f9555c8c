"""Where a finding can be seen: from an expectation back to the message, the record and the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.comparaison import render
from harness.expressions import evaluate, parents
from harness.modele.scenario import Attendu
from harness.modele.verdict import Preuve

MAX_PREUVES = 20
_FICHIERS = ("eml", "fichier_preuve", "preuve")
_ENREGISTREMENTS = ("enregistrement", "ligne")


def proofs_of(
    attendu: Attendu, observations: Mapping[str, Any], colonnes: Callable[[str, str], str]
) -> tuple[Preuve, ...]:
    """Evidence for one expectation: what ``preuve`` gives, or the objects that bear the value under ``sur``.

    ``colonnes`` gives the columns of a field in a record type, empty when unknown.
    """
    champ = _field(attendu.sur)
    for expression in [attendu.preuve] if attendu.preuve else parents(attendu.sur):
        objets = [o for o in _objects(evaluate(expression, observations)) if _bears(o)]
        if objets:
            return tuple(_proof(o, champ, colonnes) for o in objets[:MAX_PREUVES])
    return ()


def _field(expression: str) -> str:
    trouve = re.search(r"\.([a-z_][a-z0-9_]*)$", expression)
    return trouve.group(1) if trouve else ""


def _objects(valeur: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(valeur, Mapping):
        yield valeur
    elif isinstance(valeur, list | tuple):
        for element in valeur:
            yield from _objects(element)


def _bears(objet: Mapping[str, Any]) -> bool:
    return any(objet.get(cle) for cle in (*_FICHIERS, "message", "brut")) or any(
        objet.get(cle) is not None for cle in _ENREGISTREMENTS
    )


def _proof(objet: Mapping[str, Any], champ: str, colonnes: Callable[[str, str], str]) -> Preuve:
    fichier = next((str(objet[c]) for c in (*_FICHIERS, "message") if objet.get(c)), "")
    rang = next((objet[c] for c in _ENREGISTREMENTS if objet.get(c) is not None), None)
    entete = objet.get("entete")
    champs = entete if isinstance(entete, Mapping) else objet
    type_enregistrement = str(champs.get("type_enregistrement") or champs.get("type") or "")
    return Preuve(
        fichier=fichier,
        enregistrement=int(rang) if isinstance(rang, int | str) and str(rang).isdigit() else None,
        type_enregistrement=type_enregistrement,
        champ=champ,
        colonnes=colonnes(type_enregistrement, champ) if champ else "",
        brut=str(objet.get("brut") or champs.get("brut") or ""),
        champs={
            str(cle): render(v)
            for cle, v in champs.items()
            if cle != "brut" and not isinstance(v, Mapping | list | tuple)
        },
    )
