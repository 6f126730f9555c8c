"""The operating system of our cards: dispatch, command chaining and T=0 shaping around the command groups.

The card gets whole APDUs (vpcd does no TPDU work), so it does itself what a T=0 card does: data that
answer a command that also carries data are announced by 61xx and fetched with GET RESPONSE, and a wrong
expected length gets 6Cxx (public: ISO/IEC 7816-3 §12.2, 7816-4 §5.3.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from norms.contrat.ports import Alea, AleaReproductible
from simulator.cards.apdu import LE_COURT_MAX, ApduInvalide, CommandApdu, Reponse, Sw
from simulator.cards.commandes_codes import CommandesCodes
from simulator.cards.commandes_crypto import CommandesCrypto
from simulator.cards.commandes_fichiers import CommandesFichiers
from simulator.cards.etat import EtatPersistant, ImageOs, Session

Commande = Callable[[CommandApdu], Reponse]

INS_GET_RESPONSE = 0xC0
CHAINAGE = 0x10
MAX_CHAINE = 8192
_SORTIE_SEULE = frozenset({0xB0, INS_GET_RESPONSE, 0x84, 0xCA})


class CarteOs:
    """A simulated ISO 7816-4 card. Implements ``Card``; an APDU always gets a status word.

    ``persistant`` outlives the object when the caller keeps it; ``alea`` gives the challenges.
    """

    def __init__(self, image: ImageOs, *, persistant: EtatPersistant | None = None, alea: Alea | None = None) -> None:
        self.persistant = persistant if persistant is not None else EtatPersistant()
        alea = alea or AleaReproductible(0, "carte:" + image.numero_serie.hex())
        self._session = Session(image, self.persistant, alea.octets)
        self._commandes: Mapping[int, Commande] = {
            **CommandesFichiers(self._session).table(),
            **CommandesCodes(self._session).table(),
            **CommandesCrypto(self._session).table(),
        }
        self._alimentee = False
        self._attente = b""
        self._chaine: tuple[tuple[int, int, int], bytes] | None = None

    @property
    def atr(self) -> bytes:
        return self._session.image.atr

    def power_on(self) -> bytes:
        """Powers the card; volatile state starts afresh. Returns the ATR."""
        return self.reset()

    def power_off(self) -> None:
        self.reset()
        self._alimentee = False

    def reset(self) -> bytes:
        self._session.reset()
        self._attente, self._chaine = b"", None
        self._alimentee = True
        return self.atr

    def transmit(self, commande: bytes) -> bytes:
        """Runs one command APDU; returns response data and status word."""
        if not self._alimentee:
            return Reponse(sw=Sw.ERREUR).encode()
        try:
            return self._run(CommandApdu.parse(commande)).encode()
        except ApduInvalide:
            self._attente, self._chaine = b"", None
            return Reponse(sw=Sw.LONGUEUR).encode()

    def _run(self, apdu: CommandApdu) -> Reponse:
        if apdu.ins == INS_GET_RESPONSE and apdu.cla == 0:
            return self._get_response(apdu)
        self._attente = b""
        if apdu.cla & ~CHAINAGE:
            return Reponse(sw=_sw_of_class(apdu.cla))
        if apdu.cla & CHAINAGE:
            return self._append(apdu)
        if self._chaine is not None:
            cle, debut = self._chaine
            self._chaine = None
            if cle != (apdu.ins, apdu.p1, apdu.p2):
                return Reponse(sw=Sw.DERNIER_MAILLON)
            apdu = replace(apdu, donnees=debut + apdu.donnees)
        executer = self._commandes.get(apdu.ins)
        if executer is None:
            return Reponse(sw=Sw.INS)
        if apdu.ins in _SORTIE_SEULE and apdu.le is None:
            apdu = replace(apdu, le=LE_COURT_MAX)
        return self._shape(apdu, executer(apdu))

    def _append(self, apdu: CommandApdu) -> Reponse:
        """Keeps one link of a chained command (public: ISO/IEC 7816-4 §5.3.3)."""
        cle = (apdu.ins, apdu.p1, apdu.p2)
        debut = self._chaine[1] if self._chaine is not None and self._chaine[0] == cle else b""
        self._chaine = None
        if apdu.ins not in self._commandes:
            return Reponse(sw=Sw.INS)
        if len(debut) + len(apdu.donnees) > MAX_CHAINE:
            return Reponse(sw=Sw.LONGUEUR)
        self._chaine = (cle, debut + apdu.donnees)
        return Reponse()

    def _shape(self, apdu: CommandApdu, reponse: Reponse) -> Reponse:
        donnees = reponse.donnees
        if not donnees:
            return reponse
        if apdu.etendu or not self._session.image.t0:
            if apdu.le is None or len(donnees) <= apdu.le:
                return reponse
            self._attente = donnees[apdu.le :]
            return Reponse(donnees[: apdu.le], _sw_remaining(self._attente))
        if apdu.donnees or apdu.le is None:
            self._attente = donnees
            return Reponse(sw=_sw_remaining(donnees))
        if apdu.le > len(donnees):
            return Reponse(sw=0x6C00 | len(donnees))
        return reponse

    def _get_response(self, apdu: CommandApdu) -> Reponse:
        if apdu.p1 or apdu.p2 or apdu.donnees:
            return Reponse(sw=Sw.P1_P2)
        if not self._attente:
            return Reponse(sw=Sw.CONDITIONS)
        le = apdu.le if apdu.le is not None else LE_COURT_MAX
        if le > len(self._attente) and le != LE_COURT_MAX:
            return Reponse(sw=0x6C00 | (len(self._attente) & 0xFF))
        morceau, self._attente = self._attente[:le], self._attente[le:]
        return Reponse(morceau, _sw_remaining(self._attente) if self._attente else Sw.OK)


def _sw_remaining(reste: bytes) -> int:
    return 0x6100 | (len(reste) if len(reste) < LE_COURT_MAX else 0)


def _sw_of_class(cla: int) -> int:
    if cla & 0x80:
        return Sw.CLA
    if cla & 0x0C:
        return Sw.MESSAGERIE_SECURISEE
    return Sw.CANAL_LOGIQUE if cla & 0x43 else Sw.CLA
