"""Where a lot goes: FSE by régime and recipient organisation, DRE by the pieces the services give back (cdc §4.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from norms.chargement import load_plain
from norms.ssv import Groupe
from reference.erreurs import Refus

_FICHIER = Path(__file__).parent.parent / "donnees" / "adressage.yaml"


@cache
def _forms() -> dict[int, str]:
    return {int(f["groupe"]): f["forme"] for f in load_plain(_FICHIER)["formes"]}


def adresse_du_lot(groupe: Groupe) -> str:
    """SV-4.2.4-14, -15 (group 13: régime, organisation); SV-4.2.4-16 (group 93: routing, host, domain)."""
    forme = _forms().get(groupe.id)
    if forme is None:
        raise Refus(f"groupe d'adressage {groupe.id} inconnu ; attendu 13 (FSE) ou 93 (DRE)")
    return forme.format_map(groupe.en_dict())


@dataclass
class Adressage:
    """Gives the address of a lot."""

    adresse: Callable[[Groupe], str] = field(default=adresse_du_lot)
