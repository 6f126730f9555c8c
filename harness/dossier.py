"""The dossier a campaign writes: a folder of ours is emptied before, a folder of someone else's is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.depot import PREUVES

#: Marks a folder that a campaign wrote and may therefore replace.
MARQUE = ".preagrement-dossier"


def claim_directory(dossier: Path, *, garder: bool = False) -> None:
    """Makes the folder ready for a campaign, a new one or, with ``garder``, the rest of the one it holds.

    Raises OSError, FileExistsError when it isn't ours to replace.
    """
    if dossier.exists() and not dossier.is_dir():
        raise FileExistsError(f"{dossier} : un fichier porte ce nom ; choisir un autre dossier (--dossier)")
    if dossier.is_dir() and any(dossier.iterdir()) and not (dossier / MARQUE).is_file():
        raise FileExistsError(
            f"{dossier} : ce dossier contient autre chose qu'un dossier de campagne ; en choisir un autre (--dossier)"
        )
    dossier.mkdir(parents=True, exist_ok=True)
    (dossier / MARQUE).write_text("écrit par preagrement ; remplacé à chaque campagne\n", encoding="utf-8")
    if not garder:
        shutil.rmtree(dossier / PREUVES, ignore_errors=True)
