"""The two physical forms of a NOEMIE file: plain concatenation, and blocks of 128 bytes.

Both start with record 000 and end with record 999, 128 bytes each, without terminator; in between, entities end with
``@``. Plain: one after the other. Blocks: a flag byte (``1`` on the last block, ``0`` before), 127 bytes of data, the
last block filled with spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from norms.codec import ErreurEnregistrement
from norms.codec.erreurs import quote

TERMINATEUR = b"@"
LONGUEUR = 128
DONNEES_PAR_BLOC = LONGUEUR - 1
MAX_ENTITE = 1024
MAX_FICHIER = 64 * 1024 * 1024


class Conteneur(StrEnum):
    """The physical form of a file."""

    PLAT = "plat"
    BLOCS128 = "blocs128"


def wrap(entete: bytes, entites: list[bytes], fin: bytes, conteneur: Conteneur) -> bytes:
    """Puts a file together. ``entites`` without their terminators."""
    donnees = b"".join(e + TERMINATEUR for e in entites)
    if conteneur is Conteneur.BLOCS128 and donnees:
        morceaux = [donnees[i : i + DONNEES_PAR_BLOC] for i in range(0, len(donnees), DONNEES_PAR_BLOC)]
        dernier = len(morceaux) - 1
        donnees = b"".join((b"1" if i == dernier else b"0") + m.ljust(DONNEES_PAR_BLOC) for i, m in enumerate(morceaux))
    return entete + donnees + fin


def detect(brut: bytes, longueurs: Mapping[bytes, int]) -> Conteneur:
    """Tells the form of a file; ``longueurs``: entity code -> length without terminator. In doubt, plain."""
    milieu = brut[LONGUEUR:-LONGUEUR]
    if not milieu or len(milieu) % LONGUEUR or _plausible(milieu, longueurs):
        return Conteneur.PLAT
    if _plausible(_data_of_blocks(milieu), longueurs):
        return Conteneur.BLOCS128
    drapeaux = milieu[::LONGUEUR]  # a damaged file: its block flags, if it has them, tell its form
    return Conteneur.BLOCS128 if drapeaux == b"0" * (len(drapeaux) - 1) + b"1" else Conteneur.PLAT


def _plausible(donnees: bytes, longueurs: Mapping[bytes, int]) -> bool:
    return donnees.endswith(TERMINATEUR) and all(
        longueurs.get(e[:3]) == len(e) for e in donnees[:-1].split(TERMINATEUR)
    )


def _data_of_blocks(milieu: bytes) -> bytes:
    return b"".join(milieu[i + 1 : i + LONGUEUR] for i in range(0, len(milieu), LONGUEUR)).rstrip(b" ")


def unwrap(brut: bytes, conteneur: Conteneur) -> Iterator[tuple[int, int, bytes]]:
    """Gives (rank from 1, byte offset in the file, bytes) of each record, 000 and 999 included, terminators removed.

    Raises ErreurEnregistrement when the file is cut, too long, or an entity has no terminator.
    """
    if not 2 * LONGUEUR <= len(brut) <= MAX_FICHIER:
        raise ErreurEnregistrement(
            rang=1,
            type_="",
            attendu=f"un fichier de {2 * LONGUEUR} à {MAX_FICHIER} octets, de 000 à 999",
            constate=f"{len(brut)} octets, {quote(brut[:40])}",
            offset=0,
        )
    yield 1, 0, brut[:LONGUEUR]
    milieu = brut[LONGUEUR:-LONGUEUR]
    blocs = conteneur is Conteneur.BLOCS128
    donnees = _data_of_blocks(milieu) if blocs else milieu
    rang, pos = 2, 0
    while pos < len(donnees):
        fin = donnees.find(TERMINATEUR, pos, pos + MAX_ENTITE)
        offset = LONGUEUR + (pos + pos // DONNEES_PAR_BLOC + 1 if blocs else pos)
        if fin < 0:
            raise ErreurEnregistrement(
                rang=rang,
                type_=donnees[pos : pos + 3].decode("ascii", "backslashreplace"),
                attendu="une entité terminée par « @ »",
                constate=quote(donnees[pos : pos + 40]),
                offset=offset,
                conseil="fichier tronqué, ou en-tête ou fin qui n'occupe pas 128 octets",
            )
        yield rang, offset, donnees[pos:fin]
        rang, pos = rang + 1, fin + 1
    yield rang, len(brut) - LONGUEUR, brut[-LONGUEUR:]
