"""The documentation and the code say the same: links, tables of actions, observations, commands, decisions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.cli import COMMANDES, ENSEMBLES
from harness.observations import _FLUX, RACINES
from simulator.monde.actions import ACTIONS

RACINE = Path(__file__).parents[2]
PAGES = sorted([RACINE / "README.md", RACINE / "CONTRIBUTING.md", *(RACINE / "docs").rglob("*.md")])


def page(nom: str) -> str:
    return (RACINE / "docs" / nom).read_text(encoding="utf-8")


@pytest.mark.parametrize("chemin", PAGES, ids=lambda p: p.relative_to(RACINE).as_posix())
def test_links_and_paths_exist(chemin: Path) -> None:
    texte = chemin.read_text(encoding="utf-8")
    liens = {lien for lien in re.findall(r"\]\(([^)#\s]+)[^)]*\)", texte) if "://" not in lien}
    assert not {lien for lien in liens if not (chemin.parent / lien).exists()}
    chemins = set(re.findall(r"`((?:norms|simulator|reference|harness|reports|tests|docs)/[\w./-]+)`", texte))
    assert not {c for c in chemins if not (RACINE / c).exists()}


def test_every_page_is_one_link_away_from_the_readme() -> None:
    liens = set(re.findall(r"\]\((docs/[^)#]+\.md)\)", (RACINE / "README.md").read_text(encoding="utf-8")))
    pages = {p.relative_to(RACINE).as_posix() for d in ("docs", "docs/guides") for p in (RACINE / d).glob("*.md")}
    assert liens == pages


def test_the_table_of_actions_is_the_registry() -> None:
    lignes = re.findall(r"(?m)^\| (`[^|]+`) \|", page("architecture.md"))
    assert {nom for ligne in lignes for nom in re.findall(r"`([a-z_.]+)`", ligne)} == set(ACTIONS)


def test_the_tree_of_observations_is_described() -> None:
    arbre = page("architecture.md").partition("reponses.<nom>")
    decrits = set(re.findall(r"(?m)^(\w+(?:\.\w+)?)", arbre[1] + arbre[2].partition("```")[0]))
    assert {d.partition(".")[0] for d in decrits} == set(RACINES)
    assert {d.partition(".")[2] for d in decrits if d.startswith("flux.")} == set(_FLUX)


def test_the_quick_start_knows_every_command() -> None:
    commandes = {nom for nom, _ in (*COMMANDES, *ENSEMBLES)} - {"cartes"}  # the older name of « cards list »
    assert set(re.findall(r"`preagrement ([a-z-]+)", page("demarrage.md"))) == commandes


def test_decisions_are_numbered_and_titled_alike() -> None:
    for rang, chemin in enumerate(sorted((RACINE / "docs" / "adr").glob("*.md")), start=1):
        titre, _, suite = chemin.read_text(encoding="utf-8").partition("\n\n")
        assert chemin.name.startswith(f"{rang:04d}-")
        assert titre.startswith(f"# {rang:04d}. ")
        assert suite.startswith("*Status: ")


def test_changelog_fragments_have_a_kind_and_a_sentence() -> None:
    fragments = sorted((RACINE / "changelog.d").iterdir())
    assert all(re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed)\.md", f.name) for f in fragments)
    textes = [f.read_text(encoding="utf-8").strip() for f in fragments]
    assert all(t.endswith(".") for t in textes)
    assert len(set(textes)) == len(textes)
