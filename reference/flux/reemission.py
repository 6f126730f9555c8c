"""After a negative ARL, or none: the lot again as it was, or built again without some invoices (cdc §3.3.1.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from norms.systeme import tell_system_error
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.flux.lots import ConstitutionLots, LotAFormer
from reference.store import Base, FactureConservee, Factures, LotConserve, Lots
from reference.store import factures as etats_facture
from reference.store import lots as etats_lot

REEMISSIBLES = (etats_lot.REJETE, etats_lot.TRANSMIS)


def sans(factures: Iterable[FactureConservee], numeros: Sequence[str]) -> tuple[FactureConservee, ...]:
    """The invoices whose number isn't listed (SV-3.3.1.2-11)."""
    return tuple(f for f in factures if f.numero not in numeros)


@dataclass
class Reemission:
    """Prepares rejected lots for a new sending, and saves them for analysis."""

    base: Base
    lots: Lots
    factures: Factures
    constitution: ConstitutionLots
    ecran: Ecran
    dossier_exports: Path
    reemissibles: tuple[str, ...] = REEMISSIBLES
    retirer: Callable[[Iterable[FactureConservee], Sequence[str]], tuple[FactureConservee, ...]] = sans
    lire_contenu: Callable[[LotConserve], bytes] = field(default=lambda lot: lot.contenu)

    def reemettre(
        self, reference: str, sans_factures: Sequence[str], code_porteur: str | None
    ) -> tuple[LotConserve, ...]:
        """Sends again as it was (SV-3.3.1.2-10), or without the invoices given. Raises Refus."""
        lot = self.trouver(reference)
        if lot.statut not in self.reemissibles:
            raise Refus(f"le lot {reference} est « {lot.statut} » ; seul un lot rejeté ou sans ARL se réémet")
        if sans_factures:
            return self._refaire(lot, sans_factures, code_porteur)
        with self.base.transaction():
            self.lots.changer_statut([lot.id], etats_lot.A_TRANSMETTRE)
            self.factures.changer_statut((f.id for f in self.factures.du_lot(lot.id)), etats_facture.EN_LOT)
        self.ecran.informer(f"Lot {reference} à transmettre de nouveau, tel qu'il était ; constituer le fichier")
        return self.lots.par_ids([lot.id])

    def _refaire(
        self, lot: LotConserve, sans_factures: Sequence[str], code_porteur: str | None
    ) -> tuple[LotConserve, ...]:
        """SV-3.3.1.2-12, SV-3.3.1.2-13: another reference, secured again."""
        inconnues = [n for n in sans_factures if n not in lot.numeros]
        if inconnues:
            raise Refus(f"facture {inconnues[0][:20]} absente du lot {lot.reference}")
        du_lot = self.factures.du_lot(lot.id)
        gardees = self.retirer(du_lot, sans_factures)
        if not gardees:
            raise Refus(f"il ne resterait aucune facture du lot {lot.reference} ; refaire les factures une à une")
        faits = self.constitution.former_serie([LotAFormer(gardees, remplace=lot.id)], code_porteur)
        ids = {f.id for f in gardees}
        with self.base.transaction():
            self.lots.changer_statut([lot.id], etats_lot.REMPLACE)
            for f in du_lot:
                if f.id not in ids:
                    self.factures.solder(f.id, etats_facture.REJETEE, motif=_reason(lot))
        self.ecran.informer(
            f"Lot {lot.reference} refait sous la référence {faits[0].reference}, sans {', '.join(sans_factures)}"
        )
        return faits

    def exporter(self, reference: str) -> tuple[str, bytes]:
        """Saves a lot in a file of the operating system (SV-3.3.1.2-14); gives its name and bytes. Raises Refus."""
        lot = self.trouver(reference)
        contenu = self.lire_contenu(lot)
        nom = f"lot-{lot.reference}-{lot.date_lot}.b2"
        try:
            self.dossier_exports.mkdir(parents=True, exist_ok=True)
            (self.dossier_exports / nom).write_bytes(contenu)
        except OSError as exc:
            raison = tell_system_error(exc)
            raise Refus(f"lot {reference} : écriture impossible dans {self.dossier_exports.name} ({raison})") from exc
        self.ecran.informer(f"Lot {reference} enregistré dans {self.dossier_exports.name}/{nom}")
        return nom, contenu

    def trouver(self, reference: str) -> LotConserve:
        """The last lot of that reference. Raises Refus."""
        lot = self.lots.par_reference(reference)
        if lot is None:
            raise Refus(f"aucun lot de référence « {reference[:10]} » sur ce poste")
        return lot


def _reason(lot: LotConserve) -> str:
    return f"écartée du lot {lot.reference} : {lot.code_rejet} {lot.libelle_rejet}".rstrip(" :")
