"""What a mutant is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reference.poste import Poste


@dataclass(frozen=True, slots=True)
class Mutant:
    """A named deviation; ``appliquer`` replaces one collaborator of the wired workstation."""

    id: str
    titre: str
    exigence: str
    appliquer: Callable[[Poste], None]
