"""Ctrl-C and « kill » undo the campaign once, in order; insisting doesn't spoil the undoing."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any

#: What asks a program to end; the last one isn't known everywhere.
SIGNAUX = ("SIGINT", "SIGTERM", "SIGHUP")


def install() -> None:
    """Makes the first of these signals a KeyboardInterrupt and the next ones nothing. Main thread only."""
    for nom in SIGNAUX:
        if hasattr(signal, nom):
            signal.signal(getattr(signal, nom), _interrupt)


def pass_on(pids: Iterable[int]) -> None:
    """Asks processes of ours to end likewise; Windows has no such signal, they end by themselves."""
    for pid in pids if sys.platform != "win32" else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _interrupt(_signal: int, _cadre: Any) -> None:
    """The first signal. The next ones are heard and do nothing: ignoring them isn't safe while one is on its way."""
    if signal.getsignal(signal.SIGINT) is _deaf:
        return  # another signal, already on its way when the first was heard
    for nom in SIGNAUX:
        if hasattr(signal, nom):
            signal.signal(getattr(signal, nom), _deaf)
    raise KeyboardInterrupt


def _deaf(_signal: int, _cadre: Any) -> None:
    """Hears and does nothing."""
