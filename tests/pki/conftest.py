"""Fixtures of the PKI tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.pki import TestPki
from tests.pki.outils import DATE, Openssl


@pytest.fixture
def pki() -> TestPki:
    return TestPki(DATE)


@pytest.fixture
def openssl(tmp_path: Path) -> Openssl:
    return Openssl(tmp_path)
