"""Norm packs: the data files in force, the default ones or those that a directory puts in their place.

A vendor who holds the annexes writes a directory with ``paquet.yaml`` (``nom``, ``version``, ``source``) and files of
the same names as the default ones (``b2/type_2.yaml``); each replaces the default one as a whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from norms.chargement import MAX_BYTES, Document, load

DONNEES = Path(__file__).parent / "donnees"
IDENTITE = "paquet.yaml"
MAX_FICHIERS = 1000
#: A ``source`` (or ``pivot_source``…) that is a supposition, in the text of a data file.
_SUPPOSITION = re.compile(r"source:.*\bhypothese:")

T = TypeVar("T")


class ErreurPaquet(ValueError):
    """A norm pack that cannot be used; the message names the directory, the file and what to do."""


@dataclass(frozen=True, slots=True)
class Hypothese:
    """An entry of a data file that rests on a supposition: where it is, and the reason given."""

    fichier: str
    ligne: int
    element: str
    raison: str


@dataclass(frozen=True, slots=True, eq=False)
class NormPack:
    """The data files in force. Documents and what is compiled from them are cached here, per instance."""

    nom: str
    version: str
    source: str
    fichiers: dict[str, Path] = field(repr=False)
    _cache: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def par_defaut(cls) -> NormPack:
        """The pack shipped with the package: public facts and marked suppositions."""
        return cls._make(DONNEES, _list(DONNEES))

    @classmethod
    def avec(cls, repertoire: Path) -> NormPack:
        """The default pack with the files of ``repertoire`` in place of theirs. Raises ErreurPaquet."""
        repertoire = Path(repertoire)
        if not repertoire.is_dir():
            raise ErreurPaquet(f"paquet de normes {repertoire} : répertoire introuvable ; vérifier le chemin")
        if not (repertoire / IDENTITE).is_file():
            raise ErreurPaquet(
                f"paquet de normes {repertoire} : fichier {IDENTITE} absent ; il donne nom, version et source du paquet"
            )
        base, propres = _list(DONNEES), _list(repertoire)
        inconnus = sorted(set(propres) - set(base))
        if inconnus:
            raise ErreurPaquet(
                f"paquet de normes {repertoire} : fichier inconnu {inconnus[0]} ; "
                f"un paquet ne contient que des fichiers qui en remplacent d'autres ({_near(inconnus[0], base)})"
            )
        return cls._make(repertoire, base | propres)

    @classmethod
    def _make(cls, repertoire: Path, fichiers: dict[str, Path]) -> NormPack:
        document = load(repertoire / IDENTITE, nom=IDENTITE)
        donnees = document.donnees
        for cle in ("nom", "version", "source"):
            if not isinstance(donnees, dict) or not isinstance(donnees.get(cle), str) or not donnees[cle]:
                raise ErreurPaquet(f"paquet de normes {repertoire} : {IDENTITE} doit donner « {cle} »")
        return cls(donnees["nom"], donnees["version"], donnees["source"], fichiers)

    def charger(self, nom: str) -> Document:
        """The data file ``nom`` ("b2/type_2.yaml"). Raises ErreurPaquet when no such file exists, ErreurChargement."""
        if nom not in self.fichiers:
            raise ErreurPaquet(f"paquet de normes « {self.nom} » : pas de fichier {nom} ({_near(nom, self.fichiers)})")
        return self.memo(("document", nom), lambda: load(self.fichiers[nom], nom=nom))

    def memo(self, cle: object, fabrique: Callable[[], T]) -> T:
        """Keeps what is built from the data, once per pack."""
        if cle not in self._cache:
            self._cache[cle] = fabrique()
        valeur: T = self._cache[cle]
        return valeur

    @property
    def empreinte(self) -> str:
        """SHA-256, in hexadecimal, of all the data in force (names and contents)."""
        return self.memo("empreinte", self._digest)

    def _digest(self) -> str:
        total = hashlib.sha256()
        for nom in sorted(self.fichiers):
            contenu = self.fichiers[nom].read_bytes().replace(b"\r\n", b"\n")
            total.update(nom.encode() + b"\0" + hashlib.sha256(contenu).digest())
        return total.hexdigest()

    @property
    def remplaces(self) -> tuple[str, ...]:
        """The data files that this pack puts in the place of the default ones, in order; its identity is not one."""
        return tuple(n for n, c in sorted(self.fichiers.items()) if n != IDENTITE and c != DONNEES / n)

    @property
    def hypotheses_par_dossier(self) -> dict[str, int]:
        """How many entries of the data in force rest on a supposition, by folder (``b2``, ``ssv``…); zeros left out."""
        return self.memo("hypotheses_par_dossier", self._count_suppositions)

    def _count_suppositions(self) -> dict[str, int]:
        comptes: dict[str, int] = {}
        for nom in sorted(self.fichiers):
            n = len(_SUPPOSITION.findall(self.fichiers[nom].read_text(encoding="utf-8")))
            if n and nom != IDENTITE:
                dossier = nom.split("/", maxsplit=1)[0]
                comptes[dossier] = comptes.get(dossier, 0) + n
        return comptes

    def hypotheses(self, nom: str) -> tuple[Hypothese, ...]:
        """The entries of a data file whose ``source`` is ``hypothese: …``, in file order."""
        document = self.charger(nom)
        trouvees: list[Hypothese] = []
        _walk(document, document.donnees, (), trouvees)
        return tuple(trouvees)


def _list(repertoire: Path) -> dict[str, Path]:
    fichiers: dict[str, Path] = {}
    for chemin in sorted(repertoire.rglob("*.yaml")):
        if not chemin.is_file():
            continue
        if len(fichiers) >= MAX_FICHIERS or chemin.stat().st_size > MAX_BYTES:
            raise ErreurPaquet(f"paquet de normes {repertoire} : trop de fichiers ou fichier trop gros ({chemin.name})")
        fichiers[chemin.relative_to(repertoire).as_posix()] = chemin
    return fichiers


def _near(nom: str, connus: dict[str, Path]) -> str:
    dossier = nom.split("/", maxsplit=1)[0]
    proches = [c for c in sorted(connus) if c.startswith(dossier + "/")] or sorted(
        {c.split("/", maxsplit=1)[0] for c in connus}
    )
    return "connus : " + ", ".join(proches[:20])


def _walk(document: Document, noeud: Any, chemin: tuple[str | int, ...], trouvees: list[Hypothese]) -> None:
    if isinstance(noeud, dict):
        source = noeud.get("source")
        if isinstance(source, str) and "hypothese:" in source:
            raison = source.partition(":")[2].strip()
            element = str(noeud.get("nom") or noeud.get("code") or noeud.get("type") or "/".join(map(str, chemin)))
            trouvees.append(Hypothese(document.fichier, document.position(chemin)[0], element, raison))
        for cle, valeur in noeud.items():
            _walk(document, valeur, (*chemin, cle), trouvees)
    elif isinstance(noeud, list):
        for i, valeur in enumerate(noeud):
            _walk(document, valeur, (*chemin, i), trouvees)
