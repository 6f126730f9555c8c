"""What the PS reads when a supplied service fails: what happened, and what to do (``donnees/conseils.yaml``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from norms.chargement import load_plain

_FICHIER = Path(__file__).parent / "donnees" / "conseils.yaml"


@cache
def _conseils() -> dict[str, str]:
    return {ligne["code"]: ligne["conseil"] for ligne in load_plain(_FICHIER)["conseils"]}


def conseil(fonction: str, code: str, libelle: str) -> str:
    """The sentence shown: label of the code, advice when there is one, code and function for the support desk."""
    suite = _conseils().get(code, "")
    return f"{libelle}{'. ' + suite if suite else ''} (code {code}, {fonction})"
