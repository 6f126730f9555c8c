"""Rejects, reports and payments: NOEMIE 580, 576 and 900, held against the invoices sent (cdc §3.3.2, §4.2.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from norms.codec import ErreurEnregistrement
from norms.contrat.base import TypeFacture
from norms.montants import format_euros
from norms.noemie import CodecNoemie, FactureReglee, FichierNoemie, Paiement, Ponctuelle, lire_factures, lire_paiements
from norms.paquet import NormPack
from reference.ecran import Ecran
from reference.facturation.documents import Documents
from reference.store import FactureConservee, Factures, Paiements, RetourConserve
from reference.store import factures as etats_facture
from reference.suivi.courrier import INCONNU, RSP, Courrier

#: Type of invoice in entity 102; empty in references 576 and 900, which settle FSE.
TYPES = {"F": TypeFacture.FSE, "B": TypeFacture.FSE, "D": TypeFacture.DRE, "": TypeFacture.FSE}
REFERENCES = frozenset({"580", "576", "900"})
DIFFERE = "D"
#: Paper forms, that no flow announced (cdc §4.2.2.2).
PAPIER = frozenset({"P", "C"})


def est_rejet(reglee: FactureReglee) -> bool:
    """Whether the insurer refuses to pay the invoice."""
    return reglee.rejetee


@dataclass
class TraitementRsp:
    """Takes payments and rejects into account, invoice by invoice."""

    factures: Factures
    paiements: Paiements
    documents: Documents
    ecran: Ecran
    pack: NormPack
    est_rejet: Callable[[FactureReglee], bool] = est_rejet
    references: frozenset[str] = REFERENCES
    lire_factures: Callable[[FichierNoemie], list[FactureReglee]] = lire_factures
    lire_paiements: Callable[[FichierNoemie], list[Paiement]] = lire_paiements
    trouver: Callable[[FactureReglee], FactureConservee | None] = field(init=False)

    def __post_init__(self) -> None:
        self.trouver = self._trouver

    def traiter(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """One return for each invoice or occasional operation of the file (SV-3.3.2-04, -05, -07)."""
        try:
            fichier = CodecNoemie(self.pack).lire(courrier.piece)
            connue = fichier.reference in self.references
            reglees = self.lire_factures(fichier) if connue else []  # some values are only judged when read
            paiements = self.lire_paiements(fichier) if connue else []
        except ErreurEnregistrement as exc:
            self.ecran.alerter(f"Fichier NOEMIE illisible, gardé sur le poste : {exc}")
            return (RetourConserve(INCONNU, f"RSP illisible : {exc}", rapproche=False),)
        if not connue:
            self.ecran.alerter(f"Référence NOEMIE {fichier.reference} inconnue, gardée sur le poste")
            return (RetourConserve(INCONNU, f"RSP de référence {fichier.reference}", rapproche=False),)
        retours = [self._facture(r) for r in reglees]
        retours += self._ponctuelles(p for paiement in paiements for p in paiement.ponctuelles)
        self._montrer_virements(courrier.uid, paiements)
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
            quoi = "feuille papier" if r.type_facture in PAPIER else "facture"
            resume = f"{quoi} {r.numero} payée {format_euros(r.paye)}{_restriction(r, motifs)}"
        else:
            resume = f"facture {r.numero} rejetée : {motifs}"
        if facture is None and r.type_facture in PAPIER:
            self.ecran.informer(f"RSP : {resume}")
        elif facture is None:
            self.ecran.alerter(f"RSP : {resume}, inconnue de ce poste")
        else:
            self._rapprocher(facture, r, motifs, positif=positif)
            (self.ecran.informer if positif and not _restriction(r, motifs) else self.ecran.alerter)(f"RSP : {resume}")
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
        """The invoice of that number and type, whoever answers (SV-3.3.2-07); a cancellation isn't settled."""
        type_ = TYPES.get(r.type_facture)
        return next((f for f in self.factures.par_numero(r.numero) if f.type == type_ and not f.annulation), None)

    def _rapprocher(self, facture: FactureConservee, r: FactureReglee, motifs: str, *, positif: bool | None) -> None:
        if positif is None:
            return
        if positif:
            reserve = _restriction(r, motifs).strip(" ,")
            self.factures.solder(facture.id, etats_facture.PAYEE, montant=r.paye, motif=reserve)
            return
        self.factures.solder(facture.id, etats_facture.REJETEE, montant=r.paye or None, motif=motifs)
        self.documents.duplicata(self.factures.par_ids([facture.id])[0])

    def _ponctuelles(self, operations: Iterable[Ponctuelle]) -> Iterable[RetourConserve]:
        for p in operations:
            libelle = f" {p.code} {p.libelle}".rstrip()
            resume = f"{p.genre}{libelle} de {format_euros(p.montant)}, sans facture"
            self.ecran.informer(f"RSP : {resume}")
            yield RetourConserve(RSP, resume, code=p.code, montant=p.effet)

    def _montrer_virements(self, uid: str, paiements: Iterable[Paiement]) -> None:
        """SV-3.3.2-08, SV-3.3.2-09: totals by transfer, to hold against the books and the bank statement."""
        for p in paiements:
            jour = f"{p.date_virement:%d/%m/%Y}" if p.date_virement else "date inconnue"
            self.ecran.informer(
                f"Virement du {jour}, organisme {p.organisme_payeur or 'inconnu'} : {format_euros(p.montant)}"
            )
            if p.date_virement is not None:
                numeros = [f.numero for f in p.factures]
                self.paiements.noter(uid, p.date_virement, p.organisme_payeur, p.montant, numeros)


def _restriction(r: FactureReglee, motifs: str) -> str:
    """What a payment says besides: a remark of the insurer, or less than what was asked."""
    demande = sum(p.demande for p in (r.amo, r.amc) if p)
    if motifs:
        return f", signalement : {motifs}"
    return f", demandé {format_euros(demande)}" if r.paye < demande else ""
