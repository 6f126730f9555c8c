"""From insurers to the PS's mailbox, and from mail events to the journal."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from norms.contrat.ports import Horloge
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.retour import Annonce, Annonces, Retour
from simulator.evenements import Journal
from simulator.messagerie.boites import Boites
from simulator.messagerie.evenements import (
    ConnexionPop3,
    ConnexionSmtp,
    EvenementMessagerie,
    MessageDepose,
    MessageRecu,
    PanneInjectee,
    SessionPop3,
    SessionSmtp,
)
from simulator.messagerie.mime import header, read_structure
from simulator.messagerie.retours import Composteur
from simulator.pannes.guichet import Depot, Guichet

#: How much of a message is read for its Subject.
MAX_ENTETES = 65_536


class Courrier:
    """Sends returns (``Facteur``) and translates mail events (seam 5)."""

    def __init__(self, journal: Journal, horloge: Horloge, adresse_ps: str, dossier: str) -> None:
        self._journal, self._horloge, self._adresse_ps, self._dossier = journal, horloge, adresse_ps, dossier
        self._annonces = Annonces()
        self._boites: Boites | None = None
        self._guichet: Guichet | None = None
        self._deja_deposes = 0
        self._sessions: set[tuple[str, int]] = set()
        self._repos = threading.Condition()
        self._composteurs: dict[str, Composteur] = {}
        self._compteurs: dict[str, int] = {}

    def attach(self, boites: Boites, guichet: Guichet) -> None:
        """Gives the mailboxes and the way to them, once they exist."""
        self._boites, self._guichet = boites, guichet

    def send(self, organisme: Organisme, adresse: str, retour: Retour, annonce: Annonce) -> None:
        """Builds a return and sends it on its way; a sender without a mailbox here is answered in the PS's mailbox."""
        assert self._guichet is not None  # noqa: S101 - attached before anything runs
        destinataire = self.mailbox_of(adresse)
        composteur = self.composteur(organisme.numero, organisme.adresse)
        self._guichet.put(Depot(destinataire, retour(destinataire, composteur), annonce))

    def deposit(self, depot: Depot) -> None:
        """Puts a return into the mailbox, unless it is there since before a crash."""
        assert self._boites is not None  # noqa: S101 - attached before anything runs
        if self._deja_deposes:
            self._deja_deposes -= 1
            return
        self._annonces.set(depot.annonce)
        try:
            self._boites.deposit(depot.destinataire, depot.brut)
        finally:
            self._annonces.set(None)

    def mailbox_of(self, adresse: str) -> str:
        """Where a sender reads its answers."""
        assert self._boites is not None  # noqa: S101 - attached before anything runs
        return adresse if adresse in self._boites else self._adresse_ps

    # --- stamps -----------------------------------------------------------------------------------------------
    def composteur(self, numero: str, adresse: str, premier: int = 0) -> Composteur:
        """The stamps of one sender; ``premier``: where its counter starts in a new world."""
        if numero not in self._composteurs:
            domaine = adresse.rpartition("@")[2]
            self._composteurs[numero] = Composteur(self._horloge, domaine, self._compteurs.get(numero, premier))
        return self._composteurs[numero]

    @property
    def compteurs(self) -> dict[str, int]:
        """How far each sender's stamps went."""
        return self._compteurs | {numero: c.compteur for numero, c in self._composteurs.items()}

    def forget_deposited(self) -> None:
        """What a message had left in mailboxes before a crash concerns it alone."""
        self._deja_deposes = 0

    def resume(self, compteurs: Mapping[str, int], deja_deposes: int) -> None:
        """Goes on after a crash: stamps, and returns of the message under way that were already deposited."""
        self._compteurs, self._deja_deposes = dict(compteurs), deja_deposes

    def note(self, evenement: EvenementMessagerie) -> None:
        """The journal's form of a mail event."""
        donnees, preuve = evenement.donnees(), self.evidence(evenement.preuve)
        if "evenement" in donnees:
            donnees = {"nature": donnees["evenement"], **donnees}
        if isinstance(evenement, MessageDepose):
            annonce = self._annonces.courante
            details = annonce.donnees() if annonce is not None else {"acteur": "", "nature": "AUTRE"}
            depot = {"uid": evenement.uid, "destinataire": evenement.boite, "eml": preuve}
            donnees = {**donnees, **details, **depot}
        self._journal.emettre(evenement.nature, donnees, preuve)
        if isinstance(evenement, MessageRecu):
            self._journal.emettre("smtp", _as_message(evenement, preuve), preuve)
        self._follow(evenement)

    def evidence(self, preuve: str) -> str:
        """The path of a piece of evidence of the mail network, from the evidence folder of the world."""
        return f"{self._dossier}/{preuve}" if preuve else ""

    # --- sessions ---------------------------------------------------------------------------------------------
    def wait_sessions(self, delai_s: float) -> bool:
        """Waits for the end of the mail sessions under way, so that their events belong to the present step."""
        with self._repos:
            return self._repos.wait_for(lambda: not self._sessions, delai_s)

    def _follow(self, evenement: EvenementMessagerie) -> None:
        with self._repos:
            match evenement:
                case ConnexionSmtp() | ConnexionPop3():
                    self._sessions.add((evenement.nature, evenement.session))
                case SessionSmtp() | SessionPop3():
                    self._sessions.discard((evenement.nature, evenement.session))
                case PanneInjectee(panne="refuser_connexion"):
                    self._sessions = {s for s in self._sessions if s[0] != evenement.protocole}
            self._repos.notify_all()


def _as_message(recu: MessageRecu, preuve: str) -> Mapping[str, Any]:
    """An accepted message seen from the SMTP side: envelope and delivery-report parameters."""
    notify: list[str] = []
    for destinataire in recu.dsn.destinataires:
        notify += [n for n in destinataire.notify if n not in notify]
    entetes = recu.brut[:MAX_ENTETES].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    return {
        "nature": "message",
        "session": recu.session,
        "de": recu.expediteur,
        "a": list(recu.destinataires),
        "sujet": header(read_structure(entetes).entetes, "Subject"),
        "dsn": {**recu.dsn.donnees(), "notify": notify},
        "eml": preuve,
    }
