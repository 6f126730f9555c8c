"""Adapter protocol: how the bench drives an LPS. JSON-RPC 2.0, one object a line on stdio, or HTTP.

The bench is the client, the adapter the server; operations follow the functional chain of the specification
(cdc §3, §4.2.1.1). An adapter declares what it can do in ``bonjour``: an operation it lacks is never called and
what depends on it is « non testé ». A refusal by the LPS (wrong PIN, missing card…) is a normal answer,
``issue: refus``; a JSON-RPC error is a breakdown of the adapter. Amounts are integer centimes, dates ISO.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from norms.contrat.base import Message, ModeSecurisation, Operation, TypeFacture

VERSION = "1.1"

DateIso = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Centimes = int


# --- What every answer carries -------------------------------------------------------------------------
class Affichage(Message):
    """Something shown to the PS, as it was shown."""

    niveau: Literal["information", "alerte", "erreur", "question"] = "information"
    texte: str


class DocumentProduit(Message):
    """A document printed or offered for printing; ``texte`` is its whole readable content."""

    nature: str
    texte: str
    fichier_base64: str = ""


class Reponse(Message):
    """Base of every answer: did the LPS do it, what did it show, what did it print."""

    issue: Literal["ok", "refus"] = "ok"
    motif: str = Field(default="", description="pourquoi le LPS refuse, en clair")
    code_retour: str = Field(default="", description="code retour du service fourni qui a échoué, s'il y en a un")
    affichages: tuple[Affichage, ...] = ()
    documents: tuple[DocumentProduit, ...] = ()


# --- Session -------------------------------------------------------------------------------------------
class Bonjour(Message):
    protocole: str = VERSION
    banc: str = "preagrement"


class ProfilLps(Message):
    """What the vendor declares; each list uses the axes of the requirement inventory (``applicable``)."""

    professions: tuple[str, ...] = ("medecins", "prescripteurs")
    specialites: tuple[str, ...] = ()
    modes: tuple[ModeSecurisation, ...] = tuple(ModeSecurisation)
    capacites: tuple[str, ...] = Field(default=(), description="gestion_unique, gestion_separee, OCT, ApCV, CCAM…")


class Presentation(Message):
    protocole: str
    produit: str
    version: str
    editeur: str = ""
    operations: tuple[str, ...]
    profil: ProfilLps = ProfilLps()


class Boite(Message):
    hote: str
    port: int
    utilisateur: str = ""
    mot_de_passe: str = Field(default="", repr=False)
    adresse: str = ""


class Environnement(Message):
    """Where the world is: supplied services, outgoing and incoming mail. All on loopback."""

    services_url: str
    services_jeton: str = Field(repr=False)
    smtp: Boite
    pop3: Boite
    pop3_oppositions: Boite | None = Field(
        default=None, description="BAL Opposition, distincte de la BAL de facturation ; employée si le poste la veut"
    )


class ConventionPs(Message):
    """A line of the PS's convention table, reduced to what the tour needs (cdc §4.2.1.5.3.1)."""

    type_convention: str
    numero_amc: str
    operateur_reglement: str = ""
    code_routage: str = ""
    identifiant_hote: str = ""
    domaine: str = ""
    code_application: str = ""
    type_accord: str = ""
    taux_amc: int = Field(default=100, description="part du ticket modérateur prise en charge, en pour cent")


class DonneesPs(Message):
    """What the PS types about himself because his card doesn't say it, or not significantly (cdc §4.2.1.2.2)."""

    specialite: str = ""
    code_conventionnel: str = ""
    zone_tarifaire: str = ""
    zone_ik: str = ""


class ReglagesOct(Message):
    """How flows leave for the concentrator, as agreed with it (annexe5 §4). Without « oct », nothing of this applies.

    ``eclatement_autorise``: the PS lets the concentrator split enriched FSE (contract 99, annexe5 §4.3.2); unsaid: in
    that mode only. ``regroupement``: how lots of enriched FSE are put in files (annexe5 §4.3.2).
    """

    mode: Literal["eclatement_source", "fichier_unique", "fse_enrichie"] = "eclatement_source"
    type_destinataire: str = Field(default="OT", description="groupe 12, champ 6, fourni par l'OCT")
    numero_destinataire: str = Field(default="", description="groupe 12, champ 7, fourni par l'OCT")
    application: str = Field(default="TO", description="groupe 12, champ 5, fournie par l'OCT")
    zone_message: str = Field(default="", description="groupe 14, champ 3, à l'initiative du progiciel")
    eclatement_autorise: bool | None = None
    regroupement: Literal["fichier_unique", "par_caisse"] = "fichier_unique"


class CaisseLocale(Message):
    """The CPAM of the place of practice, where confidential invoices go (cdc §3.2.2.5)."""

    caisse: Annotated[str, Field(pattern=r"^[0-9]{3}$")]
    centre: Annotated[str, Field(pattern=r"^[0-9]{4}$")] = "0000"


class LecteursPoste(Message):
    """Which readers the workstation uses, by resource name (``ssv.lister_lecteurs``; cdc §4.1.2, §4.2.1.2.1)."""

    ps: str = "ps"
    vitale: str = "vitale"
    saisie_sur_lecteur: bool = Field(
        default=False, description="le code porteur se tape sur le clavier du lecteur : le progiciel ne le fournit pas"
    )


class Parametrage(Message):
    """Settings of the workstation for the scenario."""

    mode_test: bool = False
    numero_agrement: str = ""
    conventions: tuple[ConventionPs, ...] = ()
    oct: str = Field(default="", description="adresse de l'OCT ; vide : transmission directe")
    reglages_oct: ReglagesOct = ReglagesOct()
    caisse_locale: CaisseLocale | None = Field(
        default=None, description="CPAM (régime 01) du lieu d'exercice, pour les factures confidentielles"
    )
    premiere_facture: int = 1
    premier_lot_fse: str = "001"
    premier_lot_dre: str = "AAA"
    compression: bool = True
    delai_reclamation: Annotated[int, Field(ge=1, le=365)] = Field(
        default=7, description="jours ouvrés après lesquels une facture en cours peut être réclamée (cdc §2.2.4.3)"
    )
    donnees_ps: DonneesPs | None = Field(default=None, description="données du PS qui ne viennent pas de sa carte")
    adresse_reclamations: str = Field(default="", description="où envoyer les rapports de réclamation")
    lecteurs: LecteursPoste = Field(default=LecteursPoste(), description="lecteurs que le poste emploie")
    numeros_centre: tuple[str, ...] = Field(
        default=(), description="numéros de facturation du centre de santé polyvalent, sans clé (cdc §3.2.9.3.2.1)"
    )
    liste_opposition: bool | None = Field(
        default=None, description="service de la liste d'opposition activé ou non ; absent : comme avant (cdc §3.2.3.2)"
    )
    adresse_oppositions: str = Field(default="", description="adresse du distributeur de la liste d'opposition")
    bal_opposition: bool = Field(
        default=False, description="la BAL Opposition est celle de l'environnement, distincte de la BAL de facturation"
    )


class PosteDemarrer(Message):
    """Starts a session: a fresh workstation in ``dossier``, or the same one again when it holds data."""

    maintenant: str = Field(description="instant virtuel, ISO 8601 avec décalage")
    graine: int
    dossier: str = Field(description="dossier de travail réservé au LPS pour ce scénario")
    environnement: Environnement
    parametrage: Parametrage = Parametrage()


class PosteHorloge(Message):
    """Tells the LPS what time it is; it must not use the machine's clock."""

    maintenant: str


# --- Acquisition ----------------------------------------------------------------------------------------
class PsLire(Message):
    """cdc §4.2.1.2: reads the PS's card."""

    code_porteur: str | None = Field(default=None, repr=False)
    numero_situation: str | None = None


class SituationLue(Message):
    numero: str
    numero_facturation: str
    specialite: str
    conventionnel: str = ""
    zone_tarifaire: str = ""
    raison_sociale: str = ""


class PsLu(Reponse):
    numero_national: str = ""
    nom: str = ""
    prenom: str = ""
    type_carte: str = ""
    situations: tuple[SituationLue, ...] = ()


class BeneficiaireLire(Message):
    """cdc §4.2.1.3: acquires the beneficiaries from the given support."""

    support: Literal["carte_vitale", "apcv"] = "carte_vitale"
    code_porteur: str | None = Field(default=None, repr=False)
    date_consultation: DateIso | None = None


class BeneficiaireLu(Message):
    nom: str
    prenom: str
    naissance: str = Field(description="AAAAMMJJ, tel qu'en carte")
    rang: str
    qualite: str
    nir: str = ""


class DroitsLus(Reponse):
    nir_assure: str = ""
    regime: str = ""
    caisse: str = ""
    centre: str = ""
    fin_validite: str = ""
    beneficiaires: tuple[BeneficiaireLu, ...] = ()
    demonstration: bool = False
    support: str = Field(default="", description="support Vitale utilisé : carte_vitale, apcv")
    fin_contexte: str = Field(default="", description="fin de validité du contexte ApCV, ISO 8601")
    support_droits: str = Field(default="", description="d'où viennent les droits AMO : carte_vitale, adr, saisie")


# --- Invoicing ------------------------------------------------------------------------------------------
class BeneficiaireSaisi(Message):
    """An identity from the patient file or typed in, when no support is read (cdc §3.4.1.2)."""

    nir: str
    cle: str
    regime: str
    caisse: str
    centre: str
    naissance: str = Field(description="AAAAMMJJ")
    rang: str = "1"
    qualite: str = "0"
    nom: str
    prenom: str
    code_gestion: str = ""
    situation: Literal["", "ame", "migrant_de_passage", "mineure_confidentielle"] = Field(
        default="", description="situation que dit le document présenté, quand aucun support Vitale ne peut la porter"
    )


class Prescription(Message):
    """Who prescribed, in town or in hospital (cdc §3.2.1.6). ``numero``: billing number and its key, if known."""

    rpps: str = Field(default="", description="onze chiffres, clé comprise")
    structure: str = Field(default="", description="numéro de la structure où la prescription a été établie")
    numero: str = Field(default="", description="numéro de facturation du prescripteur, neuf caractères")
    specialite: str = ""
    date: DateIso


class BeneficiaireDemande(Message):
    """Whom the invoice is for: one of the card's beneficiaries (from 1), or a typed identity."""

    source: Literal["carte_vitale", "apcv", "saisie"] = "carte_vitale"
    numero: int = 1
    identite: BeneficiaireSaisi | None = None


class DroitsAcquerir(Message):
    """cdc §3.2.2.1: asks ADR for the rights of one beneficiary, who is then billed on them.

    For the person of the support acquired last, by his rank on it, or for an identity typed without any support.
    """

    beneficiaire: BeneficiaireDemande = BeneficiaireDemande()
    code_porteur: str | None = Field(default=None, repr=False)


class CouvertureLue(Message):
    """A period of cover; dates ISO, empty when open."""

    debut: str = ""
    fin: str = ""
    code: str = Field(default="", description="code ALD et code situation, cinq caractères")


class DroitsAcquis(Reponse):
    """What ADR said, as retained. ``ame``: end of the AME period, ISO; empty without AME."""

    support_droits: str = ""
    regime: str = ""
    caisse: str = ""
    centre: str = ""
    nom: str = ""
    prenom: str = ""
    naissance: str = ""
    couvertures: tuple[CouvertureLue, ...] = ()
    mutuelle: str = ""
    ame: str = ""


class PrestationDemandee(Message):
    code: str
    date: DateIso
    quantite: int = 1
    coefficient: str = "1.00"
    honoraires: Centimes | None = Field(default=None, description="à défaut, le tarif")
    prix_saisi: Annotated[int, Field(ge=1, le=9_999_999)] | None = Field(
        default=None, description="prix unitaire de ce qui n'a pas de tarif national connu du banc ; sinon ignoré"
    )
    qualificatif_depense: str = ""
    lieu: Literal["cabinet", "domicile"] = "cabinet"


class TiersPayant(Message):
    amo: bool = False
    amc: bool = False


class ComplementaireDemandee(Message):
    """What the PS keeps or types about the complementary insurer; ``carte_vitale``: as read."""

    source: Literal["aucune", "carte_vitale", "saisie"] = "aucune"
    gestion: Literal["separee", "unique"] = "separee"
    numero_amc: str = ""
    numero_adherent: str = ""
    type_contrat: str = ""


class FactureElaborer(Message):
    """Elaborates, formats and secures an invoice in one mode (cdc §4.2.1.1 to §4.2.1.15).

    In DESYNCHRONISE, stops after the Vitale signature; ``facture.signer`` ends it.
    """

    mode: ModeSecurisation = ModeSecurisation.SESAM_VITALE
    beneficiaire: BeneficiaireDemande = BeneficiaireDemande()
    prestations: Annotated[tuple[PrestationDemandee, ...], Field(min_length=1)]
    tiers_payant: TiersPayant = TiersPayant()
    complementaire: ComplementaireDemandee = ComplementaireDemandee()
    parcours: str = Field(default="T", description="indicateur de parcours de soins")
    nature_assurance: str = "10"
    prescription: Prescription | None = None
    date_elaboration: DateIso | None = None
    numero: str | None = Field(default=None, description="numéro imposé, 9 chiffres ; à défaut le LPS numérote")
    code_porteur: str | None = Field(default=None, repr=False)
    reponses: dict[str, str] = Field(default_factory=dict, description="réponses aux questions du LPS")


class Montants(Message):
    total: Centimes
    amo: Centimes
    amc: Centimes
    assure: Centimes


class FactureRendue(Message):
    """The state of an invoice as the LPS sees it. ``statut``: a_signer, securisee, en_lot, transmise, acquittee,
    lot_rejete, payee, rejetee, archivee, supprimee."""

    type: TypeFacture
    numero: str
    mode: ModeSecurisation
    statut: str
    montants: Montants
    lot: str = ""
    motif_rejet: str = ""
    montant_paye: Centimes | None = None
    support_droits: str = Field(default="", description="support de droits AMO : carte_vitale, adr, saisie")


class FacturesRendues(Reponse):
    factures: tuple[FactureRendue, ...] = ()


class FactureSigner(Message):
    """Second phase of the desynchronised mode: the CPS signs (cdc §4.2.1.15). Empty: all that wait."""

    numeros: tuple[str, ...] = ()
    code_porteur: str | None = Field(default=None, repr=False)


class FactureLister(Message):
    """Invoices known to the workstation (cdc §4.2.1.13, « doublons »)."""

    statut: str | None = None


class FactureSupprimer(Message):
    numero: str


# --- Lots, files, transmission, returns -----------------------------------------------------------------
class LotConstituer(Message):
    """Builds and secures the lots of all secured invoices (cdc §4.2.1.16.1)."""

    code_porteur: str | None = Field(default=None, repr=False)


class LotLister(Message):
    reference: str | None = None


class LotRendu(Message):
    """The state of a lot. ``statut``: a_transmettre, transmis, acquitte, rejete, archive, remplace."""

    reference: str
    type: TypeFacture
    mode: ModeSecurisation
    statut: str
    factures: tuple[str, ...]
    destinataire: str = ""
    code_rejet: str = ""
    facture_en_cause: str = ""
    remplace: str = Field(default="", description="référence du lot que celui-ci remplace")


class LotsRendus(Reponse):
    lots: tuple[LotRendu, ...] = ()


class LotReemettre(Message):
    """After a negative ARL: sends a lot again as it was, or rebuilds it without some invoices (cdc §3.3.1.2)."""

    reference: str
    sans_factures: tuple[str, ...] = ()
    code_porteur: str | None = Field(default=None, repr=False)


class LotExporter(Message):
    """Saves a lot to a file of the operating system, for analysis (cdc §3.3.1.2)."""

    reference: str


class FichierExporte(Reponse):
    contenu_base64: str = ""
    nom: str = ""


class FichierConstituer(Message):
    """Builds the files of the lots not yet sent (cdc §4.2.1.16.2)."""


class FichierRendu(Message):
    """A file. ``type``: MIXTE when it holds lots of FSE and of DRE, for a concentrator (annexe5 §4.2)."""

    numero: str
    type: TypeFacture | Literal["MIXTE"]
    destinataire: str
    lots: tuple[str, ...]
    statut: str = "a_transmettre"


class FichiersRendus(Reponse):
    fichiers: tuple[FichierRendu, ...] = ()


class TransmissionEnvoyer(Message):
    """Encrypts, wraps and sends the files waiting (cdc §4.2.4)."""


class MessageEnvoye(Message):
    sujet: str
    destinataire: str
    fichier: str
    statut: Literal["accepte", "refuse", "reporte"]
    detail: str = ""


class Transmission(Reponse):
    messages: tuple[MessageEnvoye, ...] = ()


class RetoursRelever(Message):
    """Collects the returns and reconciles them (cdc §4.2.2)."""


class RetourTraite(Message):
    """One return as the LPS understood it. ``nature``: ARL, RSP, SERVICE, ART, INCONNU."""

    nature: str
    resume: str
    lot: str = ""
    facture: str = ""
    positif: bool | None = None
    code: str = ""
    montant: Centimes | None = None
    message_origine: str = Field(default="", description="sujet du message émis auquel répond un message de service")
    rapproche: bool = True


class Retours(Reponse):
    retours: tuple[RetourTraite, ...] = ()


# --- Follow-up: optional operations, each tied to a declared capability ---------------------------------
class AbsenceDeclarer(Message):
    """An absence of the PS, both days included: legal delays may not run meanwhile (cdc §3.3.1.2)."""

    du: DateIso
    au: DateIso


class EcheancesLister(Message):
    """What must be sent, or sent again, and by when (cdc §3.2.10.3, §3.3.1.2, §3.4.1.2)."""


class Echeance(Message):
    """One deadline. ``limite``: last day on which it is still met; ``reference``: invoice number or lot reference."""

    objet: Literal["facture", "lot"]
    reference: str
    type: TypeFacture
    motif: Literal["paiement_direct", "dispense_avance", "arl_negatif", "sans_arl"]
    limite: DateIso
    depassee: bool
    prevenir_organisme: bool = False


class Echeances(Reponse):
    echeances: tuple[Echeance, ...] = ()


class VirementReleve(Message):
    """A line of the PS's bank statement."""

    date: DateIso
    montant: Centimes


class RapprochementBancaire(Message):
    """Holds bank transfers against the payments that returns announced (cdc §3.3.2)."""

    virements: tuple[VirementReleve, ...]


class VirementRapproche(Message):
    """A transfer and what makes it up. ``ecart``: received less announced; ``inconnu``: nothing announces it."""

    date: DateIso
    montant: Centimes
    statut: Literal["rapproche", "ecart", "inconnu"]
    ecart: Centimes = 0
    organisme: str = ""
    factures: tuple[str, ...] = ()


class Rapprochement(Reponse):
    """``attendus``: payments announced that no transfer of the statement brings."""

    virements: tuple[VirementRapproche, ...] = ()
    attendus: tuple[VirementReleve, ...] = ()


class ReclamationLister(Message):
    """Invoices that may give rise to a claim, and claims already made (cdc §2.2.4.3)."""


class FactureReclamable(Message):
    """``etat``: rejete, anomalie or en_cours; ``reclamable``: whether a claim may be made today."""

    type: TypeFacture
    numero: str
    etat: Literal["rejete", "anomalie", "en_cours"]
    reclamable: bool


class RapportReclamation(Message):
    """``statut``: a_transmettre, transmis, recu (by the infrastructure), irregulier, non_remis."""

    numero: str
    facture: str
    type: TypeFacture
    etat: str
    statut: str


class Reclamations(Reponse):
    factures: tuple[FactureReclamable, ...] = ()
    rapports: tuple[RapportReclamation, ...] = ()


class ReclamationCreer(Message):
    """Makes the claim report of an invoice; the FSE and the DRE of that number without ``type``."""

    numero: str
    type: TypeFacture | None = None


class ReclamationTransmettre(Message):
    """Sends the claim reports that wait."""


class ReferentielCharger(Message):
    """Loads a version of the repository of health professionals; it replaces the one in use when it is newer.

    ``contenu_base64``: UTF-8 text, fields separated by ``;``: a line ``REFERENTIEL;AAAAMMJJ``, a line
    ``rpps;numero;specialite;nom;prenom``, one line a professional (norms/referentiel.py).
    """

    contenu_base64: str


class EtatReferentiel(Reponse):
    """``version`` in use after the operation, AAAAMMJJ."""

    version: str = ""


class PrescripteurChercher(Message):
    """Finds a prescriber in the repository (cdc §4.1.2)."""

    rpps: Annotated[str, Field(pattern=r"^[0-9]{11}$")]


class PrescripteurTrouve(Reponse):
    rpps: str = ""
    numero: str = ""
    specialite: str = ""
    nom: str = ""
    prenom: str = ""
    version: str = Field(default="", description="version du référentiel dont viennent ces données")


class OppositionsActiver(Message):
    """Turns the opposition list on or off on this workstation (cdc §3.2.3.2)."""

    active: bool


class OppositionsConsulter(Message):
    """The references of the list in force, at any time (cdc §4.2.6.3)."""


class OppositionsActualiser(Message):
    """Asks the distributor for what follows the list held, and applies what has come."""


class EtatOppositions(Reponse):
    """``numero``: list in force, 0 for none; ``date`` of its last increment, ``recue_le`` day it came, ISO; ``cartes``:
    how many cards it holds; ``en_attente``: increments kept until ``manquants`` come; ``boite``: mailbox it comes by.
    """

    active: bool = False
    numero: int = 0
    date: str = ""
    recue_le: str = ""
    cartes: int = 0
    en_attente: tuple[int, ...] = ()
    manquants: tuple[int, ...] = ()
    boite: str = ""


class AuRevoir(Message):
    pass


class JournalEcrit(Reponse):
    """Answer of ``au_revoir``; the adapter then ends by itself."""

    detail: dict[str, Any] = Field(default_factory=dict)


OPERATIONS: dict[str, Operation] = {
    o.nom: o
    for o in (
        Operation("bonjour", Bonjour, Presentation, "Présentation, version, opérations et profil déclarés."),
        Operation(
            "poste.demarrer",
            PosteDemarrer,
            Reponse,
            "Démarre le poste de travail dans un dossier vierge ou repris.",
        ),
        Operation("poste.horloge", PosteHorloge, Reponse, "Donne l'heure virtuelle."),
        Operation("ps.lire", PsLire, PsLu, "Lit la carte du professionnel de santé."),
        Operation(
            "beneficiaire.lire",
            BeneficiaireLire,
            DroitsLus,
            "Acquiert les droits sur le support du bénéficiaire.",
        ),
        Operation(
            "facture.elaborer",
            FactureElaborer,
            FacturesRendues,
            "Élabore, met en forme et sécurise FSE et DRE.",
        ),
        Operation("facture.signer", FactureSigner, FacturesRendues, "Seconde phase du mode désynchronisé."),
        Operation("facture.lister", FactureLister, FacturesRendues, "Visualise les factures du poste."),
        Operation("facture.supprimer", FactureSupprimer, FacturesRendues, "Supprime une facture en attente."),
        Operation("lot.constituer", LotConstituer, LotsRendus, "Constitue et sécurise les lots."),
        Operation("lot.lister", LotLister, LotsRendus, "Visualise les lots."),
        Operation("lot.reemettre", LotReemettre, LotsRendus, "Réémet ou reconstitue un lot rejeté."),
        Operation("lot.exporter", LotExporter, FichierExporte, "Enregistre un lot dans un fichier."),
        Operation("fichier.constituer", FichierConstituer, FichiersRendus, "Constitue les fichiers à transmettre."),
        Operation(
            "transmission.envoyer",
            TransmissionEnvoyer,
            Transmission,
            "Transmet les fichiers en attente.",
            60.0,
        ),
        Operation("retours.relever", RetoursRelever, Retours, "Relève et rapproche les retours.", 60.0),
        Operation("absence.declarer", AbsenceDeclarer, Reponse, "Déclare une période d'absence du PS."),
        Operation("echeances.lister", EcheancesLister, Echeances, "Donne les délais de transmission et de réémission."),
        Operation(
            "rapprochement.bancaire",
            RapprochementBancaire,
            Rapprochement,
            "Rapproche les virements du relevé bancaire et les paiements annoncés.",
        ),
        Operation("reclamation.lister", ReclamationLister, Reclamations, "Visualise factures réclamables et rapports."),
        Operation("reclamation.creer", ReclamationCreer, Reclamations, "Crée le rapport de réclamation d'une facture."),
        Operation(
            "reclamation.transmettre",
            ReclamationTransmettre,
            Transmission,
            "Transmet les rapports de réclamation en attente.",
            60.0,
        ),
        Operation("droits.acquerir", DroitsAcquerir, DroitsAcquis, "Demande à ADR les droits d'un bénéficiaire."),
        Operation("referentiel.charger", ReferentielCharger, EtatReferentiel, "Charge une version du référentiel PS."),
        Operation(
            "prescripteur.chercher",
            PrescripteurChercher,
            PrescripteurTrouve,
            "Cherche un prescripteur au référentiel PS.",
        ),
        Operation(
            "oppositions.activer", OppositionsActiver, EtatOppositions, "Active ou désactive la liste d'opposition."
        ),
        Operation(
            "oppositions.consulter", OppositionsConsulter, EtatOppositions, "Montre les références de la liste active."
        ),
        Operation(
            "oppositions.actualiser",
            OppositionsActualiser,
            EtatOppositions,
            "Demande les incréments et applique ceux qui sont arrivés.",
            60.0,
        ),
        Operation("au_revoir", AuRevoir, JournalEcrit, "Fin de session."),
    )
}
