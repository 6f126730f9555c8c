"""The APDU log as a file: one JSON object a line, written as exchanges happen."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.readers.trace import ApduEchange, Espion, sans_trace


@contextmanager
def open_journal(fichier: Path | None) -> Iterator[Espion]:
    """A spy that writes to ``fichier``, replaced if it exists; without one, a spy that does nothing."""
    if fichier is None:
        yield sans_trace
        return
    verrou = threading.Lock()  # each reader has its thread
    with fichier.open("w", encoding="utf-8") as flux:

        def write(echange: ApduEchange) -> None:
            ligne = json.dumps(echange.as_dict(), ensure_ascii=False)
            with verrou:
                if not flux.closed:
                    flux.write(ligne + "\n")
                    flux.flush()

        yield Espion(write, minuterie=time.perf_counter)
