"""The SMTP side: aiosmtpd with delivery-report parameters, faults, limits and a session log.

public: RFC 5321 (SMTP), RFC 3461 (DSN), RFC 3207 (STARTTLS), RFC 4954 (AUTH). Replies are ASCII and English, as on
the wire everywhere; what a person reads of them comes from the events.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, TLSSetupException

from simulator.messagerie.boites import Boites
from simulator.messagerie.dsn import ParametreInvalide, take_parameters
from simulator.messagerie.erreurs import ErreurPreuves
from simulator.messagerie.evenements import (
    ConnexionSmtp,
    DestinataireDsn,
    Echange,
    Emettre,
    ErreurBanc,
    MessageRecu,
    PanneInjectee,
    ParametresDsn,
    RefusSmtp,
    SessionSmtp,
)
from simulator.messagerie.pannes import Panne

MAX_ECHANGES = 500
FIN_DATA = b"\r\n.\r\n"
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


class EnveloppeDsn(Envelope):
    """The envelope of a transaction, with its delivery-report parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.ret = ""
        self.envid = ""
        self.dsn_destinataires: list[DestinataireDsn] = []


def unstuff(brut: bytes) -> bytes:
    """Takes off the dot that a client doubles at the start of a line (public: RFC 5321 §4.5.2)."""
    brut = brut.replace(b"\r\n.", b"\r\n")
    return brut[1:] if brut.startswith(b".") else brut


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


class SessionServeur(SMTP):
    """One SMTP session."""

    command_size_limit = 2048

    def __init__(self, gestion: GestionSmtp, numero: int, loop: asyncio.AbstractEventLoop) -> None:
        options = gestion.options
        super().__init__(
            gestion,
            data_size_limit=options.taille_max,
            hostname=options.nom_hote,
            ident="ESMTP",
            tls_context=options.tls,
            require_starttls=options.tls_exige,
            timeout=options.delai_s,
            auth_require_tls=not (options.auth and options.auth_en_clair),
            authenticator=gestion.authenticator,
            loop=loop,
        )
        self._auth_required = options.auth_exigee  # given to the constructor, it would warn at each session
        self.numero = numero
        self.refus_injecte = False
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        self._gestion = gestion
        self._verbe = "CONNEXION"
        self._commande = ""
        self._echanges: list[Echange] = []
        self._close_noted = False
        panne = gestion.pannes.take("ralentir", "smtp")
        self._lenteur = max(1, panne.octets) if panne else 0
        if panne:
            gestion.emettre(PanneInjectee("ralentir", "smtp", f"{self._lenteur} octets à la fois"))
        self._smtp_methods = {nom: self._watched(nom, methode) for nom, methode in self._smtp_methods.items()}

    # -- life ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._gestion.ouvertes.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._gestion.ouvertes.discard(self)
        self._note_end("client parti sans QUIT")
        super().connection_lost(error)

    def break_off(self, raison: str) -> None:
        """Drops the TCP connection without a word."""
        self._note_end(raison)
        for transport in (self.transport, self._original_transport):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    async def _handle_client(self) -> None:
        try:
            await super()._handle_client()
        except (ConnectionError, asyncio.IncompleteReadError):
            self._note_end("connexion rompue")

    def _timeout_cb(self) -> None:
        self._note_end("client silencieux")
        super()._timeout_cb()  # type: ignore[no-untyped-call]  # aiosmtpd is only partly typed

    def _create_envelope(self) -> EnveloppeDsn:
        return EnveloppeDsn()

    def _note_end(self, fin: str) -> None:
        if not self._close_noted:
            self._close_noted = True
            self._gestion.emettre(SessionSmtp(self.numero, tuple(self._echanges), fin))

    # -- log and faults --------------------------------------------------------------------------------------------

    async def push(self, status: AnyStr) -> None:
        texte = status.decode("ascii", "replace") if isinstance(status, bytes) else str(status)
        ferme = self.refus_injecte and texte.startswith("421")
        if len(self._echanges) < MAX_ECHANGES:
            self._echanges.append((self._commande, texte))
        if texte[:1] in "45":
            self._gestion.emettre(RefusSmtp(self.numero, self._verbe, texte, self.refus_injecte))
            self.refus_injecte = False
        if texte.startswith("221"):
            self._note_end("QUIT")
        if self._lenteur:
            await self._push_slowly(f"{texte}\r\n".encode())
        else:
            await super().push(status)
        if ferme and self.transport is not None:
            self._note_end("421")
            self.transport.close()

    async def _push_slowly(self, octets: bytes) -> None:
        """Each piece in a write of its own: no sleep, but the client reads its answer bit by bit."""
        for debut in range(0, len(octets), self._lenteur):
            self._writer.write(octets[debut : debut + self._lenteur])
            await self._writer.drain()
            await asyncio.sleep(0)

    def _watched(self, nom: str, methode: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        @functools.wraps(methode)
        async def watched(arg: str | None) -> None:
            self._verbe = nom
            secret = nom == "AUTH" and arg
            self._commande = f"{nom} {str(arg).split()[0]} ***" if secret else f"{nom} {arg}" if arg else nom
            try:
                await self._fault_or(nom, methode, arg)
            finally:
                self._verbe, self._commande = "", ""

        return watched

    async def _fault_or(self, nom: str, methode: Callable[..., Awaitable[None]], arg: str | None) -> None:
        pannes, boites = self._gestion.pannes, self.envelope.rcpt_tos if self.envelope else []
        if pannes.take("se_taire", "smtp", verbe=nom, boites=boites):
            self._gestion.emettre(PanneInjectee("se_taire", "smtp", nom))
            while await self._reader.read(1 << 16):
                pass  # whatever the client still says is ignored, until it leaves
            raise ConnectionResetError
        # at RCPT the recipient has to be read first: handle_RCPT asks
        panne = pannes.take("repondre", "smtp", verbe=nom, boites=boites) if nom != "RCPT" else None
        if panne is not None:
            await self._answer_fault(panne)
        else:
            await methode(arg)

    async def _answer_fault(self, panne: Panne) -> None:
        self.refus_injecte = True
        await self.push(panne.reply())

    # -- verbs -----------------------------------------------------------------------------------------------------

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        pris = await self._take("MAIL", "FROM:", arg)
        if pris is None:
            return
        parametres, arg = pris
        neuve = self._current().mail_from is None
        await super().smtp_MAIL(arg)
        if neuve and self._current().mail_from is not None:
            self._current().ret = parametres.get("RET", "")
            self._current().envid = parametres.get("ENVID", "")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        pris = await self._take("RCPT", "TO:", arg)
        if pris is None:
            return
        parametres, arg = pris
        destinataires = self._current().rcpt_tos
        avant = len(destinataires)
        await super().smtp_RCPT(arg)
        if len(destinataires) > avant:
            notify = tuple(filter(None, parametres.get("NOTIFY", "").split(",")))
            adresse = destinataires[-1]
            self._current().dsn_destinataires.append(DestinataireDsn(adresse, notify, parametres.get("ORCPT", "")))

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """As aiosmtpd's, but by chunks instead of line by line: several times faster on lots."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if not self._current().rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        coupure = self._gestion.pannes.take("couper_donnees", "smtp", boites=self._current().rcpt_tos)
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        brut = await self._read_data(coupure.octets if coupure else None)
        if coupure:
            self._gestion.emettre(PanneInjectee("couper_donnees", "smtp", f"apres {coupure.octets} octets"))
            self.break_off("coupure pendant DATA")
            return
        if brut is None:
            reponse = "552 Error: Too much mail data"
        elif max(map(len, brut.split(b"\r\n"))) + 2 > self.line_length_limit:
            reponse = "500 Line too long (see RFC5321 4.5.3.1.6)"
        else:
            enveloppe = self._current()
            enveloppe.content = enveloppe.original_content = unstuff(brut)
            reponse = await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        await self.push(reponse)

    async def _read_data(self, arret: int | None) -> bytes | None:
        """Reads DATA up to its end: bytes without the last line, still dot-stuffed.

        None when there are more than the limit, dropped as they come; gives up after ``arret`` bytes.
        """
        limite = self.data_size_limit or 0
        garde = bytearray(b"\r\n")  # so that a first line "." ends the data like any other
        recus, trop = 0, False
        while True:
            if arret is not None and recus >= arret:
                return b""
            # A large count empties the reader: what follows the end can then be handed back in order.
            lus = await self._reader.read(1 << 30)
            if not lus:
                raise ConnectionResetError
            self._reset_timeout()
            recus += len(lus)
            debut = max(0, len(garde) - len(FIN_DATA))
            garde += lus
            fin = garde.find(FIN_DATA, debut)
            if fin >= 0:
                self._reader.feed_data(bytes(garde[fin + len(FIN_DATA) :]))
                return None if trop or 0 < limite < fin else bytes(garde[2 : fin + 2])
            if 0 < limite < len(garde) - len(FIN_DATA):
                trop = True
                del garde[: -len(FIN_DATA)]

    def _current(self) -> EnveloppeDsn:
        assert isinstance(self.envelope, EnveloppeDsn)  # noqa: S101 - made by _create_envelope
        return self.envelope

    async def _take(self, verbe: str, mot: str, arg: str | None) -> tuple[dict[str, str], str | None] | None:
        if not arg or self.session is None or not self.session.extended_smtp:
            return {}, arg
        corps = self._strip_command_keyword(mot, arg) or ""
        adresse, suite = self._getaddr(corps)
        if not adresse or not suite:
            return {}, arg
        try:
            parametres, reste = take_parameters(verbe, suite)
        except ParametreInvalide as exc:
            await self.push(f"501 5.5.4 {exc}")
            return None
        return parametres, f"{mot}{corps[: len(corps) - len(suite)]} {reste}".rstrip()
