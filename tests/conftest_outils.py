"""Optional outside programs: absent, a test says so and skips; under PREAGREMENT_EXIGER_TOUT it fails instead."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from simulator.readers.ouverture import diagnostic


def require_program(*noms: str) -> str:
    """The path of the first of these programs that exists; skips (or fails in CI) when none does."""
    for nom in noms:
        chemin = shutil.which(nom)
        if chemin:
            return chemin
    return missing(f"programme absent : {' ou '.join(noms)}")


def require_file(variable: str, quoi: str) -> Path:
    """The file named by an environment variable; skips (or fails in CI) when it isn't set."""
    valeur = os.environ.get(variable, "")
    if valeur and Path(valeur).is_file():
        return Path(valeur)
    return Path(missing(f"{quoi} : définir {variable}"))


def missing(raison: str) -> str:
    if os.environ.get("PREAGREMENT_EXIGER_TOUT") == "1":
        pytest.fail(raison)
    pytest.skip(raison)


def require_pcsc() -> None:
    """Skips the test, or fails it when PREAGREMENT_EXIGER_PCSC=1, if PC/SC readers can't be had here."""
    manques = diagnostic()
    if not manques:
        return
    raison = "PC/SC indisponible : " + " ; ".join(manques)
    if os.environ.get("PREAGREMENT_EXIGER_PCSC") == "1":
        pytest.fail(raison)
    pytest.skip(raison)
