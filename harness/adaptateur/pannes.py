"""Breakdowns of the LPS or of its adapter: each kind is named, none is ever a fault of the bench."""

from __future__ import annotations


class PanneLps(Exception):
    """Base: the LPS or its adapter broke the conversation. The message is French, for the vendor."""


class ArretLps(PanneLps):
    """The LPS ended, or could not be reached. ``code``: exit status, negative for a signal, None if unknown."""

    def __init__(self, quoi: str, code: int | None = None) -> None:
        self.code = code
        super().__init__(quoi)


class SilenceLps(PanneLps):
    """No answer within ``delai`` seconds."""

    def __init__(self, operation: str, delai: float) -> None:
        self.delai = delai
        super().__init__(f"le LPS n'a pas répondu à « {operation} » en {delai:g} s")


class MemoireLps(PanneLps):
    """The LPS took more memory than its configuration allows, and was stopped for it."""

    def __init__(self, limite_mio: int) -> None:
        super().__init__(
            f"le LPS occupe plus de {limite_mio} Mio de mémoire, le banc l'a arrêté ;"
            " la limite est « memoire_mio » dans la configuration"
        )


class ReponseIllisible(PanneLps):
    """What came back is not one JSON-RPC 2.0 response."""


class ReponseHorsSequence(PanneLps):
    """A response to another request than the one just sent."""


class ResultatInvalide(PanneLps):
    """The result breaks the schema of its operation. ``champ``: path of the first wrong value."""

    def __init__(self, operation: str, champ: str, raison: str) -> None:
        self.champ = champ
        super().__init__(f"la réponse à « {operation} » ne suit pas le protocole : {champ or 'résultat'} : {raison}")


class OperationAbsente(PanneLps):
    """The adapter declared an operation, then answered that it doesn't know it."""


class ErreurAdaptateur(PanneLps):
    """The adapter answered a JSON-RPC error."""

    def __init__(self, operation: str, code: int, message: str) -> None:
        self.code = code
        super().__init__(f"l'adaptateur a répondu l'erreur {code} à « {operation} » : {message}")


class RefusVersion(PanneLps):
    """Bench and adapter don't speak the same version of the protocol."""
