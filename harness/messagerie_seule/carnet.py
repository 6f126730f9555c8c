"""What a session knows, kept as it happens: one JSON line a fact in ``session.jsonl``. A stop loses nothing said."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.messagerie_seule.dialogue import Reponse
from harness.modele.verdict import ResultatScenario

FICHIER = "session.jsonl"


class ErreurSession(ValueError):
    """A session that can't be started or resumed; the message says what to do."""


class Carnet:
    """The facts of a session, in order. Thread-safe; each fact is on disk before it counts.

    Raises ErreurSession on a line that can't be read; a last line cut short by a crash is dropped.
    """

    def __init__(self, dossier: Path) -> None:
        self.chemin = dossier / FICHIER
        self._verrou = threading.RLock()
        self._faits: list[dict[str, Any]] = []
        if self.chemin.exists():
            self._faits = list(_read(self.chemin))

    def note(self, genre: str, **faits: Any) -> None:
        """Adds a fact."""
        fait = {"genre": genre, **faits}
        with self._verrou, self.chemin.open("ab") as sortie:
            sortie.write(json.dumps(fait, ensure_ascii=False).encode() + b"\n")
            sortie.flush()
            os.fsync(sortie.fileno())
            self._faits.append(fait)

    def facts(self, genre: str, **criteres: Any) -> list[dict[str, Any]]:
        """The facts of this kind with these values, in order."""
        with self._verrou:
            return [f for f in self._faits if f["genre"] == genre and all(f.get(c) == v for c, v in criteres.items())]

    def last(self, genre: str, **criteres: Any) -> dict[str, Any] | None:
        """The last fact of this kind with these values."""
        return next(reversed(self.facts(genre, **criteres)), None)

    # --- what is asked of it ----------------------------------------------------------------------------------
    def answer(self, identifiant: str) -> Reponse | None:
        """The answer already given to a question."""
        fait = self.last("reponse", id=identifiant)
        return Reponse(identifiant, fait["valeur"], fait["fichier"]) if fait else None

    def results(self) -> dict[str, ResultatScenario]:
        """The scenarios already judged, by identifier."""
        return {
            f["scenario"]: ResultatScenario.model_validate(f["resultat"]).model_copy(
                update={"rejouer": f.get("rejouer", "")}
            )
            for f in self.facts("resultat")
        }

    def keep_result(self, resultat: ResultatScenario) -> None:
        """Adds the result of a scenario."""
        self.note("resultat", scenario=resultat.id, resultat=resultat.model_dump(mode="json"), rejouer=resultat.rejouer)

    def sort_of(self, scenario: str, numero: int) -> Mapping[str, Any] | None:
        """What became of a message received while a scenario was played."""
        return self.last("message", scenario=scenario, numero=numero)


def _read(chemin: Path) -> Iterator[dict[str, Any]]:
    entier = 0
    brut = chemin.read_bytes()
    for rang, ligne in enumerate(brut.splitlines(keepends=True), 1):
        if not ligne.endswith(b"\n"):
            break
        entier += len(ligne)
        try:
            fait = json.loads(ligne)
            fait["genre"]
        except (ValueError, KeyError, TypeError) as exc:
            raise ErreurSession(f"{chemin}, ligne {rang} : illisible ({exc}) ; retirer cette ligne") from exc
        yield fait
    if entier != len(brut):
        with chemin.open("r+b") as fichier:
            fichier.truncate(entier)
