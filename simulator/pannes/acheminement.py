"""The mail operator: from an accepted message to the insurers, with the faults of the way, notices and AR_P."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

from norms.contrat.ports import Horloge
from norms.paquet import NormPack
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.reception import profiles
from simulator.acteurs.retour import Annonce
from simulator.messagerie.avis import Action, build_dsn, wanted
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.message import analyser
from simulator.messagerie.pannes import corrupt
from simulator.messagerie.retours import Composteur, build_service
from simulator.pannes.echeancier import Echeancier
from simulator.pannes.grammaire import Panne, Quoi
from simulator.pannes.guichet import Depot, Guichet
from simulator.pannes.registre import Pannes

#: How much of a message is read to recall its Subject in an AR_P.
MAX_ORIGINE = 65_536
NUMERO_OPERATEUR = "OPERATEUR"


class Operateur:
    """Who writes notices: address, stamps, and the mailbox in which the sender finds them (empty: he wants none)."""

    def __init__(
        self,
        adresse: str,
        composteur: Composteur,
        *,
        pack: NormPack,
        guichet: Guichet,
        boite_de: Callable[[str], str],
    ) -> None:
        self._adresse, self.composteur, self._pack = adresse, composteur, pack
        self._guichet, self._boite_de = guichet, boite_de

    def notify(self, recu: MessageRecu, destinataire: str, action: Action, panne: Panne | None = None) -> None:
        """Sends a delivery status notification if the sender wants it."""
        if not wanted(recu, destinataire, action) or not self._boite_de(recu.expediteur):
            return
        statut, texte = (panne.statut, panne.texte) if panne is not None and action == "failed" else ("", "")
        diagnostic = f"550 {statut} {texte or 'mailbox unavailable'}" if action == "failed" else ""
        brut = build_dsn(
            recu,
            destinataire,
            action,
            expediteur=self._adresse,
            composteur=self.composteur,
            statut=statut,
            diagnostic=diagnostic,
        )
        self._put(recu, brut, "DSN", code=action, libelle=diagnostic, positif=action == "delivered")

    def acknowledge(self, recu: MessageRecu, organisme: Organisme) -> None:
        """Sends the provisional acknowledgement of a message that waits for its site (cdc §3.3.3.2)."""
        if not self._boite_de(recu.expediteur):
            return
        brut = build_service(
            "ar_p",
            analyser(recu.brut[:MAX_ORIGINE], profils=profiles(self._pack)),
            expediteur=self._adresse,
            destinataire=self._boite_de(recu.expediteur),
            composteur=self.composteur,
            libelle=f"site {organisme.numero} indisponible, remise différée",
            enveloppe=recu,
            profils=profiles(self._pack),
        )
        self._put(recu, brut, "SERVICE", code="ar_p", libelle=f"site {organisme.numero} indisponible")

    def _put(
        self,
        recu: MessageRecu,
        brut: bytes,
        nature: Literal["DSN", "SERVICE"],
        *,
        code: str,
        libelle: str,
        positif: bool = False,
    ) -> None:
        annonce = Annonce(NUMERO_OPERATEUR, nature, positif=positif, code=code, libelle=libelle)
        self._guichet.put(Depot(self._boite_de(recu.expediteur), brut, annonce))


class Acheminement:
    """Takes each accepted message to its recipients. ``livrer`` hands a message to one insurer; ``acheve`` is told
    when nothing of a message is left on the way. The world's lock protects it.
    """

    def __init__(
        self,
        organismes: Iterable[Organisme],
        *,
        pannes: Pannes,
        echeancier: Echeancier,
        horloge: Horloge,
        operateur: Operateur,
        livrer: Callable[[MessageRecu], None],
        acheve: Callable[[MessageRecu], None],
    ) -> None:
        self._par_adresse = {o.adresse.lower(): o for o in organismes}
        self._pannes, self._echeancier, self._horloge = pannes, echeancier, horloge
        self._operateur, self._livrer, self._acheve = operateur, livrer, acheve
        self._retenus: dict[str, list[Callable[[], None]]] = {}
        self._restes: dict[int, int] = {}

    def __len__(self) -> int:
        """How many deliveries are on the way."""
        return sum(self._restes.values())

    def carry(self, recu: MessageRecu) -> bool:
        """Delivers a message to each of its recipients that is an insurer, or does what the faults say.

        Gives whether nothing of it is left on the way.
        """
        vers = [(self._par_adresse[a.lower()], a) for a in recu.destinataires if a.lower() in self._par_adresse]
        self._restes[recu.numero] = 1
        for organisme, adresse in vers:
            self._route(organisme, replace(recu, destinataires=(adresse,)))
        self._arrived(recu, 1)
        return recu.numero not in self._restes

    def release(self) -> None:
        """Delivers the messages that wait for another one which isn't coming."""
        for numero in tuple(self._retenus):
            self._release(numero)

    def _route(self, organisme: Organisme, recu: MessageRecu) -> None:
        def take(quoi: Quoi) -> Panne | None:
            return self._pannes.take(quoi, "emission", acteur=organisme.numero, objet=f"message {recu.numero}")

        if take("perdre"):
            return
        if refus := take("non_remise"):
            self._fail(recu, refus)
            return
        if degat := take("corrompre"):
            recu = replace(recu, brut=corrupt(recu.brut, degat.octets))
        copies = 2 if take("dupliquer") else 1
        retard = take("site_indisponible")
        if retard is not None:
            self._operateur.acknowledge(recu, organisme)
        retard = retard or take("retarder")
        self._restes[recu.numero] += copies
        if retard is not None:
            self._operateur.notify(recu, recu.destinataires[0], "delayed")
            echeance = retard.echeance(self._horloge.now())
            for _ in range(copies):
                self._echeancier.add(echeance, lambda: self._deliver(organisme, self._later(recu)))
        elif take("intervertir"):
            attente = self._retenus.setdefault(organisme.numero, [])
            attente += [lambda: self._hand_over(self._later(recu))] * copies
        else:
            for _ in range(copies):
                self._deliver(organisme, recu)

    def _fail(self, recu: MessageRecu, panne: Panne) -> None:
        destinataire = recu.destinataires[0]
        if not panne.differee:
            self._operateur.notify(recu, destinataire, "failed", panne)
            return
        self._restes[recu.numero] += 1

        def late() -> None:
            self._operateur.notify(recu, destinataire, "failed", panne)
            self._arrived(recu, 1)

        self._echeancier.add(panne.echeance(self._horloge.now()), late)

    def _later(self, recu: MessageRecu) -> MessageRecu:
        """The insurer receives it when it arrives, not when the operator took it."""
        return replace(recu, instant=self._horloge.now().isoformat())

    def _deliver(self, organisme: Organisme, recu: MessageRecu) -> None:
        self._hand_over(recu)
        self._release(organisme.numero)

    def _hand_over(self, recu: MessageRecu) -> None:
        self._operateur.notify(recu, recu.destinataires[0], "delivered")
        self._livrer(recu)
        self._arrived(recu, 1)

    def _release(self, numero: str) -> None:
        for livrer in self._retenus.pop(numero, ()):
            livrer()

    def _arrived(self, recu: MessageRecu, combien: int) -> None:
        self._restes[recu.numero] -= combien
        if self._restes[recu.numero] == 0:
            del self._restes[recu.numero]
            self._acheve(recu)
