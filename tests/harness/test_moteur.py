"""The engine on a bare world: verdicts, causes, what is judged and what isn't, evidence."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from harness.affichage import format_result
from harness.modele.verdict import ResultatScenario, Verdict
from harness.monde import DemandeMonde, Monde
from tests.harness.aides import CATALOGUE, DEPART, MondeNu, config_interne, config_stdio, run

ETAPES_DEPART = DEPART.partition("attendus:")[0]


def play(tmp_path: Path, etapes: str, attendus: str = "", faute: str = "", **autres: Any) -> ResultatScenario:
    """Runs a scenario about SV-1-01 made of these steps and expectations."""
    attendus = attendus or "  - {sur: derniere.issue, egale: ok, verifie: SV-1-01, pourquoi: la dernière réponse}"
    texte = (
        "id: ESSAI-01\ntitre: Un scénario d'essai du banc\nexigences: [SV-1-01]\n"
        f"etapes:\n{etapes}\nattendus:\n{attendus}\n"
    )
    return run(tmp_path, config_interne(faute), texte, **autres)


def test_conforming_scenario_tells_its_steps(tmp_path: Path) -> None:
    resultat = run(tmp_path, config_interne())
    assert resultat.verdict is Verdict.CONFORME
    assert [(d.rang, d.resume, d.issue) for d in resultat.deroule] == [
        (1, "ps.lire", "ok"),
        (2, "facture.elaborer (numero 000000012)", "ok"),
    ]
    assert resultat.cause == resultat.panne_lps == ""


def test_a_refusal_where_the_scenario_needs_success_stops_it(tmp_path: Path) -> None:
    etapes = '  - {lps: ps.lire, avec: {code_porteur: "0000"}}\n  - {lps: facture.lister}'
    resultat = play(tmp_path, etapes)
    assert resultat.verdict is Verdict.NON_CONFORME
    assert resultat.cause == (
        "étape 1, ps.lire : le LPS refuse (code porteur faux), l'opération doit aboutir ;"
        " la suite du scénario n'a pas de sens"
    )
    assert [c.verdict for c in resultat.constats] == [Verdict.NON_TESTE]
    assert len(resultat.deroule) == 1


def test_a_success_where_a_refusal_is_needed_stops_it_too(tmp_path: Path) -> None:
    resultat = play(tmp_path, '  - {lps: ps.lire, avec: {code_porteur: "1234"}, issue: refus}')
    assert resultat.verdict is Verdict.NON_CONFORME
    assert "le LPS accepte, un refus est attendu" in resultat.cause


def test_an_indifferent_outcome_goes_on(tmp_path: Path) -> None:
    etapes = '  - {lps: ps.lire, avec: {code_porteur: "0000"}, issue: indifferente, nom: carte}'
    attendus = "  - {sur: reponses.carte.motif, egale: code porteur faux, verifie: SV-1-01, pourquoi: motif en clair}"
    assert play(tmp_path, etapes, attendus).verdict is Verdict.CONFORME


def test_an_operation_that_was_not_declared_is_not_tested(tmp_path: Path) -> None:
    resultat = play(tmp_path, "  - lps: lot.constituer")
    assert resultat.verdict is Verdict.NON_TESTE
    assert resultat.cause == "l'adaptateur n'offre pas « lot.constituer »"


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        ("profils: [pharmaciens]", "profil déclaré (medecins) hors de : pharmaciens"),
        ("profils: [hors_medecins]", "profil déclaré (medecins) hors de : hors_medecins"),
        ("modes: [DEGRADE]", "mode de sécurisation non déclaré : DEGRADE"),
        ("capacites: [OCT]", "capacité non déclarée : OCT"),
    ],
)
def test_outside_the_declared_profile_is_not_applicable(tmp_path: Path, condition: str, cause: str) -> None:
    resultat = run(tmp_path, config_interne(), DEPART.replace("etapes:", f"{condition}\netapes:"))
    assert (resultat.verdict, resultat.cause) == (Verdict.NON_APPLICABLE, cause)
    assert [c.verdict for c in resultat.constats] == [Verdict.NON_APPLICABLE]


@pytest.mark.parametrize("condition", ["profils: [pharmaciens, medecins]", "profils: [hors_pharmaciens]"])
def test_inside_the_declared_profile(tmp_path: Path, condition: str) -> None:
    resultat = run(tmp_path, config_interne(), DEPART.replace("etapes:", f"{condition}\netapes:"))
    assert resultat.verdict is Verdict.CONFORME


def test_an_event_of_ours_is_a_bench_fault_even_after_a_failed_expectation(tmp_path: Path) -> None:
    etapes = """  - {lps: facture.lister, nom: avant}
  - verifier:
      - {sur: reponses.avant.issue, egale: refus, verifie: SV-1-01, pourquoi: faux exprès}
  - {monde: reseau.couper}"""
    resultat = play(tmp_path, etapes)
    assert resultat.verdict is Verdict.ERREUR_BANC
    assert resultat.cause == "le monde simulé a failli : le serveur SMTP simulé est tombé"
    assert [c.verdict for c in resultat.constats] == [Verdict.NON_CONFORME, Verdict.ERREUR_BANC]


def test_a_port_in_use_is_a_bench_fault_told_in_french(tmp_path: Path) -> None:
    resultat = play(tmp_path, "  - {monde: carte.retirer, avec: {lecteur: ps}}")
    assert resultat.verdict is Verdict.ERREUR_BANC
    assert resultat.cause.startswith("port déjà pris par un autre programme")
    assert resultat.panne_lps == ""
    trace = (tmp_path / "preuves" / "ESSAI-01" / "erreur-banc.txt").read_text(encoding="utf-8")
    assert "OSError" in trace


def test_a_world_that_does_not_open_is_a_bench_fault(tmp_path: Path) -> None:
    def broken(_demande: object) -> Any:
        raise RuntimeError("lecteur PC/SC absent")

    resultat = run(tmp_path, config_interne(), monde=broken)
    assert (resultat.verdict, resultat.cause) == (Verdict.ERREUR_BANC, "RuntimeError : lecteur PC/SC absent")
    assert [c.verdict for c in resultat.constats] == [Verdict.ERREUR_BANC]


def test_wrong_parameters_are_the_scenarios_fault(tmp_path: Path) -> None:
    resultat = play(tmp_path, "  - {lps: facture.elaborer, avec: {prestations: [{code: G}]}}")
    assert resultat.verdict is Verdict.ERREUR_BANC
    assert resultat.cause == "scénario à corriger : prestations[0].date : valeur obligatoire absente"


def test_the_clock_is_told_to_the_lps_when_it_moves(tmp_path: Path) -> None:
    resultat = play(tmp_path, '  - {monde: horloge.avancer, avec: {jours: "2"}}\n  - lps: facture.lister')
    assert resultat.verdict is Verdict.CONFORME
    lignes = (tmp_path / "preuves" / "ESSAI-01" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    evenements = [json.loads(ligne) for ligne in lignes]
    horloge = [e for e in evenements if e["donnees"].get("operation") == "poste.horloge"]
    assert [e["donnees"]["params"]["maintenant"] for e in horloge] == ["2026-03-04T09:00:00+01:00"]
    assert [e["etape"] for e in horloge] == [1]


def test_steps_repeat_for_each_set_and_read_earlier_answers(tmp_path: Path) -> None:
    etapes = """  - lps: facture.elaborer
    nom: deux
    avec: {prestations: [{code: G, date: 2026-03-02}]}
    pour_chaque: [{numero: "000000007"}, {numero: "000000003"}]
  - lps: facture.elaborer
    avec: {prestations: [{code: G, date: 2026-03-02}], numero: "$.reponses.deux.factures[0].numero"}
  - {lps: facture.lister, nom: poste}"""
    attendus = """  - sur: reponses.poste.factures[*].numero
    egale: ["000000007", "000000003", "000000003"]
    verifie: SV-1-01
    pourquoi: la dernière réponse nommée est relue"""
    assert play(tmp_path, etapes, attendus).verdict is Verdict.CONFORME


def test_a_value_the_lps_never_gave_leaves_the_scenario_untested(tmp_path: Path) -> None:
    etapes = '  - {lps: facture.lister, nom: poste, avec: {statut: "$.reponses.poste.factures[0].statut"}}'
    resultat = play(tmp_path, etapes)
    assert resultat.verdict is Verdict.NON_TESTE
    assert "« $.reponses.poste.factures[0].statut » ne donne rien" in resultat.cause


def test_a_question_to_a_person(tmp_path: Path) -> None:
    texte = DEPART.replace("[SV-1-01]", "[SV-1-01, SV-1-02]").replace(
        "attendus:", "  - {demander: L'écran montre-t-il le nom du PS ?, verifie: SV-1-02}\nattendus:"
    )
    sans = run(tmp_path, config_interne(), texte)
    assert sans.verdict is Verdict.A_ATTESTER
    assert [c.verdict for c in sans.constats] == [Verdict.CONFORME, Verdict.A_ATTESTER]
    for reponse, verdict in (("oui", Verdict.CONFORME), ("non", Verdict.NON_CONFORME)):
        attestations = {"ESSAI-01": {"SV-1-02": reponse}}
        assert run(tmp_path, config_interne(), texte, attestations=attestations).verdict is verdict


CODE = """  - {sur: secrets.trouves, nombre: 0, temoin: secrets.fichiers_examines, verifie: SV-1-01,
     pourquoi: le code porteur ne se garde pas}"""


@pytest.mark.parametrize(
    ("faute", "verdict"),
    [("", Verdict.CONFORME), ("garde_code", Verdict.NON_CONFORME), ("dit_code", Verdict.NON_CONFORME)],
)
def test_the_code_porteur_is_searched_in_what_the_lps_wrote(tmp_path: Path, faute: str, verdict: Verdict) -> None:
    texte = ETAPES_DEPART + f"attendus:\n{CODE}\n"
    resultat = run(tmp_path, config_stdio(faute), texte)
    assert resultat.verdict is verdict
    assert "1234" not in resultat.model_dump_json()
    for fichier in (tmp_path / "preuves").rglob("*"):
        assert fichier.is_dir() or b"1234" not in fichier.read_bytes()


def test_two_runs_leave_the_same_bytes(tmp_path: Path) -> None:
    contenus = []
    for essai in ("a", "b"):
        run(tmp_path / essai, config_stdio("erreurs_sans_fin"))
        racine = tmp_path / essai
        contenus.append({f.relative_to(racine): f.read_bytes() for f in sorted(racine.rglob("*")) if f.is_file()})
    assert contenus[0] == contenus[1]
    assert {f.name for f in contenus[0]} == {"journal.jsonl", "erreurs-lps.txt"}


def test_every_operation_waits_for_the_world(tmp_path: Path) -> None:
    mondes: list[MondeNu] = []

    def keep(demande: Any) -> Any:
        mondes.append(MondeNu(demande))
        return nullcontext(mondes[-1])

    run(tmp_path, config_interne(), monde=keep)
    # before each of the five answers is noted, after each of the two operations, at the end
    assert mondes[0].attentes == 8
    assert mondes[0].demande.graine == 7


@pytest.mark.skipif(sys.platform == "win32", reason="limites POSIX")
def test_a_full_disk_is_a_bench_fault(tmp_path: Path) -> None:
    """In a child, so that the limit on file size (a real failing write) touches nothing else."""
    programme = f"""
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.harness.aides import config_interne, run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
resultat = run(Path({str(tmp_path)!r}), config_interne())
print(resultat.verdict, '|', resultat.cause, '|', resultat.panne_lps)
"""
    sortie = subprocess.run([sys.executable, "-c", programme], capture_output=True, text=True, check=True).stdout
    assert sortie.startswith("erreur_banc | fichier trop gros pour ce disque ou ce compte ; choisir un autre dossier")
    assert sortie.rstrip().endswith("|")


def test_the_account_of_a_failure_reads_like_the_example(tmp_path: Path) -> None:
    texte = DEPART.replace('egale: ["000000012"]', 'egale: ["000000003"]\n    a_corriger: numéroter comme demandé')
    resultat = run(tmp_path, config_interne(), texte)
    assert format_result(resultat, CATALOGUE, 7) == [
        "NON CONFORME  ESSAI-01  Un scénario d'essai du banc",
        "  exigence    SV-1-01 (cdc §1)  DOIT  → non conforme",
        "  attendu     000000003",
        "  constaté    000000012",
        "  pourquoi    numéro imposé au poste",
        "  à corriger  numéroter comme demandé",
        "  rejouer     preagrement replay ESSAI-01.yaml --graine 7",
    ]


class MondeLent(MondeNu):
    """A world that works in the background: what it has seen is noted when one waits for it."""

    def attendre_traitement(self, delai_s: float) -> None:
        super().attendre_traitement(delai_s)
        self.journal.emettre("flux", {})


def test_what_an_operation_set_off_is_noted_before_its_answer(tmp_path: Path) -> None:
    """Else a slow LPS and a quick one would leave the same facts in another order."""
    mondes: list[MondeLent] = []

    def slow(demande: DemandeMonde) -> AbstractContextManager[Monde]:
        mondes.append(MondeLent(demande))
        return nullcontext(mondes[0])

    assert run(tmp_path, config_interne(), monde=slow).verdict is Verdict.CONFORME
    natures = [e.nature for e in mondes[0].journal]
    avant = [natures[rang - 1] for rang, nature in enumerate(natures) if nature == "lps"]
    assert len(avant) >= 4
    assert set(avant) == {"flux"}
