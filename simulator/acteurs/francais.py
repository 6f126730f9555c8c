"""French wording of the faults that pydantic finds in what a scenario says."""

from __future__ import annotations

from pydantic import ValidationError

_TEXTES = {
    "missing": "donnée obligatoire absente",
    "extra_forbidden": "nom inconnu",
    "literal_error": "attendu {expected}",
    "int_parsing": "entier attendu",
    "int_type": "entier attendu",
    "string_type": "texte attendu",
    "tuple_type": "liste attendue",
    "string_pattern_mismatch": "texte de forme {pattern} attendu",
    "string_too_long": "{max_length} caractères au plus",
    "greater_than_equal": "valeur d'au moins {ge} attendue",
    "less_than_equal": "valeur d'au plus {le} attendue",
    "date_from_datetime_parsing": "date AAAA-MM-JJ attendue",
}


def explain(erreur: ValidationError) -> str:
    """All faults on one line: where, what is expected, what was read."""
    fautes = []
    for faute in erreur.errors(include_url=False):
        ou = ".".join(map(str, faute["loc"])) or "paramètres"
        contexte = {k: v.replace(" or ", " ou ") if isinstance(v, str) else v for k, v in faute.get("ctx", {}).items()}
        if faute["type"] == "value_error":
            texte = str(contexte.get("error", faute["msg"]))
        else:
            texte = _TEXTES.get(faute["type"], "valeur refusée ({type})").format(**{"type": faute["type"], **contexte})
        lu = faute.get("input")
        suite = f" ; lu « {lu} »" if isinstance(lu, str | int) and faute["type"] != "missing" else ""
        fautes.append(f"{ou} : {texte}{suite}")
    return " ; ".join(fautes)
