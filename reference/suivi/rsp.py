"""Rejects, reports and payments: NOEMIE 580, 576 and 900, held against the invoices sent (cdc §3.3.2, §4.2.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from norms.codec import Enregistrement, ErreurEnregistrement
from norms.contrat.base import TypeFacture
from norms.montants import format_euros
from norms.noemie import CodecNoemie, FactureReglee, FichierNoemie
from norms.noemie import lire_factures as lire_factures_noemie
from norms.paquet import NormPack
from reference.ecran import Ecran
from reference.facturation.documents import Documents
from reference.store import FactureConservee, Factures, RetourConserve
from reference.store import factures as etats_facture
from reference.suivi.courrier import INCONNU, RSP, Courrier

#: Type of invoice in entity 102; empty in references 576 and 900, which settle FSE.
TYPES = {"F": TypeFacture.FSE, "B": TypeFacture.FSE, "D": TypeFacture.DRE, "": TypeFacture.FSE}
REFERENCES = frozenset({"580", "576", "900"})
DIFFERE = "D"
#: Entities not tied to an invoice: deductions and lump sums (cdc §3.3.2).
PONCTUELLES = {"250": "retenue", "261": "forfait", "262": "forfait"}


def est_rejet(reglee: FactureReglee) -> bool:
    """Whether the insurer refuses to pay the invoice."""
    return reglee.rejetee


@dataclass
class TraitementRsp:
    """Takes payments and rejects into account, invoice by invoice."""

    factures: Factures
    documents: Documents
    ecran: Ecran
    pack: NormPack
    est_rejet: Callable[[FactureReglee], bool] = est_rejet
    trouver: Callable[[FactureReglee], FactureConservee | None] = field(init=False)

    def __post_init__(self) -> None:
        self.trouver = self._trouver

    def traiter(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """One return for each invoice or occasional operation of the file (SV-3.3.2-04, -05, -07)."""
        try:
            fichier = CodecNoemie(self.pack).lire(courrier.piece)
        except ErreurEnregistrement as exc:
            self.ecran.alerter(f"Fichier NOEMIE illisible, gardé sur le poste : {exc}")
            return (RetourConserve(INCONNU, f"RSP illisible : {exc}", rapproche=False),)
        if fichier.reference not in REFERENCES:
            self.ecran.alerter(f"Référence NOEMIE {fichier.reference} inconnue, gardée sur le poste")
        reglees = lire_factures_noemie(fichier)
        retours = [self._facture(r) for r in reglees]
        retours += self._ponctuelles(fichier)
        self._montrer_virements(reglees)
        return tuple(retours)

    def _facture(self, r: FactureReglee) -> RetourConserve:
        facture = self.trouver(r)
        differee = any(p.etat == DIFFERE for p in (r.amo, r.amc) if p)
        motifs = " ; ".join(f"{x.code} {x.libelle}" for x in r.rejets)
        code = r.rejets[0].code if r.rejets else ""
        positif = None if differee else not self.est_rejet(r)
        if differee:
            resume = f"facture {r.numero} : règlement différé"
        elif positif:
            resume = f"facture {r.numero} payée {format_euros(r.paye)}"
        else:
            resume = f"facture {r.numero} rejetée : {motifs}"
        if facture is None:
            self.ecran.alerter(f"RSP : {resume}, inconnue de ce poste")
        else:
            self._rapprocher(facture, r, motifs, positif=positif)
            (self.ecran.informer if positif else self.ecran.alerter)(f"RSP : {resume}")
        return RetourConserve(
            RSP,
            resume,
            lot=r.numero_lot,
            facture=r.numero,
            positif=positif,
            code=code,
            montant=r.paye,
            rapproche=facture is not None,
        )

    def _trouver(self, r: FactureReglee) -> FactureConservee | None:
        """The invoice of that number and type, whoever answers (SV-3.3.2-07)."""
        type_ = TYPES.get(r.type_facture)
        return next((f for f in self.factures.par_numero(r.numero) if f.type == type_), None)

    def _rapprocher(self, facture: FactureConservee, r: FactureReglee, motifs: str, *, positif: bool | None) -> None:
        if positif is None:
            return
        if positif:
            self.factures.solder(facture.id, etats_facture.PAYEE, montant=r.paye)
            return
        self.factures.solder(facture.id, etats_facture.REJETEE, montant=r.paye or None, motif=motifs)
        self.documents.duplicata(self.factures.par_ids([facture.id])[0])

    def _ponctuelles(self, fichier: FichierNoemie) -> Iterable[RetourConserve]:
        for e in fichier:
            if e.type in PONCTUELLES:
                montant = _signed(e)
                resume = f"{PONCTUELLES[e.type]} de {format_euros(montant)}, sans facture"
                self.ecran.informer(f"RSP : {resume}")
                yield RetourConserve(RSP, resume, montant=montant)

    def _montrer_virements(self, reglees: Iterable[FactureReglee]) -> None:
        """SV-3.3.2-08, SV-3.3.2-09: totals by transfer, to hold against the books and the bank statement."""
        totaux: dict[tuple[str, str], int] = {}
        for r in reglees:
            jour = f"{r.date_virement:%d/%m/%Y}" if r.date_virement else "date inconnue"
            totaux[jour, r.organisme_payeur] = totaux.get((jour, r.organisme_payeur), 0) + r.paye
        for (jour, organisme), total in totaux.items():
            self.ecran.informer(f"Virement du {jour}, organisme {organisme or 'inconnu'} : {format_euros(total)}")


def _signed(e: Enregistrement) -> int:
    negatif = "signe" in e.disposition.par_nom and e.texte("signe") == "N"
    return -e.entier("montant") if negatif else e.entier("montant")
