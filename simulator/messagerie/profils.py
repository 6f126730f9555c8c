"""Message profiles: what a message must look like, loaded from ``norms/donnees/messagerie/profils.yaml``."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import norms
from norms.chargement import Document, load

Source = Annotated[str, Field(pattern=r"^(cdc §|annexe5 §|public: |hypothese: )\S")]
_CLASSES = {"numerique": "[0-9]", "alphanumerique": "[0-9A-Za-z]", "libre": "[ -~]"}
_FORMATS = {"aaaammjjhhmmss5": ("%Y%m%d%H%M%S", 14), "aaaammjjhhmm": ("%Y%m%d%H%M", 12)}


class _Regle(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    source: Source

    @property
    def hypothese(self) -> bool:
        """Whether the rule is our guess rather than a published fact."""
        return self.source.startswith("hypothese")


class ValeurSourcee(_Regle):
    """One value; ``libelle`` for people, ``extension`` for file names."""

    valeur: str
    libelle: str = ""
    extension: str = ""


class ValeursSourcees(_Regle):
    valeurs: tuple[str, ...]


class ChampSujet(_Regle):
    """One field of the Subject; see the head of the YAML file."""

    nom: str
    classe: Literal["numerique", "alphanumerique", "libre"]
    prefixe: str = ""
    longueur: int | None = None
    longueur_min: int = 1
    longueur_max: int = 900
    valeurs: tuple[str, ...] = ()
    table: str = ""
    format: Literal["", "aaaammjjhhmmss5", "aaaammjjhhmm"] = ""
    remplissage: str = ""
    reste: Literal["", "oui"] = ""

    def lengths(self) -> tuple[int, int]:
        """Least and greatest length, prefix excluded."""
        return (self.longueur, self.longueur) if self.longueur is not None else (self.longueur_min, self.longueur_max)

    def expected(self) -> str:
        """The rule, in French."""
        minimum, maximum = self.lengths()
        nombre = str(minimum) if minimum == maximum else f"{minimum} à {maximum}"
        genre = {"numerique": "chiffres", "alphanumerique": "chiffres ou lettres", "libre": "caractères"}[self.classe]
        texte = f"« {self.prefixe} » puis {nombre} {genre}" if self.prefixe else f"{nombre} {genre}"
        if self.valeurs:
            texte = " ou ".join(f"« {v} »" for v in self.valeurs)
        if self.format:
            texte += f", date et heure valides ({self.format.rstrip('5').upper()})"
        return texte

    def accepts(self, texte: str) -> bool:
        """Whether ``texte`` follows the grammar of the field; the table of values is not looked at."""
        if self.valeurs:
            return texte in self.valeurs
        minimum, maximum = self.lengths()
        motif = f"{re.escape(self.prefixe)}{_CLASSES[self.classe]}{{{minimum},{maximum}}}"
        if not re.fullmatch(motif, texte):
            return False
        return not self.format or _is_instant(texte, *_FORMATS[self.format])


class Sujet(_Regle):
    champs: tuple[ChampSujet, ...]
    separateur: str = "/"


class ContentDescription(_Regle):
    """``base`` then ``/suffix``: K encrypted, ZK compressed and encrypted, empty for none; or a code of ``table``."""

    base: str
    suffixes: tuple[str, ...] = ()
    table: str = ""


class Profil(_Regle):
    """One kind of message."""

    nom: str
    libelle: str
    sens: Literal["emission", "retour"]
    sujet: Sujet
    content_type: ValeurSourcee
    content_description: ContentDescription
    encodage: ValeurSourcee
    formes: ValeursSourcees
    pieces_jointes: ValeurSourcee
    chiffrement: ValeurSourcee
    avis_non_remise: ValeurSourcee
    nom_fichier: ValeurSourcee | None = None


class Profils(BaseModel):
    """The whole data file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    versions: tuple[ValeurSourcee, ...]
    natures_art: tuple[ValeurSourcee, ...]
    profils: tuple[Profil, ...]

    def __getitem__(self, nom: str) -> Profil:
        """A profile by name. Raises KeyError, in French."""
        for profil in self.profils:
            if profil.nom == nom:
                return profil
        raise KeyError(f"profil de message « {nom} » inconnu ; profils : {', '.join(p.nom for p in self.profils)}")

    def table(self, nom: str) -> tuple[ValeurSourcee, ...]:
        """A table of values by name."""
        tables: Mapping[str, tuple[ValeurSourcee, ...]] = {
            "versions": self.versions,
            "natures_art": self.natures_art,
        }
        return tables[nom]

    def descriptions(self, profil: Profil) -> tuple[str, ...]:
        """Every Content-Description the profile allows."""
        regle = profil.content_description
        codes = tuple(v.valeur for v in self.table(regle.table)) if regle.table else regle.suffixes
        return tuple(f"{regle.base}/{code}" if code else regle.base for code in codes)


def load_profiles(chemin: Path) -> Profils:
    """Loads a profile file. Raises ErreurChargement with the line at fault."""
    document = load(chemin, nom=chemin.name)
    if isinstance(document.donnees, dict) and isinstance(document.donnees.get("profils"), list):
        _inherit(document)
    try:
        return Profils.model_validate(document.donnees)
    except ValidationError as exc:
        premiere = exc.errors()[0]
        position = tuple(premiere["loc"])
        ou = ".".join(map(str, position))
        raise document.erreur(
            position, f"profil de message incorrect à « {ou} » ({premiere['msg']}) ; corriger la donnée"
        ) from exc


@functools.cache
def default_profiles() -> Profils:
    """The profiles shipped with the norm."""
    return load_profiles(Path(norms.__file__).parent / "donnees" / "messagerie" / "profils.yaml")


def _inherit(document: Document) -> None:
    faits: dict[str, dict[str, Any]] = {}
    for rang, profil in enumerate(document.donnees["profils"]):
        parent = profil.pop("herite", None)
        if parent is not None and parent not in faits:
            raise document.erreur(
                ("profils", rang, "herite"), f"profil hérité « {parent} » inconnu ; le placer plus haut dans le fichier"
            )
        document.donnees["profils"][rang] = {**faits.get(parent or "", {}), **profil}
        faits[profil.get("nom", "")] = document.donnees["profils"][rang]


def _is_instant(texte: str, motif: str, longueur: int) -> bool:
    try:
        datetime.strptime(texte[:longueur], motif)  # noqa: DTZ007 - only its existence in the calendar matters
    except ValueError:
        return False
    return True
