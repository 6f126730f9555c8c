"""The workstation, wired: the one composition root. Each collaborator is an attribute, and may be replaced.

Raises Refus whenever the PS must be told no. A second start in the same directory goes on where the first stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import date
from pathlib import Path

from norms.calendrier import Calendrier
from norms.contrat.adaptateur import DonneesPs, Environnement, Parametrage
from norms.contrat.base import TypeFacture
from norms.contrat.ports import AleaReproductible, HorlogeVirtuelle
from norms.paquet import NormPack
from norms.ssv import CatalogueGroupes
from norms.tables import Organismes, code_annulation
from reference.acquisition.adr import AcquisitionAdr
from reference.acquisition.apcv import AcquisitionApcv
from reference.acquisition.beneficiaire import AcquisitionBeneficiaire
from reference.acquisition.prescripteur import RecherchePrescripteur
from reference.acquisition.ps import AcquisitionPs
from reference.clients.pop3 import ClientPop3
from reference.clients.services import ClientServices
from reference.clients.smtp import ClientSmtp
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.facturation.annulation import Annulation, verifier_motif
from reference.facturation.coherence import ControleCoherence
from reference.facturation.confidentialite import Confidentialite
from reference.facturation.contexte import RechercheContexteAmc
from reference.facturation.documents import Documents
from reference.facturation.eclateur import eclateur_de, refuser_double_eclatement
from reference.facturation.elaboration import Elaboration
from reference.facturation.flux import DecisionFlux
from reference.facturation.groupes import ConstitutionGroupes
from reference.facturation.modes import ControleModes
from reference.facturation.numerotation import Numerotation
from reference.facturation.secondes_signatures import SecondesSignatures
from reference.facturation.securisation import Securisation
from reference.facturation.series import ActesEnSerie
from reference.facturation.suppression import Suppression
from reference.facturation.tarification import TarificationAmo
from reference.facturation.tiers_payant import AccesTiersPayant
from reference.flux.adressage import Adressage
from reference.flux.certificats import CertificatsPieceJointe
from reference.flux.courriel import CompositionDemandes, CompositionRapports
from reference.flux.fichiers import ConstitutionFichiers
from reference.flux.lots import ConstitutionLots, exiger_code
from reference.flux.messages import CompositionMessage, ProfilFacture
from reference.flux.oct import VersOct
from reference.flux.reemission import Reemission
from reference.flux.references import ReferencesLot, verifier
from reference.flux.transmission import Transmission
from reference.modele import Droits
from reference.oppositions import ListeOpposition
from reference.session import Session
from reference.store import (
    Absences,
    Base,
    Compteurs,
    FactureConservee,
    Factures,
    Fichiers,
    Lots,
    Oppositions,
    Paiements,
    Rapports,
    ReferentielPs,
    Retours,
)
from reference.store import compteurs as noms
from reference.suivi.arl import TraitementArl
from reference.suivi.banque import RapprochementBanque
from reference.suivi.courrier import AR_RECLAMATION, DLOI, NON_REMISE, SERVICE, SERVICE_RECLAMATION, LectureCourrier
from reference.suivi.echeances import Echeances
from reference.suivi.reception import ReceptionRetours
from reference.suivi.reclamations import Reclamations
from reference.suivi.rsp import TraitementRsp
from reference.suivi.service import TraitementService


class Poste:
    """A started workstation."""

    def __init__(
        self,
        dossier: Path,
        environnement: Environnement,
        parametrage: Parametrage,
        horloge: HorlogeVirtuelle,
        *,
        graine: int,
        pack: NormPack,
    ) -> None:
        self.eclateur = eclateur_de(parametrage.oct, parametrage.reglages_oct)
        self.controler_reglages: Callable[[], None] = lambda: refuser_double_eclatement(parametrage.reglages_oct)
        self.pack, self.horloge, self.ecran, self.session = pack, horloge, Ecran(), Session()
        self.base = Base(dossier)
        try:
            self._wire(dossier, environnement, parametrage, graine, pack)
        except BaseException:
            self.base.fermer()
            raise

    def _wire(
        self, dossier: Path, environnement: Environnement, parametrage: Parametrage, graine: int, pack: NormPack
    ) -> None:
        base, ecran, horloge, session = self.base, self.ecran, self.horloge, self.session
        catalogue = CatalogueGroupes(pack)
        organismes = Organismes(pack)

        self.compteurs = Compteurs(base)
        self.factures = Factures(base)
        self.lots = Lots(base, catalogue)
        self.fichiers = Fichiers(base)
        self.retours = Retours(base)
        self.absences = Absences(base)
        self.paiements = Paiements(base)
        self.rapports = Rapports(base)
        self._start_counters(parametrage)
        seance = self.compteurs.avancer(noms.SESSION)

        self.services = ClientServices(
            environnement.services_url,
            environnement.services_jeton,
            pack,
            alerter=ecran.alerter,
            lecteurs=parametrage.lecteurs,
        )
        self.smtp = ClientSmtp(environnement.smtp)
        self.pop3 = ClientPop3(environnement.pop3)

        self._wire_acquisition(parametrage)
        self._wire_oppositions(environnement, parametrage)
        self.documents = Documents(ecran)
        self.securisation = Securisation(self.services)
        self.elaboration = Elaboration(
            session=session,
            ecran=ecran,
            horloge=horloge,
            base=base,
            factures=self.factures,
            apcv=self.acquisition_apcv,
            adr=self.acquisition_adr,
            oppositions=self.oppositions,
            prescripteurs=self.prescripteurs,
            acces=self.acces,
            modes=ControleModes(self.acquisition_beneficiaire, en_centre=bool(parametrage.numeros_centre)),
            recherche_amc=RechercheContexteAmc(parametrage.conventions, ecran, self.eclateur),
            tarification=TarificationAmo.avec(pack),
            decision=DecisionFlux(self.eclateur),
            numerotation=Numerotation(self.compteurs, self.factures),
            coherence=ControleCoherence(self.acquisition_beneficiaire),
            groupes=ConstitutionGroupes(catalogue, organismes, organismes.destinataire),
            securisation=self.securisation,
            documents=self.documents,
            series=ActesEnSerie(session, ecran),
        )
        self.secondes_signatures = SecondesSignatures(base, self.factures, self.securisation, ecran)
        self.suppression = Suppression(base, self.factures, ecran)
        self.annulation = Annulation(
            session=session,
            ecran=ecran,
            horloge=horloge,
            base=base,
            factures=self.factures,
            catalogue=catalogue,
            coherence=self.elaboration.coherence,
            apcv=self.acquisition_apcv,
            securisation=self.securisation,
            nature=code_annulation(pack),
            verifier_motif=verifier_motif,
        )

        self.references = ReferencesLot(self.compteurs, self.lots, horloge)
        self.adressage = Adressage()
        self.constitution_lots = ConstitutionLots(
            services=self.services,
            base=base,
            factures=self.factures,
            lots=self.lots,
            references=self.references,
            adressage=self.adressage,
            ecran=ecran,
            horloge=horloge,
            numero_agrement=parametrage.numero_agrement,
            exiger_code=(lambda _code: None) if parametrage.lecteurs.saisie_sur_lecteur else exiger_code,
            numeros_centre=parametrage.numeros_centre,
        )
        self.constitution_fichiers = ConstitutionFichiers(
            self.services, base, self.compteurs, self.lots, self.fichiers, catalogue, ecran, horloge
        )
        self.confidentialite = Confidentialite(self.factures, parametrage.caisse_locale)
        self.elaboration.localiser = self.confidentialite.localiser
        self.elaboration.anonymiser = self.confidentialite.anonymiser
        if parametrage.oct:
            confidentiels = self.confidentialite
            self.constitution_fichiers.vers_oct = VersOct(
                parametrage.oct, parametrage.reglages_oct, directs=confidentiels.est_direct
            )
            self.constitution_lots.regrouper = confidentiels.separer(self.constitution_lots.regrouper)
        self.composition = CompositionMessage(
            profil=ProfilFacture.charger(pack),
            compteurs=self.compteurs,
            horloge=horloge,
            alea=AleaReproductible(graine, f"reference, séance {seance}"),
            expediteur=environnement.smtp.adresse or environnement.pop3.adresse,
            compression=parametrage.compression,
        )
        self.certificats = CertificatsPieceJointe(self.services, ecran, horloge)
        self.transmission = Transmission(
            emission=self.smtp,
            composition=self.composition,
            certificats=self.certificats,
            base=base,
            fichiers=self.fichiers,
            lots=self.lots,
            factures=self.factures,
            ecran=ecran,
            horloge=horloge,
        )
        self.reemission = Reemission(base, self.lots, self.factures, self.constitution_lots, ecran, dossier / "exports")

        self.arl = TraitementArl(self.services, self.lots, self.factures, self.fichiers, self.documents, ecran, pack)
        self.rsp = TraitementRsp(self.factures, self.paiements, self.documents, ecran, pack)
        self.rapprocher_banque = RapprochementBanque(self.paiements).rapprocher
        self.service = TraitementService(self.fichiers, self.lots, self.factures, ecran)
        self.reception = ReceptionRetours(
            self.pop3, base, self.retours, LectureCourrier(pack), self.arl, self.rsp, self.service, ecran, horloge
        )
        self.echeances = Echeances(
            self.factures,
            self.lots,
            self.fichiers,
            self.retours,
            self.absences,
            ecran,
            horloge,
            Calendrier(),
            pack,
        )
        self.reclamations = Reclamations(
            base=base,
            factures=self.factures,
            lots=self.lots,
            fichiers=self.fichiers,
            rapports=self.rapports,
            compteurs=self.compteurs,
            session=session,
            emission=self.smtp,
            composition=CompositionRapports(pack, self.compteurs, horloge, self.composition.expediteur),
            ecran=ecran,
            horloge=horloge,
            calendrier=Calendrier(),
            delai=parametrage.delai_reclamation,
            adresse=parametrage.adresse_reclamations,
            envoye_le=self._sent_on,
            suite_service=self.service.service,
            suite_non_remise=self.service.non_remise,
        )
        for nature in (SERVICE, NON_REMISE, AR_RECLAMATION, SERVICE_RECLAMATION):
            self.reception.traitements[nature] = self.reclamations.retour
        self._wire_increments()
        self.relever_avant_envoi: Callable[[], int] = self.reception.collecter
        self.rappeler_avant_envoi: Callable[[], None] = self.echeances.rappeler_reemissions

    def _wire_acquisition(self, parametrage: Parametrage) -> None:
        """Cards, ApCV and ADR."""
        services, session, ecran, horloge = self.services, self.session, self.ecran, self.horloge
        self.acquisition_ps = AcquisitionPs(services, session, ecran, self._remember_ps(parametrage.donnees_ps))
        self.acquisition_beneficiaire = carte = AcquisitionBeneficiaire(services, session, ecran, horloge)
        self.acquisition_apcv = AcquisitionApcv(services, session, ecran, horloge)
        self.acquisition_adr = AcquisitionAdr(services, session, ecran, horloge, carte, self.acquisition_apcv)
        self.prescripteurs = RecherchePrescripteur(ReferentielPs(self.base, self.compteurs), ecran)

    def _wire_oppositions(self, environnement: Environnement, parametrage: Parametrage) -> None:
        """The opposition list, by the mailbox of billing unless the PS has another one for it."""
        facturation = environnement.pop3
        boite = (environnement.pop3_oppositions if parametrage.bal_opposition else None) or facturation
        self.pop3_oppositions = ClientPop3(boite)
        self.oppositions = ListeOpposition(
            magasin=Oppositions(self.base, self.compteurs),
            session=self.session,
            ecran=self.ecran,
            horloge=self.horloge,
            emission=self.smtp,
            composition=CompositionDemandes(self.pack, self.compteurs, self.horloge),
            distributeur=parametrage.adresse_oppositions,
            boite=boite.adresse,
            boite_de_facturation=facturation.adresse,
        )
        self.acces = AccesTiersPayant(self.ecran)
        self.acquisition_beneficiaire.avertir = self._warn_of_card
        if parametrage.liste_opposition is not None:
            self.oppositions.magasin.active = parametrage.liste_opposition

    def _wire_increments(self) -> None:
        """Increments come with the other returns, or by a mailbox of their own."""
        self.reception.traitements[DLOI] = self.oppositions.recevoir
        self.reception_oppositions = copy(self.reception)  # the same treatments, by the other mailbox
        self.reception_oppositions.reception = self.pop3_oppositions
        self.relever_oppositions = self.reception_oppositions.collecter

    def _warn_of_card(self, droits: Droits) -> None:
        """What a card that was just read calls for: opposition, rights to be updated."""
        self.oppositions.avertir(droits)
        self.acces.avertir(self.session.situation, droits, self.horloge.now().date())

    def _remember_ps(self, saisies: DonneesPs | None) -> DonneesPs | None:
        """What the PS typed about himself, kept from one start to the next (SV-4.2.1.2.2-02)."""
        if saisies is not None:
            self.compteurs.ecrire(noms.DONNEES_PS, saisies.model_dump_json())
            return saisies
        gardees = self.compteurs.lire(noms.DONNEES_PS, "")
        return DonneesPs.model_validate_json(gardees) if gardees else None

    def _sent_on(self, facture: FactureConservee) -> date | None:
        """The day on which the last lot that holds an invoice left."""
        lots = [
            lot.id
            for lot in self.lots.tous()
            if facture.numero in lot.numeros and facture.id in {f.id for f in self.factures.du_lot(lot.id)}
        ]
        return self.echeances.envoye_le(lots[-1]) if lots else None

    def _start_counters(self, parametrage: Parametrage) -> None:
        """First numbers of a fresh workstation; later starts go on from what was given."""
        self.factures.oublier_inachevees()
        if not self.base.vierge:
            return
        if not 1 <= parametrage.premiere_facture <= 999_999_999:
            raise Refus("première facture : attendue de 1 à 999999999")
        with self.base.transaction():
            self.compteurs.ecrire(noms.FACTURE, str(parametrage.premiere_facture - 1))
            self.compteurs.ecrire(noms.LOT_FSE, verifier(TypeFacture.FSE, parametrage.premier_lot_fse))
            self.compteurs.ecrire(noms.LOT_DRE, verifier(TypeFacture.DRE, parametrage.premier_lot_dre))

    def ouvrir(self, *, mode_test: bool) -> None:
        """Opens the supplied services and tells the PS where he stands (SV-3.4.4-02)."""
        self.controler_reglages()
        self.services.ouvrir()
        self.oppositions.rappeler()
        if mode_test:
            self.ecran.alerter("Mode test : les flux partent vers les plateformes de test, avec des cartes de test")

    def fermer(self) -> None:
        """Ends the use of the services and closes the store; both are tried."""
        try:
            self.services.fermer()
        except Refus as exc:
            self.ecran.alerter(exc.motif)
        finally:
            self.base.fermer()
