"""The stream of what the simulated world saw: frozen events, appended to a journal, never changed.

Everything that a verdict rests on is one of these. Producers get an ``emettre`` callable; they know nothing
of who listens. Payloads are JSON-like (dict, list, str, int, bool, None) so that they can be kept as evidence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Nature = Literal[
    "appel_service",  # one call to a supplied service, groups in and out
    "apdu",  # one exchange with a card, PIN redacted
    "carte",  # a card inserted or removed
    "smtp",  # a session or a refusal on the SMTP side
    "message_recu",  # a message accepted from the LPS, raw bytes kept as evidence
    "flux",  # what an insurer made of a message: file, lots, invoices decoded and verified
    "retour_depose",  # a return put into the PS's mailbox
    "pop3",  # a session on the POP3 side
    "retour_releve",  # a return fetched by the LPS
    "horloge",  # the virtual clock moved
    "reseau",  # the network went down or came back
    "lps",  # a request to the LPS and its answer
    "ordre",  # an order given to a world that runs on its own
    "erreur_banc",  # something of ours broke: never the LPS's fault
]


@dataclass(frozen=True, slots=True)
class Evenement:
    """One fact. ``rang`` orders the whole run; ``instant`` is virtual time, ISO 8601; ``etape`` the scenario step."""

    rang: int
    nature: Nature
    instant: str
    etape: int
    donnees: Mapping[str, Any]
    preuve: str = ""


Emettre = Callable[[Nature, Mapping[str, Any]], None]


@dataclass
class Journal:
    """Append-only, thread-safe list of events. ``instant`` gives the virtual time."""

    instant: Callable[[], str]
    etape: int = -1
    _evenements: list[Evenement] = field(default_factory=list)
    _verrou: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def emettre(self, nature: Nature, donnees: Mapping[str, Any], preuve: str = "") -> None:
        """Adds an event; safe from any thread."""
        with self._verrou:
            self._evenements.append(
                Evenement(len(self._evenements), nature, self.instant(), self.etape, dict(donnees), preuve)
            )

    def __iter__(self) -> Iterator[Evenement]:
        with self._verrou:
            return iter(tuple(self._evenements))

    def __len__(self) -> int:
        return len(self._evenements)

    def of(self, nature: Nature) -> tuple[Evenement, ...]:
        """All events of one nature, in order."""
        return tuple(e for e in self if e.nature == nature)
