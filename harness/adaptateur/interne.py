"""The in-process transport: the same messages, byte for byte, handed to an object instead of a pipe.

For speed (mutants, training). The adapter is built by a factory named in the configuration, so that nothing
here knows which LPS it is.
"""

from __future__ import annotations

import importlib
import queue
import threading
import traceback
from collections.abc import Mapping
from typing import Any, Protocol

from harness.adaptateur.pannes import ArretLps, PanneLps, ReponseIllisible, SilenceLps
from harness.adaptateur.transport import MAX_ERREURS, MAX_LIGNE


class Adaptateur(Protocol):
    """What a factory returns: a request's bytes in, the answer's bytes out."""

    def handle(self, requete: bytes) -> bytes: ...


class TransportInterne:
    """An adapter object served by a thread of its own, so that a hang is seen here too.

    Raises ArretLps when the factory can't be imported or fails.
    """

    def __init__(self, fabrique: str, parametres: Mapping[str, Any]) -> None:
        module, _, nom = fabrique.partition(":")
        self._erreurs = b""
        try:
            self._adaptateur: Adaptateur = getattr(importlib.import_module(module), nom)(**parametres)
        except Exception as exc:
            raise ArretLps(f"la fabrique « {fabrique} » a échoué ({type(exc).__name__} : {exc})") from exc
        self._demandes: queue.Queue[bytes | None] = queue.Queue()
        self._reponses: queue.Queue[bytes | PanneLps] = queue.Queue()
        self._panne: PanneLps | None = None
        self._fil = threading.Thread(target=self._serve, name="lps-interne", daemon=True)
        self._fil.start()

    def echanger(self, requete: bytes, delai: float, operation: str) -> bytes:
        if self._panne is not None:
            raise self._panne
        self._demandes.put(requete)
        try:
            recu = self._reponses.get(timeout=delai)
        except queue.Empty:
            recu = SilenceLps(operation, delai)
        if not isinstance(recu, PanneLps) and len(recu) > MAX_LIGNE:
            recu = ReponseIllisible(f"une réponse de plus de {MAX_LIGNE} octets ; limite du protocole dépassée")
        if isinstance(recu, PanneLps):
            self._panne = recu
            raise recu
        return recu

    def erreurs(self) -> bytes:
        return self._erreurs[-MAX_ERREURS:]

    def fermer(self, grace: float = 2.0) -> None:
        """Ends the thread. One that hangs in the adapter can't be stopped from outside: it is left behind, idle."""
        self._demandes.put(None)
        self._fil.join(0.0 if isinstance(self._panne, SilenceLps) else grace)

    def _serve(self) -> None:
        while (requete := self._demandes.get()) is not None:
            try:
                reponse = self._adaptateur.handle(requete)
                self._reponses.put(bytes(reponse).rstrip(b"\r\n"))
            except BaseException as exc:  # whatever an adapter raises is its breakdown
                self._erreurs += traceback.format_exc().encode()
                self._reponses.put(ArretLps(f"l'adaptateur interne a levé {type(exc).__name__} : {exc}"))
