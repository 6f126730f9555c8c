"""PC/SC: the client side (pyscard) and readers whose cards are served to pcscd through vpcd.

pyscard is imported only when something here is used. libpcsclite keeps the socket name it saw first: one
private pcscd at a time per process, always at the same path.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
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
    LecteurOccupe,
)
from simulator.readers.trace import Espion, sans_trace
from simulator.readers.vpcd import Fin, VpcdSlot

DELAI_MOUVEMENT = 5.0  # seconds; pcscd looks at its slots every 400 ms
DELAI_CAUSE = 0.8
SUCCES = 0
_ERREURS: dict[int, Callable[[str], ErreurCarte]] = {
    0x8010000B: LecteurOccupe,
    0x8010000C: CarteAbsente,
    0x80100066: CarteMuette,
    0x80100068: CarteReinitialisee,
    0x80100069: CarteRetiree,
}
_NON_TRANSMIS, _COMMUNICATION = 0x80100016, 0x8010002F
_SANS_SERVICE, _LECTEUR_INCONNU, _DELAI_PASSE = 0x8010001D, 0x80100009, 0x8010000A


def scard() -> ModuleType:
    """pyscard's low-level module. Raises LecteurIndisponible when it isn't installed."""
    try:
        from smartcard import scard as module  # noqa: PLC0415 - optional dependency
    except ImportError as exc:
        raise LecteurIndisponible("pyscard n'est pas installé ; installer preagrement[pcsc]") from exc
    return cast(ModuleType, module)


@dataclass(frozen=True, slots=True)
class EtatLecteur:
    """What pcscd says of a reader. ``mouvements`` counts the insertions and removals that it saw."""

    present: bool
    vide: bool
    atr: bytes
    mouvements: int


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

    def wait(self, lecteur: str, atteint: Callable[[EtatLecteur], bool], delai: float) -> EtatLecteur | None:
        """Waits until ``atteint`` is true of a reader's state; None when ``delai`` seconds pass first."""
        s = self._scard
        connu = s.SCARD_STATE_UNAWARE
        limite = time.monotonic() + delai
        while True:
            code, etats = s.SCardGetStatusChange(self.poignee, 250, [(lecteur, connu)])
            if _unsigned(code) == SUCCES:
                _, brut, atr = etats[0]
                etat = EtatLecteur(
                    bool(brut & s.SCARD_STATE_PRESENT), bool(brut & s.SCARD_STATE_EMPTY), bytes(atr), brut >> 16
                )
                if atteint(etat):
                    return etat
                connu = brut & ~s.SCARD_STATE_CHANGED
            elif _unsigned(code) != _DELAI_PASSE:
                return None
            if time.monotonic() > limite:
                return None

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
        self._ouverte, self._perdue = True, False
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
        if code == SUCCES and len(reponse) < 2:  # success without an answer: pulled out or mute
            code = _NON_TRANSMIS
        if code != SUCCES:
            self._perdue = True
            raise self._error(code)
        return bytes(reponse)

    def reset(self) -> None:
        s = self._scard
        code, _ = s.SCardReconnect(
            self._carte, s.SCARD_SHARE_SHARED, s.SCARD_PROTOCOL_T0 | s.SCARD_PROTOCOL_T1, s.SCARD_RESET_CARD
        )
        self._perdue = _unsigned(code) != SUCCES
        if self._perdue:
            raise self._error(_unsigned(code))

    def disconnect(self) -> None:
        if self._ouverte:
            self._ouverte = False
            # Resetting a card that has gone would make pcscd believe the reader empty before it looks.
            fin = self._scard.SCARD_LEAVE_CARD if self._perdue else self._scard.SCARD_RESET_CARD
            self._scard.SCardDisconnect(self._carte, fin)
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
        return self._contexte.wait(self._nom_pcsc, lambda etat: etat.vide, DELAI_CAUSE) is not None


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
        self._calme = threading.Event()  # set when no movement is under way in the slot's thread
        self._calme.set()
        etat = self._contexte.wait(nom_pcsc, lambda _: True, DELAI_MOUVEMENT)
        if etat is None:
            raise LecteurIndisponible(f"pcscd ne connaît pas le lecteur « {nom_pcsc} » ; le redémarrer")
        self._mouvements = etat.mouvements

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
            self._start(card)
        self._wait_present(card.atr)
        self._espion.inserted(self._name, card.atr)

    def _start(self, card: Card) -> None:
        self._fin = ""
        self._slot = VpcdSlot(
            card,
            self._port,
            nom=self._name,
            espion=self._espion,
            delai_muette=self._delai_muette,
            debut_fin=self._ending,
            apres_fin=self._ended,
        )

    def remove(self) -> None:
        self._calme.wait(2 * DELAI_MOUVEMENT)
        with self._verrou:
            slot, self._slot = self._slot, None
            if slot is None:
                return
            self._fin = "retiree"
        slot.stop()
        self._wait_empty()
        self._espion.removed(self._name)

    # A state alone proves nothing: a failed reset also shows an empty reader, before pcscd has looked.
    # The count of movements does.

    def _wait_present(self, atr: bytes) -> None:
        avant = self._mouvements
        etat = self._contexte.wait(
            self.nom_pcsc, lambda e: e.present and e.atr == atr and e.mouvements != avant, DELAI_MOUVEMENT
        )
        if etat is None:
            raise LecteurIndisponible(f"pcscd ne voit pas la carte mise dans « {self._name} » ; le redémarrer")
        self._mouvements = etat.mouvements

    def _wait_empty(self) -> None:
        avant = self._mouvements
        etat = self._contexte.wait(self.nom_pcsc, lambda e: e.vide and e.mouvements != avant, DELAI_MOUVEMENT)
        if etat is None:
            raise LecteurIndisponible(f"pcscd ne voit pas le retrait de la carte de « {self._name} » ; le redémarrer")
        self._mouvements = etat.mouvements

    def _ending(self, slot: VpcdSlot, fin: Fin) -> None:
        """The card pulled itself out or went mute: whoever asks for it now has to wait."""
        with self._verrou:
            if self._slot is slot:
                self._calme.clear()
                self._fin = fin

    def _ended(self, slot: VpcdSlot, fin: Fin, suivante: Card | None) -> None:
        """In the slot's thread: waits until pcscd has seen it, then puts the next card in (the mute one again)."""
        try:
            self._wait_empty()
            with self._verrou:
                if self._slot is not slot:
                    return
                self._slot = None
                if fin == "retiree":
                    self._espion.removed(self._name)
                if suivante is None:
                    return
                self._start(suivante)
            self._wait_present(suivante.atr)
            if fin == "retiree":
                self._espion.inserted(self._name, suivante.atr)
        finally:
            self._calme.set()

    def swap(self, card: Card) -> None:
        self.remove()
        self.insert(card)

    def connect(self) -> PcscConnection:
        self._calme.wait(2 * DELAI_MOUVEMENT)
        if self._slot is None:
            raise CarteAbsente(self._name)
        return PcscConnection(self.nom_pcsc, lecteur=self._name, cause=lambda: self._fin)

    def close(self) -> None:
        """Takes the card out and leaves the PC/SC service."""
        self.remove()
        self._contexte.release()


def _unsigned(code: int) -> int:
    return code & 0xFFFFFFFF
