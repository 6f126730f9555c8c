"""Isolation and interruption, with real processes: nothing shared, nothing left behind, the rest can be resumed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.modele.verdict import Verdict
from harness.moteur import play
from tests.conftest_outils import require_pcsc
from tests.zoo.enclos import ANIMAUX, MARQUE, RACINE, bench_of, children, command_of, in_process, scenario

DELAI = 90.0
posix = pytest.mark.skipif(sys.platform != "linux", reason="processus, ports et signaux lus dans /proc")


@dataclass
class Campagne:
    """A campaign in a process of its own, with its temporary folder and a mark on all that it starts."""

    atelier: Path
    animal: str
    jeton: str
    proc: subprocess.Popen[str]

    @property
    def vivants(self) -> list[int]:
        return children({MARQUE: self.jeton})

    @property
    def ports(self) -> set[int]:
        """Ports on which its processes listen."""
        return {port for pid in self.vivants for port in _listening(pid)}

    def wait_lps(self, combien: int = 1) -> list[int]:
        """Waits until that many LPS are in the middle of a step; gives their process ids."""
        limite = time.monotonic() + DELAI
        while time.monotonic() < limite:
            trouves = [pid for pid in self.vivants if _command(pid)[-2:] == list(command_of(self.animal)[-2:])]
            if len(trouves) >= combien and len(list(self.atelier.glob("depart/*"))) >= combien:
                return trouves
            assert self.proc.poll() is None, self.proc.communicate()[0]
            time.sleep(0.05)  # between two looks at /proc
        pytest.fail("aucun LPS n'est apparu")

    def end(self) -> tuple[int, str]:
        sortie, _ = self.proc.communicate(timeout=DELAI)
        return self.proc.returncode, sortie

    def gone(self) -> bool:
        """Whether all it started ends within a few seconds."""
        limite = time.monotonic() + 20
        while self.vivants and time.monotonic() < limite:
            time.sleep(0.05)
        return self.vivants == []


@pytest.fixture
def atelier() -> Iterator[Path]:
    """A folder with a short name: a socket of pcscd has to fit under it."""
    with tempfile.TemporaryDirectory(prefix="zoo") as racine:
        for dossier in ("tmp", "depart"):
            Path(racine, dossier).mkdir()
        yield Path(racine)


def configure(atelier: Path, animal: str) -> Path:
    commande = json.dumps(list(command_of(animal)))
    fichier = atelier / "lps.toml"
    fichier.write_text(
        f'[lps]\nnom = "{animal}"\ncommande = {commande}\ndelai_s = 60\n'
        f'environnement = {{ ZOO_DEPART = "{atelier / "depart"}" }}\n',
        encoding="utf-8",
    )
    return fichier


@contextlib.contextmanager
def campaign(atelier: Path, animal: str, *mots: str) -> Iterator[Campagne]:
    jeton = uuid.uuid4().hex
    configure(atelier, animal)
    environnement = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(RACINE), os.environ.get("PYTHONPATH")])),
        "TMPDIR": str(atelier / "tmp"),
        MARQUE: jeton,
    }
    commande = [sys.executable, "-m", "harness.cli", "run", "--lps", "lps.toml", *mots]
    with subprocess.Popen(
        commande,
        cwd=atelier,
        env=environnement,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as proc:
        campagne = Campagne(atelier, animal, jeton, proc)
        try:
            yield campagne
        finally:
            for pid in campagne.vivants:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def left_behind(campagne: Campagne, ports: set[int]) -> list[str]:
    """What remains of a campaign that is over: processes, open ports, temporary files."""
    reste = [] if campagne.gone() else [f"processus {pid} : {_command(pid)}" for pid in campagne.vivants]
    for port in ports:
        with socket.socket() as prise:
            if prise.connect_ex(("127.0.0.1", port)) == 0:
                reste.append(f"port {port}")
    temporaires = campagne.atelier / "tmp"
    return reste + [f"fichier {f.relative_to(temporaires)}" for f in temporaires.rglob("*")]


# --- interruption -----------------------------------------------------------------------------------------
@posix
@pytest.mark.parametrize(
    ("nom", "processus"),
    [("SIGINT", ()), ("SIGHUP", ()), ("SIGINT", ("-n", "2")), ("SIGTERM", ("-n", "2"))],
    ids=["Ctrl-C", "SIGHUP", "Ctrl-C à deux", "SIGTERM à deux"],
)
def test_an_interrupted_campaign_leaves_nothing_and_says_how_to_resume(
    nom: str, processus: tuple[str, ...], atelier: Path
) -> None:
    """SIGINT goes to the whole group, as Ctrl-C does; the others to the bench alone, as « kill » does."""
    mots = ("-k", "LOT", *processus)
    with campaign(atelier, "muet", *mots) as campagne:
        campagne.wait_lps(2 if processus else 1)
        ports = campagne.ports
        assert ports
        if nom == "SIGINT":
            os.killpg(campagne.proc.pid, signal.SIGINT)
            os.killpg(campagne.proc.pid, signal.SIGINT)  # an impatient hand
        else:
            campagne.proc.send_signal(getattr(signal, nom))
        code, sortie = campagne.end()
        assert left_behind(campagne, ports) == []
    assert code == 2, sortie
    assert f"reprendre : preagrement run --lps lps.toml {' '.join(mots)} --reprendre" in sortie, sortie
    assert "Traceback" not in sortie


@posix
@pytest.mark.parametrize("processus", [(), ("-n", "2")], ids=["seul", "à deux"])
def test_a_bench_killed_outright_leaves_nothing_says_how_to_resume_and_is_resumed(
    processus: tuple[str, ...], atelier: Path
) -> None:
    """SIGKILL: the bench undoes nothing itself; the LPS hangs and doesn't see that its input is closed."""
    mots = ("-s", "CARTE-01", "-s", "LOT-04", *processus)
    with campaign(atelier, "muet", *mots) as campagne:
        campagne.wait_lps(2 if processus else 1)
        ports = campagne.ports
        assert ports
        campagne.proc.kill()
        code, sortie = campagne.end()
        assert left_behind(campagne, ports) == []
    assert code == -signal.SIGKILL
    reprise = f"preagrement run --lps lps.toml {' '.join(mots)} --reprendre"
    assert f"banc arrêté brutalement ; reprendre : {reprise}" in sortie, sortie
    with campaign(atelier, "muet", *mots[:4], "--reprendre") as campagne:
        for pid in campagne.wait_lps():
            os.kill(pid, signal.SIGKILL)
        campagne.proc.terminate()
        assert campagne.end()[0] == 2


@posix
def test_killing_the_lps_is_a_breakdown_and_the_next_scenario_goes_on(atelier: Path) -> None:
    with campaign(atelier, "muet", "-s", "CARTE-01", "-s", "CARTE-02") as campagne:
        for rang in (1, 2):
            pids = campagne.wait_lps(1)
            ports = campagne.ports
            os.kill(pids[0], signal.SIGKILL)
            while rang == 1 and pids[0] in campagne.vivants:
                time.sleep(0.05)
            if rang == 1:
                for fichier in (atelier / "depart").iterdir():
                    fichier.unlink()
        code, sortie = campagne.end()
        assert left_behind(campagne, ports) == []
    assert code == 1
    assert sortie.count("panne du LPS : le LPS a été tué par le signal SIGKILL") == 2


@posix
@pytest.mark.pcsc
@pytest.mark.parametrize("nom", ["SIGTERM", "SIGKILL"])
def test_interrupted_with_pcsc_readers_no_pcscd_is_left(nom: str, atelier: Path) -> None:
    require_pcsc()
    with campaign(atelier, "muet", "-s", "CARTE-01", "--lecteurs", "pcsc") as campagne:
        campagne.wait_lps()
        assert any("pcscd" in " ".join(_command(pid)) for pid in campagne.vivants)
        ports = campagne.ports
        campagne.proc.send_signal(getattr(signal, nom))
        code, _ = campagne.end()
        assert left_behind(campagne, ports) == []
    assert code == (2 if nom == "SIGTERM" else -signal.SIGKILL)


# --- resuming ---------------------------------------------------------------------------------------------
@posix
def test_a_resumed_campaign_gives_the_dossier_of_an_uninterrupted_one(atelier: Path) -> None:
    choix = ("-s", "CARTE-01", "-s", "CARTE-02", "-s", "LOT-04")
    with campaign(atelier, "sain", *choix, "--dossier", "entier") as campagne:
        assert campagne.end()[0] == 0
    with campaign(atelier, "sain", *choix, "--dossier", "repris") as campagne:
        while not (atelier / "repris" / "reprise.jsonl").is_file() or _lines(atelier / "repris" / "reprise.jsonl") < 2:
            assert campagne.proc.poll() is None
            time.sleep(0.05)
        campagne.proc.terminate()
        code, sortie = campagne.end()
    assert code == 2, sortie
    joues = _lines(atelier / "repris" / "reprise.jsonl") - 1
    assert 1 <= joues < 3
    with campaign(atelier, "sain", *choix, "--dossier", "repris", "--reprendre") as campagne:
        code, sortie = campagne.end()
    assert code == 0, sortie
    assert sum(f"CONFORME  {i}" in sortie for i in ("CARTE-01", "CARTE-02", "LOT-04")) == 3 - joues
    assert "3 scénarios : 3 conforme" in sortie
    assert _contents(atelier / "repris") == _contents(atelier / "entier")


def test_nothing_to_resume_and_another_campaign_are_refused(atelier: Path) -> None:
    with campaign(atelier, "sain", "-s", "CARTE-01", "--reprendre") as campagne:
        code, sortie = campagne.end()
    assert code == 2
    assert "pas de campagne interrompue à reprendre dans preagrement-dossier" in sortie
    dossier = atelier / "preagrement-dossier"
    shutil.rmtree(dossier, ignore_errors=True)
    dossier.mkdir()
    (dossier / ".preagrement-dossier").touch()
    (dossier / "reprise.jsonl").write_text('{"empreinte": "une autre"}\n', encoding="utf-8")
    with campaign(atelier, "sain", "-s", "CARTE-01", "--reprendre") as campagne:
        code, sortie = campagne.end()
    assert code == 2
    assert "redonner les mêmes options, ou relancer sans --reprendre" in sortie
    assert (dossier / "reprise.jsonl").is_file()


# --- isolation --------------------------------------------------------------------------------------------
def test_a_sound_lps_after_each_of_the_worst_leaves_the_same_evidence(tmp_path: Path) -> None:
    """Same dossier, same process, one after the other: nothing of the vicious one shows in what follows."""
    preuves = tmp_path / "preuves" / "LOT-01"
    temoin: dict[Path, bytes] = {}
    for animal in ("gourmand", "double", "sourd"):
        assert animal in ANIMAUX
        assert play(bench_of(animal, tmp_path), scenario("lots/LOT-01")).verdict is Verdict.NON_CONFORME
        sain = play(bench_of("sain", tmp_path), scenario("lots/LOT-01"))
        assert sain.verdict is Verdict.CONFORME, sain
        contenu = _contents(preuves)
        temoin = temoin or contenu
        assert contenu == temoin


def test_a_card_blocked_by_one_scenario_is_as_new_for_the_next(tmp_path: Path) -> None:
    """CARTE-02 blocks the code of dr-martin's card, CARTE-01 then reads that very card."""
    for nom in ("CARTE-02", "CARTE-01", "CARTE-02"):
        fichier = scenario(f"cartes/{nom}")
        resultat = play(bench_of("sain", tmp_path, lps=in_process("sain", fichier)), fichier)
        assert resultat.verdict is Verdict.CONFORME, resultat


@posix
def test_scenarios_in_parallel_see_their_own_mail_and_files_only(atelier: Path) -> None:
    choix = ("-s", "LOT-01", "-s", "MSG-01", "-s", "FSE-01")
    with campaign(atelier, "sain", *choix, "-n", "2", "--dossier", "deux") as campagne:
        code, sortie = campagne.end()
        assert left_behind(campagne, set()) == []
    assert code == 0, sortie
    # one message each, with the number of invoices of its own scenario, and no evidence of another's
    sujets = {}
    for identifiant in ("LOT-01", "MSG-01", "FSE-01"):
        preuves = atelier / "deux" / "preuves" / identifiant
        flux = json.loads((preuves / "flux.json").read_text(encoding="utf-8"))
        sujets[identifiant] = [m["sujet"]["nb_factures"] for m in flux["messages"]]
        assert len(list(preuves.glob("messagerie/recus/*.eml"))) == 1
    assert sujets == {"LOT-01": ["00003"], "MSG-01": ["00002"], "FSE-01": ["00001"]}


# --- /proc ------------------------------------------------------------------------------------------------
def _command(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").strip("\0").split("\0")
    return []


def _listening(pid: int) -> set[int]:
    """TCP ports on which a process listens, from the inodes of its sockets."""
    ecoutes = {}
    for ligne in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        champs = ligne.split()
        if champs[3] == "0A":
            ecoutes[f"socket:[{champs[9]}]"] = int(champs[1].rpartition(":")[2], 16)
    ports = set()
    with contextlib.suppress(OSError):
        for lien in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                ports |= {ecoutes[cible]} if (cible := str(lien.readlink())) in ecoutes else set()
    return ports


def _lines(fichier: Path) -> int:
    return len(fichier.read_text(encoding="utf-8").splitlines())


def _contents(dossier: Path) -> dict[Path, bytes]:
    return {f.relative_to(dossier): f.read_bytes() for f in sorted(dossier.rglob("*")) if f.is_file()}
