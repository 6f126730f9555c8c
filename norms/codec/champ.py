"""One field of a fixed-width record: columns, format, and the conversion both ways.

Formats (the ``format:`` key of a layout):

========== ================================================ ==========================
format     bytes                                            value
========== ================================================ ==========================
A          printable ASCII, left-aligned, space-filled      str without trailing spaces
N          digits, right-aligned, zero-filled, or blank     str with its zeros, or ""
Z          like N with letters allowed (identifiers)        str with its zeros, or ""
entier     digits                                           int
montant    digits                                           int, centimes
decimal    digits with ``decimales`` implied decimals       Decimal
date       AAMMJJ; zeros or blank when absent               datetime.date or None
constante  exactly ``valeur``                               str
blanc      spaces                                           not exposed
reserve    any printable ASCII                              str without trailing spaces
========== ================================================ ==========================

A maskable field may also be wholly filled with ``*``: its value is then that text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

MASQUE = "*"
Valeur = str | int | Decimal | date | None

_IMPRIMABLE = re.compile(r"[ -~]*\Z")
_ALPHANUM = re.compile(r"[0-9A-Z]*\Z")


class Format(StrEnum):
    """How the bytes of a field are written."""

    A = "A"
    N = "N"
    Z = "Z"
    ENTIER = "entier"
    MONTANT = "montant"
    DECIMAL = "decimal"
    DATE = "date"
    CONSTANTE = "constante"
    BLANC = "blanc"
    RESERVE = "reserve"


ENTIERS = frozenset({Format.ENTIER, Format.MONTANT})
NUMERIQUES = frozenset({Format.N, Format.ENTIER, Format.MONTANT, Format.DECIMAL, Format.DATE})


class RefusValeur(ValueError):
    """A value that a field cannot hold: what was expected, what was given."""

    def __init__(self, attendu: str, constate: str) -> None:
        self.attendu, self.constate = attendu, constate
        super().__init__(f"attendu {attendu} ; constaté {constate}")


#: A day that exists, AAMMJJ: months of 31 and 30 days, February, its 29th in years divisible by 4 (1972 to 2068).
_JOUR = (
    "[0-9]{2}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)"
    "|02(?:0[1-9]|1[0-9]|2[0-8]))|(?:[02468][048]|[13579][26])0229"
)


@dataclass(frozen=True, slots=True)
class Champ:
    """A field: 1-based inclusive columns, format, wording and source of the fact."""

    nom: str
    debut: int
    fin: int
    format: Format
    libelle: str = ""
    source: str = ""
    valeur: str = ""
    decimales: int = 0
    valeurs: tuple[str, ...] = ()
    masquable: bool = False
    #: First two-digit year read as 19xx: 70 reads 00-69 as 2000-2069 and 70-99 as 1970-1999.
    pivot: int = 70

    @property
    def longueur(self) -> int:
        return self.fin - self.debut + 1

    @property
    def colonnes(self) -> tuple[int, int]:
        return (self.debut, self.fin)

    @property
    def expose(self) -> bool:
        """Whether the field appears among the decoded values."""
        return self.format is not Format.BLANC

    @property
    def hypothese(self) -> bool:
        return self.source.startswith("hypothese")

    def at(self, debut: int, nom: str) -> Champ:
        """The same field elsewhere, for repetitions."""
        return replace(self, nom=nom, debut=debut, fin=debut + self.longueur - 1)

    @property
    def attendu(self) -> str:
        """What the columns must hold, for error messages."""
        n = self.longueur
        s = "s" if n > 1 else ""
        textes = {
            Format.A: f"{n} caractère{s} ASCII imprimable{s}",
            Format.RESERVE: f"{n} caractère{s} ASCII imprimable{s}",
            Format.N: f"{n} chiffre{s} (ou blanc si absent)",
            Format.Z: f"{n} chiffre{s} ou majuscule{s} (ou blanc si absent)",
            Format.ENTIER: f"{n} chiffre{s}",
            Format.MONTANT: f"{n} chiffre{s} (montant en centimes)",
            Format.DECIMAL: f"{n} chiffre{s} dont {self.decimales} décimales",
            Format.DATE: "une date AAMMJJ qui existe (ou zéros si absente)",
            Format.CONSTANTE: f"« {self.valeur} »",
            Format.BLANC: f"{n} espace{s}",
        }
        if self.valeurs:
            return "l'une des valeurs " + ", ".join(f"« {v} »" for v in self.valeurs)
        return textes[self.format]

    def motif(self) -> str:
        """Regular expression (ASCII) of what the columns may hold."""
        n = self.longueur
        chiffres = f"[0-9]{{{n}}}"
        blancs = f" {{{n}}}"
        motifs = {
            Format.A: f"[ -~]{{{n}}}",
            Format.RESERVE: f"[ -~]{{{n}}}",
            Format.N: f"(?:{chiffres}|{blancs})",
            Format.Z: f"(?:[0-9A-Z]{{{n}}}|{blancs})",
            Format.ENTIER: chiffres,
            Format.MONTANT: chiffres,
            Format.DECIMAL: chiffres,
            Format.DATE: f"(?:{_JOUR}|0{{6}}| {{6}})",
            Format.CONSTANTE: re.escape(self.valeur.ljust(n)),
            Format.BLANC: blancs,
        }
        motif = motifs[self.format]
        if self.valeurs:
            motif = "(?:" + "|".join(re.escape(v.ljust(n)) for v in self.valeurs) + ")"
        return f"(?:{motif}|\\*{{{n}}})" if self.masquable else motif

    # --- bytes -> value ---------------------------------------------------------------------------------
    def read(self, texte: str) -> Valeur:
        """Converts the text of the columns. Raises RefusValeur on an impossible date or number."""
        if self.masquable and texte == MASQUE * self.longueur:
            return texte
        if self.format in {Format.A, Format.RESERVE}:
            return texte.rstrip(" ")
        if self.format in {Format.N, Format.Z}:
            return "" if texte.isspace() else texte
        return self._read_typed(texte)

    def _read_typed(self, texte: str) -> Valeur:
        if self.format in ENTIERS:
            return int(texte)
        if self.format is Format.DECIMAL:
            return Decimal(int(texte)).scaleb(-self.decimales)
        if self.format is Format.DATE:
            return self._read_date(texte)
        return texte

    def _read_date(self, texte: str) -> date | None:
        if texte.isspace() or texte == "000000":
            return None
        an = int(texte[0:2])
        siecle = 1900 if an >= self.pivot else 2000
        try:
            return date(siecle + an, int(texte[2:4]), int(texte[4:6]))
        except ValueError as exc:
            raise RefusValeur("une date AAMMJJ qui existe (ou zéros si absente)", f"« {texte} »") from exc

    # --- value -> bytes ---------------------------------------------------------------------------------
    def default(self) -> str:
        """The text of the columns when no value is given."""
        n = self.longueur
        if self.format is Format.CONSTANTE or (self.valeur and self.format is not Format.BLANC):
            return self._fill(self.valeur)
        return "0" * n if self.format in NUMERIQUES or self.format is Format.Z else " " * n

    def _fill(self, texte: str) -> str:
        if self.format in NUMERIQUES or self.format is Format.Z:
            return texte.rjust(self.longueur, "0") if texte else " " * self.longueur
        return texte.ljust(self.longueur)

    def write(self, valeur: Valeur) -> str:
        """Gives the text of the columns for a value. Raises RefusValeur when the value doesn't fit."""
        texte = self._as_text(valeur)
        if len(texte) > self.longueur:
            raise RefusValeur(f"{self.longueur} caractères au plus", f"« {texte} » ({len(texte)} caractères)")
        if self.valeurs and texte.rstrip(" ") not in self.valeurs and not (self.masquable and texte.strip("*") == ""):
            raise RefusValeur(self.attendu, f"« {texte} »")
        return self._fill(texte)

    def _as_text(self, valeur: Valeur) -> str:
        if self.masquable and valeur == MASQUE * self.longueur:
            return str(valeur)
        if self.format is Format.DATE:
            return self._date_text(valeur)
        if self.format in ENTIERS:
            if isinstance(valeur, bool) or not isinstance(valeur, int) or valeur < 0:
                raise RefusValeur("un entier positif ou nul", repr(valeur))
            return str(valeur)
        if self.format is Format.DECIMAL:
            return self._decimal_text(valeur)
        if isinstance(valeur, int) and not isinstance(valeur, bool) and valeur >= 0 and self.format is Format.N:
            return str(valeur)
        if not isinstance(valeur, str):
            raise RefusValeur("un texte", repr(valeur))
        return self._checked_text(valeur)

    def _checked_text(self, valeur: str) -> str:
        if not _IMPRIMABLE.match(valeur):
            raise RefusValeur("des caractères ASCII imprimables, sans accent", f"« {valeur} »")
        if self.format is Format.N and valeur and not (valeur.isascii() and valeur.isdigit()):
            raise RefusValeur("des chiffres", f"« {valeur} »")
        if self.format is Format.Z and not _ALPHANUM.match(valeur):
            raise RefusValeur("des chiffres ou des majuscules", f"« {valeur} »")
        if self.format is Format.CONSTANTE and valeur != self.valeur:
            raise RefusValeur(self.attendu, f"« {valeur} »")
        if self.format is Format.BLANC and valeur.strip(" "):
            raise RefusValeur(self.attendu, f"« {valeur} »")
        return valeur

    def _date_text(self, valeur: Valeur) -> str:
        if valeur is None:
            return "0" * self.longueur
        if not isinstance(valeur, date):
            raise RefusValeur("une date", repr(valeur))
        texte = valeur.strftime("%y%m%d")
        if self._read_date(texte) != valeur:
            premiere = 1900 + self.pivot
            raise RefusValeur(f"une date de {premiere} à {premiere + 99}", valeur.isoformat())
        return texte

    def _decimal_text(self, valeur: Valeur) -> str:
        try:
            nombre = Decimal(valeur) if isinstance(valeur, str | int | Decimal) else None
        except InvalidOperation:
            nombre = None
        if nombre is None or isinstance(valeur, bool) or not nombre.is_finite() or nombre < 0:
            raise RefusValeur("un nombre décimal positif ou nul", repr(valeur))
        entier = nombre.scaleb(self.decimales)
        if entier != entier.to_integral_value():
            raise RefusValeur(f"{self.decimales} décimales au plus", str(nombre))
        return str(int(entier))
