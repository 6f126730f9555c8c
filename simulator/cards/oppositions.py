"""The opposition list as data: Vitale cards that nobody may bill with any longer (cdc §3.2.3.2)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from norms import chargement
from simulator.cards.modele import Base, validate


class Opposition(Base):
    """One card in opposition. ``carte``: its name in the population, when it is one of ours."""

    numero_serie: Annotated[str, Field(pattern=r"^[0-9]{10,20}$")]
    carte: str = ""
    motif: Literal["perte", "vol", "fraude", "deces", "remplacement"]
    depuis: date


class ListeOpposition(Base):
    """The file of the list."""

    but: Annotated[str, Field(min_length=10, max_length=200)]
    source: str
    oppositions: tuple[Opposition, ...]


def load_oppositions(chemin: Path) -> tuple[Opposition, ...]:
    """Loads an opposition list. Raises ErreurChargement."""
    return validate(chargement.load(chemin), ListeOpposition).oppositions
