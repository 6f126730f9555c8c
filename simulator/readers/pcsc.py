"""PC/SC: the client side (pyscard) and readers whose cards are served to pcscd through vpcd.

pyscard is imported only when something here is used. libpcsclite keeps the socket name it saw first: one
private pcscd at a time per process, always at the same path.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, Self, cast

from simulator.cards.carte import Card
from simulator.cards.erreurs import (
    CarteAbsente,
    CarteMuette,
    CarteReinitialisee,
    CarteRetiree,
    ErreurCarte,
    LecteurIndisponible,
)
from simulator.readers.trace import Espion, sans_trace
from simulator.readers.vpcd import Fin, VpcdSlot

DELAI_MOUVEMENT_MS = 5_000
DELAI_CAUSE_MS = 800  # pcscd looks at its slots every 400 ms
SUCCES = 0
_ERREURS: dict[int, Callable[[str], ErreurCarte]] = {
    0x8010000C: CarteAbsente,
    0x80100066: CarteMuette,
    0x80100068: CarteReinitialisee,
    0x80100069: CarteRetiree,
}
_NON_TRANSMIS, _COMMUNICATION = 0x80100016, 0x8010002F
_SANS_SERVICE, _LECTEUR_INCONNU = 0x8010001D, 0x80100009


def scard() -> ModuleType:
    """pyscard's low-level module. Raises LecteurIndisponible when it isn't installed."""
    try:
        from smartcard import scard as module  # noqa: PLC0415 - optional dependency
    except ImportError as exc:
        raise LecteurIndisponible("pyscard n'est pas installé ; installer preagrement[pcsc]") from exc
    return cast(ModuleType, module)


class Contexte:
    """A dialogue with the PC/SC service, for one thread. Raises LecteurIndisponible when it isn't there."""

    def __init__(self) -> None:
        self._scard: Any = scard()
        code, self.poignee = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
        if _unsigned(code) != SUCCES:
            raise LecteurIndisponible(
                f"le service PC/SC ne répond pas (0x{_unsigned(code):08X}) ; vérifier que pcscd tourne"
            )

    def readers(self) -> list[str]:
        """Names of the readers, in no particular order."""
        code, noms = self._scard.SCardListReaders(self.poignee, [])
        return list(noms) if _unsigned(code) == SUCCES else []

    def wait(self, lecteur: str, atteint: Callable[[int, bytes], bool], delai_ms: int) -> bool:
        """Waits until ``atteint(state, atr)`` is true of a reader; False when ``delai_ms`` pass first."""
        s = self._scard
        connu = s.SCARD_STATE_UNAWARE
        reste = delai_ms
        while True:
            code, etats = s.SCardGetStatusChange(self.poignee, min(reste, 500), [(lecteur, connu)])
            if _unsigned(code) == SUCCES:
                _, etat, atr = etats[0]
                if atteint(etat, bytes(atr)):
                    return True
                connu = etat & ~s.SCARD_STATE_CHANGED
            reste -= 500 if _unsigned(code) != SUCCES else 1
            if reste <= 0:
                return False

    def release(self) -> None:
        self._scard.SCardReleaseContext(self.poignee)


class PcscConnection:
    """A shared dialogue with a card through PC/SC. ``cause`` tells why the last exchange failed, if it's known."""

    def __init__(self, nom_pcsc: str, *, lecteur: str = "", cause: Callable[[], Fin] = lambda: "") -> None:
        s: Any = scard()
        self._scard = s
        # A context of its own: libpcsclite serialises what shares one, waits included.
        self._contexte, self._nom_pcsc = Contexte(), nom_pcsc
        self._lecteur, self._cause = lecteur or nom_pcsc, cause
        code, self._carte, protocole = s.SCardConnect(
            self._contexte.poignee, nom_pcsc, s.SCARD_SHARE_SHARED, s.SCARD_PROTOCOL_T0 | s.SCARD_PROTOCOL_T1
        )
        if _unsigned(code) != SUCCES:
            erreur = self._error(_unsigned(code))
            self._contexte.release()
            raise erreur
        self._pci = s.SCARD_PCI_T1 if protocole == s.SCARD_PROTOCOL_T1 else s.SCARD_PCI_T0
        self._ouverte = True
        code, _, _, _, atr = s.SCardStatus(self._carte)
        self._atr = bytes(atr) if _unsigned(code) == SUCCES else b""

    @property
    def atr(self) -> bytes:
        return self._atr

    @property
    def lecteur(self) -> str:
        return self._lecteur

    def transmit(self, commande: bytes) -> bytes:
        code, reponse = self._scard.SCardTransmit(self._carte, self._pci, list(commande))
        code = _unsigned(code)
        if code != SUCCES:
            raise self._error(code)
        if len(reponse) < 2:  # success without an answer: pulled out or mute
            raise self._error(_NON_TRANSMIS)
        return bytes(reponse)

    def reset(self) -> None:
        s = self._scard
        code, _ = s.SCardReconnect(
            self._carte, s.SCARD_SHARE_SHARED, s.SCARD_PROTOCOL_T0 | s.SCARD_PROTOCOL_T1, s.SCARD_RESET_CARD
        )
        if _unsigned(code) != SUCCES:
            raise self._error(_unsigned(code))

    def disconnect(self) -> None:
        if self._ouverte:
            self._ouverte = False
            self._scard.SCardDisconnect(self._carte, self._scard.SCARD_RESET_CARD)
            self._contexte.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.disconnect()

    def _error(self, code: int) -> ErreurCarte:
        simple = _ERREURS.get(code)
        if simple is not None:
            return simple(self._lecteur)
        if code in (_NON_TRANSMIS, _COMMUNICATION):
            return CarteRetiree(self._lecteur) if self._gone() else CarteMuette(self._lecteur)
        if code in (_SANS_SERVICE, _LECTEUR_INCONNU):
            return LecteurIndisponible(f"le lecteur « {self._lecteur} » n'est plus là ; vérifier que pcscd tourne")
        return ErreurCarte(f"erreur PC/SC 0x{code:08X} sur le lecteur « {self._lecteur} »")

    def _gone(self) -> bool:
        """Whether the card was pulled out, by what the reader knows, else by what pcscd sees."""
        cause = self._cause()
        if cause:
            return cause == "retiree"
        vide = self._scard.SCARD_STATE_EMPTY
        return self._contexte.wait(self._nom_pcsc, lambda etat, _: bool(etat & vide), DELAI_CAUSE_MS)


class PcscReader:
    """A PC/SC reader served by vpcd. Implements ``CardReader``.

    Movements wait until PC/SC has seen them: putting a card in right after pulling one out would go unseen.
    """

    def __init__(
        self,
        name: str,
        nom_pcsc: str,
        port: int,
        *,
        espion: Espion = sans_trace,
        delai_muette: float = 2.0,
    ) -> None:
        self._name, self.nom_pcsc, self._port = name, nom_pcsc, port
        self._contexte, self._espion, self._delai_muette = Contexte(), espion, delai_muette
        self._slot: VpcdSlot | None = None
        self._fin: Fin = ""
        self._verrou = threading.RLock()
        self._calme = threading.Event()  # set when no scripted movement is under way
        self._calme.set()

    @property
    def name(self) -> str:
        return self._name

    @property
    def present(self) -> bool:
        return self._slot is not None

    def insert(self, card: Card) -> None:
        with self._verrou:
            if self._slot is not None:
                raise ValueError(f"le lecteur « {self._name} » contient déjà une carte ; la retirer d'abord")
            self._fin = ""
            self._slot = VpcdSlot(
                card,
                self._port,
                nom=self._name,
                espion=self._espion,
                delai_muette=self._delai_muette,
                arrachee=self._pulled,
            )
        present = scard().SCARD_STATE_PRESENT
        attendu = card.atr
        if not self._contexte.wait(
            self.nom_pcsc, lambda e, atr: bool(e & present) and atr == attendu, DELAI_MOUVEMENT_MS
        ):
            raise LecteurIndisponible(f"pcscd ne voit pas la carte mise dans « {self._name} » ; le redémarrer")
        self._espion.inserted(self._name, attendu)

    def remove(self) -> None:
        self._calme.wait(DELAI_MOUVEMENT_MS / 1000)
        with self._verrou:
            slot, self._slot = self._slot, None
            if slot is None:
                return
            self._fin = "retiree"
        slot.stop()
        self._wait_empty()
        self._espion.removed(self._name)

    def _wait_empty(self) -> None:
        vide = scard().SCARD_STATE_EMPTY
        if not self._contexte.wait(self.nom_pcsc, lambda e, _: bool(e & vide), DELAI_MOUVEMENT_MS):
            raise LecteurIndisponible(f"pcscd ne voit pas le retrait de la carte de « {self._name} » ; le redémarrer")

    def _pulled(self, suivante: Card | None) -> None:
        """The card was pulled out by a script, in the slot's thread."""
        self._calme.clear()
        try:
            with self._verrou:
                self._slot, self._fin = None, "retiree"
            self._wait_empty()
            self._espion.removed(self._name)
            if suivante is not None:
                self.insert(suivante)
        finally:
            self._calme.set()

    def swap(self, card: Card) -> None:
        self.remove()
        self.insert(card)

    def connect(self) -> PcscConnection:
        self._calme.wait(DELAI_MOUVEMENT_MS / 1000)
        if self._slot is None:
            raise CarteAbsente(self._name)
        return PcscConnection(self.nom_pcsc, lecteur=self._name, cause=self._why)

    def close(self) -> None:
        """Takes the card out and leaves the PC/SC service."""
        self.remove()
        self._contexte.release()

    def _why(self) -> Fin:
        slot = self._slot
        return self._fin if slot is None else slot.fin


def _unsigned(code: int) -> int:
    return code & 0xFFFFFFFF
