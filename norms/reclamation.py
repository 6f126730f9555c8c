"""Claim reports to the CESI: the file a message carries (cdc §2.2.4.3; hypothesis: annex 1-B0 isn't public).

One line a report, fields separated by ``;``, UTF-8, after a line of names. No data about the patient.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

MAX_RAPPORTS = 10_000
MAX_OCTETS = 4 * 1024 * 1024


class ErreurReclamation(ValueError):
    """A file of claim reports that can't be read; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Rapport:
    """One claim. ``etat``: rejete, anomalie or en_cours; ``date`` of elaboration, ISO; ``montant`` asked, centimes."""

    numero: str
    numero_ps: str
    facture: str
    type: str
    lot: str
    date: str
    montant: str
    etat: str
    motif: str


COLONNES = tuple(f.name for f in fields(Rapport))
ETATS = frozenset({"rejete", "anomalie", "en_cours"})


def ecrire(rapports: Iterable[Rapport]) -> bytes:
    """The file of these reports."""
    sortie = io.StringIO()
    ecrivain = csv.writer(sortie, delimiter=";", lineterminator="\r\n")
    ecrivain.writerow(COLONNES)
    ecrivain.writerows(astuple(r) for r in rapports)
    return sortie.getvalue().encode("utf-8")


def lire(octets: bytes) -> tuple[Rapport, ...]:
    """The reports of a file, 10 000 at most. Raises ErreurReclamation."""
    if len(octets) > MAX_OCTETS:
        raise ErreurReclamation(f"fichier de rapports de {len(octets)} octets ; {MAX_OCTETS} au plus")
    try:
        lignes = list(csv.reader(io.StringIO(octets.decode("utf-8"), newline=""), delimiter=";", strict=True))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise ErreurReclamation(
            f"fichier de rapports illisible ({exc}) ; attendu du texte UTF-8 séparé par « ; »"
        ) from exc
    if not lignes or tuple(lignes[0]) != COLONNES:
        raise ErreurReclamation(f"première ligne : attendu « {';'.join(COLONNES)} »")
    if not 1 < len(lignes) <= MAX_RAPPORTS + 1:
        raise ErreurReclamation(f"{len(lignes) - 1} rapports ; attendu de 1 à {MAX_RAPPORTS}")
    rapports = []
    for rang, ligne in enumerate(lignes[1:], start=2):
        if len(ligne) != len(COLONNES):
            raise ErreurReclamation(f"ligne {rang} : {len(ligne)} champs, attendu {len(COLONNES)}")
        rapport = Rapport(*ligne)
        if rapport.etat not in ETATS:
            attendu = ", ".join(sorted(ETATS))
            raise ErreurReclamation(f"ligne {rang}, etat : « {rapport.etat[:20]} », attendu {attendu}")
        rapports.append(rapport)
    return tuple(rapports)
