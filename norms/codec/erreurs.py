"""The one error of the codecs: which record, which field, which columns, what was expected, what was found."""

from __future__ import annotations

MAX_CONSTATE = 80


class ErreurEnregistrement(ValueError):
    """A record or entity that does not follow its layout.

    ``rang`` is the record number in the file (from 1), 0 when encoding; ``colonnes`` are 1-based and inclusive, (0, 0)
    when the fault is not about columns; ``offset`` is the byte offset of the record in the stream, -1 when unknown.
    """

    def __init__(
        self,
        *,
        rang: int,
        type_: str,
        attendu: str,
        constate: str,
        champ: str = "",
        colonnes: tuple[int, int] = (0, 0),
        offset: int = -1,
        libelle: str = "",
        conseil: str = "",
    ) -> None:
        self.rang, self.type, self.champ, self.colonnes = rang, type_, champ, colonnes
        self.attendu, self.constate, self.offset = attendu, constate, offset
        self.libelle, self.conseil = libelle, conseil
        super().__init__(self._message())

    def _message(self) -> str:
        lieu = []
        if self.rang:
            lieu.append(f"enregistrement {self.rang}")
        if self.type:
            lieu.append(f"type {self.type}")
        if self.champ:
            lieu.append(f"champ « {self.champ} »" + (f" ({self.libelle})" if self.libelle else ""))
        debut, fin = self.colonnes
        if debut:
            lieu.append(f"colonne {debut}" if debut == fin else f"colonnes {debut}-{fin}")
        if self.offset >= 0:
            lieu.append(f"octet {self.offset}")
        suite = f" ; {self.conseil}" if self.conseil else ""
        return f"{', '.join(lieu) or 'enregistrement'} : attendu {self.attendu} ; constaté {self.constate}{suite}"


def quote(octets: bytes) -> str:
    """Shows bytes as readable text, non-printable ones escaped, cut at 80 characters."""
    texte = "".join(chr(o) if 0x20 <= o <= 0x7E else f"\\x{o:02x}" for o in octets[:MAX_CONSTATE])
    return f"« {texte}{'…' if len(octets) > MAX_CONSTATE else ''} »"
