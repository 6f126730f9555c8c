"""A cancellation of a DRE in front of the AMC: tied to what it cancels, refused without it, remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from norms.paquet import NormPack
from norms.tables import code_annulation
from tests.acteurs.outils import AMC, DRE, FSE, Emetteur, emetteur
from tests.acteurs.test_gestion import rsp

ANNULE = {"g1110_2": "2"}


@pytest.fixture
def e() -> Iterator[Emetteur]:
    with emetteur() as ouvert:
        yield ouvert


def dre(e: Emetteur, reference: str, *factures: str) -> None:
    e.transmettre(e.lot(factures, reference), numero=AMC)


def test_the_norm_names_the_nature_of_a_cancellation() -> None:
    assert code_annulation(NormPack.par_defaut()) == "2"


def test_tied_to_the_dre_of_its_number(e: Emetteur) -> None:
    dre(e, "AAA", e.facture("000000012", DRE))
    dre(e, "AAB", e.facture("000000012", DRE, **ANNULE))
    assert [(f["numero"], f["annulation"]) for f in e.flux["factures"]] == [("000000012", False), ("000000012", True)]
    assert e.codes() == []
    assert [r["positif"] for r in e.retours] == [True, True]


def test_without_a_dre_of_its_number_its_lot_is_refused(e: Emetteur) -> None:
    dre(e, "AAA", e.facture("000000012", DRE))
    dre(e, "AAB", e.facture("000000013", DRE, **ANNULE))
    assert e.codes() == ["FACTURE_ANNULATION_SANS_INITIALE"]
    refus = e.retours[1]
    assert (refus["lot"], refus["positif"], refus["code"], refus["facture"]) == ("AAB", False, "F024", "000000013")


def test_the_fse_of_that_number_is_not_what_it_cancels(e: Emetteur) -> None:
    e.transmettre(e.lot([e.facture("000000012", FSE)]))
    dre(e, "AAA", e.facture("000000012", DRE, **ANNULE))
    assert e.codes() == ["FACTURE_ANNULATION_SANS_INITIALE"]


def test_a_cancellation_does_not_stand_for_a_dre(e: Emetteur) -> None:
    """Nor does a refused one: a second cancellation is refused for the same reason."""
    dre(e, "AAA", e.facture("000000012", DRE, **ANNULE))
    dre(e, "AAB", e.facture("000000012", DRE, **ANNULE))
    assert [r["positif"] for r in e.retours] == [False, False]


def test_what_is_cancelled_is_not_paid(e: Emetteur) -> None:
    dre(e, "AAA", e.facture("000000012", DRE), e.facture("000000014", DRE))
    dre(e, "AAB", e.facture("000000012", DRE, **ANNULE))
    e.monde.agir("acteurs.liquider", {"acteur": AMC})
    sorts = [(s["numero"], s["etat"], s["code"]) for s in e.retours[-1]["factures"]]
    assert sorts == [("000000012", "R", "L004"), ("000000014", "P", "")]
    lue = rsp(e)
    assert [f.rejets for f in lue.factures] == [[("L004", "DRE ANNULEE PAR LE PROFESSIONNEL DE SANTE", "F", "C")], []]
    e.monde.agir("acteurs.liquider", {"acteur": AMC})
    assert len([r for r in e.retours if r["nature"] == "RSP"]) == 1


def test_cancelled_once_paid_nothing_more_is_settled(e: Emetteur) -> None:
    dre(e, "AAA", e.facture("000000012", DRE))
    e.monde.agir("acteurs.liquider", {"acteur": AMC})
    dre(e, "AAB", e.facture("000000012", DRE, **ANNULE))
    e.monde.agir("acteurs.liquider", {"acteur": AMC})
    sorts = [[s["etat"] for s in r["factures"]] for r in e.retours if r["nature"] == "RSP"]
    assert sorts == [["P"]]


def test_remembered_by_the_next_world(tmp_path: Path) -> None:
    """The insurers of a durable world keep what was received and what was cancelled."""
    with emetteur(dossier=tmp_path, durable=True) as e:
        dre(e, "AAA", e.facture("000000012", DRE), e.facture("000000014", DRE))
        dre(e, "AAB", e.facture("000000012", DRE, **ANNULE))
    with emetteur(dossier=tmp_path, durable=True) as e:
        e._compteurs |= {"fichier": 2, "message": 2}
        dre(e, "AAC", e.facture("000000014", DRE, **ANNULE))
        assert e.codes() == []
        e.monde.agir("acteurs.liquider", {"acteur": AMC})
        assert [(s["numero"], s["code"]) for s in e.retours[-1]["factures"]] == [
            ("000000012", "L004"),
            ("000000014", "L004"),
        ]
