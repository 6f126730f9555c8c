"""Sending through a concentrator: where files go, and the single file that is made for it (annexe5 §4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from norms.contrat.adaptateur import ReglagesOct
from norms.contrat.base import TypeFacture
from reference.facturation.eclateur import FSE_ENRICHIE
from reference.store import LotConserve

FICHIER_UNIQUE = "fichier_unique"
MIXTE = "MIXTE"


def en_un_seul(lots: Iterable[LotConserve]) -> list[tuple[LotConserve, ...]]:
    """Every lot of one sender in one file, whatever its criterion, FSE first (SV-A5-4.2.2.1-04)."""
    groupes: dict[str, list[LotConserve]] = {}
    for lot in sorted(lots, key=lambda lot: lot.type != TypeFacture.FSE):
        groupes.setdefault(lot.groupe.valeur("numero_emetteur"), []).append(lot)
    return [tuple(g) for g in groupes.values()]


@dataclass
class VersOct:
    """The agreement with a concentrator, as files see it. ``directs``: lots that leave without it all the same."""

    adresse: str
    reglages: ReglagesOct
    regrouper: Callable[[Iterable[LotConserve]], list[tuple[LotConserve, ...]]] = en_un_seul
    directs: Callable[[LotConserve], bool] = field(default=lambda lot: False)

    @property
    def fichier_unique(self) -> bool:
        """Whether lots are put together in a single file (annexe5 §4.2.2, §4.3.2)."""
        r = self.reglages
        return r.mode == FICHIER_UNIQUE or (r.mode == FSE_ENRICHIE and r.regroupement == FICHIER_UNIQUE)

    def entete(self) -> dict[str, str]:
        """Fields 5 to 7 of group 12 for a single file (SV-A5-4.2.2.1-13 to -15); none otherwise."""
        if not self.fichier_unique:
            return {}
        r = self.reglages
        return {
            "application": r.application,
            "type_destinataire": r.type_destinataire,
            "numero_destinataire": r.numero_destinataire,
        }


def type_du_fichier(lots: Iterable[LotConserve]) -> str:
    """FSE, DRE, or MIXTE."""
    types = sorted({str(lot.type) for lot in lots})
    return types[0] if len(types) == 1 else MIXTE
