"""Formatting, encryption and signatures: one sequence of calls for each mode (cdc §3.2.9.1, §4.2.1.13 to §4.2.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.ports import FactureFormee, Services

SESAM_VITALE, DESYNCHRONISE = ModeSecurisation.SESAM_VITALE, ModeSecurisation.DESYNCHRONISE
SANS_VITALE, DEGRADE = ModeSecurisation.SANS_VITALE, ModeSecurisation.DEGRADE
SIGNE_PAR_VITALE = frozenset({SESAM_VITALE, DESYNCHRONISE})


@dataclass(frozen=True, slots=True)
class Signataire:
    """With what the PS signs. ``code_porteur`` lives for the time of one operation."""

    situation: str
    code_porteur: str | None
    contexte_apcv: str = ""


Etape = Callable[[Services, FactureFormee, Signataire], FactureFormee]


def chiffrer(services: Services, facture: FactureFormee, _: Signataire) -> FactureFormee:
    """Sensitive data encrypted before any signature (SV-4.2.1.1-28)."""
    return FactureFormee(services.chiffrer_facture(facture.contenu), "")


def signer_vitale(services: Services, facture: FactureFormee, signataire: Signataire) -> FactureFormee:
    """Signature of the beneficiary's support: his card, or the ApCV of the context (SV-4.2.1.1-29)."""
    if signataire.contexte_apcv:
        return services.signer_facture_apcv(facture.contenu, signataire.contexte_apcv)
    return services.signer_facture_vitale(facture.contenu)


def signer_ps(services: Services, facture: FactureFormee, signataire: Signataire) -> FactureFormee:
    """Signature of the PS's card, always last (SV-4.2.1.1-32)."""
    return services.signer_facture_ps(facture.contenu, signataire.situation, signataire.code_porteur)


#: SV-4.2.1.1-26: what follows the formatting, in order. The desynchronised mode stops halfway (SV-4.2.1.15-22).
SEQUENCES: Mapping[ModeSecurisation, tuple[Etape, ...]] = {
    SESAM_VITALE: (chiffrer, signer_vitale, signer_ps),
    DESYNCHRONISE: (chiffrer, signer_vitale),
    SANS_VITALE: (chiffrer, signer_ps),
    DEGRADE: (chiffrer, signer_ps),
}
SECOND_TEMPS: tuple[Etape, ...] = (signer_ps,)


class Securisation:
    """Runs the sequence of a mode on one invoice. Raises CodeRetour: nothing is then secured."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.sequences: dict[ModeSecurisation, tuple[Etape, ...]] = dict(SEQUENCES)
        self.second_temps = SECOND_TEMPS

    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        """Formats then secures; in the desynchronised mode the answer still waits for the PS's signature."""
        facture = FactureFormee(self.services.formater_facture(type_, mode, groupes), "")
        for etape in self.sequences[mode]:
            facture = etape(self.services, facture, signataire)
        return facture

    def achever(self, contenu: bytes, signataire: Signataire) -> FactureFormee:
        """Second time of the desynchronised mode: the PS's card alone (SV-4.2.1.15-20, SV-4.2.1.15-25)."""
        facture = FactureFormee(contenu, "")
        for etape in self.second_temps:
            facture = etape(self.services, facture, signataire)
        return facture
