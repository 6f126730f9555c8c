"""The SMTP side: aiosmtpd with delivery-report parameters, faults, limits and a session log.

public: RFC 5321 (SMTP), RFC 3461 (DSN), RFC 3207 (STARTTLS), RFC 4954 (AUTH). Replies are ASCII and English, as on
the wire everywhere; what a person reads of them comes from the events.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session, TLSSetupException

from simulator.messagerie.boites import Boites
from simulator.messagerie.erreurs import ErreurPreuves
from simulator.messagerie.evenements import (
    ConnexionSmtp,
    Emettre,
    ErreurBanc,
    MessageRecu,
    PanneInjectee,
    ParametresDsn,
)
from simulator.messagerie.session_smtp import EnveloppeDsn, SessionServeur

#: Above this, or when an acknowledgement waits, messages are accepted in a thread so as not to hold other sessions.
_GROS = 256 * 1024
MAX_ADRESSE_CITEE = 120
# aiosmtpd warns on its logger of what is ordered here (AUTH without TLS, on loopback): not a word on the console
logging.getLogger("mail.log").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class OptionsSmtp:
    """What may be chosen. ``taille_max`` in bytes; ``delai_s``: silence after which a client is disconnected;
    ``connu``: which recipients exist (None: all), others get 550; ``tls``: offers STARTTLS; ``tls_exige``: nothing
    before it; ``auth``: offers AUTH with the mailboxes' accounts; ``auth_exigee``: nothing before it;
    ``attente_traitement_s``: how long an acknowledgement waits for the end of what its message sets off (0: not at
    all), so that a client that does one thing after the other always meets the same world."""

    nom_hote: str = "relais.test"
    taille_max: int = 64 * 1024 * 1024
    delai_s: float = 300.0
    connu: Callable[[str], bool] | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tls_exige: bool = False
    auth: bool = False
    auth_exigee: bool = False
    auth_en_clair: bool = True
    attente_traitement_s: float = 0.0


class GestionSmtp:
    """What every session shares: store, faults, events, where accepted messages go (``soumettre``), and how to wait
    for the end of what they set off (``attendre``, seconds)."""

    def __init__(
        self,
        boites: Boites,
        emettre: Emettre,
        soumettre: Callable[[MessageRecu], None],
        attendre: Callable[[float], object],
        options: OptionsSmtp,
    ) -> None:
        self.boites = boites
        self.pannes = boites.pannes
        self.emettre = emettre
        self.soumettre = soumettre
        self.attendre = attendre
        self.options = options
        self.ouvertes: set[SessionServeur] = set()
        self._sessions = 0
        self._taches: set[asyncio.Task[str]] = set()

    def protocol(self, loop: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
        """A protocol for a new connection: a session, or a refusal when a fault says so."""
        self._sessions += 1
        self.emettre(ConnexionSmtp(self._sessions))
        if panne := self.pannes.take("refuser_connexion", "smtp"):
            self.emettre(PanneInjectee("refuser_connexion", "smtp", panne.reply() if panne.code else "rupture"))
            return RefusConnexion(panne.reply() if panne.code else "")
        try:
            return SessionServeur(self, self._sessions, loop)
        except Exception as exc:  # asyncio would swallow it and leave the client without an answer or a reason
            self.emettre(ErreurBanc("serveur SMTP", f"{type(exc).__name__} : {exc}"))
            return RefusConnexion("421 4.3.0 Local error")

    def drop_all(self, raison: str) -> None:
        """Breaks every open session (network down, end of the run)."""
        for session in tuple(self.ouvertes):
            session.break_off(raison)

    # -- aiosmtpd hooks ------------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 - name fixed by aiosmtpd
        self, server: Any, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        gardees = [r for r in responses if self.options.auth or not r.startswith("250-AUTH")]
        return [*gardees[:-1], "250-PIPELINING", "250-DSN", gardees[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, adresse: str, options: list[str]
    ) -> str:
        if self.pannes.take("boite_pleine", "smtp", boites=[adresse]):
            server.refus_injecte = True
            return "452 4.2.2 Mailbox full"
        if panne := self.pannes.take("repondre", "smtp", verbe="RCPT", boites=[adresse]):
            server.refus_injecte = True
            return panne.reply()
        if self.options.connu is not None and not self.options.connu(adresse):
            return f"550 5.1.1 Recipient unknown: {re.sub('[^ -~]', '?', adresse)[:MAX_ADRESSE_CITEE]}"
        envelope.rcpt_tos.append(adresse)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: EnveloppeDsn) -> str:  # noqa: N802
        if panne := self.pannes.take("repondre", "smtp", verbe=".", boites=envelope.rcpt_tos):
            server.refus_injecte = True
            return panne.reply()
        brut = envelope.original_content or b""
        if len(brut) <= _GROS and not self.options.attente_traitement_s:
            return self._accept(server, session, envelope, brut)
        tache = asyncio.ensure_future(asyncio.to_thread(self._accept, server, session, envelope, brut))
        self._taches.add(tache)
        tache.add_done_callback(self._taches.discard)
        return await asyncio.shield(tache)

    async def handle_exception(self, error: Exception) -> str:
        """Answers 451 and records a bench error; a client that fails its TLS handshake is none."""
        if not isinstance(error, TLSSetupException):
            self.emettre(ErreurBanc("serveur SMTP", f"{type(error).__name__} : {error}"))
        return "451 4.3.0 Local error"

    def _accept(self, server: SessionServeur, session: Session, envelope: EnveloppeDsn, brut: bytes) -> str:
        try:
            message = self.boites.accept(
                (envelope.mail_from or "").removeprefix("<>"),
                tuple(envelope.rcpt_tos),
                brut,
                session=server.numero,
                dsn=ParametresDsn(envelope.ret, envelope.envid, tuple(envelope.dsn_destinataires)),
                authentifie=str(session.auth_data or ""),
                tls=session.ssl is not None,
            )
        except ErreurPreuves:
            return "452 4.3.1 Insufficient system storage"
        self.soumettre(message)
        if self.options.attente_traitement_s:
            self.attendre(self.options.attente_traitement_s)
        return f"250 2.0.0 OK {message.numero:06d}"

    def authenticator(
        self, server: Any, session: Session, envelope: Envelope, mecanisme: str, donnees: LoginPassword
    ) -> AuthResult:
        identifiant = donnees.login.decode("utf-8", "replace")
        adresse = self.boites.authenticate(identifiant, lambda secret: secret.encode(), donnees.password)
        if adresse is None:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=adresse)


class RefusConnexion(asyncio.Protocol):
    """A connection closed at once, after one line when there is one."""

    def __init__(self, reponse: str) -> None:
        self._reponse = reponse

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server gives nothing else
        if self._reponse:
            transport.write(self._reponse.encode() + b"\r\n")
            transport.close()
        else:
            transport.abort()
