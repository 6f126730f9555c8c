"""What a card says about its security objects when GET DATA asks (public: OpenSC, iasecc-sdo.c)."""

from __future__ import annotations

from simulator.cards import ber
from simulator.cards.etat import CleCarte, Pin, Session
from simulator.cards.fichiers import Acces

CLASSE_CODE, CLASSE_CLE_PRIVEE, CLASSE_CLE_PUBLIQUE, CLASSE_ENVIRONNEMENT = 0x01, 0x10, 0x20, 0x7B
_SCB_CODE, _SCB_LIBRE, _SCB_JAMAIS = 0x11, 0x00, 0xFF


def describe(session: Session, tag: int, entete: bytes) -> bytes | None:
    """The object ``tag`` (BF cc rr) restricted to what ``entete`` lists, or None when there is no such object."""
    if tag >> 16 != 0xBF or not entete.endswith(b"\x80"):
        return None
    classe, reference = (tag >> 8) & 0x7F, tag & 0x1F
    demande = int.from_bytes(entete[:-1], "big")
    contenu: bytes | None = None
    if classe == CLASSE_CODE and reference in session.pins:
        contenu = _code(session, session.pins[reference], demande)
    elif classe in (CLASSE_CLE_PRIVEE, CLASSE_CLE_PUBLIQUE) and reference in session.cles:
        contenu = _cle(session.cles[reference], classe, demande)
    elif classe == CLASSE_ENVIRONNEMENT and reference in session.pins and demande == CLASSE_ENVIRONNEMENT:
        contenu = ber.encode(0x7B, ber.encode(0xA4, bytes((0x95, 1, 0x08, 0x83, 1, reference))))
    return None if contenu is None else ber.encode(0x70, ber.encode(tag, contenu))


def _acl(amb: int, *conditions: int) -> bytes:
    return ber.encode(0xA1, ber.encode(0x8C, bytes((amb, *conditions))))


def _code(session: Session, pin: Pin, demande: int) -> bytes | None:
    if demande == 0xA0:
        return ber.encode(
            0xA0,
            ber.encode(0x9A, bytes((pin.essais_max,))),
            ber.encode(0x9B, bytes((session.essais(pin),))),
            _acl(0x73, _SCB_LIBRE, _SCB_LIBRE, 0x12, _SCB_JAMAIS, _SCB_LIBRE),
        )
    if demande == 0x7F41:
        bornes = bytes((0x80, 1, pin.longueur_max, 0x81, 1, pin.longueur_min))
        return ber.encode(0x7F41, bornes)
    return None


def _cle(cle: CleCarte, classe: int, demande: int) -> bytes | None:
    if demande == 0xA0:
        usage = _SCB_CODE if cle.acces is Acces.CODE_PORTEUR else _SCB_LIBRE
        signer, authentifier = (usage, _SCB_JAMAIS) if cle.usage == "signature" else (_SCB_JAMAIS, usage)
        return ber.encode(
            0xA0,
            ber.encode(0x80, cle.taille.to_bytes(2, "big")),
            _acl(0x63, signer, authentifier, _SCB_JAMAIS, _SCB_LIBRE),
        )
    if classe == CLASSE_CLE_PRIVEE and demande == 0x7F48:
        return ber.encode(0x7F48, ber.encode(0x80, b"\0"))
    if classe == CLASSE_CLE_PUBLIQUE and demande == 0x7F49:
        nombres = cle.cle.public_key().public_numbers()
        return ber.encode(
            0x7F49,
            ber.encode(0x81, nombres.n.to_bytes(cle.taille, "big")),
            ber.encode(0x82, nombres.e.to_bytes(3, "big")),
        )
    return None
