"""How each animal of the zoo is started and shown to the real engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.adaptateur.configuration import ConfigLps
from harness.catalogue import load_catalogue, scenarios_directory
from harness.modele.verdict import ResultatScenario
from harness.moteur import Banc
from harness.scenarios import FichierScenario, load_scenario
from harness.vigilances import load_vigilances
from norms.paquet import NormPack
from tests.zoo import figurant, vicieuse

RACINE = Path(__file__).parents[2]
SCENARIOS = (
    "cartes/CARTE-01",
    "flux/FSE-01",
    "lots/LOT-01",
    "transmission/MSG-01",
    "transmission/MSG-02",
    "arl/ARL-01",
)
#: Time-outs in seconds: short for those that make the bench wait, ample for the others.
DELAIS = {"muet": 3.0, "tardif": 3.0}
DELAI = 30.0
MEMOIRE_MIO = 128
MARQUE = "PREAGREMENT_ZOO"
ANIMAUX = ("sain", "meurt-au-demarrage", *figurant.VICES, *(a for a in vicieuse.ANIMAUX if a != "sain"))


def command_of(animal: str) -> tuple[str, ...]:
    """The command line of an animal."""
    if animal in vicieuse.ANIMAUX:
        return sys.executable, "-m", "tests.zoo.vicieuse", animal
    return sys.executable, str(Path(figurant.__file__)), animal


def config_of(animal: str, **environnement: str) -> ConfigLps:
    """The configuration of an animal, as a vendor would write one for an LPS."""
    chemins = os.pathsep.join((str(RACINE), *filter(None, [os.environ.get("PYTHONPATH")])))
    return ConfigLps(
        nom=animal,
        commande=command_of(animal),
        environnement={"PYTHONPATH": chemins, **environnement},
        delai_s=DELAIS.get(animal, DELAI),
        memoire_mio=MEMOIRE_MIO if animal == "gourmand" else 2048,
        dossier=RACINE,
    )


def bench_of(animal: str, dossier: Path, **environnement: str) -> Banc:
    return Banc(
        lps=config_of(animal, **environnement),
        catalogue=load_catalogue(),
        pack=NormPack.par_defaut(),
        dossier=dossier,
        vigilances=load_vigilances(),
    )


def scenario(nom: str) -> FichierScenario:
    """A scenario shipped with the bench, « lots/LOT-01 »."""
    return load_scenario(scenarios_directory() / f"{nom}.yaml")


def told(resultat: ResultatScenario) -> str:
    """All that the dossier says of a scenario, to look for a reason in."""
    textes = [resultat.cause, resultat.erreurs_lps]
    for constat in resultat.constats:
        textes += [constat.constate, constat.pourquoi, constat.a_corriger]
    return "\n".join(textes)


def children(marque: Mapping[str, str]) -> list[int]:
    """Live processes that carry these environment variables: whatever the bench started, however deep (Linux)."""
    voulues = {f"{cle}={valeur}".encode() for cle, valeur in marque.items()}
    trouves = []
    for dossier in Path("/proc").iterdir():
        if not dossier.name.isdigit():
            continue
        try:
            etat = (dossier / "stat").read_bytes().rpartition(b")")[2].split()[0]
            variables = set((dossier / "environ").read_bytes().split(b"\0"))
        except OSError:
            continue
        if voulues <= variables and etat not in (b"Z", b"X"):
            trouves.append(int(dossier.name))
    return trouves
