"""Deleting an invoice that waits, to avoid sending it by mistake (SV-4.2.1.13-34)."""

from __future__ import annotations

from dataclasses import dataclass

from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.store import Base, FactureConservee, Factures
from reference.store.factures import A_SIGNER, SECURISEE, SUPPRIMEE

SUPPRIMABLES = (A_SIGNER, SECURISEE)


@dataclass
class Suppression:
    """Deletes the FSE and the DRE of a number, or the cancellation that waits; the number is never given again."""

    base: Base
    factures: Factures
    ecran: Ecran

    def supprimer(self, numero: str) -> tuple[FactureConservee, ...]:
        """Raises Refus when the invoice is unknown, or already in a lot."""
        trouvees = self.factures.par_numero(numero)
        trouvees = tuple(f for f in trouvees if f.annulation and f.statut in SUPPRIMABLES) or trouvees
        if not trouvees:
            raise Refus(f"aucune facture n° {numero[:20]} sur ce poste")
        for f in trouvees:
            if f.statut not in SUPPRIMABLES:
                raise Refus(f"la facture {numero} est « {f.statut} » : elle n'est plus en attente")
        with self.base.transaction():
            self.factures.changer_statut((f.id for f in trouvees), SUPPRIMEE)
        self.ecran.informer(f"Facture {numero} supprimée")
        return self.factures.par_ids([f.id for f in trouvees])
