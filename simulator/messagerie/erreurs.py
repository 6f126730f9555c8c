"""Errors of the mail network; messages are French, ready to be shown."""

from __future__ import annotations


class ErreurMessagerie(Exception):
    """The bench's mail network can't do what it was asked: always a bench error."""


class ErreurPreuves(ErreurMessagerie):
    """Evidence couldn't be written or read."""


class BoiteInconnue(ErreurMessagerie):
    """No mailbox at this address."""


class BoitePleine(ErreurMessagerie):
    """The mailbox is at its limit."""
