"""One simulated world: everything is built, wired, and taken down here."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Self

from cryptography import x509

from norms.chargement import load
from norms.cms import Identite
from norms.contrat.adaptateur import Boite, Environnement
from norms.contrat.ports import AleaReproductible, HorlogeVirtuelle
from simulator.acteurs.anomalies import DONNEES
from simulator.acteurs.bureau import Bureau, ErreurActeur
from simulator.acteurs.confiance import Confiance
from simulator.acteurs.organismes import load_organismes
from simulator.evenements import Journal
from simulator.messagerie.boites import Boites
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.serveur import HOTE, ServeurMessagerie
from simulator.messagerie.smtp import OptionsSmtp
from simulator.monde.actions import act
from simulator.monde.config import ConfigMonde, ErreurMonde
from simulator.monde.courrier import Courrier
from simulator.monde.population import Population
from simulator.monde.scene import Scene
from simulator.pki import TestPki
from simulator.readers.ouverture import Lecteurs, ouvrir_lecteurs
from simulator.services import ServiceHttp
from simulator.ssv import ServicesSsv

DONNEES_MONDE = DONNEES.parent / "monde.yaml"
DELAI_TRAITEMENT_S = 30.0
DELAI_SESSIONS_S = 0.3
DOSSIER_MESSAGERIE = "messagerie"


class MondeSimule:
    """The world of one scenario, a context manager: ports, threads and readers live inside the ``with``.

    Raises ErreurMonde (French) when it can't be built. Everything it sees is in ``journal``; what breaks on our side
    is an ``erreur_banc`` event there.
    """

    def __init__(self, config: ConfigMonde) -> None:
        config.check()
        self.config = config
        self.horloge = HorlogeVirtuelle(config.depart)
        self.journal = Journal(instant=lambda: self.horloge.now().isoformat())
        self.pki = TestPki(config.depart)
        alea = AleaReproductible(config.graine, "monde")
        self.population = Population(config.population, self.pki, alea.derive("cartes"))
        self.scene = Scene(self.population, self.journal.emettre)
        self._alea = alea
        self._jeton = alea.derive("jeton").octets(16).hex()
        self._mot_de_passe = alea.derive("boite").octets(8).hex()
        boite: dict[str, str] = load(DONNEES_MONDE).donnees["boite_ps"]
        self.adresse_ps, self._identifiant_ps = boite["adresse"], boite["identifiant"]
        self._courrier = Courrier(self.journal, self.horloge, self.adresse_ps, DOSSIER_MESSAGERIE)
        organismes = load_organismes()
        self.bureau = Bureau(
            organismes,
            pack=config.pack,
            confiance=self._trust(),
            horloge=self.horloge,
            facteur=self._courrier,
            emettre=self.journal.emettre,
        )
        self._connus = {o.adresse.lower() for o in organismes} | {self.adresse_ps}
        self._pile = ExitStack()
        self._lecteurs: Lecteurs | None = None
        self._messagerie: ServeurMessagerie | None = None
        self._service: ServiceHttp | None = None
        self._verrou = threading.RLock()

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

    def _open(self, pile: ExitStack) -> None:
        config = self.config
        for numero, cles in config.acteurs.items():
            try:
                self.bureau.regler(numero, cles)
            except ErreurActeur as exc:
                raise ErreurMonde(str(exc)) from exc
        self._lecteurs = pile.enter_context(ouvrir_lecteurs(config.transport, espion=self.scene.espion))
        self.scene.attach(self._lecteurs)
        for lecteur, carte in config.lecteurs.items():
            if carte:
                self.scene.insert(lecteur, carte)
        ssv = ServicesSsv(
            self._lecteurs, self.pki, config.pack, self.horloge, self._alea.derive("ssv"), self.journal.emettre
        )
        pile.enter_context(ssv)
        self._service = pile.enter_context(
            ServiceHttp(ssv.registre, ssv.fonctions, jeton=self._jeton, emettre=self.journal.emettre)
        )
        dossier = config.dossier / DOSSIER_MESSAGERIE if config.dossier is not None else None
        boites = Boites(self.horloge, dossier=dossier, emettre=self._courrier.note)
        boites.create(self.adresse_ps, self._mot_de_passe, self._identifiant_ps)
        self._courrier.attach(boites)
        self._messagerie = pile.enter_context(
            ServeurMessagerie(
                boites,
                self.horloge,
                on_message=self._receive,
                emettre=self._courrier.note,
                smtp=OptionsSmtp(connu=lambda adresse: adresse.lower() in self._connus),
            )
        )

    def _receive(self, recu: MessageRecu) -> None:
        with self._verrou:
            self.bureau.handle(replace(recu, preuve=self._courrier.evidence(recu.preuve)))

    def _trust(self) -> Confiance:
        def identities(role: str, numero: str) -> tuple[Identite, ...]:
            return tuple(Identite(cle, certificat) for cle, certificat in self.pki.identites(role, numero))

        return Confiance(
            autorites=self.pki.autorites,
            crl=self._crls,
            recenser=lambda: self.population.porteurs,
            identites_piece_jointe=lambda numero: identities("chiffrement_piece_jointe", numero),
            identites_donnees=lambda numero: (
                () if self.bureau.acteur(numero).organisme.role == "OCT" else identities("chiffrement_donnees", numero)
            ),
        )

    def _crls(self) -> Iterable[x509.CertificateRevocationList]:
        return self.pki.crls()

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
        )

    def agir(self, action: str, avec: Mapping[str, Any] | None = None) -> None:
        """Does an action of the scenario, once everything received has been answered. Raises ErreurAction."""
        self.attendre_traitement()
        with self._verrou:
            act(self, action, avec or {})

    def attendre_traitement(self, delai_s: float = DELAI_TRAITEMENT_S) -> None:
        """Waits until every accepted message has been processed and answered, and mail sessions are over.

        A wait too long is a bench error, told to the journal. A client that keeps its session open is not waited for
        beyond DELAI_SESSIONS_S.
        """
        if not self.messagerie.attendre_traitement(delai_s):
            message = f"messages reçus encore en traitement après {delai_s} s"
            self.journal.emettre("erreur_banc", {"ou": "acteurs", "message": message})
        self._courrier.wait_sessions(DELAI_SESSIONS_S)
