"""Takes a person through one scenario: tells, waits, acts on the world, recognises messages, judges, asks."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from harness.depot import PREUVES, Depot
from harness.expressions import roots
from harness.fuites import CodesPorteur
from harness.jugement import Juge, wording
from harness.messagerie_seule.aiguillage import Aiguilleur
from harness.messagerie_seule.attestations import FICHIER as ATTESTATIONS
from harness.messagerie_seule.attestations import Attestation
from harness.messagerie_seule.consignes import announce, heading, instructions
from harness.messagerie_seule.conversation import Arret
from harness.messagerie_seule.demande import Pas, shift, start_of, unroll
from harness.messagerie_seule.dialogue import Invite
from harness.messagerie_seule.monde import EVENEMENTS, JournalDurable, MondeAiguille, received_in
from harness.messagerie_seule.portee import Vue, views
from harness.messagerie_seule.questions import data
from harness.messagerie_seule.seance import ATTENTE, ATTESTE, FAIT, VERDICTS, Seance
from harness.modele.scenario import EtapeDemander, EtapeLps, EtapeMonde, EtapeVerifier
from harness.modele.verdict import Constat, Deroule, Preuve, ResultatScenario, Verdict, worst
from harness.monde import DELAI_TRAITEMENT
from harness.observations import fold
from harness.parametres import ValeurAbsente, substitute
from harness.preuves import Reperes, columns_of
from harness.scenarios import FichierScenario
from simulator.evenements import Evenement
from simulator.monde import ConfigMonde


class _Fin(Exception):
    """The scenario ends here, with this verdict for this reason."""

    def __init__(self, verdict: Verdict, cause: str) -> None:
        self.verdict, self.cause = verdict, cause
        super().__init__(cause)


class Guide:
    """One scenario with one person. ``ouvrir`` is told the ports once the world is open."""

    def __init__(self, seance: Seance, fichier: FichierScenario, aiguilleur: Aiguilleur) -> None:
        self._seance, self._fichier, self._scenario = seance, fichier, fichier.scenario
        self._aiguilleur = aiguilleur
        self._vues = views(self._scenario, date_imposee=bool(seance.date))
        self._offset = seance.offset(self._scenario)
        self._dossier = seance.banc.dossier / PREUVES / self._scenario.id
        self._constats: dict[int, Constat] = {}
        self._deroule: list[Deroule] = []
        self._juges = 0
        self._demandes = 0
        reperes = Reperes(f"{PREUVES}/{self._scenario.id}/", columns_of(seance.banc.pack))
        self._juge = Juge(seance.banc.catalogue, reperes=reperes)

    def play(self) -> ResultatScenario:
        """Plays the scenario to its end. Raises Arret; a fault of ours is in the result."""
        verdict: Verdict | None = None
        cause = ""
        try:
            self._dossier.mkdir(parents=True, exist_ok=True)
            with MondeAiguille(self._config(), self._aiguilleur.sort) as monde:
                try:
                    self._in_world(monde)
                except _Fin as exc:
                    verdict, cause = exc.verdict, exc.cause
                depot = Depot(self._seance.banc.dossier, self._scenario.id, CodesPorteur())
                depot.write(monde.journal, "")
        except Arret:
            raise
        except Exception as exc:
            verdict, cause = Verdict.ERREUR_BANC, f"{type(exc).__name__} : {exc}"
            (self._dossier / "erreur-banc.txt").write_text("".join(traceback.format_exception(exc)), encoding="utf-8")
        return self._result(verdict, cause)

    def _config(self) -> ConfigMonde:
        scenario = self._scenario.monde
        banc = self._seance.banc
        return ConfigMonde(
            date=start_of(self._scenario, self._offset),
            graine=banc.graine,
            pack=banc.pack,
            dossier=self._dossier,
            population=self._seance.population,
            lecteurs=scenario.lecteurs.model_dump(exclude_none=True),
            equipement=scenario.equipement,
            transport="inproc" if banc.lecteurs == "simules" else "pcsc",
            acteurs=scenario.acteurs,
            reseau=self._seance.reseau,
            durable=True,
            journal=lambda instant: JournalDurable(instant, self._dossier / EVENEMENTS),
        )

    # --- steps ------------------------------------------------------------------------------------------------
    def _in_world(self, monde: MondeAiguille) -> None:
        ou = monde.environnement()
        self._seance.conversation.tell(
            f"Services fournis par le banc, pour un LPS qui les emploie : {ou.services_url}, jeton {ou.services_jeton}."
        )
        self._hand_over(monde)
        intro = "\n".join(heading(self._scenario, self._seance.cartes, _shown(monde)))
        for du_lps, groupe in groupby(unroll(self._scenario, self._offset), lambda p: isinstance(p.etape, EtapeLps)):
            pas = list(groupe)
            if du_lps:
                self._guide(pas, monde, intro)
                intro = ""
                continue
            for un in pas:
                self._other(un, monde)
        self._settle(monde)
        self._judge(len(self._scenario.attendus), monde)
        self._watch(monde)

    def _other(self, pas: Pas, monde: MondeAiguille) -> None:
        monde.journal.etape = pas.rang
        if isinstance(pas.etape, EtapeMonde):
            self._act(pas, monde)
        elif isinstance(pas.etape, EtapeVerifier):
            self._settle(monde)
            self._judge(len(pas.etape.verifier), monde)
        elif isinstance(pas.etape, EtapeDemander):
            self._ask_step(pas)

    def _guide(self, pas: list[Pas], monde: MondeAiguille, intro: str) -> None:
        """Tells what to do up to the next thing that the bench does, and waits for it to be done."""
        dernier = pas[-1].rang
        monde.journal.etape = dernier
        phrases = [phrase for p in pas for phrase in instructions(p, self._seance.cartes)]
        consignes = "\n".join(f"{rang}. {phrase}" for rang, phrase in enumerate(phrases, 1))
        ou = f"{self._scenario.id}/etape-{dernier}"
        valeur = self._seance.conversation.ask(
            Invite(
                ou, "choix", f"{intro}\n{consignes}" if intro else f"Suite de {self._scenario.id} :\n{consignes}", FAIT
            )
        )
        self._refused(valeur, ou)
        self._settle(monde)
        envoi = any(p.etape.lps == "transmission.envoyer" and p.etape.issue == "ok" for p in pas)
        tour = 0
        while envoi and not self._arrived(pas, monde):
            tour += 1
            valeur = self._seance.conversation.ask(
                Invite(
                    f"{ou}/attente-{tour}",
                    "choix",
                    f"Aucun message reconnu pour {self._scenario.id} n'est arrivé. Vérifiez l'envoi, puis :",
                    ATTENTE,
                )
            )
            self._settle(monde)
            if valeur == "rien" and not self._arrived(pas, monde):
                break
            self._refused(valeur, ou)
        for p in pas:
            self._went(p.rang, "lps", p.etape.lps, "demandé")

    def _refused(self, valeur: str, ou: str) -> None:
        if valeur in ("refuse", "impossible"):
            motif = self._seance.conversation.ask(
                Invite(f"{ou}/motif", "texte", "Que dit le LPS, ou que ne permet-il pas ?", defaut="sans précision")
            )
            qui = f"d'après {self._seance.operateur} : {motif}"
            if valeur == "refuse":
                raise _Fin(Verdict.NON_CONFORME, f"le LPS refuse, l'opération doit aboutir ; {qui}")
            raise _Fin(Verdict.NON_TESTE, f"ce LPS ne permet pas ce que le scénario demande ; {qui}")

    def _act(self, pas: Pas, monde: MondeAiguille) -> None:
        etape = pas.etape
        ou = f"{self._scenario.id}/etape-{pas.rang}"
        fait = self._seance.carnet.last("action", id=ou) is not None
        if not fait or etape.monde in data()["a_refaire"]:
            try:
                avec = substitute(shift(etape.avec, self._offset), self._observe(monde))
            except ValeurAbsente as exc:
                raise _Fin(Verdict.NON_TESTE, f"étape {pas.rang}, {etape.monde} : {exc}") from exc
            monde.agir(etape.monde, avec)
            monde.attendre_traitement(DELAI_TRAITEMENT)
        if not fait:
            self._seance.carnet.note("action", id=ou)
            self._seance.conversation.tell(announce(etape.monde, etape.avec, _shown(monde)))
        self._check_world(monde)
        self._went(pas.rang, "monde", etape.monde)

    # --- messages ---------------------------------------------------------------------------------------------
    def _hand_over(self, monde: MondeAiguille) -> None:
        """Gives this scenario the messages that came for it while others were played."""
        for fait in self._seance.carnet.facts("message", sort="mis_de_cote", vers=self._scenario.id):
            cle = {"scenario": fait["scenario"], "numero": fait["numero"]}
            if self._seance.carnet.last("remis", **cle) is None:
                recu = received_in(self._dossier.parent / fait["scenario"], fait["numero"])
                if recu is not None:
                    self._seance.conversation.tell(
                        f"Déjà reçu pour {self._scenario.id} : {fait['resume']}", "reception"
                    )
                    monde.receive_again(recu)
                    monde.attendre_traitement(DELAI_TRAITEMENT)
                self._seance.carnet.note("remis", **cle)

    def _settle(self, monde: MondeAiguille) -> None:
        """Waits for what came in to be dealt with, and asks about what isn't recognised. Raises Arret."""
        monde.attendre_traitement(DELAI_TRAITEMENT)
        for doute in self._aiguilleur.doubts():
            if self._aiguilleur.resolve(doute):
                monde.deliver(doute.recu)
        monde.attendre_traitement(DELAI_TRAITEMENT)
        self._check_world(monde)

    def _arrived(self, pas: list[Pas], monde: MondeAiguille) -> bool:
        """Whether a message of this scenario came since its last transmission was asked for."""
        avant = self._seance.carnet.facts("arrivee", scenario=self._scenario.id)
        deja = {int(n) for f in avant if f["etape"] != pas[-1].rang for n in f["numeros"]}
        ici = self._attributed() - deja
        if ici:
            self._seance.carnet.note("arrivee", scenario=self._scenario.id, etape=pas[-1].rang, numeros=sorted(ici))
        return bool(ici)

    def _attributed(self) -> set[int]:
        sorts = {int(f["numero"]): f["sort"] for f in self._seance.carnet.facts("message", scenario=self._scenario.id)}
        return {numero for numero, sort in sorts.items() if sort == "attribue"}

    def _observe(self, monde: MondeAiguille) -> dict[str, Any]:
        """What was observed for this scenario: nothing of the messages that are not its own."""
        return fold(self._own_events(monde))

    def _own_events(self, monde: MondeAiguille) -> Iterator[Evenement]:
        siens = self._attributed()
        autres = {
            str(f["preuve"])
            for f in self._seance.carnet.facts("message", scenario=self._scenario.id)
            if int(f["numero"]) not in siens
        }
        for evenement in monde.journal:
            eml = str(evenement.donnees.get("eml", "")) or evenement.preuve
            if not (eml and any(eml.endswith(f"/{preuve}") for preuve in autres)):
                yield evenement

    def _check_world(self, monde: MondeAiguille) -> None:
        for evenement in monde.journal.of("erreur_banc"):
            message = evenement.donnees.get("message") or dict(evenement.donnees)
            raise _Fin(Verdict.ERREUR_BANC, f"le monde simulé a failli : {message}")

    # --- judgement --------------------------------------------------------------------------------------------
    def _judge(self, combien: int, monde: MondeAiguille) -> None:
        """Judges the next expectations: on messages, or by asking. Raises Arret."""
        arbre = self._observe(monde)
        for rang in range(self._juges, self._juges + combien):
            vue = self._vues[rang]
            if vue.portee == "messages":
                self._constats[rang] = self._juge.judge(rang, vue.attendu, arbre)
            elif vue.portee == "personne":
                self._constats[rang] = self._attest(rang, vue)
            else:
                self._constats[rang] = self._out(rang, vue)
        self._juges += combien

    def _watch(self, monde: MondeAiguille) -> None:
        """Holds the bench's vigilances that read messages alone: a violated one is one more finding."""
        arbre = self._observe(monde)
        deja = {v.attendu.sur for v in self._vues}
        for vigilance in self._seance.banc.vigilances:
            lues = roots(vigilance.sur) | roots(vigilance.temoin or "flux")
            if vigilance.sur not in deja and lues <= set(data()["visibles"]):
                constat = self._juge.judge(len(self._vues) + self._demandes, vigilance, arbre)
                if constat.verdict in (Verdict.NON_CONFORME, Verdict.RESERVE):
                    self._constats[constat.rang] = constat
                    self._demandes += 1

    def _out(self, rang: int, vue: Vue) -> Constat:
        raison = f"ne se voit pas au niveau messagerie : {vue.raison}"
        return self._juge.unjudged(rang, vue.attendu, Verdict.NON_TESTE, raison)

    def _attest(self, rang: int, vue: Vue) -> Constat:
        constat = self._juge.unjudged(rang, vue.attendu, Verdict.A_ATTESTER, "à regarder par une personne")
        return self._answered(rang, vue.question, wording(vue.attendu), constat)

    def _ask_step(self, pas: Pas) -> None:
        etape = pas.etape
        rang = len(self._vues) + self._demandes
        self._demandes += 1
        constat = Constat(
            rang=rang,
            exigence=etape.verifie,
            verdict=Verdict.A_ATTESTER,
            sur=etape.demander,
            operateur="attestation",
            attendu=etape.attendu,
            constate="à regarder par une personne",
            pourquoi=etape.pourquoi,
        )
        self._constats[rang] = self._answered(
            rang, etape.demander, etape.attendu, constat, inverse=etape.attendu == "non"
        )
        self._went(pas.rang, "demander", etape.demander, self._constats[rang].verdict.libelle)

    def _answered(self, rang: int, question: str, attendu: str, constat: Constat, *, inverse: bool = False) -> Constat:
        """Asks, keeps the record, and gives the finding with the record as its evidence."""
        identifiant = f"{self._scenario.id}/attestation-{rang}"
        reponse = self._seance.conversation.ask_whole(Invite(identifiant, "attestation", question, ATTESTE))
        fait: Mapping[str, Any] = self._seance.carnet.last("reponse", id=identifiant) or {}
        verdict = VERDICTS[reponse.valeur]
        if inverse and verdict is not Verdict.A_ATTESTER:
            verdict = Verdict.NON_CONFORME if reponse.valeur == "oui" else Verdict.CONFORME
        if verdict is Verdict.NON_CONFORME and constat.hypothese:
            verdict = Verdict.RESERVE
        record = Attestation(
            scenario=self._scenario.id,
            exigence=constat.exigence,
            rang=rang,
            operateur=self._seance.operateur,
            instant=str(fait.get("instant", "")),
            question=question,
            attendu=attendu,
            reponse=reponse.valeur,
            verdict=verdict.value,
            fichier=reponse.fichier,
            sha256=str(fait.get("sha256", "")),
        )
        ligne = self._seance.registre.keep(record)
        preuves = [Preuve(fichier=ATTESTATIONS, enregistrement=ligne)]
        if reponse.fichier:
            preuves.append(Preuve(fichier=reponse.fichier, brut=record.sha256))
        return constat.model_copy(
            update={
                "verdict": verdict,
                "operateur": "attestation",
                "constate": f"« {reponse.valeur} », attesté par {self._seance.operateur} le {record.instant}",
                "preuves": tuple(preuves),
            }
        )

    # --- result -----------------------------------------------------------------------------------------------
    def _result(self, verdict: Verdict | None, cause: str) -> ResultatScenario:
        reste = Verdict.ERREUR_BANC if verdict is Verdict.ERREUR_BANC else Verdict.NON_TESTE
        for rang, vue in enumerate(self._vues):
            if rang not in self._constats:
                raison = f"non observé : {cause}"
                self._constats[rang] = self._juge.unjudged(rang, vue.attendu, reste, raison)
        constats = tuple(self._constats[rang] for rang in sorted(self._constats))
        hors = sum(v.portee == "hors" for v in self._vues)
        if not cause and hors:
            cause = f"{hors} attendu{'s' if hors > 1 else ''} hors de portée du niveau messagerie"
        for fait in self._seance.carnet.facts("message", scenario=self._scenario.id):
            if fait["sort"] == "non_attendu":
                self._went(0, "lps", f"message non attendu, non jugé : {fait['resume']}", str(fait["motif"]))
        verdicts = [c.verdict for c in constats]
        depot = Depot(self._seance.banc.dossier, self._scenario.id, CodesPorteur())
        return ResultatScenario(
            id=self._scenario.id,
            titre=self._scenario.titre,
            fichier=self._fichier.fichier,
            verdict=Verdict.ERREUR_BANC
            if reste is Verdict.ERREUR_BANC
            else worst([*verdicts, *([verdict] if verdict else [])]),
            constats=constats,
            deroule=tuple(self._deroule),
            cause=cause,
            preuves=depot.listing(),
            rejouer=f"preagrement run --niveau messagerie -s {self._scenario.id} --graine {self._seance.banc.graine}",
        )

    def _went(self, rang: int, genre: Any, resume: str, issue: str = "") -> None:
        self._deroule.append(Deroule(rang=rang, genre=genre, resume=resume, issue=issue))


def _shown(monde: MondeAiguille) -> str:
    return monde.horloge.now().strftime("%d/%m/%Y à %H h %M")
