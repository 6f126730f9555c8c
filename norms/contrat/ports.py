"""Ports: what code of ours receives from outside instead of reaching for it (clock, randomness)."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


class Horloge(Protocol):
    """The only source of time. Instants are aware datetimes in Europe/Paris."""

    def now(self) -> datetime: ...


class Alea(Protocol):
    """The only source of randomness."""

    def octets(self, n: int) -> bytes: ...


class HorlogeVirtuelle:
    """A clock that moves only when told to.

    Raises ValueError when moved backwards: time in a cabinet only goes on.
    """

    def __init__(self, depart: datetime) -> None:
        if depart.tzinfo is None:
            depart = depart.replace(tzinfo=PARIS)
        self._now = depart.astimezone(PARIS)

    def now(self) -> datetime:
        return self._now

    def today(self) -> date:
        return self._now.date()

    def advance(self, duree: timedelta) -> None:
        """Moves the clock forward by ``duree``."""
        self.set(self._now + duree)

    def set(self, instant: datetime) -> None:
        """Moves the clock to ``instant`` (naive instants are Europe/Paris)."""
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=PARIS)
        if instant < self._now:
            raise ValueError(f"l'horloge virtuelle ne recule pas : {instant.isoformat()} < {self._now.isoformat()}")
        self._now = instant.astimezone(PARIS)


class AleaReproductible:
    """Deterministic bytes from a seed and a purpose: SHA-256 in counter mode. Test material only."""

    def __init__(self, graine: int, usage: str = "") -> None:
        self._cle = hashlib.sha256(f"{graine}:{usage}".encode()).digest()
        self._compteur = 0
        self._reste = b""

    def octets(self, n: int) -> bytes:
        """Returns the next ``n`` bytes of the stream."""
        while len(self._reste) < n:
            self._reste += hashlib.sha256(self._cle + self._compteur.to_bytes(8, "big")).digest()
            self._compteur += 1
        sortie, self._reste = self._reste[:n], self._reste[n:]
        return sortie

    def derive(self, usage: str) -> AleaReproductible:
        """An independent stream for another purpose, that doesn't depend on what this one already gave."""
        enfant = AleaReproductible(0)
        enfant._cle = hashlib.sha256(self._cle + usage.encode()).digest()
        return enfant
