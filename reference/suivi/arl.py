"""Logical acknowledgements: translated by the services, then held against the lots sent (cdc §3.3.1, §4.2.2.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from norms.contrat.base import TypeFacture
from norms.paquet import NormPack
from norms.ssv import Groupe
from norms.tables import Nomenclature
from reference.ecran import Ecran
from reference.erreurs import CodeRetour
from reference.facturation.documents import Documents
from reference.ports import Services
from reference.store import Factures, Fichiers, LotConserve, Lots, RetourConserve
from reference.store import factures as etats_facture
from reference.store import fichiers as etats_fichier
from reference.store import lots as etats_lot
from reference.suivi.courrier import ARL, INCONNU, Courrier

TYPES = {"F": TypeFacture.FSE, "D": TypeFacture.DRE}
POSITIF = "P"
PREVENIR = "prévenir l'organisme destinataire"
#: States of an invoice that an ARL may still change; a payment or a reject says more.
OUVERTES = frozenset({etats_facture.TRANSMISE, etats_facture.LOT_REJETE, etats_facture.ARCHIVEE})


def est_positif(groupe: Groupe) -> bool:
    """The kind of acknowledgement (SV-4.2.2.1-09)."""
    return groupe.valeur("sens") == POSITIF


@dataclass
class TraitementArl:
    """Takes acknowledgements into account, lot by lot."""

    services: Services
    lots: Lots
    factures: Factures
    fichiers: Fichiers
    documents: Documents
    ecran: Ecran
    pack: NormPack
    est_positif: Callable[[Groupe], bool] = est_positif
    prevenir: str = PREVENIR
    concernes: Callable[[Groupe], tuple[LotConserve, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.concernes = self._lot_acquitte

    def traiter(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """One return for each acknowledgement of the file (SV-4.2.2.1-01 to -04)."""
        try:
            groupes = self.services.traduire_arl(courrier.piece)
        except CodeRetour as exc:
            self.ecran.alerter(f"Fichier d'ARL illisible, gardé sur le poste : {exc.motif}")
            return (RetourConserve(INCONNU, f"ARL illisible : {exc.motif}", code=exc.code_retour, rapproche=False),)
        return tuple(retour for g in groupes for retour in self._traiter(g))

    def _traiter(self, g: Groupe) -> tuple[RetourConserve, ...]:
        lots = self.concernes(g)
        if not lots:
            reference = g.valeur("reference_lot")
            self.ecran.alerter(f"ARL reçu pour le lot {reference}, inconnu de ce poste")
            return (
                RetourConserve(
                    ARL,
                    f"ARL du lot {reference}, inconnu de ce poste",
                    lot=reference,
                    positif=self.est_positif(g),
                    code=g.valeur("code"),
                    rapproche=False,
                ),
            )
        return tuple(self._positif(lot) if self.est_positif(g) else self._negatif(lot, g) for lot in lots)

    def _lot_acquitte(self, g: Groupe) -> tuple[LotConserve, ...]:
        """SV-4.2.2.1-08: same reference, same type, same date; the last one that was sent."""
        type_ = TYPES.get(g.valeur("type_facture"))
        for lot in reversed(self.lots.tous()):
            if (
                lot.reference == g.valeur("reference_lot")
                and lot.type == type_
                and lot.date_lot.replace("-", "") == g.valeur("date_lot")
                and lot.statut != etats_lot.A_TRANSMETTRE
            ):
                return (lot,)
        return ()

    def _positif(self, lot: LotConserve) -> RetourConserve:
        """The PS has no duty left for this lot; its file may go (SV-4.2.1.16.2-11), the ARL is kept."""
        self.lots.changer_statut([lot.id], etats_lot.ACQUITTE)
        self._changer_factures(lot, etats_facture.ACQUITTEE)
        for fichier in self.fichiers.contenant(lot.id):
            self.fichiers.changer_statut(fichier.id, etats_fichier.ACQUITTE)
        self.ecran.informer(f"Lot {lot.reference} de {lot.type} acquitté")
        return RetourConserve(ARL, f"lot {lot.reference} acquitté", lot=lot.reference, positif=True)

    def _negatif(self, lot: LotConserve, g: Groupe) -> RetourConserve:
        """SV-3.3.1.2-09, SV-4.2.2.1-10: code, label and invoice at fault are kept and shown."""
        code, libelle, facture = g.valeur("code"), g.valeur("libelle"), g.valeur("numero_facture").strip("0")
        facture = facture and g.valeur("numero_facture")
        self.lots.rejeter(lot.id, code, libelle, facture)
        self._changer_factures(lot, etats_facture.LOT_REJETE)
        en_cause = f", facture en cause {facture}" if facture else ""
        self.ecran.refuser(f"Lot {lot.reference} de {lot.type} rejeté : {code} {libelle}{en_cause}")
        if code in Nomenclature(self.pack, "codes_arl"):
            self._remettre_duplicata(lot)
        else:
            suite = f" et {self.prevenir}" if self.prevenir else ""
            self.ecran.informer(f"Réémettre le lot {lot.reference} sous deux jours ouvrés{suite}")
        return RetourConserve(
            ARL,
            f"lot {lot.reference} rejeté : {code} {libelle}{en_cause}",
            lot=lot.reference,
            facture=facture,
            positif=False,
            code=code,
        )

    def _remettre_duplicata(self, lot: LotConserve) -> None:
        """SV-3.3.1.2-22, SV-3.3.1.2-23: too old or post-dated, sending again is useless; paper takes over."""
        self.ecran.alerter(f"Lot {lot.reference} : inutile de le réémettre, remettre les duplicata papier")
        for facture in self.factures.du_lot(lot.id):
            self.documents.duplicata(facture)

    def _changer_factures(self, lot: LotConserve, statut: str) -> None:
        self.factures.changer_statut((f.id for f in self.factures.du_lot(lot.id) if f.statut in OUVERTES), statut)
