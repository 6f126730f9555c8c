"""Load on ``serve``, at a small size (bench/charge.py has the large one): none lost, none doubled, kill -9 included."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from bench.charge import Banc, Bilan, Corps, client, deposited, look, received_stamps, send_all

CLIENTS = 20


def test_a_burst_is_answered_once_each(tmp_path: Path, corps: list[Corps]) -> None:
    with Banc(tmp_path / "p") as banc:
        bilan = send_all(banc.smtp, corps, 100, CLIENTS)
        etat = banc.settle(120)
        assert banc.stop() == 0
    vu = look(tmp_path / "p")
    assert (len(bilan.acquittes), bilan.rompus) == (100, [])
    assert vu.lus == dict.fromkeys(range(1, 101), 1), "each message read once"
    assert (vu.recus, vu.retours, vu.erreurs) == (100, {"ARL": 100}, [])
    assert etat["messages"]["en_boite"] == deposited(tmp_path / "p") == 100


@pytest.mark.parametrize("avant", [5, 40], ids=["tôt", "en pleine charge"])
def test_kill_9_mid_load_loses_nothing_acknowledged(tmp_path: Path, corps: list[Corps], avant: int) -> None:
    preuves = tmp_path / "p"
    bilan = Bilan()
    with Banc(preuves) as banc:
        fils = [
            threading.Thread(target=client, args=(banc.smtp, range(1 + i, 3000, 8), corps, bilan)) for i in range(8)
        ]
        for fil in fils:
            fil.start()
        limite = time.monotonic() + 60
        while len(bilan.acquittes) < avant and time.monotonic() < limite:
            time.sleep(0.005)
        banc.kill()
        for fil in fils:
            fil.join(60)
    assert len(bilan.acquittes) >= avant
    with Banc(preuves) as banc:  # the next one on the same folder
        apres = send_all(banc.smtp, corps, 10, 2, depuis=90_000)
        banc.settle(240)
        assert banc.stop() == 0
    vu, gardes = look(preuves), received_stamps(preuves)
    acquittes = {*bilan.acquittes, *apres.acquittes}
    assert acquittes <= set(gardes), "acknowledged, hence kept"
    assert set(gardes.values()) == {1}
    # whatever was kept was answered, once; a message read just before the death may have been read again
    assert set(vu.lus) == set(gardes)
    assert sum(n - 1 for n in vu.lus.values()) <= 1
    assert deposited(preuves) == len(gardes)
    assert vu.erreurs == []
