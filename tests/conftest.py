"""Shared test configuration: hypothesis profiles, ``ci`` by default, ``profond`` with ``--profond`` (tox -e deep).

Tests marked ``profond`` are left out of an ordinary run.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

PROFIL = "HYPOTHESIS_PROFILE"
#: Inputs of each property in the deep profile; ``--profond-exemples`` lowers it for a first try.
EXEMPLES = 100_000

settings.register_profile("ci", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--profond", action="store_true", help=f"essais longs : {EXEMPLES} entrées par propriété")
    parser.addoption("--profond-exemples", type=int, default=EXEMPLES, help="entrées par propriété avec --profond")


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the profile before the tests are imported: some read it from the environment."""
    if config.getoption("--profond"):
        os.environ[PROFIL] = "profond"
    settings.register_profile(
        "profond",
        max_examples=config.getoption("--profond-exemples"),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile(os.environ.get(PROFIL, "ci"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(PROFIL) == "profond":
        return
    longs = [i for i in items if i.get_closest_marker("profond")]
    if longs:
        config.hook.pytest_deselected(items=longs)
        items[:] = [i for i in items if not i.get_closest_marker("profond")]
