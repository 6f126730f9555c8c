"""Claim reports made on the workstation and what became of them (cdc §2.2.4.3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from reference.store.base import Base

A_TRANSMETTRE, TRANSMIS, RECU, IRREGULIER = "a_transmettre", "transmis", "recu", "irregulier"


@dataclass(frozen=True, slots=True)
class RapportConserve:
    """A report of the store. ``facture``: identifier of the invoice; ``contenu``: its values, in order."""

    numero: str
    facture: int
    etat: str
    statut: str
    contenu: bytes
    sujet: str


class Rapports:
    """Repository of claim reports."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def enregistrer(self, numero: str, facture: int, etat: str, contenu: bytes) -> None:
        """Keeps a report that waits."""
        self._base.ecrire(
            "INSERT INTO rapports (numero, facture, etat, statut, contenu) VALUES (?,?,?,?,?)",
            numero,
            facture,
            etat,
            A_TRANSMETTRE,
            contenu,
        )

    def noter_envoi(self, numeros: Iterable[str], sujet: str, instant: str) -> None:
        """The message that carried these reports."""
        for numero in numeros:
            self._base.ecrire(
                "UPDATE rapports SET statut = ?, sujet = ?, instant = ? WHERE numero = ?",
                TRANSMIS,
                sujet,
                instant,
                numero,
            )

    def changer_statut(self, sujet: str, statut: str) -> None:
        """What came back about the message of that Subject."""
        self._base.ecrire("UPDATE rapports SET statut = ? WHERE sujet = ?", statut, sujet)

    def tous(self, statut: str | None = None) -> tuple[RapportConserve, ...]:
        """Reports in order of creation, all states or one."""
        lignes = self._base.lire("SELECT * FROM rapports WHERE ? IS NULL OR statut = ? ORDER BY rowid", statut, statut)
        return tuple(_report(e) for e in lignes)

    def du_message(self, sujet: str) -> tuple[RapportConserve, ...]:
        """The reports that the message of that Subject carried."""
        if not sujet:
            return ()
        return tuple(_report(e) for e in self._base.lire("SELECT * FROM rapports WHERE sujet = ?", sujet))


def _report(e: sqlite3.Row) -> RapportConserve:
    return RapportConserve(e["numero"], e["facture"], e["etat"], e["statut"], e["contenu"], e["sujet"])
