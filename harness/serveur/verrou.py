"""One server at a time on an evidence folder: the lock goes with the process, however it dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FICHIER = ".verrou"


@contextmanager
def hold(dossier: Path) -> Iterator[None]:
    """Holds the folder. Raises OSError, in French, when another process holds it."""
    dossier.mkdir(parents=True, exist_ok=True)
    with (dossier / FICHIER).open("a+b") as fichier:
        try:
            _lock(fichier.fileno())
        except OSError as exc:
            raise OSError(
                f"{dossier} : un autre banc écrit déjà dans ce dossier ; l'arrêter, ou changer --preuves"
            ) from exc
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(descripteur: int) -> None:
        msvcrt.locking(descripteur, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descripteur: int) -> None:
        fcntl.flock(descripteur, fcntl.LOCK_EX | fcntl.LOCK_NB)
