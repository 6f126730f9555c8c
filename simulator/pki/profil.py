"""The test PKI described as data: authorities, roles, variants, holders. Read from YAML, checked here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from norms.chargement import Document, load
from simulator.pki.erreurs import ErreurPki

ICI = Path(__file__).parent
PROFIL = ICI / "donnees" / "pki.yaml"
ORGANISMES = ICI.parent / "donnees" / "organismes.yaml"
CLES = ICI / "cles"

RACINE = "racine"

T = TypeVar("T")


class _Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Periode(_Modele):
    """Days from the date of the PKI."""

    debut: int
    fin: int
    revocation: int | None = None


class Autorite(Periode):
    cn: str
    cle: str


class PeriodeCrl(_Modele):
    emission: int
    prochaine: int


class Role(_Modele):
    """A kind of certificate: who may hold it, who signs it, what it may be used for, which keys it draws from."""

    niveau: str
    libelle: str
    natures: tuple[str, ...]
    cn: str
    usages: frozenset[str]
    cles: tuple[str, ...] = Field(min_length=1)
    affectations: dict[str, str]
    source: str


class Nature(_Modele):
    forme: str
    exemple: str


class _Donnees(_Modele):
    source: str
    mention: str
    pays: str
    autorites: dict[str, Autorite]
    roles: dict[str, Role]
    natures: dict[str, Nature]
    variantes: dict[str, Periode]
    source_variantes: str
    crl: dict[str, PeriodeCrl]
    source_crl: str


@dataclass(frozen=True, slots=True)
class Porteur:
    """Who holds a certificate: AMO, AMC, OCT, PS or VITALE, its identifier, its name, its mailbox ("" without)."""

    nature: str
    nom: str
    libelle: str = ""
    adresse: str = ""


@dataclass(frozen=True, slots=True)
class Profil:
    """Everything the PKI is made from, except the date."""

    donnees: _Donnees
    porteurs: dict[tuple[str, str], Porteur]
    adresse_amo: str
    cles: Path = CLES

    @classmethod
    @cache
    def par_defaut(cls) -> Profil:
        """The profile shipped with the package, and the organisations of the simulated world (immutable, kept)."""
        return cls.charger()

    @classmethod
    def charger(cls, profil: Path = PROFIL, organismes: Path = ORGANISMES, cles: Path = CLES) -> Profil:
        """Reads a profile and a table of organisations. Raises ErreurChargement, ErreurPki."""
        document = load(profil, nom=profil.name)
        try:
            donnees = _Donnees.model_validate(document.donnees)
        except ValidationError as exc:
            premiere = exc.errors()[0]
            raise document.erreur(tuple(premiere["loc"]), f"profil de PKI incorrect : {premiere['msg']}") from exc
        _check(document, donnees)
        porteurs, adresse_amo = _organismes(load(organismes, nom=organismes.name))
        return cls(donnees, {(p.nature, p.nom): p for p in porteurs}, adresse_amo, cles)

    def role(self, role: str) -> Role:
        """The role of this name. Raises ErreurPki."""
        return _pick(self.donnees.roles, role, "rôle")

    def autorite(self, niveau: str) -> Autorite:
        """The authority of this level. Raises ErreurPki."""
        return _pick(self.donnees.autorites, niveau, "niveau")

    def variante(self, variante: str) -> Periode:
        """The variant of this name. Raises ErreurPki."""
        return _pick(self.donnees.variantes, variante, "variante")

    def periode_crl(self, variante: str) -> PeriodeCrl:
        """The dates of a CRL variant. Raises ErreurPki."""
        return _pick(self.donnees.crl, variante, "variante de CRL")

    def porteur(self, role: str, nom: str) -> Porteur:
        """The holder of this identifier, declared or made from it. Raises ErreurPki when the form is wrong."""
        natures = self.role(role).natures
        for nature in natures:
            if (nature, nom) in self.porteurs:
                return self.porteurs[nature, nom]
        for nature in natures:
            if re.fullmatch(self.donnees.natures[nature].forme, nom, re.ASCII):
                adresse = ""
                if nature == "AMO":
                    adresse = self.adresse_amo.format(regime=nom[:2], organisme_destinataire=nom[2:])
                return Porteur(nature, nom, adresse=adresse)
        formes = " ; ".join(f"{n} : {self.donnees.natures[n].exemple}" for n in natures)
        raise ErreurPki(f"porteur « {nom} » impossible pour le rôle {role} ; attendu {formes}")

    def declared(self, role: str) -> tuple[Porteur, ...]:
        """The declared holders that may have this role, by identifier."""
        natures = self.role(role).natures
        return tuple(p for _, p in sorted(self.porteurs.items(), key=lambda e: e[0][1]) if p.nature in natures)


def _pick(table: dict[str, T], nom: str, quoi: str) -> T:
    if nom not in table:
        raise ErreurPki(f"{quoi} « {nom} » inconnu de la PKI de test ; connus : {', '.join(table)}")
    return table[nom]


def _check(document: Document, donnees: _Donnees) -> None:
    for niveau in (RACINE, *(r.niveau for r in donnees.roles.values())):
        if niveau not in donnees.autorites:
            raise document.erreur(("autorites",), f"autorité « {niveau} » absente")
    for nom, role in donnees.roles.items():
        for nature in role.natures:
            if nature not in donnees.natures:
                raise document.erreur(("roles", nom, "natures"), f"nature « {nature} » non décrite sous « natures »")
        for porteur, cle in role.affectations.items():
            if cle not in role.cles:
                raise document.erreur(("roles", nom, "affectations", porteur), f"clé {cle} absente de « cles »")


def _organismes(document: Document) -> tuple[list[Porteur], str]:
    donnees: Any = document.donnees
    try:
        adresse_amo = str(donnees["adressage"]["amo"])
        porteurs = [
            Porteur(str(o["nature"]), str(o["numero"]), str(o["nom"]), str(o.get("adresse", "")))
            for o in donnees["organismes"]
        ]
        adresse_amo.format(regime="01", organisme_destinataire="349")
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as exc:
        raise document.erreur((), f"table des organismes incomplète ({exc!r}) ; voir nature, numero, nom") from exc
    return porteurs, adresse_amo
