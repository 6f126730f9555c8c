"""The trace of an invoice: read by an engineer against a golden file, complete and in order on the real thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import build
from harness.trace import tlv, trace

GOLDEN = Path(__file__).parent / "golden"
PAS = {
    1: "étape 1 : ps.lire → ok",
    2: "étape 2 : beneficiaire.lire → ok",
    3: "étape 3 : facture.elaborer (mode SESAM_VITALE) → ok",
    4: "étape 4 : lot.constituer → ok",
    5: "étape 5 : fichier.constituer → ok",
    6: "étape 6 : transmission.envoyer → ok",
}


def test_the_golden_trace() -> None:
    """Part of the evidence of FSE-01, kept as it was; ``golden/trace.txt`` is what a person reads."""
    journal = (GOLDEN / "trace.jsonl").read_text(encoding="utf-8").splitlines()
    lignes = list(trace("FSE-01 Une consultation sans tiers payant", journal, PAS))
    assert "\n".join(lignes) + "\n" == (GOLDEN / "trace.txt").read_text(encoding="utf-8")


def test_every_exchange_of_an_invoice_is_in_the_trace_in_order_without_the_code(tmp_path: Path) -> None:
    resultat = CliRunner().invoke(
        build("replay"), ["replay", "FSE-01", "--interne", "--trace", "--dossier", str(tmp_path / "dossier")]
    )
    assert resultat.exit_code == 0, resultat.output
    preuves = tmp_path / "dossier" / "preuves" / "FSE-01"
    texte = (preuves / "trace.txt").read_text(encoding="utf-8")
    assert texte in resultat.output
    place = 0
    journal = [json.loads(li) for li in (preuves / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    compte = {"apdu": 0, "appel_service": 0}
    for evenement in journal:
        donnees = evenement["donnees"]
        if evenement["nature"] == "apdu" and donnees["commande"]:
            cherche = f"{donnees['libelle']}   [{donnees['commande'][:8]} {donnees['commande'][8:10]}"
        elif evenement["nature"] == "appel_service":
            cherche = f"{donnees['fonction']}("
        elif evenement["nature"] == "lps":
            cherche = f"{donnees['operation']}("
        else:
            continue
        trouve = texte.find(cherche, place)
        assert trouve >= 0, cherche
        place = trouve + len(cherche)
        if evenement["nature"] in compte:
            compte[evenement["nature"]] += 1
    assert compte["apdu"] > 50
    assert compte["appel_service"] >= 8
    assert "1234" not in texte


@pytest.mark.parametrize(
    ("octets", "champs"),
    [
        ("700980013181024F4B8200", ["80=« 1 »", "81=« OK »", "82=«  »"]),
        ("8101FF", ["81=FF"]),
        ("70058001", []),  # cut
        ("3082039F", []),  # a long form: not one of ours
        ("9F0101", []),
        ("", []),
    ],
)
def test_simple_data_objects(octets: str, champs: list[str]) -> None:
    assert tlv(bytes.fromhex(octets)) == champs


def test_a_scenario_without_evidence_has_no_trace(tmp_path: Path) -> None:
    essai = tmp_path / "lps.toml"
    essai.write_text('[lps]\ncommande = ["absent-de-ce-poste"]\n', encoding="utf-8")
    resultat = CliRunner().invoke(
        build("replay"), ["replay", "CARTE-01", "--lps", str(essai), "--trace", "--dossier", str(tmp_path / "d")]
    )
    assert resultat.exit_code == 1
    assert "mise en place du monde" in resultat.output  # what was observed before the breakdown
