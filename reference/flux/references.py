"""References of lots: 001 to 999 for FSE, AAA to ZZZ for DRE, then back to the start (cdc §4.2.1.16.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from string import ascii_uppercase

from norms.contrat.base import TypeFacture
from norms.contrat.ports import Horloge
from reference.erreurs import Refus
from reference.store import Compteurs, Lots
from reference.store.compteurs import LOT_DRE, LOT_FSE

COMPTEURS = {TypeFacture.FSE: LOT_FSE, TypeFacture.DRE: LOT_DRE}
PREMIERES = {TypeFacture.FSE: "001", TypeFacture.DRE: "AAA"}
MAXIMUM = 26**3


def suivante(type_: TypeFacture, reference: str) -> str:
    """The reference after this one: 001 → 002, 999 → 001; AAA → AAB, ZZZ → AAA (SV-4.2.1.16.1-14, -15)."""
    if type_ == TypeFacture.FSE:
        return f"{int(reference) % 999 + 1:03d}"
    rang = 0
    for lettre in reference:
        rang = rang * 26 + ascii_uppercase.index(lettre)
    rang = (rang + 1) % MAXIMUM
    return "".join(ascii_uppercase[rang // 26**i % 26] for i in (2, 1, 0))


def verifier(type_: TypeFacture, reference: str) -> str:
    """A reference of its series, as set up by the PS. Raises Refus."""
    attendu = "de 001 à 999" if type_ == TypeFacture.FSE else "de AAA à ZZZ"
    chiffres = reference.isascii() and reference.isdigit() and reference != "000"
    lettres = all(c in ascii_uppercase for c in reference)
    if len(reference) != 3 or not (chiffres if type_ == TypeFacture.FSE else lettres):
        raise Refus(f"première référence de lot de {type_} « {reference[:10]} » ; attendue {attendu}")
    return reference


@dataclass
class ReferencesLot:
    """Gives references; one whose lot is still kept is passed over (SV-4.2.1.16.1-13)."""

    compteurs: Compteurs
    lots: Lots
    horloge: Horloge
    suivante: Callable[[TypeFacture, str], str] = suivante
    conservees: Callable[[TypeFacture, date], frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.conservees = self.lots.references_conservees

    def attribuer(self, type_: TypeFacture) -> str:
        """The next free reference of the series. Raises Refus when every one belongs to a lot still kept."""
        compteur = COMPTEURS[type_]
        prises = self.conservees(type_, self.horloge.now().date())
        reference = self.compteurs.lire(compteur, PREMIERES[type_])
        for _ in range(MAXIMUM):
            if reference not in prises:
                self.compteurs.ecrire(compteur, self.suivante(type_, reference))
                return reference
            reference = self.suivante(type_, reference)
        raise Refus(f"toutes les références de lot de {type_} appartiennent à des lots encore conservés")
