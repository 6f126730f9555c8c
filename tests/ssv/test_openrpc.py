"""The published descriptions: deterministic, closed references, and true to what the models accept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from norms.contrat.openrpc import build_schema_file, documents
from norms.contrat.services import SERVICES


def references(noeud: Any) -> set[str]:
    if isinstance(noeud, dict):
        trouvees = {noeud["$ref"]} if isinstance(noeud.get("$ref"), str) else set()
        return trouvees.union(*(references(v) for v in noeud.values()))
    if isinstance(noeud, list):
        return set().union(*(references(v) for v in noeud))
    return set()


def resolve(document: Any, reference: str) -> Any:
    for partie in reference.removeprefix("#/").split("/"):
        document = document[partie]
    return document


@pytest.mark.parametrize(
    "nom",
    ["services.openrpc.json", "services.schema.json", "adaptateur.openrpc.json", "adaptateur.schema.json"],
)
def test_documents_are_deterministic_and_every_reference_resolves(nom: str) -> None:
    texte = documents()[nom]
    assert documents()[nom] == texte
    document = json.loads(texte)
    trouvees = references(document)
    assert trouvees
    for reference in trouvees:
        assert isinstance(resolve(document, reference), dict)


def test_the_schemas_judge_calls_as_an_editor_would() -> None:
    fichier = build_schema_file("essai", SERVICES)
    Draft202012Validator.check_schema(fichier)
    validateur = Draft202012Validator({**fichier, "$ref": "#/$defs/FormaterFacture"})
    bon = {"type": "FSE", "mode": "DEGRADE", "groupes": [{"groupe": 1110, "champs": ["000000001"]}]}
    assert validateur.is_valid(bon)
    assert not validateur.is_valid({**bon, "mode": "VITE"})
    assert not validateur.is_valid({**bon, "surplus": 1})
    assert not validateur.is_valid({k: v for k, v in bon.items() if k != "groupes"})
