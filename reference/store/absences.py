"""Absences of the PS, during which the delays to send again may not run (cdc §3.3.1.2, §3.4.1.2)."""

from __future__ import annotations

from datetime import date

from reference.store.base import Base


class Absences:
    """Repository of absences, both days included."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def declarer(self, du: date, au: date) -> None:
        """Keeps an absence."""
        self._base.ecrire("INSERT INTO absences VALUES (?, ?)", du.isoformat(), au.isoformat())

    def toutes(self) -> tuple[tuple[date, date], ...]:
        """Every absence declared."""
        return tuple(
            (date.fromisoformat(e["du"]), date.fromisoformat(e["au"]))
            for e in self._base.lire("SELECT * FROM absences")
        )
