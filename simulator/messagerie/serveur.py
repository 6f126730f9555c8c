"""The mail network as one object: SMTP and POP3 on loopback, one event loop in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

from norms.contrat.ports import Horloge
from simulator.messagerie.boites import Boites
from simulator.messagerie.erreurs import ErreurMessagerie
from simulator.messagerie.evenements import (
    Emettre,
    ErreurBanc,
    EvenementMessagerie,
    MessageRecu,
    ReseauChange,
    ignore_event,
)
from simulator.messagerie.pop3 import GestionPop3, OptionsPop3
from simulator.messagerie.smtp import GestionSmtp, OptionsSmtp
from simulator.messagerie.traitement import OnMessage, Traitement

HOTE = "127.0.0.1"
_DELAI_INTERNE = 15.0
_FILE_ATTENTE = 512
T = TypeVar("T")


def _no_reader(message: MessageRecu) -> None:
    """Received messages are only kept."""


class ServeurMessagerie:
    """SMTP in, POP3 out. A context manager; ports 0 mean ephemeral ones, known once started.

    ``on_message`` is called off the loop, one message at a time in order of acceptance; it may call ``deposit``.
    With ``remise_locale``, a recipient that has a mailbox here also gets the message in it. With ``reprise``, what is
    still waiting when it stops is left to the next server on the same evidence.
    Raises ErreurMessagerie (French) when a port is taken.
    """

    def __init__(
        self,
        boites: Boites,
        horloge: Horloge,
        *,
        on_message: OnMessage = _no_reader,
        emettre: Emettre = ignore_event,
        port_smtp: int = 0,
        port_pop3: int = 0,
        smtp: OptionsSmtp | None = None,
        pop3: OptionsPop3 | None = None,
        remise_locale: bool = True,
        reprise: bool = False,
    ) -> None:
        self.boites = boites
        self.port_smtp = port_smtp
        self.port_pop3 = port_pop3
        self._emettre = emettre
        self._on_message = on_message
        self._remise_locale = remise_locale
        self._reprise = reprise
        self._erreurs: list[ErreurBanc] = []
        self._traitement: Traitement | None = None
        self._smtp = GestionSmtp(boites, self._note, self._submit, self.attendre_traitement, smtp or OptionsSmtp())
        self._pop3 = GestionPop3(boites, horloge, self._note, pop3 or OptionsPop3())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fin: asyncio.Event | None = None
        self._fil: threading.Thread | None = None
        self._serveurs: list[asyncio.Server] = []
        self._reserves: list[socket.socket] = []

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> ServeurMessagerie:
        """Opens both ports and the threads. Raises ErreurMessagerie."""
        if self._fil is not None:
            raise ErreurMessagerie("la messagerie est déjà démarrée ; l'arrêter avant de la redémarrer")
        prises = self._bind()
        pret = threading.Event()
        self._traitement = Traitement(self._process, self._note, alleger=self.boites.lighten, relire=self.boites.reread)
        self._fil = threading.Thread(target=lambda: asyncio.run(self._main(prises, pret)), name="messagerie-reseau")
        self._fil.daemon = True
        self._fil.start()
        if not pret.wait(_DELAI_INTERNE):
            raise ErreurMessagerie("la boucle de la messagerie n'a pas démarré ; relancer le banc")
        return self

    def stop(self) -> None:
        """Closes ports, sessions and threads; messages already accepted are processed first (bounded)."""
        if self._fil is None or self._loop is None or self._fin is None:
            return
        self._loop.call_soon_threadsafe(self._fin.set)
        self._fil.join(_DELAI_INTERNE)
        if self._traitement is not None and not self._traitement.close(_DELAI_INTERNE, abandonner=self._reprise):
            self._note(ErreurBanc("messagerie", "un message reçu est encore en traitement à l'arrêt"))
        self._release_reserves()
        self._fil = self._loop = self._fin = None

    def __enter__(self) -> ServeurMessagerie:
        return self.start()

    def __exit__(
        self, genre: type[BaseException] | None, erreur: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- for the bench ---------------------------------------------------------------------------------------------

    @property
    def erreurs(self) -> tuple[ErreurBanc, ...]:
        """Bench errors so far (evidence, reader, servers): any of them forbids a verdict against the LPS."""
        return (*self.boites.erreurs, *self._erreurs)

    def deposit(self, adresse: str, brut: bytes) -> str:
        """Puts a return into a mailbox, from any thread; gives its uid. Raises as Boites.deposit."""
        return self.boites.deposit(adresse, brut)

    def submit(self, message: MessageRecu) -> None:
        """Has a message processed (again): those re-read from evidence after a crash, or held back by a fault."""
        self._submit(message)

    @property
    def en_attente(self) -> int:
        """How many accepted messages are not yet processed."""
        return self._traitement.waiting if self._traitement is not None else 0

    def attendre_traitement(self, delai: float) -> bool:
        """Waits until every accepted message has been processed; False after ``delai`` seconds."""
        return self._traitement is None or self._traitement.wait(delai)

    def couper(self) -> None:
        """Takes the network down: sessions broken, connections refused, ports kept for later."""
        self._call(self._down())
        self._note(ReseauChange(False))

    def retablir(self) -> None:
        """Brings the network back on the same ports. Raises ErreurMessagerie when one was taken meanwhile."""
        if self._serveurs:
            return
        self._release_reserves()
        self._call(self._up(self._bind()))
        self._note(ReseauChange(True))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _note(self, evenement: EvenementMessagerie) -> None:
        if isinstance(evenement, ErreurBanc):
            self._erreurs.append(evenement)
        self._emettre(evenement)

    def _submit(self, message: MessageRecu) -> None:
        if self._traitement is not None:
            self._traitement.submit(message)

    def _process(self, message: MessageRecu) -> None:
        if self._remise_locale:
            for adresse in message.destinataires:
                if adresse in self.boites:
                    self.boites.deposit(adresse, message.brut)
        self._on_message(message)

    def _bind(self) -> list[socket.socket]:
        prises: list[socket.socket] = []
        try:
            prises.append(_listening("SMTP", self.port_smtp))
            prises.append(_listening("POP3", self.port_pop3))
        except ErreurMessagerie:
            for prise in prises:
                prise.close()
            raise
        self.port_smtp, self.port_pop3 = (prise.getsockname()[1] for prise in prises)
        return prises

    async def _main(self, prises: list[socket.socket], pret: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._loop_error)
        self._fin = asyncio.Event()
        await self._up(prises)
        pret.set()
        await self._fin.wait()
        await self._close_servers("arret du banc")

    def _loop_error(self, loop: asyncio.AbstractEventLoop, contexte: dict[str, Any]) -> None:
        exc = contexte.get("exception")
        if not isinstance(exc, ConnectionError):
            self._note(ErreurBanc("boucle de la messagerie", f"{contexte.get('message')} ({exc!r})"))

    async def _up(self, prises: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        fabriques: list[Callable[[], asyncio.BaseProtocol]] = [
            lambda: self._smtp.protocol(loop),
            lambda: _pop3_protocol(self._pop3, loop),
        ]
        for prise, fabrique in zip(prises, fabriques, strict=True):
            self._serveurs.append(await loop.create_server(fabrique, sock=prise, backlog=_FILE_ATTENTE))

    async def _down(self) -> None:
        if self._serveurs:
            await self._close_servers("reseau coupe")
            self._reserves = [_held(port) for port in (self.port_smtp, self.port_pop3)]

    async def _close_servers(self, raison: str) -> None:
        for serveur in self._serveurs:
            serveur.close()
        self._serveurs.clear()
        self._smtp.drop_all(raison)
        self._pop3.drop_all(raison)
        await asyncio.sleep(0)

    def _release_reserves(self) -> None:
        for prise in self._reserves:
            prise.close()
        self._reserves.clear()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            coroutine.close()
            raise ErreurMessagerie("la messagerie n'est pas démarrée")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_DELAI_INTERNE)


def _pop3_protocol(gestion: GestionPop3, loop: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
    lecteur = asyncio.StreamReader(limit=1024, loop=loop)
    return asyncio.StreamReaderProtocol(lecteur, gestion.connected, loop=loop)


def _socket() -> socket.socket:
    # asyncio turns Nagle's delay off only on sockets that name TCP; with it, each RETR would last 40 ms.
    prise = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere this option lets two servers share one port
        prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return prise


def _listening(service: str, port: int) -> socket.socket:
    prise = _socket()
    try:
        prise.bind((HOTE, port))
        prise.listen(_FILE_ATTENTE)
    except (OSError, OverflowError) as exc:
        prise.close()
        if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
            raise ErreurMessagerie(
                f"port {port} ({service}) déjà utilisé sur {HOTE} ; "
                "arrêter le programme qui l'occupe, ou demander le port 0 pour en prendre un libre"
            ) from exc
        raise ErreurMessagerie(f"port {port} ({service}) inutilisable sur {HOTE} : {exc}") from exc
    return prise


def _held(port: int) -> socket.socket:
    """Keeps a port while the network is down: bound, not listening, so that connections are refused."""
    prise = _socket()
    with contextlib.suppress(OSError):  # lost the race for it: retablir() will say so
        prise.bind((HOTE, port))
    return prise
