"""The one error of the test PKI."""

from __future__ import annotations


class ErreurPki(ValueError):
    """A request the test PKI cannot satisfy; the message says what is known."""
