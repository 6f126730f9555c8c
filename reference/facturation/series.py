"""Acts in series: several acts billed at once, a support of rights advised at each of them (cdc §3.2.4.13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reference.ecran import Ecran
from reference.modele import Droits
from reference.session import Session


@dataclass
class ActesEnSerie:
    """Advises, and never requires: the PS goes on as he likes (SV-3.2.4.13-04)."""

    session: Session
    ecran: Ecran

    def conseiller(self, droits: Droits, jours: Iterable[date]) -> None:
        """Names the acts of a series on whose day no support of this insured person was read here."""
        distincts = sorted(set(jours))
        if len(distincts) < 2:
            return
        lus = self.session.lectures.get(droits.nir_assure, frozenset())
        for jour in distincts:
            if jour not in lus:
                self.ecran.questionner(
                    f"Acte du {jour:%d/%m/%Y} de la série : aucun support lu ce jour-là ; lecture de la carte Vitale "
                    "ou d'un autre support de droits conseillée à chaque acte. Lire maintenant, ou continuer sans"
                )
