"""Looks for the code porteur in what the LPS wrote (it may never be kept, cdc §3.2.9.3), and hides it from evidence."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MASQUE = "••••"
MAX_FICHIER = 32 * 1024 * 1024
MAX_FICHIERS = 5000
_AUTOUR = 24


@dataclass(slots=True)
class CodesPorteur:
    """The code porteur values used in a scenario. A value is only recognised standing alone, not inside a number."""

    valeurs: set[str] = field(default_factory=set)

    def learn(self, params: Any) -> None:
        """Remembers every ``code_porteur`` found in request parameters."""
        if isinstance(params, Mapping):
            for cle, valeur in params.items():
                if cle == "code_porteur" and isinstance(valeur, str) and valeur:
                    self.valeurs.add(valeur)
                else:
                    self.learn(valeur)
        elif isinstance(params, list | tuple):
            for valeur in params:
                self.learn(valeur)

    def hide(self, texte: str) -> str:
        """The text without any of these values."""
        for valeur in self.valeurs:
            if valeur in texte:
                texte = re.sub(_alone(re.escape(valeur)), MASQUE, texte)
        return texte

    def hide_in(self, valeur: Any) -> Any:
        """The same JSON-like value; ``code_porteur`` entries and texts are masked."""
        if isinstance(valeur, Mapping):
            return {
                cle: MASQUE if cle == "code_porteur" and v is not None else self.hide_in(v) for cle, v in valeur.items()
            }
        if isinstance(valeur, list | tuple):
            return [self.hide_in(v) for v in valeur]
        return self.hide(valeur) if isinstance(valeur, str) else valeur

    def search(self, textes: Iterable[tuple[str, bytes]]) -> list[dict[str, str]]:
        """Where the values appear, plainly or in base64 or hexadecimal: ``{ou, extrait}``, extracts masked."""
        formes = sorted({f for v in self.valeurs for f in _shapes(v)})
        trouves = []
        for ou, contenu in textes:
            for forme in formes:
                for lieu in re.finditer(_alone(re.escape(forme)).encode(), contenu):
                    avant = contenu[max(0, lieu.start() - _AUTOUR) : lieu.start()].decode("utf-8", "replace")
                    apres = contenu[lieu.end() : lieu.end() + _AUTOUR].decode("utf-8", "replace")
                    extrait = self.hide(f"{avant}{MASQUE}{apres}")
                    trouves.append({"ou": ou, "extrait": " ".join(extrait.split())})
        return trouves


def files_under(dossier: Path) -> Iterator[tuple[str, bytes]]:
    """Every regular file the LPS left in its folder: relative name and content, bounded in number and size."""
    fichiers = sorted(f for f in dossier.rglob("*") if f.is_file() and not f.is_symlink())
    for fichier in fichiers[:MAX_FICHIERS]:
        with fichier.open("rb") as flux:
            yield fichier.relative_to(dossier).as_posix(), flux.read(MAX_FICHIER)


def _alone(motif: str) -> str:
    return f"(?<![0-9A-Za-z+/]){motif}(?![0-9A-Za-z+/])"


def _shapes(valeur: str) -> Iterator[str]:
    octets = valeur.encode()
    yield valeur
    yield base64.b64encode(octets).decode()
    yield octets.hex()
