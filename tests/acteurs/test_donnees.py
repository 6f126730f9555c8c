"""The tables of the insurers: every entry has a source, every check is used, every case is decided."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from norms.chargement import load
from norms.contrat.base import ModeSecurisation, TypeFacture
from simulator.acteurs.anomalies import DONNEES, load_catalogue
from simulator.acteurs.decision import load_tables, plain
from simulator.acteurs.organismes import load_organismes

SOURCES = ("cdc §", "annexe5 §", "public: ", "hypothese: ")
CODE = Path(__file__).parents[2] / "simulator" / "acteurs"
MESSAGERIE = CODE.parent / "messagerie"


def entries(noeud: Any) -> list[dict[str, Any]]:
    """Every mapping of a document that describes something: it has a value beside its source."""
    if isinstance(noeud, list):
        return [e for n in noeud for e in entries(n)]
    if not isinstance(noeud, dict):
        return []
    dessous = [e for cle, n in noeud.items() if cle != "classes" for e in entries(n)]
    return [noeud, *dessous] if any(isinstance(v, str) for v in noeud.values()) else dessous


@pytest.mark.parametrize("nom", sorted(p.name for p in DONNEES.glob("*.yaml")))
def test_every_entry_has_a_source(nom: str) -> None:
    trouvees = entries(load(DONNEES / nom).donnees)
    assert len(trouvees) > 5
    for entree in trouvees:
        assert entree.get("source", "").startswith(SOURCES), entree


def test_every_check_is_used_and_every_code_is_described() -> None:
    catalogue = load_catalogue().controles
    texte = "".join(p.read_text(encoding="utf-8") for p in CODE.glob("*.py"))
    ecrits = set(re.findall(r'"((?:MESSAGE|SUJET|CHIFFREMENT|COMPRESSION|FICHIER|LOT|FACTURE)_[A-Z0-9_]+)"', texte))
    calcules = {
        f"FACTURE_{quoi}".replace("{}", carte)
        for quoi in ("SIGNATURE_{}_ABSENTE", "SIGNATURE_{}_FAUSSE", "SIGNATAIRE_{}")
        for carte in ("VITALE", "CPS")
    }
    assert ecrits <= set(catalogue)
    assert calcules <= set(catalogue)
    du_profil = {c.code for c in catalogue.values() if c.niveau == "message"}
    profil = "".join(p.read_text(encoding="utf-8") for p in MESSAGERIE.glob("*.py"))
    emis = set(re.findall(r'(?:add|defaut|Defaut)\(\s*"([A-Z0-9_]+)"', profil)) | {
        f"SUJET_{champ}" for champ in ("VERSION", "EXERCICE", "COMPOSTAGE", "NB_FACTURES")
    } | {"EXPEDITEUR", "DESTINATAIRE"}  # fmt: skip
    assert set(catalogue) - ecrits - calcules - emis == set()
    assert du_profil - ecrits <= emis


def test_arl_codes_are_distinct_and_fit() -> None:
    controles = [c for c in load_catalogue().controles.values() if c.effet == "arl_negatif"]
    codes = [c.arl for c in controles]
    assert len(set(codes)) == len(codes)
    assert {"5001", "5002"} <= set(codes)
    for c in controles:
        assert re.fullmatch(r"[0-9A-Z]{4}", c.arl)
        assert c.libelle == plain(c.libelle, 60)


def test_every_type_and_mode_is_decided() -> None:
    tables = load_tables()
    lots = product([t.value for t in TypeFacture], ["", *(m.value for m in ModeSecurisation if m != "DESYNCHRONISE")])
    for type_, mode in lots:
        assert isinstance(tables.arl[type_, mode], bool)
        assert tables.noemie_type(type_, mode) in "FDB"
    sans = [cle for cle, oui in tables.arl.items() if not oui]
    assert sans == [("FSE", "DEGRADE")], "cdc §3.5: the only lots without an ARL"


def test_organisations_have_addresses_of_their_own() -> None:
    organismes = load_organismes()
    assert {o.role for o in organismes} == {"AMO", "AMC", "OCT"}
    assert len({o.adresse for o in organismes}) == len(organismes)
    assert all(o.numero_destinataire for o in organismes if o.role != "OCT")


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [("Facture altérée", "FACTURE ALTEREE"), ("a@b", "A B"), ("œuvre", "UVRE"), ("x" * 70, "X" * 60), ("", "")],
)
def test_labels_of_return_files(texte: str, attendu: str) -> None:
    assert plain(texte, 60) == attendu
