"""A card behind the vpcd driver of vsmartcard: one thread that serves one card on one slot.

The driver listens, the card connects (connecting is insertion, closing is removal). Frames are a two-byte
big-endian length and a body; a body of one byte 00, 01, 02 or 04 is power off, power on, reset or "give
the ATR" (only the last one is answered). Frames may come glued together (public: vsmartcard, vpcd protocol).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Literal

from norms.systeme import tell_system_error
from simulator.cards.carte import Card
from simulator.cards.erreurs import LecteurIndisponible
from simulator.readers.base import Arrachement
from simulator.readers.trace import Espion, sans_trace

ETEINDRE, ALLUMER, REMETTRE_A_ZERO, DONNER_ATR = 0x00, 0x01, 0x02, 0x04
HOTE = "127.0.0.1"  # a driver elsewhere would let anybody on the way read the cards
DELAI_CONNEXION = 5.0
MAX_REPONSE = 65_535
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)

Fin = Literal["", "retiree", "muette"]


class _CarteMuette(Exception):
    """The card gave no answer to a command."""


class VpcdSlot:
    """Serves ``card`` on the driver's port until it's removed.

    The slot ends by itself when a scripted fault pulls the card out, and when the card stays mute: that would
    block the driver for ever, so after ``delai_muette`` seconds the connection is closed, which gives the program
    an error. ``debut_fin`` is called before the connection is closed, ``apres_fin`` after, with what
    happened and the card to put in next; both in the slot's thread, and not after ``stop``.
    """

    def __init__(
        self,
        card: Card,
        port: int,
        *,
        nom: str,
        espion: Espion = sans_trace,
        delai_muette: float = 2.0,
        debut_fin: Callable[[VpcdSlot, Fin], None] = lambda *_: None,
        apres_fin: Callable[[VpcdSlot, Fin, Card | None], None] = lambda *_: None,
    ) -> None:
        self._card, self._adresse, self._nom = card, (HOTE, port), nom
        self._espion, self._delai_muette = espion, delai_muette
        self._debut_fin, self._apres_fin = debut_fin, apres_fin
        self._arret = threading.Event()
        self._verrou = threading.Lock()
        self._socket = self._connect()
        self._fil = threading.Thread(target=self._run, name=f"vpcd {nom}", daemon=True)
        self._fil.start()

    def _connect(self) -> socket.socket:
        try:
            connexion = socket.create_connection(self._adresse, timeout=DELAI_CONNEXION)
        except OSError as exc:
            raise LecteurIndisponible(
                f"le lecteur « {self._nom} » n'écoute pas sur le port {self._adresse[1]} ({tell_system_error(exc)}) ;"
                " vérifier que pcscd tourne avec le pilote vpcd"
            ) from exc
        connexion.settimeout(None)
        connexion.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connexion

    def stop(self) -> None:
        """Removes the card and waits for the thread, unless called from it."""
        self._arret.set()
        self._close()
        if threading.current_thread() is not self._fil:
            self._fil.join(timeout=DELAI_CONNEXION)

    def _close(self) -> None:
        with self._verrou:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _run(self) -> None:
        fin: Fin = ""
        suivante: Card | None = None
        try:
            with contextlib.suppress(OSError):
                self._serve()
        except Arrachement as exc:
            fin, suivante = "retiree", exc.suivante
        except _CarteMuette:
            self._arret.wait(self._delai_muette)
            fin, suivante = "muette", self._card
        if fin and not self._arret.is_set():
            self._debut_fin(self, fin)
        self._close()
        self._card.power_off()
        if fin and not self._arret.is_set():
            self._apres_fin(self, fin, suivante)

    def _serve(self) -> None:
        tampon = bytearray()
        while not self._arret.is_set():
            while len(tampon) < 2 or len(tampon) < 2 + int.from_bytes(tampon[:2], "big"):
                # Without it, Nagle on the driver's side and the delayed acknowledgement on ours cost 44 ms.
                if _QUICKACK is not None:
                    self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
                recu = self._socket.recv(65_536)
                if not recu:
                    return
                tampon += recu
            longueur = int.from_bytes(tampon[:2], "big")
            corps = bytes(tampon[2 : 2 + longueur])
            del tampon[: 2 + longueur]
            self._handle(corps)

    def _handle(self, corps: bytes) -> None:
        """Answers one frame."""
        if len(corps) <= 1:
            self._control(corps)
            return
        reponse = self._espion.run(self._nom, corps, self._card.transmit)
        if not reponse or len(reponse) > MAX_REPONSE:
            raise _CarteMuette
        self._send(reponse)

    def _control(self, corps: bytes) -> None:
        if corps == bytes((ETEINDRE,)):
            self._card.power_off()
        elif corps == bytes((ALLUMER,)):
            self._card.power_on()
        elif corps == bytes((REMETTRE_A_ZERO,)):
            self._card.reset()
        elif corps == bytes((DONNER_ATR,)):
            self._send(self._card.atr)

    def _send(self, donnees: bytes) -> None:
        self._socket.sendall(len(donnees).to_bytes(2, "big") + donnees)
