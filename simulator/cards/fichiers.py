"""The file tree of a card: dedicated files (DF), elementary files (EF), their access rules and their FCP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from simulator.cards import ber

FID_MF = 0x3F00


class Acces(StrEnum):
    """Who may read or write a file."""

    LIBRE = "libre"
    CODE_PORTEUR = "code_porteur"
    PS = "ps"  # a health-professional card has authenticated itself to this card
    JAMAIS = "jamais"


# Security condition bytes of the compact access rule (public: ISO/IEC 7816-4 §9.3.3).
_SCB = {Acces.LIBRE: 0x00, Acces.CODE_PORTEUR: 0x11, Acces.PS: 0x21, Acces.JAMAIS: 0xFF}


@dataclass(frozen=True, slots=True, eq=False)
class Ef:
    """A transparent elementary file. ``capacite`` bounds what may be written (bytes)."""

    fid: int
    contenu: bytes
    nom: str = ""
    sfi: int | None = None
    lecture: Acces = Acces.LIBRE
    ecriture: Acces = Acces.JAMAIS
    capacite: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Df:
    """A dedicated file and what it holds; the MF is the root one."""

    fid: int
    enfants: tuple[Df | Ef, ...] = ()
    nom: str = ""
    aid: bytes = b""

    def enfant(self, fid: int) -> Df | Ef | None:
        return next((e for e in self.enfants if e.fid == fid), None)

    def par_sfi(self, sfi: int) -> Ef | None:
        return next((e for e in self.enfants if isinstance(e, Ef) and e.sfi == sfi), None)


Chemin = tuple[Df, ...]  # from the MF to the current DF


def walk(racine: Df, chemin: Chemin = ()) -> Iterator[Chemin]:
    """Every DF of the tree, as its path from the MF."""
    chemin = (*chemin, racine)
    yield chemin
    for enfant in racine.enfants:
        if isinstance(enfant, Df):
            yield from walk(enfant, chemin)


def fcp(noeud: Df | Ef, taille: int = 0) -> bytes:
    """Content of the file control parameters (without the 62 or 6F template)."""
    if isinstance(noeud, Df):
        nom = ber.encode(0x84, noeud.aid) if noeud.aid else b""
        return (
            ber.encode(0x82, b"\x38")
            + ber.encode(0x83, noeud.fid.to_bytes(2, "big"))
            + nom
            + ber.encode(0x8A, b"\x05")
            + ber.encode(0xA1, ber.encode(0x8C, bytes((0x44, 0xFF, 0xFF))))
        )
    sfi = b"" if noeud.sfi is None else bytes((noeud.sfi << 3,))
    return (
        ber.encode(0x80, taille.to_bytes(2, "big"))
        + ber.encode(0x82, b"\x01")
        + ber.encode(0x83, noeud.fid.to_bytes(2, "big"))
        + ber.encode(0x88, sfi)
        + ber.encode(0x8A, b"\x05")
        + ber.encode(0xA1, ber.encode(0x8C, bytes((0x03, _SCB[noeud.ecriture], _SCB[noeud.lecture]))))
    )
