"""The POP3 side, written by hand on asyncio streams.

public: RFC 1939 (POP3, APOP), RFC 2449 (CAPA), RFC 2595 (STLS), RFC 3206 (response codes). What a client deletes
goes at QUIT only; a dropped session deletes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from norms.contrat.ports import Horloge
from simulator.messagerie.boites import Boites, MessageEnBoite
from simulator.messagerie.erreurs import ErreurPreuves
from simulator.messagerie.evenements import (
    ConnexionPop3,
    Echange,
    Emettre,
    ErreurBanc,
    MessageReleve,
    PanneInjectee,
    PannePreuves,
    SessionPop3,
)

MAX_LIGNE = 1024
MAX_ECHANGES = 500
MAX_ECHECS = 3
_TRANCHE = 64 * 1024
_SANS_SESSION = frozenset({"USER", "PASS", "APOP", "CAPA", "STLS", "QUIT"})
_SECRETS = frozenset({"PASS", "APOP", "AUTH"})


@dataclass(frozen=True, slots=True)
class OptionsPop3:
    """What may be chosen. ``delai_s``: silence after which a client is disconnected (RFC 1939 asks for 10 minutes
    or more); ``tls``: offers STLS; ``tls_exige``: no login before it; ``apop``: offers APOP."""

    nom_hote: str = "bal.test"
    delai_s: float = 600.0
    connexions_max: int = 500
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tls_exige: bool = False
    apop: bool = True


class _Refus(Exception):
    """The answer is -ERR, with this text."""


def stuff(brut: bytes) -> bytes:
    """Doubles the dot of each line that starts with one; works on the whole message, so no boundary escapes it."""
    brut = brut.replace(b"\r\n.", b"\r\n..")
    return b"." + brut if brut.startswith(b".") else brut


class GestionPop3:
    """What every session shares."""

    def __init__(self, boites: Boites, horloge: Horloge, emettre: Emettre, options: OptionsPop3) -> None:
        self.boites = boites
        self.pannes = boites.pannes
        self.horloge = horloge
        self.emettre = emettre
        self.options = options
        self.ouvertes: set[SessionReleve] = set()
        self._sessions = 0

    async def connected(self, lecteur: asyncio.StreamReader, ecrivain: asyncio.StreamWriter) -> None:
        """Serves one client until it leaves."""
        self._sessions += 1
        numero = self._sessions
        self.emettre(ConnexionPop3(numero))
        if panne := self.pannes.take("refuser_connexion", "pop3"):
            self.emettre(PanneInjectee("refuser_connexion", "pop3", "-ERR" if panne.texte else "rupture"))
            if panne.texte:
                ecrivain.write(panne.error().encode() + b"\r\n")
                ecrivain.close()
            else:
                ecrivain.transport.abort()
            return
        if len(self.ouvertes) >= self.options.connexions_max:
            ecrivain.write(b"-ERR [SYS/TEMP] too many connections\r\n")
            ecrivain.close()
            return
        session = SessionReleve(self, numero, lecteur, ecrivain)
        self.ouvertes.add(session)
        try:
            await session.run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            session.note_end("connexion rompue")
        except Exception as exc:  # ours, whatever it is: the run ends as a bench error
            self.emettre(ErreurBanc("serveur POP3", f"{type(exc).__name__} : {exc}"))
            session.note_end("erreur du banc")
        finally:
            session.release()
            self.ouvertes.discard(session)
            ecrivain.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await ecrivain.wait_closed()

    def drop_all(self, raison: str) -> None:
        """Breaks every open session (network down, end of the run)."""
        for session in tuple(self.ouvertes):
            session.break_off(raison)


class SessionReleve:
    """One POP3 session."""

    def __init__(
        self, gestion: GestionPop3, numero: int, lecteur: asyncio.StreamReader, ecrivain: asyncio.StreamWriter
    ) -> None:
        self._gestion = gestion
        self._numero = numero
        self._lecteur = lecteur
        self._ecrivain = ecrivain
        self._defi = f"<{numero}.{gestion.horloge.now():%Y%m%d%H%M%S}@{gestion.options.nom_hote}>"
        self._tls = False
        self._utilisateur = ""
        self._boite = ""
        self._echecs = 0
        self._messages: tuple[MessageEnBoite, ...] = ()
        self._effaces: set[int] = set()
        self._commande = ""
        self._echanges: list[Echange] = []
        self._notee = False
        panne = gestion.pannes.take("ralentir", "pop3")
        self._lenteur = max(1, panne.octets) if panne else 0
        if panne:
            gestion.emettre(PanneInjectee("ralentir", "pop3", f"{self._lenteur} octets à la fois"))
        self._verbes: dict[str, Callable[[list[str]], Awaitable[None]]] = {
            nom.removeprefix("_do_").upper(): getattr(self, nom) for nom in dir(self) if nom.startswith("_do_")
        }

    async def run(self) -> None:
        """Reads commands until QUIT, silence, or the end of the connection."""
        self._ok(f"POP3 {self._defi}" if self._gestion.options.apop else "POP3")
        while self._commande != "QUIT":
            await self._ecrivain.drain()
            try:
                ligne = await asyncio.wait_for(self._lecteur.readuntil(b"\n"), self._gestion.options.delai_s)
            except TimeoutError:
                self.note_end("client silencieux")
                return
            except asyncio.LimitOverrunError:
                self._commande = ""
                self._err("[SYS/PERM] line too long")
                self.note_end("ligne trop longue")
                return
            await self._serve(ligne)
            if self._echecs >= MAX_ECHECS:
                self.note_end("trop d'echecs d'authentification")
                return
        await self._ecrivain.drain()

    def break_off(self, raison: str) -> None:
        """Drops the TCP connection without a word."""
        self.note_end(raison)
        self._ecrivain.transport.abort()

    def note_end(self, fin: str) -> None:
        """Emits the session's log, once."""
        if not self._notee:
            self._notee = True
            self._gestion.emettre(SessionPop3(self._numero, self._boite, tuple(self._echanges), fin))

    def release(self) -> None:
        """Gives the mailbox back; what wasn't committed by QUIT stays."""
        self.note_end("client parti sans QUIT")
        if self._boite:
            self._gestion.boites.unlock(self._boite, self._numero)

    async def _serve(self, ligne: bytes) -> None:
        nom, _, arg = ligne.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
        nom = nom.upper()
        self._commande = f"{nom} ***" if nom in _SECRETS else f"{nom} {arg}" if arg else nom
        try:
            verbe = self._verbes.get(nom)
            if verbe is None:
                raise _Refus("[SYS/PERM] unknown command")
            if self._gestion.pannes.take("se_taire", "pop3", verbe=nom):
                await self._say_nothing(nom)
            if panne := self._gestion.pannes.take("repondre", "pop3", verbe=nom, boites=[self._boite]):
                self._gestion.emettre(PanneInjectee("repondre", "pop3", f"{nom} : {panne.error()}"))
                raise _Refus(panne.error().removeprefix("-ERR "))
            if not self._boite and nom not in _SANS_SESSION:
                raise _Refus("log in first")
            if self._boite and nom in ("USER", "PASS", "APOP", "STLS"):
                raise _Refus("already logged in")
            await verbe([arg] if nom == "PASS" else arg.split())
        except _Refus as refus:
            self._err(str(refus))
        except ErreurPreuves as exc:  # a message whose bytes are gone from the disk
            self._gestion.emettre(PannePreuves("preuves", str(exc)))
            self._err("[SYS/TEMP] message not available")

    async def _say_nothing(self, nom: str) -> None:
        """Ignores the client until it leaves, or for the time a silent client is given."""
        self._gestion.emettre(PanneInjectee("se_taire", "pop3", nom))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._gestion.options.delai_s):
                while await self._lecteur.read(1 << 16):
                    pass
        raise ConnectionResetError

    # -- before login ----------------------------------------------------------------------------------------------

    async def _do_capa(self, mots: list[str]) -> None:
        options = self._gestion.options
        capacites = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"]
        if self._tls or not options.tls_exige:
            capacites.append("USER")
        if options.tls and not self._tls:
            capacites.append("STLS")
        self._lines("capabilities", capacites)

    async def _do_stls(self, mots: list[str]) -> None:
        contexte = self._gestion.options.tls
        if contexte is None or self._tls:
            raise _Refus("TLS not available")
        self._ok("begin TLS")
        await self._ecrivain.drain()
        # Commands slipped in before the handshake must not be taken for protected ones (RFC 2595 §4).
        self._lecteur._buffer.clear()  # type: ignore[attr-defined]  # no public way to empty a StreamReader
        await self._ecrivain.start_tls(contexte)
        self._tls, self._utilisateur = True, ""

    async def _do_user(self, mots: list[str]) -> None:
        self._require_tls()
        if len(mots) != 1:
            raise _Refus("one mailbox name expected")
        self._utilisateur = mots[0]
        self._ok("password?")

    async def _do_pass(self, mots: list[str]) -> None:
        self._require_tls()
        if not self._utilisateur:
            raise _Refus("USER first")
        utilisateur, self._utilisateur = self._utilisateur, ""
        self._log_in(utilisateur, lambda secret: secret.encode(), mots[0].encode())

    async def _do_apop(self, mots: list[str]) -> None:
        self._require_tls()
        if not self._gestion.options.apop:
            raise _Refus("[SYS/PERM] APOP not available")
        if len(mots) != 2:
            raise _Refus("name and digest expected")

        def digest(secret: str) -> bytes:
            # MD5 is what RFC 1939 §7 prescribes.
            return hashlib.md5((self._defi + secret).encode(), usedforsecurity=False).hexdigest().encode()

        self._log_in(mots[0], digest, mots[1].lower().encode())

    def _require_tls(self) -> None:
        if self._gestion.options.tls_exige and not self._tls:
            raise _Refus("[SYS/PERM] STLS first")

    def _log_in(self, utilisateur: str, epreuve: Callable[[str], bytes], reponse: bytes) -> None:
        boite = self._gestion.boites.authenticate(utilisateur, epreuve, reponse)
        if boite is None:
            self._echecs += 1
            raise _Refus("[AUTH] unknown mailbox or wrong password")
        if not self._gestion.boites.lock(boite, self._numero):
            raise _Refus("[IN-USE] mailbox held by another session")
        self._boite = boite
        self._messages = self._gestion.boites.messages(boite)
        self._ok(f"{len(self._messages)} messages")

    # -- after login -----------------------------------------------------------------------------------------------

    async def _do_noop(self, mots: list[str]) -> None:
        self._ok("")

    async def _do_stat(self, mots: list[str]) -> None:
        restants = [m.taille for i, m in enumerate(self._messages) if i not in self._effaces]
        self._ok(f"{len(restants)} {sum(restants)}")

    async def _do_list(self, mots: list[str]) -> None:
        self._listing(mots, "scan listing", lambda m: str(m.taille))

    async def _do_uidl(self, mots: list[str]) -> None:
        self._listing(mots, "unique-id listing", lambda m: m.uid)

    async def _do_retr(self, mots: list[str]) -> None:
        message = self._messages[self._rank(mots)]
        octets = stuff(message.brut)
        panne = self._gestion.pannes.take("couper_donnees", "pop3", boites=[self._boite])
        self._ok(f"{message.taille} octets")
        if panne:
            self._gestion.emettre(PanneInjectee("couper_donnees", "pop3", f"apres {panne.octets} octets"))
            self._write(octets[: panne.octets])
            await self._ecrivain.drain()
            self.note_end("coupure pendant RETR")
            self._ecrivain.close()
            raise ConnectionAbortedError
        await self._send(octets)
        self._gestion.emettre(MessageReleve(self._boite, message.uid, self._numero, "lu", message.preuve))
        self._write(b".\r\n")

    async def _do_top(self, mots: list[str]) -> None:
        if len(mots) != 2 or not _is_number(mots[1]):
            raise _Refus("message number and line count expected")
        brut = self._messages[self._rank(mots[:1])].brut
        tete, vide, corps = brut.partition(b"\r\n\r\n")
        lignes = corps.split(b"\r\n")[: min(int(mots[1]), len(corps))]
        debut = tete + vide + b"".join(ligne + b"\r\n" for ligne in lignes)
        self._ok("top of message")
        await self._send(stuff(debut if len(debut) < len(brut) else brut))
        self._write(b".\r\n")

    async def _do_dele(self, mots: list[str]) -> None:
        rang = self._rank(mots)
        self._effaces.add(rang)
        self._ok(f"message {rang + 1} deleted")

    async def _do_rset(self, mots: list[str]) -> None:
        self._effaces.clear()
        self._ok(f"{len(self._messages)} messages")

    async def _do_quit(self, mots: list[str]) -> None:
        self._commande = "QUIT"
        if not self._boite:
            self._ok("bye", fin="QUIT")
            return
        gestion, uids = self._gestion, {self._messages[i].uid for i in self._effaces}
        try:
            partis = gestion.boites.delete(self._boite, uids)
        except ErreurPreuves:
            gestion.boites.unlock(self._boite, self._numero)
            self._err("[SYS/TEMP] some deleted messages not removed", fin="QUIT")
            return
        preuves = {m.uid: m.preuve for m in self._messages}
        for uid in partis:
            gestion.emettre(MessageReleve(self._boite, uid, self._numero, "supprime", preuves[uid]))
        gestion.boites.unlock(self._boite, self._numero)
        self._ok("bye", fin="QUIT")

    # -- answers ---------------------------------------------------------------------------------------------------

    def _rank(self, mots: list[str]) -> int:
        if len(mots) != 1 or not _is_number(mots[0]) or not 1 <= int(mots[0]) <= len(self._messages):
            raise _Refus("no such message")
        rang = int(mots[0]) - 1
        if rang in self._effaces:
            raise _Refus("message deleted")
        return rang

    def _listing(self, mots: list[str], titre: str, valeur: Callable[[MessageEnBoite], str]) -> None:
        if mots:
            rang = self._rank(mots)
            self._ok(f"{rang + 1} {valeur(self._messages[rang])}")
            return
        restants = ((i, m) for i, m in enumerate(self._messages) if i not in self._effaces)
        self._lines(titre, [f"{i + 1} {valeur(m)}" for i, m in restants])

    async def _send(self, octets: bytes) -> None:
        for debut in range(0, len(octets), _TRANCHE):
            self._write(octets[debut : debut + _TRANCHE])
            await self._ecrivain.drain()

    def _lines(self, titre: str, lignes: list[str]) -> None:
        self._ok(titre)
        self._write("".join(f"{ligne}\r\n" for ligne in [*lignes, "."]).encode())

    def _ok(self, texte: str, fin: str = "") -> None:
        self._answer(f"+OK {texte}".rstrip(), fin)

    def _err(self, texte: str, fin: str = "") -> None:
        self._answer(f"-ERR {texte}", fin)

    def _write(self, octets: bytes) -> None:
        pas = self._lenteur or len(octets) or 1
        for debut in range(0, len(octets), pas):
            self._ecrivain.write(octets[debut : debut + pas])

    def _answer(self, reponse: str, fin: str) -> None:
        if len(self._echanges) < MAX_ECHANGES:
            self._echanges.append((self._commande, reponse))
        if fin:
            self.note_end(fin)
        self._write(reponse.encode() + b"\r\n")


def _is_number(mot: str) -> bool:
    return mot.isascii() and mot.isdigit() and len(mot) <= 9
