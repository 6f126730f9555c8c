"""The incremental opposition list (LOI): a file of increments (dLOI), a request for them, a list they make up.

``hypothese``: annexes 4 and 6, which fix these files, aren't distributed; shapes are ours. cdc §2.2.4.2 and its
glossary fix the principle: dLOI(n) is the difference between LOI(n-1) and LOI(n).

A dLOI is text, ASCII, one line a change, fields separated by ``;``, ended by CRLF::

    DLOI;<number n, 6 digits>;<date AAAAMMJJ>;<number of changes>
    A;<serial number of a Vitale card>       put in opposition
    S;<serial number of a Vitale card>       taken out
    FIN;<SHA-256 of all that precedes, hexadecimal>

A request is ``DEMANDE;<number of the list held, 6 digits, 000000 for none>``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

MAX_CHANGEMENTS = 1_000_000
MAX_OCTETS = 32 * 1024 * 1024
CRLF = "\r\n"
_SERIE = re.compile(r"[0-9]{10,20}")


class ErreurDloi(ValueError):
    """A file of increments, or a request, that can't be read; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Dloi:
    """The increments that turn LOI(``numero`` - 1) into LOI(``numero``); serial numbers of cards."""

    numero: int
    jour: date
    ajouts: tuple[str, ...] = ()
    retraits: tuple[str, ...] = ()


def ecrire(dloi: Dloi) -> bytes:
    """The file of these increments."""
    lignes = [f"DLOI;{dloi.numero:06d};{dloi.jour:%Y%m%d};{len(dloi.ajouts) + len(dloi.retraits)}"]
    lignes += [f"A;{s}" for s in dloi.ajouts] + [f"S;{s}" for s in dloi.retraits]
    corps = "".join(ligne + CRLF for ligne in lignes).encode("ascii")
    return corps + f"FIN;{hashlib.sha256(corps).hexdigest()}{CRLF}".encode("ascii")


def lire(octets: bytes) -> Dloi:
    """The increments of a file, whole and untouched. Raises ErreurDloi."""
    if len(octets) > MAX_OCTETS:
        raise ErreurDloi(f"fichier d'incréments de {len(octets)} octets ; {MAX_OCTETS} au plus")
    corps, separateur, fin = octets.rpartition(b"FIN;")
    if not separateur or fin != f"{hashlib.sha256(corps).hexdigest()}{CRLF}".encode("ascii"):
        raise ErreurDloi("fichier d'incréments incomplet ou altéré (ligne FIN)")
    try:
        lignes = corps.decode("ascii").split(CRLF)[:-1]
    except UnicodeDecodeError as exc:
        raise ErreurDloi("fichier d'incréments : attendu du texte ASCII") from exc
    numero, jour, nombre = _header(lignes[0] if lignes else "")
    ajouts: list[str] = []
    retraits: list[str] = []
    for rang, ligne in enumerate(lignes[1:], start=2):
        sens, _, serie = ligne.partition(";")
        if sens not in ("A", "S") or not _SERIE.fullmatch(serie):
            raise ErreurDloi(f"fichier d'incréments, ligne {rang} : attendu A ou S puis un numéro de série")
        (ajouts if sens == "A" else retraits).append(serie)
    if len(lignes) - 1 != nombre:
        raise ErreurDloi(f"fichier d'incréments : {nombre} changement(s) annoncé(s), {len(lignes) - 1} présent(s)")
    return Dloi(numero, jour, tuple(ajouts), tuple(retraits))


def _header(ligne: str) -> tuple[int, date, int]:
    trouve = re.fullmatch(r"DLOI;([0-9]{6});([0-9]{8});([0-9]{1,7})", ligne)
    if trouve is None or int(trouve[1]) < 1 or int(trouve[3]) > MAX_CHANGEMENTS:
        raise ErreurDloi("fichier d'incréments, ligne 1 : attendu DLOI;numéro;date;nombre")
    try:
        jour = datetime.strptime(trouve[2], "%Y%m%d").date()  # noqa: DTZ007 - a calendar day
    except ValueError as exc:
        raise ErreurDloi(f"fichier d'incréments, ligne 1 : date « {trouve[2]} » impossible") from exc
    return int(trouve[1]), jour, int(trouve[3])


def appliquer(liste: Iterable[str], dloi: Dloi) -> frozenset[str]:
    """LOI(n) from LOI(n-1) and dLOI(n). The caller answers for the order."""
    return (frozenset(liste) | frozenset(dloi.ajouts)) - frozenset(dloi.retraits)


def ecrire_demande(numero: int) -> bytes:
    """The request of what follows the list held."""
    return f"DEMANDE;{numero:06d}{CRLF}".encode("ascii")


def lire_demande(octets: bytes) -> int:
    """The number of the list held. Raises ErreurDloi."""
    trouve = re.fullmatch(rb"DEMANDE;([0-9]{6})\r\n", octets)
    if trouve is None:
        raise ErreurDloi("demande d'incréments : attendu DEMANDE; puis le numéro de la liste détenue, sur six chiffres")
    return int(trouve[1])
