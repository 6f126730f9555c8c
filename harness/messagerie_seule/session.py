"""A session at mail level: several scenarios with one person, over as many days as it takes, ended by a campaign."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harness.campagne import build_campaign, identity
from harness.catalogue import scenarios_directory
from harness.dossier import claim_directory
from harness.messagerie_seule.aiguillage import Aiguilleur
from harness.messagerie_seule.attestations import Registre
from harness.messagerie_seule.carnet import FICHIER, Carnet, ErreurSession
from harness.messagerie_seule.consignes import instructions
from harness.messagerie_seule.conversation import Arret, Conversation
from harness.messagerie_seule.demande import Cartes, Demande, request, unroll
from harness.messagerie_seule.dialogue import Dialogue, Invite, choices, split_list
from harness.messagerie_seule.guide import Guide
from harness.messagerie_seule.portee import unplayable, views
from harness.messagerie_seule.questions import data, label
from harness.messagerie_seule.seance import Seance
from harness.modele.scenario import EtapeLps, Scenario
from harness.modele.verdict import Campagne, ResultatScenario, Verdict
from harness.moteur import Banc, not_played
from harness.profil import axes, outside
from harness.scenarios import FichierScenario
from norms.chargement import ErreurChargement, load
from norms.contrat.adaptateur import Presentation, ProfilLps
from norms.contrat.base import ModeSecurisation
from norms.contrat.ports import AleaReproductible
from simulator.messagerie.serveur import HOTE
from simulator.monde.config import Reseau
from simulator.monde.monde import DONNEES_MONDE


@dataclass(frozen=True, slots=True)
class Demarrage:
    """What a session starts from. ``date``: ISO date given to every scenario, or nothing. Ports 0: any free one."""

    banc: Banc
    fichiers: tuple[FichierScenario, ...]
    reprendre: bool = False
    date: str = ""
    port_smtp: int = 0
    port_pop3: int = 0


def run_session(demarrage: Demarrage, dialogue: Dialogue, instant: Callable[[], str]) -> Campagne:
    """Plays a session until its end or until the person stops; gives the campaign so far.

    Scenarios not played yet are « non testé ». ``instant``: real time, ISO 8601. Raises ErreurSession, OSError,
    ErreurChargement.
    """
    session = _Session(demarrage, dialogue, instant)
    return session.run()


class _Session:
    def __init__(self, demarrage: Demarrage, dialogue: Dialogue, instant: Callable[[], str]) -> None:
        self._d, self._banc = demarrage, demarrage.banc
        _check_date(demarrage.date)
        self._carnet = _open_notebook(demarrage)
        registre = Registre(self._banc.dossier, instant)
        self._conversation = Conversation(dialogue, self._carnet, registre)
        self._registre = registre
        self._population = self._banc.population or scenarios_directory() / "population"
        self._cartes = Cartes(self._population)
        self._faits = self._start()

    def _start(self) -> Mapping[str, Any]:
        """The fact that opens a session: the one written when it began, or a new one."""
        empreintes = {f.scenario.id: _fingerprint(f) for f in self._d.fichiers}
        debut = self._carnet.last("session")
        if debut is None:
            ports = _free_ports(self._d.port_smtp, self._d.port_pop3)
            self._carnet.note(
                "session",
                graine=self._banc.graine,
                norme=self._banc.pack.empreinte,
                date=self._d.date,
                ports=ports,
                scenarios=empreintes,
            )
            debut = self._carnet.last("session") or {}
        autres = {"graine": self._banc.graine, "norme": self._banc.pack.empreinte, "date": self._d.date}
        for cle, valeur in autres.items():
            if debut[cle] != valeur:
                raise ErreurSession(
                    f"la session a commencé avec {cle} « {debut[cle] or 'aucune'} », pas « {valeur or 'aucune'} » ; "
                    "la reprendre avec les mêmes options, ou choisir un autre dossier (--dossier)"
                )
        connus: Mapping[str, str] = debut["scenarios"]
        if set(connus) != set(empreintes):
            raise ErreurSession("la session a commencé avec d'autres scénarios ; la reprendre avec les mêmes")
        changes = [s for s, e in empreintes.items() if connus[s] != e and s not in self._carnet.results()]
        if changes:
            raise ErreurSession(f"scénarios changés depuis le début de la session : {', '.join(changes)}")
        return debut

    def run(self) -> Campagne:
        resultats = self._carnet.results()
        presentation: Presentation | None = None
        try:
            presentation, operateur = self._introduce()
            seance = self._sitting(operateur)
            jouables = self._sorted_out(presentation.profil, resultats)
            self._play(seance, jouables, resultats)
        except Arret:
            self._conversation.tell("Session arrêtée ; la reprendre avec --reprendre.", "attention")
        restants = [f for f in self._d.fichiers if f.scenario.id not in resultats]
        cause = "pas encore joué : reprendre la session avec --reprendre"
        reste = [not_played(self._banc, f, Verdict.NON_TESTE, cause) for f in restants]
        return build_campaign(identity(self._banc, presentation), [*resultats.values(), *reste], self._banc.catalogue)

    # --- who, what --------------------------------------------------------------------------------------------
    def _introduce(self) -> tuple[Presentation, str]:
        """Who is there, and which LPS. Raises Arret."""
        tour = len(self._carnet.facts("ouverture")) + 1
        self._carnet.note("ouverture", instant=self._registre.instant())
        ask = self._conversation.ask
        operateur = ask(Invite(f"session/operateur-{tour}", "texte", "Votre nom (il signe les attestations) :"))
        produit = ask(Invite("session/produit", "texte", "Nom du logiciel :"))
        version = ask(Invite("session/version", "texte", "Version du logiciel :"))
        editeur = ask(Invite("session/editeur", "texte", "Éditeur du logiciel :", defaut="non précisé"))
        professions = self._list(
            "professions", "Professions traitées :", axes()["professions"], "medecins,prescripteurs"
        )
        modes = self._list("modes", "Modes de sécurisation :", [m.value for m in ModeSecurisation], "SESAM_VITALE")
        voulues = sorted({c for f in self._d.fichiers for c in f.scenario.capacites})
        capacites = self._list("capacites", "Capacités :", voulues, "") if voulues else []
        profil = ProfilLps(
            professions=tuple(professions),
            modes=tuple(ModeSecurisation(m) for m in modes),
            capacites=tuple(capacites),
        )
        presentation = Presentation(
            protocole="messagerie", produit=produit, version=version, editeur=editeur, operations=(), profil=profil
        )
        return presentation, operateur

    def _list(self, quoi: str, texte: str, valeurs: list[str], defaut: str) -> list[str]:
        couples = choices((v, str(data()["modes"].get(v) or label(v))) for v in valeurs)
        return split_list(self._conversation.ask(Invite(f"session/{quoi}", "liste", texte, couples, defaut)))

    def _sitting(self, operateur: str) -> Seance:
        smtp, pop3, services = self._faits["ports"]
        secret = AleaReproductible(self._banc.graine, "messagerie-seule").octets(8).hex()
        boite: Mapping[str, str] = load(DONNEES_MONDE).donnees["boite_ps"]
        self._conversation.tell(
            f"Réglez le LPS : envoi (SMTP) {HOTE} port {smtp} ; réception (POP3) {HOTE} port {pop3}, "
            f"identifiant {boite['identifiant']}, mot de passe {secret} ; adresse du cabinet {boite['adresse']}. "
            "Ces réglages valent pour toute la session. La messagerie est ouverte tant qu'un scénario est demandé."
        )
        return Seance(
            banc=self._banc,
            carnet=self._carnet,
            conversation=self._conversation,
            registre=self._registre,
            cartes=self._cartes,
            reseau=Reseau(port_smtp=smtp, port_pop3=pop3, port_services=services, mot_de_passe=secret),
            population=self._population,
            operateur=operateur,
            date=self._d.date,
        )

    # --- scenarios --------------------------------------------------------------------------------------------
    def _sorted_out(self, profil: ProfilLps, resultats: dict[str, ResultatScenario]) -> list[FichierScenario]:
        """Gives the scenarios to play; those that don't concern the LPS or this level get their result at once."""
        jouables = []
        for fichier in self._d.fichiers:
            scenario = fichier.scenario
            if scenario.id in resultats:
                continue
            raison = outside(scenario, profil)
            hors = unplayable(scenario, views(scenario, date_imposee=bool(self._d.date))) or self._untold(scenario)
            if raison:
                resultats[scenario.id] = not_played(self._banc, fichier, Verdict.NON_APPLICABLE, raison)
            elif hors:
                resultats[scenario.id] = not_played(self._banc, fichier, Verdict.NON_TESTE, hors)
            else:
                jouables.append(fichier)
        self._conversation.tell(
            f"{len(jouables)} scénario(s) à jouer sur {len(self._d.fichiers)} : "
            f"{', '.join(f.scenario.id for f in jouables) or 'aucun'}."
        )
        return jouables

    def _untold(self, scenario: Scenario) -> str:
        """Why a person can't be told what to send for a scenario, or a message be recognised; empty when both can."""
        try:
            if not request(scenario, self._cartes).factures:
                return (
                    "aucune facture reconnaissable n'y est demandée : rien ne dirait à quel scénario un message répond"
                )
            for pas in unroll(scenario, timedelta()):
                if isinstance(pas.etape, EtapeLps):
                    instructions(pas, self._cartes)
        except (ErreurChargement, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
            return f"ses gestes ne se disent pas à une personne ({type(exc).__name__} : {exc})"
        return ""

    def _play(self, seance: Seance, jouables: list[FichierScenario], resultats: dict[str, ResultatScenario]) -> None:
        demandes = {
            f.scenario.id: request(f.scenario, self._cartes, seance.offset(f.scenario))
            for f in self._d.fichiers
            if f in jouables or (f.scenario.id in resultats and resultats[f.scenario.id].deroule)
        }
        for rang, fichier in enumerate(jouables):
            identifiant = fichier.scenario.id
            suivants = {f.scenario.id: demandes[f.scenario.id] for f in jouables[rang + 1 :]}
            finis: dict[str, Demande] = {s: demandes[s] for s in resultats if resultats[s].deroule}
            aiguilleur = Aiguilleur(demandes[identifiant], suivants, finis, self._carnet, self._conversation)
            resultat = Guide(seance, fichier, aiguilleur).play()
            self._carnet.keep_result(resultat)
            resultats[identifiant] = resultat
            ton = "attention" if resultat.verdict is Verdict.NON_CONFORME else "info"
            suite = f" ({resultat.cause})" if resultat.cause else ""
            self._conversation.tell(
                f"{identifiant} : {resultat.verdict.libelle}{suite}", "attention" if ton == "attention" else "info"
            )


def _open_notebook(demarrage: Demarrage) -> Carnet:
    dossier = demarrage.banc.dossier
    existe = (dossier / FICHIER).is_file()
    if demarrage.reprendre and not existe:
        raise ErreurSession(f"{dossier} : aucune session à reprendre ; vérifier --dossier, ou retirer --reprendre")
    if not demarrage.reprendre:
        if existe:
            raise ErreurSession(
                f"{dossier} : une session y est déjà ; la reprendre (--reprendre), ou changer de dossier (--dossier)"
            )
        claim_directory(dossier)
    return Carnet(dossier)


def _free_ports(smtp: int, pop3: int) -> list[int]:
    """Three ports kept for the whole session (SMTP, POP3, services): those asked for, or free ones."""
    with ExitStack() as pile:
        trouves = []
        for port in (smtp, pop3, 0):
            prise = pile.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                prise.bind((HOTE, port))
            except OSError as exc:
                raise ErreurSession(f"port {port} déjà pris sur {HOTE} ; en choisir un autre") from exc
            trouves.append(int(prise.getsockname()[1]))
        return trouves


def _fingerprint(fichier: FichierScenario) -> str:
    return hashlib.sha256(fichier.scenario.model_dump_json().encode()).hexdigest()


def _check_date(texte: str) -> None:
    if texte:
        try:
            date.fromisoformat(texte)
        except ValueError as exc:
            raise ErreurSession(f"--date {texte} : une date AAAA-MM-JJ est attendue") from exc


def session_exists(dossier: Path) -> bool:
    """Whether a session was begun in this dossier."""
    return (dossier / FICHIER).is_file()
