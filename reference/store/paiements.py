"""Transfers that returns announced: what the bank statement is held against (cdc §3.3.2)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reference.store.base import Base


@dataclass(frozen=True, slots=True)
class PaiementAnnonce:
    """A transfer announced; ``factures``: numbers of the invoices it pays; ``montant`` in centimes."""

    date: date
    organisme: str
    montant: int
    factures: tuple[str, ...]


class Paiements:
    """Repository of announced transfers."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def noter(self, uid: str, jour: date, organisme: str, montant: int, factures: Iterable[str]) -> None:
        """Keeps a transfer announced by the message ``uid``."""
        self._base.ecrire(
            "INSERT INTO paiements (uid, date, organisme, montant, factures) VALUES (?,?,?,?,?)",
            uid,
            jour.isoformat(),
            organisme,
            montant,
            json.dumps(list(factures)),
        )

    def tous(self) -> tuple[PaiementAnnonce, ...]:
        """Every transfer announced, in order of reception."""
        return tuple(
            PaiementAnnonce(
                date.fromisoformat(e["date"]), e["organisme"], e["montant"], tuple(json.loads(e["factures"]))
            )
            for e in self._base.lire("SELECT * FROM paiements ORDER BY id")
        )
