"""Tells what a file is from its first bytes."""

from __future__ import annotations

import re
from enum import StrEnum

from harness.fichiers.erreurs import ErreurFichier
from norms.codec.erreurs import quote

#: Enough for two records of 128 bytes and what follows them.
TETE = 4096
LONGUEUR = 128
GZIP = b"\x1f\x8b"


class Nature(StrEnum):
    """What a file holds."""

    B2 = "b2"
    B2_LOT = "b2_lot"
    B2_FACTURES = "b2_factures"
    NOEMIE = "noemie"
    ARL = "arl"
    MESSAGE = "message"
    PIECE = "piece_jointe"
    ZONE = "zone"
    TEXTE = "texte"

    @property
    def libelle(self) -> str:
        """The French label shown to people."""
        return _LIBELLES[self]


_LIBELLES = {
    Nature.B2: "fichier B2",
    Nature.B2_LOT: "lot B2 sans enveloppe de fichier",
    Nature.B2_FACTURES: "factures B2 sans lot",
    Nature.NOEMIE: "retour NOEMIE",
    Nature.ARL: "fichier d'ARL",
    Nature.MESSAGE: "message",
    Nature.PIECE: "pièce jointe CMS ou compressée",
    Nature.ZONE: "zone de données des SSV",
    Nature.TEXTE: "texte",
}
ATTENDU = (
    "un fichier B2 (000…), un lot (1…) ou une facture (2…), un retour NOEMIE ou un fichier d'ARL (000…), un message "
    "(.eml : en-têtes puis corps), une pièce jointe CMS, ou une zone des SSV avec --zone"
)
_ENTETE = re.compile(rb"[A-Za-z][!-9;-~]{0,70}[ \t]*:")
#: One of these is in every message; without it, « nom: valeur » is some other text (RFC 5322 §3.6, RFC 2045).
_ENTETE_CONNU = re.compile(
    rb"^(from|to|cc|subject|date|received|return-path|delivered-to|message-id|mime-version|content-[a-z-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_ENTITE = re.compile(rb"[01]?(010|020|040|070|071|080|081|100|102)")
_REFERENCES = frozenset({b"580", b"576", b"900"})
_DEBUT_B2 = re.compile(rb"[12][0-9A-Z]{9}")
_ENCODAGES = (
    (
        b"\xef\xbb\xbf",
        "un fichier précédé d'une marque UTF-8",
        "l'enregistrer en ASCII, sans marque d'ordre des octets",
    ),
    (b"\xff\xfe", "un texte UTF-16", "l'enregistrer en ASCII, un octet par caractère"),
    (b"\xfe\xff", "un texte UTF-16", "l'enregistrer en ASCII, un octet par caractère"),
    (b"\xf0\xf0\xf0", "un fichier EBCDIC", "le convertir en ASCII, un octet par caractère"),
    (b"PK\x03\x04", "une archive ZIP", "l'extraire et donner les fichiers qu'elle contient"),
    (b"%PDF", "un document PDF", "donner le fichier transmis, non son image"),
)


def recognise(tete: bytes) -> Nature:
    """The nature of a file from its first TETE bytes. Raises ErreurFichier saying what was expected."""
    if not tete:
        raise ErreurFichier(f"fichier vide ; attendu {ATTENDU}")
    for debut, quoi, conseil in _ENCODAGES:
        if tete.startswith(debut):
            raise ErreurFichier(f"{quoi} ; attendu {ATTENDU} ; {conseil}")
    if tete.startswith(b"000"):
        return _with_header(tete)
    if _DEBUT_B2.match(tete):
        return Nature.B2_LOT if tete.startswith(b"1") else Nature.B2_FACTURES
    if tete.startswith(b"From ") or (_ENTETE.match(tete) and _ENTETE_CONNU.search(tete)):
        return Nature.MESSAGE
    if tete.startswith(GZIP) or (tete.startswith(b"\x30") and len(tete) > 1 and tete[1] >= 0x80):
        return Nature.PIECE
    raise ErreurFichier(f"forme inconnue, le fichier commence par {quote(tete[:24])} ; attendu {ATTENDU}")


def _with_header(tete: bytes) -> Nature:
    """000: ARL (its columns 48-50), NOEMIE (a known reference, or an entity next), else B2."""
    if tete[47:50] == b"ARL":
        return Nature.ARL
    suite = tete[LONGUEUR:]
    if tete[65:67] != b"B2" and (
        tete[61:65].strip(b" 0") in {r.strip(b"0") for r in _REFERENCES} or _ENTITE.match(suite)
    ):
        return Nature.NOEMIE
    return Nature.B2


def separator(tete: bytes) -> bytes:
    """What a text conversion put between the records of a B2 file: nothing, LF or CR LF."""
    fin = tete.find(b"\n")
    if fin < 0 or not LONGUEUR - 8 <= fin <= LONGUEUR + 8:
        return b""
    return b"\r\n" if tete[fin - 1 : fin] == b"\r" else b"\n"
