"""Which answer a message gets: tables of ``acteurs/decision.yaml``, overridden by the behaviour a scenario orders."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from norms.chargement import load
from simulator.acteurs.analyse import AnalyseLot, AnalyseMessage
from simulator.acteurs.anomalies import DONNEES
from simulator.acteurs.comportement import Comportement, NatureService
from simulator.acteurs.organismes import Role


@dataclass(frozen=True, slots=True)
class Tables:
    """``arl``: (type, mode) -> whether an ARL is made; ``services``: effect -> service message."""

    services: dict[str, NatureService]
    repond: dict[Role, bool]
    arl: dict[tuple[str, str], bool]
    defauts: dict[str, str]
    types_noemie: dict[tuple[str, str], str]

    def noemie_type(self, type_: str, mode: str) -> str:
        """The type of invoice in entity 102."""
        return self.types_noemie.get((type_, mode)) or self.types_noemie[type_, "*"]


@dataclass(frozen=True, slots=True)
class DecisionArl:
    """The ARL of one lot. ``numero_facture``: first invoice at fault, empty when the lot itself is; ``reference``:
    what the ARL says of the lot when a fault makes it lie.
    """

    lot: AnalyseLot
    positif: bool
    code: str = ""
    libelle: str = ""
    numero_facture: str = ""
    reference: str = ""

    @property
    def reference_dite(self) -> str:
        """The reference of the lot in the ARL."""
        return self.reference or self.lot.reference


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything decided about one message. ``acceptes``: lots taken charge of, to be paid or rejected later."""

    service: NatureService | None = None
    motif: str = ""
    arls: tuple[DecisionArl, ...] = ()
    acceptes: tuple[AnalyseLot, ...] = ()


@cache
def load_tables(chemin: Path = DONNEES / "decision.yaml") -> Tables:
    """The decision tables (immutable, hence kept). Raises ErreurChargement."""
    d: dict[str, Any] = load(chemin).donnees
    return Tables(
        services={s["effet"]: s["service"] for s in d["services"]},
        repond={r["role"]: r["repond"] == "oui" for r in d["repond"]},
        arl={(a["type"], a["mode"]): a["arl"] == "oui" for a in d["arl"]},
        defauts={k: v["valeur"] for k, v in d["defauts"].items()},
        types_noemie={(t["type"], t["mode"]): t["code"] for t in d["types_noemie"]},
    )


def decide(analyse: AnalyseMessage, comportement: Comportement, tables: Tables | None = None) -> Decision:
    """What to answer to an analysed message; pure."""
    tables = tables or load_tables()
    if not tables.repond[analyse.organisme.role]:
        return Decision()  # a lot isn't a concentrator's to accept: refused by its insurer, it may come again
    if comportement.service != "aucun":
        return Decision(service=comportement.service, motif="message de service demandé par le scénario")
    force = comportement.arl != "honnete"
    for effet, service in tables.services.items():
        faute = next((a for a in analyse.envelope_faults() if a.effet == effet), None)
        if faute is not None and not (force and analyse.lots):
            return Decision(service=service, motif=f"{faute.controle.texte} ({faute.code})")
    arls = tuple(_arl(lot, comportement, tables) for lot in analyse.lots)
    refuses = {id(a.lot) for a in arls if not a.positif}
    return Decision(
        arls=tuple(a for a in arls if _is_sent(a, comportement, tables)),
        acceptes=tuple(lot for lot in analyse.lots if id(lot) not in refuses),
    )


def _is_sent(arl: DecisionArl, comportement: Comportement, tables: Tables) -> bool:
    if comportement.arl == "honnete":
        return tables.arl[arl.lot.type, arl.lot.mode]
    return comportement.arl != "aucun"


def _arl(lot: AnalyseLot, comportement: Comportement, tables: Tables) -> DecisionArl:
    if comportement.arl == "positif":
        return DecisionArl(lot, positif=True)
    if comportement.arl == "negatif":
        return force_negative(lot, comportement, tables)
    fautes = lot.faults()
    if not fautes:
        return DecisionArl(lot, positif=True)
    anomalie, facture = fautes[0]
    return DecisionArl(
        lot,
        positif=False,
        code=anomalie.controle.arl,
        libelle=plain(anomalie.controle.libelle, 60),
        numero_facture=facture.numero if facture else "",
    )


def force_negative(lot: AnalyseLot, comportement: Comportement, tables: Tables | None = None) -> DecisionArl:
    """The negative ARL that a behaviour orders, whatever the lot."""
    tables = tables or load_tables()
    rang = comportement.facture_en_cause
    en_cause = lot.factures[rang - 1].numero if rang and rang <= len(lot.factures) else ""
    return DecisionArl(
        lot,
        positif=False,
        code=comportement.arl_code or tables.defauts["arl_code"],
        libelle=plain(comportement.arl_libelle or tables.defauts["arl_libelle"], 60),
        numero_facture=en_cause,
    )


def plain(texte: str, longueur: int) -> str:
    """A label as return files carry it: ASCII capitals, without accents, without ``@``."""
    sans_accent = unicodedata.normalize("NFKD", texte).encode("ascii", "ignore").decode("ascii").upper()
    return "".join(c if " " <= c <= "~" and c != "@" else " " for c in sans_accent)[:longueur]
