"""Cards served to an unmodified program: a private pcscd and the program, or a vpcd driver that already runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from norms.contrat.ports import PARIS, AleaReproductible
from simulator.cards.carte import Card
from simulator.cards.erreurs import LecteurIndisponible
from simulator.monde.population import Population
from simulator.pki import TestPki
from simulator.readers.equipement import ErreurEquipement
from simulator.readers.galss import ErreurConfiguration, read_galss
from simulator.readers.ouverture import LECTEURS, NOMS_PCSC, Lecteurs, ouvrir_lecteurs
from simulator.readers.pcsc import Contexte
from simulator.readers.pcscd import MAX_LECTEURS
from simulator.readers.trace import Espion
from simulator.readers.vpcd import VpcdSlot

DELAI_EXTERNE = 30.0  # seconds for an external card to show up
DELAI_ARRET = 5.0
PORT = "{port}"


class ErreurServiceCartes(ValueError):
    """A set of cards that can't be served; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Poste:
    """What goes into each reader: ``ps``, ``vitale``, and any other that ``noms`` names.

    ``cartes``: names in the population. ``externes``: the command line of a card of somebody else's, where ``{port}``
    stands for the TCP port of the driver. ``noms``: names of the readers. ``ports``: of drivers that already run.
    """

    cartes: Mapping[str, str] = field(default_factory=dict)
    externes: Mapping[str, str] = field(default_factory=dict)
    noms: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)

    @property
    def lecteurs(self) -> tuple[str, ...]:
        """Every reader of the workstation."""
        return (*LECTEURS, *(n for n in self.noms if n not in LECTEURS))

    def check(self) -> None:
        """Raises ErreurServiceCartes."""
        if len(self.lecteurs) > MAX_LECTEURS:
            raise ErreurServiceCartes(f"{len(self.lecteurs)} lecteurs ; {MAX_LECTEURS} au plus")
        if len(set(self.noms.values())) != len(self.noms):
            raise ErreurServiceCartes("deux lecteurs de même nom ; donner un nom à chacun")
        if not self.cartes and not self.externes:
            raise ErreurServiceCartes("aucune carte demandée ; donner --ps, --vitale ou une carte externe")
        for lecteur in LECTEURS:
            if lecteur in self.cartes and lecteur in self.externes:
                raise ErreurServiceCartes(f"lecteur {lecteur} : une carte de la population ou une autre, pas les deux")
        for lecteur, commande in self.externes.items():
            if PORT not in commande:
                raise ErreurServiceCartes(f"carte externe du lecteur {lecteur} : la commande doit contenir {PORT}")
        if self.ports and (self.externes or set(self.ports) != set(self.cartes)):
            raise ErreurServiceCartes("avec un pilote déjà en marche, donner un port par carte et aucune carte externe")


#: What PC/SC adds to the name of a reader: interface and slot.
_SUFFIXE = re.compile(r" [0-9A-F]{2} [0-9A-F]{2}$")


def names_of(galss: Path) -> dict[str, str]:
    """The names to give to our readers so that a program finds those of its ``galss.ini``.

    A name already ends with « 00 00 », which PC/SC will add again. Raises ErreurServiceCartes.
    """
    try:
        equipement = read_galss(galss)
    except ErreurConfiguration as exc:
        raise ErreurServiceCartes(f"{galss.name} (code {exc.code}) : {exc}") from exc
    noms: dict[str, str] = {}
    for lecteur in LECTEURS:
        try:
            materiel = equipement.materiel(lecteur)
        except ErreurEquipement as exc:
            raise ErreurServiceCartes(f"{galss.name} : aucun lecteur pour la carte {lecteur}") from exc
        if materiel.nature == "pcsc":
            noms[lecteur] = _SUFFIXE.sub("", materiel.nom)
    if not noms:
        raise ErreurServiceCartes(
            f"{galss.name} ne décrit que des lecteurs SESAM-Vitale : un programme ne les joint pas par PC/SC ; donner "
            "--nom-ps et --nom-vitale, ou des canaux PC/SC"
        )
    if len(set(noms.values())) != len(noms):
        raise ErreurServiceCartes(
            f"{galss.name} : les deux cartes dans le même lecteur PC/SC « {noms['ps']} » ; chaque lecteur du banc n'en "
            "porte qu'une"
        )
    return noms


def cards(poste: Poste, population: Path, jour: date) -> dict[str, Card]:
    """The cards by reader, with the keys of the test PKI of ``jour``. Raises ErreurMonde, ErreurChargement."""
    pki = TestPki(datetime(jour.year, jour.month, jour.day, tzinfo=PARIS))
    presentes = Population(population, pki, AleaReproductible(0, "cartes"))
    return {lecteur: presentes.card(nom) for lecteur, nom in poste.cartes.items()}


def serve_private(
    poste: Poste,
    presentes: Mapping[str, Card],
    programme: Sequence[str],
    *,
    espion: Espion,
    dire: Callable[[str], None] = lambda _: None,
) -> int:
    """Runs ``programme`` against the cards behind a private pcscd and gives its exit code (128 + n when a signal n
    ended it).

    ``dire`` gets French lines about what happens. Raises LecteurIndisponible, ErreurServiceCartes.
    """
    poste.check()
    noms = {lecteur: poste.noms.get(lecteur) or NOMS_PCSC[lecteur] for lecteur in poste.lecteurs}
    with (
        ouvrir_lecteurs("pcsc", noms=poste.lecteurs, noms_pcsc=noms, espion=espion) as lecteurs,
        ExitStack() as pile,
    ):
        for lecteur, commande in poste.externes.items():
            pile.enter_context(_external(lecteurs, lecteur, noms[lecteur], commande))
        for lecteur, carte in presentes.items():
            lecteurs[lecteur].insert(carte)
        for lecteur in poste.lecteurs:
            contenu = poste.cartes.get(lecteur) or ("carte externe" if lecteur in poste.externes else "vide")
            dire(f"lecteur « {noms[lecteur]} 00 00 » : {contenu}")
        return run_program(programme, lecteurs.environnement)


def serve_driver(
    poste: Poste,
    presentes: Mapping[str, Card],
    programme: Sequence[str],
    *,
    espion: Espion,
    attendre: Callable[[], None],
    dire: Callable[[str], None] = lambda _: None,
) -> int:
    """Puts the cards in readers of a vpcd driver that already runs (Windows, or the system's pcscd).

    Then runs ``programme``, or without one calls ``attendre`` and returns 0. Raises LecteurIndisponible.
    """
    poste.check()
    with ExitStack() as pile:
        for lecteur, carte in presentes.items():
            slot = VpcdSlot(carte, poste.ports[lecteur], nom=lecteur, espion=espion)
            pile.callback(slot.stop)
            espion.inserted(lecteur, carte.atr)
            dire(f"port {poste.ports[lecteur]} : {poste.cartes[lecteur]}")
        for lecteur, carte in presentes.items():
            if not _seen(carte.atr):
                dire(f"le service PC/SC ne dit pas voir la carte « {poste.cartes[lecteur]} » ; vérifier le pilote vpcd")
        if programme:
            return run_program(programme, {})
        attendre()
    return 0


def _seen(atr: bytes) -> bool:
    """Waits until a reader of the PC/SC service in use shows this ATR; False when none does, or without pyscard."""
    try:
        contexte = Contexte()
    except LecteurIndisponible:
        return False
    try:
        limite = time.monotonic() + DELAI_ARRET
        while time.monotonic() < limite:
            for nom in contexte.readers():
                if contexte.wait(nom, lambda etat: etat.atr == atr, 0.2) is not None:
                    return True
        return False
    finally:
        contexte.release()


def run_program(programme: Sequence[str], environnement: Mapping[str, str]) -> int:
    """The exit code of ``programme``, which gets our input and outputs. Raises ErreurServiceCartes."""
    try:
        processus = subprocess.Popen(list(programme), env={**os.environ, **environnement})
    except OSError as exc:
        raise ErreurServiceCartes(_cannot_start(programme[0], exc)) from exc
    try:
        code = processus.wait()
    except BaseException:
        _stop(processus)
        raise
    return 128 - code if code < 0 else code


@contextmanager
def _external(lecteurs: Lecteurs, lecteur: str, nom: str, commande: str) -> Iterator[None]:
    """A card of somebody else's in a reader, for the time of a ``with``."""
    if lecteurs.pcscd is None:
        raise ErreurServiceCartes("une carte externe demande des lecteurs PC/SC")
    entree = lecteurs.pcscd.entree(nom)
    mots = [mot.replace(PORT, str(entree.port)) for mot in shlex.split(commande)]
    try:
        processus = subprocess.Popen(mots, stdin=subprocess.DEVNULL)
    except OSError as exc:
        raise ErreurServiceCartes(f"carte externe : {_cannot_start(mots[0], exc)}") from exc
    contexte = Contexte()
    try:
        limite = time.monotonic() + DELAI_EXTERNE
        while contexte.wait(entree.nom_pcsc, lambda etat: etat.present, 0.5) is None:
            if processus.poll() is not None:
                raise LecteurIndisponible(
                    f"la carte externe « {mots[0]} » s'est arrêtée (code {processus.returncode}) avant d'être vue"
                )
            if time.monotonic() > limite:
                raise LecteurIndisponible(
                    f"la carte externe « {mots[0]} » ne s'est pas présentée sur le port {entree.port}"
                    f" en {DELAI_EXTERNE:.0f} s ; c'est elle qui doit s'y connecter"
                )
        yield
    finally:
        contexte.release()
        _stop(processus)


def _cannot_start(programme: str, exc: OSError) -> str:
    if isinstance(exc, FileNotFoundError):
        return f"« {programme} » introuvable ; vérifier son chemin"
    if isinstance(exc, PermissionError):
        return f"« {programme} » n'est pas exécutable par cet utilisateur ; vérifier ses droits"
    return f"« {programme} » ne démarre pas (erreur {exc.errno}) ; vérifier que c'est un programme de ce système"


def _stop(processus: subprocess.Popen[bytes]) -> None:
    """Ends a process: politely, then not."""
    processus.terminate()
    try:
        processus.wait(DELAI_ARRET)
    except subprocess.TimeoutExpired:
        processus.kill()
        processus.wait()
