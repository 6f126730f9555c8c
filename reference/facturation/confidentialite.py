"""Confidential acts of a minor: their FSE goes to the CPAM of the place, and straight to it (cdc §3.2.2.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from norms.contrat.adaptateur import CaisseLocale
from reference.facturation.modes import MINEURE
from reference.modele import Droits
from reference.store import FactureConservee, Factures, LotConserve

REGIME_GENERAL = "01"
#: Fictitious NIR: 2 55 55 55, the caisse of the place, 041 to 049.
DEBUT, ACTE = "2555555", "04"
GROUPE_BENEFICIAIRE = 1130


def est_nir_confidentiel(nir: str) -> bool:
    """Whether a NIR is the fictitious one of a confidential act."""
    return nir.startswith(DEBUT) and nir[10:12] == ACTE


@dataclass
class Confidentialite:
    """Where confidential invoices go, whatever the organisation typed for the insured."""

    factures: Factures
    caisse: CaisseLocale | None

    def localiser(self, droits: Droits) -> Droits:
        """SV-3.2.2.5-11, -18, -32, -44: régime 01, the CPAM of the place of practice."""
        if droits.situation != MINEURE or self.caisse is None:
            return droits
        return replace(droits, regime=REGIME_GENERAL, caisse=self.caisse.caisse, centre=self.caisse.centre)

    def concerne(self, facture: FactureConservee) -> bool:
        """Whether an invoice of the store is confidential."""
        groupes = self.factures.groupes(facture.id)
        return any(est_nir_confidentiel(g.champs[1]) for g in groupes if g.id == GROUPE_BENEFICIAIRE)

    def est_direct(self, lot: LotConserve) -> bool:
        """Whether a lot leaves without the concentrator."""
        return any(self.concerne(f) for f in self.factures.du_lot(lot.id))

    def separer(
        self, regrouper: Callable[[Iterable[FactureConservee]], list[tuple[FactureConservee, ...]]]
    ) -> Callable[[Iterable[FactureConservee]], list[tuple[FactureConservee, ...]]]:
        """The same grouping, confidential invoices apart: their lot doesn't go the same way."""

        def apart(factures: Iterable[FactureConservee]) -> list[tuple[FactureConservee, ...]]:
            lues = tuple(factures)
            return [
                *regrouper(f for f in lues if not self.concerne(f)),
                *regrouper(f for f in lues if self.concerne(f)),
            ]

        return apart
