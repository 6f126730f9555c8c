"""Second time of the desynchronised mode: the PS's card signs what waits for it (cdc §4.2.1.15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.facturation.securisation import Securisation, Signataire
from reference.store import Base, FactureConservee, Factures
from reference.store.factures import A_SIGNER, SECURISEE


@dataclass
class SecondesSignatures:
    """Signs the invoices partly secured, FSE and DRE (SV-4.2.1.15-19, SV-4.2.1.15-20)."""

    base: Base
    factures: Factures
    securisation: Securisation
    ecran: Ecran

    def signer(self, numeros: Sequence[str], code_porteur: str | None) -> tuple[FactureConservee, ...]:
        """Signs those given, or all that wait. Raises Refus; what is already signed stays signed."""
        attente = self.factures.toutes(A_SIGNER)
        for numero in numeros:
            if numero not in {f.numero for f in attente}:
                raise Refus(f"la facture {numero[:20]} n'attend pas de signature de la CPS")
        choisies = [f for f in attente if not numeros or f.numero in numeros]
        if not choisies:
            self.ecran.informer("Aucune facture n'attend la signature de la CPS")
        for f in choisies:
            formee = self.securisation.achever(f.contenu, Signataire(f.situation, code_porteur))
            self.factures.securiser(f.id, formee.contenu, formee.critere_lot or f.critere_lot, SECURISEE)
        return self.factures.par_ids([f.id for f in choisies])
