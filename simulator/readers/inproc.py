"""Readers in the process itself: no thread, no dependency, the same behaviour as seen from a program."""

from __future__ import annotations

from typing import Self

from simulator.cards.carte import Card
from simulator.cards.erreurs import CarteAbsente, CarteMuette, CarteReinitialisee, CarteRetiree
from simulator.readers.base import Arrachement
from simulator.readers.trace import Espion, sans_trace


class InProcessReader:
    """A reader with one slot. Implements ``CardReader``."""

    def __init__(self, name: str, *, espion: Espion = sans_trace) -> None:
        self._name = name
        self._espion = espion
        self._card: Card | None = None
        self._ouvertes: set[InProcessConnection] = set()

    @property
    def name(self) -> str:
        return self._name

    @property
    def present(self) -> bool:
        return self._card is not None

    def insert(self, card: Card) -> None:
        if self._card is not None:
            raise ValueError(f"le lecteur « {self._name} » contient déjà une carte ; la retirer d'abord")
        self._card = card
        self._espion.inserted(self._name, card.atr)

    def remove(self) -> None:
        if self._card is None:
            return
        card, self._card = self._card, None
        for connexion in self._ouvertes:
            connexion.retiree = True
        self._ouvertes.clear()
        card.power_off()
        self._espion.removed(self._name)

    def swap(self, card: Card) -> None:
        self.remove()
        self.insert(card)

    def connect(self) -> InProcessConnection:
        if self._card is None:
            raise CarteAbsente(self._name)
        atr = self._card.atr if self._ouvertes else self._card.power_on()
        if not atr:
            raise CarteMuette(self._name)
        connexion = InProcessConnection(self, atr)
        self._ouvertes.add(connexion)
        return connexion

    def exchange(self, connexion: InProcessConnection, commande: bytes) -> bytes:
        """One exchange for an open connection. Raises CarteRetiree, CarteMuette, CarteReinitialisee."""
        card = self._card
        if card is None or connexion.retiree:
            raise CarteRetiree(self._name)
        if connexion.reinitialisee or connexion not in self._ouvertes:
            raise CarteReinitialisee(self._name)
        try:
            reponse = self._espion.run(self._name, commande, card.transmit)
        except Arrachement as exc:
            self.remove()
            if exc.suivante is not None:
                self.insert(exc.suivante)
            raise CarteRetiree(self._name) from exc
        if not reponse:
            raise CarteMuette(self._name)
        return reponse

    def reset(self, connexion: InProcessConnection) -> None:
        """Resets the card; the other connections have to start again."""
        if self._card is None or connexion.retiree:
            raise CarteRetiree(self._name)
        self._card.reset()
        for autre in self._ouvertes - {connexion}:
            autre.reinitialisee = True
        connexion.reinitialisee = False
        self._ouvertes.add(connexion)
        self._espion.reset(self._name)

    def close(self, connexion: InProcessConnection) -> None:
        """Ends a connection, which resets the card."""
        if connexion in self._ouvertes:
            self.reset(connexion)
            self._ouvertes.discard(connexion)


class InProcessConnection:
    """A dialogue with the card of an in-process reader."""

    __slots__ = ("_atr", "_reader", "reinitialisee", "retiree")

    def __init__(self, reader: InProcessReader, atr: bytes) -> None:
        self._reader, self._atr = reader, atr
        self.retiree = self.reinitialisee = False

    @property
    def atr(self) -> bytes:
        return self._atr

    @property
    def lecteur(self) -> str:
        return self._reader.name

    def transmit(self, commande: bytes) -> bytes:
        return self._reader.exchange(self, commande)

    def reset(self) -> None:
        self._reader.reset(self)

    def disconnect(self) -> None:
        self._reader.close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.disconnect()
