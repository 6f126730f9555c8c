"""The operators of expectations: what was observed against what the scenario wrote, compared as canonical text.

A scenario's values are all text (norms.chargement), observations are JSON: 12 is « 12 », true is « true » or
« oui ». An absent value equals nothing, not even an empty text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

#: Operators that can say nothing about a value that isn't there.
_SANS_OBJET = frozenset({"different_de", "ne_contient_pas", "au_plus", "croissant"})
#: Result of an operator: True, False, or None when what was observed doesn't allow a conclusion.
Issue = bool | None

_VRAIS, _FAUX = frozenset({"true", "oui", "vrai"}), frozenset({"false", "non", "faux"})
MAX_TEXTE = 400


def same(observe: Any, attendu: Any) -> bool:
    """Whether an observation is what the scenario wrote, lists in order, tables key by key."""
    if isinstance(observe, Mapping):
        return (
            isinstance(attendu, Mapping)
            and observe.keys() == attendu.keys()
            and all(same(observe[cle], attendu[cle]) for cle in attendu)
        )
    if isinstance(observe, list | tuple):
        return (
            isinstance(attendu, list | tuple)
            and len(observe) == len(attendu)
            and all(same(o, a) for o, a in zip(observe, attendu, strict=True))
        )
    if observe is None or attendu is None or isinstance(attendu, list | tuple | Mapping):
        return False
    if isinstance(observe, bool):
        return str(attendu).lower() in (_VRAIS if observe else _FAUX)
    return _text(observe) == _text(attendu)


def includes(observe: Any, attendu: Any) -> bool:
    """Whether a table has at least these pairs; any other value must be the same."""
    if isinstance(observe, Mapping) and isinstance(attendu, Mapping):
        return all(cle in observe and includes(observe[cle], attendu[cle]) for cle in attendu)
    return same(observe, attendu)


def is_empty(valeur: Any) -> bool:
    """Nothing there: null, empty text, empty list or table. Zero and false are something."""
    return valeur is None or (isinstance(valeur, str | list | tuple | Mapping) and len(valeur) == 0)


def compare(operateur: str, observe: Any, attendu: Any) -> Issue:
    """Applies one operator. None: nothing was observed that this operator could judge."""
    if observe is None and operateur in _SANS_OBJET:
        return None
    return _OPERATEURS[operateur](observe, attendu)


def render(valeur: Any) -> str:
    """A value as shown to people: list items separated by commas, absent values named."""
    texte = _render(valeur)
    return texte if len(texte) <= MAX_TEXTE else texte[: MAX_TEXTE - 1] + "…"


def _render(valeur: Any) -> str:
    if isinstance(valeur, Mapping):
        return "{" + ", ".join(f"{cle}: {_render(v)}" for cle, v in valeur.items()) + "}"
    if isinstance(valeur, list | tuple):
        return ", ".join(f"[{_render(v)}]" if isinstance(v, list | tuple) else _render(v) for v in valeur) or "(aucun)"
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return "(rien)" if valeur is None else _text(valeur) or "(vide)"


def _text(valeur: Any) -> str:
    if isinstance(valeur, float) and valeur.is_integer():
        return str(int(valeur))  # JMESPath's sum() gives floats
    return str(valeur)


def _items(attendu: Any) -> list[Any]:
    return list(attendu) if isinstance(attendu, list | tuple) else [attendu]


def _holds(observe: Any, attendu: Any) -> bool:
    """Whether one expected thing is in: part of a text, an item of a list, pairs of a table."""
    if isinstance(observe, str):
        return not isinstance(attendu, Mapping) and str(attendu) in observe
    if isinstance(observe, Mapping):
        return includes(observe, attendu) if isinstance(attendu, Mapping) else str(attendu) in observe
    if isinstance(observe, list | tuple):
        return any(includes(o, attendu) for o in observe)
    return same(observe, attendu)


def _count(observe: Any) -> int | None:
    if observe is None:
        return 0
    if isinstance(observe, list | tuple | Mapping):
        return len(observe)
    return _integer(observe)


def _integer(valeur: Any) -> int | None:
    if isinstance(valeur, bool):
        return None
    texte = _text(valeur)
    return int(texte) if re.fullmatch(r"-?\d{1,18}", texte) else None


def _measure(observe: Any) -> int | None:
    return len(observe) if isinstance(observe, list | tuple | Mapping) else _integer(observe)


def _at_least(observe: Any, attendu: Any) -> Issue:
    mesure = _measure(observe)
    return False if mesure is None else mesure >= int(attendu)


def _at_most(observe: Any, attendu: Any) -> Issue:
    mesure = _measure(observe)
    return False if mesure is None else mesure <= int(attendu)


def _matches(observe: Any, motif: Any) -> Issue:
    textes = observe if isinstance(observe, list | tuple) else [observe]
    return bool(textes) and all(
        t is not None and not isinstance(t, Mapping | list | tuple) and re.search(str(motif), _text(t)) is not None
        for t in textes
    )


def _among(observe: Any, attendus: Any) -> Issue:
    valeurs = observe if isinstance(observe, list | tuple) else [observe]
    return bool(valeurs) and all(any(same(v, a) for a in attendus) for v in valeurs)


def _increases(observe: Any, _attendu: Any) -> Issue:
    if not isinstance(observe, list | tuple):
        return False
    if len(observe) < 2:
        return None
    nombres = [_integer(v) for v in observe]
    if None not in nombres:
        return all(a <= b for a, b in itertools.pairwise(nombres))  # type: ignore[operator]  # none is None
    textes = [_text(v) for v in observe]
    return None not in observe and all(a <= b for a, b in itertools.pairwise(textes))


_OPERATEURS: Mapping[str, Callable[[Any, Any], Issue]] = {
    "egale": same,
    "different_de": lambda o, a: not same(o, a),
    "contient": lambda o, a: all(_holds(o, x) for x in _items(a)),
    "ne_contient_pas": lambda o, a: not any(_holds(o, x) for x in _items(a)),
    "motif": _matches,
    "un_parmi": _among,
    "nombre": lambda o, a: _count(o) == int(a),
    "au_moins": _at_least,
    "au_plus": _at_most,
    "croissant": _increases,
    "present": lambda o, _a: not is_empty(o),
    "absent": lambda o, _a: is_empty(o),
}
