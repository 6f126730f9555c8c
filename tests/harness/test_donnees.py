"""What the bench reads: configurations, scenarios, catalogue, attestations; every wrong input has its message."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import yaml

from harness.adaptateur.configuration import ErreurConfiguration, load_configuration
from harness.attestations import load_attestations
from harness.catalogue import load_catalogue, scenarios_directory
from harness.dossier import claim_directory
from harness.scenarios import ErreurScenario, discover, find_scenario, load_scenario
from harness.schema import scenario_schema
from norms.chargement import ErreurChargement, load, load_plain
from tests.harness.aides import DEPART, scenario


# --- Configuration ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("texte", "message"),
    [
        ("[lps]\ncommande = 3\n", "lps.commande : une liste est attendue ; trouvé : 3"),
        ("[lps]\ncommandes = ['x']\n", "lps.commandes : nom inconnu"),
        ("[lps]\nnom = 'x'\n", "transport « stdio » : donner « commande »"),
        ("[lps]\ntransport = 'pipe'\n", "lps.transport : valeur attendue : 'stdio', 'http' ou 'interne'"),
        ("[lps]\ntransport = 'http'\n", "transport « http » : donner « url »"),
        ("[lps]\ntransport = 'http'\nurl = 'ftp://x'\n", "une adresse http:// est attendue"),
        ("[lps]\ntransport = 'interne'\nfabrique = 'module'\n", "écrire « module:fonction »"),
        ("[lps]\ncommande = ['x']\ndelai_s = 0\n", "lps.delai_s : doit être plus grand que 0"),
        ("[lps]\ncommande = ['x'\n", "TOML illisible"),
        ("", "lps : valeur obligatoire absente"),
    ],
)
def test_wrong_configuration_names_file_and_key(texte: str, message: str, tmp_path: Path) -> None:
    fichier = tmp_path / "preagrement.toml"
    fichier.write_text(texte, encoding="utf-8")
    with pytest.raises(ErreurConfiguration) as levee:
        load_configuration(fichier)
    assert str(levee.value).startswith(str(fichier))
    assert message in str(levee.value)


def test_missing_and_binary_configuration(tmp_path: Path) -> None:
    with pytest.raises(ErreurConfiguration, match="fichier illisible"):
        load_configuration(tmp_path / "absent.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ErreurConfiguration, match="hors UTF-8"):
        load_configuration(tmp_path / "b.toml")


def test_words_and_mutants(tmp_path: Path) -> None:
    fichier = tmp_path / "p.toml"
    fichier.write_text(
        "[lps]\ncommande = ['{python}', '{ici}/a.py']\noptions = ['-v']\n[lps.mutants]\nlister = ['x']\n",
        encoding="utf-8",
    )
    config = load_configuration(fichier)
    assert config.words(config.commande) == [sys.executable, f"{tmp_path.resolve()}/a.py"]
    mutant = config.with_mutant("lot-non-trie")
    assert mutant.options == ("-v", "--mutant", "lot-non-trie")
    assert mutant.parametres == {"mutant": "lot-non-trie"}


# --- Scenarios ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("avant", "apres", "message"),
    [
        ("id: ESSAI-01", "id: essai", "ESSAI-01.yaml:2:5: ne suit pas le motif"),
        ("titre: Un", "titres: Un", "ESSAI-01.yaml:3:9: clé « titres » inconnue ; vouliez-vous dire « titre » ?"),
        ("exigences: [SV-1-01]\n", "", "ESSAI-01.yaml:2:1: « exigences » manque"),
        ("[SV-1-01]", "[SV-1-01, SV-1-02]", "sans attendu : SV-1-02"),
        ("lps: ps.lire", "lpss: ps.lire", "ESSAI-01.yaml:6:5: une étape porte une clé et une seule"),
        ("    nom: facture", "    nom: Facture", "ESSAI-01.yaml:9:10: ne suit pas le motif"),
        (
            'egale: ["000000012"]',
            "egal: x",
            "ESSAI-01.yaml:13:11: clé « egal » inconnue ; vouliez-vous dire « egale » ?",
        ),
        ('egale: ["000000012"]', "egale: x\n    motif: x", "ESSAI-01.yaml:12:5: un seul opérateur par attendu"),
        ('egale: ["000000012"]', "absent: oui", "« absent » demande un « temoin »"),
        ('egale: ["000000012"]', "nombre: deux", "un nombre entier est attendu ; trouvé : « deux »"),
        ("verifie: SV-1-01", "verifie: XX-1", "ne suit pas le motif"),
        ("pourquoi: numéro imposé au poste", "pourquoi: oui", "texte trop court (8 caractères au moins)"),
    ],
)
def test_wrong_scenario_names_file_line_and_column(avant: str, apres: str, message: str) -> None:
    assert avant in DEPART
    with pytest.raises(ErreurScenario) as levee:
        scenario(DEPART.replace(avant, apres, 1))
    assert message in str(levee.value)


def test_scenario_that_is_not_yaml_or_not_a_table(tmp_path: Path) -> None:
    for texte, message in (("a: [", "YAML illisible"), ("- a", "un scénario est une table"), ("", "une table")):
        (tmp_path / "X.yaml").write_text(texte, encoding="utf-8")
        with pytest.raises(ErreurScenario, match=message):
            load_scenario(tmp_path / "X.yaml")


def test_discovery_leaves_other_data_aside(tmp_path: Path) -> None:
    for nom in ("lots/LOT-01.yaml", "exigences/lots.yaml", "population/cartes/cps/x.yaml", "mutants.yaml", "_n.yaml"):
        (tmp_path / nom).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / nom).write_text("a: b\n", encoding="utf-8")
    assert [f.name for f in discover([tmp_path])] == ["LOT-01.yaml"]
    with pytest.raises(FileNotFoundError, match="ni fichier ni dossier"):
        discover([tmp_path / "absent"])


def test_find_by_identifier(tmp_path: Path) -> None:
    (tmp_path / "ESSAI-01.yaml").write_text(DEPART, encoding="utf-8")
    assert find_scenario("ESSAI-01", discover([tmp_path])).scenario.id == "ESSAI-01"
    with pytest.raises(ValueError, match=r"aucun scénario.*vouliez-vous dire « ESSAI-01 »"):
        find_scenario("ESSAI-1", discover([tmp_path]))


def test_every_shipped_scenario_follows_the_published_schema() -> None:
    schema = scenario_schema()
    validateur = jsonschema.Draft202012Validator(schema)
    fichiers = discover()
    assert fichiers
    for fichier in fichiers:
        donnees = yaml.load(fichier.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 -- text only
        erreurs = [f"{fichier.name} {list(e.path)} {e.message}" for e in validateur.iter_errors(donnees)]
        assert erreurs == []
        assert fichier.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../schema/")
    ecrit = scenarios_directory() / "schema" / "scenario.schema.json"
    assert json.loads(ecrit.read_text(encoding="utf-8")) == schema


@pytest.mark.parametrize("faux", [{"id": "A"}, {"etapes": [{"lps": "lot.inventer"}]}, {"inconnu": "x"}])
def test_the_published_schema_refuses(faux: dict[str, object]) -> None:
    donnees = yaml.load(DEPART, Loader=yaml.BaseLoader)  # noqa: S506 -- text only
    validateur = jsonschema.Draft202012Validator(scenario_schema())
    assert validateur.is_valid(donnees)
    assert not validateur.is_valid({**donnees, **faux} if "id" not in faux else faux)


# --- Catalogue ----------------------------------------------------------------------------------------
def test_the_catalogue_is_the_inventory() -> None:
    """Counts stated by the inventory's own README."""
    catalogue = load_catalogue()
    toutes = list(catalogue.values())
    assert len(toutes) == 3027
    assert sum(e.testable for e in toutes) == 1988
    assert sum(e.testable for e in catalogue.distinctes()) == 1779
    assert sum(e.testable and not e.hypothese for e in catalogue.distinctes()) == 1622
    assert sum(bool(e.doublon_de) for e in toutes) == 212
    assert sum(e.hypothese for e in toutes) == 190
    assert sum(e.niveau == "INFO" for e in toutes) == 940
    assert len({e.domaine for e in toutes}) == 28
    assert {e.lecture for e in toutes if e.lecture} <= set(catalogue.lectures)


def test_the_catalogue_loads_fast() -> None:
    debut = time.process_time()
    load_catalogue()
    assert time.process_time() - debut < 2.0  # of this process alone: waiting for a busy machine doesn't count


def test_duplicates_point_to_their_target() -> None:
    catalogue = load_catalogue()
    assert catalogue.cible("SV-4.2.1.6-16").id == "SV-3.2.4.12-01"
    assert catalogue["SV-4.2.1.6-16"] in catalogue.doublons_de("SV-3.2.4.12-01")
    assert catalogue["SV-4.2.1.16.1-07"].reference == "cdc §4.2.1.16.1"


@pytest.mark.parametrize(
    ("texte", "message"),
    [
        ("- {id: SV-1-01}", "champs manquants ou inconnus"),
        ("- id: a\n  id: b", "déjà donnée plus haut"),
        ("- [", "YAML illisible"),
        ("- *a", "alias « a » sans ancre"),
        ("- " + "[" * 50 + "]" * 50, "niveaux d'imbrication"),
    ],
)
def test_a_broken_catalogue_is_refused(texte: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "lots.yaml").write_text(texte, encoding="utf-8")
    with pytest.raises(ErreurChargement, match=message):
        load_catalogue(tmp_path)


def test_an_empty_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ErreurChargement, match="aucune exigence"):
        load_catalogue(tmp_path)


def test_both_loaders_agree_on_every_file_of_ours() -> None:
    fichiers = [f for f in sorted(scenarios_directory().rglob("*.yaml")) if f.parent.name != "exigences"]
    assert any("*" in f.read_text(encoding="utf-8") for f in fichiers)  # an alias, a projection
    for fichier in fichiers:
        assert load_plain(fichier) == load(fichier).donnees


# --- Attestations, dossier ----------------------------------------------------------------------------
def test_attestations(tmp_path: Path) -> None:
    fichier = tmp_path / "a.yaml"
    fichier.write_text("LOT-01: {SV-1-01: oui}\n", encoding="utf-8")
    assert load_attestations(str(fichier)) == {"LOT-01": {"SV-1-01": "oui"}}
    assert load_attestations(None) == {}
    fichier.write_text("LOT-01: oui\n", encoding="utf-8")
    with pytest.raises(ErreurChargement, match=r"a\.yaml:1:9: une table « exigence: réponse »"):
        load_attestations(str(fichier))


def test_a_folder_of_someone_else_is_never_emptied(tmp_path: Path) -> None:
    autre = tmp_path / "documents"
    autre.mkdir()
    (autre / "these.txt").write_text("dix ans de travail", encoding="utf-8")
    with pytest.raises(FileExistsError, match="contient autre chose"):
        claim_directory(autre)
    assert (autre / "these.txt").is_file()
    with pytest.raises(FileExistsError, match="un fichier porte ce nom"):
        claim_directory(autre / "these.txt")
    nouveau = tmp_path / "dossier"
    claim_directory(nouveau)
    (nouveau / "preuves").mkdir()
    (nouveau / "preuves" / "vieux.eml").write_text("x", encoding="utf-8")
    claim_directory(nouveau)
    assert not (nouveau / "preuves").exists()
    assert [f.name for f in nouveau.iterdir()] == [".preagrement-dossier"]
