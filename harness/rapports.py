"""Hands a campaign to the reporters installed under the entry-point group ``preagrement.rapports`` (seam 6)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import cast

from harness import systeme
from harness.catalogue import Catalogue
from harness.modele.verdict import Campagne

GROUPE = "preagrement.rapports"
Rapporteur = Callable[[Campagne, Catalogue, Path], list[Path]]


def write_reports(campagne: Campagne, catalogue: Catalogue, dossier: Path) -> tuple[list[Path], list[str]]:
    """Runs every reporter: files written, and in French what failed (a failure is a fault of the bench)."""
    ecrits: list[Path] = []
    fautes: list[str] = []
    for entree in sorted(metadata.entry_points(group=GROUPE), key=lambda e: e.name):
        try:
            rapporteur = cast("Rapporteur", entree.load())
            ecrits += rapporteur(campagne, catalogue, dossier)
        except Exception as exc:
            fautes.append(f"rapport « {entree.name} » : {systeme.cause(exc)}")
    return ecrits, fautes
