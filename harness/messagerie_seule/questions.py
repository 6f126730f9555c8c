"""What a person is asked about a screen or a document, in French: where to look, what must be seen, which value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from harness.expressions import answer_names, roots
from harness.jugement import wording
from harness.modele.scenario import Attendu, EtapeLps, Scenario
from norms.chargement import load_plain

TEXTES = ("affichages", "documents")
LITTERAL = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`")
_MOT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: JMESPath functions, which are no field.
_FONCTIONS = {"sort", "sort_by", "length", "join", "contains", "starts_with", "map", "sum", "keys", "to_string"}
_BOOLEENS = {"true", "false"}


@cache
def data() -> Mapping[str, Any]:
    """The sentences and bounds of the level (``harness/donnees/consignes.yaml``)."""
    donnees: Mapping[str, Any] = load_plain(Path(__file__).parents[1] / "donnees" / "consignes.yaml")
    return donnees


def question(attendu: Attendu, lues: set[str], scenario: Scenario) -> str:
    """The question that settles an expectation; empty when no screen shows it. ``lues``: roots that it reads."""
    regarde = roots(attendu.sur)
    quoi = ou = ""
    if regarde <= set(TEXTES):
        quoi = "ce que le LPS a affiché" if "affichages" in regarde else "les documents que le LPS a produits"
        if not lues <= {*TEXTES, *data()["visibles"]}:
            return ""
    elif regarde == {"reponses"}:
        champs = list(_fields(attendu.sur, scenario))
        quoi = ", ".join(dict.fromkeys(champs)) if champs and all(champs) else ""
        noms = answer_names(attendu.sur)
        etapes = [e.nom for e in scenario.etapes if isinstance(e, EtapeLps) and e.nom in noms]
        ou = " ; ".join(_screen(nom, scenario) for nom in etapes)
    if not quoi:
        return ""
    valeur = _value(attendu)
    phrases = [
        f"À l'écran ({ou}), regardez {quoi}." if ou else f"Regardez {quoi}.",
        f"Ce qui doit se voir : {attendu.pourquoi}.",
        f"Valeur attendue : {valeur}." if valeur else "",
        "Est-ce bien ce que vous voyez ?",
    ]
    return " ".join(p for p in phrases if p)


def in_french(texte: str) -> str:
    """Codes of our contract inside a text, as words: « a_transmettre » is « à transmettre »."""
    mots: Mapping[str, str] = data()["valeurs"]
    return _MOT.sub(lambda m: mots.get(m[0], m[0]), texte)


def label(champ: str) -> str:
    """The French name of a parameter."""
    return str(data()["libelles"].get(champ, champ.replace("_", " ")))


def _value(attendu: Attendu) -> str:
    """The value expected in words; nothing when the expression computes a truth that no screen shows."""
    dite = wording(attendu)
    if attendu.operateur == "motif":
        return f"un texte où se trouve « {attendu.motif} » (expression rationnelle)"
    if dite in _BOOLEENS and _MOT.findall(LITTERAL.sub("", attendu.sur))[-1:] != ["positif"]:
        return ""
    return "aucun" if attendu.operateur == "nombre" and str(attendu.nombre) == "0" else in_french(dite)


def _screen(nom: str, scenario: Scenario) -> str:
    """Which gesture of the person a named answer comes from: « liste des lots, 2e fois »."""
    etapes = [e for e in scenario.etapes if isinstance(e, EtapeLps)]
    voulue = next(e for e in etapes if e.nom == nom)
    semblables = [e for e in etapes if e.lps == voulue.lps]
    geste = str(data()["ecrans"].get(voulue.lps, voulue.lps))
    rang = semblables.index(voulue) + 1
    return geste if len(semblables) == 1 else f"{geste}, {'1re' if rang == 1 else f'{rang}e'} fois"


def _fields(expression: str, scenario: Scenario) -> Iterator[str]:
    """What each field read is called on the screen; an empty text for a field that no screen shows."""
    noms = answer_names(expression)
    operations = {e.nom: e.lps for e in scenario.etapes if isinstance(e, EtapeLps) and e.nom}
    lisibles: dict[str, str] = {}
    for nom in noms:
        lisibles |= data()["lisibles"].get(operations.get(nom, ""), {})
    connus = {"reponses", *noms, *_FONCTIONS}
    mots = re.findall(r'"([^"]*)"|([A-Za-z_][A-Za-z0-9_]*)', LITTERAL.sub("", expression))
    for cite, simple in mots:
        mot = cite or simple
        if mot not in connus:
            yield lisibles.get(mot, "")
    if not noms:
        yield ""
