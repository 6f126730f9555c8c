"""A vendor's norm pack, from the command line to the dossier: it changes what is judged, and the dossier says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.check import write_file
from norms.paquet import DONNEES
from tests.harness.test_campagne import preagrement


@pytest.fixture
def atelier(tmp_path: Path) -> Path:
    """A file of two invoices, and a pack that puts the parcours de soins of record 2S in another column."""
    write_file(tmp_path / "deux.b2", 2)
    paquet = tmp_path / "paquet"
    (paquet / "b2").mkdir(parents=True)
    identite = 'nom: editeur\nversion: "3"\nsource: "annexe 1 détenue par l\'éditeur"\n'
    (paquet / "paquet.yaml").write_text(identite, encoding="utf-8")
    texte = (DONNEES / "b2" / "type_2s.yaml").read_text(encoding="utf-8")
    for avant, apres in (("102-120", "102-109"), ("122-128", "111-128")):
        texte = texte.replace(f'colonnes: "{avant}"', f'colonnes: "{apres}"')
    texte = texte.replace('parcours_soins, colonnes: "121"', 'parcours_soins, colonnes: "110"')
    (paquet / "b2" / "type_2s.yaml").write_text(texte, encoding="utf-8")
    return tmp_path


def test_the_pack_judges_and_the_dossier_names_it(atelier: Path) -> None:
    date = ("--date", "2026-03-02")
    public = preagrement(atelier, "check", "deux.b2", *date, "--dossier", "public")
    assert public.returncode == 0, public.stdout
    sortie = preagrement(atelier, "check", "deux.b2", *date, "--norme", "paquet", "--dossier", "editeur", "--json")
    assert sortie.returncode == 1
    rapport = json.loads(sortie.stdout)
    constats = rapport["fichiers"][0]["constats"]
    assert {(c["type_enregistrement"], c["colonnes"]) for c in constats} == {("2S", "111-128")}
    html = (atelier / "editeur" / "dossier.html").read_text(encoding="utf-8")
    assert "editeur 3 (annexe 1 détenue par l&#39;éditeur)" in html
    assert "1 fichier du paquet public : <code>b2/type_2s.yaml</code>" in html
    assert "Données remplacées" not in (atelier / "public" / "dossier.html").read_text(encoding="utf-8")


def test_a_pack_that_cannot_be_used_is_told_in_french(atelier: Path) -> None:
    (atelier / "paquet" / "b2" / "type_2s.yaml").write_text('type: "2S"\nchamps: [\n', encoding="utf-8")
    sortie = preagrement(atelier, "check", "deux.b2", "--norme", "paquet")
    assert sortie.returncode == 2
    assert "b2/type_2s.yaml" in sortie.stderr + sortie.stdout
    assert "Traceback" not in sortie.stderr
    absent = preagrement(atelier, "check", "deux.b2", "--norme", "nulle-part")
    assert (absent.returncode, "répertoire introuvable" in absent.stderr) == (2, True)
