"""Working days: Monday to Friday, French public holidays excluded (requirements/ambiguites.md; cdc §3.3.1.2)."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta
from functools import cache


@cache
def _feries(annee: int) -> Container[date]:
    from holidays import country_holidays  # noqa: PLC0415 - slow to import, and most worlds never count days

    return frozenset(country_holidays("FR", years=annee))


def is_working_day(jour: date) -> bool:
    """Whether a day counts among « jours ouvrés »."""
    return jour.weekday() < 5 and jour not in _feries(jour.year)


def add_working_days(depart: date, nombre: int) -> date:
    """The day that comes ``nombre`` working days after ``depart``."""
    jour = depart
    while nombre > 0:
        jour += timedelta(days=1)
        nombre -= is_working_day(jour)
    return jour
