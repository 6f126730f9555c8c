"""``cards serve`` with programs of other people: exit codes, log, external cards, benches side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.cli import run
from simulator.readers import pcscd
from simulator.readers.pcscd import PrivatePcscd, listening_inode, socket_inodes
from tests.cartes.conftest import DONNEES
from tests.conftest_outils import require_pcsc, require_program

RACINE = Path(__file__).parents[2]
PREAGREMENT = (sys.executable, "-m", "harness.cli")
LECTEUR_C = RACINE / "examples" / "c" / "lire_cartes.c"


@pytest.fixture(scope="session")
def programmes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two C programs: ``lire_cartes`` (reads both cards) and ``carte_externe`` (is one)."""
    require_pcsc()
    cc, config = require_program("cc", "gcc"), require_program("pkg-config")
    dossier = tmp_path_factory.mktemp("programmes")
    drapeaux = subprocess.run([config, "--cflags", "--libs", "libpcsclite"], capture_output=True, text=True, check=True)
    for source in (LECTEUR_C, DONNEES / "carte_externe.c"):
        commande = [cc, "-std=gnu99", "-Wall", "-Wextra", "-Werror", "-o", dossier / source.stem, source]
        subprocess.run([*commande, *drapeaux.stdout.split()], check=True)
    return dossier


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "PCSCLITE_CSOCK_NAME"}


def serve(*mots: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PREAGREMENT, "cards", "serve", *map(str, mots)],
        cwd=RACINE, env=env or _environment(), capture_output=True, text=True, check=False, timeout=120,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.pcsc
def test_the_program_gets_its_cards_and_gives_its_exit_code(programmes: Path, tmp_path: Path) -> None:
    journal = tmp_path / "apdu.jsonl"
    resultat = serve(
        "--ps", "dr-martin", "--vitale", "rousseau-triplees", "--journal", journal,
        "--", programmes / "lire_cartes", "1234",
    )  # fmt: skip
    assert resultat.returncode == 0, resultat.stderr
    lignes = resultat.stdout.splitlines()
    assert "  identification : 9990001001" in lignes
    assert [x for x in lignes if "prénom" in x][1:] == [
        f"  prénom : {p}" for p in ("ELODIE", "ALICE", "BLANCHE", "CLARA")
    ]
    assert "dr-martin" in resultat.stderr
    echanges = [json.loads(ligne) for ligne in journal.read_text(encoding="utf-8").splitlines()]
    assert {e["lecteur"] for e in echanges} == {"ps", "vitale"}
    assert [e["nature"] for e in echanges].count("insertion") == 2
    codes = [e for e in echanges if e["commande"].startswith("0020000104")]
    assert [(e["commande"], e["reponse"]) for e in codes] == [("0020000104" + "2A" * 4, "9000")]
    assert "31323334" not in journal.read_text(encoding="utf-8")


@pytest.mark.pcsc
@pytest.mark.parametrize(("commande", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_exit_codes_are_the_programs(programmes: Path, commande: str, code: int) -> None:
    assert programmes
    assert serve("--vitale", "durand-paul", "--", "sh", "-c", commande).returncode == code


@pytest.mark.pcsc
def test_an_empty_reader_is_empty_and_readers_have_the_names_asked_for(programmes: Path) -> None:
    resultat = serve(
        "--vitale", "durand-paul", "--nom-ps", "LECTEUR PS", "--nom-vitale", "Ingenico TL",
        "--", programmes / "lire_cartes",
    )  # fmt: skip
    assert resultat.returncode == 1
    assert resultat.stderr.splitlines()[-1] == "carte absente ou illisible : CPS"
    assert "lecteur « LECTEUR PS 00 00 » : vide" in resultat.stderr
    assert "lecteur « Ingenico TL 00 00 » : durand-paul" in resultat.stderr


_LIRE = (
    "from smartcard.System import readers\n"
    "r = next(r for r in readers() if 'Vitale 00 00' in str(r))\n"
    "c = r.createConnection(); c.connect(); print(bytes(c.getATR()).hex())\n"
    "print(bytes(c.transmit([0, 0xA4, 0, 0x0C, 2, 0x3F, 0])[1:]).hex(), bytes(c.transmit([0, 0xB0, 0, 0, 7])[0]))\n"
    "c.disconnect(); c.release()\n"
)


@pytest.mark.pcsc
def test_several_readers_on_one_workstation(programmes: Path) -> None:
    """Four readers, one of them empty: a program finds each card in the reader of that name."""
    assert programmes
    lire = (
        "from smartcard.System import readers\n"
        "for r in sorted(map(str, readers())):\n"
        "    if not r.endswith('00 00'): continue\n"
        "    c = next(x for x in readers() if str(x) == r).createConnection()\n"
        "    try: c.connect(); print(r, bytes(c.getATR())[:2].hex()); c.disconnect(); c.release()\n"
        "    except Exception: print(r, 'vide')\n"
    )
    resultat = serve(
        "--ps", "dr-martin", "--vitale", "durand-paul", "--lecteur", "Cabinet 2=infirmiere-petit", "--lecteur", "Vide=",
        "--", sys.executable, "-c", lire,
    )  # fmt: skip
    assert resultat.returncode == 0, resultat.stderr
    assert resultat.stdout.splitlines() == [
        "Cabinet 2 00 00 3bac", "Preagrement PS 00 00 3bac", "Preagrement Vitale 00 00 3b75", "Vide 00 00 vide",
    ]  # fmt: skip


@pytest.mark.pcsc
def test_a_foreign_card_takes_a_slot(programmes: Path) -> None:
    externe = f"{programmes / 'carte_externe'} {{port}}"
    resultat = serve("--ps", "dr-martin", "--externe-vitale", externe, "--", sys.executable, "-c", _LIRE)
    assert resultat.returncode == 0, resultat.stderr
    # ATR: 3B, T0 = 67 (TB1, TC1, seven historical bytes), 00, 00, then the name
    assert resultat.stdout.splitlines() == ["3b670000" + b"EXTERNE".hex(), "9000 b'EXTERNE'"]
    assert "lecteur « Preagrement Vitale 00 00 » : carte externe" in resultat.stderr


@pytest.mark.pcsc
def test_a_foreign_card_that_ends_is_told(programmes: Path) -> None:
    assert programmes
    resultat = serve("--externe-vitale", "false {port}", "--", "true")
    assert resultat.returncode == 2
    assert "la carte externe « false » s'est arrêtée (code 1)" in resultat.stderr


class Banc:
    """A bench in its own process whose program waits for a word before it reads the cards."""

    def __init__(self, dossier: Path, programmes: Path, ps: str, vitale: str) -> None:
        dossier.mkdir()
        self.pret, self.top = dossier / "pret", dossier / "top"
        os.mkfifo(self.pret)
        os.mkfifo(self.top)
        script = f"echo pret > {self.pret}; read mot < {self.top}; exec {programmes / 'lire_cartes'} 1234"
        self.processus = subprocess.Popen(
            [*PREAGREMENT, "cards", "serve", "--ps", ps, "--vitale", vitale, "--", "sh", "-c", script],
            cwd=RACINE, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait_ready(self) -> None:
        garde = threading.Timer(60, self.processus.kill)
        garde.start()
        assert self.pret.read_text() == "pret\n"
        garde.cancel()

    def read_cards(self) -> list[str]:
        self.top.write_text("lire\n")
        sortie, erreur = self.processus.communicate(timeout=60)
        assert self.processus.returncode == 0, erreur
        return sortie.splitlines()


@pytest.mark.pcsc
def test_two_benches_side_by_side_do_not_collide(programmes: Path, tmp_path: Path) -> None:
    un = Banc(tmp_path / "un", programmes, "dr-martin", "durand-paul")
    deux = Banc(tmp_path / "deux", programmes, "kine-bonnet", "santoni-corse")
    for banc in (un, deux):  # both are up before either reads
        banc.wait_ready()
    lignes_deux, lignes_un = deux.read_cards(), un.read_cards()
    assert {"  nom : MARTIN", "  NIR : 1550475999012"} <= set(lignes_un)
    assert {"  nom : BONNET", "  nom : SANTONI"} <= set(lignes_deux)
    assert not {"  nom : BONNET", "  nom : SANTONI"} & set(lignes_un)
    assert not {"  nom : MARTIN", "  nom : DURAND"} & set(lignes_deux)


@pytest.mark.pcsc
def test_a_port_taken_at_the_last_moment_is_given_up(programmes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another bench's driver listens on the port that ours was about to take: cards must not go to that one."""
    assert programmes
    with PrivatePcscd(["Autre"], dossier=Path("/tmp") / f"preagrement-autre-{os.getpid()}") as autre:  # noqa: S108
        pris = autre.entrees[0].port
        libres, premiers = pcscd.free_port_pair, [pris]
        monkeypatch.setattr(pcscd, "free_port_pair", lambda: premiers.pop() if premiers else libres())
        with PrivatePcscd(["Notre"], dossier=Path("/tmp") / f"preagrement-notre-{os.getpid()}") as notre:  # noqa: S108
            assert not premiers
            port = notre.entrees[0].port
            assert port != pris
            assert notre.pid is not None
            assert listening_inode(port) in socket_inodes(notre.pid)
            assert listening_inode(pris) not in socket_inodes(notre.pid)


@pytest.mark.pcsc
def test_cards_go_into_a_driver_that_already_runs(programmes: Path) -> None:
    """What serves a Windows machine, or the system's pcscd: here another pcscd plays it."""
    systeme = PrivatePcscd(["Lecteur A", "Lecteur B"], dossier=Path("/tmp") / f"preagrement-sys-{os.getpid()}")  # noqa: S108
    with systeme:
        env = {**_environment(), **systeme.environnement}
        ports = [str(e.port) for e in systeme.entrees]
        resultat = serve(
            "--ps", "dr-martin", "--vitale", "durand-paul", "--port-ps", ports[0], "--port-vitale", ports[1],
            "--", programmes / "lire_cartes", "1234", env=env,
        )  # fmt: skip
        assert resultat.returncode == 0, resultat.stderr
        assert "  NIR : 1550475999012" in resultat.stdout.splitlines()
        sans = serve("--vitale", "durand-paul", "--port-vitale", ports[1], env=env)  # no program: until Enter, here EOF
        assert sans.returncode == 0, sans.stderr


@pytest.mark.parametrize(
    ("mots", "message"),
    [
        (["--ps", "dr-martin"], "il manque le programme à lancer"),
        (["--", "true"], "aucune carte demandée"),
        (["--ps", "dr-marten", "--", "true"], "proches : dr-martin"),
        (["--ps", "dr-martin", "--externe-ps", "vicc {port}", "--", "true"], "pas les deux"),
        (["--externe-ps", "vicc", "--", "true"], "doit contenir {port}"),
        (["--ps", "dr-martin", "--port-vitale", "35963"], "un port par carte"),
        (["--ps", "dr-martin", "--date", "demain", "--", "true"], "demain"),
        (["--ps", "dr-martin", "--lecteur", "sans-egal", "--", "true"], "attendu NOM=CARTE"),
        (["--ps", "dr-martin", "--lecteur", "A=", "--lecteur", "A=", "--", "true"], "deux lecteurs de même nom"),
        (["--ps", "dr-martin", *[x for n in range(7) for x in ("--lecteur", f"{n}=")], "--", "true"], "8 au plus"),
        (["--vitale", "durand-paul", "--port-vitale", "1", "--", "true"], "n'écoute pas sur le port 1"),
    ],
)
def test_wrong_requests_are_explained(mots: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cards", "serve", *mots]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.pcsc
def test_a_program_that_does_not_exist_is_explained(programmes: Path) -> None:
    resultat = serve("--ps", "dr-martin", "--", programmes / "absent")
    assert resultat.returncode == 2
    assert "introuvable" in resultat.stderr


def test_elsewhere_than_linux_the_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.readers import ouverture  # noqa: PLC0415 -- patched

    monkeypatch.setattr(ouverture.platform, "system", lambda: "Windows")
    (manque,) = ouverture.diagnostic()
    assert "--port-ps" in manque


def test_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    def cards(*mots: str, code: int = 0) -> str:
        assert run(["cards", *mots]) == code
        capture = capsys.readouterr()
        return capture.err if code else capture.out

    liste = json.loads(cards("list", "--json"))
    assert {"diop-ame": "attestation", "durand-paul": "vitale", "dr-lab": "cps"}.items() <= {
        c["nom"]: c["famille"] for c in liste
    }.items()
    assert all(c["libelle"] for c in liste)
    assert {c["famille"] for c in json.loads(cards("list", "--famille", "cps", "--json"))} == {"cps"}
    texte = cards("show", "lefort-opposition")
    assert "  prénom : CORINNE\n" in texte
    assert "opposition\n  motif : vol\n  depuis : 2026-01-12\n" in texte
    assert "  régime : 01 (Régime général)\n" in texte
    assert texte.splitlines()[1].startswith("but : ")
    assert "bénéficiaire 1\n" in texte
    cpe = cards("show", "cpe-pharmacie")
    assert "  habilitation facture : 1 (oui)\n  habilitation lot : 0 (non)\n" in cpe
    assert "type carte : 2 (CPE ou CDE" in cpe
    attestation = json.loads(cards("show", "marchal-smg", "--famille", "attestation", "--json"))
    assert attestation["organisme"] == {"regime": "08", "caisse": "835", "centre": "0300"}
    assert "« lefort-opposition »" in cards("show", "lefor-opposition", code=2)
    assert "familles : cps, vitale, attestation" in cards("list", "--famille", "cpx", code=2)
