"""What the file tools know, read from ``harness/donnees/fichiers.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from norms.chargement import load
from simulator.acteurs.anomalies import load_catalogue

FICHIER = Path(__file__).parent.parent / "donnees" / "fichiers.yaml"


@dataclass(frozen=True, slots=True)
class Regle:
    """One check as the tools tell it. ``reserve``: why its failure is a reserve; empty when it isn't one."""

    code: str
    niveau: str
    texte: str
    source: str
    reserve: str = ""
    conseil: str = ""


@dataclass(frozen=True, slots=True)
class CleNumero:
    """A field that holds a number with a key (its own last digit, or another field)."""

    type: str
    champ: str
    nature: str
    controle: str
    cle: str = ""


@dataclass(frozen=True, slots=True)
class Connaissances:
    """The data file, resolved against the insurers' catalogue of checks."""

    regles: Mapping[str, Regle]
    exigences: Mapping[str, str | Mapping[str, str]]
    exigences_oct: Mapping[str, str]
    cles: tuple[CleNumero, ...]
    cles_noemie: tuple[CleNumero, ...]
    portee: tuple[str, ...]
    groupes: Mapping[str, frozenset[str]]
    tables: Mapping[tuple[str, str], str]
    valeurs: Mapping[tuple[str, str], Mapping[str, str]]
    cles_montrees: Mapping[str, str]
    numeros_am: frozenset[str]

    def exigence(self, code: str, type_facture: str = "", *, oct_: bool = False) -> str:
        """The requirement a check speaks for; empty when there is none."""
        if oct_ and code in self.exigences_oct:
            return self.exigences_oct[code]
        trouvee = self.exigences.get(code, "")
        return trouvee if isinstance(trouvee, str) else trouvee.get(type_facture, "")


@cache
def load_knowledge() -> Connaissances:
    """Loads the data file (immutable, hence kept). Raises ErreurChargement."""
    document = load(FICHIER)
    d: dict[str, Any] = document.donnees
    reserves = {c: r["source"] for r in d["reserves"] for c in r["controles"]}
    regles = {
        c.code: Regle(c.code, c.niveau, c.texte, c.source, reserves.get(c.code, ""), d["conseils"].get(c.code, ""))
        for c in load_catalogue().controles.values()
    }
    for i, e in enumerate(d["controles"]):
        if e["code"] in regles:
            raise document.erreur(("controles", i), f"contrôle « {e['code']} » déjà au catalogue des organismes")
        regles[e["code"]] = Regle(**e)
    cites = [(cle, code) for cle in ("exigences", "exigences_oct", "conseils") for code in d[cle]]
    cites += [("groupes", code) for codes in d["groupes"].values() for code in codes]
    for cle, code in cites:
        if code not in regles:
            raise document.erreur((cle,), f"contrôle « {code} » inconnu")
    return Connaissances(
        regles=regles,
        exigences=d["exigences"],
        exigences_oct=d["exigences_oct"],
        cles=tuple(CleNumero(**e) for e in d["cles"]),
        cles_noemie=tuple(CleNumero(**e) for e in d["cles_noemie"]),
        portee=tuple(d["portee"]),
        groupes={nom: frozenset(codes) for nom, codes in d["groupes"].items()},
        tables={(e["type"], e["champ"]): e["table"] for e in d["tables"]},
        valeurs={(e["type"], e["champ"]): e["sens"] for e in d["valeurs"]},
        cles_montrees=d["cles_montrees"],
        numeros_am=frozenset(d["numeros_am"]),
    )
