"""Incoming mail by POP3 (cdc §4.2.4). A message leaves the mailbox only once the workstation has kept it."""

from __future__ import annotations

import poplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from norms.contrat.adaptateur import Boite
from reference.erreurs import ReseauIndisponible

MAX_MESSAGES = 5000
MAX_OCTETS = 64 * 1024 * 1024


class ClientPop3:
    """Implements reference.ports.Reception."""

    def __init__(self, boite: Boite, *, delai_s: float = 15.0) -> None:
        self._boite, self._delai = boite, delai_s

    @contextmanager
    def ouvrir(self) -> Iterator[BoitePop3]:
        """Opens the mailbox; deletions take effect on leaving. Raises ReseauIndisponible."""
        try:
            boite = BoitePop3(self._login)
        except (OSError, poplib.error_proto) as exc:
            raise _unreachable(exc) from exc
        try:
            yield boite
            boite.session.quit()
        except (OSError, poplib.error_proto) as exc:
            raise _unreachable(exc) from exc
        finally:
            boite.session.close()

    def _login(self) -> poplib.POP3:
        session = poplib.POP3(self._boite.hote, self._boite.port, self._delai)
        try:
            session.user(self._boite.utilisateur)
            session.pass_(self._boite.mot_de_passe)
        except (OSError, poplib.error_proto):
            session.close()
            raise
        return session


class BoitePop3:
    """An open mailbox; ``trop_gros``: messages left aside, too big or with lines beyond what a mail may have."""

    def __init__(self, ouvrir: Callable[[], poplib.POP3]) -> None:
        self._ouvrir = ouvrir
        self.session = ouvrir()
        self._rangs: dict[str, int] = {}
        self._supprimes: list[str] = []
        self.trop_gros: list[str] = []

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Unique identifier and bytes of each message, in the order of the mailbox."""
        annonces = self.session.list()[1]
        tailles = {int(rang): int(taille) for rang, taille in (ligne.split()[:2] for ligne in annonces)}
        self._rangs = self._list()
        for uid, rang in list(self._rangs.items())[:MAX_MESSAGES]:
            octets = self._retrieve(uid) if tailles.get(rang, 0) <= MAX_OCTETS else None
            if octets is None:
                self.trop_gros.append(uid)
                continue
            yield uid, octets

    def _list(self) -> dict[str, int]:
        """Rank of each message in this session, by unique identifier, in order."""
        lus = (ligne.decode("ascii", "replace").split()[:2] for ligne in self.session.uidl()[1])
        return {uid: int(rang) for rang, uid in lus}

    def _retrieve(self, uid: str) -> bytes | None:
        """One message; None when a line is too long, which breaks the session: another takes over.

        What was marked for deletion is forgotten with the broken session: it is marked again in the new one.
        """
        if uid not in self._rangs:  # gone with the session that broke
            return None
        try:
            return b"\r\n".join(self.session.retr(self._rangs[uid])[1]) + b"\r\n"
        except poplib.error_proto as exc:
            if "too long" not in str(exc):
                raise
        self.session.close()
        self.session = self._ouvrir()
        self._rangs = self._list()
        for deja in self._supprimes:
            self.session.dele(self._rangs[deja])
        return None

    def supprimer(self, uid: str) -> None:
        """Marks a message for deletion; it goes when the mailbox is closed normally."""
        self.session.dele(self._rangs[uid])
        self._supprimes.append(uid)


def _unreachable(exc: Exception) -> ReseauIndisponible:
    return ReseauIndisponible(f"réseau de messagerie indisponible en réception ({type(exc).__name__})")
