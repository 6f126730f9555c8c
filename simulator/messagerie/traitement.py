"""Runs the reader of received messages off the network loop, one at a time, in order of acceptance."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from simulator.messagerie.evenements import Emettre, ErreurBanc, MessageRecu

OnMessage = Callable[[MessageRecu], None]

#: Messages waiting with their bytes; beyond, only their evidence is kept and re-read, so that memory stays flat.
EN_MEMOIRE = 64


def _same(message: MessageRecu) -> MessageRecu:
    return message


class Traitement:
    """A queue and its thread. An exception of the reader becomes an ErreurBanc event; the next message goes on."""

    def __init__(
        self,
        on_message: OnMessage,
        emettre: Emettre,
        *,
        alleger: Callable[[MessageRecu], MessageRecu] = _same,
        relire: Callable[[MessageRecu], MessageRecu] = _same,
    ) -> None:
        self._on_message = on_message
        self._alleger, self._relire = alleger, relire
        self._emettre = emettre
        self._condition = threading.Condition()
        self._file: deque[MessageRecu] = deque()
        self._en_cours = 0
        self._ferme = False
        self._erreurs: list[ErreurBanc] = []
        self._fil = threading.Thread(target=self._run, name="messagerie-traitement", daemon=True)
        self._fil.start()

    @property
    def erreurs(self) -> tuple[ErreurBanc, ...]:
        """What the reader raised so far."""
        with self._condition:
            return tuple(self._erreurs)

    def submit(self, message: MessageRecu) -> None:
        """Hands a message over; returns at once."""
        with self._condition:
            self._file.append(message if len(self._file) < EN_MEMOIRE else self._alleger(message))
            self._condition.notify_all()

    @property
    def waiting(self) -> int:
        """How many messages wait or are being processed."""
        with self._condition:
            return len(self._file) + self._en_cours

    def wait(self, delai: float) -> bool:
        """Waits until every message handed over has been processed; False after ``delai`` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._file and not self._en_cours, delai)

    def close(self, delai: float, *, abandonner: bool = False) -> bool:
        """Processes what is left, at most ``delai`` seconds, and ends the thread; False when it is still busy.

        With ``abandonner``, only the message under way: the rest is for whoever reads the evidence again.
        """
        with self._condition:
            if abandonner:
                self._file.clear()
            self._ferme = True
            self._condition.notify_all()
        self._fil.join(delai)
        return not self._fil.is_alive()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._file or self._ferme)
                if not self._file:
                    return
                message = self._file.popleft()
                self._en_cours += 1
            try:
                self._on_message(self._relire(message))
            except Exception as exc:  # the reader's faults are the bench's: recorded, never the LPS's
                erreur = ErreurBanc(
                    "traitement d'un message reçu", f"message n° {message.numero} : {type(exc).__name__} : {exc}"
                )
                with self._condition:
                    self._erreurs.append(erreur)
                self._emettre(erreur)
            finally:
                with self._condition:
                    self._en_cours -= 1
                    self._condition.notify_all()
