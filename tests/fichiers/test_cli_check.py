"""The command itself: exit codes, JSON against the schema shipped, dossier, folders, standard input, limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from harness.cli import build
from harness.fichiers.modele import schemas
from tests.fichiers.outils import Echantillon, patch

BENCH = Path(__file__).parents[2] / "bench" / "check.py"
DATE = ("--date", "2026-03-02")


def run(*arguments: str, entree: bytes | None = None) -> Result:
    return CliRunner().invoke(build(), ["check", *arguments], input=entree)


@pytest.fixture
def dossier(echantillon: Echantillon, tmp_path: Path) -> Path:
    """A sound file, one with a wrong total, one that rests on a hypothesis, in a folder."""
    racine = tmp_path / "fichiers"
    (racine / "juin").mkdir(parents=True)
    (racine / "juste.b2").write_bytes(echantillon.fichier)
    (racine / "juin" / "faux.b2").write_bytes(patch(echantillon.fichier, 6, 58, "00002600"))
    (racine / "reserve.b2").write_bytes(patch(echantillon.fichier, 5, 81, "000100"))
    (racine / ".cache").write_bytes(b"rien")
    return racine


@pytest.mark.parametrize(("nom", "code"), [("juste.b2", 0), ("juin/faux.b2", 1), ("reserve.b2", 3)])
def test_exit_codes(dossier: Path, nom: str, code: int) -> None:
    assert run(str(dossier / nom), *DATE).exit_code == code


@pytest.mark.parametrize(
    ("contenu", "texte"),
    [
        (b"", "fichier vide"),
        (b"Bonjour\n", "forme inconnue"),
        (b"root:x:0:0:root:/root:/bin/bash\n", "forme inconnue"),
        (b"\xff\xfe0\x000\x000\x00", "UTF-16"),
        (b"\xf0\xf0\xf0\xe3\xd7", "EBCDIC"),
        (b"PK\x03\x04zip", "archive ZIP"),
        (b"\xef\xbb\xbf000", "marque UTF-8"),
    ],
)
def test_unreadable_input_says_what_was_expected(contenu: bytes, texte: str) -> None:
    resultat = run("-", entree=contenu)
    assert resultat.exit_code == 2
    assert texte in resultat.output
    assert "attendu un fichier B2" in resultat.output


def test_a_missing_file_and_an_empty_folder(tmp_path: Path) -> None:
    absent = run(str(tmp_path / "absent.b2"))
    assert (absent.exit_code, "vérifier le chemin" in absent.output) == (2, True)
    vide = run(str(tmp_path))
    assert (vide.exit_code, "dossier sans fichier" in vide.output) == (2, True)


@pytest.mark.skipif(os.name == "nt", reason="liens symboliques réservés aux administrateurs sous Windows")
def test_links_that_lead_out_of_a_folder_are_left_out(dossier: Path, tmp_path: Path) -> None:
    dehors = tmp_path / "dehors.b2"
    dehors.write_bytes(b"000")
    (dossier / "lien.b2").symlink_to(dehors)
    (dossier / "interne.b2").symlink_to(dossier / "juste.b2")
    texte = run(str(dossier), *DATE).output
    assert "lien.b2" not in texte
    assert "interne.b2" in texte


@pytest.mark.parametrize(
    ("arguments", "texte"),
    [
        (["--date", "02/03/2026"], "AAAA-MM-JJ"),
        (["--norme", "nulle-part"], "introuvable"),
        (["--cle", "absente.pem", "--certificat", "absent.pem"], "illisible"),
        (["--cle", "seule.pem"], "une clé va avec un certificat"),
    ],
)
def test_wrong_options(dossier: Path, arguments: list[str], texte: str) -> None:
    resultat = run(str(dossier / "juste.b2"), *arguments)
    assert resultat.exit_code == 2
    assert texte in resultat.output


def test_json_follows_the_schema_shipped(dossier: Path) -> None:
    resultat = run(str(dossier), *DATE, "--json")
    objet = json.loads(resultat.stdout)
    jsonschema.Draft202012Validator(schemas()["check.schema.json"]).validate(objet)
    assert resultat.exit_code == objet["code_sortie"] == 1
    verdicts = {Path(f["fichier"]).name: f["verdict"] for f in objet["fichiers"]}
    assert verdicts == {"faux.b2": "non_conforme", "juste.b2": "conforme", "reserve.b2": "reserve"}
    assert objet["portee"]


def test_decode_json_follows_its_schema(dossier: Path) -> None:
    resultat = CliRunner().invoke(build(), ["decode", str(dossier / "juin" / "faux.b2"), "--json"])
    jsonschema.Draft202012Validator(schemas()["decode.schema.json"]).validate(json.loads(resultat.stdout))


def test_what_people_read(dossier: Path) -> None:
    sortie = run(str(dossier / "juin" / "faux.b2"), *DATE).output
    for morceau in (
        "NON CONFORME",
        "lot 001, facture 000000011, enregistrement 6 (type 5), Total facturé (total_facture), colonnes 58-65",
        "2500 centimes",
        "2600 centimes",
        "source        public: norme B2",
        "à corriger    recalculer le total",
        "un fichier seul ne montre pas",
    ):
        assert morceau in sortie


def test_the_dossier_of_a_folder(dossier: Path, tmp_path: Path) -> None:
    vers = tmp_path / "dossier"
    assert run(str(dossier), *DATE, "--dossier", str(vers)).exit_code == 1
    campagne = json.loads((vers / "campagne.json").read_text(encoding="utf-8"))
    scenarios = {Path(s["fichier"]).name: s for s in campagne["scenarios"]}
    assert {n: s["verdict"] for n, s in scenarios.items()} == {
        "faux.b2": "non_conforme",
        "juste.b2": "conforme",
        "reserve.b2": "reserve",
    }
    assert "restreinte" in campagne["identite"]["profil"]["portée"]
    par_exigence = {e["id"]: e["verdict"] for e in campagne["exigences"]}
    # The invoices are sorted in all three files; one holds a sensitive field in clear.
    assert par_exigence["SV-4.2.1.16.1-11"] == "conforme"
    assert par_exigence["SV-3.2.9.1-08"] == "reserve"
    # What needs memory or keys was not made: nothing unobserved is conforming.
    juste = {c["sur"] for c in scenarios["juste.b2"]["constats"]}
    assert not juste & {"LOT_REFERENCE_REUTILISEE", "LOT_SIGNATURE_FAUSSE", "FACTURE_CHIFFREMENT_ILLISIBLE"}
    html = (vers / "dossier.html").read_text(encoding="utf-8")
    assert "preagrement check" in html
    assert "preagrement replay" not in html
    assert 'failures="1"' in (vers / "junit.xml").read_text(encoding="utf-8")
    assert json.loads((vers / "check.json").read_text(encoding="utf-8"))["code_sortie"] == 1


def test_the_folder_of_someone_else_is_not_emptied(dossier: Path, tmp_path: Path) -> None:
    (tmp_path / "precieux").mkdir()
    (tmp_path / "precieux" / "notes.txt").write_text("à garder", encoding="utf-8")
    resultat = run(str(dossier), "--dossier", str(tmp_path / "precieux"))
    assert (resultat.exit_code, "en choisir un autre" in resultat.output) == (2, True)
    assert (tmp_path / "precieux" / "notes.txt").read_text(encoding="utf-8") == "à garder"


def test_limits_of_size_and_time(dossier: Path, echantillon: Echantillon) -> None:
    gros = run("-", "--taille-max", "1", entree=echantillon.fichier + b"0" * 2 * 1024 * 1024)
    assert (gros.exit_code, "--taille-max" in gros.output) == (2, True)
    long = run(str(dossier / "juste.b2"), "--delai", "0.000001")
    assert (long.exit_code, "--delai" in long.output) == (2, True)


def test_a_real_process_with_a_pipe(echantillon: Echantillon) -> None:
    commande = [sys.executable, "-c", "from harness.cli import main; main()", "check", "-", *DATE, "--json"]
    fait = subprocess.run(commande, input=echantillon.fichier, capture_output=True, check=False, timeout=60)
    assert fait.returncode == 0, fait.stderr
    assert json.loads(fait.stdout)["fichiers"][0]["fichier"] == "entrée standard"
    assert b"CONFORME" in fait.stderr


def test_the_bench_accepts_its_own_file_in_bounded_memory() -> None:
    fait = subprocess.run([sys.executable, str(BENCH), "1200"], capture_output=True, check=False, timeout=120)
    assert fait.returncode == 0, fait.stdout + fait.stderr
    mesure = json.loads(fait.stdout)
    assert (mesure["verdict"], mesure["constats"], mesure["factures"]) == ("conforme", {}, 1200)
    assert mesure["crete_mio"] < 200
