"""JMESPath over the observations: compiled once, evaluated without surprises, told apart from « nothing observed »."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import (
    EmptyExpressionError,
    IncompleteExpressionError,
    JMESPathError,
    LexerError,
    ParseError,
)
from jmespath.functions import Functions, signature
from jmespath.parser import ParsedResult

MAX_LONGUEUR = 2000


class _Fonctions(Functions):
    """The functions of JMESPath, and ours."""

    @signature({"types": ["array"]}, {"types": ["array", "null"]})
    def _func_sauf(self, liste: list[Any], retires: list[Any] | None) -> list[Any]:
        """``sauf(a, b)``: what ``a`` holds and ``b`` doesn't, in order."""
        return [element for element in liste if element not in (retires or [])]


_OPTIONS = jmespath.Options(custom_functions=_Fonctions())


class ErreurExpression(ValueError):
    """An expression whose syntax is wrong; the message says where, in French."""


@lru_cache(maxsize=4096)
def compile_expression(texte: str) -> ParsedResult:
    """Compiles an expression. Raises ErreurExpression."""
    if len(texte) > MAX_LONGUEUR:
        raise ErreurExpression(f"expression de {len(texte)} caractères ; {MAX_LONGUEUR} au plus")
    try:
        return jmespath.compile(texte)
    except JMESPathError as exc:
        raise ErreurExpression(f"expression JMESPath illisible ({_why(exc)})") from exc


def _why(exc: JMESPathError) -> str:
    """Where the syntax breaks, in French: the parser only says it in English."""
    if isinstance(exc, EmptyExpressionError):
        return "elle est vide"
    if isinstance(exc, IncompleteExpressionError):
        return "elle n'est pas finie : parenthèse, crochet ou accolade à fermer"
    if isinstance(exc, LexerError) and "delimiter" in str(exc.message):
        return f"guillemet ouvert au caractère {exc.lexer_position + 1} et jamais fermé"
    if isinstance(exc, ParseError):
        return f"« {exc.token_value} » inattendu au caractère {exc.lex_position + 1}"
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__


def evaluate(texte: str, observations: Any) -> Any:
    """The value of an expression; None when it has no object.

    A function applied to something that was not observed (``sort`` of null…) gives None, and so does a comparison
    one side of which is missing: two absences are never equal.
    """
    expression = compile_expression(texte)
    return _evaluate(expression, observations)


def _evaluate(expression: ParsedResult, observations: Any) -> Any:
    noeud = expression.parsed
    if noeud["type"] == "comparator" and any(
        _value(ParsedResult("", enfant), observations) is None for enfant in noeud["children"]
    ):
        return None
    return _value(expression, observations)


def _value(expression: ParsedResult, observations: Any) -> Any:
    try:
        return expression.search(observations, _OPTIONS)
    except JMESPathError:
        return None


def roots(texte: str) -> set[str]:
    """The first names that an expression looks up in the tree, such as ``{"flux"}``. Raises ErreurExpression."""
    return _roots(compile_expression(texte).parsed)


def _roots(noeud: Any) -> set[str]:
    """Names looked up in the root object. What stands right of a dot or inside a projection is looked up elsewhere."""
    genre, enfants = noeud["type"], noeud.get("children", [])
    if genre == "field":
        return {str(noeud["value"])}
    if genre in ("subexpression", "index_expression", "projection", "value_projection", "filter_projection", "flatten"):
        return _roots(enfants[0])
    if genre == "pipe":
        return _roots(enfants[0])
    if genre in ("literal", "current", "identity", "expref"):
        return set()
    return set().union(*(_roots(e) for e in enfants if isinstance(e, dict)))


def answer_names(texte: str) -> set[str]:
    """The names of answers that an expression reads: ``{"poste"}`` for ``reponses.poste.factures``."""
    return set(_answers(compile_expression(texte).parsed))


def _answers(noeud: Any) -> Iterator[str]:
    enfants = [e for e in noeud.get("children", []) if isinstance(e, dict)]
    if noeud["type"] == "subexpression" and enfants[0] == {"type": "field", "children": [], "value": "reponses"}:
        yield str(enfants[1].get("value", ""))
    for enfant in enfants:
        yield from _answers(enfant)


def parents(texte: str, profondeur: int = 4) -> list[str]:
    """The expression without its last names, nearest first: where the object that bears a value can be found."""
    suites = []
    courant = texte
    for _ in range(profondeur):
        tete, point, nom = courant.rpartition(".")
        if not point or not nom.replace("_", "").replace("[", "").replace("]", "").replace("*", "").isalnum():
            break
        courant = tete
        try:
            compile_expression(courant)
        except ErreurExpression:
            break
        suites.append(courant)
    return suites
