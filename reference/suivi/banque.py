"""The bank statement held against the transfers that returns announced (SV-3.3.2-09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from reference.store import PaiementAnnonce, Paiements

#: Days between the accounting date of a return and the value date of the bank.
TOLERANCE_JOURS = 5


@dataclass(frozen=True, slots=True)
class VirementTraite:
    """A line of the statement, the announced transfer it brings if any, received less announced in centimes."""

    jour: date
    montant: int
    statut: Literal["rapproche", "ecart", "inconnu"]
    ecart: int = 0
    paiement: PaiementAnnonce | None = None


@dataclass
class RapprochementBanque:
    """Exact amounts first, then what differs on the same days; nothing is matched twice."""

    paiements: Paiements
    tolerance_jours: int = TOLERANCE_JOURS
    tolerance_montant: int = 0

    def rapprocher(
        self, virements: Sequence[tuple[date, int]]
    ) -> tuple[tuple[VirementTraite, ...], tuple[PaiementAnnonce, ...]]:
        """Each line as understood, and the announced transfers that no line brings."""
        restants = [p for p in self.paiements.tous() if p.montant]
        traites: dict[int, VirementTraite] = {}
        for exact in (True, False):
            for rang, (jour, montant) in enumerate(virements):
                if rang in traites:
                    continue
                paiement = self._find(restants, jour, montant, exact=exact)
                if paiement is not None:
                    restants.remove(paiement)
                    statut: Literal["rapproche", "ecart"] = "rapproche" if exact else "ecart"
                    traites[rang] = VirementTraite(jour, montant, statut, montant - paiement.montant, paiement)
        lus = tuple(traites.get(r) or VirementTraite(j, m, "inconnu") for r, (j, m) in enumerate(virements))
        return lus, tuple(restants)

    def _find(
        self, restants: Sequence[PaiementAnnonce], jour: date, montant: int, *, exact: bool
    ) -> PaiementAnnonce | None:
        proches = [p for p in restants if abs((jour - p.date).days) <= self.tolerance_jours]
        if exact:
            proches = [p for p in proches if abs(p.montant - montant) <= self.tolerance_montant]
        return min(proches, key=lambda p: (abs(p.montant - montant), abs((jour - p.date).days)), default=None)
