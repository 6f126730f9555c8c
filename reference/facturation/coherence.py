"""The card that signs must be the card the invoice was made from (cdc §4.2.1.13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from norms.contrat.base import ModeSecurisation
from reference.acquisition.beneficiaire import AcquisitionBeneficiaire
from reference.erreurs import CodeRetour, Refus
from reference.facturation.contexte import ACCIDENT_DU_TRAVAIL
from reference.modele import ADR, Beneficiaire, Droits

CPS_ABSENTE = "F001"
#: hypothese: nature of insurance of free care, as in ``donnees/tiers_payant.yaml``.
SOINS_GRATUITS = "50"


def incoherences(droits: Droits, beneficiaire: Beneficiaire, carte: Droits, nature_assurance: str) -> list[str]:
    """What differs: date and rank of birth, régime, caisse, centre (SV-4.2.1.13-08 to -12).

    The organisation isn't compared for an accident at work (SV-4.2.1.13-13), for free care (SV-4.2.1.13-14), nor when
    ADR gave the rights: it may know of a move that the card doesn't (SV-4.2.1.13-19).
    """
    differences = []
    if beneficiaire.naissance not in {b.naissance for b in carte.beneficiaires}:
        differences.append("date de naissance")
    elif (beneficiaire.naissance, beneficiaire.rang) not in {(b.naissance, b.rang) for b in carte.beneficiaires}:
        differences.append("rang de naissance")
    if nature_assurance not in (ACCIDENT_DU_TRAVAIL, SOINS_GRATUITS) and droits.support_droits != ADR:
        noms = ("régime", "caisse gestionnaire", "centre gestionnaire")
        differences += [n for n, a, b in zip(noms, droits.organisme, carte.organisme, strict=True) if a != b]
    return differences


@dataclass
class ControleCoherence:
    """Reads the Vitale card again just before it signs, and compares."""

    acquisition: AcquisitionBeneficiaire
    incoherences: Callable[[Droits, Beneficiaire, Droits, str], list[str]] = incoherences

    def controler(
        self,
        mode: ModeSecurisation,
        droits: Droits,
        beneficiaire: Beneficiaire,
        nature_assurance: str,
        code_porteur: str | None,
    ) -> None:
        """Raises Refus when the invoice can't be secured with the card in the reader (SV-4.2.1.13-18)."""
        try:
            carte = self.acquisition.lire_carte(code_porteur=code_porteur)
        except CodeRetour as exc:
            if mode == ModeSecurisation.DESYNCHRONISE and exc.code_retour == CPS_ABSENTE:
                return  # rights can't be read without the PS's card: what was acquired holds (cdc §4.2.1.15)
            raise
        differences = self.incoherences(droits, beneficiaire, carte, nature_assurance)
        if differences:
            raise Refus(
                f"la carte Vitale en lecteur n'est pas celle de la facture ({', '.join(differences)}) ; présenter la "
                "bonne carte ou relire le bénéficiaire"
            )
