"""Where a finding can be seen: from an expectation back to the message, the record and the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.comparaison import render
from harness.expressions import evaluate, parents
from harness.modele.scenario import Attendu
from harness.modele.verdict import Preuve
from norms.b2 import CodecB2
from norms.chargement import load_plain
from norms.paquet import NormPack

MAX_PREUVES = 20
MAX_CHAMPS = 60
_PARTIES = ("entete", "fin")


@dataclass(frozen=True, slots=True)
class Reperes:
    """Finds evidence for one scenario. ``prefixe``: folder of its evidence in the dossier, with a final slash."""

    prefixe: str = ""
    colonnes: Callable[[str, str], str] = lambda _type, _champ: ""

    def proofs(self, attendu: Attendu, observations: Mapping[str, Any]) -> tuple[Preuve, ...]:
        """Evidence for an expectation: what ``preuve`` gives, or the objects under ``sur`` that were decoded."""
        champ = _last_name(attendu.sur)
        chaine = [attendu.preuve] if attendu.preuve else parents(attendu.sur)
        suites = [list(_objects(evaluate(e, observations))) for e in chaine]
        if champ == "numeros":  # a lot's invoice numbers are read in its invoices
            suites = [[f for lot in objets for f in lot.get("factures", ())] for objets in suites]
            champ = "numero"
        for rang, objets in enumerate(suites):
            if objets and all(_bears(o) for o in objets):
                messages = [_message_of(o, n, suites[rang + 1 :]) for n, o in enumerate(objets)]
                return tuple(self._proof(o, champ, m) for o, m in zip(objets[:MAX_PREUVES], messages, strict=False))
        return ()

    def _proof(self, objet: Mapping[str, Any], champ: str, message: str) -> Preuve:
        enregistrement, champ = _record(objet, champ)
        type_enregistrement = str(enregistrement.get("type_enregistrement", ""))
        rang = enregistrement.get("enregistrement", objet.get("enregistrement"))
        simples = [(str(c), render(v)) for c, v in enregistrement.items() if not isinstance(v, Mapping | list | tuple)]
        return Preuve(
            fichier=self.prefixe + message if message else "",
            enregistrement=rang if isinstance(rang, int) else None,
            type_enregistrement=type_enregistrement,
            champ=champ if champ in enregistrement else "",
            colonnes=self.colonnes(type_enregistrement, champ),
            brut=str(enregistrement.get("brut", "")),
            champs=dict([(c, v) for c, v in simples if c not in _TECHNIQUES][:MAX_CHAMPS]),
        )


#: Shown by the evidence itself, not repeated among its fields.
_TECHNIQUES = frozenset({"brut", "enregistrement", "type_enregistrement", "eml", "etape", "brut_sha256"})


def columns_of(pack: NormPack) -> Callable[[str, str], str]:
    """A function giving the columns of a field in a record type under this norm pack, ``"27-35"``, or nothing."""
    codec = CodecB2(pack)

    def columns(type_enregistrement: str, champ: str) -> str:
        disposition = codec.dispositions.get(type_enregistrement)
        trouve = disposition.par_nom.get(champ) if disposition else None
        return f"{trouve.debut}-{trouve.fin}" if trouve else ""

    return columns


@cache
def _aliases() -> Mapping[str, Mapping[str, list[str]]]:
    donnees: dict[str, Any] = load_plain(Path(__file__).parent / "donnees" / "champs.yaml")
    return {cle: v for cle, v in donnees.items() if isinstance(v, dict)}


def _last_name(expression: str) -> str:
    trouve = re.search(r"\.([a-z_][a-z0-9_]*)(?:\[[0-9*]*\])?$", expression)
    return trouve.group(1) if trouve else ""


def _objects(valeur: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(valeur, Mapping):
        yield valeur
    elif isinstance(valeur, list | tuple):
        for element in valeur:
            yield from _objects(element)


def _bears(objet: Mapping[str, Any]) -> bool:
    """Whether an object of the tree was decoded from something received: it says which message or which record."""
    return bool(objet.get("eml")) or objet.get("enregistrement") is not None


def _message_of(objet: Mapping[str, Any], rang: int, autour: list[list[Mapping[str, Any]]]) -> str:
    """The message that an object came in: said by itself or by the objects around it."""
    if objet.get("eml"):
        return str(objet["eml"])
    for objets in autour:
        porteurs = [o for o in objets if o.get("eml")]
        if porteurs:
            return str(porteurs[min(rang, len(porteurs) - 1)]["eml"])
    return ""


def _record(objet: Mapping[str, Any], champ: str) -> tuple[Mapping[str, Any], str]:
    """The record of an object that holds a value, and the name of its field there."""
    genre = "facture" if "prestations" in objet else "lot" if "numeros" in objet else "fichier"
    if "type_enregistrement" in objet:
        return objet, champ
    partie, nom = _aliases().get(genre, {}).get(champ, ("", champ))
    for cle in [partie] if partie else _PARTIES:
        enregistrement = objet.get(cle)
        if isinstance(enregistrement, Mapping) and nom in enregistrement:
            return enregistrement, nom
    entete = objet.get("entete")
    return (entete, champ) if isinstance(entete, Mapping) else (objet, champ)
