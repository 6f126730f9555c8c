"""The evidence of one scenario: a folder with messages, decoded flows, the journal and the LPS's error output."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

from harness.fuites import CodesPorteur
from harness.observations import fold
from simulator.evenements import Journal

#: Folder of the evidence inside a dossier.
PREUVES = "preuves"


class Depot:
    """The folder ``preuves/<scenario>`` of a dossier. Contents depend on the scenario and the seed only."""

    def __init__(self, dossier: Path, scenario: str, codes: CodesPorteur) -> None:
        self._racine, self._codes = dossier, codes
        self._dossier = dossier / PREUVES / scenario

    def prepare(self) -> Path:
        """Makes the folder, empty. Raises OSError."""
        if self._dossier.exists():
            shutil.rmtree(self._dossier)
        self._dossier.mkdir(parents=True)
        return self._dossier

    def write(self, journal: Journal, erreurs: str) -> None:
        """Writes the journal, what the insurers decoded, and the LPS's error output. Raises OSError."""
        lignes = [
            _json(
                {
                    "rang": e.rang,
                    "etape": e.etape,
                    "instant": e.instant,
                    "nature": e.nature,
                    "preuve": e.preuve,
                    "donnees": self._codes.hide_in(dict(e.donnees)),
                }
            )
            for e in journal
        ]
        self._put("journal.jsonl", "".join(f"{ligne}\n" for ligne in lignes))
        flux = fold(journal)["flux"]
        if any(flux.values()):
            self._put("flux.json", _json(self._codes.hide_in(flux), indent=1) + "\n")
        if erreurs:
            self._put("erreurs-lps.txt", erreurs)

    def write_fault(self, texte: str) -> None:
        """Keeps the trace of a fault of ours, if that is still possible."""
        with contextlib.suppress(OSError):
            if self._dossier.is_dir():
                self._put("erreur-banc.txt", texte)

    def listing(self) -> tuple[str, ...]:
        """Every file of the folder, relative to the dossier, sorted."""
        if not self._dossier.is_dir():
            return ()
        return tuple(sorted(f.relative_to(self._racine).as_posix() for f in self._dossier.rglob("*") if f.is_file()))

    def _put(self, nom: str, texte: str) -> None:
        with (self._dossier / nom).open("w", encoding="utf-8", newline="\n") as flux:
            flux.write(texte)


def _json(valeur: Any, indent: int | None = None) -> str:
    return json.dumps(valeur, ensure_ascii=False, indent=indent, default=str, sort_keys=False)
