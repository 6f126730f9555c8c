"""The data files of the supplied services (``simulator/donnees/ssv``), read once a process and never written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from norms.chargement import Document, load
from norms.contrat.base import ModeSecurisation
from simulator.ssv.organismes import DONNEES

REPERTOIRE = DONNEES / "ssv"
OUI_NON = {"oui": True, "non": False}


@dataclass(frozen=True, slots=True)
class RegleMode:
    """How a mode is secured: steps in order (C, V, P), those that may be skipped, what each gives."""

    mode: ModeSecurisation
    etapes: tuple[str, ...]
    facultatives: frozenset[str]
    presence_ps: bool
    critere_apres: frozenset[str]
    top_certification: str


class DonneesSsv:
    """Everything the services know from data, with the errors that a wrong file deserves (ErreurChargement)."""

    def __init__(self, repertoire: Path = REPERTOIRE) -> None:
        self._repertoire = repertoire

    def _load(self, nom: str) -> Document:
        return load(self._repertoire / nom, nom=f"ssv/{nom}")

    @cached_property
    def lecture(self) -> Any:
        return self._load("lecture.yaml").donnees

    @cached_property
    def mise_en_forme(self) -> Any:
        return self._load("mise_en_forme.yaml").donnees

    @cached_property
    def lots(self) -> Any:
        return self._load("lots.yaml").donnees

    @cached_property
    def config(self) -> Any:
        return self._load("config.yaml").donnees

    @cached_property
    def securisation(self) -> Any:
        return self._load("securisation.yaml").donnees

    @cached_property
    def refus(self) -> Mapping[str, str]:
        """Name of a refusal -> return code."""
        return {e["nom"]: e["code"] for e in self.securisation["refus"]}

    @cached_property
    def erreurs_carte(self) -> Mapping[str, Mapping[str, str]]:
        """Class of the card's error -> {ps, vitale} -> return code."""
        return {e["erreur"]: e for e in self.securisation["erreurs_carte"]}

    @cached_property
    def regles(self) -> Mapping[ModeSecurisation, RegleMode]:
        return {
            (mode := ModeSecurisation(e["mode"])): RegleMode(
                mode,
                tuple(s.rstrip("?") for s in e["etapes"]),
                frozenset(s[0] for s in e["etapes"] if s.endswith("?")),
                OUI_NON[e["presence_ps"]],
                frozenset(e["critere_apres"]),
                e["top_certification"],
            )
            for e in self.securisation["modes"]
        }

    @cached_property
    def lettre_mode(self) -> Mapping[ModeSecurisation, str]:
        return {ModeSecurisation(e["mode"]): e["lettre"] for e in self.mise_en_forme["modes"]}

    @cached_property
    def mode_lettre(self) -> Mapping[str, ModeSecurisation]:
        return {lettre: mode for mode, lettre in self.lettre_mode.items()}

    @cached_property
    def lettre_flux(self) -> Mapping[str, str]:
        """reel, test, demonstration -> R, T, D."""
        return {e["nom"]: e["lettre"] for e in self.mise_en_forme["flux"]}


@cache
def donnees_ssv() -> DonneesSsv:
    """The shipped data, the same for every world of the process."""
    return DonneesSsv()
