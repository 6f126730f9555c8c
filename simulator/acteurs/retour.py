"""A return on its way to the PS: what is sent, and what the journal says of it."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from simulator.acteurs.organismes import Organisme
from simulator.messagerie.retours import Composteur


@dataclass(frozen=True, slots=True)
class Annonce:
    """What the journal says of a return (seam 5, ``retours``)."""

    acteur: str
    nature: Literal["ARL", "RSP", "SERVICE", "DSN", "ART", "DLOI", "TABLE"]
    lot: str = ""
    facture: str = ""
    positif: bool = True
    code: str = ""
    libelle: str = ""
    factures: tuple[dict[str, Any], ...] = ()
    lots: tuple[str, ...] = ()
    relais: str = ""

    def relayed(self, oct_: str) -> Annonce:
        """The same return, passed on by a concentrator (annexe5 §5.1)."""
        return replace(self, relais=oct_)

    def donnees(self) -> dict[str, Any]:
        return asdict(self) | {"factures": list(self.factures), "lots": list(self.lots)}


class Retour(Protocol):
    """Builds the bytes of a return, once its addressee and its stamp are known."""

    def __call__(self, destinataire: str, composteur: Composteur) -> bytes: ...


class Facteur(Protocol):
    """Sends returns: ``adresse`` is the PS's, as its message gave it."""

    def send(self, organisme: Organisme, adresse: str, retour: Retour, annonce: Annonce) -> None: ...


class Annonces:
    """The announcement of the return that this thread is depositing, so that the deposit event carries it."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def courante(self) -> Annonce | None:
        annonce: Annonce | None = getattr(self._local, "annonce", None)
        return annonce

    def set(self, annonce: Annonce | None) -> None:
        """Sets the announcement of the deposits to come, None after them."""
        self._local.annonce = annonce
