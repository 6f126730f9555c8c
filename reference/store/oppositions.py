"""The opposition list of the workstation: cards of the list in force, increments that wait for an earlier one."""

from __future__ import annotations

from collections.abc import Iterable

from reference.store.base import Base
from reference.store.compteurs import Compteurs

ACTIVE, NUMERO, JOUR, RECUE = "loi_active", "loi_numero", "loi_date", "loi_recue"


class Oppositions:
    """Repository of the list. Its tables come with the first workstation that needs them."""

    def __init__(self, base: Base, compteurs: Compteurs) -> None:
        self._base, self._compteurs = base, compteurs
        base.ecrire("CREATE TABLE IF NOT EXISTS loi (serie TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")
        base.ecrire("CREATE TABLE IF NOT EXISTS loi_attente (numero INTEGER PRIMARY KEY, contenu BLOB NOT NULL) STRICT")

    @property
    def active(self) -> bool:
        """Whether the PS turned the service on."""
        return self._compteurs.lire(ACTIVE) == "1"

    @active.setter
    def active(self, oui: bool) -> None:
        self._compteurs.ecrire(ACTIVE, "1" if oui else "0")

    @property
    def numero(self) -> int:
        """Number of the list in force, 0 when none ever came."""
        return int(self._compteurs.lire(NUMERO, "0"))

    @property
    def jour(self) -> str:
        """Date of its last increment, ISO; empty without a list."""
        return self._compteurs.lire(JOUR)

    @property
    def recue(self) -> str:
        """Day on which its last increment was applied, ISO; empty without a list."""
        return self._compteurs.lire(RECUE)

    def contient(self, serie: str) -> bool:
        """Whether a card is in the list in force."""
        return bool(self._base.lire("SELECT 1 FROM loi WHERE serie = ?", serie))

    def compter(self) -> int:
        """How many cards the list in force holds."""
        return int(self._base.lire("SELECT count(*) AS n FROM loi")[0]["n"])

    def changer(self, numero: int, jour: str, recue: str, ajouts: Iterable[str], retraits: Iterable[str]) -> None:
        """Moves to the list of that number."""
        with self._base.transaction():
            for serie in ajouts:
                self._base.ecrire("INSERT OR IGNORE INTO loi VALUES (?)", serie)
            for serie in retraits:
                self._base.ecrire("DELETE FROM loi WHERE serie = ?", serie)
            for nom, valeur in ((NUMERO, str(numero)), (JOUR, jour), (RECUE, recue)):
                self._compteurs.ecrire(nom, valeur)
            self._base.ecrire("DELETE FROM loi_attente WHERE numero <= ?", numero)

    def garder(self, numero: int, contenu: bytes) -> None:
        """Keeps an increment that came before its time."""
        self._base.ecrire("INSERT OR REPLACE INTO loi_attente VALUES (?, ?)", numero, contenu)

    def en_attente(self) -> dict[int, bytes]:
        """The increments kept, by number, in order."""
        lignes = self._base.lire("SELECT numero, contenu FROM loi_attente ORDER BY numero")
        return {int(e["numero"]): bytes(e["contenu"]) for e in lignes}
