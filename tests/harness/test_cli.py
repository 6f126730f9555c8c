"""The other commands, each in a real process; and the reference through the whole house, twice, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.test_campagne import RACINE, atelier, preagrement, write_lps  # noqa: F401 -- a fixture


def test_lint_of_the_shipped_scenarios_finds_no_fault(tmp_path: Path) -> None:
    sortie = preagrement(tmp_path, "lint", "--json")
    objet = json.loads(sortie.stdout)
    assert [f for f in objet["fautes"] if f["gravite"] == "faute"] == []
    assert objet["fichiers"] >= 40
    assert sortie.returncode == 0


def test_lint_shows_faults_and_exits_1(tmp_path: Path) -> None:
    (tmp_path / "LOT-01.yaml").write_text("id: LOT-01\ntitre: [\n", encoding="utf-8")
    sortie = preagrement(tmp_path, "lint", "LOT-01.yaml")
    assert sortie.returncode == 1
    assert "LOT-01.yaml:3:1: YAML illisible" in sortie.stdout
    assert preagrement(tmp_path, "lint", "absent").returncode == 2


def test_the_schemas_in_the_tree_are_up_to_date() -> None:
    sortie = preagrement(RACINE, "schema", "--verifier")
    assert (sortie.returncode, sortie.stdout) == (0, "schémas à jour\n")


def test_schemas_are_written_elsewhere_and_then_checked(tmp_path: Path) -> None:
    assert preagrement(tmp_path, "schema", "--vers", "ici").returncode == 0
    assert (tmp_path / "ici" / "adaptateur.openrpc.json").is_file()
    (tmp_path / "ici" / "adaptateur.openrpc.json").write_text("{}", encoding="utf-8")
    sortie = preagrement(tmp_path, "schema", "--vers", "ici", "--verifier")
    assert sortie.returncode == 1
    assert "à récrire : ici/adaptateur.openrpc.json" in sortie.stdout


def test_coverage_adds_up(tmp_path: Path) -> None:
    objet = json.loads(preagrement(tmp_path, "coverage", "--json").stdout)
    assert objet["testables"] == 1779  # the inventory's own count, without duplicates
    cles = ("testables", "auto", "attestation", "non_testable", "a_faire")
    for comptes in (objet, *objet["par_domaine"].values()):
        assert comptes["auto"] + comptes["attestation"] + comptes["a_faire"] == comptes["testables"]
    assert {c: sum(d[c] for d in objet["par_domaine"].values()) for c in cles} == {c: objet[c] for c in cles}
    reste = preagrement(tmp_path, "coverage", "--domaine", "rsp")
    assert "exigences à faire dans « rsp »" in reste.stdout


def test_exigence(tmp_path: Path) -> None:
    sortie = preagrement(tmp_path, "exigence", "SV-4.2.1.16.1-07")
    assert "SV-4.2.1.16.1-07  cdc §4.2.1.16.1  DOIT" in sortie.stdout
    objet = json.loads(preagrement(tmp_path, "exigence", "SV-4.2.1.16.1-14", "--json").stdout)
    assert objet["reference"] == "cdc §4.2.1.16.1"
    assert "LOT-03" in objet["scenarios"]
    inconnue = preagrement(tmp_path, "exigence", "SV-4.2.1.16.1-77")
    assert inconnue.returncode == 2
    assert "vouliez-vous dire « SV-4.2.1.16.1-" in inconnue.stderr


def test_cards_and_doctor(tmp_path: Path) -> None:
    cartes = json.loads(preagrement(tmp_path, "cartes", "--json").stdout)
    assert {"nom": "durand-paul", "famille": "vitale"}.items() <= next(
        c for c in cartes if c["nom"] == "durand-paul"
    ).items()
    diagnostics = json.loads(preagrement(tmp_path, "doctor", "--json").stdout)
    assert all(d["present"] for d in diagnostics if d["requis"])
    assert {"python", "lecteurs PC/SC", "navigateur"} <= {d["quoi"] for d in diagnostics}


def test_help_is_french_and_lists_every_command(tmp_path: Path) -> None:
    aide = preagrement(tmp_path, "--help").stdout
    for commande in ("run", "replay", "lint", "mutants", "coverage", "adapter-check", "exigence", "schema", "doctor"):
        assert commande in aide
    assert "Codes de sortie : 0 conforme" in aide
    assert preagrement(tmp_path, "--version").stdout.startswith("preagrement ")


@pytest.mark.parametrize(
    ("mots", "message"),
    [
        (("rum",), "commande « rum » inconnue"),
        (("run", "--grain", "7"), "option « --grain » inconnue"),
        (("run", "--graine"), "l'option « --graine » demande une valeur"),
        (("run", "--graine", "x"), "--graine : un nombre entier est attendu"),
        (("run", "--graine", "-4"), "--graine : 0 au moins"),
        (("replay",), "il manque scenario"),
        (("doctor", "a"), "de trop : a"),
    ],
)
def test_wrong_command_lines_are_told_in_french(mots: tuple[str, ...], message: str, tmp_path: Path) -> None:
    sortie = preagrement(tmp_path, *mots)
    assert sortie.returncode == 2
    assert message in sortie.stderr
    assert "voir « preagrement --help »" in sortie.stderr


# --- adapter-check ------------------------------------------------------------------------------------
def test_adapter_check_of_a_sound_adapter(tmp_path: Path) -> None:
    write_lps(tmp_path, "")
    sortie = preagrement(tmp_path, "adapter-check", "--lps", "lps.toml", "--json")
    objet = json.loads(sortie.stdout)
    assert sortie.returncode == 0
    assert objet["reussi"] is True
    assert [c["nom"] for c in objet["controles"]] == [
        "lancement",
        "bonjour",
        "opérations",
        "méthode inconnue",
        "paramètres invalides",
        "poste.demarrer",
        "poste.horloge",
        "au_revoir",
        "arrêt",
    ]


@pytest.mark.parametrize(
    ("faute", "nom", "detail"),
    [
        ("version", "bonjour", "l'adaptateur parle le protocole « 2.0 »"),
        ("complaisant", "méthode inconnue", "l'erreur JSON-RPC -32601 est attendue ; résultat"),
        ("reste", "arrêt", "ne s'arrête pas dans les 5 s"),
    ],
)
def test_adapter_check_names_what_is_wrong(faute: str, nom: str, detail: str, tmp_path: Path) -> None:
    write_lps(tmp_path, faute)
    sortie = preagrement(tmp_path, "adapter-check", "--lps", "lps.toml", "--json")
    echecs = [c for c in json.loads(sortie.stdout)["controles"] if not c["reussi"]]
    assert sortie.returncode == 1
    assert [c["nom"] for c in echecs] == [nom]
    assert detail in echecs[0]["detail"]


def test_adapter_check_of_something_that_is_not_an_adapter(tmp_path: Path) -> None:
    (tmp_path / "lps.toml").write_text('[lps]\ncommande = ["{python}", "-c", "print(1)"]\n', encoding="utf-8")
    sortie = preagrement(tmp_path, "adapter-check", "--lps", "lps.toml")
    assert sortie.returncode == 1
    assert "ÉCHEC     bonjour" in sortie.stdout
    (tmp_path / "lps.toml").write_text('[lps]\ncommande = ["absent"]\n', encoding="utf-8")
    assert "ÉCHEC     lancement" in preagrement(tmp_path, "adapter-check", "--lps", "lps.toml").stdout


# --- The reference, as any LPS ------------------------------------------------------------------------
def test_the_reference_passes_and_leaves_the_same_bytes_twice_by_both_transports(tmp_path: Path) -> None:
    choix = ("-s", "LOT-01", "-s", "FSE-01", "--graine", "7")
    contenus = []
    for nom, options in (("a", ()), ("b", ()), ("c", ("--interne",))):
        sortie = preagrement(tmp_path, "run", *choix, "--dossier", nom, *options)
        assert sortie.returncode == 0, sortie.stdout + sortie.stderr
        racine = tmp_path / nom
        contenus.append({f.relative_to(racine): f.read_bytes() for f in racine.rglob("*") if f.is_file()})
    assert contenus[0] == contenus[1]
    ecarts = [f for f in contenus[0] if contenus[0][f] != contenus[2].get(f)]
    assert [f.name for f in ecarts if f.name != "erreurs-lps.txt"] == []


#: Several messages in a row, a concentrator that sends some on, several stations, two collections.
ENTREMELES = ("OCT-01", "DRE-01", "HABIL-05", "LOT-07", "RSP-03")


def test_scenarios_of_many_messages_leave_the_same_bytes_whatever_the_processes(tmp_path: Path) -> None:
    choix = [mot for s in ENTREMELES for mot in ("-s", s)]
    _assert_same_bytes(tmp_path, [("-n", "2", *choix), ("-n", "0", *choix)], len(ENTREMELES))


@pytest.mark.profond
def test_the_whole_campaign_leaves_the_same_bytes_whatever_the_processes(tmp_path: Path) -> None:
    _assert_same_bytes(tmp_path, [("-n", "3"), ("-n", "2"), ("-n", "5")], 100)


def _assert_same_bytes(dossier: Path, campagnes: list[tuple[str, ...]], au_moins: int) -> None:
    contenus = []
    for rang, options in enumerate(campagnes):
        sortie = preagrement(dossier, "run", *options, "--dossier", str(rang), delai=900)
        assert sortie.returncode == 0, sortie.stdout + sortie.stderr
        racine = dossier / str(rang)
        contenus.append({f.relative_to(racine): f.read_bytes() for f in racine.rglob("*") if f.is_file()})
    journaux = [f for f in contenus[0] if f.name == "journal.jsonl"]
    assert len(journaux) >= au_moins
    for suivant in contenus[1:]:
        assert sorted(f for f in contenus[0] if contenus[0][f] != suivant.get(f)) == []
        assert suivant.keys() == contenus[0].keys()
