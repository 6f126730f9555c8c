"""Supplied services as an LPS calls them: JSON-RPC 2.0 over HTTP (``POST /rpc``, bearer token).

The functions, their order and their return codes are those of the SSV (formats.md §1); the JSON form is ours
(``hypothese``): the real interface is a C library whose zones are binary. A function that fails answers a
``code_retour`` other than ``0000`` and no data; a JSON-RPC error means that the call itself was malformed.
Binary contents (records, signed invoices, lots) travel in base64.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from norms.contrat.base import Message, ModeSecurisation, Operation, TypeFacture

Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
CodePorteur = Annotated[str, Field(max_length=12)]


class GroupeDonnees(Message):
    """A data group: its number, and its fields in the order of the norm (all text, empty when absent)."""

    groupe: Annotated[int, Field(ge=1, le=65535)]
    champs: tuple[str, ...] = ()


class Vide(Message):
    """No parameter."""


class Retour(Message):
    """What every service function answers: four hexadecimal digits, ``0000`` when it worked, and a label."""

    code_retour: str = Field(default="0000", pattern=r"^[0-9A-F]{4}$")
    libelle: str = ""


class RetourGroupes(Retour):
    groupes: tuple[GroupeDonnees, ...] = ()


class LireCartePs(Message):
    """cdc §4.2.1.2.1; ``code_porteur`` may be omitted once the card has been opened and stays powered."""

    ressource_ps: str = "ps"
    code_porteur: CodePorteur | None = Field(default=None, repr=False)


class LireDroitsVitale(Message):
    """cdc §4.2.1.3; the CPS must be present and open for the rights zones (§2.2.1.2.1)."""

    ressource_ps: str = "ps"
    ressource_vitale: str = "vitale"
    code_porteur: CodePorteur | None = Field(default=None, repr=False)
    date_consultation: str = Field(description="AAAAMMJJ")


class FormaterFacture(Message):
    """Checks and formats one invoice (cdc §4.2.1.13): groups 1110 to 1610 in, B2 records out."""

    type: TypeFacture
    mode: ModeSecurisation
    groupes: tuple[GroupeDonnees, ...]


class FactureMiseEnForme(Retour):
    """``facture``: the B2 records of one invoice; ``critere_lot`` once it is wholly secured."""

    facture: Base64 = ""
    critere_lot: str = ""


class ChiffrerFacture(Message):
    """Encrypts the sensitive data for the invoice's recipient (cdc §3.2.9.2)."""

    facture: Base64


class SignerFactureVitale(Message):
    """``ressource_ps``: reader of the PS's card, which must be there in SESAM-Vitale mode (cdc §3.2.9.1, §4.1.2)."""

    ressource_ps: str = "ps"
    ressource_vitale: str = "vitale"
    facture: Base64


class SignerFacturePs(Message):
    ressource_ps: str = "ps"
    code_porteur: CodePorteur | None = Field(default=None, repr=False)
    numero_situation: str = "1"
    facture: Base64


class FormaterLot(Message):
    """Formats and secures one lot (cdc §4.2.1.16.1). The first lot of a series needs the code porteur;
    ``fin_de_serie`` closes the series, during which no other card function answers (0008)."""

    ressource_ps: str = "ps"
    code_porteur: CodePorteur | None = Field(default=None, repr=False)
    reference: str = Field(description="001-999 (FSE) ou AAA-ZZZ (DRE)")
    date: str = Field(description="AAAAMMJJ")
    numero_agrement: str = ""
    factures: tuple[Base64, ...]
    fin_de_serie: bool = False


class LotForme(Retour):
    """``lot``: records 1 to 6 with its signature; groups 13 (FSE) or 93 (DRE): file criterion, addressing."""

    lot: Base64 = ""
    critere_fichier: str = ""
    groupes: tuple[GroupeDonnees, ...] = ()


class FormaterFichier(Message):
    """Header and end of a file (cdc §4.2.1.16.2): groups 12 and 14 in; no card needed (§3.2.10.2)."""

    critere_fichier: str
    groupes: tuple[GroupeDonnees, ...]


class FichierForme(Retour):
    """Records 000 and 999 to put around the lots."""

    entete: Base64 = ""
    fin: Base64 = ""


class TraduireArl(Message):
    """Translates an ARL file, opaque to the LPS (cdc §4.2.2.1)."""

    fichier: Base64


class DemanderAuthentification(Message):
    """Asks the user of the ApCV held out to authenticate (cdc §4.2.1.1). ``hypothese``: form of these messages."""

    ressource_ps: str = "ps"
    code_porteur: CodePorteur | None = Field(default=None, repr=False)


class IdentiteApcv(Message):
    """One dematerialised individual card of the context: identity only, no rights (cdc §2.2.1.2.2)."""

    nom: str
    prenom: str
    naissance: str
    rang: str


class ContexteApcv(Retour):
    """An ApCV context. ``fin_validite``: ISO 8601 with its offset; after it nothing can be signed."""

    contexte: str = ""
    fin_validite: str = ""
    nir_assure: str = ""
    cle_assure: str = ""
    regime: str = ""
    caisse: str = ""
    centre: str = ""
    identites: tuple[IdentiteApcv, ...] = ()


class InterrogerAdr(Message):
    """Rights of one person (cdc §2.2.1.3): the ``numero``-th of an ApCV context, or, without a context, the one that
    the NIR of the insured person (13 characters) and his own date (AAAAMMJJ) and rank of birth identify.

    The card of the PS must be there and open: exemptions are for health professionals alone (cdc §4.2.1.3, note 21).
    """

    ressource_ps: str = "ps"
    code_porteur: CodePorteur | None = Field(default=None, repr=False)
    contexte: str = ""
    numero: Annotated[int, Field(ge=1, le=99)] = 1
    nir: Annotated[str, Field(pattern=r"^([0-9]{6}[0-9AB][0-9]{6})?$")] = ""
    naissance: Annotated[str, Field(pattern=r"^([0-9]{8})?$")] = ""
    rang: Annotated[str, Field(pattern=r"^[0-9]?$")] = ""
    date_consultation: str = Field(description="AAAAMMJJ")


class RetourAdr(RetourGroupes):
    """Groups 101 to 108 as a card would give them, without the card's own data (type, serial number, validity), the
    AMC zone and the Alsace-Moselle mark; and what no card says: natures of proof and AME (cdc §2.2.1.3).
    """

    nature_piece_amo: str = ""
    nature_piece_amc: str = ""
    ame_debut: str = Field(default="", description="AAAAMMJJ, vide sans aide médicale d'État")
    ame_fin: str = ""


class CalculerEmpreinte(Message):
    """The hash that the ApCV signs in the place of a card."""

    facture: Base64


class Empreinte(Retour):
    empreinte: str = Field(default="", description="SHA-256, hexadécimal")


class SignerEmpreinte(Message):
    contexte: str
    empreinte: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SignatureApcv(Retour):
    signature: Base64 = ""


class AjouterSignature(Message):
    """Puts the signature of an ApCV into the invoice."""

    facture: Base64
    signature: Base64


class CertificatPublie(Message):
    """A certificate of the directory (PEM). ``usage``: chiffrement_piece_jointe for mail (cdc §3.2.9.4)."""

    usage: str
    porteur: str
    adresse: str = ""
    pem: str


class CrlPubliee(Message):
    niveau: str
    der: Base64


class AnnuaireCertificats(Message):
    certificats: tuple[CertificatPublie, ...]
    autorites: tuple[str, ...] = Field(default=(), description="PEM, racine en premier")
    crl: tuple[CrlPubliee, ...] = ()


class LecteurDecrit(Message):
    """One slot of the workstation: the name to give as a resource, the device, what it takes, what is in it."""

    ressource: str
    nom: str
    nature: Literal["sesam_vitale", "pcsc"]
    support: Literal["ps", "vitale"]
    clavier: bool = Field(description="le code porteur peut s'y saisir")
    carte: Literal["absente", "ps", "vitale", "inconnue"]


class RetourLecteurs(Retour):
    lecteurs: tuple[LecteurDecrit, ...] = ()


class LireDateLecteur(Retour):
    date_heure: str = Field(default="", description="AAAAMMJJHHMMSS")


SERVICES: dict[str, Operation] = {
    o.nom: o
    for o in (
        Operation("ssv.init_lib", Vide, Retour, "Initialise les services ; obligatoire avant tout autre appel."),
        Operation("ssv.term_lib", Vide, Retour, "Termine l'utilisation des services."),
        Operation("ssv.lire_config", Vide, RetourGroupes, "Configuration des composants (groupes 60 à 64)."),
        Operation("ssv.lire_carte_ps", LireCartePs, RetourGroupes, "Lit la carte du PS (groupes 1 et 2)."),
        Operation(
            "ssv.lire_droits_vitale",
            LireDroitsVitale,
            RetourGroupes,
            "Lit la carte Vitale (groupes 101 à 111).",
        ),
        Operation("ssv.lire_date_lecteur", Vide, LireDateLecteur, "Date et heure du lecteur."),
        Operation("ssv.lister_lecteurs", Vide, RetourLecteurs, "Lecteurs du poste et nature des cartes présentes."),
        Operation(
            "ssv.formater_facture",
            FormaterFacture,
            FactureMiseEnForme,
            "Contrôle et met en forme une facture.",
        ),
        Operation("ssv.chiffrer_facture", ChiffrerFacture, FactureMiseEnForme, "Chiffre les données sensibles."),
        Operation(
            "ssv.signer_facture_vitale",
            SignerFactureVitale,
            FactureMiseEnForme,
            "Signe avec la carte Vitale.",
        ),
        Operation("ssv.signer_facture_ps", SignerFacturePs, FactureMiseEnForme, "Signe avec la carte du PS."),
        Operation("ssv.formater_lot", FormaterLot, LotForme, "Met en forme et sécurise un lot."),
        Operation("ssv.formater_fichier", FormaterFichier, FichierForme, "En-tête et fin de fichier."),
        Operation("ssv.traduire_arl", TraduireArl, RetourGroupes, "Traduit un fichier d'ARL."),
        Operation(
            "apcv.demander_authentification",
            DemanderAuthentification,
            ContexteApcv,
            "Demande l'authentification de l'utilisateur de l'ApCV.",
        ),
        Operation("apcv.signer_empreinte", SignerEmpreinte, SignatureApcv, "Signe une empreinte avec l'ApCV."),
        Operation("adr.interroger", InterrogerAdr, RetourAdr, "Droits en ligne (groupes 101 à 108, AME)."),
        Operation("ssv.calculer_empreinte", CalculerEmpreinte, Empreinte, "Empreinte à faire signer par l'ApCV."),
        Operation(
            "ssv.ajouter_signature",
            AjouterSignature,
            FactureMiseEnForme,
            "Place la signature de l'ApCV dans la facture.",
        ),
        Operation("annuaire.certificats", Vide, AnnuaireCertificats, "Certificats et listes de révocation."),
    )
}
