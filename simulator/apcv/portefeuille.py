"""The phone held out to the PS, and how ApCV and ADR behave, as the world scripts them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from simulator.cards.modele import ImageVitale

VALIDITE = timedelta(minutes=30)

Defaut = Literal[
    "",
    "refus",
    "silence",
    "signature_refusee",
    "signature_muette",
    "expire_a_la_signature",
    "adr_erreur",
    "adr_silence",
]


@dataclass
class Portefeuille:
    """Whose phone it is, how long a context lasts, what goes wrong.

    ``image``: the people of the phone, its user first. ``delai_s``: how long ApCV and ADR wait before they answer, real
    time, cut short when the world closes.
    """

    image: ImageVitale | None = None
    validite: timedelta = VALIDITE
    defaut: Defaut = ""
    delai_s: float = 0.0
    _ferme: threading.Event = field(default_factory=threading.Event, repr=False)

    def patienter(self) -> None:
        """Waits as long as scripted."""
        if self.delai_s:
            self._ferme.wait(self.delai_s)

    def fermer(self) -> None:
        """Lets go whoever waits."""
        self._ferme.set()
