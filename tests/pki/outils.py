"""openssl as an independent judge, and what the tests of cryptography share."""

from __future__ import annotations

import itertools
import subprocess
from datetime import datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from norms.contrat.ports import PARIS
from simulator.pki import TestPki
from tests.conftest_outils import require_program

DATE = datetime(2022, 11, 21, 9, 0, tzinfo=PARIS)
CLAIR = b"".join(b"%03d FACTURE FICTIVE\r\n" % i for i in range(500))


class Openssl:
    """Runs openssl in a directory; files are given as bytes, certificates or keys, results come back as bytes."""

    def __init__(self, dossier: Path) -> None:
        self.programme = require_program("openssl")
        self.dossier = dossier
        self._numeros = itertools.count()

    def file(self, contenu: bytes | x509.Certificate | RSAPrivateKey) -> str:
        """Writes something openssl can read; gives the file's name."""
        if isinstance(contenu, x509.Certificate):
            contenu = contenu.public_bytes(Encoding.PEM)
        elif isinstance(contenu, RSAPrivateKey):
            contenu = contenu.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        nom = f"f{next(self._numeros)}"
        (self.dossier / nom).write_bytes(contenu)
        return nom

    def attempt(self, *mots: str) -> subprocess.CompletedProcess[bytes]:
        """Runs and gives everything, failure included."""
        return subprocess.run([self.programme, *mots], cwd=self.dossier, capture_output=True, timeout=60, check=False)

    def run(self, *mots: str) -> bytes:
        """Runs, insists on success, gives the standard output."""
        fini = self.attempt(*mots)
        assert fini.returncode == 0, fini.stderr.decode(errors="replace")
        return fini.stdout


@cache
def shared_pki() -> TestPki:
    """One PKI for tests that only read it."""
    return TestPki(DATE)
