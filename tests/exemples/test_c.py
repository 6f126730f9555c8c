"""The C example: built with every warning and the sanitizers on, then run, unmodified, against our cards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.readers.ouverture import diagnostic
from tests.conftest_outils import missing, require_program

RACINE = Path(__file__).parents[2]
SOURCE = RACINE / "examples" / "c" / "lire_cartes.c"
pytestmark = pytest.mark.pcsc


@pytest.fixture(scope="module")
def lire_cartes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    manques = diagnostic()
    if manques:
        missing("PC/SC indisponible : " + " ; ".join(manques))
    cc, make, config = require_program("cc", "gcc"), require_program("make"), require_program("pkg-config")
    if subprocess.run([config, "--exists", "libpcsclite"], check=False).returncode:
        missing("libpcsclite-dev absent")
    dossier = tmp_path_factory.mktemp("c")
    for nom in ("lire_cartes.c", "Makefile"):
        (dossier / nom).write_bytes((SOURCE.parent / nom).read_bytes())
    drapeaux = "-g -O1 -Werror -fsanitize=address,undefined -fno-sanitize-recover=all"
    resultat = subprocess.run(
        [make, f"CC={cc}", f"CFLAGS={drapeaux}"], cwd=dossier, capture_output=True, text=True, check=False
    )
    assert resultat.returncode == 0, resultat.stderr
    return dossier / "lire_cartes"


def _run(lire_cartes: Path, *cartes: str, code: str = "1234") -> subprocess.CompletedProcess[str]:
    environnement = {k: v for k, v in os.environ.items() if k != "PCSCLITE_CSOCK_NAME"}
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", "cards", "serve", *cartes, "--", lire_cartes, code],
        cwd=RACINE, env=environnement, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_it_prints_who_bills_and_who_is_treated(lire_cartes: Path) -> None:
    resultat = _run(lire_cartes, "--ps", "kine-bonnet", "--vitale", "famille-petit")
    assert resultat.returncode == 0, resultat.stderr
    # Readers come in no particular order: each part is looked for by itself. Values are those of the data files.
    ps = "Professionnel\n  nom : BONNET\n  prénom : CYRIL\n"
    assert ps in resultat.stdout
    assert (
        "  facturation : 99203003\n  spécialité : 26\n  facturation : 99203011\n  spécialité : 26\n" in resultat.stdout
    )
    vitale = "Assuré\n  NIR : 1830959999067\n  régime : 01\nBénéficiaire 1\n  nom : PETIT\n  prénom : MARC\n"
    assert vitale in resultat.stdout
    assert "Bénéficiaire 4\n  nom : PETIT\n  prénom : TOM\n  naissance : 20110915\n" in resultat.stdout
    assert "Bénéficiaire 5" not in resultat.stdout


@pytest.mark.parametrize("vitale", ["pons-v1bis", "maillard-v1ter", "benali-famille"])
def test_it_reads_every_generation_of_vitale(lire_cartes: Path, vitale: str) -> None:
    resultat = _run(lire_cartes, "--ps", "cpe-anonyme", "--vitale", vitale)
    assert resultat.returncode == 0, resultat.stderr
    assert f"  nom : {vitale.partition('-')[0].upper()}\n" in resultat.stdout


def test_a_wrong_code_is_refused_by_the_card(lire_cartes: Path) -> None:
    resultat = _run(lire_cartes, "--ps", "dr-martin", "--vitale", "durand-paul", code="9999")
    assert resultat.returncode == 1
    assert "code porteur refusé (état 63C2)" in resultat.stderr
    assert "facturation" not in resultat.stdout


def test_the_source_uses_the_pcsc_api_only() -> None:
    inclus = [x for x in SOURCE.read_text(encoding="utf-8").splitlines() if x.startswith("#include")]
    assert inclus == [f"#include <{nom}.h>" for nom in ("stdio", "stdlib", "string", "winscard")]
