"""The annotated view: a flow written by hand against a view checked by eye, then every nature of file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from harness.cli import build
from harness.fichiers.affichage import record_table
from harness.fichiers.modele import EnregistrementVu
from harness.fichiers.source import Source
from harness.fichiers.vue import OptionsVue, open_view
from norms.ssv import Groupe, encode_zone
from tests.fichiers.outils import CLES_DE_TEST, PACK, RECU, Echantillon, by_hand, patch

GOLDEN = Path(__file__).parent / "golden"

# An invoice written by hand from the columns of the public norm: one consultation, 25,00 €, 70 %, ALD (exoneration 4).
_COMMUN = {2: "991129768", 12: "1421962965167", 25: "94", 27: "000000042"}
_2 = {1: "2", **_COMMUN, 40: "260302", 47: "F", 49: "01", 51: "349", 54: "9881", 59: "000000000", 68: "000000"}
_2 |= {74: "000", 77: "10", 79: "4", 80: "000000", 96: "621965", 102: "1", 103: "00", 113: "00", 115: "15", 117: "00"}
_2 |= {119: "0000000000"}
_4 = {1: "4", **_COMMUN, 37: "01", 39: "00", 41: "000", 44: "000000", 51: "00", 54: "4", 55: "991129768", 64: "30"}
_4 |= {66: "01", 68: "260302", 74: "G", 79: "01", 81: "******", 87: "00", 89: "0002500", 96: "0002500", 103: "070"}
_4 |= {106: "0001750", 113: "0002500", 120: "D", 121: "1", 122: "0000000"}
_5 = {1: "5", **_COMMUN, 39: "001", 58: "00002500", 66: "00001750", 74: "0000A750", 82: "00000000"}
FLUX = by_hand(_2) + by_hand(_4) + by_hand(_5)


def run(*arguments: str, entree: bytes | None = None) -> Result:
    return CliRunner().invoke(build(), ["decode", *arguments], input=entree)


def view(octets: bytes, **options: Any) -> list[EnregistrementVu]:
    source = Source("essai", io.BytesIO(octets), len(octets))
    return list(open_view(source, PACK, OptionsVue(aujourdhui=RECU, **options))[1])


def values(vu: EnregistrementVu) -> dict[str, str]:
    return {c.nom: c.valeur for c in vu.champs}


def meanings(vu: EnregistrementVu) -> dict[str, str]:
    return {c.nom: c.sens for c in vu.champs if c.sens}


def test_the_view_as_people_read_it() -> None:
    resultat = run("-", entree=FLUX)
    assert resultat.exit_code == 1  # the part of the insured holds a letter
    assert resultat.output == (GOLDEN / "decode_facture.txt").read_text(encoding="utf-8")


def test_meanings_of_a_record_written_by_hand() -> None:
    deux, quatre, cinq = view(FLUX)
    assert meanings(deux) == {
        "numero_ps": "clé juste",  # Luhn: public test number
        "cle_nir": "clé juste",
        "date_facturation": "02/03/2026",
        "type_facture": "FSE",
        "regime": "Régime général",
        "nature_assurance": "Maladie",
        "exoneration": "Affection de longue durée",
        "destinataire_reglement": "Tiers payant intégral",
    }
    assert meanings(quatre)["coefficient"] == "masqué (donnée sensible chiffrée)"
    assert meanings(quatre)["qualificatif"] == "Dépassement exceptionnel (ED)"
    assert meanings(quatre)["honoraires"] == "25,00 €"
    assert values(quatre)["honoraires"] == "2500"
    assert values(quatre)["date_acte"] == "2026-03-02"
    assert [c.hypothese for c in quatre.champs if c.nom in {"coefficient", "base"}] == [True, False]
    assert "colonnes 74-81" in cinq.fautes[0]
    assert meanings(cinq)["part_assure"].startswith("illisible")


@pytest.mark.parametrize(
    ("nom", "type_", "champ", "sens"),
    [
        ("fichier", "1", "top_certification", "lot SESAM-Vitale"),
        ("dre", "6", "type_facture", "DRE"),
        ("arl", "A", "sens", "positif"),
        ("noemie", "198", "etat", "payé"),
    ],
)
def test_every_nature(echantillon: Echantillon, nom: str, type_: str, champ: str, sens: str) -> None:
    vus = view(getattr(echantillon, nom))
    assert not [v for v in vus if v.fautes]
    vu = next(v for v in vus if v.type == type_)
    assert meanings(vu)[champ] == sens


def test_arl_and_security_segments_are_marked_as_ours(echantillon: Echantillon) -> None:
    assert all(v.hypothese for v in view(echantillon.arl))
    assert {v.hypothese for v in view(echantillon.fichier) if v.type == "8"} == {True}


def test_a_closed_message_then_an_opened_one(echantillon: Echantillon) -> None:
    ferme = view(echantillon.message)
    assert [v.type for v in ferme] == ["en-têtes", "sujet", "partie", "enveloppe"]
    assert values(ferme[1])["nb_factures"] == "00005"
    assert values(ferme[3])["ouverte"].startswith("non")
    ouvert = view(echantillon.message, trousseau=CLES_DE_TEST)
    assert values(ouvert[3])["ouverte"] == "oui"
    assert [v.brut for v in ouvert[4:]] == [v.brut for v in view(echantillon.fichier)]


def test_messages_that_come_back(echantillon: Echantillon) -> None:
    types = {v.type for m in echantillon.messages_retour for v in view(m)}
    assert {"A", "580", "198"} & types == {"A", "198"}


def test_a_faulty_record_does_not_stop_the_view(echantillon: Echantillon) -> None:
    vus = view(patch(echantillon.fichier, 5, 1, "X"))
    assert [v.rang for v in vus if v.fautes] == [5]
    assert len(vus) == len(echantillon.fichier) // 128


def test_a_zone_of_the_services() -> None:
    groupes = [Groupe(1110, ("000000012", "", "20260302", "1")), Groupe(9999, ("x",))]
    connu, inconnu = view(encode_zone(groupes), zone=True)
    assert (connu.type, connu.fautes, connu.champs[0].valeur) == ("1110", (), "000000012")
    assert (inconnu.libelle, len(inconnu.fautes)) == ("Groupe inconnu", 1)
    (illisible,) = view(b"\x04\x56\x10\x01", zone=True)
    assert "octet 2" in illisible.fautes[0]


def test_json_is_one_object_of_the_schema_shipped(echantillon: Echantillon, tmp_path: Path) -> None:
    chemin = tmp_path / "fse.b2"
    chemin.write_bytes(echantillon.fichier)
    resultat = run(str(chemin), "--json")
    objet = json.loads(resultat.stdout)
    assert (resultat.exit_code, objet["nature"]) == (0, "b2")
    assert len(objet["enregistrements"]) == len(echantillon.fichier) // 128


@pytest.mark.parametrize(("demande", "rangs"), [("3", [3]), ("3-5", [3, 4, 5])])
def test_some_records_only(echantillon: Echantillon, demande: str, rangs: list[int]) -> None:
    resultat = run("-", "--enregistrement", demande, "--json", entree=echantillon.fichier)
    assert [e["rang"] for e in json.loads(resultat.stdout)["enregistrements"]] == rangs


@pytest.mark.parametrize(
    ("arguments", "texte"),
    [
        (["--enregistrement", "9999"], "aucun enregistrement de rang 9999"),
        (["--enregistrement", "0"], "un rang depuis 1"),
        (["--enregistrement", "5-3"], "un rang depuis 1"),
        (["--profil", "inconnu"], ""),
    ],
)
def test_wrong_requests(echantillon: Echantillon, arguments: list[str], texte: str) -> None:
    resultat = run("-", *arguments, entree=echantillon.fichier)
    assert resultat.exit_code == (2 if texte else 0)
    assert texte in resultat.stderr


def test_raw_records_and_empty_fields() -> None:
    resultat = run("-", "--brut", "--tout", "--enregistrement", "1", entree=FLUX)
    assert f"brut      {FLUX[:128].decode()}" in resultat.output
    assert "éclatement" in resultat.output.lower()
    assert "--tout" not in resultat.output


def test_a_terminal_gets_tables() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=160, color_system=None)
    cinq = view(FLUX)[2]
    console.print(record_table(cinq, tout=False))
    sortie = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    lignes = {ligne.split("│")[1].strip(): ligne for ligne in sortie.splitlines() if ligne.count("│") > 3}
    assert "25,00 €" in lignes["58-65"]
    assert "illisible" in lignes["74-81"]
    assert "5 champs vides (--tout)" in sortie
