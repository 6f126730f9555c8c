"""What survives the death of the process: one line a fact in ``etat.jsonl``, read back by the next world.

``debut`` is written before a message is processed, ``fin`` once it is answered with what insurers then remember, and
``ordre`` after each order of a person. A message whose ``debut`` is the last line was under way: it is processed
again, and the returns that it had already left in mailboxes are not deposited twice. Lines reach the operating system
before the next step; they survive the process, not a power cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from norms.systeme import tell_system_error
from simulator.acteurs.bureau import Memoire, Solde
from simulator.acteurs.historique import Souvenir
from simulator.monde.config import ErreurMonde

FICHIER = "etat.jsonl"


@dataclass(slots=True)
class Etat:
    """Where the world before this one stopped. ``compteurs``: stamps and files of each sender."""

    horloge: datetime | None = None
    memoires: list[Memoire | Solde] = field(default_factory=list)
    fichiers: dict[str, int] = field(default_factory=dict)
    compteurs: dict[str, int] = field(default_factory=dict)
    traites: set[int] = field(default_factory=set)
    en_cours: tuple[int, int] | None = None


class Reprise:
    """Writes the facts; a new one reads those of the world before. Raises ErreurMonde on a file it can't read."""

    def __init__(self, dossier: Path) -> None:
        self._chemin = dossier / FICHIER
        try:
            dossier.mkdir(parents=True, exist_ok=True)
            self.etat = _read(self._chemin)
            self._sortie = self._chemin.open("ab", buffering=0)
        except OSError as exc:
            raise ErreurMonde(f"dossier de preuves inutilisable : {dossier} ({tell_system_error(exc)})") from exc
        self._a_noter: list[dict[str, Any]] = []
        self.traites = len(self.etat.traites)

    def remember(self, memoire: Memoire | Solde) -> None:
        """Keeps a memory for the next ``fin`` or ``ordre``."""
        genre = "solde" if isinstance(memoire, Solde) else "memoire"
        self._a_noter.append({genre: asdict(memoire)})

    def begin(self, numero: int, deposes: int) -> None:
        """A message is about to be processed; ``deposes`` returns were deposited so far."""
        self._write({"debut": numero, "deposes": deposes})

    def end(self, numero: int, etat: Mapping[str, Any]) -> None:
        """A message is done with; ``etat``: clock and counters."""
        self._write({"fin": numero, **etat, "memoires": self._drain()})
        self.traites += 1

    def hold(self, numero: int, etat: Mapping[str, Any]) -> None:
        """A message waits on its way, delivered to nobody yet: what was deposited about it (AR_P) stands by itself."""
        if not self._a_noter:
            self._write({"retenu": numero, **etat, "memoires": []})

    def order(self, action: str, etat: Mapping[str, Any]) -> None:
        """A person's order is done."""
        self._write({"ordre": action, **etat, "memoires": self._drain()})

    def close(self) -> None:
        """Closes the file."""
        self._sortie.close()

    def _drain(self) -> list[dict[str, Any]]:
        notes, self._a_noter = self._a_noter, []
        return notes

    def _write(self, fait: Mapping[str, Any]) -> None:
        ligne = json.dumps(fait, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            self._sortie.write(ligne)
        except OSError as exc:
            raise ErreurMonde(
                f"état non écrit : {self._chemin} ({tell_system_error(exc)}) ; libérer de la place"
            ) from exc


def _read(chemin: Path) -> Etat:
    etat = Etat()
    if not chemin.exists():
        return etat
    entier = 0
    for ligne, fin in _lines(chemin):
        entier = fin
        try:
            _take(etat, json.loads(ligne))
        except (ValueError, KeyError, TypeError) as exc:
            raise ErreurMonde(
                f"{chemin} : ligne illisible ({type(exc).__name__} : {exc}) ; "
                "retirer cette ligne, ou donner un autre dossier de preuves"
            ) from exc
    with chemin.open("r+b") as fichier:  # a line that the crash cut short is no fact
        fichier.truncate(entier)
    return etat


def _lines(chemin: Path) -> Iterator[tuple[bytes, int]]:
    fin = 0
    with chemin.open("rb") as entree:
        for ligne in entree:
            if not ligne.endswith(b"\n"):
                return
            fin += len(ligne)
            yield ligne, fin


def _take(etat: Etat, fait: dict[str, Any]) -> None:
    if "debut" in fait:
        etat.en_cours = (int(fait["debut"]), int(fait["deposes"]))
        return
    etat.en_cours = None
    if "fin" in fait:
        etat.traites.add(int(fait["fin"]))
    etat.horloge = datetime.fromisoformat(fait["horloge"])
    etat.fichiers = {str(k): int(v) for k, v in fait["fichiers"].items()}
    etat.compteurs = {str(k): int(v) for k, v in fait["compteurs"].items()}
    for note in fait["memoires"]:
        if "solde" in note:
            solde = note["solde"]
            etat.memoires.append(Solde(solde["acteur"], tuple((ps, t, r) for ps, t, r in solde["lots"])))
        else:
            memoire = note["memoire"]
            etat.memoires.append(Memoire(**{**memoire, "souvenir": Souvenir.read(memoire["souvenir"])}))
