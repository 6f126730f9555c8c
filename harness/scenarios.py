"""Finds scenario files and reads them: YAML to the grammar's model, every error with its file, line and column."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.catalogue import scenarios_directory
from harness.francais import explain, innermost
from harness.modele.scenario import (
    Attendu,
    EtapeDemander,
    EtapeLps,
    EtapeMonde,
    EtapeVerifier,
    Lecteurs,
    Monde,
    Scenario,
)
from norms.chargement import Chemin, Document, ErreurChargement, load

#: Folders of the scenario tree that hold other data.
RESERVES = frozenset({"exigences", "population", "schema"})
#: Files beside the scenarios that are not scenarios.
FICHIERS_RESERVES = frozenset({"mutants.yaml"})
#: The key that tells each kind of step.
_ETAPES: dict[str, type[BaseModel]] = {
    "lps": EtapeLps,
    "monde": EtapeMonde,
    "verifier": EtapeVerifier,
    "demander": EtapeDemander,
}


@dataclass(frozen=True, slots=True)
class FichierScenario:
    """A scenario with the document it was read from, for messages that name lines."""

    scenario: Scenario
    document: Document

    @property
    def fichier(self) -> str:
        return self.document.fichier

    def position(self, chemin: Chemin) -> tuple[int, int]:
        return self.document.position(chemin)


class ErreurScenario(ValueError):
    """A scenario file that can't be used: one message a fault, each with file, line and column."""

    def __init__(self, fautes: list[ErreurChargement]) -> None:
        self.fautes = fautes
        super().__init__("\n".join(str(f) for f in fautes))


def is_scenario_path(chemin: Path) -> bool:
    """Whether a YAML file found in a folder is meant to be a scenario."""
    return (
        chemin.suffix in (".yaml", ".yml")
        and chemin.name not in FICHIERS_RESERVES
        and not chemin.name.startswith(("_", "."))
        and not RESERVES.intersection(chemin.parts[-4:-1])
    )


def discover(chemins: Iterable[Path] = ()) -> list[Path]:
    """Scenario files under the given files and folders, those shipped with the bench by default, sorted.

    Raises FileNotFoundError with a French message for a path that doesn't exist.
    """
    trouves: dict[Path, None] = {}
    for chemin in list(chemins) or [scenarios_directory()]:
        if chemin.is_dir():
            trouves.update(dict.fromkeys(f for f in sorted(chemin.rglob("*.y*ml")) if is_scenario_path(f)))
        elif chemin.is_file():
            trouves[chemin] = None
        else:
            raise FileNotFoundError(f"{chemin} : ni fichier ni dossier ; vérifier le chemin")
    return list(trouves)


def load_scenario(chemin: Path) -> FichierScenario:
    """Reads one scenario. Raises ErreurScenario with all its faults."""
    try:
        document = load(chemin, nom=display_name(chemin))
    except ErreurChargement as exc:
        raise ErreurScenario([exc]) from exc
    return parse_scenario(document)


def parse_scenario(document: Document) -> FichierScenario:
    """Makes the scenario of a loaded document. Raises ErreurScenario."""
    if not isinstance(document.donnees, dict):
        raise ErreurScenario(
            [document.erreur((), "un scénario est une table : id, titre, exigences, etapes, attendus")]
        )
    fautes = list(_step_faults(document))
    try:
        scenario = Scenario.model_validate(document.donnees)
    except ValidationError as exc:
        fautes += [
            document.erreur(chemin, message)
            for chemin, message in _faults(innermost(exc), Scenario)
            if not fautes or chemin[:1] != ("etapes",)
        ]
        raise ErreurScenario(fautes or [document.erreur((), "scénario refusé")]) from exc
    if fautes:
        raise ErreurScenario(fautes)
    return FichierScenario(scenario, document)


def display_name(chemin: Path) -> str:
    """The file as shown: relative to where we stand, or to the shipped scenarios."""
    absolu = chemin.resolve()
    for base, prefixe in ((Path.cwd(), ""), (scenarios_directory().parent, "")):
        if absolu.is_relative_to(base.resolve()):
            return prefixe + absolu.relative_to(base.resolve()).as_posix()
    return chemin.as_posix()


def suggest(mot: str, connus: Iterable[str]) -> str:
    """« ; vouliez-vous dire … ? » when a known word is close, else nothing."""
    connus = sorted(connus)
    proches = difflib.get_close_matches(mot, connus, 1, 0.6) or [
        c for c in connus if len(mot) > 2 and c.startswith(mot)
    ]
    return f" ; vouliez-vous dire « {proches[0]} » ?" if proches else ""


def _step_faults(document: Document) -> Iterator[ErreurChargement]:
    """Faults of the steps, told for the kind of step that each one means to be (a union would report them all)."""
    etapes = document.donnees.get("etapes")
    for rang, etape in enumerate(etapes if isinstance(etapes, list) else []):
        chemin: Chemin = ("etapes", rang)
        genres = [g for g in _ETAPES if isinstance(etape, dict) and g in etape]
        if len(genres) != 1:
            quoi = f"trouvé : {', '.join(genres)}" if genres else "aucune trouvée"
            yield document.erreur(chemin, f"une étape porte une clé et une seule parmi {', '.join(_ETAPES)} ; {quoi}")
            continue
        try:
            _ETAPES[genres[0]].model_validate(etape)
        except ValidationError as exc:
            for suite, message in _faults(innermost(exc), _ETAPES[genres[0]]):
                yield document.erreur((*chemin, *suite), message)


def _faults(erreurs: list[ErrorDetails], modele: type[BaseModel]) -> Iterator[tuple[Chemin, str]]:
    for erreur in erreurs:
        chemin = tuple(erreur["loc"])
        quoi = explain(erreur)
        if erreur["type"] == "missing":
            quoi = f"« {chemin[-1]} » manque"
            chemin = chemin[:-1]
        elif erreur["type"] == "extra_forbidden":
            quoi = f"clé « {chemin[-1]} » inconnue{suggest(str(chemin[-1]), _known_keys(modele, chemin))}"
        yield chemin, quoi


def _known_keys(modele: type[BaseModel], chemin: Chemin) -> Iterable[str]:
    """The keys that the table holding the wrong one may have."""
    sous_tables: dict[str | int, type[BaseModel]] = {
        "monde": Monde,
        "lecteurs": Lecteurs,
        "attendus": Attendu,
        "verifier": Attendu,
    }
    for cle in chemin[:-1]:
        modele = sous_tables.get(cle, modele)
    return modele.model_fields


def find_scenario(identifiant: str, chemins: Iterable[Path]) -> FichierScenario:
    """The scenario of this identifier among these files, or of this file. Raises ErreurScenario, ValueError."""
    if Path(identifiant).is_file():
        return load_scenario(Path(identifiant))
    connus: list[str] = []
    for chemin in chemins:
        try:
            fichier = load_scenario(chemin)
        except ErreurScenario:
            if chemin.stem == identifiant:
                raise
            continue  # another file's faults are lint's business
        if fichier.scenario.id == identifiant:
            return fichier
        connus.append(fichier.scenario.id)
    raise ValueError(f"aucun scénario ne porte l'identifiant « {identifiant} »{suggest(identifiant, connus)}")
