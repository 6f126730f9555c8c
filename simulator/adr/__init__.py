"""The rights service ADR, simulated: what the AMO knows of a person today (cdc §2.2.1.3)."""

from simulator.adr.dossiers import Droits, DroitsEnLigne

__all__ = ["Droits", "DroitsEnLigne"]
