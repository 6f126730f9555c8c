"""Campaigns as people and CI run them, in real processes: pytest, the command line, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.harness.aides import SCRIPT

RACINE = Path(__file__).parents[2]
MODELE = """id: {id}
titre: Un scénario pour essayer les campagnes
exigences: [{exigence}]
etiquettes: [essai]
etapes:
  - lps: facture.lister
  - lps: facture.elaborer
    nom: facture
    avec: {{prestations: [{{code: G, date: 2026-03-02}}], numero: "000000012"}}
attendus:
  - sur: reponses.facture.factures[0].numero
    egale: "{numero}"
    verifie: {exigence}
    pourquoi: le numéro imposé au poste
"""
EXIGENCE = "SV-4.2.1.16.1-11"


@pytest.fixture
def atelier(tmp_path: Path) -> Path:
    """A folder with an LPS configuration and four scenarios, one of which fails."""
    write_lps(tmp_path, "")
    lots, arl = tmp_path / "essais" / "lots", tmp_path / "essais" / "arl"
    for dossier, identifiant, numero in (
        (lots, "LOT-81", "000000012"),
        (lots, "LOT-82", "000000013"),
        (lots, "LOT-83", "000000012"),
        (arl, "ARL-81", "000000012"),
    ):
        dossier.mkdir(parents=True, exist_ok=True)
        texte = MODELE.format(id=identifiant, numero=numero, exigence=EXIGENCE)
        (dossier / f"{identifiant}.yaml").write_text(texte, encoding="utf-8")
    return tmp_path


def write_lps(dossier: Path, faute: str, **cles: object) -> Path:
    fichier = dossier / "lps.toml"
    lignes = [f'[lps]\nnom = "essai"\ncommande = ["{{python}}", {str(SCRIPT)!r}, "{faute}"]\n']
    lignes += [f"{cle} = {valeur}\n" for cle, valeur in cles.items()]
    fichier.write_text("".join(lignes), encoding="utf-8")
    return fichier


def launch(atelier: Path, *mots: str, delai: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *mots],
        cwd=atelier,
        capture_output=True,
        text=True,
        timeout=delai,
        check=False,
        env={**os.environ, "PYTHONPATH": str(RACINE), "COLUMNS": "200", "NO_COLOR": "1"},
    )


def pytest_run(atelier: Path, *mots: str) -> subprocess.CompletedProcess[str]:
    fixes = ("-p", "harness.pytest_plugin", "--preagrement-lps=lps.toml", "essais")
    return launch(atelier, "pytest", *fixes, *mots)


def preagrement(atelier: Path, *mots: str, delai: float = 120) -> subprocess.CompletedProcess[str]:
    return launch(atelier, "harness.cli", *mots, delai=delai)


# --- pytest -------------------------------------------------------------------------------------------
def test_pytest_collects_selects_and_reruns(atelier: Path) -> None:
    tout = pytest_run(atelier)
    assert tout.returncode == 1
    assert "3 passed" in tout.stdout
    assert "1 failed" in tout.stdout
    assert "attendu     000000013" in tout.stdout
    assert "constaté    000000012" in tout.stdout
    assert "2 passed" in pytest_run(atelier, "-k", "LOT and not 82").stdout
    assert "1 deselected" in pytest_run(atelier, "-k", "LOT").stdout
    assert "4 tests collected" in pytest_run(atelier, "--collect-only", "-q", "-k", EXIGENCE).stdout
    pytest_run(atelier)
    dernier = pytest_run(atelier, "--lf")
    assert "1 failed" in dernier.stdout
    assert "passed" not in dernier.stdout


def test_two_processes_give_the_same_dossier_as_one(atelier: Path) -> None:
    contenus = []
    for n, options in (("un", ()), ("deux", ("-n", "2"))):
        sortie = pytest_run(atelier, f"--preagrement-dossier={n}", *options)
        assert "3 passed" in sortie.stdout
        dossier = atelier / n
        contenus.append({f.relative_to(dossier): f.read_bytes() for f in dossier.rglob("*") if f.is_file()})
    assert contenus[0] == contenus[1]
    campagne = json.loads((atelier / "un" / "campagne.json").read_text(encoding="utf-8"))
    assert [s["id"] for s in campagne["scenarios"]] == ["ARL-81", "LOT-81", "LOT-82", "LOT-83"]
    assert (atelier / "un" / "preuves" / "LOT-81" / "journal.jsonl").is_file()


def test_two_files_with_the_same_identifier_are_a_bench_fault(atelier: Path) -> None:
    copie = (atelier / "essais" / "lots" / "LOT-81.yaml").read_text(encoding="utf-8")
    (atelier / "essais" / "lots" / "LOT-84.yaml").write_text(copie, encoding="utf-8")
    sortie = preagrement(atelier, "run", "essais", "--lps", "lps.toml", "-k", "lots")
    assert sortie.returncode == 2
    assert "l'identifiant LOT-81 est déjà celui de essais/lots/LOT-81.yaml" in sortie.stdout


# --- preagrement run ----------------------------------------------------------------------------------
def test_run_tells_the_failure_and_exits_1(atelier: Path) -> None:
    sortie = preagrement(atelier, "run", "essais", "--lps", "lps.toml", "--graine", "7")
    assert sortie.returncode == 1
    assert "CONFORME  LOT-81  Un scénario pour essayer les campagnes" in sortie.stdout
    assert "NON CONFORME  LOT-82" in sortie.stdout
    assert "preagrement replay essais/lots/LOT-82.yaml --graine 7 --lps lps.toml" in sortie.stdout
    assert "4 scénarios : 3 conforme, 1 non conforme" in sortie.stdout
    assert "dossier : preagrement-dossier/dossier.html" in sortie.stdout
    assert (atelier / "preagrement-dossier" / "dossier.html").is_file()


def test_run_json_prints_one_object(atelier: Path) -> None:
    sortie = preagrement(atelier, "run", "essais", "--lps", "lps.toml", "-s", "LOT-81", "-s", "ARL-81", "--json")
    assert sortie.returncode == 0
    objet = json.loads(sortie.stdout)
    nuls = {"non_conforme": 0, "reserve": 0, "a_attester": 0, "non_applicable": 0, "non_teste": 0, "erreur_banc": 0}
    assert objet["scenarios"] == {"total": 2, "conforme": 2, **nuls}
    assert objet["exigences"] == {"total": 1, "conforme": 1, **nuls}
    assert objet["duree_s"] > 0
    assert "CONFORME  LOT-81" in sortie.stderr


def test_same_seed_same_bytes(atelier: Path) -> None:
    for nom in ("a", "b"):
        preagrement(atelier, "run", "essais", "--lps", "lps.toml", "--graine", "7", "--dossier", nom)
    contenus = [
        {f.relative_to(atelier / n): f.read_bytes() for f in (atelier / n).rglob("*") if f.is_file()} for n in "ab"
    ]
    assert contenus[0] == contenus[1]
    assert len(contenus[0]) >= 4


@pytest.mark.parametrize(
    ("mots", "message"),
    [
        (("essais", "-s", "LOT-99"), "aucun scénario ne porte l'identifiant LOT-99"),
        (("absent",), "absent : ni fichier ni dossier"),
        (("essais", "--lps", "absent.toml"), "absent.toml : fichier illisible"),
        (("essais", "--norme", "absent"), "répertoire introuvable"),
        (("essais", "--lecteurs", "usb"), "« simules » ou « pcsc » est attendu"),
        (("essais", "--dossier", "essais"), "contient autre chose qu'un dossier de campagne"),
        (("essais", "--attestations", "absent.yaml"), "absent.yaml:1:1: fichier illisible (fichier ou dossier introuv"),
        (("essais", "-k", "LOT and ("), "-k LOT and ( : incompris à la colonne 10 ; attendu des mots, and, or, not"),
        (("essais", "-n", "trois"), "-n trois : un nombre de processus est attendu"),
    ],
)
def test_wrong_command_lines_exit_2_with_a_message(atelier: Path, mots: tuple[str, ...], message: str) -> None:
    lps = () if "--lps" in mots else ("--lps", "lps.toml")
    sortie = preagrement(atelier, "run", *mots, *lps)
    assert sortie.returncode == 2
    assert message in sortie.stderr.replace("\n", " ")
    assert sortie.stderr.startswith("erreur : ")
    assert "Traceback" not in sortie.stderr
    assert "durée" not in sortie.stdout


def test_a_scenario_file_that_is_wrong_exits_2_and_the_others_are_not_hidden(atelier: Path) -> None:
    (atelier / "essais" / "lots" / "LOT-85.yaml").write_text("id: LOT-85\ntitre: x\n", encoding="utf-8")
    sortie = preagrement(atelier, "run", "essais", "--lps", "lps.toml")
    assert sortie.returncode == 2
    assert "essais/lots/LOT-85.yaml:2:8: texte trop court" in sortie.stderr
    assert "4 scénarios : 3 conforme, 1 non conforme" in sortie.stdout
    assert "Traceback" not in sortie.stderr


def test_nothing_selected_is_inconclusive(atelier: Path) -> None:
    assert preagrement(atelier, "run", "essais", "--lps", "lps.toml", "-k", "rien-de-tel").returncode == 3


def test_an_lps_dead_at_start_is_not_tried_forever(atelier: Path) -> None:
    write_lps(atelier, "meurt_tot")
    script = SCRIPT.read_text(encoding="utf-8").replace("b'\"facture.elaborer\"'", "b'\"bonjour\"'")
    (atelier / "mort.py").write_text(script, encoding="utf-8")
    (atelier / "lps.toml").write_text('[lps]\ncommande = ["{python}", "{ici}/mort.py", "meurt"]\n', encoding="utf-8")
    sortie = preagrement(atelier, "run", "essais", "--lps", "lps.toml")
    assert sortie.returncode == 1
    assert sortie.stdout.count("panne du LPS : le LPS s'est arrêté de lui-même, code de sortie 3") == 3
    assert "erreur fatale : pile épuisée" in sortie.stdout
    assert "le LPS est tombé en panne 3 fois de suite dès le démarrage : scénario non joué" in sortie.stdout


def test_an_attestation_pending_exits_3_and_an_answer_settles_it(atelier: Path) -> None:
    fichier = atelier / "essais" / "arl" / "ARL-81.yaml"
    question = f"  - {{demander: Le nom du PS est-il à l'écran ?, verifie: {EXIGENCE}}}\nattendus:"
    fichier.write_text(fichier.read_text(encoding="utf-8").replace("attendus:", question), encoding="utf-8")
    (atelier / "r.yaml").write_text(f"ARL-81: {{{EXIGENCE}: oui}}\n", encoding="utf-8")
    base = ("run", "essais", "--lps", "lps.toml", "-s", "ARL-81")
    assert preagrement(atelier, *base).returncode == 3
    assert preagrement(atelier, *base, "--attestations", "r.yaml").returncode == 0


def test_replay_shows_steps_and_findings(atelier: Path) -> None:
    sortie = preagrement(atelier, "replay", "essais/lots/LOT-82.yaml", "--lps", "lps.toml")
    assert sortie.returncode == 1
    assert "  1  lps       facture.lister  → ok" in sortie.stdout
    assert f"non conforme    {EXIGENCE}  le numéro imposé au poste" in sortie.stdout
    assert "preuves : preagrement-rejeu/preuves/LOT-82" in sortie.stdout
    assert (atelier / "preagrement-rejeu" / "preuves" / "LOT-82" / "journal.jsonl").is_file()


# --- Interruption -------------------------------------------------------------------------------------
@pytest.mark.skipif(sys.platform == "win32", reason="signaux POSIX")
@pytest.mark.parametrize(
    ("processus", "signal_"), [("", signal.SIGINT), ("2", signal.SIGINT), ("", signal.SIGTERM), ("2", signal.SIGTERM)]
)
def test_an_interruption_leaves_nothing_behind(atelier: Path, processus: str, signal_: signal.Signals) -> None:
    write_lps(atelier, "muet", delai_s=60)
    commande = [sys.executable, "-m", "harness.cli", "run", "essais", "--lps", "lps.toml"]
    commande += ["-n", processus] if processus else []
    temporaire = atelier / "tmp"
    temporaire.mkdir()
    environnement = {**os.environ, "PYTHONPATH": str(RACINE), "TMPDIR": str(temporaire)}
    with subprocess.Popen(
        commande, cwd=atelier, env=environnement, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as proc:
        limite = time.monotonic() + 60
        while not _lps_processes(atelier) and time.monotonic() < limite:
            time.sleep(0.1)  # a real process to appear
        assert _lps_processes(atelier)
        os.killpg(proc.pid, signal_) if signal_ == signal.SIGINT else proc.send_signal(signal_)
        sortie, _ = proc.communicate(timeout=60)
    assert proc.returncode == 2
    limite = time.monotonic() + 15
    while _lps_processes(atelier) and time.monotonic() < limite:
        time.sleep(0.1)
    assert _lps_processes(atelier) == []
    assert [f.name for f in temporaire.iterdir() if f.name.startswith("preagrement-")] == []
    assert "interrompue" in sortie.decode() or processus


def _lps_processes(atelier: Path) -> list[str]:
    """Live adapters started from this test's folder: their environment names its temporary directory."""
    trouves = []
    for ligne in subprocess.run(
        ["ps", "-eww", "-o", "pid,stat,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        if str(SCRIPT) in ligne and " Z" not in ligne:
            pid = ligne.split()[0]
            try:
                environ = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            if str(atelier / "tmp").encode() in environ:
                trouves.append(pid)
    return trouves
