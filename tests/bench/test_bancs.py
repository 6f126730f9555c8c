"""Each bench runs for real on a small count, and its ratios are those of its own figures.

The floors are far below the aims of docs/performance.md, so that a loaded machine doesn't fail: they stop a collapse.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import BANCS, Mesure, table

RACINE = Path(__file__).parents[2]


def run(banc: str, *mots: str) -> dict[str, Any]:
    commande = [sys.executable, "-m", f"bench.{banc}", *mots]
    fait = subprocess.run(commande, cwd=RACINE, capture_output=True, check=False, encoding="utf-8", timeout=120)
    assert fait.returncode == 0, fait.stdout + fait.stderr
    objet: dict[str, Any] = json.loads(fait.stdout)
    return objet


def test_codec() -> None:
    mesure = run("codec", "5000")
    assert mesure["enregistrements"] == 5000
    assert mesure["ratio_decodage"] == pytest.approx(mesure["decodage_par_s"] / mesure["decoupe_nue_par_s"], abs=0.01)
    assert mesure["ratio_decodage"] > mesure["ratio_valeurs"] > 0.1


def test_securing() -> None:
    mesure = run("securisation", "--factures", "1", "--tours", "10")
    debits = mesure["par_s"]
    assert mesure["rapport"] == pytest.approx(debits["factures_securisees"] / debits["operations_nues"], abs=0.01)
    assert 0.1 < mesure["rapport"] < 1
    assert mesure["rapport_enveloppe_native"] < mesure["rapport"]


def test_smtp() -> None:
    mesure = run("smtp", "--messages", "40", "--clients", "2", "--tours", "1")
    debits = mesure["medianes"]
    obtenu = debits["messagerie_avec_preuves"] / debits["aiosmtpd_nu"]
    assert mesure["ratio"] == pytest.approx(obtenu, abs=0.01)
    assert mesure["ratio"] > 0.15


def test_cards() -> None:
    mesure = run("cartes", "--duree", "0.1")
    assert mesure["inproc"]["apdu_par_seconde"] > 5_000
    if "absent" in mesure["pcsc"]:
        assert os.environ.get("PREAGREMENT_EXIGER_PCSC") != "1", mesure["pcsc"]
    else:
        assert mesure["inproc"]["apdu_par_seconde"] > mesure["pcsc"]["apdu_par_seconde"] > 100


def test_crypto() -> None:
    mesures = run("crypto", "0.05")["mesures"]
    assert mesures["rsa_verification"] > mesures["rsa_signature"]  # five times as fast on a quiet machine
    assert mesures["chemin_et_crl"] > mesures["pki_a_froid"]  # forty times
    assert min(mesures.values()) > 1


def test_the_table_gives_lowest_median_and_highest_and_tells_a_missed_aim() -> None:
    objets = [
        {"ratio": r, "ratio_en_memoire": 1.2, "medianes": {"messagerie_avec_preuves": 600.0}} for r in (0.9, 0.4, 0.6)
    ]
    lignes, manque = table("smtp", objets)
    assert lignes[0] == "| messages reçus, preuves sur disque / aiosmtpd nu | 0,4 | 0,6 | 0,9 | ≥ 0,5 |"
    assert not manque
    lignes, manque = table("smtp", [{**o, "ratio": 0.49} for o in objets])
    assert manque
    assert table("cartes", [{"pcsc": {"absent": ["pcscd"]}, "inproc": {"apdu_par_seconde": 9000}}])[0][1:] == [
        "| APDU par seconde, par pcscd | non mesuré | | | — |",
        "| dans le processus / par pcscd | non mesuré | | | — |",
    ]
    assert Mesure("m", len, "", None, 200).missed(200)


def test_every_bench_of_the_table_exists() -> None:
    assert all((RACINE / "bench" / f"{banc}.py").is_file() for banc in BANCS)
