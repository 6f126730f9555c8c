"""The JSON-RPC refusals, in French, without ever echoing a value that the caller sent (it may be a code porteur)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

#: Faults listed at most in one answer.
MAX_FAUTES = 20

#: pydantic error type -> wording; ``{…}`` are keys of the error's context.
FORMULATIONS: Mapping[str, str] = {
    "missing": "donnée obligatoire absente",
    "extra_forbidden": "nom inconnu",
    "string_type": "texte attendu",
    "int_type": "entier attendu",
    "int_parsing": "entier attendu",
    "bool_type": "vrai ou faux attendu",
    "bool_parsing": "vrai ou faux attendu",
    "enum": "l'une des valeurs {expected} attendue",
    "string_pattern_mismatch": "texte de forme {pattern} attendu",
    "string_too_long": "{max_length} caractères au plus",
    "string_too_short": "{min_length} caractères au moins",
    "greater_than_equal": "valeur supérieure ou égale à {ge} attendue",
    "less_than_equal": "valeur inférieure ou égale à {le} attendue",
    "tuple_type": "liste attendue",
    "too_long": "{max_length} éléments au plus",
    "too_short": "{min_length} éléments au moins",
    "model_type": "objet attendu",
    "model_attributes_type": "objet attendu",
    "dict_type": "objet attendu",
}


class RefusRpc(Exception):
    """A call that cannot be served: JSON-RPC code, message for the vendor, HTTP status."""

    def __init__(self, code: int, message: str, *, statut: int = 200, donnees: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.statut, self.donnees = code, message, statut, donnees

    def corps(self, identifiant: int | str | None) -> dict[str, Any]:
        """The JSON-RPC error object."""
        erreur: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.donnees is not None:
            erreur["data"] = self.donnees
        return {"jsonrpc": "2.0", "id": identifiant, "error": erreur}


def explain(exc: ValidationError) -> list[dict[str, str]]:
    """One line a fault: where (``groupes.0.champs``) and what is expected there."""
    fautes = []
    for erreur in exc.errors(include_input=False, include_url=False)[:MAX_FAUTES]:
        modele = FORMULATIONS.get(erreur["type"], "valeur refusée ({type})")
        try:
            motif = modele.format(**{"type": erreur["type"], **erreur.get("ctx", {})})
        except KeyError:
            motif = f"valeur refusée ({erreur['type']})"
        fautes.append({"ou": ".".join(map(str, erreur["loc"])) or "params", "attendu": motif})
    return fautes


class SansReponse(Exception):
    """A function that must not answer at all: the connection closes without a byte."""
