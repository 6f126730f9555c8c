"""One SMTP session: aiosmtpd's, with delivery-report parameters, faults and a log.

public: RFC 5321 (SMTP), RFC 3461 (DSN).
"""

from __future__ import annotations

import asyncio
import functools
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, AnyStr

from aiosmtpd.smtp import SMTP, Envelope

from simulator.messagerie.dsn import ParametreInvalide, take_parameters
from simulator.messagerie.evenements import DestinataireDsn, Echange, PanneInjectee, RefusSmtp, SessionSmtp
from simulator.messagerie.pannes import Panne

if TYPE_CHECKING:
    from simulator.messagerie.smtp import GestionSmtp

MAX_ECHANGES = 500
FIN_DATA = b"\r\n.\r\n"


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
