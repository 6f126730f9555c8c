"""How much physical memory a child and its descendants hold, as far as the system tells.

Linux: read in ``/proc``, cheap. Other POSIX systems: asked of ``ps``, at most once a second. Windows: not known; the
memory of the LPS is not bounded by the bench there (docs/zoo.md).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_MAX_PROCESSUS = 512
_PERIODE_PS = 1.0
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Balance:
    """Weighs one child, the leader of its process group, with what it started."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._prochaine = 0.0

    def weigh(self) -> int | None:
        """Bytes held; None when the system doesn't tell, or was asked too recently."""
        if sys.platform == "linux":
            return sum(_resident(pid) for pid in _descendants(self._pid))
        if sys.platform == "win32" or time.monotonic() < self._prochaine:
            return None
        self._prochaine = time.monotonic() + _PERIODE_PS
        return _ask_ps(self._pid)


def _descendants(pid: int) -> Iterator[int]:
    attente, vus = [pid], 0
    while attente and vus < _MAX_PROCESSUS:
        courant = attente.pop()
        vus += 1
        yield courant
        for fil in _threads(courant):
            attente += [int(enfant) for enfant in _read(fil / "children").split()]


def _threads(pid: int) -> list[Path]:
    try:
        with os.scandir(_PROC / str(pid) / "task") as fils:
            return [Path(f.path) for f in fils]
    except OSError:  # the process has ended meanwhile
        return []


def _resident(pid: int) -> int:
    champs = _read(_PROC / str(pid) / "statm").split()
    return int(champs[1]) * _PAGE if len(champs) > 1 else 0


def _read(fichier: Path) -> str:
    try:
        return fichier.read_text(encoding="ascii")
    except OSError:  # the process has ended meanwhile
        return ""


def _ask_ps(groupe: int) -> int | None:
    """The group's memory by ``ps``, whose unit is the KiB."""
    try:
        sortie = subprocess.run(["/bin/ps", "-axo", "pgid=,rss="], capture_output=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    lignes = [ligne.split() for ligne in sortie.decode("ascii", "replace").splitlines()]
    return sum(int(rss) * 1024 for pgid, rss in (x for x in lignes if len(x) == 2) if pgid == str(groupe))
