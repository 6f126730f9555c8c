"""BER-TLV data objects as cards use them: tags of 1 to 3 bytes, definite lengths (public: ISO/IEC 7816-4 annex E)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_OCTETS = 65_536


class TlvInvalide(ValueError):
    """Bytes that aren't a sequence of BER-TLV data objects; the message tells the offset."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object; ``valeur`` is its content, not decoded further."""

    tag: int
    valeur: bytes

    @property
    def construit(self) -> bool:
        premier = self.tag
        while premier > 0xFF:
            premier >>= 8
        return bool(premier & 0x20)

    def enfants(self) -> list[Tlv]:
        """The data objects inside a constructed one. Raises TlvInvalide."""
        return list(parse(self.valeur))


def encode(tag: int, *valeurs: bytes) -> bytes:
    """A data object whose content is the concatenation of ``valeurs``."""
    contenu = b"".join(valeurs)
    taille = (tag.bit_length() + 7) // 8 or 1
    return tag.to_bytes(taille, "big") + encode_length(len(contenu)) + contenu


def encode_length(longueur: int) -> bytes:
    if longueur < 0x80:
        return bytes((longueur,))
    octets = longueur.to_bytes((longueur.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def parse(donnees: bytes) -> Iterator[Tlv]:
    """Yields the data objects of ``donnees``. Raises TlvInvalide; 65 536 bytes at most."""
    if len(donnees) > MAX_OCTETS:
        raise TlvInvalide(f"{len(donnees)} octets ; {MAX_OCTETS} au plus")
    position = 0
    while position < len(donnees):
        tag, suite = _read_tag(donnees, position)
        longueur, suite = _read_length(donnees, suite)
        fin = suite + longueur
        if fin > len(donnees):
            raise TlvInvalide(
                f"octet {position} : l'objet {tag:X} annonce {longueur} octets, il en reste {len(donnees) - suite}"
            )
        yield Tlv(tag, donnees[suite:fin])
        position = fin


def find(donnees: bytes, *chemin: int) -> bytes | None:
    """Content of the first object met by following the tags of ``chemin``, or None. Raises TlvInvalide."""
    for tag in chemin:
        trouve = next((t.valeur for t in parse(donnees) if t.tag == tag), None)
        if trouve is None:
            return None
        donnees = trouve
    return donnees


def _read_tag(donnees: bytes, position: int) -> tuple[int, int]:
    debut = position
    tag = donnees[position]
    position += 1
    if tag & 0x1F != 0x1F:
        return tag, position
    while position - debut < 3:
        if position >= len(donnees):
            break
        octet = donnees[position]
        tag = tag << 8 | octet
        position += 1
        if not octet & 0x80:
            return tag, position
    raise TlvInvalide(f"octet {debut} : étiquette incomplète ou de plus de 3 octets")


def _read_length(donnees: bytes, position: int) -> tuple[int, int]:
    if position >= len(donnees):
        raise TlvInvalide(f"octet {position} : longueur absente")
    premier = donnees[position]
    position += 1
    if premier < 0x80:
        return premier, position
    nombre = premier & 0x7F
    if not 1 <= nombre <= 4 or position + nombre > len(donnees):
        raise TlvInvalide(f"octet {position - 1} : longueur indéfinie ou incomplète")
    return int.from_bytes(donnees[position : position + nombre], "big"), position + nombre
