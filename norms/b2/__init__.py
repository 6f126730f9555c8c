"""B2 flows: records of 128 bytes, invoices, lots and files (public B2 norm, cdc §3.2.10)."""

from norms.b2.codec import CodecB2
from norms.b2.structure import (
    DebutFichier,
    DebutLot,
    Evenement,
    FactureB2,
    Fichier,
    FinFichier,
    FinLot,
    Lot,
    Prestation,
)

__all__ = [
    "CodecB2",
    "DebutFichier",
    "DebutLot",
    "Evenement",
    "FactureB2",
    "Fichier",
    "FinFichier",
    "FinLot",
    "Lot",
    "Prestation",
]
