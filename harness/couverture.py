"""Coverage of the requirements: what is checked automatically, what a person attests, what remains to be done.

A requirement is automatic only if an expectation cites it and a mutant that violates it is recorded as killed by
the scenario of that expectation (design §3.7). Duplicates count once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from harness.catalogue import Catalogue, Exigence
from harness.modele.scenario import EtapeDemander
from harness.mutants import Preuve
from harness.scenarios import FichierScenario

Etat = Literal["auto", "attestation", "non_testable", "a_faire"]
_COMPTES = ("testables", "auto", "attestation", "non_testable", "a_faire")


@dataclass(frozen=True, slots=True)
class Couverture:
    """The state of every distinct requirement. ``sans_mutant``: cited by an expectation that no mutant proves."""

    etats: dict[str, Etat]
    sans_mutant: tuple[str, ...]
    catalogue: Catalogue

    def counts(self, exigences: Iterable[Exigence]) -> dict[str, int]:
        """The five counts over these requirements."""
        etats = [self.etats[e.id] for e in exigences]
        comptes = {cle: etats.count(cle) for cle in _COMPTES if cle != "testables"}  # type: ignore[arg-type]  # four states
        return {"testables": len(etats) - comptes["non_testable"], **comptes}

    def summary(self) -> dict[str, Any]:
        """The object of ``coverage --json``."""
        distinctes = self.catalogue.distinctes()
        domaines = sorted({e.domaine for e in distinctes})
        return {
            **self.counts(distinctes),
            "par_domaine": {d: self.counts(e for e in distinctes if e.domaine == d) for d in domaines},
        }


def measure(catalogue: Catalogue, scenarios: Iterable[FichierScenario], preuves: Iterable[Preuve]) -> Couverture:
    """Counts coverage from the scenarios and the record of killed mutants."""

    def target(identifiant: str) -> str:
        return catalogue.cible(identifiant).id if identifiant in catalogue else identifiant

    attendues: dict[str, set[str]] = {}
    attestees: set[str] = set()
    mutants: dict[str, set[str]] = {}
    for fichier in scenarios:
        scenario = fichier.scenario
        for attendu in scenario.tous_attendus():
            attendues.setdefault(target(attendu.verifie), set()).add(scenario.id)
        attestees |= {target(e.verifie) for e in scenario.etapes if isinstance(e, EtapeDemander)}
    for preuve in preuves:
        mutants.setdefault(target(preuve.exigence), set()).add(preuve.scenario)
    etats: dict[str, Etat] = {}
    for exigence in catalogue.distinctes():
        etat: Etat = "a_faire"
        if not exigence.testable:
            etat = "non_testable"
        elif attendues.get(exigence.id, set()) & mutants.get(exigence.id, set()):
            etat = "auto"
        elif exigence.id in attestees:
            etat = "attestation"
        etats[exigence.id] = etat
    sans = tuple(sorted(e for e in attendues if etats.get(e) not in ("auto", "non_testable")))
    return Couverture(etats, sans, catalogue)
