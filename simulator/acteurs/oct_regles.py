"""What a concentrator is given and what it may write, as data (``acteurs/oct.yaml``, annexe 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from norms.chargement import load
from simulator.acteurs.anomalies import DONNEES


@dataclass(frozen=True, slots=True)
class ReglesOct:
    """``natures``: speciality -> sub-field of the text files; ``interdits``: (sub-field, régime) never together."""

    numeros: Mapping[str, str]
    type_destinataire: str
    application: str
    contrat_eclatement: str
    premier_compostage: int
    nature_par_defaut: str
    natures: Mapping[str, str]
    interdits: frozenset[tuple[str, str]]

    def nature_art(self, specialite: str, regimes: Iterable[str]) -> str:
        """The sub-field of a text file about lots of this speciality and these régimes (annexe5 §7.2.1)."""
        nature = self.natures.get(specialite[-2:], self.nature_par_defaut)
        return self.nature_par_defaut if any((nature, r) in self.interdits for r in regimes) else nature


@cache
def load_regles_oct(chemin: Path = DONNEES / "oct.yaml") -> ReglesOct:
    """The rules of concentrators (immutable, hence kept). Raises ErreurChargement."""
    d: dict[str, Any] = load(chemin).donnees
    art = d["natures_art"]
    return ReglesOct(
        numeros={n["oct"]: n["numero"] for n in d["numeros"]},
        type_destinataire=d["type_destinataire"]["valeur"],
        application=d["application_relais"]["valeur"],
        contrat_eclatement=d["contrat_eclatement"]["valeur"],
        premier_compostage=int(d["premier_compostage"]["valeur"]),
        nature_par_defaut=art["defaut"]["valeur"],
        natures={s: e["nature"] for e in art["specialites"] for s in e["valeurs"].split()},
        interdits=frozenset((i["nature"], i["regime"]) for i in art["interdits"]),
    )
