"""Attestations: what a person says to have seen, kept as records apart from automatic verdicts."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from norms.systeme import tell_system_error

FICHIER = "attestations.jsonl"
DOSSIER = "attestations"
MAX_FICHIER = 20 * 1024 * 1024


class ErreurPiece(ValueError):
    """A file that can't be attached; the message says why."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """One record. ``fichier``: path in the dossier, ``sha256`` of its bytes; both empty without a file."""

    scenario: str
    exigence: str
    rang: int
    operateur: str
    instant: str
    question: str
    attendu: str
    reponse: str
    verdict: str
    fichier: str = ""
    sha256: str = ""


class Registre:
    """The attestations of a dossier. ``instant`` gives the real time, ISO 8601: when the person answered."""

    def __init__(self, dossier: Path, instant: Callable[[], str]) -> None:
        self._dossier, self._chemin, self.instant = dossier, dossier / FICHIER, instant

    def attach(self, fichier: str) -> tuple[str, str]:
        """Copies a file into the dossier; gives its path there and its SHA-256. Raises ErreurPiece."""
        if not fichier:
            return "", ""
        source = Path(fichier).expanduser()
        try:
            if not source.is_file():
                raise ErreurPiece(f"{fichier} : ce n'est pas un fichier ; vérifier le chemin, ou ne rien joindre")
            if source.stat().st_size > MAX_FICHIER:
                raise ErreurPiece(f"{fichier} : plus de {MAX_FICHIER // (1024 * 1024)} Mio ; joindre un extrait")
            empreinte = hashlib.sha256(source.read_bytes()).hexdigest()
            cible = self._dossier / DOSSIER / f"{empreinte[:12]}-{source.name}"
            cible.parent.mkdir(exist_ok=True)
            if not cible.exists():
                shutil.copyfile(source, cible)
        except OSError as exc:
            raise ErreurPiece(f"{fichier} : illisible ({tell_system_error(exc)})") from exc
        return cible.relative_to(self._dossier).as_posix(), empreinte

    def keep(self, attestation: Attestation) -> int:
        """Adds a record unless it is there; gives its line number, from 1. Raises OSError."""
        lignes = self._chemin.read_text(encoding="utf-8").splitlines() if self._chemin.exists() else []
        for rang, ligne in enumerate(lignes, 1):
            deja = json.loads(ligne)
            if (deja["scenario"], deja["rang"]) == (attestation.scenario, attestation.rang):
                return rang
        with self._chemin.open("a", encoding="utf-8", newline="\n") as sortie:
            sortie.write(json.dumps(asdict(attestation), ensure_ascii=False) + "\n")
        return len(lignes) + 1
