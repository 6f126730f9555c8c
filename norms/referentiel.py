"""The repository of health professionals that pharmacy software looks prescribers up in (cdc §4.1.2, glossary).

``hypothese``: FACT-GU-001, which says how vendors make it from the national registry, isn't distributed; the file is
ours. UTF-8, fields separated by ``;``: a first line ``REFERENTIEL;<version AAAAMMJJ>``, a line of names, one line a PS.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, fields

MAX_OCTETS = 64 * 1024 * 1024
MAX_PS = 1_000_000


class ErreurReferentiel(ValueError):
    """A repository that can't be read; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Prescripteur:
    """``rpps``: eleven digits with its key; ``numero``: billing number and key, nine characters."""

    rpps: str
    numero: str
    specialite: str
    nom: str
    prenom: str


COLONNES = tuple(f.name for f in fields(Prescripteur))


def lire(octets: bytes) -> tuple[str, tuple[Prescripteur, ...]]:
    """Version (AAAAMMJJ) and professionals. Raises ErreurReferentiel."""
    if len(octets) > MAX_OCTETS:
        raise ErreurReferentiel(f"référentiel de {len(octets)} octets ; {MAX_OCTETS} au plus")
    try:
        lignes = list(csv.reader(io.StringIO(octets.decode("utf-8"), newline=""), delimiter=";", strict=True))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise ErreurReferentiel(f"référentiel illisible ({exc}) ; attendu du texte UTF-8 séparé par « ; »") from exc
    if len(lignes) < 2 or len(lignes[0]) != 2 or lignes[0][0] != "REFERENTIEL":
        raise ErreurReferentiel("référentiel, ligne 1 : attendu REFERENTIEL;version")
    version = lignes[0][1]
    if not re.fullmatch(r"[0-9]{8}", version):
        raise ErreurReferentiel("référentiel, ligne 1 : version attendue AAAAMMJJ")
    if tuple(lignes[1]) != COLONNES:
        raise ErreurReferentiel(f"référentiel, ligne 2 : attendu {';'.join(COLONNES)}")
    if len(lignes) - 2 > MAX_PS:
        raise ErreurReferentiel(f"référentiel de {len(lignes) - 2} professionnels ; {MAX_PS} au plus")
    lus = []
    for rang, ligne in enumerate(lignes[2:], start=3):
        if len(ligne) != len(COLONNES) or not re.fullmatch(r"[0-9]{11}", ligne[0]):
            raise ErreurReferentiel(f"référentiel, ligne {rang} : {len(COLONNES)} champs attendus, le RPPS en premier")
        lus.append(Prescripteur(*ligne))
    return version, tuple(lus)
