"""What waits for the virtual clock: deliveries due at an instant, done in order as the clock passes them."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

from norms.contrat.ports import HorlogeVirtuelle

#: A clock move does at most so many deliveries: each may order another one.
MAX_ECHEANCES = 100_000


class Echeancier:
    """Orders by due instant, then in the order given. Not thread-safe: the world's lock protects it."""

    def __init__(self, horloge: HorlogeVirtuelle) -> None:
        self._horloge = horloge
        self._file: list[tuple[datetime, int, Callable[[], object]]] = []
        self._rang = count()

    def __len__(self) -> int:
        return len(self._file)

    @property
    def prochaine(self) -> datetime | None:
        """The first due instant; None when nothing waits."""
        return self._file[0][0] if self._file else None

    def add(self, instant: datetime, faire: Callable[[], object]) -> None:
        """Has something done when the clock passes ``instant``."""
        heapq.heappush(self._file, (instant, next(self._rang), faire))

    def advance(self, jusque: datetime) -> int:
        """Moves the clock, stopping at each due instant to do what is due; gives how many were done."""
        faits = 0
        while self._file and self._file[0][0] <= jusque and faits < MAX_ECHEANCES:
            instant, _, faire = heapq.heappop(self._file)
            self._horloge.set(max(instant, self._horloge.now()))
            faire()
            faits += 1
        self._horloge.set(max(jusque, self._horloge.now()))
        return faits
