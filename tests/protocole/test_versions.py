"""The policy of docs/protocole.md: a contract that changes says so by its version, a breaking change by a major one."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.contrats import CONTRATS, ErreurVersion, current, faults, fingerprints, freeze, frozen
from norms.contrat import openrpc
from norms.contrat.adaptateur import OPERATIONS
from norms.contrat.compatibilite import canonical, compare, fingerprint, next_version, render_canonical, split_version
from norms.contrat.openrpc import ERREURS, documents

RACINE = Path(__file__).parents[2]
SCHEMAS = RACINE / "docs" / "schemas"
PAGE = RACINE / "docs" / "protocole.md"


# --- what is published ------------------------------------------------------------------------------------------
def test_the_contracts_are_those_of_their_frozen_versions() -> None:
    """Fails when a schema changed without its version: the message says what changed and what to do."""
    assert faults(SCHEMAS) == []


def test_the_first_versions_are_still_there() -> None:
    assert {c: min(frozen(SCHEMAS, c), key=split_version) for c in CONTRATS} == {"adaptateur": "1.0", "services": "1.0"}


def test_the_page_gives_the_fingerprint_of_every_version() -> None:
    lignes = re.findall(
        r"^\| (adaptateur|services) (\d+\.\d+) \| [\d-]+ \| `(\w{64})` \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert {f"{contrat} {version}": empreinte for contrat, version, empreinte in lignes} == fingerprints(SCHEMAS)


def test_the_page_names_every_method_with_its_time_out_and_every_error() -> None:
    page = PAGE.read_text("utf-8")
    for operation in OPERATIONS.values():
        assert f"| `{operation.nom}` | {operation.delai:g} s |" in page
    for code in ERREURS:
        assert f"| `{code}` |" in page


# --- what is a breaking change ----------------------------------------------------------------------------------
def _contract() -> dict[str, Any]:
    """A small contract: what is asked names a person, what is answered gives invoices."""
    schemas = {
        "Facture": {
            "type": "object",
            "properties": {
                "numero": {"type": "string", "pattern": r"^\d{9}$"},
                "type": {"enum": ["FSE", "DRE"], "default": "FSE"},
            },
            "required": ["numero"],
        },
        "Rendu": {
            "type": "object",
            "properties": {"factures": {"type": "array", "items": {"$ref": "#/components/schemas/Facture"}}},
            "required": [],
        },
        "Qui": {"type": "object", "properties": {"nom": {"type": "string"}}, "required": ["nom"]},
    }
    methode = {
        "name": "facture.lister",
        "params": [
            {"name": "qui", "required": True, "schema": {"$ref": "#/components/schemas/Qui"}},
            {"name": "lecteur", "required": False, "schema": {"const": "ps", "type": "string", "title": "Lecteur"}},
        ],
        "result": {"name": "Rendu", "schema": {"$ref": "#/components/schemas/Rendu"}},
        "x-delai-s": 20.0,
    }
    return {"methods": [methode], "components": {"schemas": schemas, "errors": {"-32601": {}}}}


def _types(document: dict[str, Any], nom: str) -> Any:
    return document["components"]["schemas"][nom]


CAS: dict[str, tuple[Callable[[dict[str, Any]], Any], str, str]] = {
    # what changes, what it is when the vendor writes the answers (adaptateur), when it writes the params (services)
    "méthode de plus": (lambda d: d["methods"].append({**d["methods"][0], "name": "x.y"}), "ajout", "ajout"),
    "méthode de moins": (lambda d: d["methods"].clear(), "rupture", "rupture"),
    "délai plus long": (lambda d: d["methods"][0].update({"x-delai-s": 60.0}), "ajout", "ajout"),
    "délai plus court": (lambda d: d["methods"][0].update({"x-delai-s": 5.0}), "rupture", "rupture"),
    "erreur de plus": (lambda d: d["components"]["errors"].update({"-32001": {}}), "ajout", "ajout"),
    "paramètre facultatif de plus": (
        lambda d: d["methods"][0]["params"].append({"name": "z", "required": False, "schema": {"type": "string"}}),
        "ajout",
        "ajout",
    ),
    "paramètre ôté": (lambda d: d["methods"][0]["params"].pop(), "rupture", "rupture"),
    "paramètre rendu obligatoire": (lambda d: d["methods"][0]["params"][1].update(required=True), "ajout", "rupture"),
    "paramètre rendu facultatif": (lambda d: d["methods"][0]["params"][0].update(required=False), "rupture", "ajout"),
    "autre valeur de paramètre": (
        lambda d: d["methods"][0]["params"][1].update(schema={"enum": ["ps", "vitale"], "type": "string"}),
        "ajout",
        "ajout",
    ),
    "champ de réponse rendu obligatoire": (
        lambda d: _types(d, "Facture")["required"].append("type"),
        "rupture",
        "ajout",
    ),
    "valeur par défaut changée": (
        lambda d: _types(d, "Facture")["properties"]["type"].update(default="DRE"),
        "rupture",
        "rupture",
    ),
    "champ de réponse rendu facultatif": (lambda d: _types(d, "Facture")["required"].clear(), "ajout", "rupture"),
    "valeur ôtée": (lambda d: _types(d, "Facture")["properties"]["type"]["enum"].remove("DRE"), "rupture", "rupture"),
    "type de champ changé": (
        lambda d: _types(d, "Qui")["properties"].update(nom={"type": "integer"}),
        "rupture",
        "rupture",
    ),
    "contrainte changée": (
        lambda d: _types(d, "Facture")["properties"]["numero"].update(pattern="^x$"),
        "rupture",
        "rupture",
    ),
    "autre forme d'un champ de réponse": (
        lambda d: _types(d, "Facture")["properties"].update(
            type={"anyOf": [{"enum": ["FSE", "DRE"]}, {"enum": ["MIXTE"]}], "default": "FSE"}
        ),
        "ajout",
        "rupture",
    ),
}  # fmt: skip


@pytest.mark.parametrize("cas", CAS)
def test_what_breaks_a_program_already_written(cas: str) -> None:
    changer, chez_l_adaptateur, chez_les_services = CAS[cas]
    avant, apres = _contract(), _contract()
    changer(apres)
    for contrat, attendu in (("adaptateur", chez_l_adaptateur), ("services", chez_les_services)):
        changements = compare(canonical(avant), canonical(apres), contrat)
        assert {c.nature for c in changements} == {attendu}, changements
        assert next_version("1.4", changements) == {"ajout": "1.5", "rupture": "2.0"}[attendu]


def test_prose_and_names_of_types_are_no_contract() -> None:
    autre = _contract()
    autre["components"]["schemas"]["Facture"]["description"] = "autrement dit"
    autre["methods"][0]["params"][1]["schema"].update(title="Autre")
    assert fingerprint(canonical(autre)) == fingerprint(canonical(_contract()))
    renomme = json.loads(json.dumps(_contract()).replace("Facture", "FactureRendue"))
    assert compare(canonical(_contract()), canonical(renomme), "adaptateur") == []


def test_a_type_that_leads_to_itself_is_compared_once() -> None:
    def recursive(nom: str) -> dict[str, Any]:
        document = _contract()
        schemas = document["components"]["schemas"]
        schemas[nom] = {"type": "object", "properties": {"suite": {"$ref": f"#/components/schemas/{nom}"}}}
        schemas["Rendu"]["properties"]["arbre"] = {"$ref": f"#/components/schemas/{nom}"}
        return document

    assert compare(canonical(recursive("Noeud")), canonical(recursive("Arbre")), "adaptateur") == []


# --- the guard --------------------------------------------------------------------------------------------------
@pytest.fixture
def copie(tmp_path: Path) -> Path:
    shutil.copytree(SCHEMAS / "versions", tmp_path / "versions")
    return tmp_path


def _edit(copie: Path, contrat: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Rewrites the frozen current version, which makes the real contract differ from it."""
    version, contenu = current(contrat)
    contenu = copy.deepcopy(contenu)
    change(contenu)
    (copie / "versions" / f"{contrat}-{version}.json").write_text(render_canonical(contenu), encoding="utf-8")


def test_an_addition_without_a_new_version_is_told_with_what_to_do(copie: Path) -> None:
    _edit(copie, "adaptateur", lambda c: c["methodes"].pop("lot.exporter"))
    (faute,) = faults(copie)
    version = current("adaptateur")[0]
    majeur, mineur = split_version(version)
    assert f"« adaptateur » a changé sans changer de version ({version})" in faute
    assert "ajout : lot.exporter, méthode de plus" in faute
    assert f"porter sa version à {majeur}.{mineur + 1} (VERSION, norms/contrat/session.py)" in faute
    with pytest.raises(ErreurVersion, match="sans changer de version"):
        freeze(copie)


def test_a_breaking_change_asks_for_a_major_version(copie: Path) -> None:
    _edit(copie, "services", lambda c: c["methodes"].update({"ssv.parti": c["methodes"]["ssv.init_lib"]}))
    (faute,) = faults(copie)
    assert "rupture : ssv.parti, méthode de moins" in faute
    assert "porter sa version à 2.0 (VERSION_SERVICES, norms/contrat/openrpc.py)" in faute


def test_a_minor_version_cannot_hide_a_breaking_change(copie: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _edit(copie, "services", lambda c: c["methodes"].update({"ssv.parti": c["methodes"]["ssv.init_lib"]}))
    majeur, mineur = split_version(current("services")[0])
    monkeypatch.setattr(openrpc, "VERSION_SERVICES", f"{majeur}.{mineur + 1}")
    assert any("n'est pas figé" in f for f in faults(copie))
    with pytest.raises(ErreurVersion, match="avec des ruptures"):
        freeze(copie)
    monkeypatch.setattr(openrpc, "VERSION_SERVICES", f"{majeur + 1}.0")
    assert [p.name for p in freeze(copie)] == [f"services-{majeur + 1}.0.json"]
    assert faults(copie) == []


def test_a_missing_frozen_version_is_told(copie: Path) -> None:
    (copie / "versions" / f"adaptateur-{current('adaptateur')[0]}.json").unlink()
    (faute,) = faults(copie)
    assert "preagrement schema --figer" in faute


def test_the_contract_is_read_from_the_published_documents() -> None:
    for contrat in CONTRATS:
        ecrit = json.loads((SCHEMAS / f"{contrat}.openrpc.json").read_text("utf-8"))
        assert documents()[f"{contrat}.openrpc.json"].startswith("{")
        assert canonical(ecrit) == current(contrat)[1]
