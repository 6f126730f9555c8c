"""The requirement catalogue: what the specification asks, one numbered duty at a time (scenarios/exigences)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from norms.chargement import ErreurChargement, load_plain

DOSSIER = Path("exigences")
LECTURES = "_lectures.yaml"
#: Where the numbering of an identifier comes from.
_TEXTES = {
    "SV-A5": "annexe5",
    "SV": "cdc",
    "HD": "réglages OCT d'éditeurs",
    "AX": "manuel d'éditeur",
    "CT": "support d'éditeur (conventions)",
}


@dataclass(frozen=True, slots=True)
class Exigence:
    """One requirement, in our words. ``doublon_de``: same duty as that other one, whose verdict it takes."""

    id: str
    section: tuple[str, ...]
    lignes: tuple[str, ...]
    niveau: str
    sujet: str
    domaine: str
    applicable: tuple[str, ...]
    enonce: str
    observable: str
    verification: str
    testable: bool
    raison: str = ""
    hypothese: bool = False
    doublon_de: str = ""
    lecture: str = ""

    @property
    def reference(self) -> str:
        """Where it stands, as people cite it: ``cdc §4.2.1.16.1``."""
        prefixe = "SV-A5" if self.id.startswith("SV-A5") else self.id.split("-", 1)[0]
        texte = _TEXTES.get(prefixe, prefixe)
        if prefixe not in ("SV", "SV-A5"):
            return f"{texte}, lignes {', '.join(self.lignes)}"
        return f"{texte} §{', §'.join(self.section)}"


@dataclass(frozen=True, slots=True)
class Lecture:
    """A passage that is unclear, and the reading that was chosen."""

    lecture: str
    obscur: str
    retenu: str


class Catalogue(Mapping[str, Exigence]):
    """All requirements by identifier, in file order."""

    def __init__(self, exigences: Mapping[str, Exigence], lectures: Mapping[str, Lecture]) -> None:
        self._exigences = dict(exigences)
        self.lectures = dict(lectures)

    def __getitem__(self, cle: str) -> Exigence:
        return self._exigences[cle]

    def __iter__(self) -> Iterator[str]:
        return iter(self._exigences)

    def __len__(self) -> int:
        return len(self._exigences)

    def cible(self, cle: str) -> Exigence:
        """The requirement whose verdict counts: itself, or the one it duplicates."""
        exigence = self._exigences[cle]
        return self._exigences[exigence.doublon_de] if exigence.doublon_de else exigence

    def doublons_de(self, cle: str) -> tuple[Exigence, ...]:
        """Requirements that say the same thing as ``cle``."""
        return tuple(e for e in self._exigences.values() if e.doublon_de == cle)

    def distinctes(self) -> tuple[Exigence, ...]:
        """Every requirement that is not a duplicate."""
        return tuple(e for e in self._exigences.values() if not e.doublon_de)


def scenarios_directory() -> Path:
    """The directory of the scenarios shipped with the bench."""
    import scenarios  # noqa: PLC0415 -- data package, only located here

    return Path(scenarios.__path__[0])


def load_catalogue(dossier: Path | None = None) -> Catalogue:
    """Loads every ``*.yaml`` of ``exigences`` (about a quarter of a second for 3 000 requirements).

    Raises ErreurChargement naming the file on an unknown or missing field, or an identifier given twice.
    """
    dossier = dossier or scenarios_directory() / DOSSIER
    exigences: dict[str, Exigence] = {}
    for fichier in sorted(dossier.glob("[!_]*.yaml")):
        for brut in load_plain(fichier):
            exigence = _build(brut, fichier)
            if exigence.id in exigences:
                raise ErreurChargement(fichier.as_posix(), 1, 1, f"exigence {exigence.id} donnée deux fois")
            exigences[exigence.id] = exigence
    if not exigences:
        raise ErreurChargement(dossier.as_posix(), 1, 1, "aucune exigence dans ce dossier ; vérifier l'installation")
    for exigence in exigences.values():
        cible = exigence.doublon_de
        if cible and (cible not in exigences or exigences[cible].doublon_de):
            raise ErreurChargement(
                dossier.as_posix(), 1, 1, f"{exigence.id} : « doublon_de: {cible} » ne mène pas à une exigence première"
            )
    lectures = dossier / LECTURES
    donnees = load_plain(lectures) if lectures.is_file() else []
    return Catalogue(exigences, {d["lecture"]: Lecture(**d) for d in donnees})


_LISTES = ("section", "lignes", "applicable")
_BOOLEENS = ("testable", "hypothese")
_CHAMPS = {f.name for f in fields(Exigence)}
_REQUIS = _CHAMPS - {"raison", "hypothese", "doublon_de", "lecture"}


def _build(brut: Any, fichier: Path) -> Exigence:
    cles = set(brut) if isinstance(brut, dict) else set()
    if not cles >= _REQUIS or not cles <= _CHAMPS:
        quoi = brut.get("id", "?") if isinstance(brut, dict) else "?"
        ecart = ", ".join(sorted((_REQUIS - cles) | (cles - _CHAMPS)))
        raise ErreurChargement(fichier.as_posix(), 1, 1, f"exigence {quoi} : champs manquants ou inconnus : {ecart}")
    valeurs: dict[str, Any] = {
        cle: tuple(v) if cle in _LISTES else v == "true" if cle in _BOOLEENS else v for cle, v in brut.items()
    }
    return Exigence(**valeurs)
