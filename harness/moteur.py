"""Plays one scenario: a fresh world, a fresh LPS, steps, findings, verdict, evidence.

Who is at fault is never guessed: what the LPS breaks is a breakdown of the LPS, what we break is an
« erreur du banc », and after either nothing more is judged.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import systeme
from harness.adaptateur.configuration import ConfigLps
from harness.adaptateur.pannes import PanneLps
from harness.catalogue import Catalogue
from harness.depot import PREUVES, Depot
from harness.fuites import CodesPorteur, files_under
from harness.jugement import Juge
from harness.modele.scenario import Attendu, EtapeDemander, EtapeLps, EtapeMonde, EtapeVerifier, Scenario
from harness.modele.verdict import Constat, Deroule, ResultatScenario, Verdict, worst
from harness.monde import DELAI_TRAITEMENT, DemandeMonde, FabriqueMonde, Lecteurs, Monde, open_simulated
from harness.observations import fold
from harness.parametres import ErreurParametres, ValeurAbsente, substitute
from harness.preuves import Reperes, columns_of
from harness.profil import outside
from harness.scenarios import FichierScenario
from harness.session import SessionLps
from norms.contrat.adaptateur import Reponse
from norms.contrat.base import Message
from norms.paquet import NormPack
from simulator.gardien import gardien

_MAX_ERREURS = 4000


@dataclass(frozen=True, slots=True)
class Banc:
    """What a campaign is played with.

    ``dossier``: folder of the evidence, one folder a scenario inside. ``vigilances``: expectations held in every
    scenario (harness.vigilances).
    """

    lps: ConfigLps
    catalogue: Catalogue
    pack: NormPack
    dossier: Path
    graine: int = 1
    lecteurs: Lecteurs = "simules"
    population: Path | None = None
    attestations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    monde: FabriqueMonde = open_simulated
    vigilances: tuple[Attendu, ...] = ()


class _Arret(Exception):
    """The scenario stops here, with this verdict for this reason."""

    def __init__(self, verdict: Verdict, cause: str) -> None:
        self.verdict, self.cause = verdict, cause
        super().__init__(cause)


def play(banc: Banc, fichier: FichierScenario) -> ResultatScenario:
    """Plays a scenario to its end and gives its result; raises nothing but KeyboardInterrupt and SystemExit."""
    debut = time.monotonic()
    partie = _Partie(banc, fichier.scenario)
    resultat = partie.play(fichier.fichier)
    return resultat.model_copy(update={"duree_s": round(time.monotonic() - debut, 3)})


class _Partie:
    """The state of one scenario being played."""

    def __init__(self, banc: Banc, scenario: Scenario) -> None:
        self._banc, self._scenario = banc, scenario
        self._codes = CodesPorteur()
        reperes = Reperes(f"{PREUVES}/{scenario.id}/", columns_of(banc.pack))
        self._juge = Juge(banc.catalogue, self._codes.hide, reperes)
        self._depot = Depot(banc.dossier, scenario.id, self._codes)
        self._constats: list[Constat] = []
        self._deroule: list[Deroule] = []
        self._attendus = scenario.tous_attendus()
        self._juges = 0
        self._demandes = 0
        self._verdict: Verdict | None = None
        self._cause = self._panne = self._erreurs = ""
        self._secrets: dict[str, Any] | None = None

    def play(self, fichier: str) -> ResultatScenario:
        try:
            dossier = self._depot.prepare()
            demande = DemandeMonde(
                self._scenario.monde,
                dossier,
                self._banc.graine,
                self._banc.pack,
                self._banc.lecteurs,
                self._banc.population,
            )
            with (
                tempfile.TemporaryDirectory(prefix="preagrement-", ignore_cleanup_errors=True) as temporaire,
                gardien().watching("dossier", temporaire),
                self._banc.monde(demande) as monde,
            ):
                self._in_world(monde, Path(temporaire))
        except Exception as exc:
            self._bench_fault(exc)
        return self._result(fichier)

    def _in_world(self, monde: Monde, temporaire: Path) -> None:
        dossier = temporaire / "lps"
        dossier.mkdir()
        session = SessionLps(self._banc.lps, monde, dossier, self._banc.graine, self._codes)
        try:
            self._steps(session, monde, dossier)
            session.end()
            monde.attendre_traitement(DELAI_TRAITEMENT)
            self._check_world(monde)
            self._judge(self._scenario.attendus, monde, session, dossier)
            self._watch(monde, session, dossier)
        except PanneLps as exc:
            self._panne = self._codes.hide(str(exc))
            self._stop(Verdict.NON_CONFORME, f"panne du LPS : {self._panne}")
        except _Arret as exc:
            self._stop(exc.verdict, self._codes.hide(exc.cause))
        finally:
            session.close()
            self._erreurs = session.erreurs
            self._depot.write(monde.journal, self._erreurs)
        self._check_world(monde)

    def _steps(self, session: SessionLps, monde: Monde, dossier: Path) -> None:
        monde.journal.etape = 0
        presentation = session.open()
        raison = outside(self._scenario, presentation.profil)
        if raison:
            session.end()
            raise _Arret(Verdict.NON_APPLICABLE, raison)
        self._require(session, "poste.demarrer")
        self._expect_ok("poste.demarrer", session.start(self._scenario.monde.parametrage), "ok")
        for rang, etape in enumerate(self._scenario.etapes, 1):
            monde.journal.etape = rang
            if isinstance(etape, EtapeLps):
                self._drive(rang, etape, session, monde)
            elif isinstance(etape, EtapeMonde):
                self._act(rang, etape, session, monde)
            elif isinstance(etape, EtapeVerifier):
                self._judge(etape.verifier, monde, session, dossier)
                self._went(rang, "verifier", f"{len(etape.verifier)} attendu(s)")
            else:
                self._ask(rang, etape)

    def _drive(self, rang: int, etape: EtapeLps, session: SessionLps, monde: Monde) -> None:
        """One operation of the LPS, once or for each set of parameters."""
        for variante in etape.pour_chaque or [{}]:
            avec = {**etape.avec, **variante}
            resume = etape.lps + _shown(variante or etape.avec)
            try:
                params = substitute(avec, fold(monde.journal))
                reponse = self._call(etape, params, session)
            except ValeurAbsente as exc:
                self._went(rang, "lps", resume, "non joué")
                raise _Arret(Verdict.NON_TESTE, f"étape {rang}, {etape.lps} : {exc}") from exc
            except PanneLps:
                self._went(rang, "lps", resume, "panne")
                raise
            monde.attendre_traitement(DELAI_TRAITEMENT)
            self._check_world(monde)
            self._went(rang, "lps", resume, _outcome(reponse))
            self._expect_ok(f"étape {rang}, {etape.lps}", reponse, etape.issue)

    def _call(self, etape: EtapeLps, params: dict[str, Any], session: SessionLps) -> Message | None:
        if etape.lps == "au_revoir":
            session.end()
            return None
        self._require(session, etape.lps)
        if etape.lps == "poste.demarrer":
            return session.start(params.get("parametrage", self._scenario.monde.parametrage), etape.nom or "")
        return session.call(etape.lps, params, etape.nom or "")

    def _act(self, rang: int, etape: EtapeMonde, session: SessionLps, monde: Monde) -> None:
        avant = monde.horloge.now()
        monde.agir(etape.monde, substitute(etape.avec, fold(monde.journal)))
        monde.attendre_traitement(DELAI_TRAITEMENT)
        self._check_world(monde)
        self._went(rang, "monde", etape.monde + _shown(etape.avec))
        if monde.horloge.now() != avant:
            self._require(session, "poste.horloge")
            self._expect_ok("poste.horloge", session.tell_time(), "ok")

    def _ask(self, rang: int, etape: EtapeDemander) -> None:
        donnee = self._banc.attestations.get(self._scenario.id, {}).get(etape.verifie)
        verdict = Verdict.A_ATTESTER
        if donnee is not None:
            verdict = Verdict.CONFORME if donnee == etape.attendu else Verdict.NON_CONFORME
        self._constats.append(
            Constat(
                rang=len(self._attendus) + self._demandes,
                exigence=etape.verifie,
                verdict=verdict,
                sur=etape.demander,
                operateur="attestation",
                attendu=etape.attendu,
                constate=donnee if donnee is not None else "à regarder par une personne",
                pourquoi=etape.pourquoi,
            )
        )
        self._demandes += 1
        self._went(rang, "demander", etape.demander, verdict.libelle)

    def _judge(self, attendus: list[Attendu], monde: Monde, session: SessionLps, ecrits: Path) -> None:
        """Judges these expectations on what has been observed so far; ``ecrits`` is the LPS's folder."""
        arbre = self._observe(attendus, monde, session, ecrits)
        for attendu in attendus:
            self._constats.append(self._juge.judge(self._juges, attendu, arbre))
            self._juges += 1

    def _watch(self, monde: Monde, session: SessionLps, ecrits: Path) -> None:
        """Holds the bench's vigilances: a violated one is one more finding, an upheld one says nothing."""
        deja = {a.sur for a in self._attendus}
        vigilances = [v for v in self._banc.vigilances if v.sur not in deja]
        arbre = self._observe(vigilances, monde, session, ecrits)
        rang = len(self._attendus) + self._demandes
        for vigilance in vigilances:
            constat = self._juge.judge(rang, vigilance, arbre)
            if constat.verdict in (Verdict.NON_CONFORME, Verdict.RESERVE):
                self._constats.append(constat)
                rang += 1

    def _observe(self, attendus: Sequence[Attendu], monde: Monde, session: SessionLps, ecrits: Path) -> dict[str, Any]:
        """The tree of observations, with the search for secrets when one of these expectations reads it."""
        arbre = fold(monde.journal)
        if any("secrets" in f"{a.sur} {a.temoin}" for a in attendus):
            arbre["secrets"] = self._leaks(session, ecrits)
        return arbre

    def _leaks(self, session: SessionLps, dossier: Path) -> dict[str, Any]:
        fichiers = list(files_under(dossier))
        ecrits = [*fichiers, *session.writings()]
        connu = bool(self._codes.valeurs)
        return {
            "trouves": self._codes.search(ecrits),
            "fichiers_examines": [nom for nom, _ in fichiers] if connu else [],
            "ecrits_examines": [nom for nom, _ in ecrits] if connu else [],
        }

    def _require(self, session: SessionLps, operation: str) -> None:
        if not session.offers(operation):
            raise _Arret(Verdict.NON_TESTE, f"l'adaptateur n'offre pas « {operation} »")

    def _expect_ok(self, ou: str, reponse: Message | None, attendue: str) -> None:
        if not isinstance(reponse, Reponse) or attendue in ("indifferente", reponse.issue):
            return
        quoi = f"le LPS refuse ({reponse.motif or 'sans motif'})" if reponse.issue == "refus" else "le LPS accepte"
        voulu = "l'opération doit aboutir" if attendue == "ok" else "un refus est attendu"
        raise _Arret(Verdict.NON_CONFORME, f"{ou} : {quoi}, {voulu} ; la suite du scénario n'a pas de sens")

    def _check_world(self, monde: Monde) -> None:
        for evenement in monde.journal.of("erreur_banc"):
            donnees = evenement.donnees
            self._stop(Verdict.ERREUR_BANC, f"le monde simulé a failli : {donnees.get('message') or dict(donnees)}")
            raise _Arret(Verdict.ERREUR_BANC, self._cause)

    def _went(self, rang: int, genre: Any, resume: str, issue: str = "") -> None:
        self._deroule.append(
            Deroule(rang=rang, genre=genre, resume=self._codes.hide(resume), issue=self._codes.hide(issue))
        )

    def _stop(self, verdict: Verdict, cause: str) -> None:
        if self._verdict is not Verdict.ERREUR_BANC:
            self._verdict, self._cause = verdict, cause

    def _bench_fault(self, exc: Exception) -> None:
        if isinstance(exc, _Arret):
            return
        self._stop(Verdict.ERREUR_BANC, self._codes.hide(_bench_cause(exc)))
        self._depot.write_fault("".join(traceback.format_exception(exc)))

    def _result(self, fichier: str) -> ResultatScenario:
        reste = {
            Verdict.ERREUR_BANC: Verdict.ERREUR_BANC,
            Verdict.NON_APPLICABLE: Verdict.NON_APPLICABLE,
        }.get(self._verdict or Verdict.NON_TESTE, Verdict.NON_TESTE)
        for rang in range(self._juges, len(self._attendus)):
            self._constats.append(
                self._juge.unjudged(rang, self._attendus[rang], reste, f"non observé : {self._cause}")
            )
        verdicts = [c.verdict for c in self._constats]
        verdict = self._verdict if self._verdict in (Verdict.ERREUR_BANC, Verdict.NON_APPLICABLE) else None
        return ResultatScenario(
            id=self._scenario.id,
            titre=self._scenario.titre,
            fichier=fichier,
            verdict=verdict or worst([*verdicts, *([self._verdict] if self._verdict else [])]),
            constats=tuple(sorted(self._constats, key=lambda c: c.rang)),
            deroule=tuple(self._deroule),
            cause=self._cause,
            panne_lps=self._panne,
            erreurs_lps=self._erreurs[-_MAX_ERREURS:] if self._panne else "",
            preuves=self._depot.listing(),
        )


def _bench_cause(exc: Exception) -> str:
    """Why the bench failed, for people; the trace goes to the evidence."""
    if isinstance(exc, ErreurParametres):
        return f"scénario à corriger : {exc}"
    return systeme.cause(exc)


def not_played(banc: Banc, fichier: FichierScenario, verdict: Verdict, cause: str) -> ResultatScenario:
    """The result of a scenario that could not or need not be played."""
    partie = _Partie(banc, fichier.scenario)
    partie._stop(verdict, cause)
    return partie._result(fichier.fichier)


def _outcome(reponse: Message | None) -> str:
    if not isinstance(reponse, Reponse):
        return ""
    return "ok" if reponse.issue == "ok" else f"refus : {reponse.motif}" if reponse.motif else "refus"


def _shown(avec: Mapping[str, Any]) -> str:
    """Parameters in a few words, for the account of steps."""
    mots = [f"{cle} {v}" for cle, v in avec.items() if isinstance(v, str) and cle != "code_porteur"]
    return f" ({', '.join(mots)})" if mots else ""
