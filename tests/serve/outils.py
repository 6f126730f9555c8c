"""A vendor's hands on ``preagrement serve``: programs of others, one at a time, against the real command."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.charge import JETON, Banc, Corps, prepare

__all__ = ["JETON", "Banc", "Corps", "prepare"]

SECRET = "mot-de-passe"
CERTIFICAT = "certificat-de-test.pem"


@contextmanager
def serve(dossier: Path, *options: str) -> Iterator[Banc]:
    """The command in a child process, its mailbox under a known password."""
    with Banc(dossier, ["--mot-de-passe", SECRET, *options]) as banc:
        yield banc


def run(*commande: str, entree: bytes = b"", delai: float = 30) -> subprocess.CompletedProcess[bytes]:
    """One program of others; its output is kept."""
    return subprocess.run(commande, input=entree, capture_output=True, timeout=delai, check=False)


def curl_send(banc: Banc, fichier: Path, destinataire: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    return run(
        "curl", "-sS", "--max-time", "20", *options, f"smtp://localhost:{banc.smtp}", "--mail-from", "ps@cabinet.test",
        "--mail-rcpt", destinataire, "-T", str(fichier),
    )  # fmt: skip


def curl_fetch(banc: Banc, rang: str = "", *options: str) -> bytes:
    lu = run(
        "curl", "-sS", "--max-time", "20", *options, "--user", f"ps:{SECRET}", f"pop3://localhost:{banc.pop3}/{rang}"
    )
    assert lu.returncode == 0, lu.stderr
    return lu.stdout


def order(banc: Banc, action: str, **avec: Any) -> dict[str, Any]:
    return banc.api("/actions", {"action": action, "avec": avec})


def refused(banc: Banc, chemin: str, corps: bytes | None = None, jeton: str = JETON) -> tuple[int, str]:
    """Status and reason of a request that must be refused."""
    requete = urllib.request.Request(f"{banc.url}{chemin}", corps, {"Authorization": f"Bearer {jeton}"})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(requete, timeout=20) as reponse:  # noqa: S310 - loopback
            raise AssertionError(f"accepted: {reponse.read()[:200]!r}")
    except urllib.error.HTTPError as exc:
        return exc.code, str(json.load(exc)["erreur"])


def console(banc: Banc) -> str:
    """What the command printed so far."""
    return banc.journal.read_text(encoding="utf-8")


def present(programme: str) -> bool:
    return shutil.which(programme) is not None
