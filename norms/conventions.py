"""Normed files that issuers send to PS: conventions, groupings of AMC, correspondence of MUTNUM (cdc §3.6.3).

``hypothese``: annex 3, which fixes their format, isn't distributed; the shape is ours, the columns are those that
public programs keep of these tables. Text, UTF-8, fields separated by ``;``, lines ended by CRLF::

    TABLE;<nature>;<issuer>;<date AAAAMMJJ>;<number of lines>
    <names of the columns>
    <one line an entry; conventions and groupings begin with an action: C created, M modified, S deleted>
    FIN;<SHA-256 of all that precedes, hexadecimal>
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

NatureTable = Literal["conventions", "regroupements", "correspondances"]
COLONNES: Mapping[NatureTable, tuple[str, ...]] = {
    "conventions": (
        "action", "signataire", "type_convention", "critere_secondaire", "type_accord", "numero_amc",
        "operateur_reglement", "code_routage", "identifiant_hote", "domaine", "aiguillage_sts", "specialites",
        "code_application", "date_effet",
    ),
    "regroupements": ("action", "numero_amc", "type_convention", "critere_secondaire", "signataire"),
    "correspondances": ("mutnum", "numero_amc"),
}  # fmt: skip
#: Created, modified, deleted.
ACTIONS = frozenset("CMS")
MAX_LIGNES = 100_000
MAX_OCTETS = 32 * 1024 * 1024


class ErreurTable(ValueError):
    """A normed file that can't be written or read; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Table:
    """One file: its nature, who issues it, of which day, its lines by column."""

    nature: NatureTable
    emetteur: str
    jour: date
    lignes: tuple[Mapping[str, str], ...]


def ecrire(table: Table) -> bytes:
    """The file of a table. Raises ErreurTable on a column that this nature doesn't have, or a wrong action."""
    colonnes = COLONNES[table.nature]
    sortie = io.StringIO()
    ecrivain = csv.writer(sortie, delimiter=";", lineterminator="\r\n")
    ecrivain.writerow(["TABLE", table.nature, table.emetteur, f"{table.jour:%Y%m%d}", len(table.lignes)])
    ecrivain.writerow(colonnes)
    for rang, ligne in enumerate(table.lignes, start=1):
        _check(table.nature, dict(ligne), f"entrée {rang}")
        ecrivain.writerow([ligne.get(c, "") for c in colonnes])
    corps = sortie.getvalue().encode("utf-8")
    return corps + f"FIN;{hashlib.sha256(corps).hexdigest()}\r\n".encode("ascii")


def lire(octets: bytes) -> Table:
    """The table of a file, whole and untouched. Raises ErreurTable."""
    if len(octets) > MAX_OCTETS:
        raise ErreurTable(f"fichier normé de {len(octets)} octets ; {MAX_OCTETS} au plus")
    corps, separateur, fin = octets.rpartition(b"FIN;")
    if not separateur or fin != f"{hashlib.sha256(corps).hexdigest()}\r\n".encode("ascii"):
        raise ErreurTable("fichier normé incomplet ou altéré (ligne FIN)")
    try:
        lues = list(csv.reader(io.StringIO(corps.decode("utf-8"), newline=""), delimiter=";", strict=True))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise ErreurTable(f"fichier normé illisible ({exc})") from exc
    nature, emetteur, jour, nombre = _header(lues[0] if lues else [])
    colonnes = COLONNES[nature]
    if len(lues) < 2 or tuple(lues[1]) != colonnes:
        raise ErreurTable(f"fichier normé, ligne 2 : attendu « {';'.join(colonnes)} »")
    if len(lues) - 2 != nombre:
        raise ErreurTable(f"fichier normé : {nombre} entrée(s) annoncée(s), {len(lues) - 2} présente(s)")
    lignes = []
    for rang, ligne in enumerate(lues[2:], start=3):
        if len(ligne) != len(colonnes):
            raise ErreurTable(f"fichier normé, ligne {rang} : {len(ligne)} champs, attendu {len(colonnes)}")
        lignes.append(dict(zip(colonnes, ligne, strict=True)))
        _check(nature, lignes[-1], f"ligne {rang}")
    return Table(nature, emetteur, jour, tuple(lignes))


def _header(ligne: list[str]) -> tuple[NatureTable, str, date, int]:
    attendu = "fichier normé, ligne 1 : attendu TABLE;nature;émetteur;date;nombre"
    if len(ligne) != 5 or ligne[0] != "TABLE" or not (ligne[4].isascii() and ligne[4].isdigit()):
        raise ErreurTable(attendu)
    nature = next((n for n in get_args(NatureTable) if n == ligne[1]), None)
    if nature is None:
        raise ErreurTable(f"{attendu} ; natures : {', '.join(get_args(NatureTable))}")
    if len(ligne[4]) > 6 or int(ligne[4]) > MAX_LIGNES:
        raise ErreurTable(f"fichier normé : {MAX_LIGNES} entrées au plus")
    try:
        return nature, ligne[2], datetime.strptime(ligne[3], "%Y%m%d").date(), int(ligne[4])  # noqa: DTZ007 - a day
    except ValueError as exc:
        raise ErreurTable(f"{attendu} ; date « {ligne[3][:20]} » impossible") from exc


def _check(nature: NatureTable, ligne: dict[str, str], place: str) -> None:
    inconnues = sorted(set(ligne) - set(COLONNES[nature]))
    if inconnues:
        raise ErreurTable(f"{place} : colonne « {inconnues[0]} » inconnue ; admises : {', '.join(COLONNES[nature])}")
    if "action" in COLONNES[nature] and ligne.get("action") not in ACTIONS:
        raise ErreurTable(f"{place} : action « {ligne.get('action', '')[:10]} » ; attendu C, M ou S")
    if any(c in valeur for valeur in ligne.values() for c in "\r\n"):
        raise ErreurTable(f"{place} : une valeur tient sur une ligne")
