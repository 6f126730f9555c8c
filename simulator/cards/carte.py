"""What a simulated card is for everything around it: an ATR, power, and bytes in, bytes out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Card(Protocol):
    """A card seen through its contacts.

    ``transmit`` takes one command APDU and returns response data followed by the two bytes of the
    status word. An empty answer means that the card stays mute.
    """

    @property
    def atr(self) -> bytes: ...

    def power_on(self) -> bytes: ...

    def power_off(self) -> None: ...

    def reset(self) -> bytes: ...

    def transmit(self, commande: bytes) -> bytes: ...
