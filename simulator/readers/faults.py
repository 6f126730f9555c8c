"""Faulty cards: each wraps a card and spoils one thing, from a chosen APDU or for a chosen command on.

A command pattern is hexadecimal with ``*`` (any bytes) and ``?`` (one digit): ``00B0*`` is every READ BINARY.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from simulator.cards.carte import Card
from simulator.cards.etat import EtatPersistant
from simulator.readers.base import Arrachement


class Declencheur:
    """Tells when a fault strikes: from the ``apres``-th matching APDU on (0 is the first), ``fois`` times."""

    def __init__(self, motif: str = "*", *, apres: int = 0, fois: int | None = None) -> None:
        if apres < 0 or (fois is not None and fois < 1):
            raise ValueError("un déclencheur compte à partir de 0 et frappe au moins une fois")
        self._motif, self._apres, self._fois = motif.upper().replace(" ", ""), apres, fois
        self._vus = self._frappes = 0

    def strikes(self, commande: bytes) -> bool:
        """Counts a command; True when the fault has to happen on it."""
        if not fnmatchcase(commande.hex().upper(), self._motif):
            return False
        self._vus += 1
        if self._vus <= self._apres or (self._fois is not None and self._frappes >= self._fois):
            return False
        self._frappes += 1
        return True


class CarteModifiee:
    """A card that does as the one inside, until ``_fault`` says otherwise. Implements ``Card``."""

    def __init__(self, card: Card, declencheur: Declencheur | None = None) -> None:
        self._card, self._declencheur = card, declencheur or Declencheur()

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def power_on(self) -> bytes:
        self._card.power_on()
        return self.atr

    def power_off(self) -> None:
        self._card.power_off()

    def reset(self) -> bytes:
        self._card.reset()
        return self.atr

    def transmit(self, commande: bytes) -> bytes:
        if self._declencheur.strikes(commande):
            return self._fault(commande)
        return self._card.transmit(commande)

    def _fault(self, commande: bytes) -> bytes:
        return self._card.transmit(commande)


class Muette(CarteModifiee):
    """Stops answering."""

    def _fault(self, commande: bytes) -> bytes:
        return b""


class Arrachee(CarteModifiee):
    """Is pulled out instead of answering; ``suivante`` takes its place."""

    def __init__(self, card: Card, declencheur: Declencheur | None = None, *, suivante: Card | None = None) -> None:
        super().__init__(card, declencheur)
        self._suivante = suivante

    def _fault(self, commande: bytes) -> bytes:
        raise Arrachement(self._suivante)


class FauxStatut(CarteModifiee):
    """Answers a status word alone, without running the command."""

    def __init__(self, card: Card, sw: int, declencheur: Declencheur | None = None) -> None:
        super().__init__(card, declencheur)
        self._sw = sw.to_bytes(2, "big")

    def _fault(self, commande: bytes) -> bytes:
        return self._sw


class Tronquee(CarteModifiee):
    """Loses the last ``octets`` bytes of the data it gives, so that lengths inside no longer add up."""

    def __init__(self, card: Card, octets: int = 1, declencheur: Declencheur | None = None) -> None:
        super().__init__(card, declencheur or Declencheur("00B0*"))
        self._octets = octets

    def _fault(self, commande: bytes) -> bytes:
        reponse = self._card.transmit(commande)
        donnees, sw = reponse[:-2], reponse[-2:]
        return donnees[: max(0, len(donnees) - self._octets)] + sw


class Alteree(CarteModifiee):
    """Gives other data of the same length in place of some: a card whose content was tampered with."""

    def __init__(self, card: Card, ancien: bytes, nouveau: bytes, declencheur: Declencheur | None = None) -> None:
        if len(ancien) != len(nouveau) or not ancien:
            raise ValueError("une altération remplace des octets par autant d'autres")
        super().__init__(card, declencheur)
        self._ancien, self._nouveau = ancien, nouveau

    def _fault(self, commande: bytes) -> bytes:
        reponse = self._card.transmit(commande)
        return reponse[:-2].replace(self._ancien, self._nouveau) + reponse[-2:]


class Abimee(CarteModifiee):
    """Gives back files whose first byte is wrong: data that nobody can make sense of."""

    def __init__(self, card: Card, declencheur: Declencheur | None = None) -> None:
        super().__init__(card, declencheur or Declencheur("00B00000*"))

    def _fault(self, commande: bytes) -> bytes:
        reponse = self._card.transmit(commande)
        if len(reponse) <= 2:  # a status word alone
            return reponse
        return bytes((reponse[0] ^ 0xFF,)) + reponse[1:]


class Clonee(CarteModifiee):
    """Has the data and the certificate of the card, not its private key: no signature of it verifies."""

    def __init__(self, card: Card) -> None:
        super().__init__(card, Declencheur())
        self._signee = False

    def _fault(self, commande: bytes) -> bytes:
        reponse = self._card.transmit(commande)
        if commande[1:2] != b"\xc0":  # GET RESPONSE goes on with the answer of the command before
            self._signee = commande[1:4] == b"\x2a\x9e\x9a" or commande[1:2] == b"\x88"
        if not self._signee or len(reponse) <= 2:
            return reponse
        self._signee = False
        return bytes((reponse[0] ^ 0x55,)) + reponse[1:]


class Lente(CarteModifiee):
    """Calls ``attendre`` before it answers: the caller decides what waiting is (real or virtual time)."""

    def __init__(self, card: Card, attendre: Callable[[], None], declencheur: Declencheur | None = None) -> None:
        super().__init__(card, declencheur)
        self._attendre = attendre

    def _fault(self, commande: bytes) -> bytes:
        self._attendre()
        return self._card.transmit(commande)


class AutreAtr(CarteModifiee):
    """Answers to reset with another ATR: an unknown card, or one put in upside down with an empty ATR."""

    def __init__(self, card: Card, atr: bytes) -> None:
        super().__init__(card, Declencheur())
        self._atr = atr

    @property
    def atr(self) -> bytes:
        return self._atr


def code_presque_bloque(essais_restants: int = 1) -> EtatPersistant:
    """The lasting state of a card whose holder has already been wrong; 0 is a blocked card."""
    return EtatPersistant(essais={1: essais_restants})
