"""The typed JSON-RPC client: asks one operation, checks the answer against the protocol, names each failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from harness.adaptateur.configuration import ConfigLps
from harness.adaptateur.http import TransportHttp
from harness.adaptateur.interne import TransportInterne
from harness.adaptateur.pannes import (
    ErreurAdaptateur,
    OperationAbsente,
    PanneLps,
    RefusVersion,
    ReponseHorsSequence,
    ReponseIllisible,
    ResultatInvalide,
)
from harness.adaptateur.stdio import TransportStdio
from harness.adaptateur.transport import Transport
from harness.francais import dotted, explain_all, shorten
from norms.contrat import adaptateur as protocole
from norms.contrat.base import METHODE_INCONNUE, VERSION_REFUSEE, Message

_MAX_EXTRAIT = 200


@dataclass(frozen=True, slots=True)
class Echange:
    """One request and what came back: a result, or the French text of a breakdown."""

    operation: str
    params: Mapping[str, Any]
    resultat: Mapping[str, Any] | None
    panne: str = ""


def open_transport(config: ConfigLps) -> Transport:
    """Starts or reaches the LPS of a configuration. Raises ArretLps when that fails."""
    if config.transport == "interne":
        return TransportInterne(config.fabrique, config.parametres)
    if config.transport == "http":
        return TransportHttp(config.url)
    return TransportStdio(
        config.words((*config.commande, *config.options)),
        environnement=config.environnement,
        dossier=config.dossier,
        memoire_mio=config.memoire_mio,
    )


class ClientLps:
    """A conversation with one LPS. ``observer`` receives every exchange, broken ones included."""

    def __init__(
        self,
        transport: Transport,
        *,
        delai: float | None = None,
        observer: Callable[[Echange], None] = lambda _echange: None,
    ) -> None:
        self._transport, self._delai, self._observer = transport, delai, observer
        self._numero = 0
        self.presentation: protocole.Presentation | None = None

    def saluer(self) -> protocole.Presentation:
        """Introduces the bench. Raises PanneLps, RefusVersion when the versions don't match."""
        presentation = cast("protocole.Presentation", self.appeler("bonjour", {"protocole": protocole.VERSION}))
        sien, notre = presentation.protocole.split(".")[0], protocole.VERSION.split(".")[0]
        if sien != notre:
            ancien = "preagrement" if sien.isdecimal() and int(sien) > int(notre) else "l'adaptateur"
            raise RefusVersion(
                f"l'adaptateur parle le protocole {shorten(presentation.protocole)}, le banc {protocole.VERSION} ;"
                f" mettre {ancien} à jour"
            )
        self.presentation = presentation
        return presentation

    def offers(self, operation: str) -> bool:
        """Whether the adapter declared this operation in ``bonjour``."""
        return self.presentation is not None and operation in self.presentation.operations

    def appeler(self, operation: str, params: Mapping[str, Any]) -> Message:
        """Calls one operation with JSON parameters and gives its validated result. Raises PanneLps."""
        self._numero += 1
        try:
            brut = self._transport.echanger(self._encode(operation, params), self._wait(operation), operation)
            resultat = read_response(operation, brut, self._numero)
            message = _validate(operation, resultat)
        except PanneLps as exc:
            self._observer(Echange(operation, params, None, str(exc)))
            raise
        self._observer(Echange(operation, params, message.model_dump(mode="json")))
        return message

    def erreurs(self) -> str:
        """The end of the LPS's standard error, as text."""
        return self._transport.erreurs().decode("utf-8", "replace")

    def fermer(self, grace: float = 2.0) -> None:
        """Ends the LPS; safe to call twice."""
        self._transport.fermer(grace)

    def _wait(self, operation: str) -> float:
        return self._delai or protocole.OPERATIONS[operation].delai

    def _encode(self, operation: str, params: Mapping[str, Any]) -> bytes:
        requete = {"jsonrpc": "2.0", "id": self._numero, "method": operation, "params": dict(params)}
        return json.dumps(requete, ensure_ascii=False, separators=(",", ":")).encode()


def read_response(operation: str, brut: bytes, numero: int) -> Any:
    """Opens a JSON-RPC response and gives its result. Raises PanneLps."""
    try:
        enveloppe = json.loads(brut.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as exc:
        raise ReponseIllisible(
            f"la réponse à « {operation} » n'est pas en UTF-8 (octet {exc.start}) : {_extract(brut)}"
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise ReponseIllisible(
            f"la réponse à « {operation} » n'est pas du JSON ({_why(exc)}) : {_extract(brut)}"
        ) from exc
    if not isinstance(enveloppe, dict) or enveloppe.get("jsonrpc") != "2.0":
        raise ReponseIllisible(f"la réponse à « {operation} » n'est pas une réponse JSON-RPC 2.0 : {_extract(brut)}")
    erreur = enveloppe.get("error")
    if enveloppe.get("id") != numero and not (erreur and enveloppe.get("id") is None):
        raise ReponseHorsSequence(
            f"la réponse porte l'id {shorten(enveloppe.get('id'))}, la demande « {operation} » l'id {numero} ;"
            " répondre à chaque demande, dans l'ordre, avec son id"
        )
    if ("result" in enveloppe) == (erreur is not None):
        raise ReponseIllisible(f"la réponse à « {operation} » doit porter « result » ou « error », l'un des deux")
    if erreur is None:
        return enveloppe["result"]
    code, message = _error(operation, erreur, brut)
    if code == METHODE_INCONNUE:
        raise OperationAbsente(f"l'adaptateur déclare « {operation} », puis répond qu'il ne la connaît pas")
    if code == VERSION_REFUSEE:
        raise RefusVersion(f"l'adaptateur refuse le protocole {protocole.VERSION} du banc : {message}")
    raise ErreurAdaptateur(operation, code, message)


def _error(operation: str, erreur: Any, brut: bytes) -> tuple[int, str]:
    if not isinstance(erreur, dict) or not isinstance(erreur.get("code"), int):
        raise ReponseIllisible(f"l'erreur répondue à « {operation} » n'a pas de code : {_extract(brut)}")
    return erreur["code"], shorten(str(erreur.get("message", "")), 500)


def _validate(operation: str, resultat: Any) -> Message:
    try:
        return protocole.OPERATIONS[operation].resultat.model_validate(resultat)
    except ValidationError as exc:
        champ, raison = explain_all(exc)[0]
        raise ResultatInvalide(operation, dotted(champ), raison) from exc


def _why(exc: Exception) -> str:
    if isinstance(exc, json.JSONDecodeError):
        return f"illisible à partir du caractère {exc.pos}"
    return "imbrication trop profonde" if isinstance(exc, RecursionError) else str(exc)


def _refuse_constant(nom: str) -> Any:
    raise ValueError(f"{nom} n'est pas une valeur JSON")


def _extract(brut: bytes) -> str:
    texte = brut[: _MAX_EXTRAIT + 1].decode("utf-8", "replace")
    return f"« {texte[:_MAX_EXTRAIT]}{'…' if len(brut) > _MAX_EXTRAIT else ''} »"
