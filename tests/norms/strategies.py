"""Hypothesis strategies: values that a field, a record, an entity can hold in canonical form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from norms.codec import Champ, Disposition, Format

IMPRIMABLES = "".join(chr(c) for c in range(0x20, 0x7F))


def deep_share(parts: int) -> settings:
    """Settings of a property played once for each of so many cases: the deep count is that of all cases together."""
    n = settings.default.max_examples if settings.default is not None else 100
    return settings(max_examples=max(n // parts, min(n, 60)))


@cache
def values_of(c: Champ, *, sans: str = "") -> st.SearchStrategy[Any]:
    """Values of a field that come back identical; ``sans``: characters to leave out."""
    n = c.longueur
    alphabet = "".join(x for x in IMPRIMABLES if x not in sans)
    texte = st.text(alphabet, max_size=n).map(lambda t: t.rstrip(" "))
    chiffres = st.text("0123456789", min_size=n, max_size=n) | st.just("")
    par_format: dict[Format, st.SearchStrategy[Any]] = {
        Format.A: texte,
        Format.RESERVE: texte,
        Format.N: chiffres,
        Format.Z: st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=n, max_size=n) | st.just(""),
        Format.ENTIER: st.integers(0, 10**n - 1),
        Format.MONTANT: st.integers(0, 10**n - 1),
        Format.DECIMAL: st.integers(0, 10**n - 1).map(lambda i: Decimal(i).scaleb(-c.decimales)),
        Format.DATE: st.dates(date(1970, 1, 1), date(2069, 12, 31)) | st.none(),
        Format.CONSTANTE: st.just(c.valeur.ljust(n)),
    }
    strategie = st.sampled_from(c.valeurs) if c.valeurs else par_format[c.format]
    return strategie | st.just("*" * n) if c.masquable and "*" not in sans else strategie


@cache
def records_of(d: Disposition, *, sans: str = "") -> st.SearchStrategy[dict[str, Any]]:
    """Values of all the exposed fields of a record, constants excepted."""
    champs = {n: values_of(c, sans=sans) for n, c in d.par_nom.items() if c.format is not Format.CONSTANTE}
    return st.fixed_dictionaries(champs)
