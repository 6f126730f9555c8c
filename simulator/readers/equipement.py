"""The readers of a workstation: SESAM-Vitale devices and PC/SC readers, what each slot takes, what goes together.

An ``Equipement`` is data (``simulator/donnees/lecteurs.yaml``, or a vendor's ``galss.ini``); ``Terminaux`` is what
happens to it while a program uses it: a code typed on a keypad, another application that holds a reader, a clock that
drifts.
Source: cdc §4.1.2, §4.2.1.2.1, §4.2.1.16.1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from norms.chargement import load

DONNEES = Path(__file__).parents[1] / "donnees" / "lecteurs.yaml"
Nature = Literal["sesam_vitale", "pcsc"]
Support = Literal["ps", "vitale"]
PAR_DEFAUT = "deux-pcsc"
Ressource = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,19}$")]


class ErreurEquipement(ValueError):
    """An equipment that doesn't hold together, or isn't known; the message says what to change."""


class AccesExclusifRefuse(Exception):
    """Another application holds the channel of the reader."""


class LecteurDebranche(Exception):
    """The device isn't plugged in any more."""


class SaisieAbandonnee(Exception):
    """Nobody typed the code that the reader asked for."""


class _Donnees(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Materiel(_Donnees):
    """One device. ``fentes``: resource name -> support that this slot takes."""

    nom: Annotated[str, Field(min_length=1, max_length=60)]
    nature: Nature
    fentes: Annotated[dict[Ressource, Support], Field(min_length=1, max_length=2)]


class Equipement(_Donnees):
    """The devices of one workstation."""

    nom: str
    intitule: str = ""
    lecteurs: Annotated[tuple[Materiel, ...], Field(min_length=1, max_length=8)]

    @property
    def ressources(self) -> tuple[str, ...]:
        """Every slot, in the order of the devices."""
        return tuple(r for m in self.lecteurs for r in m.fentes)

    def materiel(self, ressource: str) -> Materiel:
        """The device that holds this slot. Raises ErreurEquipement."""
        for materiel in self.lecteurs:
            if ressource in materiel.fentes:
                return materiel
        raise ErreurEquipement(f"ressource « {ressource[:40]} » inconnue ; connues : {', '.join(self.ressources)}")

    def support(self, ressource: str) -> Support:
        """What this slot takes. Raises ErreurEquipement."""
        return self.materiel(ressource).fentes[ressource]

    def canal(self, ressource: str) -> str:
        """What is held together with this slot: the whole SESAM-Vitale device, or the PC/SC slot alone."""
        materiel = self.materiel(ressource)
        return materiel.nom if regle(materiel.nature).canal == "appareil" else ressource

    def couple_admis(self, ressource_ps: str, ressource_vitale: str) -> bool:
        """Whether one service may use both cards where they are (cdc §4.1.2). Raises ErreurEquipement."""
        ps, vitale = self.materiel(ressource_ps), self.materiel(ressource_vitale)
        return any(
            (c.ps, c.vitale) == (ps.nature, vitale.nature) and (c.appareil != "meme" or ps is vitale)
            for c in _tables().couples
        )


class _Nature(_Donnees):
    nom: Nature
    intitule: str
    canal: Literal["appareil", "fente"]
    clavier: bool
    horloge: bool
    source: str


class _Couple(_Donnees):
    ps: Nature
    vitale: Nature
    appareil: Literal["meme", "indifferent"]
    source: str


class Modele(_Donnees):
    """What LireConfig says of a device of that nature (group 61)."""

    nature: Nature
    constructeur: str
    type: str
    systeme: str
    logiciels: tuple[str, str]
    source: str


class _Acces(_Donnees):
    repetitions: int
    source: str


class _Tables(_Donnees):
    source: str
    natures: tuple[_Nature, ...]
    couples: tuple[_Couple, ...]
    acces_exclusif: _Acces
    modeles: tuple[Modele, ...]
    equipements: tuple[Equipement, ...]


@cache
def _tables() -> _Tables:
    document = load(DONNEES, nom="lecteurs.yaml")
    donnees = document.donnees
    for nature in donnees["natures"]:
        nature |= {cle: nature[cle] == "oui" for cle in ("clavier", "horloge")}
    return _Tables.model_validate(donnees)


def regle(nature: Nature) -> _Nature:
    """What a device of that nature does."""
    return next(n for n in _tables().natures if n.nom == nature)


def modele(nature: Nature) -> Modele:
    """How a device of that nature presents itself."""
    return next(m for m in _tables().modeles if m.nature == nature)


def equipements() -> Mapping[str, Equipement]:
    """The known equipments by name."""
    return {e.nom: e for e in _tables().equipements}


def equipement(nom: str = PAR_DEFAUT) -> Equipement:
    """The equipment of that name. Raises ErreurEquipement."""
    connus = equipements()
    if nom not in connus:
        raise ErreurEquipement(f"équipement « {nom[:40]} » inconnu ; connus : {', '.join(connus)}")
    return connus[nom]


def build_equipement(nom: str, lecteurs: tuple[Materiel, ...]) -> Equipement:
    """An equipment from its devices. Raises ErreurEquipement when a resource or a device is there twice."""
    noms = [m.nom for m in lecteurs]
    ressources = [r for m in lecteurs for r in m.fentes]
    for quoi, liste in (("lecteur", noms), ("ressource", ressources)):
        doubles = sorted({x for x in liste if liste.count(x) > 1})
        if doubles:
            raise ErreurEquipement(f"{quoi} « {doubles[0]} » en double dans l'équipement {nom}")
    try:
        return Equipement(nom=nom, lecteurs=lecteurs)
    except ValidationError as exc:
        raise ErreurEquipement(f"équipement {nom} : de 1 à 8 lecteurs ({exc.error_count()} faute(s))") from None


@dataclass(slots=True)
class Terminaux:
    """The devices while they are used. Not thread-safe: one call at a time.

    ``saisies``: codes that the PS will type on a keypad, by device; they are given once and never shown.
    ``occupants``: attempts after which the other application lets a channel go, None for never.
    ``decalages``: how far the clock of a device is from the time of the world.
    """

    equipement: Equipement = field(default_factory=equipement)
    saisies: dict[str, deque[str]] = field(default_factory=dict, repr=False)
    occupants: dict[str, int | None] = field(default_factory=dict)
    decalages: dict[str, timedelta] = field(default_factory=dict)
    #: Devices unplugged: no card of theirs can be reached.
    debranches: set[str] = field(default_factory=set)
    #: Told what happens, by resource: « code_tape » (never the code), « occupe », « libere »…
    informer: Callable[[str, str], None] = field(default=lambda _ressource, _fait: None, repr=False)

    def clavier(self, ressource: str) -> bool:
        """Whether a code may be typed on the reader of this slot."""
        return regle(self.equipement.materiel(ressource).nature).clavier

    def taper(self, ressource: str, code: str) -> None:
        """The PS will type this code when the reader asks. Raises ErreurEquipement when it has no keypad."""
        materiel = self.equipement.materiel(ressource)
        if not self.clavier(ressource):
            raise ErreurEquipement(f"« {materiel.nom} » n'a pas de clavier : le code se saisit au progiciel")
        self.saisies.setdefault(materiel.nom, deque()).append(code)

    def demander_code(self, ressource: str) -> str | None:
        """The code typed on the keypad; None when the reader has none. Raises SaisieAbandonnee."""
        if not self.clavier(ressource):
            return None
        materiel = self.equipement.materiel(ressource)
        attente = self.saisies.get(materiel.nom)
        if not attente:
            raise SaisieAbandonnee(materiel.nom)
        self.informer(ressource, "code_tape")
        return attente.popleft()

    def occuper(self, ressource: str, tentatives: int | None = None) -> None:
        """Another application takes the channel, until ``liberer`` or that many attempts of ours."""
        self.occupants[self.equipement.canal(ressource)] = tentatives
        self.informer(ressource, "occupe")

    def liberer(self, ressource: str) -> None:
        """The other application lets the channel go."""
        self.occupants.pop(self.equipement.canal(ressource), None)
        self.informer(ressource, "libere")

    def debrancher(self, ressource: str) -> None:
        """Unplugs the device of this slot."""
        self.debranches.add(self.equipement.materiel(ressource).nom)
        self.informer(ressource, "debranche")

    def rebrancher(self, ressource: str) -> None:
        """Plugs it in again."""
        self.debranches.discard(self.equipement.materiel(ressource).nom)
        self.informer(ressource, "rebranche")

    def branche(self, materiel: Materiel) -> bool:
        """Whether the device is plugged in."""
        return materiel.nom not in self.debranches

    def joignable(self, ressource: str) -> bool:
        """Whether the device of this slot is plugged in."""
        return self.branche(self.equipement.materiel(ressource))

    def acceder(self, ressource: str) -> None:
        """Takes the channel for one call, asking again as often as sesam.ini says.

        Raises LecteurDebranche, AccesExclusifRefuse.
        """
        materiel = self.equipement.materiel(ressource)
        if not self.branche(materiel):
            raise LecteurDebranche(materiel.nom)
        canal = self.equipement.canal(ressource)
        for _ in range(1 + _tables().acces_exclusif.repetitions):
            if canal not in self.occupants:
                return
            reste = self.occupants[canal]
            if reste is None:
                continue
            if reste <= 1:
                del self.occupants[canal]
            else:
                self.occupants[canal] = reste - 1
        if canal in self.occupants:
            raise AccesExclusifRefuse(canal)

    def decaler(self, ressource: str, decalage: timedelta) -> None:
        """Sets how far the clock of a device is. Raises ErreurEquipement when it has none."""
        materiel = self.equipement.materiel(ressource)
        if not regle(materiel.nature).horloge:
            raise ErreurEquipement(f"« {materiel.nom} » n'a pas d'horloge")
        self.decalages[materiel.nom] = decalage

    def horloge(self) -> timedelta:
        """How far the clock of the first device that has one is; zero when none has."""
        for materiel in self.equipement.lecteurs:
            if regle(materiel.nature).horloge:
                return self.decalages.get(materiel.nom, timedelta())
        return timedelta()
