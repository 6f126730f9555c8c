"""The agreement number of the software that made a lot, refused when no longer valid (cdc §3.3.1.2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from simulator.acteurs.analyse import AnalyseLot, AnalyseMessage
from simulator.acteurs.anomalies import Catalogue
from simulator.acteurs.valeurs import montre

TOUS = "*"
CHAMP = "agrement_progiciel"


def check_agreements(catalogue: Catalogue, analyse: AnalyseMessage, refuses: Collection[str]) -> AnalyseMessage:
    """The analysis with an anomaly on each lot whose software is refused; pure."""
    if not refuses or analyse.fichier is None:
        return analyse
    lots = tuple(_checked(catalogue, lot, refuses) for lot in analyse.fichier.lots)
    return replace(analyse, fichier=replace(analyse.fichier, lots=lots))


def _checked(catalogue: Catalogue, lot: AnalyseLot, refuses: Collection[str]) -> AnalyseLot:
    fin = lot.lu.fin
    if fin is None or fin.anomalies:
        return lot
    numero = fin.texte(CHAMP)
    if numero not in refuses and TOUS not in refuses:
        return lot
    attendu = "un numéro d'agrément valide"
    anomalie = catalogue.anomalie("LOT_AGREMENT_REFUSE", attendu, montre(numero), en=fin, champ=CHAMP)
    return replace(lot, anomalies=(*lot.anomalies, anomalie))
