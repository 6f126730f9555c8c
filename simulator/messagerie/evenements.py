"""What the mail network saw, as frozen events.

Each event knows its ``nature`` (simulator.evenements) and gives JSON-like ``donnees()``; the world wires
``emettre=lambda e: journal.emettre(e.nature, e.donnees(), e.preuve)``. No password, no peer port and no wall-clock
time ever appear in them: two runs of the same scenario give the same events. Events of one nature keep their order;
the order between the SMTP thread and the processing thread is not fixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from simulator.evenements import Nature

Protocole: TypeAlias = Literal["smtp", "pop3"]
Echange: TypeAlias = tuple[str, str]


class EvenementMessagerie(Protocol):
    """What ``emettre`` receives."""

    @property
    def nature(self) -> Nature: ...

    @property
    def preuve(self) -> str: ...

    def donnees(self) -> dict[str, Any]: ...


Emettre: TypeAlias = Callable[[EvenementMessagerie], None]


def ignore_event(evenement: EvenementMessagerie) -> None:
    """An ``emettre`` for whoever doesn't look at events."""


@dataclass(frozen=True, slots=True)
class DestinataireDsn:
    """What RCPT TO asked about delivery reports for one recipient (public: RFC 3461 §4.1, §4.2)."""

    adresse: str
    notify: tuple[str, ...] = ()
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class ParametresDsn:
    """Delivery-report parameters of a transaction (public: RFC 3461 §4); empty when the client gave none."""

    ret: str = ""
    envid: str = ""
    destinataires: tuple[DestinataireDsn, ...] = ()

    def notify(self, adresse: str) -> tuple[str, ...]:
        """NOTIFY keywords asked for ``adresse``; empty when none were given."""
        return next((d.notify for d in self.destinataires if d.adresse.lower() == adresse.lower()), ())

    def donnees(self) -> dict[str, Any]:
        return {
            "ret": self.ret,
            "envid": self.envid,
            "destinataires": [
                {"adresse": d.adresse, "notify": list(d.notify), "orcpt": d.orcpt} for d in self.destinataires
            ],
        }


@dataclass(frozen=True, slots=True)
class MessageRecu:
    """A message accepted with 250: envelope, delivery-report parameters, bytes exactly as received.

    ``numero`` orders the messages of the run; ``instant`` is virtual time (ISO 8601); ``preuve`` is the path of the
    ``.eml`` relative to the evidence folder, empty when evidence is in memory only.
    """

    nature: ClassVar[Nature] = "message_recu"
    numero: int
    instant: str
    session: int
    expediteur: str
    destinataires: tuple[str, ...]
    brut: bytes = field(repr=False)
    dsn: ParametresDsn = ParametresDsn()
    authentifie: str = ""
    tls: bool = False
    preuve: str = ""

    def donnees(self) -> dict[str, Any]:
        return {
            "numero": self.numero,
            "instant": self.instant,
            "session": self.session,
            "expediteur": self.expediteur,
            "destinataires": list(self.destinataires),
            "dsn": self.dsn.donnees(),
            "authentifie": self.authentifie,
            "tls": self.tls,
            "taille": len(self.brut),
            "sha256": hashlib.sha256(self.brut).hexdigest(),
        }


@dataclass(frozen=True, slots=True)
class MessageDepose:
    """A return put into a mailbox."""

    nature: ClassVar[Nature] = "retour_depose"
    boite: str
    uid: str
    taille: int
    sha256: str
    preuve: str = ""

    def donnees(self) -> dict[str, Any]:
        return {"boite": self.boite, "uid": self.uid, "taille": self.taille, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class MessageReleve:
    """A message wholly sent to the client by RETR, or deleted from the mailbox at QUIT (``action``)."""

    nature: ClassVar[Nature] = "retour_releve"
    boite: str
    uid: str
    session: int
    action: Literal["lu", "supprime"] = "lu"
    preuve: str = ""

    def donnees(self) -> dict[str, Any]:
        return {"boite": self.boite, "uid": self.uid, "session": self.session, "action": self.action}


@dataclass(frozen=True, slots=True)
class _Session:
    nature: ClassVar[Nature] = "smtp"
    session: int
    preuve: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class ConnexionSmtp(_Session):
    """A client connected to the SMTP port."""

    def donnees(self) -> dict[str, Any]:
        return {"evenement": "connexion", "session": self.session}


@dataclass(frozen=True, slots=True)
class SessionSmtp(_Session):
    """An SMTP session ended. ``echanges``: (command without secrets, reply), at most 500; ``fin``: how it ended."""

    echanges: tuple[Echange, ...]
    fin: str

    def donnees(self) -> dict[str, Any]:
        return {
            "evenement": "session",
            "session": self.session,
            "echanges": [list(e) for e in self.echanges],
            "fin": self.fin,
        }


@dataclass(frozen=True, slots=True)
class RefusSmtp(_Session):
    """The server answered 4xx or 5xx. ``injecte``: the answer was ordered by a fault, not deserved by the client."""

    verbe: str
    reponse: str
    injecte: bool = False

    def donnees(self) -> dict[str, Any]:
        return {
            "evenement": "refus",
            "session": self.session,
            "verbe": self.verbe,
            "reponse": self.reponse,
            "injecte": self.injecte,
        }


@dataclass(frozen=True, slots=True)
class ConnexionPop3:
    """A client connected to the POP3 port."""

    nature: ClassVar[Nature] = "pop3"
    preuve: ClassVar[str] = ""
    session: int

    def donnees(self) -> dict[str, Any]:
        return {"evenement": "connexion", "session": self.session}


@dataclass(frozen=True, slots=True)
class SessionPop3:
    """A POP3 session ended; ``boite`` is empty when nobody logged in."""

    nature: ClassVar[Nature] = "pop3"
    preuve: ClassVar[str] = ""
    session: int
    boite: str
    echanges: tuple[Echange, ...]
    fin: str

    def donnees(self) -> dict[str, Any]:
        return {
            "evenement": "session",
            "session": self.session,
            "boite": self.boite,
            "echanges": [list(e) for e in self.echanges],
            "fin": self.fin,
        }


@dataclass(frozen=True, slots=True)
class ReseauChange:
    """The network went down (``actif`` False) or came back."""

    nature: ClassVar[Nature] = "reseau"
    preuve: ClassVar[str] = ""
    actif: bool

    def donnees(self) -> dict[str, Any]:
        return {"actif": self.actif}


@dataclass(frozen=True, slots=True)
class PanneInjectee:
    """A fault of the test took effect: what the LPS then sees is ordered, not ours to blame on it."""

    nature: ClassVar[Nature] = "reseau"
    preuve: ClassVar[str] = ""
    panne: str
    protocole: str
    detail: str

    def donnees(self) -> dict[str, Any]:
        return {"panne": self.panne, "protocole": self.protocole, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class ErreurBanc:
    """Something of ours broke (never the LPS's fault): the run must end as a bench error."""

    nature: ClassVar[Nature] = "erreur_banc"
    preuve: ClassVar[str] = ""
    ou: str
    message: str

    def donnees(self) -> dict[str, Any]:
        return {"ou": self.ou, "message": self.message}


@dataclass(frozen=True, slots=True)
class PannePreuves(ErreurBanc):
    """Evidence couldn't be written (disk full, folder gone): a bench error."""
