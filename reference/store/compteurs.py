"""Counters and small settings that survive a restart."""

from __future__ import annotations

from reference.store.base import Base

FACTURE, LOT_FSE, LOT_DRE, FICHIER, MESSAGE, SESSION = "facture", "lot_fse", "lot_dre", "fichier", "message", "session"
DONNEES_PS = "donnees_ps"


class Compteurs:
    """Named values, text."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def lire(self, nom: str, defaut: str = "") -> str:
        """The value of a counter, or ``defaut`` when it was never written."""
        lignes = self._base.lire("SELECT valeur FROM compteurs WHERE nom = ?", nom)
        return str(lignes[0]["valeur"]) if lignes else defaut

    def ecrire(self, nom: str, valeur: str) -> None:
        """Keeps the value of a counter."""
        self._base.ecrire(
            "INSERT INTO compteurs VALUES (?, ?) ON CONFLICT (nom) DO UPDATE SET valeur = excluded.valeur", nom, valeur
        )

    def avancer(self, nom: str) -> int:
        """The next integer of a counter, from 1."""
        suivant = int(self.lire(nom, "0")) + 1
        self.ecrire(nom, str(suivant))
        return suivant
