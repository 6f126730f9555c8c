"""Sealed messages made once for all the tests of ``serve``."""

from __future__ import annotations

import pytest

from bench.charge import Corps, prepare


@pytest.fixture(scope="package")
def corps() -> list[Corps]:
    """Twelve correct messages, each with a lot of its own."""
    return prepare(12, 4000)
