"""Each reporter against what it promises: a golden file, a public schema, our own schema, a real browser."""

from __future__ import annotations

import html.parser
import json
import os
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from harness.catalogue import load_catalogue
from harness.modele.verdict import Identite
from reports import html as rapport_html
from reports import json_, junit
from reports.libelles import DOMAINES, nombre
from tests.conftest_outils import require_file, require_program
from tests.reports.fixture_campagne import CATALOGUE, campagne

GOLDEN = Path(__file__).parent / "golden"


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for nom, valeur in attrs:
            if nom == "id" and valeur:
                self.ids.append(valeur)
            if nom in ("href", "src") and valeur:
                (self.targets if valeur.startswith("#") else self.outside).append(valeur)


def test_html_matches_the_golden_file() -> None:
    rendu = rapport_html.render(campagne(), CATALOGUE)
    modele = GOLDEN / "dossier.html"
    if os.environ.get("PREAGREMENT_REFAIRE_MODELES") == "1":
        modele.write_text(rendu, encoding="utf-8", newline="\n")
    assert rendu == modele.read_text(encoding="utf-8")


def test_html_is_self_contained_and_its_links_lead_somewhere() -> None:
    lecteur = _Links()
    lecteur.feed(rapport_html.render(campagne(), CATALOGUE))
    assert lecteur.outside == []
    assert "script" not in lecteur.tags
    assert len(lecteur.ids) == len(set(lecteur.ids))
    assert {cible[1:] for cible in lecteur.targets} <= set(lecteur.ids)


def test_html_says_what_a_vendor_needs_to_correct() -> None:
    rendu = rapport_html.render(campagne(), CATALOGUE)
    for attendu in (
        "preagrement replay LOT-01 --graine 7",
        "colonnes 30-38",
        "1790175999001  &lt;&amp;&gt;<mark>000000012</mark> suite",
        "trier les factures",
        "cdc §4.2.1.16.1",
        "le LPS s&#39;est arrêté (code 3)",
        "la valeur exacte est inconnue",
        "4 exigences vues sur 5 exigences testables",
    ):
        assert attendu in rendu
    assert "<script>alert(1)" not in rendu


def test_html_says_which_norm_pack_was_used_and_what_rests_on_a_supposition() -> None:
    rendu = rapport_html.render(campagne(), CATALOGUE)
    assert "defaut 1 (annexe 1 détenue par l&#39;éditeur), empreinte <code>abc123</code>" in rendu
    assert "2 fichiers du paquet public : <code>b2/type_2s.yaml</code>, <code>tables/taux.yaml</code>" in rendu
    assert "41 données sans source publique (norme B2 : 1, services SSV : 40)" in rendu
    muet = campagne().model_copy(update={"identite": Identite(produit="x")})
    assert "sans source publique" not in rapport_html.render(muet, CATALOGUE)


def test_every_domain_of_the_catalogue_has_a_french_name() -> None:
    assert {e.domaine for e in load_catalogue().values()} == set(DOMAINES)
    assert [nombre(n, "vue", "vues") for n in (0, 1, 2)] == ["0 vue", "1 vue", "2 vues"]


def test_json_follows_its_schema(tmp_path: Path) -> None:
    chemin, chemin_schema = json_.ecrire(campagne(), CATALOGUE, tmp_path)
    schema = json.loads(chemin_schema.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    corps = json.loads(chemin.read_text(encoding="utf-8"))
    jsonschema.validate(corps, schema)
    assert [s["verdict"] for s in corps["scenarios"]].count("non_conforme") == 2
    corps["scenarios"][0]["verdict"] = "parfait"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(corps, schema)


def test_junit_counts_are_those_of_the_campaign(tmp_path: Path) -> None:
    (chemin,) = junit.ecrire(campagne(), CATALOGUE, tmp_path)
    racine = ET.fromstring(chemin.read_bytes())  # noqa: S314 -- our own output
    totaux = {nom: sum(int(s.get(nom, "0")) for s in racine) for nom in ("tests", "failures", "errors", "skipped")}
    assert totaux == {"tests": 7, "failures": 2, "errors": 1, "skipped": 3}
    echec = racine.find("./testsuite[@name='lots']/testcase/failure")
    assert echec is not None
    assert echec.get("message") == "SV-1-01 : attendu 000000003, 000000007, constaté 000000007, 000000003"
    assert "preagrement replay LOT-01" in (echec.text or "")


def test_junit_follows_the_public_schema(tmp_path: Path) -> None:
    etree = pytest.importorskip("lxml.etree")
    schema = require_file("PREAGREMENT_JUNIT_XSD", "schéma public junit-10.xsd (Jenkins xUnit)")
    (chemin,) = junit.ecrire(campagne(), CATALOGUE, tmp_path)
    valideur = etree.XMLSchema(etree.parse(str(schema)))
    document = etree.parse(str(chemin))
    assert valideur.validate(document), valideur.error_log
    document.getroot().append(etree.Element("intrus"))
    assert not valideur.validate(document)


def test_same_campaign_same_bytes(tmp_path: Path) -> None:
    ecrits = []
    for nom in ("a", "b"):
        dossier = tmp_path / nom
        dossier.mkdir()
        chemins = [c for m in (rapport_html, json_, junit) for c in m.ecrire(campagne(), CATALOGUE, dossier)]
        ecrits.append([c.read_bytes() for c in chemins])
    assert ecrits[0] == ecrits[1]
    assert len(ecrits[0]) == 4


@pytest.mark.navigateur
def test_a_browser_shows_the_dossier(tmp_path: Path) -> None:
    chromium = require_program("chromium", "chromium-browser", "google-chrome")
    (chemin,) = rapport_html.ecrire(campagne(), CATALOGUE, tmp_path)
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
    options += ("--disable-background-networking", "--disable-component-update", "--disable-sync")
    sortie = subprocess.run(
        [chromium, *options, f"--user-data-dir={tmp_path / 'profil'}", "--dump-dom", chemin.as_uri()],
        capture_output=True,
        timeout=90,
        check=True,
    ).stdout.decode("utf-8")
    assert "Les factures d'un lot sont triées" in sortie
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in sortie
