"""The phone held out to the PS, as the world scripts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from simulator.cards.modele import ImageVitale

VALIDITE = timedelta(minutes=30)

Defaut = Literal["", "refus", "silence", "adr_erreur", "adr_silence"]


@dataclass
class Portefeuille:
    """Whose phone it is, how long a context lasts, what goes wrong."""

    image: ImageVitale | None = None
    validite: timedelta = VALIDITE
    defaut: Defaut = ""
