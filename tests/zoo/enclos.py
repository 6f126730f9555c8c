"""How each animal of the zoo is started and shown to the real engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.adaptateur.configuration import ConfigLps
from harness.catalogue import load_catalogue, scenarios_directory
from harness.modele.verdict import ResultatScenario
from harness.moteur import Banc, play
from harness.scenarios import FichierScenario, load_scenario
from harness.vigilances import load_vigilances
from norms.paquet import NormPack
from tests.zoo import figurant, vicieuse
from tests.zoo.perroquet import VARIABLE

RACINE = Path(__file__).parents[2]
SCENARIOS = (
    "cartes/CARTE-01",
    "flux/FSE-01",
    "lots/LOT-01",
    "transmission/MSG-02",
    "arl/ARL-01",
    "ps/PS-04",
    "modes/DEGRADE-04",
    "securisation/SECU-01",
    "flux/DRE-01",
    "fichiers/FICHIER-01",
    "transmission/MSG-01",
    "transmission/SERVICE-01",
    "rsp/RSP-01",
    "reclamation/RECLAM-01",
)
#: From this rank on, the animals made of the reference are played in this process.
EN_PROCESSUS = 5
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


def bench_of(animal: str, dossier: Path, *, lps: ConfigLps | None = None, **environnement: str) -> Banc:
    return Banc(
        lps=lps or config_of(animal, **environnement),
        catalogue=load_catalogue(),
        pack=NormPack.par_defaut(),
        dossier=dossier,
        vigilances=load_vigilances(),
    )


def in_process(animal: str, fichier: FichierScenario, aveux: list[str] | None = None) -> ConfigLps:
    """A vicious LPS in this process: faster, the same messages."""
    parametres = {"animal": animal, "scenario": fichier.fichier, "aveux": aveux}
    return ConfigLps(
        nom=animal, transport="interne", fabrique="tests.zoo.vicieuse:creer", parametres=parametres, delai_s=DELAI
    )


def play_animal(animal: str, fichier: FichierScenario, dossier: Path, **environnement: str) -> ResultatScenario:
    """Shows an animal to the engine in one scenario; the parrot is told which.

    Every vice shows at the border of processes in the first scenarios; the rest of them spare the slower animals one.
    """
    lent = animal in vicieuse.ANIMAUX and animal != "bavard"
    rang = [nom.rpartition("/")[2] for nom in SCENARIOS].index(fichier.scenario.id)
    lps = in_process(animal, fichier) if lent and rang >= EN_PROCESSUS else None
    banc = bench_of(animal, dossier, lps=lps, **environnement, **{VARIABLE: fichier.fichier})
    return play(banc, fichier)


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
