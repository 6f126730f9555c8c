"""The shared world of the tests of insurers, here too."""

from tests.acteurs.conftest import commun, seul

__all__ = ["commun", "seul"]
