"""What a reader and a connection are, whatever carries the APDUs."""

from __future__ import annotations

from typing import Protocol, Self

from simulator.cards.carte import Card


class Arrachement(Exception):
    """Raised by a card inside ``transmit``: it was pulled out before answering.

    ``suivante`` is the card put in its place, if any. Readers deal with it; programs see CarteRetiree.
    """

    def __init__(self, suivante: Card | None = None) -> None:
        super().__init__("carte arrachée")
        self.suivante = suivante


class Connection(Protocol):
    """A dialogue with the card present in a reader, shared with others; ending it resets the card.

    ``transmit`` raises CarteMuette, CarteRetiree or CarteReinitialisee (all ErreurCarte); otherwise it returns
    at least the two bytes of the status word.
    """

    @property
    def atr(self) -> bytes: ...

    @property
    def lecteur(self) -> str: ...

    def transmit(self, commande: bytes) -> bytes: ...

    def reset(self) -> None: ...

    def disconnect(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class CardReader(Protocol):
    """A reader whose slot a script or a person fills and empties."""

    @property
    def name(self) -> str: ...

    @property
    def present(self) -> bool: ...

    def insert(self, card: Card) -> None:
        """Puts a card in. Raises ValueError when the slot is taken."""

    def remove(self) -> None:
        """Takes the card out; does nothing when there is none."""

    def swap(self, card: Card) -> None:
        """Takes the card out, lets the change be seen, puts another one in."""

    def connect(self) -> Connection:
        """Opens a dialogue. Raises CarteAbsente, CarteMuette."""
        ...
