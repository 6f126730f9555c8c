"""Messages received, kept as they came (positive ARL: SV-3.3.1.1-06), and what the workstation understood of them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from reference.store.base import Base


@dataclass(frozen=True, slots=True)
class RetourConserve:
    """One return as understood. ``nature``: ARL, RSP, SERVICE, ART, INCONNU; ``montant`` in centimes."""

    nature: str
    resume: str
    lot: str = ""
    facture: str = ""
    positif: bool | None = None
    code: str = ""
    montant: int | None = None
    message_origine: str = ""
    rapproche: bool = True


class Retours:
    """Repository of what was received."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def deja_recu(self, uid: str) -> bool:
        """Whether this message was kept already (the mailbox didn't take note of its deletion)."""
        return bool(self._base.lire("SELECT 1 FROM recus WHERE uid = ?", uid))

    def recevoir(self, uid: str, instant: str, contenu: bytes) -> None:
        """Keeps a message as it came."""
        self._base.ecrire("INSERT INTO recus VALUES (?, ?, ?)", uid, instant, contenu)

    def noter(self, uid: str, retour: RetourConserve) -> None:
        """Keeps what was understood of a message; a message may hold several returns."""
        self._base.ecrire(
            "INSERT INTO retours (uid, nature, resume, lot, facture, positif, code, montant, message_origine,"
            " rapproche) VALUES (?,?,?,?,?,?,?,?,?,?)",
            uid,
            retour.nature,
            retour.resume,
            retour.lot,
            retour.facture,
            None if retour.positif is None else int(retour.positif),
            retour.code,
            retour.montant,
            retour.message_origine,
            int(retour.rapproche),
        )

    def dernier_arl(self, lot: str) -> date | None:
        """The day on which the last ARL of this lot was received."""
        lignes = self._base.lire(
            "SELECT r.instant FROM retours t JOIN recus r ON r.uid = t.uid WHERE t.nature = 'ARL' AND t.lot = ?"
            " ORDER BY t.id DESC LIMIT 1",
            lot,
        )
        return datetime.fromisoformat(lignes[0]["instant"]).date() if lignes else None

    def a_presenter(self) -> tuple[RetourConserve, ...]:
        """Returns not shown to the PS yet, in order of arrival."""
        return tuple(_return(e) for e in self._base.lire("SELECT * FROM retours WHERE presente = 0 ORDER BY id"))

    def marquer_presentes(self) -> None:
        """The PS has seen them all."""
        self._base.ecrire("UPDATE retours SET presente = 1 WHERE presente = 0")


def _return(ligne: sqlite3.Row) -> RetourConserve:
    return RetourConserve(
        ligne["nature"],
        ligne["resume"],
        ligne["lot"],
        ligne["facture"],
        None if ligne["positif"] is None else bool(ligne["positif"]),
        ligne["code"],
        ligne["montant"],
        ligne["message_origine"],
        bool(ligne["rapproche"]),
    )
