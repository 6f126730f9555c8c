"""Zones: data groups as the bytes that the C interface exchanges.

A zone is a suite of groups; a group is its number on 2 bytes (big-endian), the size of its fields, the fields; a field
is its size and its content. A size below 0x80 is one byte; otherwise its low 7 bits count the bytes that hold it
(``hypothese``: not confirmed by a public document). Contents are ISO 8859-1.
"""

from __future__ import annotations

from collections.abc import Iterable

from norms.ssv.modele import Groupe

MAX_ZONE = 4 * 1024 * 1024
MAX_CHAMPS = 10_000


class ErreurZone(ValueError):
    """A zone that cannot be read or written; ``octet`` is the offset of the fault."""

    def __init__(self, octet: int, attendu: str, constate: str) -> None:
        self.octet, self.attendu, self.constate = octet, attendu, constate
        super().__init__(f"zone de données, octet {octet} : attendu {attendu} ; constaté {constate}")


def encode_zone(groupes: Iterable[Groupe]) -> bytes:
    """Writes groups as a zone. Raises ErreurZone: number out of range, text outside ISO 8859-1, more than 4 MiB."""
    sortie = bytearray()
    for g in groupes:
        if not 1 <= g.id <= 0xFFFF:
            raise ErreurZone(len(sortie), "un numéro de groupe de 1 à 65535", str(g.id))
        corps = bytearray()
        for i, champ in enumerate(g.champs, start=1):
            try:
                contenu = champ.encode("iso-8859-1")
            except UnicodeEncodeError as exc:
                raise ErreurZone(
                    len(sortie), f"groupe {g.id}, champ {i} : des caractères ISO 8859-1", f"« {champ[exc.start]} »"
                ) from exc
            corps += _size(len(contenu)) + contenu
        sortie += g.id.to_bytes(2, "big") + _size(len(corps)) + corps
        if len(sortie) > MAX_ZONE:
            raise ErreurZone(len(sortie), f"une zone de {MAX_ZONE} octets au plus", "davantage")
    return bytes(sortie)


def decode_zone(zone: bytes) -> tuple[Groupe, ...]:
    """Reads a zone. Raises ErreurZone on a truncated, overlong or non-canonical zone."""
    if len(zone) > MAX_ZONE:
        raise ErreurZone(0, f"une zone de {MAX_ZONE} octets au plus", f"{len(zone)} octets")
    groupes: list[Groupe] = []
    pos, lus = 0, 0
    while pos < len(zone):
        if len(zone) - pos < 3:
            raise ErreurZone(pos, "un numéro de groupe et une taille", f"{len(zone) - pos} octets")
        id_ = int.from_bytes(zone[pos : pos + 2], "big")
        if not id_:
            raise ErreurZone(pos, "un numéro de groupe de 1 à 65535", "0")
        taille, pos = _read_size(zone, pos + 2, len(zone))
        fin = pos + taille
        champs: list[str] = []
        while pos < fin:
            n, pos = _read_size(zone, pos, fin)
            champs.append(zone[pos : pos + n].decode("iso-8859-1"))
            pos += n
            lus += 1
            if lus > MAX_CHAMPS:
                raise ErreurZone(pos, f"{MAX_CHAMPS} champs au plus", "davantage")
        groupes.append(Groupe(id_, tuple(champs)))
    return tuple(groupes)


def _size(n: int) -> bytes:
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def _read_size(zone: bytes, pos: int, fin: int) -> tuple[int, int]:
    """The size written at ``pos`` and the position after it; what it announces must fit before ``fin``."""
    depart = pos
    taille = zone[pos]
    pos += 1
    if taille >= 0x80:
        n = taille & 0x7F
        if not 1 <= n <= 4 or pos + n > fin:
            raise ErreurZone(depart, "une taille sur 1 à 5 octets", f"l'octet {taille:02X}")
        taille = int.from_bytes(zone[pos : pos + n], "big")
        pos += n
        if _size(taille) != zone[depart:pos]:
            raise ErreurZone(depart, "une taille écrite au plus court", zone[depart:pos].hex(" ").upper())
    if pos + taille > fin:
        raise ErreurZone(depart, f"{fin - pos} octets au plus", f"une taille de {taille}")
    return taille, pos
