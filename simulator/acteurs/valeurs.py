"""Reading record fields without ever failing, and the JSON-like form of records for observations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from norms.codec import Enregistrement
from norms.codec.champ import Valeur
from norms.contrat.base import ModeSecurisation

#: Top certification of a lot header (public: B2, type 1 column 81) -> mode. A desynchronised lot is a SESAM-Vitale one.
MODES = {
    "S": ModeSecurisation.SESAM_VITALE,
    "F": ModeSecurisation.SANS_VITALE,
    "D": ModeSecurisation.DEGRADE,
}


def entier(e: Enregistrement | None, nom: str) -> int | None:
    """A counter or an amount; None when the field doesn't hold one."""
    valeur = e.valeurs.get(nom) if e is not None else None
    return valeur if isinstance(valeur, int) else None


def jour(e: Enregistrement | None, nom: str) -> date | None:
    """A date; None when absent or impossible."""
    valeur = e.valeurs.get(nom) if e is not None else None
    return valeur if isinstance(valeur, date) else None


def montre(valeur: object) -> str:
    """A value as shown in an anomaly."""
    if valeur is None:
        return "absent"
    if isinstance(valeur, date):
        return valeur.isoformat()
    return f"« {valeur} »" if isinstance(valeur, str) else str(valeur)


def _json(valeur: Valeur) -> str | int:
    if isinstance(valeur, int):
        return valeur
    if isinstance(valeur, date):
        return valeur.isoformat()
    if isinstance(valeur, Decimal):
        return str(valeur)
    return valeur or ""


def record(e: Enregistrement | None) -> dict[str, Any]:
    """All fields of a record: texts without padding, amounts in centimes, ISO dates; ``brut`` and its rank."""
    if e is None:
        return {}
    champs = {nom: _json(v) for nom, v in e.valeurs.items()}
    return champs | {"type_enregistrement": e.type, "enregistrement": e.rang, "brut": e.brut.decode("latin-1")}


def mode_of(lot: Enregistrement) -> str:
    """The securing mode a lot header declares; empty when it declares none."""
    mode = MODES.get(lot.texte("top_certification")) if lot.type == "1" else None
    return mode.value if mode else ""
