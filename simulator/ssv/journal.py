"""What the log keeps of a call: groups in full, the code porteur never, contents as a digest and a short table."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from norms.b2 import CodecB2
from norms.codec import ErreurEnregistrement
from norms.contrat.base import Message

CODE_MASQUE = "****"
SECRETS = frozenset({"code_porteur"})
CONTENUS_B2 = frozenset({"facture", "factures", "lot", "entete", "fin"})
CONTENUS = CONTENUS_B2 | {"fichier", "der", "pem"}
MAX_LIGNES = 60


def describe(message: Message, codec: CodecB2) -> dict[str, Any]:
    """The parameters or the result of a call, fit for the log: no code porteur, no long content."""
    return {nom: _value(nom, valeur, codec) for nom, valeur in message.model_dump(mode="json").items()}


def _value(nom: str, valeur: Any, codec: CodecB2) -> Any:
    if nom in SECRETS:
        return CODE_MASQUE if valeur is not None else None
    if nom == "groupes":
        return _groups(valeur)
    if isinstance(valeur, list):
        return [_value(nom, v, codec) for v in valeur]
    if isinstance(valeur, dict):
        return {n: _value(n, v, codec) for n, v in valeur.items()}
    if nom in CONTENUS and isinstance(valeur, str):
        return _content(nom, valeur, codec)
    return valeur


def _groups(groupes: list[Mapping[str, Any]]) -> dict[str, list[list[str]]]:
    """{"1110": [["…", …], …]}: number -> occurrences -> fields."""
    sortie: dict[str, list[list[str]]] = {}
    for g in groupes:
        sortie.setdefault(str(g["groupe"]), []).append(list(g["champs"]))
    return sortie


def _content(nom: str, texte: str, codec: CodecB2) -> dict[str, Any]:
    try:
        octets = texte.encode() if nom == "pem" else base64.b64decode(texte, validate=True)
    except (binascii.Error, ValueError):
        return {"octets": len(texte), "illisible": True}
    resume: dict[str, Any] = {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
    if nom in CONTENUS_B2 and octets:
        resume["enregistrements"] = _records(octets, codec)
    return resume


def _records(octets: bytes, codec: CodecB2) -> list[dict[str, Any]]:
    """Type and number of each record, equal ones that follow each other counted once."""
    lignes: list[dict[str, Any]] = []
    try:
        for e in codec.iterer(octets, strict=False):
            champ = next((c for c in ("numero_facture", "numero_lot", "reference") if c in e.disposition.par_nom), "")
            ligne = {"type": e.type, "numero": e.texte(champ) if champ else ""}
            if lignes and {k: lignes[-1][k] for k in ligne} == ligne:
                lignes[-1]["nombre"] = lignes[-1].get("nombre", 1) + 1
            elif len(lignes) < MAX_LIGNES:
                lignes.append(dict(ligne))
            else:
                break
    except ErreurEnregistrement as exc:
        lignes.append({"type": "?", "numero": "", "anomalie": str(exc)[:200]})
    return lignes
