"""From what the workstation keeps to what the adapter answers."""

from __future__ import annotations

from collections.abc import Iterable

from norms.contrat.adaptateur import (
    BeneficiaireLu,
    Echeance,
    FactureReclamable,
    FactureRendue,
    FichierRendu,
    LotRendu,
    Montants,
    RapportReclamation,
    Reclamations,
    RetourTraite,
    SituationLue,
    VirementRapproche,
)
from reference.modele import Beneficiaire, SituationFacturation
from reference.store import FactureConservee, Factures, FichierConserve, LotConserve, Rapports, RetourConserve
from reference.suivi.banque import VirementTraite
from reference.suivi.echeances import EcheanceCalculee
from reference.suivi.reclamations import Candidate


def situation(s: SituationFacturation) -> SituationLue:
    """A billing situation."""
    return SituationLue(
        numero=s.numero,
        numero_facturation=s.numero_facturation + s.cle_facturation,
        specialite=s.specialite,
        conventionnel=s.code_conventionnel,
        zone_tarifaire=s.zone_tarifaire,
        raison_sociale=s.raison_sociale,
    )


def beneficiaire(b: Beneficiaire) -> BeneficiaireLu:
    """A beneficiary as on the card."""
    return BeneficiaireLu(nom=b.nom, prenom=b.prenom, naissance=b.naissance, rang=b.rang, qualite=b.qualite, nir=b.nir)


def facture(f: FactureConservee) -> FactureRendue:
    """An invoice and its state."""
    return FactureRendue(
        type=f.type,
        numero=f.numero,
        mode=f.mode,
        statut=f.statut,
        montants=Montants(total=f.totaux.total, amo=f.totaux.amo, amc=f.totaux.amc, assure=f.totaux.assure),
        lot=f.lot,
        motif_rejet=f.motif_rejet,
        montant_paye=f.montant_paye,
        support_droits=f.support_droits,
        annulation=f.annulation,
    )


def lot(le_lot: LotConserve) -> LotRendu:
    """A lot and its state."""
    return LotRendu(
        reference=le_lot.reference,
        type=le_lot.type,
        mode=le_lot.mode,
        statut=le_lot.statut,
        factures=le_lot.numeros,
        destinataire=le_lot.adresse,
        code_rejet=le_lot.code_rejet,
        facture_en_cause=le_lot.facture_en_cause,
        remplace=le_lot.remplace,
    )


def fichier(f: FichierConserve, references: tuple[str, ...]) -> FichierRendu:
    """A file and the references of its lots."""
    return FichierRendu.model_validate(
        {"numero": f.numero, "type": f.type, "destinataire": f.adresse, "lots": references, "statut": f.statut}
    )


def retour(r: RetourConserve) -> RetourTraite:
    """A return as understood."""
    return RetourTraite(
        nature=r.nature,
        resume=r.resume,
        lot=r.lot,
        facture=r.facture,
        positif=r.positif,
        code=r.code,
        montant=r.montant,
        message_origine=r.message_origine,
        rapproche=r.rapproche,
    )


def echeance(e: EcheanceCalculee) -> Echeance:
    """A deadline."""
    return Echeance(
        objet=e.objet,
        reference=e.reference,
        type=e.type,
        motif=e.motif,
        limite=e.limite.isoformat(),
        depassee=e.depassee,
        prevenir_organisme=e.objet == "lot",
    )


def virement(v: VirementTraite) -> VirementRapproche:
    """A line of the bank statement and what it pays."""
    return VirementRapproche(
        date=v.jour.isoformat(),
        montant=v.montant,
        statut=v.statut,
        ecart=v.ecart,
        organisme=v.paiement.organisme if v.paiement else "",
        factures=v.paiement.factures if v.paiement else (),
    )


def reclamations(candidates: Iterable[Candidate], rapports: Rapports, factures: Factures) -> Reclamations:
    """Invoices that may be claimed, and the reports made."""
    faits = []
    for r in rapports.tous():
        (concernee,) = factures.par_ids([r.facture])
        faits.append(
            RapportReclamation(
                numero=r.numero, facture=concernee.numero, type=concernee.type, etat=r.etat, statut=r.statut
            )
        )
    return Reclamations(
        factures=tuple(
            FactureReclamable(type=c.facture.type, numero=c.facture.numero, etat=c.etat, reclamable=c.reclamable)
            for c in candidates
        ),
        rapports=tuple(faits),
    )
