"""Adapter protocol: what is billed, and the invoices that come of it (cdc §3.2, §4.2.1.4 to §4.2.1.15)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from norms.contrat.base import Message, ModeSecurisation, TypeFacture
from norms.contrat.commun import Centimes, DateIso, Reponse


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
    annulation: bool = Field(default=False, description="DRE d'annulation de la part complémentaire de ce numéro")


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


class DreAnnuler(Message):
    """Makes and secures the cancellation of an AMC part already sent (cdc §3.2.3.5.3, §4.2.1.14).

    By a DRE, or by a FSE that a concentrator splits. The cancellation bears the number of what it cancels (cdc §6).
    """

    numero: str | None = Field(
        default=None, description="numéro de la DRE à annuler, ou de la FSE éclatée par un OCT ; absent, le LPS refuse"
    )
    motif: Literal["destinataire", "assure_amc", "prestation", "rejet_amo"] = Field(
        description="mauvais destinataire ; erreur d'identification de l'assuré AMC ; prestation changée, bénéficiaire "
        "présent ; FSE rejetée par l'AMO"
    )
    mode: ModeSecurisation = Field(
        default=ModeSecurisation.SESAM_VITALE, description="celui de la facture d'origine, ou DEGRADE"
    )
    code_porteur: str | None = Field(default=None, repr=False)
