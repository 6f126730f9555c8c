"""Scripted movements and faults, as data: what happens to the cards while a program uses them.

Two kinds of step. A movement is done at once by ``play``: ``inserer``, ``retirer``, ``remplacer``. A fault
waits inside the card for its trigger: ``apres_apdu`` (a count) or ``motif`` (a command pattern), then
``retirer``, ``remplacer``, ``muette``, ``statut``, ``tronquer``, ``abimee`` or ``clonee``. Triggers count APDUs,
never time: a script gives the same run each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.cards.carte import Card
from simulator.readers.base import CardReader
from simulator.readers.faults import Abimee, Arrachee, Clonee, Declencheur, FauxStatut, Muette, Tronquee

Fabrique = Callable[[str], Card]  # from the name of a card in the scenario


class Incident(BaseModel):
    """A fault and its trigger. ``apres_apdu: 12`` lets twelve matching APDUs pass, then strikes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["retirer", "remplacer", "muette", "statut", "tronquer", "abimee", "clonee"]
    apres_apdu: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    motif: Annotated[str, Field(pattern=r"^[0-9A-Fa-f*? ]+$", max_length=600)] = "*"
    fois: Annotated[int, Field(ge=1)] | None = None
    carte: str = ""
    sw: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{4}$")] = "6F00"
    octets: Annotated[int, Field(ge=1, le=256)] = 1

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.action == "remplacer") != bool(self.carte):
            raise ValueError("« carte » dit par quelle carte « remplacer » : donner les deux ou aucun")
        return self

    def apply(self, card: Card, fabrique: Fabrique) -> Card:
        """The card with this fault in it."""
        declencheur = Declencheur(self.motif, apres=self.apres_apdu, fois=self.fois)
        if self.action == "muette":
            return Muette(card, declencheur)
        if self.action == "statut":
            return FauxStatut(card, int(self.sw, 16), declencheur)
        if self.action == "tronquer":
            return Tronquee(card, self.octets, declencheur)
        if self.action == "abimee":
            return Abimee(card, declencheur if self.motif != "*" else None)
        if self.action == "clonee":
            return Clonee(card)
        return Arrachee(card, declencheur, suivante=fabrique(self.carte) if self.carte else None)


class Mouvement(BaseModel):
    """A movement of a card in a reader."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["inserer", "retirer", "remplacer"]
    lecteur: str
    carte: str = ""
    incidents: tuple[Incident, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.action == "retirer") == bool(self.carte):
            raise ValueError("« inserer » et « remplacer » demandent une « carte », « retirer » n'en veut pas")
        if self.incidents and self.action == "retirer":
            raise ValueError("des « incidents » accompagnent une carte qu'on insère")
        return self


def play(mouvements: Sequence[Mouvement], lecteurs: Mapping[str, CardReader], fabrique: Fabrique) -> None:
    """Does the movements in order. Raises ValueError for a reader that doesn't exist, and what readers raise."""
    for mouvement in mouvements:
        lecteur = lecteurs.get(mouvement.lecteur)
        if lecteur is None:
            raise ValueError(f"lecteur « {mouvement.lecteur} » inconnu ; lecteurs : {', '.join(lecteurs)}")
        if mouvement.action == "retirer":
            lecteur.remove()
            continue
        card = fabrique(mouvement.carte)
        for incident in mouvement.incidents:
            card = incident.apply(card, fabrique)
        if mouvement.action == "remplacer":
            lecteur.swap(card)
        else:
            lecteur.insert(card)
