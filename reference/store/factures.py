"""Invoices: what was given to the services, what they gave back, what became of it (SV-3.2.7.3-01 to -06)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.erreurs import Refus
from reference.modele import Totaux
from reference.store.base import Base

ELABOREE, A_SIGNER, SECURISEE = "elaboree", "a_signer", "securisee"
EN_LOT, TRANSMISE, ACQUITTEE, LOT_REJETE = "en_lot", "transmise", "acquittee", "lot_rejete"
#: Data group of the AMO proof.
GROUPE_PIECE = 1420
PAYEE, REJETEE, ARCHIVEE, SUPPRIMEE = "payee", "rejetee", "archivee", "supprimee"


@dataclass(frozen=True, slots=True)
class FactureConservee:
    """An invoice of the store. ``lot``: reference of the last lot that holds it; amounts in centimes.

    ``annulation``: it cancels the complementary part that another invoice of the same number bears.
    """

    id: int
    type: TypeFacture
    numero: str
    mode: ModeSecurisation
    statut: str
    date_elaboration: str
    situation: str
    nom: str
    prenom: str
    totaux: Totaux
    contenu: bytes
    critere_lot: str
    lot: str
    motif_rejet: str
    montant_paye: int | None
    groupes: str = ""
    annulation: bool = False

    @property
    def support_droits(self) -> str:
        """The support of AMO rights the invoice was made with (SV-4.2.1.3.1-06): field 3 of group 1420."""
        donnees = json.loads(self.groupes) if self.groupes else []
        return next((str(g[3]) for g in donnees if g[0] == GROUPE_PIECE), "")


_VUE = """
SELECT f.*, coalesce((SELECT l.reference FROM lot_factures lf JOIN lots l ON l.id = lf.lot
                      WHERE lf.facture = f.id ORDER BY l.id DESC LIMIT 1), '') AS lot
FROM factures f
"""


class Factures:
    """Repository of invoices, FSE and DRE."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def enregistrer(
        self,
        *,
        type_: TypeFacture,
        numero: str,
        mode: ModeSecurisation,
        jour: str,
        situation: str,
        beneficiaire: tuple[str, str],
        totaux: Totaux,
        groupes: Iterable[Groupe],
        annulation: bool = False,
    ) -> int:
        """Keeps the data of an invoice before it is formatted (SV-4.2.1.1-24), with the beneficiary's name."""
        donnees = json.dumps([[g.id, *g.champs] for g in groupes], ensure_ascii=False)
        try:
            return self._base.ecrire(
                "INSERT INTO factures (type, numero, mode, statut, date_elaboration, situation, nom, prenom,"
                " total, amo, amc, assure, groupes, annulation, contenu, critere_lot)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,x'','')",
                type_,
                numero,
                mode,
                ELABOREE,
                jour,
                situation,
                *beneficiaire,
                totaux.total,
                totaux.amo,
                totaux.amc,
                totaux.assure,
                donnees,
                int(annulation),
            )
        except sqlite3.IntegrityError as exc:
            raise Refus(f"le numéro de facture {numero} est déjà attribué ; en donner un autre") from exc

    def securiser(self, id_: int, contenu: bytes, critere_lot: str, statut: str) -> None:
        """Keeps the invoice as the services gave it back, wholly secured or waiting for the PS's signature."""
        self._base.ecrire(
            "UPDATE factures SET contenu = ?, critere_lot = ?, statut = ? WHERE id = ?",
            contenu,
            critere_lot,
            statut,
            id_,
        )

    def abandonner(self, id_: int) -> None:
        """Forgets an invoice that could not be secured; it never left the screen."""
        self._base.ecrire("DELETE FROM factures WHERE id = ? AND statut = ?", id_, ELABOREE)

    def oublier_inachevees(self) -> None:
        """Forgets elaborations that a breakdown interrupted; nothing of them left the workstation."""
        self._base.ecrire("DELETE FROM factures WHERE statut = ?", ELABOREE)

    def changer_statut(self, ids: Iterable[int], statut: str) -> None:
        """Moves invoices to another state."""
        for id_ in ids:
            self._base.ecrire("UPDATE factures SET statut = ? WHERE id = ?", statut, id_)

    def solder(self, id_: int, statut: str, *, montant: int | None = None, motif: str = "") -> None:
        """Writes what the insurer answered: paid with its amount (centimes), or rejected with its reason."""
        self._base.ecrire(
            "UPDATE factures SET statut = ?, montant_paye = ?, motif_rejet = ? WHERE id = ?",
            statut,
            montant,
            motif,
            id_,
        )

    def numero_pris(self, numero: str) -> bool:
        """Whether an invoice, even deleted, already bears this number."""
        return bool(self._base.lire("SELECT 1 FROM factures WHERE numero = ? LIMIT 1", numero))

    def groupes(self, id_: int) -> tuple[Groupe, ...]:
        """The groups given to the services for this invoice."""
        (ligne,) = self._base.lire("SELECT groupes FROM factures WHERE id = ?", id_)
        return tuple(Groupe(int(g[0]), tuple(g[1:])) for g in json.loads(ligne["groupes"]))

    def toutes(self, statut: str | None = None) -> tuple[FactureConservee, ...]:
        """Invoices in order of elaboration, all states or one; unfinished elaborations aren't invoices."""
        lignes = self._base.lire(
            _VUE + "WHERE f.statut <> ? AND (? IS NULL OR f.statut = ?) ORDER BY f.id", ELABOREE, statut, statut
        )
        return tuple(_invoice(ligne) for ligne in lignes)

    def par_ids(self, ids: Iterable[int]) -> tuple[FactureConservee, ...]:
        """Those invoices, in that order."""
        return tuple(_invoice(self._base.lire(_VUE + "WHERE f.id = ?", id_)[0]) for id_ in ids)

    def par_numero(self, numero: str) -> tuple[FactureConservee, ...]:
        """The FSE and the DRE of that number, and what cancels them."""
        lignes = self._base.lire(_VUE + "WHERE f.numero = ? AND f.statut <> ? ORDER BY f.id", numero, ELABOREE)
        return tuple(_invoice(ligne) for ligne in lignes)

    def du_lot(self, lot: int) -> tuple[FactureConservee, ...]:
        """The invoices of a lot, in its order."""
        lignes = self._base.lire(_VUE + "JOIN lot_factures x ON x.facture = f.id WHERE x.lot = ? ORDER BY x.rang", lot)
        return tuple(_invoice(ligne) for ligne in lignes)


def _invoice(ligne: sqlite3.Row) -> FactureConservee:
    return FactureConservee(
        ligne["id"],
        TypeFacture(ligne["type"]),
        ligne["numero"],
        ModeSecurisation(ligne["mode"]),
        ligne["statut"],
        ligne["date_elaboration"],
        ligne["situation"],
        ligne["nom"],
        ligne["prenom"],
        Totaux(ligne["total"], ligne["amo"], ligne["amc"], ligne["assure"]),
        ligne["contenu"],
        ligne["critere_lot"],
        ligne["lot"],
        ligne["motif_rejet"],
        ligne["montant_paye"],
        ligne["groupes"],
        bool(ligne["annulation"]),
    )
