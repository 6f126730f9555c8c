"""The opposition list: its increments, its references, what it forbids (cdc §3.2.3.2, §4.2.1.3, §4.2.6.3)."""

from reference.oppositions.liste import ListeOpposition

__all__ = ["ListeOpposition"]
