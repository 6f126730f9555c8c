"""What never goes to a complementary insurer, and what never goes to the AMO; rules in ``donnees/flux.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from norms.chargement import load_plain
from reference.modele import Droits, PrestationTarifee

_FICHIER = Path(__file__).parent.parent / "donnees" / "flux.yaml"


@cache
def load_rules() -> Mapping[str, Any]:
    """The rules shipped with the reference."""
    donnees: Mapping[str, Any] = load_plain(_FICHIER)
    return donnees


def est_hors_amo(code: str) -> bool:
    """Whether the AMO never pays this act (cdc §3.2.3.4, §4.2.1.12.1)."""
    return any(code == a["code"] for a in load_rules()["hors_amo"]["actes"])


def taux_de_base(code: str) -> int | None:
    """The rate that the AMO pays this act at for everybody, in per cent; None when it depends on the context."""
    return next((int(a["taux"]) for a in load_rules()["base_100"]["actes"] if code == a["code"]), None)


def motif_amo_seule(nature_assurance: str, droits: Droits, *, separee: bool) -> str:
    """Why no complementary part may leave, empty when it may: SMG, or AME in separate management.

    SV-3.2.6.3-03, SV-3.2.6.3-05, SV-4.2.1.5.1-19.
    """
    regles = load_rules()["amo_seule"]
    if nature_assurance == regles["smg"]["nature"]:
        return "les soins médicaux gratuits se facturent à l'AMO seule"
    if separee and (droits.situation == regles["ame"]["situation"] or droits.ame is not None):
        return "l'aide médicale d'État est toujours en gestion unique"
    return ""


def reste_complementaire(prestations: Iterable[PrestationTarifee]) -> bool:
    """Whether the AMO leaves anything that a complementary insurer might pay (SV-3.2.3.4-02, SV-3.2.3.5.2.1-02)."""
    return any(p.honoraires > p.montant_amo for p in prestations)
