"""Command and response APDUs, cases 1 to 4, short and extended (public: ISO/IEC 7816-3 §12, 7816-4 §5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

LE_COURT_MAX = 256
LE_ETENDU_MAX = 65_536


class Sw(IntEnum):
    """Status words that our cards give (public: ISO/IEC 7816-4, table 5 and 6)."""

    OK = 0x9000
    FIN_DE_FICHIER = 0x6282
    CODE_FAUX = 0x63C0  # low nibble: tries left
    MEMOIRE = 0x6581
    LONGUEUR = 0x6700
    CANAL_LOGIQUE = 0x6881
    MESSAGERIE_SECURISEE = 0x6882
    DERNIER_MAILLON = 0x6883
    TYPE_DE_FICHIER = 0x6981
    SECURITE = 0x6982
    BLOQUE = 0x6983
    DONNEE_INVALIDE = 0x6984
    CONDITIONS = 0x6985
    PAS_D_EF = 0x6986
    DONNEES_INCORRECTES = 0x6A80
    FONCTION = 0x6A81
    FICHIER_ABSENT = 0x6A82
    PLACE = 0x6A84
    P1_P2 = 0x6A86
    LC_INCOHERENT = 0x6A87
    REFERENCE_ABSENTE = 0x6A88
    DEPLACEMENT = 0x6B00
    INS = 0x6D00
    CLA = 0x6E00
    ERREUR = 0x6F00


class ApduInvalide(ValueError):
    """Bytes that aren't a command APDU."""


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """A command APDU. ``le`` is the maximum number of bytes expected, None when no Le field is there."""

    cla: int
    ins: int
    p1: int
    p2: int
    donnees: bytes = b""
    le: int | None = None
    etendu: bool = False

    @classmethod
    def parse(cls, brut: bytes) -> CommandApdu:
        """Splits a command APDU. Raises ApduInvalide when the length fields don't fit the bytes."""
        if len(brut) < 4:
            raise ApduInvalide(f"commande de {len(brut)} octets ; 4 au moins sont attendus (CLA INS P1 P2)")
        cla, ins, p1, p2 = brut[:4]
        donnees, le, etendu = _split_body(brut[4:])
        return cls(cla, ins, p1, p2, donnees, le, etendu)

    def encode(self) -> bytes:
        """The bytes of the command; extended when asked for or when the lengths need it."""
        tete = bytes((self.cla, self.ins, self.p1, self.p2))
        if self.etendu or len(self.donnees) > 255 or (self.le or 0) > LE_COURT_MAX:
            return tete + self._lengths_extended()
        corps = bytes((len(self.donnees),)) + self.donnees if self.donnees else b""
        return tete + corps + (b"" if self.le is None else bytes((self.le % LE_COURT_MAX,)))

    def _lengths_extended(self) -> bytes:
        corps = b"\0" + len(self.donnees).to_bytes(2, "big") + self.donnees if self.donnees else b""
        if self.le is None:
            return corps
        return corps + (b"" if corps else b"\0") + (self.le % LE_ETENDU_MAX).to_bytes(2, "big")


def _split_body(corps: bytes) -> tuple[bytes, int | None, bool]:
    """Data, Le and whether lengths are extended."""
    if not corps:
        return b"", None, False
    if len(corps) == 1:
        return b"", corps[0] or LE_COURT_MAX, False
    if not corps[0]:
        return _split_extended(corps)
    lc, suite = corps[0], corps[1:]
    if len(suite) == lc:
        return suite, None, False
    if len(suite) == lc + 1:
        return suite[:lc], suite[lc] or LE_COURT_MAX, False
    raise ApduInvalide(f"Lc vaut {lc} mais {len(suite)} octets suivent")


def _split_extended(corps: bytes) -> tuple[bytes, int | None, bool]:
    if len(corps) < 3:
        raise ApduInvalide("champ de longueur étendu incomplet")
    longueur, suite = int.from_bytes(corps[1:3], "big"), corps[3:]
    if not suite:
        return b"", longueur or LE_ETENDU_MAX, True
    if longueur and len(suite) == longueur:
        return suite, None, True
    if longueur and len(suite) == longueur + 2:
        return suite[:longueur], int.from_bytes(suite[longueur:], "big") or LE_ETENDU_MAX, True
    raise ApduInvalide(f"Lc étendu vaut {longueur} mais {len(suite)} octets suivent")


@dataclass(frozen=True, slots=True)
class Reponse:
    """A response APDU: data then status word."""

    donnees: bytes = b""
    sw: int = Sw.OK

    @classmethod
    def parse(cls, brut: bytes) -> Reponse:
        """Splits a response APDU. Raises ApduInvalide when it has no status word."""
        if len(brut) < 2:
            raise ApduInvalide(f"réponse de {len(brut)} octet(s) ; un mot d'état en prend 2")
        return cls(brut[:-2], int.from_bytes(brut[-2:], "big"))

    def encode(self) -> bytes:
        return self.donnees + int(self.sw).to_bytes(2, "big")
