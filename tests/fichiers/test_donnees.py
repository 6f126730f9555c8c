"""What the tools know agrees with the layouts, the tables, the requirement catalogue, and the schemas shipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.catalogue import load_catalogue
from harness.fichiers.donnees import load_knowledge
from harness.fichiers.modele import schemas
from harness.fichiers.reconnaissance import Nature
from harness.fichiers.verification import layouts
from norms.codec import Disposition
from norms.tables import Nomenclature
from tests.fichiers.outils import PACK

SAVOIR = load_knowledge()
SCHEMAS = Path(__file__).parents[2] / "harness" / "fichiers" / "schemas"


@pytest.fixture(scope="module")
def dispositions() -> list[dict[str, Disposition]]:
    return [layouts(PACK, n) for n in (Nature.B2, Nature.NOEMIE, Nature.ARL)]


def test_every_field_named_exists(dispositions: list[dict[str, Disposition]]) -> None:
    cles = [(c.type, c.champ) for c in (*SAVOIR.cles, *SAVOIR.cles_noemie)]
    cles += [(c.type, c.cle) for c in (*SAVOIR.cles, *SAVOIR.cles_noemie) if c.cle]
    for type_, champ in (*SAVOIR.tables, *SAVOIR.valeurs, *cles):
        assert any(champ in d[type_].par_nom for d in dispositions if type_ in d), (type_, champ)


def test_every_table_named_exists() -> None:
    for nom in set(SAVOIR.tables.values()):
        assert list(Nomenclature(PACK, nom))


def test_every_requirement_named_exists() -> None:
    catalogue = load_catalogue()
    cites = {e for v in SAVOIR.exigences.values() for e in ([v] if isinstance(v, str) else v.values())}
    for id_ in cites | set(SAVOIR.exigences_oct.values()):
        assert catalogue[id_].testable, id_


def test_every_rule_has_a_source() -> None:
    for regle in SAVOIR.regles.values():
        assert regle.source.startswith(("cdc §", "annexe5 §", "public: ", "hypothese: ")), regle
        assert not regle.reserve or regle.reserve.startswith("hypothese: ")


def test_the_schemas_shipped_are_up_to_date() -> None:
    for nom, schema in schemas().items():
        assert json.loads((SCHEMAS / nom).read_text(encoding="utf-8")) == schema, nom
