"""Both ends of the mail network under damaged input: a sample here, 100 000 with ``--profond`` or ``bench/fuzz.py``."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bench import mutations as m
from bench.fuzz import Bilan, fuzz_collection, fuzz_reception

#: Memory that 50 000 inputs may add, in KiB: what stays is counters, caches and rows of the workstation's store.
MARGE_KIB = 96 * 1024


def sound(bilan: Bilan, combien: int) -> None:
    assert bilan.echecs == []
    assert bilan.entrees == combien
    assert bilan.max_kib - bilan.depart_kib < MARGE_KIB


def test_damaged_messages_are_answered() -> None:
    bilan = fuzz_reception(300, 7)
    sound(bilan, 300)
    assert {"ARL", "SERVICE", "ART"} <= set(bilan.issues), "every layer is met"


def test_damaged_returns_are_kept_and_told(tmp_path: Path) -> None:
    bilan = fuzz_collection(400, 7, tmp_path)
    sound(bilan, 400)
    assert {"ARL", "RSP", "SERVICE", "INCONNU"} <= set(bilan.issues), "every treatment is met"


@pytest.mark.profond
def test_many_damaged_messages() -> None:
    sound(fuzz_reception(50_000, 8), 50_000)


@pytest.mark.profond
def test_many_damaged_returns(tmp_path: Path) -> None:
    sound(fuzz_collection(50_000, 8, tmp_path), 50_000)


@pytest.mark.parametrize("mutation", [m.octets, m.enregistrements, m.champ, m.chiffres, m.entites, m.entetes, m.lignes])
def test_the_damage_is_real_bounded_and_can_be_played_again(mutation: m.Mutation) -> None:
    modele = b"Subject: a\r\nTo: b\r\n\r\n" + b"000ABC@102 0000017@990@999 12345" * 20
    differents = 0
    for i in range(200):
        neuf = mutation(modele, Random(i))
        assert neuf == mutation(modele, Random(i))
        assert len(neuf) <= m.MAX_OCTETS
        differents += neuf != modele
    assert differents > 150


def test_an_attachment_is_changed_in_place() -> None:
    message = b"A: b\r\n\r\n" + b"QUJD" * 20 + b"\r\n"
    assert m.piece(message, lambda b: b"xyz") == b"A: b\r\n\r\neHl6\r\n"
    assert m.piece(b"rien", lambda b: b"xyz") == b"rien"
