"""Pydantic's findings told in French, one sentence each, with the path of the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_PHRASES: Mapping[str, str] = {
    "missing": "valeur obligatoire absente",
    "extra_forbidden": "nom inconnu ; le retirer ou corriger son orthographe",
    "string_type": "un texte est attendu",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_from_float": "un nombre entier est attendu, sans décimales",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "bool_type": "« true » ou « false » est attendu",
    "bool_parsing": "« oui » ou « non » est attendu",
    "list_type": "une liste est attendue",
    "tuple_type": "une liste est attendue",
    "dict_type": "une table clé-valeur est attendue",
    "model_type": "une table clé-valeur est attendue",
    "model_attributes_type": "une table clé-valeur est attendue",
    "none_required": "aucune valeur n'est attendue ici",
    "json_invalid": "JSON illisible",
    "recursion_loop": "structure qui se contient elle-même",
}
_AVEC_CONTEXTE: Mapping[str, str] = {
    "string_pattern_mismatch": "ne suit pas le motif {pattern}",
    "string_too_short": "texte trop court ({min_length} caractères au moins)",
    "string_too_long": "texte trop long ({max_length} caractères au plus)",
    "too_short": "{min_length} élément(s) au moins attendu(s), {actual_length} trouvé(s)",
    "too_long": "{max_length} élément(s) au plus attendu(s), {actual_length} trouvé(s)",
    "greater_than_equal": "doit valoir au moins {ge}",
    "greater_than": "doit être plus grand que {gt}",
    "less_than_equal": "doit valoir au plus {le}",
    "less_than": "doit être plus petit que {lt}",
    "literal_error": "valeur attendue : {expected}",
    "enum": "valeur attendue : {expected}",
}


def explain(erreur: ErrorDetails) -> str:
    """One pydantic error as a French sentence, with the value found when it is short."""
    genre = erreur["type"]
    contexte: dict[str, Any] = dict(erreur.get("ctx") or {})
    if genre == "value_error" and "error" in contexte:
        return str(contexte["error"])
    phrase = _PHRASES.get(genre)
    if phrase is None and genre in _AVEC_CONTEXTE:
        if "expected" in contexte:
            contexte["expected"] = str(contexte["expected"]).replace(" or ", " ou ")
        phrase = _AVEC_CONTEXTE[genre].format(**contexte)
    if phrase is None:
        phrase = f"valeur refusée ({genre})"
    if genre == "missing":
        return phrase
    return f"{phrase} ; trouvé : {shorten(erreur['input'])}"


def shorten(valeur: Any, longueur: int = 60) -> str:
    """The value as shown in a message, cut to ``longueur`` characters."""
    texte = f"« {valeur} »" if isinstance(valeur, str) else str(valeur)
    return texte if len(texte) <= longueur else texte[: longueur - 1] + "…"


def dotted(chemin: tuple[str | int, ...]) -> str:
    """A path as people write it: ``factures[0].numero``."""
    texte = ""
    for pas in chemin:
        texte += f"[{pas}]" if isinstance(pas, int) else f".{pas}" if texte else str(pas)
    return texte


def innermost(exc: ValidationError) -> list[ErrorDetails]:
    """The errors of a validation, without those that only echo an error found deeper."""
    erreurs = exc.errors(include_url=False)
    chemins = [e["loc"] for e in erreurs]
    return [e for e in erreurs if not any(len(c) > len(e["loc"]) and c[: len(e["loc"])] == e["loc"] for c in chemins)]


def explain_all(exc: ValidationError) -> list[tuple[tuple[str | int, ...], str]]:
    """Every error of a validation: its path and its sentence."""
    return [(e["loc"], explain(e)) for e in innermost(exc)]
