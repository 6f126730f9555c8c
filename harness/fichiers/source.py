"""Opens what the command line names: files, folders, standard input; bounded, and always seekable."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.fichiers.erreurs import ErreurFichier
from norms.systeme import tell_system_error

ENTREE_STANDARD = "-"
TAILLE_MAX = 512 * 1024 * 1024
MAX_FICHIERS = 10_000
_BLOC = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: its shown name, its bytes, how many."""

    nom: str
    flux: BinaryIO
    taille: int

    def head(self, nombre: int) -> bytes:
        """The first bytes; the stream goes back to its start."""
        self.flux.seek(0)
        tete = self.flux.read(nombre)
        self.flux.seek(0)
        return tete

    def read(self, maximum: int) -> bytes:
        """The whole content. Raises ErreurFichier beyond ``maximum`` bytes."""
        if self.taille > maximum:
            raise ErreurFichier(f"{self.taille} octets ; {maximum} au plus pour cette sorte de fichier")
        self.flux.seek(0)
        return self.flux.read(maximum + 1)

    def sha256(self) -> str:
        """The digest of the content, in hexadecimal."""
        self.flux.seek(0)
        total = hashlib.sha256()
        while bloc := self.flux.read(_BLOC):
            total.update(bloc)
        self.flux.seek(0)
        return total.hexdigest()


@contextmanager
def open_source(chemin: Path, entree: BinaryIO, *, taille_max: int = TAILLE_MAX) -> Iterator[Source]:
    """Opens a file, or standard input for « - ». Raises ErreurFichier when it can't be read or is too big."""
    if chemin.as_posix() == ENTREE_STANDARD:
        with tempfile.TemporaryFile() as copie:
            taille = _copy(entree, copie, taille_max)
            copie.seek(0)
            yield Source("entrée standard", copie, taille)
        return
    try:
        if not chemin.is_file():
            raise ErreurFichier("ni un fichier ni un dossier lisible ; vérifier le chemin")
        taille = chemin.stat().st_size
        if taille > taille_max:
            raise ErreurFichier(f"{taille} octets ; {taille_max} au plus, à augmenter par --taille-max")
        flux = chemin.open("rb")
    except OSError as exc:
        raise ErreurFichier(f"fichier illisible ({tell_system_error(exc)}) ; vérifier le chemin et les droits") from exc
    with flux:
        yield Source(chemin.as_posix(), flux, taille)


def _copy(entree: BinaryIO, copie: BinaryIO, taille_max: int) -> int:
    taille = 0
    while bloc := entree.read(_BLOC):
        taille += len(bloc)
        if taille > taille_max:
            raise ErreurFichier(
                f"plus de {taille_max} octets sur l'entrée standard ; limite à augmenter (--taille-max)"
            )
        copie.write(bloc)
    return taille


def expand(chemins: Iterable[Path]) -> list[Path]:
    """The files named, and those of the folders named, sorted. Raises ErreurFichier.

    In a folder, hidden files and links that lead out of it are left out: what is elsewhere wasn't given.
    """
    trouves: list[Path] = []
    for chemin in chemins:
        if not chemin.is_dir():
            trouves.append(chemin)
            continue
        dedans = sorted(p for p in chemin.rglob("*") if p.is_file() and _given(p, chemin))
        if not dedans:
            raise ErreurFichier(f"{chemin.as_posix()} : dossier sans fichier")
        trouves += dedans
    if len(trouves) > MAX_FICHIERS:
        raise ErreurFichier(f"{len(trouves)} fichiers ; {MAX_FICHIERS} au plus à la fois")
    return trouves


def _given(chemin: Path, dossier: Path) -> bool:
    cache = any(morceau.startswith(".") for morceau in chemin.relative_to(dossier).parts)
    return not cache and chemin.resolve().is_relative_to(dossier.resolve())
