"""The measure of peak memory: of the child alone, and of all that the child takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RACINE = Path(__file__).parents[2]
MIO = 1024 * 1024


def peak_of_child(code: str = "") -> int:
    """Peak, in bytes, of a fresh interpreter that runs ``code``."""
    commande = [sys.executable, "-c", f"from bench.memoire import peak_bytes\n{code}\nprint(peak_bytes())"]
    fait = subprocess.run(commande, cwd=RACINE, capture_output=True, text=True, check=True, timeout=60)
    return int(fait.stdout)


def test_a_large_parent_does_not_weigh_on_its_child() -> None:
    lest = bytearray(b"x") * (300 * MIO)
    crete = peak_of_child()
    assert len(lest) == 300 * MIO
    assert MIO < crete < 100 * MIO


def test_what_the_child_took_and_gave_back_counts() -> None:
    nu, lourd = peak_of_child(), peak_of_child(f"x = bytearray(b'x') * {120 * MIO}\ndel x")
    assert 110 * MIO < lourd - nu < 160 * MIO
