"""The way back: from an insurer or the operator to the PS's mailbox, with the faults that strike returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from norms.contrat.ports import Horloge
from simulator.acteurs.retour import Annonce
from simulator.messagerie.pannes import corrupt
from simulator.pannes.echeancier import Echeancier
from simulator.pannes.grammaire import Panne, Quoi
from simulator.pannes.registre import Pannes

#: A full mailbox is tried again every hour of virtual time, for five days.
NOUVEL_ESSAI = timedelta(hours=1)
MAX_ESSAIS = 120


@dataclass(frozen=True, slots=True)
class Depot:
    """A return ready to go: mailbox, bytes, what the journal says of it (None: a message of nobody's)."""

    destinataire: str
    brut: bytes
    annonce: Annonce | None
    essais: int = 0

    @property
    def objet(self) -> str:
        """What it is, for the journal."""
        if self.annonce is None:
            return "message"
        return f"{self.annonce.nature} du lot {self.annonce.lot}" if self.annonce.lot else self.annonce.nature


class Guichet:
    """Deposits returns. ``deposer`` puts one into the mailbox. The world's lock protects it."""

    def __init__(
        self, pannes: Pannes, echeancier: Echeancier, horloge: Horloge, deposer: Callable[[Depot], None]
    ) -> None:
        self._pannes, self._echeancier, self._horloge, self._deposer = pannes, echeancier, horloge, deposer
        self._retenus: list[Depot] = []

    def __len__(self) -> int:
        return len(self._retenus)

    def put(self, depot: Depot) -> None:
        """Deposits a return, or does to it what the faults in force say."""

        if self._take("perdre", depot):
            return
        if degat := self._take("corrompre", depot):
            depot = replace(depot, brut=corrupt(depot.brut, degat.octets))
        copies = [depot] * (2 if self._take("dupliquer", depot) else 1)
        if retard := self._take("retarder", depot):
            for copie in copies:
                self._echeancier.add(retard.echeance(self._horloge.now()), partial(self._arrive, copie))
            return
        if self._take("intervertir", depot):
            self._retenus += copies
            return
        for copie in copies:
            self._arrive(copie)

    def release(self) -> None:
        """Deposits the returns that wait for another one which isn't coming."""
        retenus, self._retenus = self._retenus, []
        for depot in retenus:
            self._deposer(depot)

    def _arrive(self, depot: Depot) -> None:
        if self._take("boite_pleine", depot) is not None:
            if depot.essais < MAX_ESSAIS:
                encore = replace(depot, essais=depot.essais + 1)
                self._echeancier.add(self._horloge.now() + NOUVEL_ESSAI, lambda: self._arrive(encore))
            return
        self._deposer(depot)
        self.release()

    def _take(self, quoi: Quoi, depot: Depot) -> Panne | None:
        de, nature = (depot.annonce.acteur, depot.annonce.nature) if depot.annonce else ("", "")
        return self._pannes.take(quoi, "retour", acteur=de, nature=nature, objet=depot.objet)
