"""Faults about the card that signs, held against the invoice (cdc §4.2.1.13)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.facturation.coherence import ControleCoherence
from reference.facturation.securisation import Securisation, Signataire
from reference.modele import Beneficiaire, Droits
from reference.mutants.modele import Mutant
from reference.ports import FactureFormee, Services
from reference.poste import Poste

MALADIE = "10"


def _birth_only(poste: Poste) -> None:
    saines = poste.elaboration.coherence.incoherences

    def naissance(droits: Droits, b: Beneficiaire, carte: Droits, nature: str) -> list[str]:
        return [d for d in saines(droits, b, carte, nature) if d == "date de naissance"]

    poste.elaboration.coherence.incoherences = naissance


def _always_organisation(poste: Poste) -> None:
    saines = poste.elaboration.coherence.incoherences
    poste.elaboration.coherence.incoherences = lambda droits, b, carte, _nature: saines(droits, b, carte, MALADIE)


class _Differe(ControleCoherence):
    """Keeps the check for later."""

    attendu: Callable[[], None] = staticmethod(lambda: None)

    def controler(
        self,
        mode: ModeSecurisation,
        droits: Droits,
        beneficiaire: Beneficiaire,
        nature_assurance: str,
        code_porteur: str | None,
    ) -> None:
        faire = super().controler
        self.attendu = lambda: faire(mode, droits, beneficiaire, nature_assurance, code_porteur)


class _PuisControle(Securisation):
    """Formats the invoice, and only then looks at the card."""

    def __init__(self, services: Services, differe: _Differe) -> None:
        super().__init__(services)
        self.differe = differe

    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        self.services.formater_facture(type_, mode, groupes)
        self.differe.attendu()
        return super().securiser(type_, mode, groupes, signataire)


def _check_late(poste: Poste) -> None:
    differe = _Differe(poste.acquisition_beneficiaire)
    poste.elaboration.coherence = differe
    poste.elaboration.securisation = _PuisControle(poste.services, differe)


MUTANTS = (
    Mutant(
        "coherence-naissance-seule",
        "Ne compare à la carte qui signe que la date de naissance",
        ("SV-4.2.1.13-09", "SV-4.2.1.13-10", "SV-4.2.1.13-11", "SV-4.2.1.13-12"),
        _birth_only,
    ),
    Mutant(
        "coherence-organisme-toujours",
        "Compare aussi l'organisme en accident du travail et en soins médicaux gratuits",
        ("SV-4.2.1.13-13", "SV-4.2.1.13-14"),
        _always_organisation,
    ),
    Mutant(
        "coherence-tardive",
        "Compare la carte à la facture une fois celle-ci mise en forme",
        ("SV-4.2.1.1-23",),
        _check_late,
    ),
)
