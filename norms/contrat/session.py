"""Adapter protocol: the session, the profile an adapter declares, the workstation and its settings (cdc §4.2.6)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from norms.contrat.base import Message, ModeSecurisation
from norms.contrat.commun import Reponse

#: Of the adapter protocol; docs/protocole.md says when it changes.
VERSION = "1.2"


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


class AuRevoir(Message):
    pass


class JournalEcrit(Reponse):
    """Answer of ``au_revoir``; the adapter then ends by itself."""

    detail: dict[str, Any] = Field(default_factory=dict)
