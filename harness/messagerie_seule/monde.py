"""The world of one scenario at this level: lasting, on steady ports, with a say on what reaches insurers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulator.acteurs.reception import analyse
from simulator.evenements import Evenement, Journal, Nature
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.preuves import Preuves
from simulator.monde import ConfigMonde, MondeSimule
from simulator.monde.monde import DOSSIER_MESSAGERIE

EVENEMENTS = "evenements.jsonl"
#: Given a received message and its reading: whether insurers get it now.
Aiguillage = Callable[[MessageRecu, Mapping[str, Any]], bool]


class JournalDurable(Journal):
    """A journal whose events are also lines of a file; opened again, it starts with them."""

    def __init__(self, instant: Callable[[], str], chemin: Path) -> None:
        super().__init__(instant)
        self._chemin = chemin
        if chemin.exists():
            brut = chemin.read_bytes()
            entier = brut[: brut.rfind(b"\n") + 1]
            self._evenements += [Evenement(**json.loads(ligne)) for ligne in entier.splitlines()]
            if entier != brut:  # a line that a crash cut short
                chemin.write_bytes(entier)

    def emettre(self, nature: Nature, donnees: Mapping[str, Any], preuve: str = "") -> None:
        with self._verrou:
            fait = Evenement(len(self._evenements), nature, self.instant(), self.etape, dict(donnees), preuve)
            with self._chemin.open("a", encoding="utf-8", newline="\n") as sortie:
                sortie.write(json.dumps(asdict(fait), ensure_ascii=False, default=str) + "\n")
            self._evenements.append(fait)


class MondeAiguille(MondeSimule):
    """A world that asks, for each message, whether its insurers get it now (``aiguillage``)."""

    def __init__(self, config: ConfigMonde, aiguillage: Aiguillage) -> None:
        self._aiguillage = aiguillage
        super().__init__(config)

    def read(self, recu: MessageRecu) -> dict[str, list[Any]]:
        """What the insurers it is addressed to would make of a message; nothing is remembered."""
        lecture: dict[str, list[Any]] = {"messages": [], "fichiers": [], "lots": [], "factures": []}
        numeros = {o.adresse.lower(): o.numero for o in self.organismes}
        for adresse in recu.destinataires:
            if adresse.lower() in numeros:
                contexte = self.bureau.contexte(numeros[adresse.lower()], self.horloge.now())
                for cle, objets in analyse(contexte, recu).donnees(recu.preuve).items():
                    if cle in lecture:
                        lecture[cle] += objets
        return lecture

    def deliver(self, recu: MessageRecu) -> None:
        """Hands a message that was held back to the insurers."""
        super()._receive(self.boites.reread(recu))

    def receive_again(self, recu: MessageRecu) -> None:
        """Receives here a message that came while another scenario was played."""
        ici = self.boites.accept(
            recu.expediteur,
            recu.destinataires,
            recu.brut,
            dsn=recu.dsn,
            authentifie=recu.authentifie,
            tls=recu.tls,
        )
        self.messagerie.submit(ici)

    def _receive(self, recu: MessageRecu) -> None:
        with self.verrou:
            if self._aiguillage(recu, self.read(recu)):
                super()._receive(recu)


def received_in(dossier: Path, numero: int) -> MessageRecu | None:
    """A message received in the world of an evidence folder."""
    recus = Preuves(dossier / DOSSIER_MESSAGERIE).received(numero - 1)
    return next((r for r in recus if r.numero == numero), None)
