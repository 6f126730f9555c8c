"""The repository of health professionals of the workstation: who they are, of which version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple

from norms.referentiel import Prescripteur
from reference.store.base import Base
from reference.store.compteurs import Compteurs

VERSION = "referentiel_ps"


class ReferentielPs:
    """Repository of prescribers."""

    def __init__(self, base: Base, compteurs: Compteurs) -> None:
        self._base, self._compteurs = base, compteurs
        base.ecrire(
            "CREATE TABLE IF NOT EXISTS prescripteurs (rpps TEXT PRIMARY KEY, numero TEXT NOT NULL,"
            " specialite TEXT NOT NULL, nom TEXT NOT NULL, prenom TEXT NOT NULL) STRICT"
        )

    @property
    def version(self) -> str:
        """Version in use, AAAAMMJJ; empty before the first one."""
        return self._compteurs.lire(VERSION)

    def remplacer(self, version: str, prescripteurs: Iterable[Prescripteur]) -> int:
        """Puts a whole version in the place of the one before; gives how many professionals it holds."""
        with self._base.transaction():
            self._base.ecrire("DELETE FROM prescripteurs")
            combien = 0
            for p in prescripteurs:
                self._base.ecrire("INSERT OR REPLACE INTO prescripteurs VALUES (?,?,?,?,?)", *astuple(p))
                combien += 1
            self._compteurs.ecrire(VERSION, version)
        return combien

    def chercher(self, rpps: str) -> Prescripteur | None:
        """The professional of that RPPS."""
        lignes = self._base.lire("SELECT * FROM prescripteurs WHERE rpps = ?", rpps)
        return Prescripteur(**dict(lignes[0])) if lignes else None
