"""Holds expectations against observations: one ``Constat`` each (design §3.6).

Nothing that was not observed is conforming: a witness that isn't there, a value missing where absence is the
question, an ordering of fewer than two items, all give « non testé ».
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.catalogue import Catalogue
from harness.comparaison import compare, is_empty, render
from harness.expressions import evaluate
from harness.modele.scenario import Attendu
from harness.modele.verdict import Constat, Preuve, Verdict
from harness.preuves import Reperes


@dataclass(frozen=True, slots=True)
class Juge:
    """Judges expectations of one scenario. ``masquer`` hides code porteur values in what is shown."""

    catalogue: Catalogue
    masquer: Callable[[str], str] = lambda texte: texte
    reperes: Reperes = field(default_factory=Reperes)

    def judge(self, rang: int, attendu: Attendu, observations: Mapping[str, Any]) -> Constat:
        """The finding for one expectation, on the observations made so far."""
        observe = evaluate(attendu.sur, observations)
        valeur = getattr(attendu, attendu.operateur)
        temoin_manque = attendu.temoin is not None and is_empty(evaluate(attendu.temoin, observations))
        issue = None if temoin_manque else compare(attendu.operateur, observe, valeur)
        if issue and is_empty(observe) and attendu.temoin is None:
            issue = None  # an empty value with nothing to vouch that the rest was observed
        constate = render(observe)
        if temoin_manque:
            constate = f"témoin absent : « {attendu.temoin} » ne donne rien, on ne peut pas conclure"
        elif issue is None:
            constate = f"rien qui permette de conclure : « {attendu.sur} » donne {constate}"
        verdict = self._verdict(attendu, issue)
        preuves: tuple[Preuve, ...] = ()
        if issue is not None:
            preuves = self.reperes.proofs(attendu, observations)
        return self._finding(rang, attendu, verdict, self.masquer(constate), preuves)

    def unjudged(self, rang: int, attendu: Attendu, verdict: Verdict, raison: str) -> Constat:
        """The finding for an expectation that was never reached."""
        return self._finding(rang, attendu, verdict, raison, ())

    def hypothese(self, attendu: Attendu) -> str:
        """Why a failure would only be a reservation on grounds of a supposition; empty if it wouldn't."""
        if attendu.hypothese:
            return attendu.hypothese
        exigence = self.catalogue.get(attendu.verifie)
        if exigence is not None and exigence.hypothese:
            return exigence.raison or "exigence interprétée au-delà de la lettre de la spécification"
        return ""

    def _verdict(self, attendu: Attendu, issue: bool | None) -> Verdict:
        if issue is None:
            return Verdict.NON_TESTE
        if issue:
            return Verdict.CONFORME
        exigence = self.catalogue.get(attendu.verifie)
        recommandee = attendu.recommande is not None or (exigence is not None and exigence.niveau == "RECOMMANDE")
        return Verdict.RESERVE if recommandee or self.hypothese(attendu) else Verdict.NON_CONFORME

    def _finding(
        self, rang: int, attendu: Attendu, verdict: Verdict, constate: str, preuves: tuple[Preuve, ...]
    ) -> Constat:
        return Constat(
            rang=rang,
            exigence=attendu.verifie,
            verdict=verdict,
            sur=attendu.sur,
            operateur=attendu.operateur,
            attendu=wording(attendu),
            constate=constate,
            pourquoi=attendu.pourquoi,
            hypothese=self.hypothese(attendu),
            a_corriger=attendu.a_corriger or "",
            preuves=preuves,
        )


#: How each operator reads before its value.
_TOURNURES = {
    "egale": "{}",
    "different_de": "autre chose que {}",
    "contient": "contient {}",
    "ne_contient_pas": "ne contient pas {}",
    "motif": "suit le motif {}",
    "un_parmi": "l'un de {}",
    "nombre": "{} élément(s)",
    "au_moins": "au moins {}",
    "au_plus": "au plus {}",
    "croissant": "ordre croissant",
    "present": "présent",
    "absent": "absent",
}


def wording(attendu: Attendu) -> str:
    """What is expected, in words: « au moins 2 »."""
    return _TOURNURES[attendu.operateur].format(render(getattr(attendu, attendu.operateur)))
