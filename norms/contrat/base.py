"""What every message of our contracts shares: strict names, lax scalars, JSON-RPC 2.0 envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

#: JSON-RPC 2.0 error codes, then ours (-32000 to -32099 are left to applications).
ERREUR_ANALYSE = -32700
REQUETE_INVALIDE = -32600
METHODE_INCONNUE = -32601
PARAMETRES_INVALIDES = -32602
ERREUR_INTERNE = -32603
VERSION_REFUSEE = -32001
NON_AUTORISE = -32002


class Message(BaseModel):
    """Base of all contract models: unknown names are refused, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ModeSecurisation(StrEnum):
    """The four ways an invoice is secured (cdc §3.2.9.1)."""

    SESAM_VITALE = "SESAM_VITALE"
    DESYNCHRONISE = "DESYNCHRONISE"
    SANS_VITALE = "SANS_VITALE"
    DEGRADE = "DEGRADE"


class TypeFacture(StrEnum):
    """FSE to the AMO, DRE to the AMC (cdc §3.2.3.4)."""

    FSE = "FSE"
    DRE = "DRE"


class Requete(BaseModel):
    """A JSON-RPC 2.0 request. ``id`` is always given: notifications are not used."""

    model_config = ConfigDict(extra="forbid")
    jsonrpc: Literal["2.0"] = "2.0"
    id: int | str
    method: str
    params: dict[str, Any] = Field(default_factory=dict)


class ErreurRpc(BaseModel):
    """The ``error`` member of a JSON-RPC 2.0 response."""

    code: int
    message: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a contract: its models, what it is for, and how long an answer may take (seconds)."""

    nom: str
    params: type[Message]
    resultat: type[Message]
    resume: str
    delai: float = 20.0
