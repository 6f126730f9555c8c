"""Enriched FSE: the AMC part travels in the FSE, for a concentrator to split (annexe5 §4.3, cdc §4.2.1.12.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from norms.contrat.adaptateur import ComplementaireDemandee, ConventionPs, ReglagesOct
from reference.erreurs import Refus

FSE_ENRICHIE = "fse_enrichie"
#: The contract by which the PS lets the concentrator split an enriched FSE.
CONTRAT_ECLATEMENT = "99"
#: Columns of the member number in a FSE (public: norme B2, type 2).
LONGUEUR_ADHERENT = 8
#: Mark of an invoice split by a concentrator (group 1322, field 5).
ECLATEMENT_OCT = "A"
#: Type of the agreement that stands for a convention when the concentrator answers for the AMC.
ACCORD_OCT = "OCT"


@dataclass(frozen=True)
class Eclateur:
    """What the agreement with a concentrator that splits puts into an invoice."""

    autorise: bool
    #: Fields 4 and 5 of group 1321: third-party payment on the AMC part, or not.
    zones: Callable[[bool], tuple[str, str]] = field(
        default=lambda tiers_payant: ("TP", "1") if tiers_payant else ("HTP", "0")
    )

    @property
    def eclatement(self) -> str:
        """Who splits, as the services are told."""
        return ECLATEMENT_OCT if self.autorise else ""

    def adherent(self, numero: str) -> str:
        """The member number of a FSE; a longer one is told by the identifier of the insured at the AMC alone."""
        return numero if len(numero) <= LONGUEUR_ADHERENT else ""

    def contrat(self, type_contrat: str) -> str:
        """SV-A5-4.3.2-01: 99 when the PS lets the concentrator split; else what the support or the PS says."""
        return CONTRAT_ECLATEMENT if self.autorise else type_contrat


def eclateur_de(adresse: str, reglages: ReglagesOct) -> Eclateur | None:
    """The splitting concentrator of these settings, None otherwise."""
    if not adresse or reglages.mode != FSE_ENRICHIE:
        return None
    return Eclateur(reglages.eclatement_autorise is not False)


def refuser_double_eclatement(reglages: ReglagesOct) -> None:
    """SV-A5-4.4-01: split here or by the concentrator, never both. Raises Refus."""
    if reglages.eclatement_autorise and reglages.mode != FSE_ENRICHIE:
        raise Refus(
            "éclatement par l'OCT autorisé (contrat 99) et flux éclatés sur ce poste : choisir l'un ou l'autre, "
            "mode « fse_enrichie » pour l'éclatement par l'OCT"
        )


def refuser_contrat(demande: ComplementaireDemandee, eclateur: Eclateur | None) -> None:
    """SV-A5-4.3.2-03, SV-A5-4.4-03: where contract 99 can't be. Raises Refus."""
    if demande.type_contrat != CONTRAT_ECLATEMENT:
        return
    if demande.gestion == "unique":
        raise Refus("type de contrat 99 refusé : une convention de gestion lie l'AMO et l'organisme complémentaire")
    if eclateur is None:
        raise Refus("type de contrat 99 refusé : ce poste éclate lui-même les flux, ou transmet sans OCT éclateur")


def accord_oct(numero_amc: str) -> ConventionPs:
    """What stands for a convention with an AMC that the concentrator answers for: no address (cdc §4.2.1.12.1)."""
    return ConventionPs(type_convention=ACCORD_OCT, numero_amc=numero_amc)
