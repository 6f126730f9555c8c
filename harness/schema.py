"""JSON Schema of scenario files, for completion in editors: from the grammar's model, described in French."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.catalogue import scenarios_directory
from harness.lint import card_names
from harness.modele.scenario import OPERATEURS, Scenario
from harness.profil import known_profiles
from norms.contrat.adaptateur import OPERATIONS
from norms.contrat.base import ModeSecurisation
from norms.contrat.openrpc import documents
from norms.paquet import NormPack
from norms.ssv.documentation import NOM as PAGE_GROUPES
from norms.ssv.documentation import render_groupes
from simulator.monde.actions import ACTIONS

DIALECTE = "https://json-schema.org/draft/2020-12/schema"
#: What editors show beside a key whose model field has no description of its own.
_DESCRIPTIONS = {
    "Scenario": {
        "id": "identité du scénario, en majuscules ; le fichier porte ce nom",
        "titre": "une phrase qui dit ce qui doit se passer",
        "exigences": "les exigences vérifiées : exactement celles que citent les attendus",
        "profils": "professions concernées, ou « tous »",
        "etiquettes": "mots pour choisir des scénarios avec -k",
        "monde": "ce qui est donné : date, cartes, paramétrage, organismes",
        "etapes": "ce que l'on fait, dans l'ordre",
        "attendus": "ce qui doit avoir été observé à la fin",
        "note": "remarque pour qui lit le fichier",
    },
    "Monde": {
        "date": "instant virtuel du début, AAAA-MM-JJTHH:MM, heure de Paris",
        "lecteurs": "cartes présentes au départ, par leur nom dans la population",
        "parametrage": "réglages du poste (poste.demarrer)",
        "acteurs": "conduite d'un organisme, par son numéro",
    },
    "Lecteurs": {"ps": "carte du professionnel de santé", "vitale": "carte Vitale"},
    "EtapeLps": {
        "lps": "opération du protocole d'adaptateur",
        "avec": "ses paramètres ; une valeur « $.expression » est relue dans les observations",
        "pour_chaque": "répète l'étape avec chacun de ces jeux de paramètres",
    },
    "EtapeMonde": {"monde": "action sur le monde", "avec": "ses paramètres"},
    "EtapeVerifier": {"verifier": "attendus jugés à ce moment-là"},
    "EtapeDemander": {
        "demander": "question posée à une personne",
        "verifie": "exigence que la réponse atteste",
        "attendu": "réponse conforme",
    },
    "Attendu": {
        "sur": "expression JMESPath sur les observations",
        "verifie": "exigence vérifiée",
        "pourquoi": "pourquoi cette valeur, en une ligne",
        "egale": "la valeur observée est celle-ci",
        "different_de": "la valeur observée n'est pas celle-ci (demande un témoin)",
        "contient": "texte, éléments d'une liste ou paires d'une table",
        "ne_contient_pas": "aucun de ceux-ci (demande un témoin)",
        "motif": "expression rationnelle trouvée ; ancrer par ^ et $",
        "un_parmi": "la valeur est l'une de celles-ci",
        "nombre": "longueur d'une liste, ou nombre (0 demande un témoin)",
        "au_moins": "longueur ou nombre minimal",
        "au_plus": "longueur ou nombre maximal (demande un témoin)",
        "croissant": "liste triée, deux éléments au moins",
        "present": "il y a quelque chose",
        "absent": "il n'y a rien (demande un témoin)",
        "a_corriger": "conseil montré en cas d'échec",
        "recommande": "recommandation : un échec est une réserve",
    },
}


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of one scenario file, with the names that may be used."""
    schema: dict[str, Any] = Scenario.model_json_schema(ref_template="#/$defs/{model}")
    definitions = schema["$defs"]
    for nom, descriptions in _DESCRIPTIONS.items():
        proprietes = (schema if nom == "Scenario" else definitions[nom])["properties"]
        for cle, texte in descriptions.items():
            proprietes[cle]["description"] = texte
    for modele in (schema, *definitions.values()):
        modele.pop("description", None)
        for propriete in modele.get("properties", {}).values():
            propriete.pop("title", None)
            _as_text(propriete)
    definitions["EtapeLps"]["properties"]["lps"]["enum"] = [
        o for o in OPERATIONS if o not in ("bonjour", "poste.horloge")
    ]
    definitions["EtapeMonde"]["properties"]["monde"]["enum"] = list(ACTIONS)
    definitions["Attendu"]["oneOf"] = [{"required": [o]} for o in OPERATEURS]
    for lecteur in definitions["Lecteurs"]["properties"].values():
        lecteur["examples"] = card_names()
    schema["properties"]["profils"]["items"] = {"enum": sorted(known_profiles())}
    schema["properties"]["modes"]["items"] = {"enum": [m.value for m in ModeSecurisation]}
    return {"$schema": DIALECTE, "title": "Scénario preagrement", **{c: v for c, v in schema.items() if c != "title"}}


def _as_text(propriete: dict[str, Any]) -> None:
    """YAML editors type scalars: a number is accepted where the grammar reads text, and the other way round."""
    for variante in (propriete, *propriete.get("anyOf", ())):
        if variante.get("type") == "integer":
            variante["type"] = ["integer", "string"]
        if variante.get("default", "") is None:
            variante.pop("default")


def files(racine_documents: Path) -> dict[Path, str]:
    """Every generated schema: the scenarios', the contracts' and the page of groups under ``racine_documents``."""
    generes = {
        scenarios_directory() / "schema" / "scenario.schema.json": render(scenario_schema()),
        racine_documents / PAGE_GROUPES: render_groupes(NormPack.par_defaut()),
    }
    return generes | {racine_documents / nom: texte for nom, texte in documents().items()}


def render(schema: dict[str, Any]) -> str:
    """The schema as text, same bytes for the same models."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
