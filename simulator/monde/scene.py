"""The readers of the scenario: cards by name, faults armed while a card is already in, movements told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.cards.carte import Card
from simulator.evenements import Nature
from simulator.monde.config import ErreurMonde
from simulator.monde.population import Population
from simulator.readers.base import CardReader
from simulator.readers.script import Incident
from simulator.readers.trace import ApduEchange, Espion

MOUVEMENTS = {"insertion": "inseree", "retrait": "retiree"}


class CarteEnScene:
    """A card to which a fault may be given after it was put in. Implements ``Card``."""

    def __init__(self, card: Card) -> None:
        self._carte = card

    @property
    def atr(self) -> bytes:
        return self._carte.atr

    def power_on(self) -> bytes:
        return self._carte.power_on()

    def power_off(self) -> None:
        self._carte.power_off()

    def reset(self) -> bytes:
        return self._carte.reset()

    def transmit(self, commande: bytes) -> bytes:
        return self._carte.transmit(commande)

    def arm(self, incident: Incident, fabrique: Callable[[str], Card]) -> None:
        """Gives the card a fault, counted from now."""
        self._carte = incident.apply(self._carte, fabrique)


class Scene:
    """Who is in which reader. ``emettre`` gets the ``apdu`` and ``carte`` events."""

    def __init__(self, population: Population, emettre: Callable[[Nature, Mapping[str, Any]], None]) -> None:
        self._population, self._emettre = population, emettre
        self._lecteurs: Mapping[str, CardReader] = {}
        self._en_place: dict[str, tuple[str, CarteEnScene]] = {}
        self.espion = Espion(self._publish)

    def attach(self, lecteurs: Mapping[str, CardReader]) -> None:
        """Gives the readers, once they are open."""
        self._lecteurs = lecteurs

    def note(self, lecteur: str, mouvement: str) -> None:
        """Something that happened to a reader rather than to a card: « code_tape », « occupe », « libere »."""
        self._emettre("carte", {"lecteur": lecteur, "mouvement": mouvement, "carte": self._name(lecteur)})

    def insert(self, lecteur: str, nom: str) -> None:
        """Puts a card in. Raises ErreurMonde when the card or the reader is unknown, or the slot taken."""
        ou = self._reader(lecteur)
        carte = CarteEnScene(self._population.card(nom))
        if ou.present:
            raise ErreurMonde(f"le lecteur « {lecteur} » contient déjà la carte « {self._name(lecteur)} » ; la retirer")
        self._en_place[lecteur] = (nom, carte)
        ou.insert(carte)

    def remove(self, lecteur: str) -> None:
        """Takes the card out; nothing happens when there is none."""
        self._reader(lecteur).remove()

    def arm(self, lecteur: str, incident: Incident) -> None:
        """Gives a fault to the card that is in. Raises ErreurMonde when there is none."""
        if not self._reader(lecteur).present or lecteur not in self._en_place:
            raise ErreurMonde(f"le lecteur « {lecteur} » est vide ; y insérer une carte d'abord")
        self._en_place[lecteur][1].arm(incident, self._population.card)

    def oppose(self, lecteur: str) -> str:
        """Enters the card that is in into the opposition list, gives its name. Raises ErreurMonde."""
        if not self._reader(lecteur).present or lecteur not in self._en_place:
            raise ErreurMonde(f"le lecteur « {lecteur} » est vide ; y insérer une carte d'abord")
        self._population.oppose(self._name(lecteur))
        return self._name(lecteur)

    def _reader(self, lecteur: str) -> CardReader:
        try:
            return self._lecteurs[lecteur]
        except KeyError:
            raise ErreurMonde(f"lecteur « {lecteur} » inconnu ; lecteurs : {', '.join(self._lecteurs)}") from None

    def _name(self, lecteur: str) -> str:
        return self._en_place[lecteur][0] if lecteur in self._en_place else ""

    def _publish(self, echange: ApduEchange) -> None:
        if echange.nature in MOUVEMENTS:
            carte = self._name(echange.lecteur)
            donnees = {"lecteur": echange.lecteur, "mouvement": MOUVEMENTS[echange.nature], "carte": carte}
            self._emettre("carte", donnees)
            return
        sw = echange.sw
        self._emettre(
            "apdu",
            {
                "lecteur": echange.lecteur,
                "commande": echange.commande.hex().upper(),
                "reponse": echange.reponse.hex().upper(),
                "sw": f"{sw:04X}" if sw is not None and echange.nature == "apdu" else "",
                "libelle": echange.commentaire,
            },
        )
