"""What an insurer accepts, as data: algorithms, sizes, ages, grouping (``acteurs/reception.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from norms.calendrier import Calendrier
from norms.chargement import load
from simulator.acteurs.anomalies import DONNEES


@dataclass(frozen=True, slots=True)
class Critere:
    """A field that all the invoices of a lot share; ``classes`` maps values that count as one."""

    type: str
    enregistrement: str
    champ: str
    classes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Regles:
    """Sizes are in bytes."""

    chiffrements: frozenset[str]
    max_message: int
    max_fichier: int
    jours_passes: int
    jours_ouvres_futurs: int
    annees_prescription: int
    criteres: tuple[Critere, ...]

    def oldest(self, reception: date) -> date:
        """The earliest lot date accepted on the day of reception (ARL 5001 before)."""
        return reception - timedelta(days=self.jours_passes)

    def latest(self, reception: date) -> date:
        """The latest lot date accepted on the day of reception (ARL 5002 after)."""
        return _calendrier().ajouter_jours_ouvres(reception, self.jours_ouvres_futurs)

    def prescribed_from(self, soins: date) -> date:
        """The first day on which care of that date is no longer paid: years count from the quarter that follows."""
        mois = (soins.month - 1) // 3 * 3 + 4
        return date(soins.year + mois // 13 + self.annees_prescription, (mois - 1) % 12 + 1, 1)


@cache
def _calendrier() -> Calendrier:
    return Calendrier()


@cache
def load_regles(chemin: Path = DONNEES / "reception.yaml") -> Regles:
    """The rules of reception (immutable, hence kept). Raises ErreurChargement."""
    d: dict[str, Any] = load(chemin).donnees
    return Regles(
        chiffrements=frozenset(v["valeur"] for v in d["chiffrements"]),
        max_message=int(d["tailles"]["message"]["valeur"]),
        max_fichier=int(d["tailles"]["fichier"]["valeur"]),
        jours_passes=int(d["age_lot"]["jours_passes"]["valeur"]),
        jours_ouvres_futurs=int(d["age_lot"]["jours_ouvres_futurs"]["valeur"]),
        annees_prescription=int(d["prescription"]["annees"]["valeur"]),
        criteres=tuple(
            Critere(c["type"], c["enregistrement"], c["champ"], MappingProxyType(c.get("classes", {})))
            for c in d["regroupement"]
        ),
    )
