"""Tolerant reading of an Internet message: exact headers with their lines, leaf parts with their decoded bytes.

public: RFC 5322 (headers), RFC 2045 and 2046 (MIME). Nothing is corrected silently: what departs from the rules is
told as a defect, and reading goes on with the likeliest meaning. Depth, parts and headers are bounded.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import quopri
import re
from dataclasses import dataclass, field
from email.header import decode_header, make_header

MAX_ENTETES = 500
MAX_PARTIES = 50
MAX_PROFONDEUR = 5
_NOM = re.compile(rb"[!-9;-~]+")
_PARAMETRE = re.compile(r';\s*([!-~]+?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')


@dataclass(frozen=True, slots=True)
class Defaut:
    """A departure from the MIME rules: code, expected, found, line in the message (from 1)."""

    code: str
    source: str
    attendu: str
    constate: str
    ligne: int


@dataclass(frozen=True, slots=True)
class Entete:
    """One header: ``brut`` is everything after the colon, line ends and folding included; ``ligne`` from 1."""

    nom: str
    brut: bytes
    ligne: int

    @property
    def valeur(self) -> str:
        """Unfolded, stripped; bytes outside ASCII as Latin-1; encoded words left as they are."""
        return re.sub(rb"\r?\n(?=[ \t])", b"", self.brut).decode("latin-1").strip()

    @property
    def texte(self) -> str:
        """As a person reads it: encoded words (public: RFC 2047) decoded when they can be."""
        try:
            return str(make_header(decode_header(self.valeur)))
        except (ValueError, LookupError, binascii.Error):
            return self.valeur


@dataclass(frozen=True, slots=True)
class Partie:
    """A leaf of the message: headers, encoded body, decoded bytes. ``ligne``: first line of its headers."""

    entetes: tuple[Entete, ...]
    corps: bytes = field(repr=False)
    octets: bytes = field(repr=False)
    ligne: int = 1

    def get(self, nom: str) -> str:
        """Value of the first header so named; empty when there is none."""
        return header(self.entetes, nom)

    @property
    def type_contenu(self) -> str:
        """Content-Type without parameters, as written; ``text/plain`` when absent (public: RFC 2045 §5.2)."""
        return split_parameters(self.get("Content-Type"))[0] or "text/plain"

    @property
    def nom_fichier(self) -> str:
        """``name`` of Content-Type, else ``filename`` of Content-Disposition."""
        return split_parameters(self.get("Content-Type"))[1].get("name") or split_parameters(
            self.get("Content-Disposition")
        )[1].get("filename", "")


@dataclass(frozen=True, slots=True)
class Structure:
    """A message read: its own headers, its leaves, whether it was multipart, its defects."""

    entetes: tuple[Entete, ...]
    parties: tuple[Partie, ...]
    multipart: bool
    defauts: tuple[Defaut, ...]


def header(entetes: tuple[Entete, ...], nom: str) -> str:
    """Value of the first header so named, whatever the case; empty when there is none."""
    return next((e.valeur for e in entetes if e.nom.lower() == nom.lower()), "")


def split_parameters(valeur: str) -> tuple[str, dict[str, str]]:
    """``type/subtype`` and parameters (lower-case names) of a structured header."""
    tete, _, _ = valeur.partition(";")
    parametres: dict[str, str] = {}
    for trouve in _PARAMETRE.finditer(valeur[:8192]):
        cite = trouve[2]
        parametres.setdefault(trouve[1].lower(), re.sub(r"\\(.)", r"\1", cite) if cite is not None else trouve[3])
    return tete.strip(), parametres


def read_structure(brut: bytes) -> Structure:
    """Reads a message, or the inner MIME entity of an opened envelope. Never raises on content."""
    lecture = _Lecture()
    if re.search(rb"(?<!\r)\n|\r(?!\n)", brut):
        lecture.defaut("FIN_DE_LIGNE", "public: RFC 5322 §2.3", "des fins de ligne CRLF", "un CR ou un LF isolé", 1)
    entetes, multipart = lecture.entity(brut, 1, 0)
    return Structure(entetes, tuple(lecture.parties), multipart, tuple(lecture.defauts))


class _Lecture:
    def __init__(self) -> None:
        self.parties: list[Partie] = []
        self.defauts: list[Defaut] = []
        self._entites = 0

    def defaut(self, code: str, source: str, attendu: str, constate: str, ligne: int) -> None:
        if len(self.defauts) < 100:
            self.defauts.append(Defaut(code, source, attendu, constate, ligne))

    def entity(self, brut: bytes, ligne: int, profondeur: int) -> tuple[tuple[Entete, ...], bool]:
        entetes, corps, ligne_corps = self._headers(brut, ligne)
        genre, parametres = split_parameters(header(entetes, "Content-Type"))
        if genre.lower().startswith("multipart/"):
            frontiere = parametres.get("boundary", "")
            if not frontiere:
                self.defaut("FRONTIERE_ABSENTE", "public: RFC 2046 §5.1.1", "un paramètre boundary", genre, ligne)
            elif profondeur >= MAX_PROFONDEUR:
                self.defaut("TROP_PROFOND", "public: RFC 2046 §5.1", f"{MAX_PROFONDEUR} niveaux au plus", genre, ligne)
            else:
                self._split(corps, frontiere, ligne_corps, profondeur)
            return entetes, True
        self.parties.append(Partie(entetes, corps, self._decode(entetes, corps, ligne_corps), ligne))
        return entetes, False

    def _headers(self, brut: bytes, ligne: int) -> tuple[tuple[Entete, ...], bytes, int]:
        entetes: list[Entete] = []
        position = 0
        while position < len(brut):
            fin = brut.find(b"\n", position)
            suivant = len(brut) if fin < 0 else fin + 1
            while suivant < len(brut) and brut[suivant] in b" \t" and brut[position:suivant].strip():
                fin = brut.find(b"\n", suivant)
                suivant = len(brut) if fin < 0 else fin + 1
            champ = brut[position:suivant]
            if not champ.strip(b"\r\n"):
                return tuple(entetes), brut[suivant:], ligne + 1
            nom, deux_points, valeur = champ.partition(b":")
            if not deux_points or not _NOM.fullmatch(nom.rstrip(b" \t")):
                extrait = champ[:60].decode("latin-1").rstrip()
                self.defaut("ENTETE_ILLISIBLE", "public: RFC 5322 §2.2", "« Nom: valeur »", extrait, ligne)
            elif len(entetes) < MAX_ENTETES:
                entetes.append(Entete(nom.rstrip(b" \t").decode("ascii"), valeur.rstrip(b"\r\n"), ligne))
            ligne += champ.count(b"\n")
            position = suivant
        self.defaut(
            "CORPS_ABSENT", "public: RFC 5322 §2.1", "une ligne vide puis un corps", "aucun corps", max(ligne - 1, 1)
        )
        return tuple(entetes), b"", ligne

    def _split(self, corps: bytes, frontiere: str, ligne: int, profondeur: int) -> None:
        marque = re.escape(b"--" + frontiere.encode("latin-1", "replace"))
        trouvees = re.finditer(rb"(?:^|(?<=\n))" + marque + rb"(--)?[ \t]*(?:\r?\n|$)", corps)
        bornes = list(itertools.islice(trouvees, MAX_PARTIES + 2))
        fermee = next((i for i, b in enumerate(bornes) if b[1]), None)
        if fermee is None and len(bornes) <= MAX_PARTIES:
            self.defaut(
                "FRONTIERE_FINALE", "public: RFC 2046 §5.1.1", f"une ligne finale --{frontiere}--", "aucune", ligne
            )
        ouvertes = bornes if fermee is None else bornes[: fermee + 1]
        for rang, borne in enumerate(ouvertes):
            if borne[1]:
                break
            self._entites += 1
            if self._entites > MAX_PARTIES:
                constate = f"plus de {MAX_PARTIES}"
                self.defaut("TROP_DE_PARTIES", "public: RFC 2046 §5.1", f"{MAX_PARTIES} parties", constate, ligne)
                break
            fin = ouvertes[rang + 1].start() if rang + 1 < len(ouvertes) else len(corps)
            contenu = re.sub(rb"\r?\n\Z", b"", corps[borne.end() : fin])
            self.entity(contenu, ligne + corps.count(b"\n", 0, borne.end()), profondeur + 1)

    def _decode(self, entetes: tuple[Entete, ...], corps: bytes, ligne: int) -> bytes:
        encodage = header(entetes, "Content-Transfer-Encoding").lower()
        if encodage == "base64":
            return self._base64(corps, ligne)
        if encodage == "quoted-printable":
            return quopri.decodestring(corps)
        if encodage not in ("", "7bit", "8bit", "binary"):
            self.defaut("ENCODAGE_INCONNU", "public: RFC 2045 §6.1", "un encodage MIME connu", encodage[:60], ligne)
        return corps

    def _base64(self, corps: bytes, ligne: int) -> bytes:
        if any(len(une.rstrip(b"\r")) > 76 for une in corps.split(b"\n")):
            self.defaut("BASE64_LIGNE", "public: RFC 2045 §6.8", "76 caractères au plus par ligne", "davantage", ligne)
        propre = re.sub(rb"[^A-Za-z0-9+/=]", b"", corps)
        if len(propre) != len(re.sub(rb"[ \t\r\n]", b"", corps)):
            self.defaut("BASE64_CARACTERE", "public: RFC 2045 §6.8", "l'alphabet base64", "d'autres caractères", ligne)
        donnees, _, apres = propre.partition(b"=")
        complement = -len(donnees) % 4
        if complement == 3 or len(apres) + (len(propre) > len(donnees)) != complement or apres.strip(b"="):
            self.defaut(
                "BASE64_LONGUEUR", "public: RFC 2045 §6.8", "des groupes de quatre caractères", "un reste", ligne
            )
        donnees = donnees[: len(donnees) // 4 * 4] if complement == 3 else donnees + b"=" * complement
        return base64.b64decode(donnees)
