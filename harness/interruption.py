"""Ctrl-C and « kill » undo the campaign once, in order; insisting doesn't spoil the undoing."""

from __future__ import annotations

import signal
from typing import Any, NoReturn

#: What asks a program to end; the last one isn't known everywhere.
SIGNAUX = ("SIGINT", "SIGTERM", "SIGHUP")


def install() -> None:
    """Makes the first of these signals a KeyboardInterrupt and the next ones nothing. Main thread only."""
    for nom in SIGNAUX:
        if hasattr(signal, nom):
            signal.signal(getattr(signal, nom), _interrupt)


def _interrupt(_signal: int, _cadre: Any) -> NoReturn:
    for nom in SIGNAUX:
        if hasattr(signal, nom):
            signal.signal(getattr(signal, nom), signal.SIG_IGN)
    raise KeyboardInterrupt
