"""The world on its own: servers, live log, control API, evidence that the next start goes on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from harness.serveur.affichage import Affichage
from harness.serveur.controle import Controle, Refus
from harness.serveur.journal import JournalDisque
from harness.serveur.verrou import hold
from norms.paquet import NormPack
from norms.systeme import tell_system_error
from simulator.messagerie.tls import open_tls
from simulator.monde import ConfigMonde, ErreurAction, MondeSimule
from simulator.monde.actions import ACTIONS
from simulator.monde.config import POPULATION, Reseau

JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen. Ports 0 are chosen by the system; ``auth`` requires AUTH before mail is taken."""

    preuves: Path
    date: str
    port_smtp: int = 0
    port_pop3: int = 0
    port_controle: int = 0
    port_services: int = 0
    jeton: str = field(default="", repr=False)
    mot_de_passe: str = field(default="", repr=False)
    starttls: bool = False
    auth: bool = False
    graine: int = 1
    pack: NormPack = field(default_factory=NormPack.par_defaut)
    population: Path = POPULATION
    lecteurs: Mapping[str, str | None] = field(default_factory=dict)


class Serveur:
    """A running world; a context manager. Raises ErreurMonde, OSError (French) when it can't start."""

    def __init__(self, options: Options, affichage: Affichage) -> None:
        self._options, self._affichage = options, affichage
        self._pile = ExitStack()
        self.certificat: Path | None = None
        self._journal: JournalDisque | None = None
        self.repris = self.reste = 0

    def __enter__(self) -> Self:
        with ExitStack() as pile:
            self._open(pile)
            self._pile = pile.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._pile.close()
        self.reste = self.monde.non_traites

    def _open(self, pile: ExitStack) -> None:
        options = self._options
        pile.enter_context(hold(options.preuves))
        tls = None
        if options.starttls:
            tls, self.certificat = open_tls(options.preuves)
        self.config = ConfigMonde(
            date=options.date,
            graine=options.graine,
            pack=options.pack,
            dossier=options.preuves,
            population=options.population,
            lecteurs=options.lecteurs,
            durable=True,
            journal=self._make_journal,
            reseau=Reseau(
                port_smtp=options.port_smtp,
                port_pop3=options.port_pop3,
                port_services=options.port_services,
                tls=tls,
                auth=options.auth,
                auth_exigee=options.auth,
                mot_de_passe=options.mot_de_passe,
            ),
        )
        pile.callback(self._close_journal)
        self.monde = MondeSimule(self.config)
        pile.enter_context(self.monde)
        self.repris = self.monde.messagerie.en_attente
        try:
            self.controle = pile.enter_context(
                Controle(self, options.jeton, options.port_controle, lambda m: self._fail("contrôle", m))
            )
        except OSError as exc:
            raise OSError(f"port {options.port_controle} (contrôle) inutilisable : {tell_system_error(exc)}") from exc

    def _make_journal(self, instant: Callable[[], str]) -> JournalDisque:
        self._journal = JournalDisque(instant, self._options.preuves / JOURNAL, self._affichage.show)
        return self._journal

    @property
    def journal_disque(self) -> JournalDisque:
        """The journal. Raises RuntimeError when not started."""
        if self._journal is None:
            raise RuntimeError("serveur non démarré")
        return self._journal

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def _fail(self, ou: str, message: str) -> None:
        self.journal_disque.emettre("erreur_banc", {"ou": ou, "message": message})

    @property
    def erreurs(self) -> int:
        """Faults of the bench since it started."""
        return self.journal_disque.comptes["erreur_banc"]

    # --- control API ------------------------------------------------------------------------------------------
    def state(self) -> dict[str, Any]:
        """Where the world stands."""
        monde, env, comptes = self.monde, self.monde.environnement(), self.journal_disque.comptes
        with monde.verrou:
            pannes = [p.donnees() for p in monde.pannes.posees]
            attente = len(monde.acheminement) + len(monde.guichet) + len(monde.echeancier)
        return {
            "horloge": monde.horloge.now().isoformat(),
            "smtp": {"hote": env.smtp.hote, "port": env.smtp.port},
            "pop3": {"hote": env.pop3.hote, "port": env.pop3.port},
            "services": {"url": f"{env.services_url}/rpc"},
            "boite": env.pop3.adresse,
            "acteurs": [{"numero": o.numero, "nom": o.nom, "adresse": o.adresse} for o in monde.organismes],
            "cartes": list(monde.population.noms),
            "messages": {
                "recus": monde.boites.recus,
                "a_traiter": monde.messagerie.en_attente,
                "differes": attente,
                "retours_deposes": monde.boites.deposes,
                "en_boite": len(monde.boites.messages(monde.adresse_ps)),
            },
            "pannes": pannes,
            "erreurs_banc": comptes["erreur_banc"],
            "journal": len(self.journal_disque),
        }

    def journal(self, depuis: int, maximum: int) -> dict[str, Any]:
        """Events from a rank on."""
        evenements = list(self.journal_disque.read(depuis, maximum))
        return {"evenements": evenements, "suivant": depuis + len(evenements), "total": len(self.journal_disque)}

    def messages(self, depuis: int, maximum: int) -> dict[str, Any]:
        """Received messages after the ``depuis`` first ones, with what insurers made of them."""
        total = self.journal_disque.messages
        fin = min(total, depuis + maximum)
        lus = [self.journal_disque.read_message(rang) for rang in range(depuis + 1, fin + 1)]
        return {"messages": lus, "suivant": max(depuis, fin), "total": total}

    def actions(self) -> dict[str, Any]:
        """What may be ordered, with the JSON Schema of the parameters."""
        decrites = {n: {"resume": a.resume, "avec": a.params.model_json_schema()} for n, a in ACTIONS.items()}
        return {"actions": decrites}

    def act(self, action: str, avec: Mapping[str, Any]) -> dict[str, Any]:
        """Does an action of the world; tells what came of it. Raises Refus."""
        monde = self.monde
        with monde.verrou:
            deposes, posees = monde.boites.deposes, {p.nom for p in monde.pannes.posees}
            try:
                monde.agir(action, avec, attendre=False)
            except ErreurAction as exc:
                raise Refus(422, str(exc)) from exc
            fait = {
                "fait": action,
                "horloge": monde.horloge.now().isoformat(),
                "retours_deposes": monde.boites.deposes - deposes,
                "pannes_posees": [p.nom for p in monde.pannes.posees if p.nom not in posees],
            }
            self.journal_disque.emettre("ordre", {"action": action, "avec": dict(avec), "effet": _outcome(fait)})
        return fait


def _outcome(fait: Mapping[str, Any]) -> str:
    """What an order did, in a few words for the live log."""
    mots = [f"panne « {nom} » posée" for nom in fait["pannes_posees"]]
    if fait["retours_deposes"]:
        mots.append(f"{fait['retours_deposes']} retour(s) déposé(s)")
    return ", ".join(mots) or "fait"
