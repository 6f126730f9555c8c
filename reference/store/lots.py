"""Lots: kept as secured, at least until their own positive ARL (SV-3.2.10.1.2-01, -02)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import CatalogueGroupes, Groupe
from reference.store.base import Base

A_TRANSMETTRE, TRANSMIS, ACQUITTE, REJETE, ARCHIVE, REMPLACE = (
    "a_transmettre",
    "transmis",
    "acquitte",
    "rejete",
    "archive",
    "remplace",
)
#: States in which nothing more is expected of a lot.
FINIS = (ACQUITTE, ARCHIVE, REMPLACE)
CONSERVATION = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class LotConserve:
    """A lot of the store. ``groupe``: its addressing group (13 or 93); ``remplace``: the lot it stands for."""

    id: int
    reference: str
    type: TypeFacture
    mode: ModeSecurisation
    statut: str
    date_lot: str
    contenu: bytes
    critere_fichier: str
    groupe: Groupe
    adresse: str
    numeros: tuple[str, ...]
    code_rejet: str
    libelle_rejet: str
    facture_en_cause: str
    remplace: str


_VUE = "SELECT l.*, r.reference AS remplace_reference FROM lots l LEFT JOIN lots r ON r.id = l.remplace "


class Lots:
    """Repository of lots."""

    def __init__(self, base: Base, catalogue: CatalogueGroupes) -> None:
        self._base, self._catalogue = base, catalogue

    def enregistrer(
        self,
        *,
        reference: str,
        type_: TypeFacture,
        mode: ModeSecurisation,
        jour: str,
        contenu: bytes,
        critere_fichier: str,
        groupe: Groupe,
        adresse: str,
        factures: Iterable[int],
        remplace: int | None = None,
    ) -> int:
        """Keeps a secured lot, its recipient's address (SV-4.2.1.16.1-08) and the invoices it holds, in order."""
        donnees = json.dumps([groupe.id, *groupe.champs], ensure_ascii=False)
        id_ = self._base.ecrire(
            "INSERT INTO lots (reference, type, mode, statut, date_lot, contenu, critere_fichier, groupe, adresse,"
            " remplace) VALUES (?,?,?,?,?,?,?,?,?,?)",
            reference,
            type_,
            mode,
            A_TRANSMETTRE,
            jour,
            contenu,
            critere_fichier,
            donnees,
            adresse,
            remplace,
        )
        for rang, facture in enumerate(factures, start=1):
            self._base.ecrire("INSERT INTO lot_factures VALUES (?, ?, ?)", id_, rang, facture)
        return id_

    def changer_statut(self, ids: Iterable[int], statut: str) -> None:
        """Moves lots to another state."""
        for id_ in ids:
            self._base.ecrire("UPDATE lots SET statut = ? WHERE id = ?", statut, id_)

    def rejeter(self, id_: int, code: str, libelle: str, facture: str) -> None:
        """Writes what a negative ARL says: code, label, first invoice at fault (SV-4.2.2.1-10, SV-3.3.1.2-09)."""
        self._base.ecrire(
            "UPDATE lots SET statut = ?, code_rejet = ?, libelle_rejet = ?, facture_en_cause = ? WHERE id = ?",
            REJETE,
            code,
            libelle,
            facture,
            id_,
        )

    def tous(self, statut: str | None = None) -> tuple[LotConserve, ...]:
        """Lots in order of creation, all states or one."""
        lignes = self._base.lire(_VUE + "WHERE ? IS NULL OR l.statut = ? ORDER BY l.id", statut, statut)
        return tuple(self._lot(ligne) for ligne in lignes)

    def par_ids(self, ids: Iterable[int]) -> tuple[LotConserve, ...]:
        """Those lots, in that order."""
        return tuple(self._lot(self._base.lire(_VUE + "WHERE l.id = ?", id_)[0]) for id_ in ids)

    def par_reference(self, reference: str) -> LotConserve | None:
        """The last lot that bears this reference."""
        lignes = self._base.lire(_VUE + "WHERE l.reference = ? ORDER BY l.id DESC LIMIT 1", reference)
        return self._lot(lignes[0]) if lignes else None

    def references_conservees(self, type_: TypeFacture, jour: date) -> frozenset[str]:
        """References that may not be given again: their lot is still awaited, or younger than 90 days."""
        limite = (jour - CONSERVATION).isoformat()
        lignes = self._base.lire("SELECT reference, statut, date_lot FROM lots WHERE type = ?", type_)
        return frozenset(e["reference"] for e in lignes if e["statut"] not in FINIS or e["date_lot"] > limite)

    def _lot(self, ligne: sqlite3.Row) -> LotConserve:
        id_groupe, *champs = json.loads(ligne["groupe"])
        numeros = self._base.lire(
            "SELECT f.numero FROM lot_factures x JOIN factures f ON f.id = x.facture WHERE x.lot = ? ORDER BY x.rang",
            ligne["id"],
        )
        return LotConserve(
            ligne["id"],
            ligne["reference"],
            TypeFacture(ligne["type"]),
            ModeSecurisation(ligne["mode"]),
            ligne["statut"],
            ligne["date_lot"],
            ligne["contenu"],
            ligne["critere_fichier"],
            self._catalogue.nommer(Groupe(id_groupe, tuple(champs))),
            ligne["adresse"],
            tuple(e["numero"] for e in numeros),
            ligne["code_rejet"],
            ligne["libelle_rejet"],
            ligne["facture_en_cause"],
            ligne["remplace_reference"] or "",
        )
