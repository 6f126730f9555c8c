"""What a world is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from norms.contrat.ports import PARIS
from norms.paquet import NormPack
from simulator.readers.ouverture import LECTEURS, Transport

POPULATION = Path(__file__).parents[2] / "scenarios" / "population"


class ErreurMonde(ValueError):
    """A world that cannot be built from what was asked; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class ConfigMonde:
    """One world.

    ``date``: start of the virtual clock, ISO 8601, Europe/Paris when naive. ``dossier``: evidence, in memory only when
    None. ``population``: directory of cards. ``lecteurs``: card present at the start in each reader, by name.
    ``acteurs``: behaviour keys by number of organisation.
    """

    date: str | datetime = "2026-03-02T09:00"
    graine: int = 1
    pack: NormPack = field(default_factory=NormPack.par_defaut)
    dossier: Path | None = None
    population: Path = POPULATION
    lecteurs: Mapping[str, str | None] = field(default_factory=dict)
    transport: Transport = "inproc"
    acteurs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def depart(self) -> datetime:
        """The start of the virtual clock. Raises ErreurMonde."""
        instant = self.date
        if isinstance(instant, str):
            try:
                instant = datetime.fromisoformat(instant)
            except ValueError as exc:
                raise ErreurMonde(f"date du monde « {self.date} » ; attendu AAAA-MM-JJTHH:MM") from exc
        return instant if instant.tzinfo else instant.replace(tzinfo=PARIS)

    def check(self) -> None:
        """Raises ErreurMonde on an unknown reader."""
        for nom in self.lecteurs:
            if nom not in LECTEURS:
                raise ErreurMonde(f"lecteur « {nom} » inconnu ; lecteurs : {', '.join(LECTEURS)}")
