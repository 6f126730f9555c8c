"""Every mutant names real requirements, starts, and changes something of the wired workstation."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from norms.chargement import load_plain
from norms.contrat.adaptateur import ConventionPs, LecteursPoste, Parametrage, ReglagesOct
from norms.contrat.ports import HorlogeVirtuelle
from norms.paquet import NormPack
from reference.mutants import MUTANTS
from reference.poste import Poste
from simulator.monde import ConfigMonde, MondeSimule

RACINE = Path(__file__).parents[2]
Fabrique = Callable[..., Poste]
SCENARIOS = RACINE / "scenarios"
CATALOGUE = SCENARIOS / "exigences"


@pytest.fixture(scope="module")
def exigences() -> dict[str, dict[str, Any]]:
    return {
        e["id"]: e
        for fichier in sorted(CATALOGUE.glob("*.yaml"))
        if not fichier.name.startswith("_")
        for e in _entries(load_plain(fichier))
    }


def _entries(donnees: Any) -> Iterator[dict[str, Any]]:
    liste = donnees if isinstance(donnees, list) else donnees.get("exigences", [])
    yield from liste


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_exigences_verifiables(mutant: Any, exigences: dict[str, dict[str, Any]]) -> None:
    for numero in mutant.exigences:
        exigence = exigences[numero]
        assert exigence["niveau"] in {"DOIT", "NE_DOIT_PAS", "RECOMMANDE", "PEUT"}
        assert exigence["testable"] == "true"
        assert not exigence.get("doublon_de")


def test_tous_les_mutants_des_scenarios_existent() -> None:
    nommes = {
        nom
        for fichier in SCENARIOS.glob("*/*.yaml")
        if isinstance(donnees := load_plain(fichier), dict)
        for nom in donnees.get("mutants", [])
    }
    assert nommes <= set(MUTANTS)
    assert len(MUTANTS) >= 30


#: Nothing here is the default: a mutant that ignores a setting changes something.
PARAMETRAGE = Parametrage(
    delai_reclamation=10,
    lecteurs=LecteursPoste(ps="ps2", vitale="vitale2", saisie_sur_lecteur=True),
    numeros_centre=("99111111",),
)


#: Other settings under which a workstation is started: a mutant may ignore just these.
PAR_OCT = PARAMETRAGE.model_copy(
    update={
        "conventions": (ConventionPs(type_convention="AMC", numero_amc="75500017", code_application="99"),),
        "oct": "depot@concentrateur.test",
        "reglages_oct": ReglagesOct(mode="fse_enrichie", regroupement="par_caisse", application="TA", zone_message="Z"),
    }
)


@pytest.fixture(scope="module")
def fabrique(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fabrique]:
    """Builds workstations in front of one world, each in a folder of its own or in the folder of another."""
    postes: list[Poste] = []
    with MondeSimule(ConfigMonde(lecteurs={"ps": "dr-martin", "vitale": "durand-paul"})) as monde:
        pack = NormPack.par_defaut()

        def faire(parametrage: Parametrage, dossier: Path | None = None) -> Poste:
            poste = Poste(
                dossier or tmp_path_factory.mktemp("poste"),
                monde.environnement(),
                parametrage,
                HorlogeVirtuelle(monde.horloge.now()),
                graine=1,
                pack=pack,
            )
            postes.append(poste)
            return poste

        yield faire
        for poste in postes:
            poste.base.fermer()


@pytest.mark.parametrize("nom", list(MUTANTS))
def test_un_mutant_change_le_poste(nom: str, fabrique: Fabrique, tmp_path: Path) -> None:
    """Under one setting at least, or when settings change from one start to the next in the same folder."""
    essais: list[tuple[Parametrage, Path | None]] = [(PARAMETRAGE, None), (PAR_OCT, None)]
    for rang, suite in enumerate(((PARAMETRAGE, PAR_OCT), (PAR_OCT, PARAMETRAGE))):
        (tmp_path / str(rang)).mkdir()
        essais += [(parametrage, tmp_path / str(rang)) for parametrage in suite]
    change = any(_changes(nom, fabrique(parametrage, dossier)) for parametrage, dossier in essais)
    assert change, "le mutant ne remplace rien"


def _changes(nom: str, poste: Poste) -> set[str]:
    """What a mutant replaces in a workstation, which still starts."""
    avant = snapshot(poste)
    MUTANTS[nom].appliquer(poste)
    apres = snapshot(poste)
    poste.ouvrir(mode_test=False)
    poste.services.fermer()
    return {chemin for chemin in avant.keys() | apres.keys() if avant.get(chemin) is not apres.get(chemin)}


def snapshot(poste: Poste) -> dict[str, object]:
    """Path -> collaborator, two levels deep, with the entries of dictionaries."""
    vus: dict[str, object] = {}
    for nom, objet in _attributes(poste):
        vus[nom] = objet
        for sous_nom, sous_objet in _attributes(objet):
            vus[f"{nom}.{sous_nom}"] = sous_objet
            for dernier, valeur in _attributes(sous_objet):
                vus[f"{nom}.{sous_nom}.{dernier}"] = valeur
    return vus


def _attributes(objet: object) -> Iterator[tuple[str, object]]:
    if isinstance(objet, dict):
        yield from ((str(cle), valeur) for cle, valeur in objet.items())
        return
    if isinstance(objet, str | bytes | int | type | types.FunctionType | NormPack | HorlogeVirtuelle):
        return
    if dataclasses.is_dataclass(objet):
        yield from ((f.name, getattr(objet, f.name)) for f in dataclasses.fields(objet) if hasattr(objet, f.name))
    yield from getattr(objet, "__dict__", {}).items()
