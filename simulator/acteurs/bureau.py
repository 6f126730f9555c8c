"""All the insurers of the world behind their mailboxes: each received message is analysed, decided on, answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from norms.contrat.ports import Horloge
from norms.paquet import NormPack
from simulator.acteurs.agrement import check_agreements
from simulator.acteurs.analyse import AnalyseLot, AnalyseMessage
from simulator.acteurs.anomalies import load_catalogue
from simulator.acteurs.comportement import Comportement, Delai, NatureService
from simulator.acteurs.confiance import Confiance
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.decision import Decision, DecisionArl, decide
from simulator.acteurs.ecarts import AucunEcart, Ecarts, deviate
from simulator.acteurs.fichiers_retour import alphanumeric, build_arl
from simulator.acteurs.historique import (
    CleLot,
    LotConnu,
    Registre,
    Souvenir,
    check_history,
    find_lot,
    mark_received,
    remember,
    without_cancelled,
)
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.reception import analyse, profiles
from simulator.acteurs.reglements import REJETE, build_rsp
from simulator.acteurs.retour import Annonce, Facteur
from simulator.evenements import Nature
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.message import analyser
from simulator.messagerie.retours import Composteur, build_return, build_service
from simulator.pannes.grammaire import shift

#: How much of a message too big to be read is looked at, to recall its subject.
MAX_ORIGINE = 65_536


class ErreurActeur(ValueError):
    """An order that an insurer cannot follow; the message says why."""


@dataclass(slots=True)
class Acteur:
    """One insurer: who it is, how it behaves, what it remembers."""

    organisme: Organisme
    comportement: Comportement = field(default_factory=Comportement)
    registre: Registre = field(default_factory=Registre)
    dernier: MessageRecu | None = None
    fichiers: int = 0

    def next_number(self) -> int:
        """The number of the next file this insurer sends."""
        self.fichiers += 1
        return self.fichiers


@dataclass(frozen=True, slots=True)
class Memoire:
    """What an insurer remembers of one message, and where the message can be read again."""

    acteur: str
    preuve: str
    instant: str
    expediteur: str
    souvenir: Souvenir


@dataclass(frozen=True, slots=True)
class Solde:
    """Lots that an insurer has paid or rejected."""

    acteur: str
    lots: tuple[CleLot, ...]


class Fichier(NamedTuple):
    """A file to send back: profile of its message, bytes, the PS's number, what its subject counts."""

    nature: str
    octets: bytes
    exercice: str
    nombre: int


class Bureau:
    """The insurers by address. ``facteur`` takes returns away; ``emettre`` gets the ``flux`` events.

    With ``relire`` (gives a message its bytes again, from the evidence), what was received isn't kept in memory.
    ``noter`` gets what an insurer remembers, as plain data that ``restore`` takes back. ``relais`` is given what a
    concentrator received, once analysed.
    Not thread-safe: one message at a time, orders of the scenario in between.
    """

    def __init__(
        self,
        organismes: Iterable[Organisme],
        *,
        pack: NormPack,
        confiance: Confiance,
        horloge: Horloge,
        facteur: Facteur,
        emettre: Callable[[Nature, Mapping[str, Any]], None],
        ecarts: Ecarts | None = None,
        relire: Callable[[MessageRecu], MessageRecu] | None = None,
        noter: Callable[[Memoire | Solde], None] | None = None,
        relais: Callable[[Organisme, Comportement, MessageRecu, AnalyseMessage], None] | None = None,
    ) -> None:
        self._ecarts: Ecarts = ecarts or AucunEcart()
        self._relire, self._noter, self.relais = relire, noter, relais
        #: Has something done at a later virtual instant; without it, insurers take no time.
        self.plus_tard: Callable[[datetime, Callable[[], object]], None] | None = None
        self._pack, self._confiance, self._horloge = pack, confiance, horloge
        self.facteur, self._emettre = facteur, emettre
        self.acteurs = {o.numero: Acteur(o) for o in organismes}
        self._par_adresse = {a.organisme.adresse.lower(): a for a in self.acteurs.values()}

    # --- reception --------------------------------------------------------------------------------------------
    def handle(self, recu: MessageRecu) -> None:
        """Deals with a message for each of its recipients that is an insurer."""
        for adresse in recu.destinataires:
            acteur = self._par_adresse.get(adresse.lower())
            if acteur is not None:
                self._receive(acteur, recu)

    def contexte(self, numero: str, instant: datetime) -> Contexte:
        """What the analysis of a message received at ``instant`` by this insurer rests on. Raises ErreurActeur."""
        return Contexte(self.acteur(numero).organisme, self._pack, self._confiance, instant)

    def _receive(self, acteur: Acteur, recu: MessageRecu) -> None:
        numero = acteur.organisme.numero
        ctx = self.contexte(numero, datetime.fromisoformat(recu.instant))
        if self._ecarts.take("mauvaise_cle", numero, f"message {recu.numero}"):
            ctx = replace(ctx, confiance=self._wrong_keys(numero))
        lue = check_history(ctx.catalogue, analyse(ctx, recu), acteur.registre)
        lue = check_agreements(ctx.catalogue, lue, acteur.comportement.agrements_refuses)
        self._emettre("flux", lue.donnees(recu.preuve))
        decision = decide(lue, acteur.comportement)
        self._remember(acteur, recu, lue, decision)
        if acteur.organisme.role == "OCT" and self.relais is not None:
            self.relais(acteur.organisme, acteur.comportement, recu, lue)
        if decision.service is not None:
            self._send_service(acteur, recu, lue, decision.service, decision.motif)
        if decision.arls and self._ecarts.take("rsp_avant_arl", numero, f"message {recu.numero}"):
            self._settle(acteur)
        dits = [dit for arl in decision.arls for dit in deviate(arl, self._ecarts, numero, acteur.registre)]
        adresse = recu.expediteur
        for groupe in [dits] if acteur.comportement.arl_groupes and dits else [[dit] for dit in dits]:
            self._after(acteur.comportement.arl_apres, partial(self._send_arl, acteur, adresse, groupe))
        if decision.acceptes and acteur.comportement.rsp_apres is not None:
            self._after(acteur.comportement.rsp_apres, lambda: self._settle(acteur))

    def _after(self, delai: Delai | None, faire: Callable[[], object]) -> None:
        """Now, or when the virtual clock has moved by so much."""
        if delai is None or self.plus_tard is None:
            faire()
        else:
            self.plus_tard(shift(self._horloge.now(), **delai.model_dump()), faire)

    def _wrong_keys(self, numero: str) -> Confiance:
        """The keys of another insurer in place of this one's."""
        autre = next((n for n in self.acteurs if n != numero), numero)
        propre = self._confiance.identites_piece_jointe
        return replace(self._confiance, identites_piece_jointe=lambda n: propre(autre if n == numero else n))

    def _remember(self, acteur: Acteur, recu: MessageRecu, lue: AnalyseMessage, decision: Decision) -> None:
        if self._relire is None or not recu.preuve:
            acteur.dernier = recu
            acteur.registre.record(lue, decision)
            return
        acteur.dernier = replace(recu, brut=b"")
        souvenir = remember(lue, decision)
        acteur.registre.apply(souvenir, partial(self._lot_reader, acteur, acteur.dernier))
        if self._noter is not None:
            self._noter(Memoire(acteur.organisme.numero, recu.preuve, recu.instant, recu.expediteur, souvenir))

    def restore(self, memoire: Memoire | Solde) -> None:
        """Gives back what an insurer remembered. Raises ErreurActeur."""
        acteur = self.acteur(memoire.acteur)
        if isinstance(memoire, Solde):
            acteur.registre.settle(memoire.lots)
            return
        recu = MessageRecu(
            numero=0,
            instant=memoire.instant,
            session=0,
            expediteur=memoire.expediteur,
            destinataires=(acteur.organisme.adresse,),
            brut=b"",
            preuve=memoire.preuve,
        )
        acteur.dernier = recu
        acteur.registre.apply(memoire.souvenir, partial(self._lot_reader, acteur, recu))

    def _lot_reader(self, acteur: Acteur, recu: MessageRecu, cle: CleLot, empreinte: str) -> Callable[[], AnalyseLot]:
        def read() -> AnalyseLot:
            return find_lot(self._read_again(acteur, recu), cle, empreinte)

        return read

    def _read_again(self, acteur: Acteur, recu: MessageRecu) -> AnalyseMessage:
        entier = self._relire(recu) if self._relire is not None else recu
        return analyse(self.contexte(acteur.organisme.numero, datetime.fromisoformat(recu.instant)), entier)

    def _send_arl(self, acteur: Acteur, adresse: str, arls: list[DecisionArl]) -> None:
        """One file for these ARL; the journal names the first one, and every lot of the file."""
        octets = build_arl(self._pack, acteur.organisme, arls, acteur.next_number(), self._horloge.now().date())
        arl = arls[0]
        annonce = Annonce(
            acteur=acteur.organisme.numero,
            nature="ARL",
            lot=arl.reference_dite,
            facture=arl.numero_facture,
            positif=arl.positif,
            code=arl.code,
            libelle=arl.libelle,
            lots=tuple(a.reference_dite for a in arls),
        )
        self._send_file(acteur, adresse, Fichier("arl", octets, arl.lot.numero_ps, len(arls)), annonce)

    def _send_file(self, acteur: Acteur, adresse: str, fichier: Fichier, annonce: Annonce) -> None:
        def build(destinataire: str, composteur: Composteur) -> bytes:
            return build_return(
                fichier.nature,
                expediteur=acteur.organisme.adresse,
                destinataire=destinataire,
                contenu=fichier.octets,
                composteur=composteur,
                champs={"exercice": alphanumeric(fichier.exercice, 9), "nb_retours": f"{fichier.nombre:05d}"},
                profils=profiles(self._pack),
            )

        self.facteur.send(acteur.organisme, adresse, build, annonce)

    def _send_service(
        self, acteur: Acteur, recu: MessageRecu, lue: AnalyseMessage, nature: NatureService, motif: str
    ) -> None:
        origine = lue.message or analyser(recu.brut[:MAX_ORIGINE], profils=profiles(self._pack))

        def build(destinataire: str, composteur: Composteur) -> bytes:
            return build_service(
                f"service_{nature}",
                origine,
                expediteur=acteur.organisme.adresse,
                destinataire=destinataire,
                composteur=composteur,
                libelle=motif,
                enveloppe=recu,
                profils=profiles(self._pack),
            )

        annonce = Annonce(acteur=acteur.organisme.numero, nature="SERVICE", positif=False, code=nature, libelle=motif)
        self.facteur.send(acteur.organisme, recu.expediteur, build, annonce)

    # --- orders of the scenario -------------------------------------------------------------------------------
    def acteur(self, numero: str) -> Acteur:
        """The insurer of this number. Raises ErreurActeur."""
        try:
            return self.acteurs[numero]
        except KeyError:
            connus = ", ".join(self.acteurs)
            raise ErreurActeur(f"acteur « {numero} » inconnu du monde ; acteurs : {connus}") from None

    def regler(self, numero: str, cles: Mapping[str, Any]) -> None:
        """Changes the behaviour of an insurer from now on. Raises ErreurActeur."""
        acteur = self.acteur(numero)
        try:
            acteur.comportement = acteur.comportement.changed(cles)
        except ValueError as exc:
            raise ErreurActeur(f"comportement de l'acteur {numero} : {exc}") from exc

    def learn_part(self, numero_amc: str, numero_ps: str, numero: str) -> None:
        """An AMC gets the complementary part of a FSE outside of SESAM-Vitale, from a concentrator."""
        for acteur in self.acteurs.values():
            o = acteur.organisme
            if o.role == "AMC" and o.numero_destinataire.lstrip("0") == numero_amc.lstrip("0"):
                acteur.registre.learn(numero_ps, numero)

    def liquider(self, numero: str = "") -> int:
        """Sends an RSP 580 for all lots accepted and not yet settled; gives how many returns. Raises ErreurActeur."""
        acteurs = [self.acteur(numero)] if numero else list(self.acteurs.values())
        return sum(self._settle(a) for a in acteurs)

    def _settle(self, acteur: Acteur) -> int:
        if acteur.comportement.rsp == "aucun" or acteur.organisme.role == "OCT" or acteur.dernier is None:
            return 0
        par_ps: dict[str, list[LotConnu]] = {}
        dus = acteur.registre.to_settle()
        for connu in dus.values():
            par_ps.setdefault(connu.numero_ps, []).append(connu)
        hors_flux = acteur.comportement.beyond_invoices and acteur.organisme.role == "AMO"
        if hors_flux and not par_ps:  # nothing to settle: what is tied to no invoice goes to the last PS heard of
            par_ps = {connu.numero_ps: [] for connu in list(acteur.registre.lots.values())[-1:]}
        envoyes = 0
        for numero_ps, connus in par_ps.items():
            catalogue, registre = load_catalogue(), acteur.registre
            recus = (mark_received(catalogue, c.lire(), c.deja) for c in connus)
            lus = (without_cancelled(catalogue, lot, registre) for lot in recus)
            lots = [lot for lot in lus if lot.factures]
            if lots or hors_flux:
                self._send_rsp(acteur, numero_ps, lots, acteur.dernier.expediteur)
                acteur.comportement = acteur.comportement.without_extras()
                envoyes += 1
        acteur.registre.settle(dus)
        if dus and self._noter is not None:
            self._noter(Solde(acteur.organisme.numero, tuple(dus)))
        return envoyes

    def _send_rsp(self, acteur: Acteur, numero_ps: str, lots: list[AnalyseLot], destinataire: str) -> None:
        octets, sorts = build_rsp(
            self._pack,
            acteur.organisme,
            acteur.comportement,
            lots,
            numero_ps=numero_ps,
            numero=acteur.next_number(),
            aujourdhui=self._horloge.now().date(),
        )
        if not octets:
            return
        rejetes = [s for s in sorts if s.etat == REJETE]
        annonce = Annonce(
            acteur=acteur.organisme.numero,
            nature="RSP",
            lot=lots[0].reference if len(lots) == 1 else "",
            facture=(rejetes or sorts)[0].numero if len(rejetes or sorts) == 1 else "",
            positif=not rejetes,
            code=rejetes[0].code if rejetes else "",
            lots=tuple(lot.reference for lot in lots),
            factures=tuple(s.donnees() for s in sorts),
        )
        self._send_file(acteur, destinataire, Fichier("rsp", octets, numero_ps, len(sorts)), annonce)

    def envoyer_service(self, numero: str, nature: NatureService) -> None:
        """Sends a service message about the last message received. Raises ErreurActeur when there was none."""
        acteur = self.acteur(numero)
        if acteur.dernier is None:
            raise ErreurActeur(f"l'acteur {numero} n'a reçu aucun message : il n'y a rien à signaler")
        recu = acteur.dernier if self._relire is None else self._relire(acteur.dernier)
        lue = self._read_again(acteur, recu)
        self._send_service(acteur, recu, lue, nature, "message de service demandé par le scénario")
