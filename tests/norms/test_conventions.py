"""Normed files of conventions: written and read by hand, damage told."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.conventions import COLONNES, ErreurTable, Table, ecrire, lire

JOUR = date(2026, 3, 2)
#: By hand: one grouping.
CORPS = (
    b"TABLE;regroupements;75500017;20260302;1\r\n"
    b"action;numero_amc;type_convention;critere_secondaire;signataire\r\n"
    b"C;75500058;RO;?????????;75500017\r\n"
)
FICHIER = CORPS + f"FIN;{hashlib.sha256(CORPS).hexdigest()}\r\n".encode()
TABLE = Table(
    "regroupements",
    "75500017",
    JOUR,
    (
        {
            "action": "C",
            "numero_amc": "75500058",
            "type_convention": "RO",
            "critere_secondaire": "?????????",
            "signataire": "75500017",
        },
    ),
)
VALEUR = st.text(st.characters(blacklist_characters="\r\n\x00", blacklist_categories=("Cs",)), max_size=20)


def sealed(corps: bytes) -> bytes:
    return corps + f"FIN;{hashlib.sha256(corps).hexdigest()}\r\n".encode()


def test_by_hand() -> None:
    assert ecrire(TABLE) == FICHIER
    assert lire(FICHIER) == TABLE


@given(paires=st.lists(st.tuples(VALEUR, VALEUR), max_size=5))
def test_round_trip(paires: list[tuple[str, str]]) -> None:
    lignes = tuple({"mutnum": m, "numero_amc": n} for m, n in paires)
    table = Table("correspondances", "GIE", JOUR, lignes)
    assert lire(ecrire(table)) == table


@pytest.mark.parametrize(
    ("octets", "dit"),
    [
        (b"", "incomplet ou altéré"),
        (FICHIER[:-40], "incomplet ou altéré"),
        (FICHIER.replace(b"75500058", b"75500059"), "incomplet ou altéré"),
        (sealed(b"\xff"), "illisible"),
        (sealed(b""), "ligne 1"),
        (sealed(CORPS.replace(b"regroupements;", b"autres;", 1)), "natures : conventions, regroupements"),
        (sealed(CORPS.replace(b"20260302", b"20260230")), "date « 20260230 » impossible"),
        (sealed(CORPS.replace(b";1\r\n", b";2\r\n", 1)), "2 entrée(s) annoncée(s), 1 présente(s)"),
        (sealed(CORPS.replace(b";1\r\n", b";999999\r\n", 1)), "100000 entrées au plus"),
        (sealed(CORPS.replace(b"action;", b"acte;")), "ligne 2 : attendu"),
        (sealed(CORPS.replace(b";RO", b"")), "ligne 3 : 4 champs, attendu 5"),
        (sealed(CORPS.replace(b"C;", b"X;")), "ligne 3 : action « X »"),
        (b"x" * (32 * 1024 * 1024 + 1), "au plus"),
    ],
)
def test_damage_is_told(octets: bytes, dit: str) -> None:
    with pytest.raises(ErreurTable) as info:
        lire(octets)
    assert dit in str(info.value)


def test_what_cannot_be_written() -> None:
    for ligne, dit in (
        ({"action": "C", "couleur": "bleu"}, "couleur"),
        ({}, "action"),
        ({"action": "C", "numero_amc": "\n"}, "une ligne"),
    ):
        with pytest.raises(ErreurTable, match=dit):
            ecrire(Table("regroupements", "GIE", JOUR, (ligne,)))
    assert set(COLONNES) == {"conventions", "regroupements", "correspondances"}
