"""How an insurer departs from its own decision when a fault says so: wrong key, wrong lot, contradiction, disorder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from simulator.acteurs.comportement import Comportement
from simulator.acteurs.decision import DecisionArl, force_negative
from simulator.acteurs.historique import Registre
from simulator.pannes.grammaire import Panne, Quoi

#: Reference of a lot that doesn't exist, when every one of them is taken.
_DERNIERE = "ZZZ"


class Ecarts(Protocol):
    """The faults in force, as an insurer asks for them."""

    def take(self, quoi: Quoi, acteur: str, objet: str) -> Panne | None: ...


class AucunEcart:
    """An insurer that only does what it decided."""

    def take(self, quoi: Quoi, acteur: str, objet: str) -> Panne | None:
        """Nothing ever strikes."""
        return None


def deviate(arl: DecisionArl, ecarts: Ecarts, acteur: str, registre: Registre) -> Iterator[DecisionArl]:
    """The ARL that really leave for one decision: another lot's reference, a second ARL that says the contrary."""
    objet = f"ARL du lot {arl.lot.reference}"
    if autre := ecarts.take("arl_autre_lot", acteur, objet):
        arl = replace(arl, reference=autre.reference or _unknown_reference(arl, registre))
    yield arl
    if contraire := ecarts.take("arl_contradictoire", acteur, objet):
        if arl.positif:
            ordre = Comportement(arl="negatif", arl_code=contraire.arl_code, arl_libelle=contraire.arl_libelle)
            yield replace(force_negative(arl.lot, ordre), reference=arl.reference)
        else:
            yield DecisionArl(arl.lot, positif=True, reference=arl.reference)


def _unknown_reference(arl: DecisionArl, registre: Registre) -> str:
    """A reference of the same kind that this PS never sent."""
    lot = arl.lot
    libres = (f"{n:03d}" for n in range(999, 0, -1))
    return next((r for r in libres if not registre.knows(lot.numero_ps, lot.type, r) and r != lot.reference), _DERNIERE)
