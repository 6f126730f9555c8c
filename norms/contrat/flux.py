"""Adapter protocol: lots, files, transmission, returns (cdc §4.2.1.16, §4.2.2, §4.2.4)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from norms.contrat.base import Message, ModeSecurisation, TypeFacture
from norms.contrat.commun import Centimes, Reponse


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
