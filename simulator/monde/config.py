"""What a world is made from."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from norms.contrat.ports import PARIS
from norms.paquet import NormPack
from simulator.evenements import Journal
from simulator.pannes.grammaire import Panne
from simulator.readers.equipement import PAR_DEFAUT, Equipement, ErreurEquipement, equipement
from simulator.readers.ouverture import LECTEURS, Transport

POPULATION = Path(__file__).parents[2] / "scenarios" / "population"


class ErreurMonde(ValueError):
    """A world that cannot be built from what was asked; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Reseau:
    """How the network shows itself. Ports 0 are chosen by the system; ``tls`` offers STARTTLS and STLS; ``auth`` offers
    AUTH with the account of the mailbox, ``auth_exigee`` refuses to take mail without it.
    """

    port_smtp: int = 0
    port_pop3: int = 0
    port_services: int = 0
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tls_exige: bool = False
    auth: bool = False
    auth_exigee: bool = False
    mot_de_passe: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ConfigMonde:
    """One world.

    ``date``: start of the virtual clock, ISO 8601, Europe/Paris when naive. ``dossier``: evidence, in memory only when
    None. ``population``: directory of cards. ``lecteurs``: card present at the start in each reader, by name.
    ``equipement``: the readers of the workstation, by name (simulator/donnees/lecteurs.yaml) or as they are.
    ``acteurs``: behaviour keys by number of organisation; ``pannes``: faults in force from the start (docs/pannes.md).
    ``durable``: what was acknowledged survives the death of the process, what insurers remember too, and memory stays
    flat: a new world with the same evidence folder goes on where the first one stopped. ``journal`` makes the journal
    from what gives the virtual instant.
    """

    date: str | datetime = "2026-03-02T09:00"
    graine: int = 1
    pack: NormPack = field(default_factory=NormPack.par_defaut)
    dossier: Path | None = None
    population: Path = POPULATION
    lecteurs: Mapping[str, str | None] = field(default_factory=dict)
    equipement: str | Equipement = PAR_DEFAUT
    transport: Transport = "inproc"
    acteurs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pannes: Sequence[Panne | Mapping[str, Any]] = ()
    reseau: Reseau = Reseau()
    durable: bool = False
    journal: Callable[[Callable[[], str]], Journal] = Journal

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

    @property
    def materiel(self) -> Equipement:
        """The readers of the workstation. Raises ErreurMonde."""
        if isinstance(self.equipement, Equipement):
            return self.equipement
        try:
            return equipement(self.equipement)
        except ErreurEquipement as exc:
            raise ErreurMonde(str(exc)) from exc

    def check(self) -> None:
        """Raises ErreurMonde on an unknown reader, or when what must last has nowhere to be kept."""
        if self.durable and self.dossier is None:
            raise ErreurMonde("un monde durable demande un dossier de preuves")
        connus = self.materiel.ressources
        for nom, carte in self.lecteurs.items():
            if nom not in connus and (carte or nom not in LECTEURS):
                raise ErreurMonde(f"lecteur « {nom} » inconnu ; lecteurs : {', '.join(connus)}")
