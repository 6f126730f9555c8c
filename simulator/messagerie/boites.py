"""Mailboxes by address, with durable evidence of everything that goes in or out."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from norms.contrat.ports import Horloge
from simulator.messagerie.erreurs import BoiteInconnue, BoitePleine, ErreurMessagerie, ErreurPreuves
from simulator.messagerie.evenements import (
    Emettre,
    MessageDepose,
    MessageRecu,
    PanneInjectee,
    PannePreuves,
    ParametresDsn,
    ignore_event,
)
from simulator.messagerie.pannes import PannesMessagerie
from simulator.messagerie.preuves import Preuves, file_stem

#: What a mailbox holds by default.
MAX_MESSAGES = 10_000
MAX_OCTETS = 256 * 1024 * 1024

_ADRESSE = re.compile(r"[!-;=?-~]{1,64}@[A-Za-z0-9.\-\[\]:]{1,255}")


@dataclass(frozen=True, slots=True)
class MessageEnBoite:
    """A message waiting in a mailbox; its bytes stay on disk when there is evidence. ``taille`` in bytes."""

    uid: str
    taille: int
    preuve: str
    lire: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def brut(self) -> bytes:
        """Bytes with CRLF line ends, as they go over POP3 before dot-stuffing. Raises ErreurPreuves."""
        return self.lire()


@dataclass(slots=True)
class _Boite:
    adresse: str
    identifiant: str
    mot_de_passe: str = field(repr=False)
    messages: dict[str, MessageEnBoite] = field(default_factory=dict)
    octets: int = 0
    session: int | None = None

    def add(self, message: MessageEnBoite) -> None:
        self.messages[message.uid] = message
        self.octets += message.taille

    def drop(self, uid: str) -> None:
        self.octets -= self.messages.pop(uid).taille


class Boites:
    """The mailbox store. Thread-safe; evidence under ``dossier``, in memory only when it is None.

    With a folder that already holds evidence, numbers go on after the last one and mailboxes are refilled with the
    deposited messages that no client deleted, as soon as they are created again.
    """

    def __init__(
        self,
        horloge: Horloge,
        *,
        dossier: Path | None = None,
        emettre: Emettre = ignore_event,
        pannes: PannesMessagerie | None = None,
        max_octets: int = MAX_OCTETS,
        max_messages: int = MAX_MESSAGES,
        synchroniser: bool = False,
    ) -> None:
        self._horloge = horloge
        self._emettre = emettre
        self.pannes = pannes if pannes is not None else PannesMessagerie()
        self._limites = (max_octets, max_messages)
        self._verrou = threading.RLock()
        self._erreurs: list[PannePreuves] = []
        self._boites: dict[str, _Boite] = {}
        self._identifiants: dict[str, str] = {}
        self.preuves = Preuves(dossier, synchroniser=synchroniser) if dossier is not None else None
        self._recus = self.preuves.last_number("recus") if self.preuves else 0
        self._deposes = self.preuves.last_number("deposes") if self.preuves else 0
        self._anciens: dict[str, list[MessageEnBoite]] = {}
        if self.preuves:
            for boite, uid, preuve, taille in self.preuves.deposited():
                self._anciens.setdefault(boite, []).append(self._on_disk(uid, taille, preuve))

    @property
    def erreurs(self) -> tuple[PannePreuves, ...]:
        """Evidence that couldn't be written so far: each one forbids a verdict against the LPS."""
        return tuple(self._erreurs)

    # -- mailboxes -------------------------------------------------------------------------------------------------

    def create(self, adresse: str, mot_de_passe: str, identifiant: str = "") -> None:
        """Opens a mailbox; ``identifiant`` is the POP3/SMTP login (the address itself is always accepted too)."""
        cle = adresse.lower()
        if not _ADRESSE.fullmatch(adresse):
            raise ErreurMessagerie(f"adresse de boîte « {adresse} » invalide ; attendu : nom@domaine, en ASCII")
        with self._verrou:
            if cle in self._boites or (identifiant and identifiant.lower() in self._identifiants):
                raise ErreurMessagerie(f"la boîte « {adresse} » ou son identifiant existe déjà ; en choisir un autre")
            boite = self._boites[cle] = _Boite(adresse, identifiant or adresse, mot_de_passe)
            for message in self._anciens.pop(cle, ()):
                boite.add(message)
            self._identifiants[cle] = cle
            if identifiant:
                self._identifiants[identifiant.lower()] = cle

    def __contains__(self, adresse: str) -> bool:
        return adresse.lower() in self._boites

    def addresses(self) -> tuple[str, ...]:
        """Addresses of the mailboxes, in order of creation."""
        with self._verrou:
            return tuple(b.adresse for b in self._boites.values())

    def messages(self, adresse: str) -> tuple[MessageEnBoite, ...]:
        """What waits in a mailbox, oldest first. Raises BoiteInconnue."""
        with self._verrou:
            return tuple(self._find(adresse).messages.values())

    def authenticate(self, identifiant: str, epreuve: Callable[[str], bytes], reponse: bytes) -> str | None:
        """Address of the mailbox whose password makes ``epreuve(password) == reponse``; None otherwise."""
        with self._verrou:
            boite = self._boites.get(self._identifiants.get(identifiant.lower(), ""))
        attendu = epreuve(boite.mot_de_passe if boite else "")
        return boite.adresse if hmac.compare_digest(attendu, reponse) and boite else None

    def lock(self, adresse: str, session: int) -> bool:
        """Takes the mailbox for one POP3 session (public: RFC 1939 §4); False when another one holds it."""
        with self._verrou:
            boite = self._find(adresse)
            if boite.session is not None:
                return False
            boite.session = session
            return True

    def unlock(self, adresse: str, session: int) -> None:
        """Gives the mailbox back, if this session holds it."""
        with self._verrou:
            boite = self._find(adresse)
            if boite.session == session:
                boite.session = None

    def delete(self, adresse: str, uids: set[str]) -> tuple[str, ...]:
        """Removes messages from a mailbox (their evidence stays); gives those that were there.

        Raises ErreurPreuves after a PannePreuves event when the deletion can't be noted; the rest then stays.
        """
        with self._verrou:
            boite = self._find(adresse)
            partis = [m for m in boite.messages.values() if m.uid in uids]
            for message in partis:
                if self.preuves and message.preuve:
                    try:
                        self.preuves.mark_deleted(message.preuve)
                    except ErreurPreuves as exc:
                        self._fail(exc)
                        raise
                boite.drop(message.uid)
            return tuple(m.uid for m in partis)

    # -- messages --------------------------------------------------------------------------------------------------

    def deposit(self, adresse: str, brut: bytes) -> str:
        """Puts a message into a mailbox, evidence first; gives its uid (unique in the run, fit for UIDL).

        Raises BoiteInconnue, BoitePleine, ErreurPreuves.
        """
        panne = self.pannes.take("boite_pleine", "pop3", boites=[adresse])
        with self._verrou:
            boite = self._find(adresse)
            octets, nombre = self._limites
            if panne:
                self._emettre(PanneInjectee("boite_pleine", "pop3", boite.adresse))
            if panne or len(boite.messages) >= nombre or boite.octets + len(brut) > octets:
                raise BoitePleine(
                    f"boîte « {boite.adresse} » pleine : {len(boite.messages)} message(s) ; la relever d'abord"
                )
            return self._keep(boite, brut)

    def accept(
        self,
        expediteur: str,
        destinataires: tuple[str, ...],
        brut: bytes,
        *,
        session: int = 0,
        dsn: ParametresDsn | None = None,
        authentifie: str = "",
        tls: bool = False,
    ) -> MessageRecu:
        """Numbers a received message and writes its evidence; it may be acknowledged once this returns.

        Raises ErreurPreuves after a PannePreuves event: answer 452 then.
        """
        with self._verrou:
            numero, instant = self._recus + 1, self._horloge.now().isoformat()
            message = MessageRecu(
                numero=numero,
                instant=instant,
                session=session,
                expediteur=expediteur,
                destinataires=destinataires,
                brut=brut,
                dsn=dsn or ParametresDsn(),
                authentifie=authentifie,
                tls=tls,
            )
            if self.preuves:
                message = replace(message, preuve=self._evidence(lambda p: p.keep_received(message)))
            self._recus = numero
            self._emettre(message)
            return message

    def received(self, apres: int = 0) -> Iterator[MessageRecu]:
        """Received messages re-read from the evidence folder, in order, those numbered after ``apres``."""
        return self.preuves.received(apres) if self.preuves else iter(())

    def lighten(self, message: MessageRecu) -> MessageRecu:
        """The same message without its bytes when evidence holds them (see ``reread``)."""
        return replace(message, brut=b"") if self.preuves and message.preuve else message

    def reread(self, message: MessageRecu) -> MessageRecu:
        """A message with its bytes again. Raises ErreurPreuves."""
        if message.brut or not self.preuves or not message.preuve:
            return message
        return replace(message, brut=self.preuves.read(message.preuve))

    @property
    def deposes(self) -> int:
        """How many messages were deposited so far, in all mailboxes, this run and those before."""
        return self._deposes

    @property
    def recus(self) -> int:
        """Number of the last message received."""
        return self._recus

    def _on_disk(self, uid: str, taille: int, preuve: str) -> MessageEnBoite:
        assert self.preuves is not None  # noqa: S101 - callers looked
        return MessageEnBoite(uid, taille, preuve, functools.partial(self.preuves.read, preuve))

    def _keep(self, boite: _Boite, brut: bytes) -> str:
        brut = crlf(brut)
        uid = file_stem(self._deposes + 1, self._horloge.now().isoformat())
        nom = boite.adresse.lower()
        preuve = self._evidence(lambda p: p.keep_deposited(nom, uid, brut)) if self.preuves else ""
        self._deposes += 1
        en_boite = self._on_disk(uid, len(brut), preuve) if preuve else MessageEnBoite(uid, len(brut), "", lambda: brut)
        boite.add(en_boite)
        self._emettre(MessageDepose(boite.adresse, uid, len(brut), hashlib.sha256(brut).hexdigest(), preuve))
        return uid

    def _evidence(self, ecrire: Callable[[Preuves], str]) -> str:
        assert self.preuves is not None  # noqa: S101 - callers looked
        try:
            return ecrire(self.preuves)
        except ErreurPreuves as exc:
            self._fail(exc)
            raise

    def _fail(self, exc: ErreurPreuves) -> None:
        panne = PannePreuves("preuves", str(exc))
        self._erreurs.append(panne)
        self._emettre(panne)

    def _find(self, adresse: str) -> _Boite:
        boite = self._boites.get(adresse.lower())
        if boite is None:
            raise BoiteInconnue(f"aucune boîte à l'adresse « {adresse} » ; la créer d'abord")
        return boite


def crlf(brut: bytes) -> bytes:
    """The message with CRLF line ends throughout and at the end, as POP3 wants it (public: RFC 1939 §3)."""
    brut = re.sub(rb"(?<!\r)\n", b"\r\n", brut)
    return brut if brut.endswith(b"\r\n") else brut + b"\r\n"
