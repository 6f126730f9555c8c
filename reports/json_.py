"""The campaign as JSON, and the JSON Schema that describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.modele.verdict import Campagne
from reports.ecriture import write_whole
from reports.synthese import CatalogueLu

NOM = "campagne.json"
NOM_SCHEMA = "campagne.schema.json"


def schema() -> dict[str, Any]:
    """The JSON Schema of ``campagne.json``."""
    corps = Campagne.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **corps}


def ecrire(campagne: Campagne, catalogue: CatalogueLu, dossier: Path) -> list[Path]:
    """Writes ``campagne.json`` and its schema beside it."""
    del catalogue
    sorties = {NOM: campagne.model_dump(mode="json"), NOM_SCHEMA: schema()}
    return [
        write_whole(dossier / nom, json.dumps(contenu, ensure_ascii=False, indent=1) + "\n")
        for nom, contenu in sorties.items()
    ]
