"""A world shared by the tests that only need its services and its keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acteurs.outils import Emetteur, emetteur


@pytest.fixture(scope="module")
def commun() -> Iterator[Emetteur]:
    with emetteur() as e:
        yield e


@pytest.fixture
def seul() -> Iterator[Emetteur]:
    """A world of one's own."""
    with emetteur() as e:
        yield e


@pytest.fixture(scope="module")
def fichier(commun: Emetteur) -> bytes:
    """Two lots: 001 with invoices 1 and 2 (SESAM-Vitale), 002 with invoice 3 (third-party payment)."""
    premier = commun.lot([commun.facture("000000001"), commun.facture("000000002")])
    second = commun.lot([commun.facture("000000003", g1410_1="2")], "002")
    return commun.fichier([premier, second])
