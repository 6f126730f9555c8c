"""Money: integer centimes, rounded half up, shown the French way."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

_SAISIE = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,2}))?\Z")


def round_centimes(montant: Decimal) -> int:
    """Rounds an amount in centimes to the nearest one, halves up (away from zero)."""
    return int(montant.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def part(base: int, taux: int | Decimal) -> int:
    """``taux`` per cent of ``base`` (centimes), rounded half up: 2500 at 70 gives 1750."""
    return round_centimes(Decimal(base) * Decimal(taux) / 100)


def multiplier(prix: int, coefficient: Decimal = Decimal(1), quantite: int = 1) -> int:
    """Price (centimes) × coefficient × quantity, rounded half up once."""
    return round_centimes(Decimal(prix) * coefficient * quantite)


def format_euros(centimes: int) -> str:
    """ "23,00 €", "-1 234,50 €": decimal comma, plain spaces."""
    entier, reste = divmod(abs(centimes), 100)
    signe = "-" if centimes < 0 else ""
    return f"{signe}{entier:,}".replace(",", " ") + f",{reste:02d} €"


def parse_euros(texte: str) -> int:
    """The centimes of "25", "25,5" or "25.50". Raises ValueError."""
    m = _SAISIE.match(texte.strip().removesuffix("€").replace(" ", "").replace("\u00a0", "").replace("\u202f", ""))
    if not m:
        raise ValueError(f"montant attendu sous la forme 25,00 ; constaté « {texte} »")
    return int(m[1]) * 100 + int((m[2] or "").ljust(2, "0"))
