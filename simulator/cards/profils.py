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
    zones_absentes: tuple[Zone, ...] = ()  # what the generation it derives from has and this one hasn't

    def dossier(self, nom: str) -> Dossier:
        return next(d for d in self.dossiers if d.nom == nom)

    def fichier(self, role: str) -> Fichier:
        return next(f for f in self.fichiers if f.role == role)

    def cle(self, nom: str) -> Cle:
        return next(c for c in self.cles if c.nom == nom)


class Absent(_Base):
    """A zone that a card generation doesn't have, or only some fields of it."""

    zone: str
    champs: tuple[str, ...] = ()
    source: str


class Variante(_Base):
    """A card generation told by what it lacks beside another one."""

    profil: str
    base: str
    intitule: str
    atr: Octets
    version_mapping: str
    source: str
    absents: tuple[Absent, ...]

    def derive(self, base: Profil) -> Profil:
        """The profile. Raises ValueError when ``absents`` names what the base doesn't have."""
        zones = {z.nom: z for z in base.zones}
        retirees: list[Zone] = []
        for absent in self.absents:
            zone = zones.get(absent.zone)
            if zone is None or not set(absent.champs) <= {c.champ for c in zone.champs}:
                raise ValueError(f"zone « {absent.zone} » ou l'un de ses champs inconnus du profil {base.profil}")
            ote = tuple(c for c in zone.champs if not absent.champs or c.champ in absent.champs)
            reste = tuple(c for c in zone.champs if c not in ote)
            retirees.append(zone.model_copy(update={"champs": ote}))
            zones[zone.nom] = zone.model_copy(update={"champs": reste})
        version = zones["mapping"].champs[0].model_copy(update={"valeur": self.version_mapping})
        zones["mapping"] = zones["mapping"].model_copy(update={"champs": (version,)})
        return base.model_copy(
            update={
                "profil": self.profil,
                "intitule": self.intitule,
                "atr": self.atr,
                "source": self.source,
                "zones": tuple(z for z in zones.values() if z.champs),
                "zones_absentes": tuple(retirees),
            }
        )


@cache
def profils() -> Mapping[str, Profil]:
    """Every profile supplied, by name. Raises ErreurChargement when a data file is wrong."""
    documents = [chargement.load(f, nom=f.name) for f in sorted(DONNEES.glob("*.yaml"))]
    trouves = {p.profil: p for p in (validate(d, Profil) for d in documents if "base" not in d.donnees)}
    for document in documents:
        if "base" not in document.donnees:
            continue
        variante = validate(document, Variante)
        if variante.base not in trouves:
            raise document.erreur(("base",), f"profil « {variante.base} » inconnu")
        try:
            trouves[variante.profil] = variante.derive(trouves[variante.base])
        except ValueError as exc:
            raise document.erreur(("absents",), str(exc)) from exc
    return trouves


def profil(nom: str) -> Profil:
    """A profile by its name. Raises ValueError when it's not supplied."""
    trouve = profils().get(nom)
    if trouve is None:
        raise ValueError(f"profil de carte « {nom} » inconnu ; profils fournis : {', '.join(profils())}")
    return trouve


def by_atr(atr: bytes) -> Profil | None:
    """The profile whose ATR this is."""
    return next((p for p in profils().values() if p.atr == atr), None)
