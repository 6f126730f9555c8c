"""What a transport offers: one request's bytes out, one answer's bytes back, within a delay."""

from __future__ import annotations

from typing import Protocol

#: Longest message either way, in bytes (seam 2).
MAX_LIGNE = 8 * 1024 * 1024
#: What is kept of a child's standard error, in bytes.
MAX_ERREURS = 256 * 1024


class Transport(Protocol):
    """A way to an adapter. ``echanger`` raises only PanneLps; ``fermer`` never raises and leaves nothing running."""

    def echanger(self, requete: bytes, delai: float, operation: str) -> bytes:
        """Sends one request and gives the raw answer received within ``delai`` seconds."""
        ...

    def erreurs(self) -> bytes:
        """The last bytes of what the LPS wrote on its standard error."""
        ...

    def fermer(self, grace: float = 2.0) -> None:
        """Ends the conversation; what hasn't ended by itself after ``grace`` seconds is killed."""
        ...
