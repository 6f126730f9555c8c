"""Invoice numbers: 9 digits, one by one, never twice, whatever the mode (SV-4.2.1.1-21)."""

from __future__ import annotations

from dataclasses import dataclass

from reference.erreurs import Refus
from reference.store import Compteurs, Factures
from reference.store.compteurs import FACTURE

DERNIER = 999_999_999


@dataclass
class Numerotation:
    """Gives numbers; a FSE and its DRE share theirs (SV-3.2.7.1-02)."""

    compteurs: Compteurs
    factures: Factures

    def attribuer(self, impose: str | None) -> str:
        """The number asked for, or the next one that no invoice bears. Raises Refus."""
        if impose is not None:
            if not (impose.isascii() and impose.isdigit() and len(impose) == 9 and int(impose)):
                raise Refus(f"numéro de facture « {impose[:20]} » ; attendu neuf chiffres, de 000000001 à 999999999")
            if self.factures.numero_pris(impose):
                raise Refus(f"le numéro de facture {impose} est déjà attribué ; en donner un autre")
            return impose
        numero = int(self.compteurs.lire(FACTURE, "0")) + 1
        while numero <= DERNIER and self.factures.numero_pris(f"{numero:09d}"):
            numero += 1
        if numero > DERNIER:
            raise Refus("plus aucun numéro de facture libre ; appeler l'assistance du progiciel")
        self.compteurs.ecrire(FACTURE, str(numero))
        return f"{numero:09d}"
