"""Adapter protocol: follow-up, optional operations, each tied to a declared capability."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from norms.contrat.base import Message, TypeFacture
from norms.contrat.commun import Centimes, DateIso, Reponse


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
