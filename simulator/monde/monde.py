"""One simulated world: everything is built, wired, and taken down here."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, Self

from pydantic import ValidationError

from norms.chargement import load
from norms.contrat.adaptateur import Boite, Environnement
from norms.contrat.ports import AleaReproductible, HorlogeVirtuelle
from norms.systeme import tell_system_error
from simulator.acteurs.anomalies import DONNEES
from simulator.acteurs.bureau import Bureau, ErreurActeur
from simulator.acteurs.cesi import Cesi
from simulator.acteurs.conventions import EmetteursTables, load_emetteurs
from simulator.acteurs.francais import explain
from simulator.acteurs.oct import Concentrateurs
from simulator.acteurs.oppositions import Distributeur
from simulator.acteurs.organismes import load_cesi, load_distributeur, load_organismes
from simulator.apcv import Portefeuille
from simulator.evenements import Journal
from simulator.messagerie.boites import MAX_MESSAGES, MAX_OCTETS, Boites
from simulator.messagerie.erreurs import ErreurMessagerie
from simulator.messagerie.evenements import DestinataireDsn, MessageRecu, ParametresDsn
from simulator.messagerie.pannes import PannesMessagerie
from simulator.messagerie.pop3 import OptionsPop3
from simulator.messagerie.serveur import HOTE, ServeurMessagerie
from simulator.messagerie.smtp import OptionsSmtp
from simulator.monde.actions import act
from simulator.monde.confiance import trust
from simulator.monde.config import ConfigMonde, ErreurMonde
from simulator.monde.courrier import Courrier
from simulator.monde.population import Population
from simulator.monde.reprise import Etat, Reprise
from simulator.monde.scene import Scene
from simulator.pannes.acheminement import NUMERO_OPERATEUR, Acheminement, Operateur
from simulator.pannes.echeancier import Echeancier
from simulator.pannes.grammaire import Panne, Quoi
from simulator.pannes.guichet import Depot, Guichet
from simulator.pannes.registre import ErreurPanne, Pannes, read_faults
from simulator.pki import TestPki
from simulator.readers.equipement import Terminaux
from simulator.readers.ouverture import Lecteurs, ouvrir_lecteurs
from simulator.services import ServiceHttp
from simulator.ssv import ServicesSsv

DONNEES_MONDE = DONNEES.parent / "monde.yaml"
DELAI_TRAITEMENT_S = 30.0
DELAI_SESSIONS_S = 0.3
#: How long a message's acknowledgement waits for what it sets off; far less than any client waits for it.
DELAI_ACCUSE_S = 5.0
DOSSIER_MESSAGERIE = "messagerie"
#: What a mailbox holds in a world that lasts: its messages stay on disk.
MAX_DURABLE = 1_000_000
MAX_OCTETS_DURABLE = 64 * 1024**3


class MondeSimule:
    """The world of one scenario, a context manager: ports, threads and readers live inside the ``with``.

    Raises ErreurMonde (French) when it can't be built. Everything it sees is in ``journal``; what breaks on our side
    is an ``erreur_banc`` event there.
    """

    def __init__(self, config: ConfigMonde) -> None:
        config.check()
        self.config = config
        self._reprise = Reprise(config.dossier) if config.durable and config.dossier is not None else None
        etat = self._reprise.etat if self._reprise else Etat()
        self.horloge = HorlogeVirtuelle(max(config.depart, etat.horloge or config.depart))
        self.journal: Journal = config.journal(lambda: self.horloge.now().isoformat())
        self.pki = TestPki(config.depart)
        alea = AleaReproductible(config.graine, "monde")
        self.population = Population(config.population, self.pki, alea.derive("cartes"))
        self.scene = Scene(self.population, self.journal.emettre)
        self.terminaux = Terminaux(config.materiel, informer=self.scene.note)
        self._alea = alea
        self.portefeuille = Portefeuille()
        self._jeton = alea.derive("jeton").octets(16).hex()
        self._mot_de_passe = config.reseau.mot_de_passe or alea.derive("boite").octets(8).hex()
        donnees: dict[str, Any] = load(DONNEES_MONDE).donnees
        self.adresse_ps: str = donnees["boite_ps"]["adresse"]
        self._identifiant_ps: str = donnees["boite_ps"]["identifiant"]
        self._courrier = Courrier(self.journal, self.horloge, self.adresse_ps, DOSSIER_MESSAGERIE)
        organismes = load_organismes()
        self.bureau = Bureau(
            organismes,
            pack=config.pack,
            confiance=trust(self.pki, lambda: self.population.porteurs, self._role),
            horloge=self.horloge,
            facteur=self._courrier,
            emettre=self.journal.emettre,
            ecarts=self,
            relire=self._reread if self._reprise else None,
            noter=self._reprise.remember if self._reprise else None,
        )
        self.concentrateurs = Concentrateurs(
            organismes,
            pack=config.pack,
            facteur=self._courrier,
            emission=self._submit,
            certificat=lambda numero: self.pki.certificat("chiffrement_piece_jointe", numero),
            alea=alea.derive("concentrateurs"),
            composteur=self._courrier.composteur,
            emettre=self.journal.emettre,
            adresse_ps=self.adresse_ps,
            confier=self.bureau.learn_part,
        )
        self.bureau.relais = self.concentrateurs.relay
        self.bureau.facteur = self.concentrateurs
        self.cesi = Cesi(load_cesi(), pack=config.pack, facteur=self._courrier, emettre=self.journal.emettre)
        self.distributeur = Distributeur(
            load_distributeur(), config.pack, self.horloge, self.concentrateurs, self.journal.emettre
        )
        self.distributeur.publier(self.population.oppositions)
        self.organismes = (*organismes, self.cesi.organisme, self.distributeur.organisme)
        self.tables = EmetteursTables(load_emetteurs(), pack=config.pack, horloge=self.horloge, facteur=self._courrier)
        self._boite_oppositions: dict[str, str] = donnees["boite_oppositions"]
        self._adresse_operateur: str = donnees["operateur"]["adresse"]
        self._connus = {o.adresse.lower() for o in self.organismes} | {self.adresse_ps}
        self._pile = ExitStack()
        self._lecteurs: Lecteurs | None = None
        self._messagerie: ServeurMessagerie | None = None
        self._service: ServiceHttp | None = None
        self.verrou = threading.RLock()

    # --- life -------------------------------------------------------------------------------------------------
    def __enter__(self) -> Self:
        with ExitStack() as pile:
            self._open(pile)
            self._pile = pile.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.fermer()

    def fermer(self) -> None:
        """Stops the servers, frees ports, threads and readers; may be called again."""
        self._pile.close()
        self._messagerie = self._service = self._lecteurs = None
        if self._reprise is not None:
            self._reprise.close()

    def _open(self, pile: ExitStack) -> None:
        config = self.config
        for numero, cles in config.acteurs.items():
            try:
                self.bureau.regler(numero, cles)
            except ErreurActeur as exc:
                raise ErreurMonde(str(exc)) from exc
        noms = config.materiel.ressources
        self._lecteurs = pile.enter_context(ouvrir_lecteurs(config.transport, noms=noms, espion=self.scene.espion))
        self.scene.attach(self._lecteurs)
        for lecteur, carte in config.lecteurs.items():
            if carte:
                self.scene.insert(lecteur, carte)
        ssv = ServicesSsv(
            self._lecteurs,
            self.pki,
            config.pack,
            self.horloge,
            self._alea.derive("ssv"),
            self.journal.emettre,
            self.portefeuille,
            self.population.droits,
            self.terminaux,
        )
        pile.enter_context(ssv)
        self.ssv = ssv
        reseau = config.reseau
        try:
            self._service = pile.enter_context(
                ServiceHttp(
                    ssv.registre,
                    ssv.fonctions,
                    jeton=self._jeton,
                    emettre=self.journal.emettre,
                    port=reseau.port_services,
                )
            )
        except OSError as exc:
            raise ErreurMonde(
                f"port {reseau.port_services} (services) inutilisable sur {HOTE} : {tell_system_error(exc)}"
            ) from exc
        self._open_mail(pile)

    def _open_mail(self, pile: ExitStack) -> None:
        config, reseau = self.config, self.config.reseau
        dossier = config.dossier / DOSSIER_MESSAGERIE if config.dossier is not None else None
        boites = Boites(
            self.horloge,
            dossier=dossier,
            emettre=self._courrier.note,
            pannes=PannesMessagerie(horloge=self.horloge),
            max_messages=MAX_DURABLE if config.durable else MAX_MESSAGES,
            max_octets=MAX_OCTETS_DURABLE if config.durable else MAX_OCTETS,
        )
        boites.create(self.adresse_ps, self._mot_de_passe, self._identifiant_ps)
        separee = self._boite_oppositions
        boites.create(separee["adresse"], self._mot_de_passe, separee["identifiant"])
        self.boites = boites
        self._resume(boites)
        self._open_faults(boites)
        messagerie = ServeurMessagerie(
            boites,
            self.horloge,
            on_message=self._receive,
            emettre=self._courrier.note,
            port_smtp=reseau.port_smtp,
            port_pop3=reseau.port_pop3,
            smtp=OptionsSmtp(
                connu=lambda adresse: adresse.lower() in self._connus,
                tls=reseau.tls,
                tls_exige=reseau.tls_exige,
                auth=reseau.auth,
                auth_exigee=reseau.auth_exigee,
                auth_en_clair=not reseau.tls_exige,
                attente_traitement_s=0.0 if config.durable else DELAI_ACCUSE_S,
            ),
            pop3=OptionsPop3(tls=reseau.tls, tls_exige=reseau.tls_exige),
            remise_locale=False,
            reprise=config.durable,
        )
        restants = self._unprocessed()
        try:
            self._messagerie = pile.enter_context(messagerie)
        except ErreurMessagerie as exc:
            raise ErreurMonde(str(exc)) from exc
        for recu in restants:
            messagerie.submit(recu)

    def _open_faults(self, boites: Boites) -> None:
        """The faults, and the ways of messages and returns that they strike."""
        adresses = {e.organisme.numero: e.organisme.adresse for e in self.tables.par_numero.values()}
        adresses |= {o.numero: o.adresse for o in self.organismes}
        self.pannes = Pannes(self.horloge, boites.pannes, adresses, self.journal.emettre)
        self.echeancier = Echeancier(self.horloge)
        self.bureau.plus_tard = self.echeancier.add
        self.guichet = Guichet(self.pannes, self.echeancier, self.horloge, self._courrier.deposit)
        self._courrier.attach(boites, self.guichet)
        operateur = Operateur(
            self._adresse_operateur,
            self._courrier.composteur(NUMERO_OPERATEUR, self._adresse_operateur),
            pack=self.config.pack,
            guichet=self.guichet,
            boite_de=lambda adresse: "" if self.concentrateurs.knows(adresse) else self._courrier.mailbox_of(adresse),
        )
        self.acheminement = Acheminement(
            self.organismes,
            pannes=self.pannes,
            echeancier=self.echeancier,
            horloge=self.horloge,
            operateur=operateur,
            livrer=self._hand_over,
            acheve=self._done,
        )
        try:
            for panne in read_faults(self.config.pannes):
                self.pannes.poser(panne)
        except ValidationError as exc:
            raise ErreurMonde(f"pannes du monde : {explain(exc)}") from exc
        except ErreurPanne as exc:
            raise ErreurMonde(f"pannes du monde : {exc}") from exc

    # --- messages ---------------------------------------------------------------------------------------------
    def _receive(self, recu: MessageRecu) -> None:
        with self.verrou:
            if self._reprise is not None:
                self._reprise.begin(recu.numero, self.boites.deposes)
            for adresse in recu.destinataires:  # the PS writing to itself
                if adresse in self.boites:
                    self._courrier.deposit(Depot(adresse, recu.brut, None))
            if not self.acheminement.carry(replace(recu, preuve=self._courrier.evidence(recu.preuve))):
                self._hold(recu)

    def _submit(self, expediteur: str, destinataire: str, brut: bytes) -> None:
        """A concentrator hands a message to the network: kept, numbered and carried as the PS's own are."""
        dsn = ParametresDsn(destinataires=(DestinataireDsn(destinataire, ("FAILURE",)),))
        self.messagerie.submit(self.boites.accept(expediteur, (destinataire,), brut, dsn=dsn))

    def _hold(self, recu: MessageRecu) -> None:
        self._courrier.forget_deposited()
        if self._reprise is not None:
            self._reprise.hold(recu.numero, self._state())

    def _hand_over(self, recu: MessageRecu) -> None:
        """An insurer, or the infrastructure of claims, receives the message."""
        if self.concentrateurs.forward_request(recu, self.distributeur.organisme):
            return
        self.bureau.handle(recu)
        self.cesi.handle(recu)
        self.distributeur.handle(recu)

    def _done(self, recu: MessageRecu) -> None:
        self._courrier.forget_deposited()
        if self._reprise is not None:
            self._reprise.end(recu.numero, self._state())

    @property
    def non_traites(self) -> int:
        """How many acknowledged messages are not done with (waiting, or held back by a fault)."""
        return self.boites.recus - self._reprise.traites if self._reprise else self.messagerie.en_attente

    def _state(self) -> dict[str, Any]:
        return {
            "horloge": self.horloge.now().isoformat(),
            "fichiers": {n: a.fichiers for n, a in self.bureau.acteurs.items() if a.fichiers},
            "compteurs": self._courrier.compteurs,
        }

    def _reread(self, recu: MessageRecu) -> MessageRecu:
        prefixe = self._courrier.evidence("x").removesuffix("x")
        lu = self.boites.reread(replace(recu, preuve=recu.preuve.removeprefix(prefixe)))
        return replace(recu, brut=lu.brut)

    def _resume(self, boites: Boites) -> None:
        """Goes on from the state of the world before, once the mailboxes are read back."""
        if self._reprise is None:
            return
        etat = self._reprise.etat
        for memoire in etat.memoires:
            self.bureau.restore(memoire)
        for numero, combien in etat.fichiers.items():
            self.bureau.acteur(numero).fichiers = combien
        deja = boites.deposes - etat.en_cours[1] if etat.en_cours else 0
        self._courrier.resume(etat.compteurs, deja)
        etat.memoires.clear()

    def _unprocessed(self) -> Iterator[MessageRecu]:
        """Messages acknowledged but not processed by the world before; first the one that was under way."""
        if self._reprise is None:
            return iter(())
        etat = self._reprise.etat
        restants = set(range(1, self.boites.recus + 1)) - etat.traites
        premier = {etat.en_cours[0]} & restants if etat.en_cours else set()
        return chain(self._received(premier), self._received(restants - premier))

    def _received(self, numeros: set[int]) -> Iterator[MessageRecu]:
        if numeros:
            yield from (m for m in self.boites.received(min(numeros) - 1) if m.numero in numeros)

    def take(self, quoi: Quoi, acteur: str, objet: str) -> Panne | None:
        """The fault that makes an insurer depart from its decision (``simulator.acteurs.ecarts``)."""
        return self.pannes.take(quoi, "emission", acteur=acteur, objet=objet)

    def _role(self, numero: str) -> str:
        return self.bureau.acteur(numero).organisme.role

    # --- for the engine ---------------------------------------------------------------------------------------
    @property
    def messagerie(self) -> ServeurMessagerie:
        """The mail network. Raises ErreurMonde outside of the ``with``."""
        if self._messagerie is None:
            raise ErreurMonde("le monde n'est pas ouvert : l'utiliser dans un « with »")
        return self._messagerie

    def environnement(self) -> Environnement:
        """Where the LPS finds services and mailboxes. Raises ErreurMonde outside of the ``with``."""
        messagerie = self.messagerie
        assert self._service is not None  # noqa: S101 - opened together
        commun = {"hote": HOTE, "utilisateur": self._identifiant_ps, "mot_de_passe": self._mot_de_passe}
        return Environnement(
            services_url=self._service.url,
            services_jeton=self._jeton,
            smtp=Boite(port=messagerie.port_smtp, adresse=self.adresse_ps, **commun),
            pop3=Boite(port=messagerie.port_pop3, adresse=self.adresse_ps, **commun),
            pop3_oppositions=Boite(
                hote=HOTE,
                port=messagerie.port_pop3,
                utilisateur=self._boite_oppositions["identifiant"],
                mot_de_passe=self._mot_de_passe,
                adresse=self._boite_oppositions["adresse"],
            ),
        )

    def agir(self, action: str, avec: Mapping[str, Any] | None = None, *, attendre: bool = True) -> None:
        """Does an action of the scenario, once everything received has been answered. Raises ErreurAction.

        With ``attendre`` false, between two messages: for a world in which they keep coming.
        """
        if attendre:
            self.attendre_traitement()
        with self.verrou:
            act(self, action, avec or {})
            if self._reprise is not None:
                self._reprise.order(action, self._state())

    def avancer(self, jusque: datetime) -> None:
        """Moves the clock to an instant, doing on the way what was waiting for it (late messages and returns)."""
        with self.verrou:
            avant = self.horloge.now()
            self.relacher()
            try:
                self.echeancier.advance(jusque)
            except Exception as exc:  # an insurer's fault while answering a late message: the bench's, never the LPS's
                message = f"remise différée : {type(exc).__name__} : {exc}"
                self.journal.emettre("erreur_banc", {"ou": "acheminement", "message": message})
                self.horloge.set(max(jusque, self.horloge.now()))
            instants = {"avant": avant.isoformat(), "maintenant": self.horloge.now().isoformat()}
            self.journal.emettre("horloge", instants)

    def relacher(self) -> None:
        """Lets go the messages and returns that wait for a next one."""
        self.acheminement.release()
        self.guichet.release()

    def attendre_traitement(self, delai_s: float = DELAI_TRAITEMENT_S) -> None:
        """Waits until every accepted message has been processed and answered, and mail sessions are over.

        A wait too long is a bench error, told to the journal. A client that keeps its session open is not waited for
        beyond DELAI_SESSIONS_S.
        """
        if not self.messagerie.attendre_traitement(delai_s):
            message = f"messages reçus encore en traitement après {delai_s} s"
            self.journal.emettre("erreur_banc", {"ou": "acteurs", "message": message})
        self._courrier.wait_sessions(DELAI_SESSIONS_S)
