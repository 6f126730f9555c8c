"""The watchdog of a bench killed outright, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator.gardien import PREFIXE, Gardien, birth

RACINE = Path(__file__).parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="processus lus dans /proc")
#: A bench in brief: entrusts a group with a grandchild, two folders and a last word, lets go of one, waits.
BANC = """
import subprocess, sys, time
from simulator.gardien import gardien
racine, gardee, rendue = sys.argv[1:]
petite = "[sys.executable, '-c', 'import time; time.sleep(600)']"
mere = f"import subprocess, sys, time; print(subprocess.Popen({petite}).pid, flush=True)"
lps = subprocess.Popen([sys.executable, "-c", mere + racine], stdout=subprocess.PIPE, start_new_session=True)
gardien().watch("groupe", lps.pid)
gardien().watch("dossier", gardee)
gardien().release(gardien().watch("dossier", rendue))
gardien().watch("message", "dernier mot")
print(lps.pid, lps.stdout.readline().decode().strip(), flush=True)
time.sleep(600)
"""


def _alive(pid: int) -> bool:
    etat = Path(f"/proc/{pid}/stat")
    return etat.exists() and etat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"


@linux
@pytest.mark.parametrize("mere", ["; time.sleep(600)", ""], ids=["mère vivante", "mère partie"])
def test_what_a_killed_bench_had_entrusted_is_undone(mere: str, tmp_path: Path) -> None:
    dossiers = [tmp_path / f"{PREFIXE}{nom}" for nom in ("garde", "rendu")]
    for dossier in dossiers:
        dossier.mkdir()
        (dossier / "fichier").touch()
    commande = [sys.executable, "-c", BANC, mere, *map(str, dossiers)]
    environnement = {**os.environ, "PYTHONPATH": str(RACINE)}
    with subprocess.Popen(
        commande, env=environnement, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as banc:
        assert banc.stdout is not None
        pids = [int(mot) for mot in banc.stdout.readline().split()]
        assert _alive(pids[1])
        banc.kill()
        _, erreurs = banc.communicate(timeout=30)  # ends with the watchdog, which holds the same standard error
    limite = time.monotonic() + 10
    while any(map(_alive, pids)) and time.monotonic() < limite:
        time.sleep(0.02)
    assert [pid for pid in pids if _alive(pid)] == []
    assert [d.exists() for d in dossiers] == [False, True]
    assert erreurs == "dernier mot\n"


@linux
def test_a_process_id_given_again_is_not_killed() -> None:
    """Should another process have taken the id meanwhile, its birth differs."""
    gardien = Gardien()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as etranger:
        assert birth(etranger.pid)
        numero = gardien.watch("processus", etranger.pid)
        gardien.release(numero)
        gardien._tell({"numero": numero, "genre": "processus", "quoi": etranger.pid, "ne": "1"})
        gardien.close()
        assert etranger.poll() is None
        etranger.communicate(b"\n", timeout=10)
    assert etranger.returncode == 0


def test_only_folders_of_ours_are_entrusted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="n'enlève que des dossiers « preagrement-… »"):
        Gardien().watch("dossier", tmp_path)


@linux
def test_a_watchdog_that_was_killed_does_not_stop_the_bench(tmp_path: Path) -> None:
    gardien = Gardien()
    with gardien.watching("dossier", tmp_path / f"{PREFIXE}x"):
        assert gardien._proc is not None
        os.kill(gardien._proc.pid, signal.SIGKILL)
        gardien._proc.wait()
    gardien.close()
