"""A watchdog process: whatever a bench had started when it is killed outright, it ends and removes.

Ctrl-C and SIGTERM are undone by the bench itself; nobody undoes a ``kill -9``. So each process of the bench that starts
something tells its watchdog, through a pipe; the end of that pipe is the end of the bench. The watchdog then kills
what is left, removes the temporary folders, says what it was told to say, and ends. It lives in a session of its own,
out of reach of Ctrl-C. Standard library only: this file is also the program that is run.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

Genre = Literal["groupe", "processus", "dossier", "message"]
#: Only folders of ours are ever removed.
PREFIXE = "preagrement-"
_WINDOWS = sys.platform == "win32"


class Gardien:
    """The bench's end of the pipe. The process starts with the first thing to watch."""

    def __init__(self) -> None:
        self._proc: subprocess.Popen[bytes] | None = None
        self._verrou = threading.Lock()
        self._numero = 0

    @contextlib.contextmanager
    def watching(self, genre: Genre, quoi: int | str | Path) -> Iterator[None]:
        """Watches over something while the block lasts (see ``watch``)."""
        numero = self.watch(genre, quoi)
        try:
            yield
        finally:
            self.release(numero)

    def watch(self, genre: Genre, quoi: int | str | Path) -> int:
        """Entrusts a process group, a process (by id), a folder or a last word; gives what ``release`` takes.

        Raises ValueError for a folder whose name isn't one of ours.
        """
        if genre == "dossier" and not Path(quoi if isinstance(quoi, str | Path) else "").name.startswith(PREFIXE):
            raise ValueError(f"le gardien n'enlève que des dossiers « {PREFIXE}… » : {quoi}")
        valeur: dict[str, Any] = {"quoi": quoi if isinstance(quoi, int) else str(quoi)}
        if isinstance(quoi, int):
            valeur["ne"] = birth(quoi)
        with self._verrou:
            self._numero += 1
            self._tell({"numero": self._numero, "genre": genre, **valeur})
            return self._numero

    def release(self, numero: int) -> None:
        """It is over and undone: nothing is left to do about it."""
        with self._verrou:
            self._tell({"numero": numero})

    def close(self) -> None:
        """Ends the watchdog; what is still entrusted is ended with it."""
        with self._verrou:
            proc, self._proc = self._proc, None
            if proc is not None and proc.stdin is not None:
                with contextlib.suppress(OSError):
                    proc.stdin.close()
                proc.wait()

    def _tell(self, ordre: dict[str, Any]) -> None:
        if self._proc is None:
            self._proc = _start()
        with contextlib.suppress(OSError):  # a watchdog that was killed protects no more; the bench goes on
            assert self._proc.stdin is not None  # noqa: S101 -- a pipe was asked for
            self._proc.stdin.write(json.dumps(ordre).encode() + b"\n")
            self._proc.stdin.flush()


def gardien() -> Gardien:
    """The watchdog of this process; a forked one has its own."""
    return _of(os.getpid())


@cache
def _of(_pid: int) -> Gardien:
    le_notre = Gardien()
    atexit.register(le_notre.close)
    return le_notre


def birth(pid: int) -> str:
    """When a process was born, in the kernel's words (Linux); empty when unknown. An id may be given again."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    return ""


def _start() -> subprocess.Popen[bytes]:
    options: dict[str, Any] = {"start_new_session": True}
    if _WINDOWS:
        options = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **options
    )


# --- the watchdog itself ----------------------------------------------------------------------------------
def main() -> None:
    """Notes what it is told until the bench is no more, then undoes the rest, last come first."""
    for nom in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, nom):
            signal.signal(getattr(signal, nom), signal.SIG_IGN)
    confies: dict[int, dict[str, Any]] = {}
    for ligne in sys.stdin.buffer:
        try:
            ordre = json.loads(ligne)
        except ValueError:  # a line cut by the death of the bench
            continue
        if "genre" in ordre:
            confies[ordre["numero"]] = ordre
        else:
            confies.pop(ordre["numero"], None)
    rangs = {"groupe": 0, "processus": 0, "dossier": 1, "message": 2}
    for ordre in sorted(confies.values(), key=lambda o: (rangs[o["genre"]], -o["numero"])):
        _undo(ordre["genre"], ordre["quoi"], ordre.get("ne", ""))


def _undo(genre: str, quoi: Any, ne: str) -> None:
    if genre == "message":
        sys.stderr.write(f"{quoi}\n")
    elif genre == "dossier":
        shutil.rmtree(quoi, ignore_errors=True)
    elif birth(quoi) in ("", ne):  # "": its leader is gone, its group may remain
        _kill(genre, quoi)


def _kill(genre: str, pid: int) -> None:
    if _WINDOWS:
        racine = os.environ.get("SYSTEMROOT", r"C:\Windows")
        commande = [str(Path(racine, "System32", "taskkill.exe")), "/T", "/F", "/PID", str(pid)]
        subprocess.run(commande, capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if genre == "groupe" else os.kill)(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
