"""``preagrement run``: plays a campaign through pytest, shows it as it goes, writes the dossier."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from harness import systeme
from harness.adaptateur.configuration import ErreurConfiguration, load_configuration
from harness.affichage import format_result, heading, summary
from harness.catalogue import scenarios_directory
from harness.cli.commun import (
    ERREUR_BANC,
    STYLES,
    Chemins,
    OptionAttestations,
    OptionGraine,
    OptionInterne,
    OptionJson,
    OptionLecteurs,
    OptionLps,
    OptionNorme,
    OptionTrace,
    Sortie,
    options,
    progress,
    show_traces,
)
from harness.modele.verdict import Campagne, ResultatScenario, Verdict
from harness.pytest_plugin import ETAT, Etat, result_of
from simulator.gardien import gardien

INI = Path(__file__).parent.parent / "donnees" / "campagne.ini"


def command(  # noqa: PLR0917 -- the options of the command line
    chemins: Chemins = None,
    lps: OptionLps = None,
    graine: OptionGraine = 1,
    lecteurs: OptionLecteurs = "simules",
    norme: OptionNorme = None,
    mots: Annotated[str, typer.Option("-k", help="Ne joue que ce qui correspond : LOT, « FSE and not DRE »…")] = "",
    scenario: Annotated[list[str] | None, typer.Option("-s", help="Identifiant d'un scénario à jouer.")] = None,
    processus: Annotated[
        str, typer.Option("-n", help="Nombre de processus ; à défaut, un de plus que de cœurs (4 au plus), 0 : aucun.")
    ] = "",
    dossier: Annotated[Path, typer.Option("--dossier", help="Dossier à écrire.")] = Path("preagrement-dossier"),
    echecs: Annotated[bool, typer.Option("--lf", help="Ne rejoue que les échecs de la dernière fois.")] = False,
    reprendre: Annotated[
        bool, typer.Option("--reprendre", help="Joue ce qui reste de la campagne interrompue de ce dossier.")
    ] = False,
    attestations: OptionAttestations = None,
    interne: OptionInterne = False,
    machine: OptionJson = False,
    tracer: OptionTrace = False,
    niveau: Annotated[
        str,
        typer.Option("--niveau", help="« adaptateur », ou « messagerie » : sans adaptateur, une personne est guidée."),
    ] = "adaptateur",
    dialogue: Annotated[
        str, typer.Option("--dialogue", help="Niveau messagerie : « terminal », ou « json » (une ligne par objet).")
    ] = "terminal",
    date: Annotated[
        str, typer.Option("--date", help="Niveau messagerie : date AAAA-MM-JJ ou « aujourdhui » pour tout scénario.")
    ] = "",
    port_smtp: Annotated[int, typer.Option("--port-smtp", min=0, max=65535, help="Niveau messagerie.")] = 0,
    port_pop3: Annotated[int, typer.Option("--port-pop3", min=0, max=65535, help="Niveau messagerie.")] = 0,
) -> None:
    """Joue les scénarios contre un LPS et écrit le dossier."""
    sortie = Sortie(machine=machine)
    if niveau == "messagerie":
        from harness.cli.niveau_messagerie import OptionsMessagerie, play  # noqa: PLC0415 -- heavy, for this level only

        refusees = {"--lps": lps, "-k": mots, "-n": processus, "--lf": echecs, "--attestations": attestations}
        donnees = [nom for nom, valeur in {**refusees, "--json": machine, "--interne": interne}.items() if valeur]
        if donnees:
            sortie.erreur(f"{donnees[0]} n'a pas de sens au niveau messagerie ; la retirer")
            raise typer.Exit(ERREUR_BANC)
        choix = options(graine=graine, lecteurs=lecteurs, norme=norme, dossier=dossier)
        du_niveau = OptionsMessagerie(reprendre, dialogue, date, port_smtp, port_pop3)
        raise typer.Exit(play(choix, chemins or [], scenario or [], du_niveau))
    if niveau != "adaptateur":
        sortie.erreur(f"--niveau {niveau} : « adaptateur » ou « messagerie » est attendu")
        raise typer.Exit(ERREUR_BANC)
    arguments = [str(c) for c in chemins or [scenarios_directory()]]
    arguments += [
        "-c",
        str(INI),
        "--rootdir",
        str(Path.cwd()),
        "-p",
        "harness.pytest_plugin",
        "-p",
        "no:terminal",
        "-p",
        "no:tmpdir",
        "-s",
    ]
    for nom, valeur in (
        ("lps", lps),
        ("graine", graine),
        ("lecteurs", lecteurs),
        ("norme", norme),
        ("dossier", dossier),
        ("attestations", attestations),
    ):
        arguments += [f"--preagrement-{nom}={valeur}"] if valeur is not None else []
    arguments += [f"--preagrement-scenario={s}" for s in scenario or []]
    arguments += ["--preagrement-interne"] if interne else []
    arguments += ["--preagrement-reprendre"] if reprendre else []
    arguments += ["-k", mots] if mots else []
    entiere = not (scenario or mots or chemins or interne or lecteurs != "simules")
    seul = one_workstation(lps)
    if seul and processus not in ("", "0", "1"):
        sortie.erreur(f"-n {processus} : un adaptateur par HTTP n'a qu'un poste, un scénario à la fois ; retirer -n")
        raise typer.Exit(ERREUR_BANC)
    if processus not in ("", "auto", "logical") and not processus.isdigit():
        sortie.erreur(f"-n {processus} : un nombre de processus est attendu")
        raise typer.Exit(ERREUR_BANC)
    processus = processus or default_processes(entiere=entiere and not seul)
    arguments += ["-n", processus] if processus not in ("", "0") else []
    arguments += ["--lf"] if echecs else []
    manquants = [c for c in chemins or [] if not c.exists()]
    if manquants:
        sortie.erreur(f"{manquants[0]} : ni fichier ni dossier ; vérifier le chemin")
        raise typer.Exit(ERREUR_BANC)
    systeme.spare_garbage_collector()
    debut = time.monotonic()
    tue = f"banc arrêté brutalement ; {resume_line()}"
    with gardien().watching("message", tue), progress(sortie, "scénarios") as barre:
        ecoute = Ecoute(sortie, barre)
        code = pytest.main(arguments, plugins=[ecoute])
    ecoute.duree = time.monotonic() - debut
    sortie_code = conclude(ecoute, code, set(scenario or []))
    if tracer and ecoute.etat is not None and ecoute.etat.campagne is not None:
        show_traces(sortie, ecoute.etat.campagne.scenarios, dossier)
    raise typer.Exit(sortie_code)


def one_workstation(lps: Path | None) -> bool:
    """Whether the LPS can only serve one scenario at a time: over HTTP, one program holds one workstation.

    A configuration that can't be read says False here: the campaign reports it.
    """
    try:
        return lps is not None and load_configuration(lps).transport == "http"
    except ErreurConfiguration:
        return False


def default_processes(*, entiere: bool) -> str:
    """How many processes a campaign takes when nothing is asked: one more than cores, 4 at most, if it is whole.

    One more, since a scenario spends a fifth of its time waiting for its LPS to start and its servers to stop.
    """
    coeurs = os.cpu_count() or 1
    return str(min(coeurs + 1, 4)) if entiere and coeurs > 1 else ""


def _french(refus: str) -> str:
    """A refusal of pytest's own, of which there is one: an expression of -k that it can't read; ours are French."""
    faux = re.match(r"Wrong expression passed to '-k': (.*): at column (\d+): ", refus, re.DOTALL)
    if faux is None:
        return refus
    return f"-k {faux[1]} : incompris à la colonne {faux[2]} ; attendu des mots, and, or, not et des parenthèses"


class Ecoute:
    """Listens to the campaign: shows each result as it comes, keeps the plugin's state for the end."""

    def __init__(self, sortie: Sortie, barre: Any) -> None:
        self._sortie, self._barre = sortie, barre
        self.etat: Etat | None = None
        self.duree = 0.0

    @property
    def sortie(self) -> Sortie:
        return self._sortie

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Generator[None, int | pytest.ExitCode | None, int | pytest.ExitCode | None]:
        """What pytest refuses is told as everything else is, in French."""
        try:
            return (yield)
        except pytest.UsageError as exc:
            self._sortie.erreur(_french(str(exc)))
            return pytest.ExitCode.USAGE_ERROR

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self.etat = config.stash.get(ETAT, None)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.etat = session.config.stash[ETAT]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.items:
            self._barre.total(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self._barre.total(len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        resultat = result_of(report)
        if resultat is None:
            return
        self._barre.step(resultat.id)
        if self._sortie.terminal and resultat.verdict in (Verdict.CONFORME, Verdict.NON_APPLICABLE):
            return
        self.show(resultat)

    def show(self, resultat: ResultatScenario) -> None:
        """A line when all is well, the whole account otherwise."""
        style = STYLES[resultat.verdict]
        if self.etat is None or resultat.verdict in (Verdict.CONFORME, Verdict.NON_APPLICABLE):
            self._sortie.line(heading(resultat), style)
        else:
            etat = self.etat
            self._sortie.lines(format_result(resultat, etat.banc.catalogue, etat.banc.graine, etat.options), style)


def conclude(ecoute: Ecoute, code: int, voulus: set[str]) -> int:
    """Says what came out and gives the exit code."""
    sortie, etat = ecoute.sortie, ecoute.etat
    if etat is None or etat.campagne is None or code == pytest.ExitCode.USAGE_ERROR:
        return ERREUR_BANC  # why has been said
    campagne = etat.campagne
    for ennui in (*etat.alertes, *etat.fautes):
        sortie.erreur(ennui)
    absents = sorted(voulus - {s.id for s in campagne.scenarios})
    if absents and not campagne.interrompue:
        sortie.erreur(f"aucun scénario ne porte l'identifiant {', '.join(absents)} ; voir « preagrement lint »")
        return ERREUR_BANC
    sortie.line()
    for ligne in summary(campagne):
        sortie.line(ligne)
    if campagne.interrompue:
        sortie.line("campagne interrompue : tous les scénarios n'ont pas été joués")
        if etat.carnet is not None and not etat.fautes:
            sortie.line(resume_line())
    html = [r for r in etat.rapports if r.suffix == ".html"]
    sortie.line(f"dossier : {html[0] if html else etat.banc.dossier}")
    sortie.line(f"durée : {ecoute.duree:.1f} s")
    if sortie.machine:
        sortie.json(machine_summary(campagne, ecoute.duree))
    return ERREUR_BANC if etat.fautes or code == pytest.ExitCode.INTERNAL_ERROR else campagne.code_sortie


def resume_line() -> str:
    """The command that plays the rest of this campaign."""
    mots = [m for m in sys.argv[1:] if m != "--reprendre"]
    return f"reprendre : {shlex.join(['preagrement', *mots, '--reprendre'])}"


def machine_summary(campagne: Campagne, duree: float) -> dict[str, Any]:
    """The object of ``run --json``."""
    return {
        "scenarios": campagne.compte("scenarios"),
        "exigences": campagne.compte("exigences"),
        "duree_s": round(duree, 3),
    }
