"""The making of an invoice, from the PS's request to secured flows: the functional chain of cdc §4.2.1.1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from norms.contrat.adaptateur import BeneficiaireDemande, FactureElaborer, Prescription
from norms.contrat.base import ModeSecurisation
from norms.contrat.ports import Horloge
from norms.montants import format_euros
from norms.ssv import ErreurGroupe
from reference.acquisition.adr import AcquisitionAdr, same_person
from reference.acquisition.apcv import AcquisitionApcv
from reference.acquisition.prescripteur import RecherchePrescripteur
from reference.ecran import Ecran
from reference.erreurs import Refus, SignatureApcv
from reference.facturation.amo_seule import motif_amo_seule, reste_complementaire
from reference.facturation.coherence import ControleCoherence
from reference.facturation.confidentialite import exonerer
from reference.facturation.contexte import (
    ALD,
    GESTION_SEPAREE,
    ContexteAmc,
    ContexteAmo,
    RechercheContexteAmc,
    determiner_contexte_amo,
)
from reference.facturation.documents import Documents
from reference.facturation.flux import DecisionFlux, FluxAElaborer
from reference.facturation.groupes import ConstitutionGroupes, DonneesFacture
from reference.facturation.modes import ControleModes
from reference.facturation.numerotation import Numerotation
from reference.facturation.securisation import SIGNE_PAR_VITALE, Securisation, Signataire
from reference.facturation.series import ActesEnSerie
from reference.facturation.tarification import TarificationAmo, tarifer_amc, totaliser
from reference.facturation.tiers_payant import AccesTiersPayant
from reference.modele import APCV, Beneficiaire, Droits, PrestationTarifee, SituationFacturation, Totaux
from reference.oppositions import ListeOpposition
from reference.ports import FactureFormee
from reference.session import Session
from reference.store import Base, FactureConservee, Factures
from reference.store.factures import A_SIGNER, SECURISEE

#: Answer to « soins en rapport avec l'ALD ? » (``reponses`` of facture.elaborer).
QUESTION_ALD = "soins_en_rapport_ald"

Anonymiser = Callable[
    [Droits, Beneficiaire, Prescription | None, SituationFacturation, date], tuple[Beneficiaire, Prescription | None]
]


@dataclass
class Elaboration:
    """Makes invoices. Its collaborators are the steps of the chain, in order."""

    session: Session
    ecran: Ecran
    horloge: Horloge
    base: Base
    factures: Factures
    apcv: AcquisitionApcv
    adr: AcquisitionAdr
    oppositions: ListeOpposition
    prescripteurs: RecherchePrescripteur
    acces: AccesTiersPayant
    modes: ControleModes
    recherche_amc: RechercheContexteAmc
    tarification: TarificationAmo
    decision: DecisionFlux
    numerotation: Numerotation
    coherence: ControleCoherence
    groupes: ConstitutionGroupes
    securisation: Securisation
    documents: Documents
    series: ActesEnSerie
    localiser: Callable[[Droits], Droits] = lambda droits: droits
    #: What a confidential act calls for and nobody typed: birth of the beneficiary, prescription.
    anonymiser: Anonymiser = lambda _droits, beneficiaire, prescription, _situation, _jour: (beneficiaire, prescription)
    exonerer: Callable[[Droits, str, Sequence[str]], str] = exonerer
    motif_amo_seule: Callable[..., str] = motif_amo_seule
    reste_complementaire: Callable[[Iterable[PrestationTarifee]], bool] = reste_complementaire

    def elaborer(self, demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        """Makes and secures the flows of one invoice: a FSE, maybe a DRE. Raises Refus; nothing is then kept."""
        ps, situation = self.session.exiger_ps()
        if not situation.signe_factures and demande.mode != ModeSecurisation.DESYNCHRONISE:
            raise Refus(
                "cette carte n'est pas habilitée à signer des factures ; employer le mode désynchronisé, que la CPS du "
                "titulaire achèvera"
            )
        droits, beneficiaire = self.choisir_beneficiaire(demande.beneficiaire, demande.code_porteur)
        droits = self.localiser(droits)
        self.oppositions.verifier(droits)
        self.series.conseiller(droits, (date.fromisoformat(p.date) for p in demande.prestations))
        droits, beneficiaire = self.adr.retenir(droits, beneficiaire, demande.nature_assurance)
        self.modes.verifier(
            demande.mode,
            situation=situation,
            droits=droits,
            beneficiaire=beneficiaire,
            actes=[p.code for p in demande.prestations],
            nature_assurance=demande.nature_assurance,
            code_porteur=demande.code_porteur,
        )
        jour = self._jour(demande)
        contexte_amo = self._contexte_amo(demande, droits, beneficiaire)
        jour_des_soins = date.fromisoformat(demande.prestations[0].date)
        tiers_payant = self.acces.regler(demande.tiers_payant, contexte_amo, droits, beneficiaire, jour_des_soins)
        demande = demande.model_copy(update={"tiers_payant": tiers_payant})
        forcage = self.acces.verifier(tiers_payant, contexte_amo, situation, droits, beneficiaire, jour=jour_des_soins)
        contexte_amc = self._contexte_amc(demande, droits, beneficiaire, jour_des_soins)
        prestations = self.tarification.tarifer(demande.prestations, situation.specialite, contexte_amo)
        if contexte_amc is not None and not self.reste_complementaire(prestations):
            self.recherche_amc.renoncer("l'AMO prend tout en charge, il ne reste rien à rembourser")
            contexte_amc = None
        if contexte_amc is not None:
            prestations = tarifer_amc(prestations, contexte_amc.convention.taux_amc)
        flux = self.decision.decider(prestations, demande.tiers_payant, contexte_amc)
        if not flux:
            raise Refus("aucun acte à transmettre à l'AMO ni part complémentaire à facturer : ni FSE ni DRE")

        tp_amc = contexte_amc is not None and contexte_amc.tiers_payant
        totaux = totaliser(prestations, tp_amo=demande.tiers_payant.amo, tp_amc=tp_amc)

        numero = self.numerotation.attribuer(demande.numero)
        if demande.mode in SIGNE_PAR_VITALE and droits.support != APCV:
            self.coherence.controler(demande.mode, droits, beneficiaire, demande.nature_assurance, demande.code_porteur)
        beneficiaire, prescription = self.anonymiser(
            droits, beneficiaire, self.prescripteurs.completer(demande.prescription), situation, jour_des_soins
        )
        donnees = DonneesFacture(numero, jour, ps, situation, droits, beneficiaire, contexte_amo, prescription, forcage)
        ids = self._securiser(demande, donnees, flux, totaux)
        self.session.reinitialiser_saisie()
        self.documents.finaliser(donnees, demande.mode, prestations, totaux)
        faites = self.factures.par_ids(ids)
        for f in faites:
            etat = "à signer par la CPS" if f.statut == A_SIGNER else "sécurisée"
            self.ecran.informer(
                f"{f.type} {f.numero} {etat} : {format_euros(f.totaux.total)}, part obligatoire "
                f"{format_euros(f.totaux.amo)}, part complémentaire {format_euros(f.totaux.amc)}"
            )
        return faites

    # --- steps --------------------------------------------------------------------------------------------
    def choisir_beneficiaire(
        self, demande: BeneficiaireDemande, code_porteur: str | None
    ) -> tuple[Droits, Beneficiaire]:
        """SV-4.2.1.3-02: the beneficiary chosen on the support, or the identity typed."""
        if demande.source != APCV:
            return self.adr.identifier(demande, code_porteur)
        contexte, connus = self.apcv.contexte_valide(), self.session.adr
        b = contexte.beneficiaires[demande.numero - 1] if 1 <= demande.numero <= len(contexte.beneficiaires) else None
        if b is None or connus is None or not same_person(connus, connus.beneficiaires[0], contexte, b):
            connus = self.adr.acquerir(demande, code_porteur)
        return connus, connus.beneficiaires[0]

    def _jour(self, demande: FactureElaborer) -> date:
        """The day of elaboration; neither it nor an act may lie in the future."""
        aujourd_hui = self.horloge.now().date()
        jour = date.fromisoformat(demande.date_elaboration) if demande.date_elaboration else aujourd_hui
        if jour > aujourd_hui:
            raise Refus(f"date d'élaboration {jour:%d/%m/%Y} postérieure à aujourd'hui")
        for p in demande.prestations:
            if date.fromisoformat(p.date) > jour:
                raise Refus(f"prestation {p.code} datée du {p.date}, après la facture du {jour.isoformat()}")
        return jour

    def _contexte_amo(self, demande: FactureElaborer, droits: Droits, beneficiaire: Beneficiaire) -> ContexteAmo:
        reponse = demande.reponses.get(QUESTION_ALD, "oui").strip().lower()
        contexte = determiner_contexte_amo(
            beneficiaire,
            date.fromisoformat(demande.prestations[0].date),
            demande.nature_assurance,
            demande.parcours,
            en_rapport_ald=reponse != "non",
        )
        if contexte.exoneration == ALD and QUESTION_ALD not in demande.reponses:
            self.ecran.questionner(
                f"Soins en rapport avec l'affection de longue durée ? ({QUESTION_ALD} : oui ou non ; sans réponse, oui)"
            )
        actes = [p.code for p in demande.prestations]
        return replace(contexte, exoneration=self.exonerer(droits, contexte.exoneration, actes))

    def _contexte_amc(
        self, demande: FactureElaborer, droits: Droits, beneficiaire: Beneficiaire, jour: date
    ) -> ContexteAmc | None:
        """The AMC context, none where the invoice can only be for the AMO."""
        complementaire = demande.complementaire
        separee = complementaire.gestion == GESTION_SEPAREE
        motif = self.motif_amo_seule(demande.nature_assurance, droits, separee=separee)
        if motif and complementaire.source != "aucune":
            self.recherche_amc.renoncer(motif)
            return None
        return self.recherche_amc.determiner(complementaire, beneficiaire, jour, demande.tiers_payant)

    def _securiser(
        self, demande: FactureElaborer, donnees: DonneesFacture, flux: tuple[FluxAElaborer, ...], totaux: Totaux
    ) -> list[int]:
        """Saves the data, then formats and secures; FSE and DRE stand or fall together (SV-4.2.1.1-24, -34)."""
        signataire = Signataire(donnees.situation.numero, demande.code_porteur, donnees.droits.contexte)
        ids: list[int] = []
        formees: list[FactureFormee] = []
        try:
            for un_flux in flux:
                groupes = self.groupes.constituer(donnees, un_flux)
                id_ = self.factures.enregistrer(
                    type_=un_flux.type,
                    numero=donnees.numero,
                    mode=demande.mode,
                    jour=donnees.date_elaboration.isoformat(),
                    situation=donnees.situation.numero,
                    beneficiaire=(donnees.beneficiaire.nom, donnees.beneficiaire.prenom),
                    totaux=replace(
                        totaux,
                        total=sum(p.honoraires for p in un_flux.prestations),
                        amc=sum(p.montant_amc for p in un_flux.prestations),
                    ),
                    groupes=groupes,
                )
                ids.append(id_)
                formees.append(self.securisation.securiser(un_flux.type, demande.mode, groupes, signataire))
        except ErreurGroupe as exc:
            self._abandonner(ids)
            raise Refus(f"donnée de facture impossible à transmettre : {exc}") from exc
        except Refus as exc:
            self._abandonner(ids)
            if donnees.droits.contexte and isinstance(exc, SignatureApcv):
                raise self.apcv.signature_impossible(exc) from exc
            raise
        statut = A_SIGNER if demande.mode == ModeSecurisation.DESYNCHRONISE else SECURISEE
        with self.base.transaction():
            for id_, formee in zip(ids, formees, strict=True):
                self.factures.securiser(id_, formee.contenu, formee.critere_lot, statut)
        return ids

    def _abandonner(self, ids: list[int]) -> None:
        with self.base.transaction():
            for id_ in ids:
                self.factures.abandonner(id_)
