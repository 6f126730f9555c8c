"""Card profiles: ATR, directories, files and zones of a card generation, read from ``simulator/donnees/cartes``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from norms import chargement
from simulator.cards.fichiers import Acces
from simulator.cards.modele import validate
from simulator.cards.zones import Hexa, Zone

DONNEES = Path(__file__).parent.parent / "donnees" / "cartes"


def _octets(valeur: object) -> object:
    return bytes.fromhex(valeur) if isinstance(valeur, str) else valeur


Octets = Annotated[bytes, BeforeValidator(_octets)]


class _Base(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dossier(_Base):
    """A directory of the card, by its short name."""

    nom: str
    fid: Hexa
    aid: Octets = b""
    source: str


class Fichier(_Base):
    """A file with a role of its own (directory of files, certificate, serial number…)."""

    role: str
    intitule: str
    dossier: str
    fid: Hexa
    nom_court: str = ""
    sfi: Hexa | None = None
    contenu: Octets = b""
    lecture: Acces = Acces.LIBRE
    ecriture: Acces = Acces.JAMAIS
    capacite: int = 0
    source: str


class Cle(_Base):
    """A private key of the card: its reference and what it may do."""

    nom: str
    reference: Hexa
    usage: Literal["signature", "authentification"]
    acces: Acces
    certificat: str
    identifiant: Octets
    source: str


class Profil(_Base):
    """A card generation. The MF is the first directory; the others are its children."""

    profil: str
    famille: Literal["vitale", "cps"]
    intitule: str
    atr: Octets
    source: str
    dossiers: tuple[Dossier, ...]
    fichiers: tuple[Fichier, ...]
    cles: tuple[Cle, ...]
    zones: tuple[Zone, ...]

    def dossier(self, nom: str) -> Dossier:
        return next(d for d in self.dossiers if d.nom == nom)

    def fichier(self, role: str) -> Fichier:
        return next(f for f in self.fichiers if f.role == role)

    def cle(self, nom: str) -> Cle:
        return next(c for c in self.cles if c.nom == nom)


@cache
def profils() -> Mapping[str, Profil]:
    """Every profile supplied, by name. Raises ErreurChargement when a data file is wrong."""
    tous = [validate(chargement.load(f, nom=f.name), Profil) for f in sorted(DONNEES.glob("*.yaml"))]
    return {p.profil: p for p in tous}


def profil(nom: str) -> Profil:
    """A profile by its name. Raises ValueError when it's not supplied."""
    trouve = profils().get(nom)
    if trouve is None:
        raise ValueError(f"profil de carte « {nom} » inconnu ; profils fournis : {', '.join(profils())}")
    return trouve


def by_atr(atr: bytes) -> Profil | None:
    """The profile whose ATR this is."""
    return next((p for p in profils().values() if p.atr == atr), None)
