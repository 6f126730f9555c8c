"""The YAML loader: strings stay strings, what is dangerous or ambiguous is refused with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.chargement import MAX_BYTES, MAX_DEPTH, ErreurChargement, _with_positions, load, load_plain, load_text


def test_scalars_are_never_typed() -> None:
    donnees = load_text("regime: 01\ncaisse: 0751\non: no\nheure: 12:30\nvide:\n").donnees
    assert donnees == {"regime": "01", "caisse": "0751", "on": "no", "heure": "12:30", "vide": ""}


@pytest.mark.parametrize(
    ("texte", "lieu", "mot"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), "déjà donnée"),
        ("a: [1, 2\nb: 3\n", (2, 2), "illisible"),
        ("a: 1\n\tb: 2\n", (2, 1), "tabulation.* ; indenter par des espaces"),
        ("a: {b: 1\nc: 2\n", (2, 2), "virgule ou « } »"),
        ("a: b: c\n", (1, 5), "« : » inattendu"),
        ("a: @b\n", (1, 4), "guillemets"),
        ("? [x, y]\n: 1\n", (1, 3), "clé composée"),
        ("a: &x [1]\nb: *x\n", (1, 4), "alias"),
    ],
)
def test_what_is_refused_says_where(texte: str, lieu: tuple[int, int], mot: str) -> None:
    with pytest.raises(ErreurChargement, match=mot) as erreur:
        load_text(texte, "essai.yaml")
    assert (erreur.value.ligne, erreur.value.colonne) == lieu
    assert str(erreur.value).startswith("essai.yaml:")


def test_aliases_cannot_fill_the_memory() -> None:
    lignes = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lignes += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(ErreurChargement, match="alias"):
        load_text("\n".join(lignes))


def test_depth_and_size_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(ErreurChargement, match="niveaux"):
        load_text("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2))
    gros = tmp_path / "gros.yaml"
    gros.write_bytes(b"#" * (MAX_BYTES + 1))
    for lire in (load, load_plain):
        with pytest.raises(ErreurChargement, match="octets"):
            lire(gros)


def test_a_byte_that_is_not_utf8_is_placed(tmp_path: Path) -> None:
    fichier = tmp_path / "latin.yaml"
    fichier.write_bytes("été: 1\nné: tri".encode() + b"\xe9s\n")
    for lire in (load, load_plain):
        with pytest.raises(ErreurChargement, match="octet 0xe9 hors UTF-8") as erreur:
            lire(fichier)
        assert (erreur.value.ligne, erreur.value.colonne) == (2, 8)


def test_positions_lead_to_the_nearest_known_node() -> None:
    document = load_text("etapes:\n  - lps: x\n    avec: {a: 1}\n")
    assert document.position(("etapes", 0, "avec", "a")) == (3, 15)
    assert document.position(("etapes", 0, "avec", "zzz")) == (3, 11)


def test_load_plain_gives_the_same_as_load(tmp_path: Path) -> None:
    fichier = tmp_path / "d.yaml"
    fichier.write_text("- {id: A, n: 01}\n- {id: é, n: [x, 'y z']}\n", encoding="utf-8")
    assert load_plain(fichier) == load(fichier).donnees == [{"id": "A", "n": "01"}, {"id": "é", "n": ["x", "y z"]}]


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    fichier = tmp_path / "latin.yaml"
    fichier.write_bytes("titre: é\n".encode("latin-1"))
    with pytest.raises(ErreurChargement, match="UTF-8"):
        load(fichier)


RACINE = Path(__file__).parents[2]
#: Pieces that make well-formed and malformed documents alike.
BLOCS = ("a: 1\n", "a: 2\n", "b:\n", "  c: d\n", "  - x\n", "- y\n", "? k\n", "|\n  t\n", "é: ~\n", "\n", "\t", "# c\n")
SIGNES = (
    "{",
    "}",
    "[",
    "]",
    ", ",
    ": ",
    "'",
    '"',
    "&n ",
    "*n\n",
    "<<: *n\n",
    "!!int 3\n",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
)
MORCEAUX = st.sampled_from(BLOCS + SIGNES)


@pytest.mark.parametrize("racine", ["norms", "simulator", "reference", "harness", "scenarios"])
def test_the_quick_way_reads_our_files_as_the_one_that_keeps_places(racine: str) -> None:
    fichiers = [f for f in sorted((RACINE / racine).rglob("*.yaml")) if f.name != "mutants.yaml"]
    assert len(fichiers) >= 5
    for fichier in fichiers:
        texte = fichier.read_text(encoding="utf-8")
        donnees, positions = _with_positions(texte, fichier.name)
        document = load_text(texte, fichier.name)
        assert document.donnees == donnees
        assert document.positions == positions


@given(st.lists(MORCEAUX, max_size=14).map("".join))
def test_the_quick_way_accepts_and_refuses_the_same(texte: str) -> None:
    def read(comment: Callable[[], Any]) -> Any:
        try:
            return comment()
        except ErreurChargement as exc:
            return str(exc)

    assert read(lambda: load_text(texte, "f").donnees) == read(lambda: _with_positions(texte, "f")[0])
