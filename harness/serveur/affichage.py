"""The live log: printed by a thread of its own, so that a console nobody reads never holds the servers."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from typing import Self

from harness.serveur.lignes import describe
from simulator.evenements import Evenement

#: Lines waiting for the console; beyond, they are counted and not shown (the journal on disk has them all).
MAX_ATTENTE = 5_000
DELAI_FIN_S = 3.0

Ecrire = Callable[[str, str], None]


class Affichage:
    """``ecrire(texte, style)`` shows a line; with ``machine``, each event is one JSON object instead."""

    def __init__(self, ecrire: Ecrire, *, machine: bool = False) -> None:
        self._ecrire, self._machine = ecrire, machine
        self._file: queue.Queue[tuple[str, str] | None] = queue.Queue(MAX_ATTENTE)
        self._tues = 0
        self._fil = threading.Thread(target=self._run, name="journal", daemon=True)

    def __enter__(self) -> Self:
        self._fil.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.put(None, timeout=DELAI_FIN_S)
        except queue.Full:
            return
        self._fil.join(DELAI_FIN_S)

    def show(self, evenement: Evenement) -> None:
        """Has an event shown; returns at once."""
        ligne = (_as_object(evenement), "") if self._machine else _as_line(evenement)
        if ligne is None:
            return
        try:
            self._file.put_nowait(ligne)
        except queue.Full:
            self._tues += 1

    def _run(self) -> None:
        while (ligne := self._file.get()) is not None:
            tues, self._tues = self._tues, 0
            if tues and not self._machine:
                self._ecrire(f"…         {tues} ligne(s) non affichée(s) ; le journal sur disque les a", "dim")
            self._ecrire(*ligne)


def _as_line(e: Evenement) -> tuple[str, str] | None:
    decrit = describe(e)
    return (f"{e.instant[11:19]}  {decrit[0]}", decrit[1]) if decrit else None


def _as_object(e: Evenement) -> str:
    objet = {"rang": e.rang, "nature": e.nature, "instant": e.instant, "donnees": e.donnees, "preuve": e.preuve}
    return json.dumps(objet, ensure_ascii=False, separators=(",", ":"))
