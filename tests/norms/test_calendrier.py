"""The legal calendar: dates checked against the printed one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.calendrier import Calendrier

METROPOLE = Calendrier()
MOSELLE = Calendrier(alsace_moselle=True)


def test_public_holidays_of_2026() -> None:
    feries = [
        date(2026, m, j)
        for m, j in ((1, 1), (4, 6), (5, 1), (5, 8), (5, 14), (5, 25), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    ]
    tous = [date(2026, 1, 1) + timedelta(days=i) for i in range(365)]
    assert [d for d in tous if METROPOLE.est_ferie(d)] == feries
    assert [d for d in tous if MOSELLE.est_ferie(d)] == sorted([*feries, date(2026, 4, 3), date(2026, 12, 26)])


def test_good_friday() -> None:
    vendredi = date(2026, 4, 3)
    assert METROPOLE.est_ouvre(vendredi)
    assert not MOSELLE.est_ouvre(vendredi)
    assert METROPOLE.ajouter_jours_ouvres(date(2026, 4, 2), 1) == vendredi
    assert MOSELLE.ajouter_jours_ouvres(date(2026, 4, 2), 1) == date(2026, 4, 7)  # Easter Monday is the 6th
    assert MOSELLE.nom_ferie(vendredi) == "Vendredi saint"


@pytest.mark.parametrize(
    ("depart", "nombre", "attendu"),
    [
        (date(2026, 5, 7), 3, date(2026, 5, 13)),
        (date(2026, 5, 7), 4, date(2026, 5, 15)),  # Ascension on the 14th
        (date(2026, 5, 9), 1, date(2026, 5, 11)),  # from a Saturday
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
        (date(2026, 3, 2), 8, date(2026, 3, 12)),
        (date(2026, 5, 13), -3, date(2026, 5, 7)),
        (date(2026, 5, 9), 0, date(2026, 5, 9)),
    ],
)
def test_adding_working_days(depart: date, nombre: int, attendu: date) -> None:
    assert METROPOLE.ajouter_jours_ouvres(depart, nombre) == attendu


def test_counting_working_days() -> None:
    assert METROPOLE.jours_ouvres_entre(date(2026, 5, 7), date(2026, 5, 13)) == 3
    assert METROPOLE.jours_ouvres_entre(date(2026, 5, 13), date(2026, 5, 7)) == -3
    assert METROPOLE.jours_ouvres_entre(date(2026, 5, 8), date(2026, 5, 10)) == 0


@given(depart=st.dates(date(2000, 1, 1), date(2060, 12, 31)), nombre=st.integers(1, 60), moselle=st.booleans())
def test_counting_undoes_adding(depart: date, nombre: int, *, moselle: bool) -> None:
    calendrier = MOSELLE if moselle else METROPOLE
    arrivee = calendrier.ajouter_jours_ouvres(depart, nombre)
    assert calendrier.est_ouvre(arrivee)
    assert calendrier.jours_ouvres_entre(depart, arrivee) == nombre


def test_saturday_is_workable_but_not_worked() -> None:
    assert METROPOLE.est_ouvrable(date(2026, 3, 7))
    assert not METROPOLE.est_ouvre(date(2026, 3, 7))
    assert not METROPOLE.est_ouvrable(date(2026, 8, 15))  # a Saturday, and a holiday


def test_limits() -> None:
    with pytest.raises(ValueError, match="3660 au plus"):
        METROPOLE.ajouter_jours_ouvres(date(2026, 1, 1), 4000)
    with pytest.raises(ValueError, match="14640 au plus"):
        METROPOLE.jours_ouvres_entre(date(1900, 1, 1), date(2026, 1, 1))
