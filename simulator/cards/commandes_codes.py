"""VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER and GET DATA (public: ISO/IEC 7816-4 §11.5 and §11.4)."""

from __future__ import annotations

from collections.abc import Callable

from simulator.cards import ber
from simulator.cards.apdu import CommandApdu, Reponse, Sw
from simulator.cards.etat import Pin, Session
from simulator.cards.sdo import describe


class CommandesCodes:
    """The commands about secret codes, and the reading of what the card says about its security objects."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def table(self) -> dict[int, Callable[[CommandApdu], Reponse]]:
        return {0x20: self.verify, 0x24: self.change, 0x2C: self.unblock, 0xCB: self.get_data}

    def _pin(self, apdu: CommandApdu) -> Pin | None:
        return self._session.pins.get(apdu.p2 & 0x1F)

    def _refusal(self, pin: Pin) -> Reponse:
        essais = self._session.essais(pin)
        return Reponse(sw=Sw.CODE_FAUX | min(essais, 15) if essais else Sw.BLOQUE)

    def verify(self, apdu: CommandApdu) -> Reponse:
        if apdu.p1:
            return Reponse(sw=Sw.P1_P2)
        pin = self._pin(apdu)
        if pin is None:
            return Reponse(sw=Sw.REFERENCE_ABSENTE)
        if not apdu.donnees:  # a question: is it verified, how many tries are left
            return Reponse() if pin.reference in self._session.volatil.verifies else self._refusal(pin)
        return Reponse() if self._session.check(pin, apdu.donnees) else self._refusal(pin)

    def change(self, apdu: CommandApdu) -> Reponse:
        if apdu.p1:
            return Reponse(sw=Sw.P1_P2)
        pin = self._pin(apdu)
        if pin is None:
            return Reponse(sw=Sw.REFERENCE_ABSENTE)
        ancien = len(self._session.persistant.codes.get(pin.reference, pin.valeur))
        nouveau = apdu.donnees[ancien:]
        if not pin.longueur_min <= len(nouveau) <= pin.longueur_max:
            return Reponse(sw=Sw.LONGUEUR)
        if not self._session.check(pin, apdu.donnees[:ancien]):
            return self._refusal(pin)
        self._session.persistant.codes[pin.reference] = nouveau
        return Reponse()

    def unblock(self, apdu: CommandApdu) -> Reponse:
        """RESET RETRY COUNTER: the unblocking code then the new code (P1=00), or nothing when it is verified."""
        pin = self._pin(apdu)
        puk = next((p for p in self._session.pins.values() if pin and p.debloque == pin.reference), None)
        if pin is None or puk is None:
            return Reponse(sw=Sw.REFERENCE_ABSENTE)
        if apdu.p1 != 0:
            return Reponse(sw=Sw.P1_P2)
        longueur = len(puk.valeur)
        nouveau = apdu.donnees[longueur:]
        if not pin.longueur_min <= len(nouveau) <= pin.longueur_max:
            return Reponse(sw=Sw.LONGUEUR)
        if not self._session.check(puk, apdu.donnees[:longueur]):
            return self._refusal(puk)
        self._session.persistant.codes[pin.reference] = nouveau
        self._session.persistant.essais[pin.reference] = pin.essais_max
        return Reponse()

    def get_data(self, apdu: CommandApdu) -> Reponse:
        """GET DATA of a security object by an extended header list (public: OpenSC, iasecc_sdo_get_tagged_data)."""
        if (apdu.p1, apdu.p2) != (0x3F, 0xFF):
            return Reponse(sw=Sw.REFERENCE_ABSENTE)
        try:
            modele = ber.find(apdu.donnees, 0x4D, 0x70)
            objet = next(ber.parse(modele or b""), None)
        except ber.TlvInvalide:
            # The header list ends with a tag and the length 80 ("everything"): not a plain TLV.
            return Reponse(sw=Sw.DONNEES_INCORRECTES)
        donnees = describe(self._session, objet.tag, objet.valeur) if objet else None
        return Reponse(donnees) if donnees is not None else Reponse(sw=Sw.REFERENCE_ABSENTE)
