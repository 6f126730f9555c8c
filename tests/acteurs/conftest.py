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
