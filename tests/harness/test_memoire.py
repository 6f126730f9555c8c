"""The memory of the LPS and of what it started, read in /proc while they come and go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.adaptateur.memoire import Balance

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc est propre à Linux")
MIO = 1024 * 1024
#: A parent that starts a child holding 40 MiB, both waiting for their standard input to close.
PARENT = """
import subprocess, sys
enfant = subprocess.Popen([sys.executable, "-c", "x = bytearray(40 << 20); print(1, flush=True); input()"])
try: input()
except EOFError: pass
"""


@pytest.fixture
def famille() -> Iterator[subprocess.Popen[bytes]]:
    canaux = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", PARENT], **canaux) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        yield parent
        parent.kill()


def test_a_child_weighs_with_what_it_started(famille: subprocess.Popen[bytes]) -> None:
    pese = Balance(famille.pid).weigh()
    assert pese is not None
    assert 50 * MIO < pese < 200 * MIO


def test_what_has_ended_weighs_nothing(famille: subprocess.Popen[bytes]) -> None:
    famille.kill()
    famille.wait(10)
    assert Balance(famille.pid).weigh() == 0


def test_a_process_that_ends_while_it_is_looked_at_is_no_fault(
    famille: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    scruter = os.scandir

    def gone(chemin: Any) -> Any:
        if str(chemin).endswith("/task"):
            raise FileNotFoundError(2, "No such file or directory", str(chemin))
        return scruter(chemin)

    monkeypatch.setattr(os, "scandir", gone)
    assert Balance(famille.pid).weigh() is not None


def test_processes_that_come_and_go_are_no_fault() -> None:
    fin = time.monotonic() + 1.5
    while time.monotonic() < fin:
        with subprocess.Popen([sys.executable, "-S", "-c", ""]) as bref:
            balance = Balance(bref.pid)
            while bref.poll() is None:
                balance.weigh()
            assert balance.weigh() == 0
