"""What every answer of the adapter protocol carries. Amounts are integer centimes, dates ISO text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from norms.contrat.base import Message

DateIso = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Centimes = int


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
