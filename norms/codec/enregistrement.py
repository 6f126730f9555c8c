"""A decoded record: raw bytes kept, values extracted only when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from norms.codec.champ import MASQUE, Champ, RefusValeur, Valeur
from norms.codec.disposition import Disposition
from norms.codec.erreurs import ErreurEnregistrement


@dataclass(frozen=True, slots=True)
class ChampLu:
    """One field as found in a record: its definition, its bytes, its value."""

    champ: Champ
    brut: bytes
    valeur: Valeur

    @property
    def colonnes(self) -> tuple[int, int]:
        return self.champ.colonnes


class Enregistrement:
    """A record of a file: layout, rank in the file (from 1), byte offset, raw bytes. Not to be modified.

    ``valeurs`` extracts all fields at once, ``enregistrement[nom]`` gives one. ``anomalies`` holds the faults of a
    record read with ``strict=False``; a faulty field then reads as its raw text. A plain slotted class: one is made for
    each 128 bytes of a flow.
    """

    __slots__ = ("_valeurs", "anomalies", "brut", "disposition", "offset", "rang", "type")

    def __init__(
        self,
        disposition: Disposition,
        brut: bytes,
        rang: int = 0,
        offset: int = -1,
        anomalies: tuple[ErreurEnregistrement, ...] = (),
    ) -> None:
        self.disposition = disposition
        self.type = disposition.type
        self.brut = brut
        self.rang = rang
        self.offset = offset
        self.anomalies = anomalies
        self._valeurs: Mapping[str, Valeur] | None = None

    def __repr__(self) -> str:
        return f"Enregistrement(type={self.type!r}, rang={self.rang}, offset={self.offset}, brut={self.brut!r})"

    def __eq__(self, autre: object) -> bool:
        if not isinstance(autre, Enregistrement):
            return NotImplemented
        return (self.type, self.brut, self.rang, self.offset) == (autre.type, autre.brut, autre.rang, autre.offset)

    def __hash__(self) -> int:
        return hash((self.type, self.brut, self.rang, self.offset))

    @property
    def valeurs(self) -> Mapping[str, Valeur]:
        """All values by field name, in column order. Raises ErreurEnregistrement on an impossible date."""
        if self._valeurs is None:
            if self.anomalies:
                lues = {nom: self._lenient(c) for nom, c in self.disposition.par_nom.items()}
            else:
                try:
                    lues = self.disposition.extraire(self.brut)
                except RefusValeur:
                    raise self.disposition.faults(self.brut, self.rang, self.offset)[0] from None
            self._valeurs = MappingProxyType(lues)
        return self._valeurs

    def __getitem__(self, nom: str) -> Valeur:
        try:
            return self.valeurs[nom]
        except KeyError:
            self.disposition.champ(nom)  # raises the error that lists the known names
            raise

    def champ(self, nom: str) -> ChampLu:
        """A field with its columns and bytes. Raises KeyError listing the known names."""
        c = self.disposition.champ(nom)
        return ChampLu(c, self.brut[c.debut - 1 : c.fin], self.valeurs[nom])

    def texte(self, nom: str) -> str:
        """The text of a field, without its trailing spaces."""
        c = self.disposition.par_nom.get(nom) or self.disposition.champ(nom)
        return self.brut[c.debut - 1 : c.fin].decode("ascii", "backslashreplace").rstrip(" ")

    def entier(self, nom: str) -> int:
        """An amount or a counter. Raises ErreurEnregistrement when the field doesn't hold a number."""
        valeur = self.valeurs[self.disposition.champ(nom).nom]
        if isinstance(valeur, int):
            return valeur
        c = self.disposition.champ(nom)
        raise ErreurEnregistrement(
            rang=self.rang,
            type_=self.type,
            champ=nom,
            colonnes=c.colonnes,
            attendu="un nombre",
            constate=f"« {valeur} »",
            offset=self.offset,
        )

    def est_masque(self, nom: str) -> bool:
        """Whether a maskable field is filled with ``*``."""
        c = self.disposition.champ(nom)
        return c.masquable and self.brut[c.debut - 1 : c.fin] == MASQUE.encode() * c.longueur

    def avec(self, **valeurs: Valeur) -> Enregistrement:
        """The record with some fields rewritten, every other byte kept. Raises ErreurEnregistrement."""
        return Enregistrement(self.disposition, self.disposition.patch(self.brut, valeurs, rang=self.rang), self.rang)

    def _lenient(self, c: Champ) -> Valeur:
        texte = self.brut[c.debut - 1 : c.fin].decode("ascii", "backslashreplace")
        try:
            return c.read(texte)
        except ValueError:
            return texte.rstrip(" ")
