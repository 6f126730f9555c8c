"""Absences of the PS and what a delay becomes (cdc §3.3.1.2, §3.4.1.2); how long an ARL is kept (SV-3.3.1.1-06).

Monday 21 November 2022 is the day of the lot; no public holiday falls in these two weeks.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.reference.conftest import Cabinet, G, Ouvrir

REJET = {"01349": {"arl": "negatif", "arl_code": "1001", "arl_libelle": "FACTURE NON INTEGRE"}}


def _due(c: Cabinet) -> list[dict[str, Any]]:
    return [e for e in c.ok("echeances.lister")["echeances"] if e["objet"] == "lot"]


def _one_lot(c: Cabinet) -> None:
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.transmettre()
    c.ok("retours.relever")


@pytest.mark.parametrize(
    ("absence", "limite"),
    [
        (None, "2022-11-23"),  # Tuesday, Wednesday
        (("2022-11-22", "2022-11-23"), "2022-11-23"),  # two working days: not more than two, the delay runs
        (("2022-11-22", "2022-11-24"), "2022-11-28"),  # three: Friday 25, then Monday 28
        (("2022-11-24", "2022-11-27"), "2022-11-23"),  # Thursday and Friday, the week-end doesn't count
        (("2022-11-23", "2022-11-25"), "2022-11-28"),  # one day has run already
    ],
)
def test_an_absence_of_more_than_two_working_days_stops_the_delay_to_send_again(
    ouvrir: Ouvrir, absence: tuple[str, str] | None, limite: str
) -> None:
    c = ouvrir(acteurs=REJET)
    _one_lot(c)
    if absence is not None:
        c.ok("absence.declarer", du=absence[0], au=absence[1])
    (echeance,) = _due(c)
    assert (echeance["motif"], echeance["limite"], echeance["depassee"]) == ("arl_negatif", limite, False)


def test_the_last_day_is_in_time_the_next_one_is_late(ouvrir: Ouvrir) -> None:
    c = ouvrir(acteurs=REJET)
    _one_lot(c)
    c.ok("absence.declarer", du="2022-11-22", au="2022-11-24")
    for jours, depassee in ((4, False), (3, False), (1, True)):  # Friday 25, Monday 28, Tuesday 29
        c.avancer(jours=jours)
        assert [e["depassee"] for e in _due(c)] == [depassee]


def test_an_absence_also_stops_the_wait_for_an_arl(ouvrir: Ouvrir) -> None:
    c = ouvrir(acteurs={"01349": {"arl": "aucun"}})
    _one_lot(c)
    c.ok("absence.declarer", du="2022-11-22", au="2022-11-24")
    c.avancer(jours=7)  # Monday 28, second working day that counts: the ARL may still come
    assert _due(c) == []
    c.avancer(jours=1)
    (echeance,) = _due(c)
    assert (echeance["motif"], echeance["limite"], echeance["depassee"]) == ("sans_arl", "2022-11-30", False)


def test_a_positive_arl_is_still_there_after_ninety_days(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    _one_lot(c)
    recu = c.adaptateur.poste.retours.dernier_arl("001")
    for jours in (89, 1, 1):
        c.avancer(jours=jours)
        c.ok("retours.relever")
        assert c.adaptateur.poste.retours.dernier_arl("001") == recu is not None
