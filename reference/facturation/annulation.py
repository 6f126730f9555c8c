"""The cancellation of a DRE, at the PS's choice (cdc §3.2.3.5.3, §4.2.1.14).

It repeats what it cancels, under the same number (cdc §6), with another nature of operation. What else it would have to
change is in the missing annexes (``hypothese``): nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from norms.contrat.adaptateur import DreAnnuler
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.contrat.ports import Horloge
from norms.ssv import CatalogueGroupes, ErreurGroupe, Groupe
from reference.acquisition.apcv import AcquisitionApcv
from reference.ecran import Ecran
from reference.erreurs import Refus, SignatureApcv
from reference.facturation.coherence import ControleCoherence
from reference.facturation.eclateur import CONTRAT_ECLATEMENT
from reference.facturation.securisation import SIGNE_PAR_VITALE, Securisation, Signataire
from reference.modele import APCV, Beneficiaire, Droits
from reference.session import Session
from reference.store import Base, FactureConservee, Factures
from reference.store.factures import A_SIGNER, EN_LOT, LOT_REJETE, REJETEE, SECURISEE, SUPPRIMEE

FACTURE, BENEFICIAIRE, COMPLEMENTAIRE, ECLATEMENT, ASSURANCE = 1110, 1130, 1321, 1322, 1510
ADRESSE = ("code_routage", "identifiant_hote", "domaine")
PRESTATION, REJET_AMO = "prestation", "rejet_amo"
#: Why an invoice in this state has nothing to be cancelled.
JAMAIS_RECUE = {
    A_SIGNER: "elle n'est pas encore transmise : la supprimer",
    SECURISEE: "elle n'est pas encore transmise : la supprimer",
    EN_LOT: "elle n'est pas encore transmise",
    LOT_REJETE: "son lot est rejeté : le reconstituer sans elle",
    SUPPRIMEE: "elle est supprimée",
}


@dataclass
class Annulation:
    """Makes cancellations. ``nature``: the code that the norm has for them, empty when it has none."""

    session: Session
    ecran: Ecran
    horloge: Horloge
    base: Base
    factures: Factures
    catalogue: CatalogueGroupes
    coherence: ControleCoherence
    apcv: AcquisitionApcv
    securisation: Securisation
    nature: str
    verifier_motif: Callable[[str, FactureConservee, FactureConservee | None], None]

    def annuler(self, demande: DreAnnuler) -> tuple[FactureConservee, ...]:
        """Makes and secures a cancellation, alone (SV-3.2.3.5.3-03). Raises Refus; nothing is then kept."""
        _, situation = self.session.exiger_ps()
        initiale = self.designer(demande.numero)
        fse = next((f for f in self._du_numero(initiale.numero) if f.type == TypeFacture.FSE), None)
        self.verifier_motif(demande.motif, initiale, fse)
        if not self.nature:
            raise Refus("la norme employée ne dit pas la nature d'opération d'une DRE d'annulation")
        if demande.mode not in (initiale.mode, ModeSecurisation.DEGRADE):
            raise Refus(f"mode {demande.mode} refusé : celui de la facture, {initiale.mode}, ou le mode dégradé")
        if not situation.signe_factures and demande.mode != ModeSecurisation.DESYNCHRONISE:
            raise Refus("cette carte n'est pas habilitée à signer des factures")
        origine = tuple(self.catalogue.nommer(g) for g in self.factures.groupes(initiale.id))
        amc = next((g for g in origine if g.id == COMPLEMENTAIRE), None)
        if amc is None or not all(amc.valeur(champ) for champ in ADRESSE):
            raise Refus("adresse de l'organisme complémentaire inconnue : aucune convention ne la donne")
        contexte = ""
        if demande.motif == PRESTATION or demande.mode in SIGNE_PAR_VITALE:
            contexte = self._presence(demande, origine)
        id_ = self._securiser(demande, initiale, tuple(self.composer(origine)), situation.numero, contexte)
        self.session.reinitialiser_saisie()
        self.ecran.informer(f"DRE d'annulation {initiale.numero} sécurisée : elle part avec les prochains lots de DRE")
        return self.factures.par_ids([id_])

    def designer(self, numero: str | None) -> FactureConservee:
        """The invoice that bears the part to cancel, as the PS designates it (SV-4.2.1.14-01). Raises Refus."""
        if not numero:
            raise Refus("indiquer la DRE à annuler")
        connues = self._du_numero(numero)
        initiale = next((f for f in connues if f.type == TypeFacture.DRE), None)
        initiale = initiale or next((f for f in connues if self.eclatee(f)), None)
        if initiale is None:
            raise Refus(f"aucune DRE n° {numero[:20]} sur ce poste, ni FSE de ce numéro éclatée par un OCT")
        if motif := JAMAIS_RECUE.get(initiale.statut):
            raise Refus(f"{initiale.type} {numero} : rien à annuler, {motif}")
        if any(f.annulation and f.statut != SUPPRIMEE for f in self.factures.par_numero(numero)):
            raise Refus(f"la DRE {numero} a déjà sa DRE d'annulation")
        return initiale

    def _du_numero(self, numero: str) -> tuple[FactureConservee, ...]:
        return tuple(f for f in self.factures.par_numero(numero) if not f.annulation)

    def eclatee(self, facture: FactureConservee) -> bool:
        """SV-3.2.3.5.3-09: the concentrator draws the AMC part from this FSE (annexe5 §4.3)."""
        groupes = [self.catalogue.nommer(g) for g in self.factures.groupes(facture.id)]
        return any(g.id == COMPLEMENTAIRE and g.valeur("type_contrat") == CONTRAT_ECLATEMENT for g in groupes)

    def _presence(self, demande: DreAnnuler, origine: tuple[Groupe, ...]) -> str:
        """The beneficiary is there: his support was just read, it is the one that signs. Gives the ApCV context."""
        droits, qui = self.session.droits, next(g for g in origine if g.id == BENEFICIAIRE)
        beneficiaire = _present(droits, qui)
        if droits is None or beneficiaire is None:
            raise Refus("bénéficiaire absent : lire son support, ou annuler en mode dégradé pour un autre motif")
        if demande.mode not in SIGNE_PAR_VITALE:
            return ""
        if droits.support == APCV:
            self.apcv.contexte_valide()
        else:
            nature = next((g.valeur("nature_assurance") for g in origine if g.id == ASSURANCE), "")
            self.coherence.controler(demande.mode, droits, beneficiaire, nature, demande.code_porteur)
        return droits.contexte

    def composer(self, origine: tuple[Groupe, ...]) -> Iterator[Groupe]:
        """What was sent, as a cancellation of today; nothing in it is left for a concentrator to split."""
        aujourd_hui = self.horloge.now().date().strftime("%Y%m%d")
        for g in origine:
            if g.id == FACTURE:
                yield self.modifier(g, nature_operation=self.nature, date_elaboration=aujourd_hui)
            elif g.id == COMPLEMENTAIRE and g.valeur("type_contrat") == CONTRAT_ECLATEMENT:
                yield self.modifier(g, type_contrat="", zone_amc_1="", zone_amc_2="")
            elif g.id == ECLATEMENT:
                yield self.modifier(g, eclatement="")
            else:
                yield g

    def modifier(self, groupe: Groupe, **valeurs: str) -> Groupe:
        """The group with other values. Raises ErreurGroupe on an unknown name or a wrong format."""
        noms = self.catalogue.definition(groupe.id).noms
        return self.catalogue.creer(groupe.id, **{**dict(zip(noms, groupe.champs, strict=False)), **valeurs})

    def _securiser(
        self,
        demande: DreAnnuler,
        initiale: FactureConservee,
        groupes: tuple[Groupe, ...],
        situation: str,
        contexte: str,
    ) -> int:
        id_ = self.factures.enregistrer(
            type_=TypeFacture.DRE,
            numero=initiale.numero,
            mode=demande.mode,
            jour=self.horloge.now().date().isoformat(),
            situation=situation,
            beneficiaire=(initiale.nom, initiale.prenom),
            totaux=initiale.totaux,
            groupes=groupes,
            annulation=True,
        )
        signataire = Signataire(situation, demande.code_porteur, contexte)
        try:
            formee = self.securisation.securiser(TypeFacture.DRE, demande.mode, groupes, signataire)
        except (ErreurGroupe, Refus) as exc:
            self.factures.abandonner(id_)
            if isinstance(exc, ErreurGroupe):
                raise Refus(f"donnée de facture impossible à transmettre : {exc}") from exc
            if isinstance(exc, SignatureApcv):
                raise self.apcv.signature_impossible(exc) from exc
            raise
        statut = A_SIGNER if demande.mode == ModeSecurisation.DESYNCHRONISE else SECURISEE
        self.factures.securiser(id_, formee.contenu, formee.critere_lot, statut)
        return id_


def verifier_motif(motif: str, initiale: FactureConservee, fse: FactureConservee | None) -> None:
    """The rules of cdc §3.2.3.5.3: which motive holds for what was sent. Raises Refus."""
    if initiale.type == TypeFacture.FSE and motif != REJET_AMO:
        raise Refus("la part complémentaire d'une FSE éclatée par un OCT ne s'annule qu'après le rejet de la FSE")
    if motif == REJET_AMO and (fse is None or fse.statut != REJETEE):
        raise Refus(f"la FSE {initiale.numero} n'est pas rejetée par l'organisme obligatoire")


def _present(droits: Droits | None, qui: Groupe) -> Beneficiaire | None:
    """The person of the invoice among those of the support read last."""
    if droits is None or droits.nir_assure != qui.valeur("nir_assure"):
        return None
    naissance = (qui.valeur("date_naissance"), qui.valeur("rang_naissance"))
    return next((b for b in droits.beneficiaires if (b.naissance, b.rang) == naissance), None)
