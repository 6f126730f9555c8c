"""Mutants: deliberately faulty LPS that the scenarios must unmask. A check that cannot fail is a defect.

A mutant is killed when an expectation about a requirement that it violates was conforming with the sound LPS and
is no longer so with the mutant. What was killed by what is recorded in ``scenarios/mutants.yaml``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.adaptateur.configuration import ConfigLps
from harness.catalogue import Catalogue, scenarios_directory
from harness.modele.verdict import ResultatScenario, Verdict
from harness.moteur import Banc, play
from harness.scenarios import FichierScenario
from norms.chargement import load

FICHIER = "mutants.yaml"
DELAI_LISTE = 60.0
_TUE = (Verdict.NON_CONFORME, Verdict.RESERVE)


class ErreurMutants(ValueError):
    """The list of mutants can't be had or read."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One faulty variant: its name, the requirements it violates, what it does wrong."""

    id: str
    exigences: tuple[str, ...]
    titre: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Preuve:
    """A requirement whose expectation, in that scenario, fails with that mutant."""

    exigence: str
    mutant: str
    scenario: str


@dataclass(frozen=True, slots=True)
class Epreuve:
    """What became of one mutant. ``detail`` says why it survived, ``faute_banc`` that the bench failed on it."""

    mutant: Mutant
    preuves: tuple[Preuve, ...]
    detail: str = ""
    faute_banc: bool = False

    @property
    def tue(self) -> bool:
        return bool(self.preuves)


def list_mutants(config: ConfigLps) -> list[Mutant]:
    """Asks an LPS for its mutants: a JSON list of ``{id, titre, exigence}``. Raises ErreurMutants.

    A mutant that violates several requirements gives ``exigences``, a list, instead of ``exigence``.
    """
    if config.mutants is None:
        raise ErreurMutants(f"« {config.nom} » ne déclare pas de mutants (table [lps.mutants] de la configuration)")
    commande = config.words(config.mutants.lister)
    quoi = " ".join(commande)
    try:
        sortie = subprocess.run(commande, capture_output=True, timeout=DELAI_LISTE, check=True, cwd=config.dossier)
        donnees = json.loads(sortie.stdout)
        mutants = [
            Mutant(str(d["id"]), tuple(str(e) for e in d.get("exigences") or [d["exigence"]]), str(d.get("titre", "")))
            for d in donnees
        ]
    except subprocess.CalledProcessError as exc:
        fin = exc.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ErreurMutants(f"« {quoi} » a échoué, code {exc.returncode} {' '.join(fin)}") from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ErreurMutants(f"« {quoi} » n'a pas donné la liste des mutants ({exc})") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ErreurMutants(
            f"« {quoi} » n'a pas écrit une liste JSON de mutants (id, titre, exigence) : {exc}"
        ) from exc
    return mutants


class Jury:
    """Plays scenarios against mutants. The sound LPS's results are kept, one play a scenario."""

    def __init__(self, banc: Banc, scenarios: Iterable[FichierScenario]) -> None:
        self._banc = banc
        self._scenarios = list(scenarios)
        self._sains: dict[str, set[tuple[int, str]]] = {}
        self._verdicts_sains: dict[str, Verdict] = {}

    def plan(self, mutant: Mutant) -> list[FichierScenario]:
        """The scenarios that name the mutant, or those about its requirements when none does."""
        nommes = [f for f in self._scenarios if mutant.id in f.scenario.mutants]
        cibles = {self._target(e) for e in mutant.exigences}
        return nommes or [f for f in self._scenarios if cibles & {self._target(e) for e in f.scenario.exigences}]

    def try_mutant(self, mutant: Mutant, avance: Callable[[str], None] = lambda _quoi: None) -> Epreuve:
        """Plays the mutant's scenarios until each requirement it violates has been caught."""
        attendues = {self._target(e) for e in mutant.exigences}
        banc = replace(self._banc, lps=self._banc.lps.with_mutant(mutant.id))
        preuves: list[Preuve] = []
        details = []
        faute = False
        for fichier in self.plan(mutant):
            avance(f"{mutant.id} {fichier.scenario.id}")
            sains = self._sound(fichier)
            resultat = play(banc, fichier)
            faute |= Verdict.ERREUR_BANC in (resultat.verdict, self._verdicts_sains.get(fichier.scenario.id))
            tombes = {
                cible
                for c in resultat.constats
                if (cible := self._target(c.exigence)) in attendues and (c.rang, cible) in sains and c.verdict in _TUE
            }
            preuves += [Preuve(cible, mutant.id, fichier.scenario.id) for cible in sorted(tombes)]
            details.append(f"{fichier.scenario.id} : {_why(resultat, sains)}")
            if attendues <= {p.exigence for p in preuves}:
                break
        detail = " ; ".join(details) if details else "aucun scénario ne vise ses exigences"
        return Epreuve(mutant, tuple(preuves), detail, faute)

    def _sound(self, fichier: FichierScenario) -> set[tuple[int, str]]:
        """Expectations that the sound LPS satisfies: rank and requirement."""
        identifiant = fichier.scenario.id
        if identifiant not in self._sains:
            resultat = play(self._banc, fichier)
            self._verdicts_sains[identifiant] = resultat.verdict
            self._sains[identifiant] = {
                (c.rang, self._target(c.exigence)) for c in resultat.constats if c.verdict is Verdict.CONFORME
            }
        return self._sains[identifiant]

    def _target(self, exigence: str) -> str:
        catalogue: Catalogue = self._banc.catalogue
        return catalogue.cible(exigence).id if exigence in catalogue else exigence


def _why(resultat: ResultatScenario, sains: set[tuple[int, str]]) -> str:
    if resultat.cause:
        return resultat.cause
    if not sains:
        return "le LPS sain n'y est pas conforme non plus"
    return resultat.verdict.libelle


def load_proofs(chemin: Path | None = None) -> list[Preuve]:
    """Reads the record of kills. Raises ErreurChargement; an absent file is an empty record."""
    chemin = chemin or scenarios_directory() / FICHIER
    if not chemin.is_file():
        return []
    document = load(chemin)
    preuves = []
    for rang, ligne in enumerate(document.donnees or []):
        if not isinstance(ligne, Mapping) or set(ligne) != {"exigence", "mutant", "scenario"}:
            raise document.erreur((rang,), "une ligne porte « exigence », « mutant » et « scenario »")
        preuves.append(Preuve(**ligne))
    return preuves


def write_proofs(preuves: Iterable[Preuve], chemin: Path | None = None) -> Path:
    """Writes the record of kills, sorted. Raises OSError."""
    chemin = chemin or scenarios_directory() / FICHIER
    lignes = [
        f"- {{exigence: {p.exigence}, mutant: {p.mutant}, scenario: {p.scenario}}}\n" for p in sorted(set(preuves))
    ]
    entete = (
        "# Exigence, LPS fautif qui la viole, scénario qui le démasque.\n"
        "# Écrit par « preagrement mutants --enregistrer ».\n"
    )
    chemin.write_text(entete + "".join(lignes), encoding="utf-8", newline="\n")
    return chemin


def machine_summary(epreuves: Iterable[Epreuve]) -> dict[str, Any]:
    """The object of ``mutants --json``."""
    liste = list(epreuves)
    return {
        "total": len(liste),
        "tues": sum(e.tue for e in liste),
        "survivants": [e.mutant.id for e in liste if not e.tue],
    }
