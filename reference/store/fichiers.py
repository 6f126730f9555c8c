"""Files waiting or sent, and the messages that carried them (SV-3.2.10.2-18, SV-4.2.1.16.2-11)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from reference.store.base import Base

A_TRANSMETTRE, TRANSMIS, REFUSE, ACQUITTE = "a_transmettre", "transmis", "refuse", "acquitte"


@dataclass(frozen=True, slots=True)
class FichierConserve:
    """A file of the store; ``lots``: identifiers of its lots, in its order; ``type``: FSE or DRE."""

    id: int
    numero: str
    type: str
    statut: str
    adresse: str
    numero_emetteur: str
    version: str
    nb_factures: int
    contenu: bytes
    lots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MessageEmis:
    """A message as sent; its Subject finds it again (annexe5 §7.1.1, note 2)."""

    sujet: str
    destinataire: str
    instant: str
    fichier: str


class Fichiers:
    """Repository of files and of the messages sent."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def enregistrer(
        self,
        *,
        numero: str,
        type_: str,
        adresse: str,
        numero_emetteur: str,
        version: str,
        nb_factures: int,
        contenu: bytes,
        lots: Iterable[int],
    ) -> int:
        """Keeps a file ready to be sent."""
        id_ = self._base.ecrire(
            "INSERT INTO fichiers (numero, type, statut, adresse, numero_emetteur, version, nb_factures, contenu)"
            " VALUES (?,?,?,?,?,?,?,?)",
            numero,
            type_,
            A_TRANSMETTRE,
            adresse,
            numero_emetteur,
            version,
            nb_factures,
            contenu,
        )
        for rang, lot in enumerate(lots, start=1):
            self._base.ecrire("INSERT INTO fichier_lots VALUES (?, ?, ?)", id_, rang, lot)
        return id_

    def changer_statut(self, id_: int, statut: str) -> None:
        """Moves a file to another state."""
        self._base.ecrire("UPDATE fichiers SET statut = ? WHERE id = ?", statut, id_)

    def tous(self, statut: str | None = None) -> tuple[FichierConserve, ...]:
        """Files in order of creation, all states or one."""
        lignes = self._base.lire("SELECT * FROM fichiers WHERE ? IS NULL OR statut = ? ORDER BY id", statut, statut)
        return tuple(self._file(ligne) for ligne in lignes)

    def par_ids(self, ids: Iterable[int]) -> tuple[FichierConserve, ...]:
        """Those files, in that order."""
        return tuple(self._file(self._base.lire("SELECT * FROM fichiers WHERE id = ?", id_)[0]) for id_ in ids)

    def contenant(self, lot: int) -> tuple[FichierConserve, ...]:
        """The files that hold this lot."""
        lignes = self._base.lire(
            "SELECT f.* FROM fichiers f JOIN fichier_lots x ON x.fichier = f.id WHERE x.lot = ? ORDER BY f.id", lot
        )
        return tuple(self._file(ligne) for ligne in lignes)

    def lots_en_fichier(self) -> frozenset[int]:
        """Lots already in a file that waits."""
        lignes = self._base.lire(
            "SELECT x.lot FROM fichier_lots x JOIN fichiers f ON f.id = x.fichier WHERE f.statut = ?", A_TRANSMETTRE
        )
        return frozenset(ligne["lot"] for ligne in lignes)

    # --- messages -----------------------------------------------------------------------------------------
    def noter_message(
        self, fichier: int, *, sujet: str, destinataire: str, instant: str, statut: str, detail: str
    ) -> None:
        """Keeps the Subject of a message and what became of the sending."""
        self._base.ecrire(
            "INSERT INTO messages (fichier, sujet, destinataire, instant, statut, detail) VALUES (?,?,?,?,?,?)",
            fichier,
            sujet,
            destinataire,
            instant,
            statut,
            detail,
        )

    def message(self, sujet: str) -> MessageEmis | None:
        """The message sent with that Subject."""
        lignes = self._base.lire(
            "SELECT m.*, f.numero FROM messages m JOIN fichiers f ON f.id = m.fichier WHERE m.sujet = ?"
            " ORDER BY m.id DESC",
            sujet,
        )
        if not lignes:
            return None
        ligne = lignes[0]
        return MessageEmis(ligne["sujet"], ligne["destinataire"], ligne["instant"], ligne["numero"])

    def messages_du_fichier(self, fichier: int) -> tuple[MessageEmis, ...]:
        """The messages that carried this file, the first one first."""
        lignes = self._base.lire(
            "SELECT m.*, f.numero FROM messages m JOIN fichiers f ON f.id = m.fichier WHERE f.id = ? ORDER BY m.id",
            fichier,
        )
        return tuple(MessageEmis(e["sujet"], e["destinataire"], e["instant"], e["numero"]) for e in lignes)

    def sujets(self) -> tuple[str, ...]:
        """All Subjects sent, the last first."""
        return tuple(ligne["sujet"] for ligne in self._base.lire("SELECT sujet FROM messages ORDER BY id DESC"))

    def _file(self, ligne: sqlite3.Row) -> FichierConserve:
        lots = self._base.lire("SELECT lot FROM fichier_lots WHERE fichier = ? ORDER BY rang", ligne["id"])
        return FichierConserve(
            ligne["id"],
            ligne["numero"],
            ligne["type"],
            ligne["statut"],
            ligne["adresse"],
            ligne["numero_emetteur"],
            ligne["version"],
            ligne["nb_factures"],
            ligne["contenu"],
            tuple(e["lot"] for e in lots),
        )
