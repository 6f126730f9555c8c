"""The HTTP transport: an adapter that the vendor started, reached by ``POST`` with one JSON object each way."""

from __future__ import annotations

import contextlib
import http.client
import time
from urllib.parse import urlsplit

from harness.adaptateur.pannes import ArretLps, ReponseIllisible, SilenceLps
from harness.adaptateur.transport import MAX_LIGNE
from norms.systeme import tell_system_error


class TransportHttp:
    """An adapter's address; one connection a request, nothing to start, nothing to kill."""

    def __init__(self, url: str) -> None:
        parties = urlsplit(url)
        self._hote, self._port = parties.hostname or "127.0.0.1", parties.port or 80
        self._chemin = parties.path or "/"

    def echanger(self, requete: bytes, delai: float, operation: str) -> bytes:
        """Posts one request. ``delai`` bounds the whole exchange, even when bytes trickle in."""
        connexion = http.client.HTTPConnection(self._hote, self._port, timeout=delai)
        try:
            return self._post(connexion, requete, time.monotonic() + delai)
        except TimeoutError as exc:
            raise SilenceLps(operation, delai) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise ArretLps(
                f"l'adaptateur ne répond plus sur {self._hote}:{self._port} ({_reason(exc)}) ; vérifier qu'il est lancé"
            ) from exc
        finally:
            with contextlib.suppress(OSError):
                connexion.close()

    def erreurs(self) -> bytes:
        return b""  # another process, that we did not start

    def fermer(self, grace: float = 2.0) -> None:
        """Nothing to end: the vendor's process goes on."""

    def _post(self, connexion: http.client.HTTPConnection, requete: bytes, limite: float) -> bytes:
        connexion.connect()
        prise = connexion.sock
        prise.settimeout(_left(limite))
        entetes = {"Content-Type": "application/json; charset=utf-8", "Connection": "close"}
        connexion.request("POST", self._chemin, requete, entetes)
        reponse = connexion.getresponse()
        corps = bytearray()
        while not reponse.isclosed():  # from Python 3.13 on, the socket goes with the last byte
            prise.settimeout(_left(limite))
            morceau = reponse.read1(65536)
            if not morceau:
                break
            corps += morceau
            if len(corps) > MAX_LIGNE:
                raise ReponseIllisible(f"une réponse de plus de {MAX_LIGNE} octets ; limite du protocole dépassée")
        if reponse.status != http.client.OK:
            raise ReponseIllisible(f"réponse HTTP {reponse.status} {reponse.reason} ; 200 est attendu")
        return bytes(corps)


def _left(limite: float) -> float:
    reste = limite - time.monotonic()
    if reste <= 0:
        raise TimeoutError
    return reste


def _reason(exc: Exception) -> str:
    return tell_system_error(exc) if isinstance(exc, OSError) else str(exc) or type(exc).__name__
