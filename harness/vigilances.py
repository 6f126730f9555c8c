"""What the bench watches in every scenario: expectations kept as data, violated ones become findings."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from harness.expressions import ErreurExpression, compile_expression
from harness.francais import dotted, explain_all
from harness.modele.scenario import Attendu
from norms.chargement import load

PAR_DEFAUT = Path(__file__).parent / "donnees" / "vigilances.yaml"


def load_vigilances(chemin: Path = PAR_DEFAUT) -> tuple[Attendu, ...]:
    """The vigilances of a file, in order. Raises ErreurChargement: each has a witness, a source, valid expressions."""
    document = load(chemin)
    lues = []
    for rang, entree in enumerate(document.donnees["vigilances"]):
        ou = ("vigilances", rang)
        if not entree.get("source"):
            raise document.erreur(ou, "une vigilance cite sa « source »")
        try:
            attendu = Attendu.model_validate({cle: v for cle, v in entree.items() if cle != "source"})
            for expression in (attendu.sur, attendu.temoin or ""):
                compile_expression(expression)
        except ValidationError as exc:
            champ, quoi = explain_all(exc)[0]
            raise document.erreur((*ou, *champ), f"{dotted(champ) or 'vigilance'} : {quoi}") from exc
        except ErreurExpression as exc:
            raise document.erreur(ou, f"{exc} ; une vigilance a « sur » et « temoin »") from exc
        lues.append(attendu)
    return tuple(lues)
