"""Every way an adapter can break the conversation, with real child processes: named, attributed, cleaned up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.adaptateur.client import ClientLps, open_transport
from harness.adaptateur.configuration import ConfigLps
from harness.adaptateur.pannes import (
    ArretLps,
    ErreurAdaptateur,
    OperationAbsente,
    PanneLps,
    RefusVersion,
    ReponseHorsSequence,
    ReponseIllisible,
    ResultatInvalide,
    SilenceLps,
)
from harness.adaptateur.stdio import TransportStdio
from harness.adaptateur.transport import MAX_ERREURS
from harness.modele.verdict import Verdict
from norms.contrat.adaptateur import VERSION
from tests.harness.aides import SCRIPT, config_interne, config_stdio, run

ELABORER = {"prestations": [{"code": "G", "date": "2026-03-02"}], "numero": "000000012"}
PANNES = [
    ("meurt", ArretLps, "s'est arrêté de lui-même, code de sortie 3"),
    ("coupee", ReponseIllisible, "la dernière ligne n'est pas terminée"),
    ("inonde", ReponseIllisible, "plus de 16 lignes non demandées"),
    ("geante", ReponseIllisible, "une ligne de plus de 8388608 octets"),
    ("charabia", ReponseIllisible, "n'est pas du JSON (illisible à partir du caractère 0) : « Traceback"),
    ("utf8", ReponseIllisible, "n'est pas en UTF-8 (octet 43)"),
    ("liste", ReponseIllisible, "n'est pas une réponse JSON-RPC 2.0 : « [1, 2] »"),
    ("deux", ReponseIllisible, "« result » ou « error », l'un des deux"),
    ("nan", ReponseIllisible, "NaN n'est pas une valeur JSON"),
    ("profonde", ReponseIllisible, "imbrication trop profonde"),
    ("autre_id", ReponseHorsSequence, "porte l'id 999, la demande « facture.elaborer » l'id 3"),
    ("desordre", ReponseHorsSequence, "porte l'id 1, la demande « facture.elaborer » l'id 3"),
    ("schema", ResultatInvalide, "factures[0].montants.total : un nombre entier est attendu"),
    ("inconnue", OperationAbsente, "déclare « facture.elaborer », puis répond qu'il ne la connaît pas"),
    ("erreur", ErreurAdaptateur, "l'erreur -32603 à « facture.elaborer » : « aïe »"),
]


def drive(client: ClientLps, dossier: Path) -> None:
    """A short conversation, up to the operation that breaks."""
    client.saluer()
    boite = {"hote": "127.0.0.1", "port": 9}
    environnement = {"services_url": "http://127.0.0.1:9", "services_jeton": "j", "smtp": boite, "pop3": boite}
    client.appeler(
        "poste.demarrer",
        {
            "maintenant": "2026-03-02T09:00:00+01:00",
            "graine": 1,
            "dossier": str(dossier),
            "environnement": environnement,
        },
    )
    client.appeler("facture.elaborer", ELABORER)


@pytest.mark.parametrize(("faute", "panne", "message"), PANNES, ids=[p[0] for p in PANNES])
def test_each_breakdown_of_a_child_is_named(faute: str, panne: type[PanneLps], message: str, tmp_path: Path) -> None:
    config = config_stdio(faute)
    client = ClientLps(open_transport(config), delai=config.delai_s)
    try:
        with pytest.raises(panne) as levee:
            drive(client, tmp_path)
    finally:
        client.fermer()
    assert message in str(levee.value)


@pytest.mark.skipif(sys.platform == "win32", reason="signaux POSIX")
def test_a_child_killed_by_a_signal_says_which(tmp_path: Path) -> None:
    resultat = run(tmp_path, config_stdio("signal"))
    assert "tué par le signal SIGKILL" in resultat.panne_lps


def test_a_hang_is_bounded_by_the_delay_and_its_stderr_is_kept(tmp_path: Path) -> None:
    debut = time.monotonic()
    resultat = run(tmp_path, config_stdio("muet", delai=1.0))
    assert time.monotonic() - debut < 6
    assert resultat.verdict is Verdict.NON_CONFORME
    assert resultat.panne_lps == "le LPS n'a pas répondu à « facture.elaborer » en 1 s"
    assert "j'attends" in resultat.erreurs_lps
    assert (tmp_path / "preuves" / "ESSAI-01" / "erreurs-lps.txt").read_text(encoding="utf-8") == "j'attends\n"


def test_a_child_that_closes_its_output_without_ending(tmp_path: Path) -> None:
    assert "a fermé sa sortie standard sans s'arrêter" in run(tmp_path, config_stdio("ferme")).panne_lps


def test_unknown_protocol_version_is_refused(tmp_path: Path) -> None:
    client = ClientLps(open_transport(config_stdio("version")), delai=10)
    try:
        with pytest.raises(RefusVersion, match=rf"« 2\.0 », le banc {re.escape(VERSION)} ; mettre preagrement à jour"):
            client.saluer()
    finally:
        client.fermer()


def test_a_flood_on_stderr_is_kept_bounded_and_harms_nothing(tmp_path: Path) -> None:
    resultat = run(tmp_path, config_stdio("erreurs_sans_fin"))
    assert resultat.verdict is Verdict.CONFORME
    gardees = (tmp_path / "preuves" / "ESSAI-01" / "erreurs-lps.txt").read_bytes()
    assert len(gardees) == MAX_ERREURS
    assert gardees.endswith(b"fin de la trace\n")


def test_a_command_that_does_not_exist_is_a_breakdown_with_advice(tmp_path: Path) -> None:
    config = ConfigLps(nom="absent", transport="stdio", commande=("programme-qui-n-existe-pas",))
    resultat = run(tmp_path, config)
    assert resultat.verdict is Verdict.NON_CONFORME
    assert "n'a pas pu être lancé par « programme-qui-n-existe-pas »" in resultat.panne_lps
    assert "vérifier « commande »" in resultat.panne_lps


def test_after_a_breakdown_nothing_is_conforming_and_what_came_before_is_kept(tmp_path: Path) -> None:
    texte = """
id: ESSAI-02
titre: Un attendu avant la panne, un après
exigences: [SV-1-01, SV-1-02]
etapes:
  - lps: ps.lire
    nom: carte
    avec: {code_porteur: "1234"}
  - verifier:
      - {sur: reponses.carte.nom, egale: MARTIN, verifie: SV-1-01, pourquoi: nom lu en carte}
  - lps: facture.elaborer
    avec: {prestations: [{code: G, date: 2026-03-02}]}
attendus:
  - {sur: derniere.issue, egale: ok, verifie: SV-1-02, pourquoi: jamais atteint après la panne}
"""
    resultat = run(tmp_path, config_stdio("meurt"), texte)
    assert [(c.exigence, c.verdict) for c in resultat.constats] == [
        ("SV-1-01", Verdict.CONFORME),
        ("SV-1-02", Verdict.NON_TESTE),
    ]
    assert resultat.verdict is Verdict.NON_CONFORME


@pytest.mark.skipif(sys.platform == "win32", reason="groupes de processus POSIX")
def test_closing_kills_the_whole_group(tmp_path: Path) -> None:
    transport = TransportStdio([sys.executable, str(SCRIPT), "petit_fils"])
    client = ClientLps(transport, delai=10)
    client.saluer()
    groupe = transport.pid
    assert len(_members(groupe)) == 2
    transport.fermer(0.1)
    limite = time.monotonic() + 5
    while _members(groupe) and time.monotonic() < limite:
        os.sched_yield()
    assert _members(groupe) == []


def _members(groupe: int) -> list[int]:
    """Live processes of a group (zombies have already ended)."""
    sortie = subprocess.run(["ps", "-eo", "pid,pgid,stat"], capture_output=True, text=True, check=True).stdout
    lignes = [ligne.split() for ligne in sortie.splitlines()[1:]]
    return [int(pid) for pid, pgid, etat in lignes if int(pgid) == groupe and not etat.startswith("Z")]


# --- HTTP ---------------------------------------------------------------------------------------------
@pytest.fixture
def serveur_http(request: pytest.FixtureRequest) -> Iterator[str]:
    """A faulty LPS served over HTTP on a free port."""
    commande = [sys.executable, str(SCRIPT), request.param, "--http"]
    with subprocess.Popen(commande, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as proc:
        assert proc.stdout is not None
        yield f"http://127.0.0.1:{int(proc.stdout.readline())}/"
        proc.kill()


def config_http(url: str, delai: float = 10.0) -> ConfigLps:
    return ConfigLps(nom="essai", transport="http", url=url, delai_s=delai)


@pytest.mark.parametrize("serveur_http", ["http500"], indirect=True)
def test_http_status_other_than_200(serveur_http: str, tmp_path: Path) -> None:
    assert "réponse HTTP 500" in run(tmp_path, config_http(serveur_http)).panne_lps


@pytest.mark.parametrize("serveur_http", ["goutte"], indirect=True)
def test_http_answer_that_trickles_is_bounded_as_a_whole(serveur_http: str, tmp_path: Path) -> None:
    debut = time.monotonic()
    resultat = run(tmp_path, config_http(serveur_http, 1.0))
    assert resultat.panne_lps == "le LPS n'a pas répondu à « facture.elaborer » en 1 s"
    assert time.monotonic() - debut < 6


@pytest.mark.parametrize("serveur_http", ["http_ferme"], indirect=True)
def test_http_adapter_that_dies_between_two_requests(serveur_http: str, tmp_path: Path) -> None:
    assert "ne répond plus sur 127.0.0.1" in run(tmp_path, config_http(serveur_http)).panne_lps


@pytest.mark.parametrize("serveur_http", [""], indirect=True)
def test_three_transports_give_the_same_result_and_the_same_evidence(serveur_http: str, tmp_path: Path) -> None:
    configs = {"stdio": config_stdio(), "http": config_http(serveur_http), "interne": config_interne()}
    resultats = {nom: run(tmp_path / nom, config) for nom, config in configs.items()}
    journaux = {n: (tmp_path / n / "preuves" / "ESSAI-01" / "journal.jsonl").read_bytes() for n in configs}
    assert resultats["stdio"].verdict is Verdict.CONFORME
    assert resultats["stdio"].model_dump() == resultats["http"].model_dump() == resultats["interne"].model_dump()
    assert journaux["stdio"] == journaux["http"] == journaux["interne"]


def test_a_child_that_dies_while_its_pipes_are_being_taken_is_told_as_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a child may be over before the last of the threads that serve it has started."""
    start = threading.Thread.start

    def slowly(fil: threading.Thread) -> None:
        start(fil)
        if fil.name.startswith("lps-"):
            time.sleep(0.3)  # the busy machine

    monkeypatch.setattr(threading.Thread, "start", slowly)
    transport = TransportStdio([sys.executable, "-S", "-c", "raise SystemExit(4)"])
    try:
        with pytest.raises(ArretLps, match="code de sortie 4"):
            transport.echanger(b"{}", 5.0, "bonjour")
    finally:
        transport.fermer()


# --- In process ---------------------------------------------------------------------------------------
def test_in_process_exception_and_hang_are_breakdowns(tmp_path: Path) -> None:
    avant = set(threading.enumerate())
    assert "l'adaptateur interne a levé RuntimeError : panne interne" in run(tmp_path, config_interne("leve")).panne_lps
    assert set(threading.enumerate()) <= avant  # an adapter that raised is not a hung one: its thread is ended
    assert "n'a pas répondu" in run(tmp_path, config_interne("muet", delai=0.5)).panne_lps


def test_factory_that_cannot_be_imported(tmp_path: Path) -> None:
    config = ConfigLps(transport="interne", fabrique="module_absent:creer")
    assert "la fabrique « module_absent:creer » a échoué" in run(tmp_path, config).panne_lps


def test_silence_carries_its_delay() -> None:
    assert SilenceLps("ps.lire", 20.0).delai == 20.0
