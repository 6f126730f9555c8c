"""How the workstation says no: a refusal carries a French reason, and the return code when a service gave one."""

from __future__ import annotations


class Refus(Exception):
    """The workstation cannot or must not do what is asked. A normal answer of the adapter, not a breakdown."""

    def __init__(self, motif: str, code_retour: str = "") -> None:
        self.motif, self.code_retour = motif, code_retour
        super().__init__(motif)


class CodeRetour(Refus):
    """A supplied service ended with a code other than 0000."""

    def __init__(self, fonction: str, code_retour: str, motif: str) -> None:
        self.fonction = fonction
        super().__init__(motif, code_retour)


class SignatureApcv(Refus):
    """The ApCV didn't sign: refused, silent, or its context is over."""


class ServicesInjoignables(Refus):
    """The supplied services don't answer, or answer something that isn't in the contract."""


class ReseauIndisponible(Exception):
    """The mail network can't be reached: what waits goes on waiting (cdc §3.4.1.2)."""


class MessageRefuse(Exception):
    """The mail server refused this message; the others may still pass."""
