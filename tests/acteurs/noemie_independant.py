"""A tiny reader of 580 returns, written from formats.md §3 alone: it owes nothing to norms.noemie."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FactureLue:
    numero: str
    lot: str
    type: str
    parts: dict[str, tuple[int, str, int]] = field(default_factory=dict)  # entity -> asked, state, paid
    rejets: list[tuple[str, str, str, str]] = field(default_factory=list)  # code, label, level, part
    commentaires: list[str] = field(default_factory=list)


@dataclass
class Fichier580:
    """``niveaux``: (code closed, count, total) of each 990, in order."""

    entete: str
    fin: str
    entites: list[str]
    factures: list[FactureLue]
    niveaux: list[tuple[str, int, int]]
    virements: list[str]


def _c(entite: str, debut: int, fin: int) -> str:
    return entite[debut - 1 : fin]


def read_580(octets: bytes) -> Fichier580:
    """000 and 999 are 128 characters; in between, entities end with ``@``."""
    texte = octets.decode("ascii")
    entete, milieu, fin = texte[:128], texte[128:-128], texte[-128:]
    assert entete.startswith("000")
    assert fin.startswith("999")
    assert milieu.endswith("@")
    entites = milieu[:-1].split("@")
    factures: list[FactureLue] = []
    niveaux, virements = [], []
    for e in entites:
        code = _c(e, 1, 3)
        if code == "102":
            factures.append(FactureLue(_c(e, 6, 14), _c(e, 21, 23), _c(e, 30, 30)))
        elif code in {"198", "199"}:
            factures[-1].parts[code] = (int(_c(e, 6, 13)), _c(e, 14, 14), int(_c(e, 15, 22)))
        elif code == "294":
            factures[-1].rejets.append((_c(e, 6, 9), _c(e, 10, 95).rstrip(), _c(e, 96, 96), _c(e, 97, 97)))
        elif code == "295":
            factures[-1].commentaires.append(_c(e, 7, 134).rstrip())
        elif code == "071":
            virements.append(_c(e, 6, 11))
        elif code == "990":
            niveaux.append((_c(e, 6, 22).rstrip(), int(_c(e, 23, 30)), int(_c(e, 31, 41))))
    return Fichier580(entete, fin, entites, factures, niveaux, virements)
