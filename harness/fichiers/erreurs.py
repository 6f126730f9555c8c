"""What stops the file tools: unreadable input, unknown form, time or size exceeded. Exit code 2."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class ErreurFichier(Exception):
    """An input that can't be read at all; the message (French) says what was expected, found, and what to do."""


@dataclass(slots=True)
class Echeance:
    """The time a file may take, in seconds; 0: no limit. ``horloge`` gives seconds that never go back."""

    delai_s: float = 0.0
    horloge: Callable[[], float] = time.monotonic
    _debut: float = field(init=False)

    def __post_init__(self) -> None:
        self._debut = self.horloge()

    def check(self) -> None:
        """Raises ErreurFichier once the time is over."""
        if self.delai_s and self.horloge() - self._debut > self.delai_s:
            raise ErreurFichier(f"lecture arrêtée après {self.delai_s:g} s ; allonger le délai (--delai)")
