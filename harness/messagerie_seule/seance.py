"""What the scenarios of a session share: the bench, the notebook, the conversation, the network, the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from harness.messagerie_seule.attestations import Registre
from harness.messagerie_seule.carnet import Carnet
from harness.messagerie_seule.conversation import Conversation
from harness.messagerie_seule.demande import Cartes
from harness.messagerie_seule.dialogue import ARRETER, choices
from harness.modele.scenario import Scenario
from harness.modele.verdict import Verdict
from harness.moteur import Banc
from simulator.monde.config import Reseau

ATTESTE = choices((("oui", "oui"), ("non", "non"), ("ne_sait_pas", "je ne peux pas le dire")))
FAIT = choices(
    (
        ("fait", "c'est fait"),
        ("refuse", "le LPS refuse une opération qui doit aboutir"),
        ("impossible", "ce LPS ne permet pas de le faire (scénario non testé)"),
        (ARRETER, "arrêter ici et reprendre plus tard"),
    )
)
ATTENTE = choices(
    (
        ("attendre", "le message part maintenant, regarder de nouveau"),
        ("rien", "le LPS n'envoie rien"),
        ("impossible", "ce LPS ne permet pas de le faire (scénario non testé)"),
        (ARRETER, "arrêter ici et reprendre plus tard"),
    )
)
VERDICTS = {"oui": Verdict.CONFORME, "non": Verdict.NON_CONFORME, "ne_sait_pas": Verdict.A_ATTESTER}


@dataclass(frozen=True, slots=True)
class Seance:
    """What all scenarios of a session share."""

    banc: Banc
    carnet: Carnet
    conversation: Conversation
    registre: Registre
    cartes: Cartes
    reseau: Reseau
    population: Path
    operateur: str
    date: str = ""

    def offset(self, scenario: Scenario) -> timedelta:
        """How far dates move, when a date is imposed on the session."""
        if not self.date:
            return timedelta()
        return date.fromisoformat(self.date) - date.fromisoformat(scenario.monde.date[:10])
