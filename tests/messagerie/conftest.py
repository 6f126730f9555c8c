"""A real mail network on loopback, and its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from norms.contrat.ports import HorlogeVirtuelle
from simulator.messagerie.boites import Boites
from simulator.messagerie.pannes import PannesMessagerie
from simulator.messagerie.serveur import ServeurMessagerie

BOITE = "ps1@cabinet.test"
SECRET = "motdepasse-de-test"


class Reseau:
    """A started network: server, mailboxes, faults, clock, events."""

    def __init__(self, dossier: Path | None = None, max_messages: int = 10_000, **options: Any) -> None:
        self.evenements: list[Any] = []
        self.recus: list[Any] = []
        self.horloge = HorlogeVirtuelle(datetime(2026, 1, 5, 9, 0, 0))  # noqa: DTZ001 - Europe/Paris by contract
        self.pannes = PannesMessagerie()
        self.boites = Boites(
            self.horloge,
            dossier=dossier,
            emettre=self.evenements.append,
            pannes=self.pannes,
            max_messages=max_messages,
        )
        self.boites.create(BOITE, SECRET, identifiant="ps1")
        options.setdefault("on_message", self.recus.append)
        self.serveur = ServeurMessagerie(self.boites, self.horloge, emettre=self.evenements.append, **options)

    def of(self, nom: str) -> list[Any]:
        """Events of one class, in order."""
        return [e for e in self.evenements if type(e).__name__ == nom]


@pytest.fixture
def reseau() -> Iterator[Callable[..., Reseau]]:
    with ExitStack() as pile:

        def start(**options: Any) -> Reseau:
            monde = Reseau(**options)
            pile.enter_context(monde.serveur)
            return monde

        yield start
