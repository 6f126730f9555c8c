"""Machine-readable descriptions of our contracts: OpenRPC documents and JSON Schemas, generated from the models.

The output is deterministic: same models, same bytes. ``documents()`` gives every file to ship under docs/schemas/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from norms.contrat.adaptateur import OPERATIONS
from norms.contrat.adaptateur import VERSION as VERSION_ADAPTATEUR
from norms.contrat.base import (
    ERREUR_ANALYSE,
    ERREUR_INTERNE,
    METHODE_INCONNUE,
    NON_AUTORISE,
    PARAMETRES_INVALIDES,
    REQUETE_INVALIDE,
    VERSION_REFUSEE,
    Message,
    Operation,
)
from norms.contrat.services import SERVICES

OPENRPC = "1.3.2"
VERSION_SERVICES = "1.1"
DIALECTE = "https://json-schema.org/draft/2020-12/schema"

ERREURS: Mapping[int, str] = {
    ERREUR_ANALYSE: "corps illisible",
    REQUETE_INVALIDE: "requête invalide",
    METHODE_INCONNUE: "fonction inconnue",
    PARAMETRES_INVALIDES: "paramètres invalides",
    ERREUR_INTERNE: "panne de celui qui répond",
    VERSION_REFUSEE: "version du protocole refusée",
    NON_AUTORISE: "jeton absent ou faux",
}


def build_schemas(operations: Mapping[str, Operation], racine: str = "#/$defs/") -> dict[str, Any]:
    """The JSON Schemas of all models of the operations, by name; references start with ``racine``."""
    modeles: dict[str, type[Message]] = {}
    for operation in operations.values():
        for modele in (operation.params, operation.resultat):
            modeles[modele.__name__] = modele
    entrees = [(modeles[nom], "validation") for nom in sorted(modeles)]
    _, ensemble = models_json_schema(entrees, ref_template=racine + "{model}")  # type: ignore[arg-type]  # literal mode
    definitions: dict[str, Any] = ensemble.get("$defs", {})
    return {nom: definitions[nom] for nom in sorted(definitions)}


def build_openrpc(titre: str, operations: Mapping[str, Operation], version: str = VERSION_SERVICES) -> dict[str, Any]:
    """The OpenRPC document of a registry; methods in the registry's order."""
    schemas = build_schemas(operations, "#/components/schemas/")
    return {
        "openrpc": OPENRPC,
        "info": {"title": titre, "version": version, "license": {"name": "Apache-2.0"}},
        "methods": [_method(operation, schemas) for operation in operations.values()],
        "components": {
            "schemas": schemas,
            "errors": {str(code): {"code": code, "message": texte} for code, texte in ERREURS.items()},
        },
    }


def _method(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    schema = schemas[operation.params.__name__]
    obligatoires = set(schema.get("required", ()))
    return {
        "name": operation.nom,
        "summary": operation.resume,
        "paramStructure": "by-name",
        "params": [
            {"name": nom, "required": nom in obligatoires, "schema": propriete}
            for nom, propriete in schema.get("properties", {}).items()
        ],
        "result": {
            "name": operation.resultat.__name__,
            "schema": {"$ref": f"#/components/schemas/{operation.resultat.__name__}"},
        },
        "errors": [{"$ref": f"#/components/errors/{code}"} for code in ERREURS],
        "x-delai-s": operation.delai,
    }


def build_schema_file(titre: str, operations: Mapping[str, Operation]) -> dict[str, Any]:
    """One JSON Schema file: every model under ``$defs``, ``x-operations`` telling which serve each method."""
    return {
        "$schema": DIALECTE,
        "title": titre,
        "x-operations": {
            nom: {"params": f"#/$defs/{op.params.__name__}", "resultat": f"#/$defs/{op.resultat.__name__}"}
            for nom, op in operations.items()
        },
        "$defs": build_schemas(operations),
    }


def render(document: Mapping[str, Any]) -> str:
    """The text of a document: indented JSON, accents kept, one newline at the end."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def documents() -> dict[str, str]:
    """File name -> content, for all contracts."""
    contrats = {
        "services": ("Services fournis", SERVICES, VERSION_SERVICES),
        "adaptateur": ("Protocole d'adaptateur", OPERATIONS, VERSION_ADAPTATEUR),
    }
    sortie: dict[str, str] = {}
    for nom, (titre, operations, version) in contrats.items():
        sortie[f"{nom}.openrpc.json"] = render(build_openrpc(titre, operations, version))
        sortie[f"{nom}.schema.json"] = render(build_schema_file(titre, operations))
    return sortie
