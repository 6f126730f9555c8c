"""pytest plugin: scenario files are test items, so ``-k``, ``-n``, ``--lf`` work on them (docs/adr/0004).

``pytest -p harness.pytest_plugin scenarios/ -k LOT -n 2``. A scenario's result travels as JSON in the report of
its item, hence also across xdist's process border; the controlling process gathers the campaign.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness import interruption, systeme
from harness.adaptateur.client import ClientLps, open_transport
from harness.adaptateur.configuration import ErreurConfiguration, load_configuration
from harness.adaptateur.pannes import PanneLps
from harness.affichage import format_result, replay_line, replay_options
from harness.attestations import load_attestations
from harness.campagne import build_campaign, identity
from harness.catalogue import load_catalogue
from harness.dossier import claim_directory
from harness.modele.verdict import Campagne, ResultatScenario, Verdict
from harness.monde import Lecteurs
from harness.moteur import Banc, not_played, play
from harness.rapports import write_reports
from harness.reprise import Carnet, ErreurReprise
from harness.scenarios import ErreurScenario, FichierScenario, is_scenario_path, load_scenario
from harness.vigilances import load_vigilances
from norms.chargement import ErreurChargement
from norms.contrat.adaptateur import Presentation
from norms.paquet import ErreurPaquet, NormPack
from simulator.gardien import gardien

PROPRIETE, DUREE = "preagrement", "preagrement_duree"
#: Breakdowns before the first step, in a row, after which the LPS is taken for dead.
MAX_MUETS = 3
_DELAI_OUVRIER = 60.0
_PREFIXE = "preagrement_"
_DEJA = "preagrement_deja"
_LECTEURS: dict[str, Lecteurs] = {"simules": "simules", "pcsc": "pcsc"}


@dataclass
class Etat:
    """What the plugin gathers in one process."""

    banc: Banc
    resultats: dict[str, ResultatScenario] = field(default_factory=dict)
    fautes: list[str] = field(default_factory=list)
    alertes: list[str] = field(default_factory=list)
    muets: int = 0
    presentation: Presentation | None = None
    campagne: Campagne | None = None
    rapports: list[Path] = field(default_factory=list)
    options: str = ""
    carnet: Carnet | None = None
    deja: set[str] = field(default_factory=set)
    ouvriers: list[int] = field(default_factory=list)


ETAT = pytest.StashKey[Etat]()


def pytest_addoption(parser: pytest.Parser) -> None:
    groupe = parser.getgroup("preagrement", "campagne de pré-agrément")
    for nom, aide in (
        ("lps", "configuration TOML du LPS (à défaut, la référence)"),
        ("graine", "graine de la campagne"),
        ("lecteurs", "simules ou pcsc"),
        ("norme", "répertoire d'un paquet de normes"),
        ("dossier", "dossier à écrire"),
        ("attestations", "réponses aux questions posées à une personne (YAML)"),
    ):
        groupe.addoption(f"--preagrement-{nom}", dest=_PREFIXE + nom, default=None, help=aide)
    groupe.addoption("--preagrement-interne", dest=_PREFIXE + "interne", action="store_true", help="LPS en processus")
    groupe.addoption(
        "--preagrement-reprendre", dest=_PREFIXE + "reprendre", action="store_true", help="campagne interrompue"
    )
    groupe.addoption(
        "--preagrement-scenario", dest=_PREFIXE + "scenario", action="append", default=[], help="identifiant à jouer"
    )


def make_bench(option: Any) -> Banc:
    """The bench for command-line options (attributes ``preagrement_…``). Raises the errors of what it loads."""
    lps = load_configuration(Path(option.preagrement_lps) if option.preagrement_lps else None)
    if option.preagrement_interne:
        lps = (
            type(lps).model_validate({**dict(lps), "transport": "interne"}).model_copy(update={"dossier": lps.dossier})
        )
    lecteurs = _LECTEURS.get(option.preagrement_lecteurs or "simules")
    if lecteurs is None:
        raise ErreurConfiguration(f"--lecteurs {option.preagrement_lecteurs} : « simules » ou « pcsc » est attendu")
    graine = str(option.preagrement_graine or "1")
    if not graine.isdigit() or len(graine) > 18:
        raise ErreurConfiguration(f"--graine {graine} : un entier positif est attendu")
    return Banc(
        lps=lps,
        catalogue=load_catalogue(),
        pack=NormPack.avec(Path(option.preagrement_norme)) if option.preagrement_norme else NormPack.par_defaut(),
        dossier=Path(option.preagrement_dossier or "preagrement-dossier"),
        graine=int(graine),
        lecteurs=lecteurs,
        attestations=load_attestations(option.preagrement_attestations or lps.attestations_file()),
        vigilances=load_vigilances(),
    )


def is_worker(config: pytest.Config) -> bool:
    """Whether this process plays scenarios for another one (xdist)."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    try:
        banc = make_bench(config.option)
        etat = Etat(banc, options=replay_options(config.option))
        if is_worker(config):
            interruption.install()
            systeme.spare_garbage_collector()
            etat.deja = set(config.workerinput.get(_DEJA, ()))  # type: ignore[attr-defined]  # given by xdist
        elif not config.option.collectonly:
            _open_dossier(etat, reprendre=config.option.preagrement_reprendre)
    except (ErreurConfiguration, ErreurPaquet, ErreurChargement, ErreurReprise, OSError) as exc:
        connue = isinstance(exc, OSError) and exc.errno is not None
        raise pytest.UsageError(systeme.cause(exc) if connue else str(exc)) from exc
    config.stash[ETAT] = etat


def _open_dossier(etat: Etat, *, reprendre: bool) -> None:
    """Claims the folder of the campaign and its notebook. Raises ErreurReprise, OSError."""
    carnet = Carnet(etat.banc)
    joues = carnet.read() if reprendre else []
    claim_directory(etat.banc.dossier, garder=reprendre)
    carnet.start(joues)
    etat.carnet = carnet
    etat.resultats = {_key(r.fichier, r.id): r for r in joues}
    etat.deja = set(etat.resultats)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells each worker what is already played; one doesn't outlive this process, even killed outright (xdist)."""
    etat = node.config.stash[ETAT]
    node.workerinput[_DEJA] = sorted(etat.deja)
    pid = node.gateway.remote_exec("import os; channel.send(os.getpid())").receive(_DELAI_OUVRIER)
    gardien().watch("processus", pid)
    etat.ouvriers.append(pid)


def _key(fichier: str, identifiant: str) -> str:
    return f"{fichier}::{identifiant}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    donne = any(Path(str(a).split("::")[0]).resolve() == file_path for a in parent.config.args)
    if not donne and not is_scenario_path(file_path):
        return None
    return FichierCollecte.from_parent(parent, path=file_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    vus: dict[str, str] = {}
    for item in items:
        if isinstance(item, ItemScenario):
            identifiant, fichier = item.fichier.scenario.id, item.fichier.fichier
            item.doublon = vus.setdefault(identifiant, fichier) if vus.get(identifiant, fichier) != fichier else ""
            vus.setdefault(identifiant, fichier)
    voulus = set(getattr(config.option, _PREFIXE + "scenario"))
    deja = config.stash[ETAT].deja
    if voulus or deja:
        gardes = [
            i
            for i in items
            if isinstance(i, ItemScenario)
            and (not voulus or i.fichier.scenario.id in voulus)
            and _key(i.fichier.fichier, i.fichier.scenario.id) not in deja
        ]
        config.hook.pytest_deselected(items=[i for i in items if i not in gardes])
        items[:] = gardes


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """In a worker, catalogue, scenarios and norm pack stay to the end: no need for the collector to go through them."""
    if is_worker(session.config):
        gc.collect()
        gc.freeze()


class FichierCollecte(pytest.File):
    """One scenario file."""

    def collect(self) -> Iterable[ItemScenario]:
        try:
            fichier = load_scenario(self.path)
        except ErreurScenario as exc:
            raise self.CollectError(str(exc)) from exc
        yield ItemScenario.from_parent(self, name=fichier.scenario.id, fichier=fichier)


class ItemScenario(pytest.Item):
    """One scenario: played by the engine, failed when it is not conforming."""

    def __init__(self, *, fichier: FichierScenario, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fichier = fichier
        self.doublon = ""
        scenario = fichier.scenario
        self.extra_keyword_matches.update({*scenario.etiquettes, *scenario.exigences, *scenario.mutants})

    def runtest(self) -> None:
        resultat = self._play(self.config.stash[ETAT])
        self.user_properties.append((PROPRIETE, resultat.model_dump_json()))
        self.user_properties.append((DUREE, resultat.duree_s))
        if resultat.verdict in (Verdict.NON_CONFORME, Verdict.ERREUR_BANC):
            raise EchecScenario(resultat)
        if resultat.verdict is not Verdict.CONFORME:
            raise pytest.skip.Exception(f"{resultat.verdict.libelle} : {resultat.cause or resultat.titre}")

    def _play(self, etat: Etat) -> ResultatScenario:
        if self.doublon:
            cause = f"l'identifiant {self.fichier.scenario.id} est déjà celui de {self.doublon}"
            return not_played(etat.banc, self.fichier, Verdict.ERREUR_BANC, cause)
        if etat.muets >= MAX_MUETS:
            cause = f"le LPS est tombé en panne {MAX_MUETS} fois de suite dès le démarrage : scénario non joué"
            return not_played(etat.banc, self.fichier, Verdict.NON_TESTE, cause)
        resultat = play(etat.banc, self.fichier)
        etat.muets = etat.muets + 1 if resultat.panne_lps and not resultat.deroule else 0
        return resultat

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, EchecScenario):
            etat = self.config.stash[ETAT]
            return "\n".join(format_result(excinfo.value.resultat, etat.banc.catalogue, etat.banc.graine, etat.options))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.fichier.scenario.id} {self.fichier.scenario.titre}"


class EchecScenario(Exception):
    """Carries the result of a scenario that failed."""

    def __init__(self, resultat: ResultatScenario) -> None:
        self.resultat = resultat
        super().__init__(resultat.verdict.libelle)


class Ramasseur:
    """Gathers results in the controlling process, then writes the dossier."""

    def __init__(self, config: pytest.Config) -> None:
        self._config, self._etat = config, config.stash[ETAT]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        resultat = result_of(report)
        if resultat is not None:
            rejouer = replay_line(resultat, self._etat.banc.graine, self._etat.options)
            resultat = resultat.model_copy(update={"rejouer": rejouer})
            self._etat.resultats[report.nodeid] = resultat
            self._note(resultat)
        elif report.failed:
            self._etat.resultats[report.nodeid] = ResultatScenario(
                id=report.nodeid.rpartition("::")[2] or report.nodeid,
                titre="scénario interrompu par une erreur du banc",
                fichier=report.nodeid.partition("::")[0],
                verdict=Verdict.ERREUR_BANC,
                cause=str(report.longrepr)[-2000:],
            )

    def _note(self, resultat: ResultatScenario) -> None:
        """Keeps the result for a resumption; a disk that refuses ends that, not the campaign."""
        if self._etat.carnet is None:
            return
        try:
            self._etat.carnet.note(resultat)
        except OSError as exc:
            self._etat.carnet = None
            self._etat.alertes.append(f"cette campagne ne pourra pas être reprise : {systeme.cause(exc)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._etat.fautes.append(str(report.longrepr))

    def pytest_keyboard_interrupt(self) -> None:
        """A « kill » reaches this process alone: the workers are told, else they would end their step first (xdist)."""
        interruption.pass_on(self._etat.ouvriers)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        etat = self._etat
        if self._config.option.collectonly:
            return
        interrompue = exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        if etat.resultats and not interrompue:
            etat.presentation = introduce(etat.banc)
        etat.campagne = build_campaign(
            identity(etat.banc, etat.presentation),
            etat.resultats.values(),
            etat.banc.catalogue,
            interrompue=interrompue or bool(etat.fautes),
        )
        if etat.carnet is not None and not etat.campagne.interrompue:
            etat.carnet.end()
        if etat.resultats:
            etat.rapports, fautes = write_reports(etat.campagne, etat.banc.catalogue, etat.banc.dossier)
            etat.fautes += fautes
            if fautes:
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if not is_worker(session.config):
        session.config.pluginmanager.register(Ramasseur(session.config), "preagrement-ramasseur")


def result_of(report: pytest.TestReport) -> ResultatScenario | None:
    """The scenario result that a report carries, with its duration; None for another kind of report."""
    if report.when != "call":
        return None
    proprietes = dict(report.user_properties)
    if PROPRIETE not in proprietes:
        return None
    resultat = ResultatScenario.model_validate_json(str(proprietes[PROPRIETE]))
    return resultat.model_copy(update={"duree_s": float(str(proprietes.get(DUREE, 0.0)))})


def introduce(banc: Banc) -> Presentation | None:
    """Asks the LPS who it is; None when it can't tell."""
    try:
        client = ClientLps(open_transport(banc.lps), delai=banc.lps.delai_s)
    except PanneLps:
        return None
    try:
        return client.saluer()
    except PanneLps:
        return None
    finally:
        client.fermer()
