"""The world as the engine uses it, and how the simulated one is opened for a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.catalogue import scenarios_directory
from harness.modele.scenario import Monde as MondeScenario
from norms.contrat.adaptateur import Environnement
from norms.contrat.ports import Horloge
from norms.paquet import NormPack
from simulator.evenements import Journal

Lecteurs = Literal["simules", "pcsc"]
#: Longest time the world may take to answer all that it received, in seconds.
DELAI_TRAITEMENT = 30.0


class Monde(Protocol):
    """What a scenario needs of the world (seam 4)."""

    @property
    def journal(self) -> Journal: ...
    @property
    def horloge(self) -> Horloge: ...
    def environnement(self) -> Environnement: ...
    def agir(self, action: str, avec: Mapping[str, Any]) -> None: ...
    def attendre_traitement(self, delai_s: float) -> object: ...


@dataclass(frozen=True, slots=True)
class DemandeMonde:
    """What one scenario asks of the world: its ``monde`` section, where evidence goes, seed and norm pack."""

    monde: MondeScenario
    dossier: Path
    graine: int
    pack: NormPack
    lecteurs: Lecteurs = "simules"
    population: Path | None = None


FabriqueMonde = Callable[[DemandeMonde], AbstractContextManager[Monde]]


def open_simulated(demande: DemandeMonde) -> AbstractContextManager[Monde]:
    """The simulated world of ``simulator.monde``."""
    from simulator.monde import ConfigMonde, MondeSimule  # noqa: PLC0415 -- heavy (cryptography, mail servers)

    return MondeSimule(
        ConfigMonde(
            date=demande.monde.date,
            graine=demande.graine,
            pack=demande.pack,
            dossier=demande.dossier,
            population=demande.population or scenarios_directory() / "population",
            lecteurs=demande.monde.lecteurs.model_dump(exclude_none=True),
            equipement=demande.monde.equipement,
            transport="inproc" if demande.lecteurs == "simules" else "pcsc",
            acteurs=demande.monde.acteurs,
            pannes=demande.monde.pannes,
        )
    )
