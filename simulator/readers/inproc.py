"""Readers in the process itself: no thread, no dependency, the same behaviour as seen from a program."""

from __future__ import annotations

from typing import Self

from simulator.cards.carte import Card
from simulator.cards.erreurs import CarteAbsente, CarteMuette, CarteReinitialisee, CarteRetiree
from simulator.readers.trace import Espion, sans_trace


class InProcessReader:
    """A reader with one slot. Implements ``CardReader``."""

    def __init__(self, name: str, *, espion: Espion = sans_trace) -> None:
        self._name = name
        self._espion = espion
        self._card: Card | None = None
        self._insertion = 0
        self._remise_a_zero = 0

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
        self._insertion += 1
        self._espion.inserted(self._name, card.atr)

    def remove(self) -> None:
        if self._card is None:
            return
        card, self._card = self._card, None
        card.power_off()
        self._espion.removed(self._name)

    def swap(self, card: Card) -> None:
        self.remove()
        self.insert(card)

    def connect(self) -> InProcessConnection:
        if self._card is None:
            raise CarteAbsente(self._name)
        atr = self._card.power_on()
        self._remise_a_zero += 1
        if not atr:
            raise CarteMuette(self._name)
        return InProcessConnection(self, atr, self._insertion, self._remise_a_zero)

    def _exchange(self, connexion: InProcessConnection, commande: bytes) -> bytes:
        if self._card is None or connexion.insertion != self._insertion:
            raise CarteRetiree(self._name)
        if connexion.remise_a_zero != self._remise_a_zero:
            raise CarteReinitialisee(self._name)
        card = self._card
        with self._espion.exchange(self._name, commande) as echange:
            reponse = card.transmit(commande)
            echange.reponse = reponse
        if self._card is not card:
            raise CarteRetiree(self._name)
        if not reponse:
            raise CarteMuette(self._name)
        return reponse

    def _reset(self, connexion: InProcessConnection) -> int:
        if self._card is None or connexion.insertion != self._insertion:
            raise CarteRetiree(self._name)
        self._card.reset()
        self._remise_a_zero += 1
        self._espion.reset(self._name)
        return self._remise_a_zero


class InProcessConnection:
    """A dialogue with the card of an in-process reader. Opening it powers the card afresh."""

    def __init__(self, reader: InProcessReader, atr: bytes, insertion: int, remise_a_zero: int) -> None:
        self._reader, self._atr = reader, atr
        self.insertion, self.remise_a_zero = insertion, remise_a_zero

    @property
    def atr(self) -> bytes:
        return self._atr

    @property
    def lecteur(self) -> str:
        return self._reader.name

    def transmit(self, commande: bytes) -> bytes:
        return self._reader._exchange(self, commande)

    def reset(self) -> None:
        self.remise_a_zero = self._reader._reset(self)

    def disconnect(self) -> None:
        """Nothing to free: the card stays powered until it's pulled or reset."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.disconnect()
