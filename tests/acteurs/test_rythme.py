"""Each insurer at its own pace: acknowledgements and payments after so long of the virtual clock, each its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.monde import ConfigMonde, ErreurAction, MondeSimule
from tests.acteurs.outils import AMC, AMO, DRE, Emetteur, emetteur


def natures(e: Emetteur) -> list[tuple[str, str, str]]:
    """Actor, nature, day and time of each return."""
    return [(x.donnees["acteur"], x.donnees["nature"], x.instant[:16]) for x in e.monde.journal.of("retour_depose")]


def test_an_arl_after_two_working_days_and_an_rsp_after_five() -> None:
    # received on Friday 6 March 2026 at 9: two working days lead to Tuesday 10, five to Friday 13
    pace = {"arl_apres": {"jours_ouvres": 2}, "rsp_apres": {"jours_ouvres": 5}}
    with emetteur(date="2026-03-06T09:00", acteurs={AMO: pace}) as e:
        e.transmettre(e.lot([e.facture(g1110_3="20260306", g1610_2="20260306")], date="20260306"))
        assert natures(e) == []
        e.monde.agir("horloge.avancer", {"jours": 3, "heures": 23, "minutes": 59})
        assert natures(e) == [], "just before"
        e.monde.agir("horloge.avancer", {"minutes": 1})
        assert natures(e) == [(AMO, "ARL", "2026-03-10T09:00")]
        e.monde.agir("horloge.avancer", {"jours": 10})
        assert natures(e)[1:] == [(AMO, "RSP", "2026-03-13T09:00")], "at its time, though the clock jumped over it"
        e.monde.agir("acteurs.liquider")
        assert len(natures(e)) == 2, "settled once"


def test_each_at_its_own_pace(seul: Emetteur) -> None:
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl_apres": {"heures": 4}})
    seul.monde.agir("acteur.regler", {"acteur": AMC, "arl_apres": {"heures": 1}})
    seul.transmettre(seul.lot([seul.facture()]))
    seul.transmettre(seul.lot([seul.facture(type_=DRE)], "AAA"), numero=AMC)
    seul.monde.agir("horloge.avancer", {"jours": 1})
    assert natures(seul) == [(AMC, "ARL", "2026-03-02T10:00"), (AMO, "ARL", "2026-03-02T13:00")]


def test_no_payment_for_a_refused_lot_and_none_twice(seul: Emetteur) -> None:
    seul.monde.agir("acteur.regler", {"acteur": AMO, "rsp_apres": {"jours": 1}, "arl": "negatif"})
    seul.transmettre(seul.lot([seul.facture()]))
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "honnete"})
    seul.transmettre(seul.lot([seul.facture("000000013")], "002"))
    seul.transmettre(seul.lot([seul.facture("000000014")], "003"))
    seul.monde.agir("horloge.avancer", {"jours": 2})
    rsp = [r for r in seul.retours if r["nature"] == "RSP"]
    assert [[f["numero"] for f in r["factures"]] for r in rsp] == [["000000013", "000000014"]]


def test_a_pace_that_makes_no_sense_is_refused(seul: Emetteur) -> None:
    with pytest.raises(ErreurAction, match="arl_apres"):
        seul.monde.agir("acteur.regler", {"acteur": AMO, "arl_apres": {"jours": -1}})


def test_what_was_due_is_due_to_the_next_world(tmp_path: Path) -> None:
    """A payment not sent when the bench stops is still owed: an order sends it."""
    commun = {"dossier": tmp_path, "durable": True, "lecteurs": {"ps": "dr-martin", "vitale": "durand-paul"}}
    with MondeSimule(ConfigMonde(**commun, acteurs={AMO: {"rsp_apres": {"jours": 1}}})) as monde:
        e = Emetteur(monde)
        e.transmettre(e.lot([e.facture()]))
    with MondeSimule(ConfigMonde(**commun)) as monde:
        monde.agir("acteurs.liquider")
        assert [x.donnees["nature"] for x in monde.journal.of("retour_depose")] == ["RSP"]
