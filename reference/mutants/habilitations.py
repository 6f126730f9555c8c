"""Faults about who may sign what: cards of employees, in training, of directors (cdc §3.2.9.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from norms.contrat.adaptateur import FactureElaborer
from reference.erreurs import Refus
from reference.flux.lots import LotAFormer
from reference.modele import ProfessionnelDeSante
from reference.mutants.modele import Mutant, lots_by_itself
from reference.mutants.situations import _ignore_habilitation
from reference.poste import Poste
from reference.store import FactureConservee, LotConserve

CPF, CPE = "1", "2"
NON_HABILITEE = "F004"


def _refuse_training_cards(poste: Poste) -> None:
    lire = poste.acquisition_ps.lire

    def refuser(code_porteur: str | None, numero_situation: str | None) -> ProfessionnelDeSante:
        ps = lire(code_porteur, numero_situation)
        if ps.type_carte == CPF:
            poste.session.ps = poste.session.situation = None
            raise Refus("carte de professionnel en formation non acceptée par ce progiciel")
        return ps

    poste.acquisition_ps.lire = refuser  # type: ignore[method-assign]  # the fault itself


def _no_invoice_by_employees(poste: Poste) -> None:
    elaborer = poste.elaboration.elaborer

    def refuser(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        if poste.session.ps is not None and poste.session.ps.type_carte == CPE:
            raise Refus("une carte d'employé ne signe pas de facture")
        return elaborer(demande)

    poste.elaboration.elaborer = refuser  # type: ignore[method-assign]  # the fault itself


def _no_lot_by_employees(poste: Poste) -> None:
    former = poste.constitution_lots.former_serie

    def refuser(a_former: Sequence[LotAFormer], code_porteur: str | None) -> tuple[LotConserve, ...]:
        if poste.session.ps is not None and poste.session.ps.type_carte == CPE:
            raise Refus("une carte d'employé ne signe pas de lot")
        return former(a_former, code_porteur)

    poste.constitution_lots.former_serie = refuser  # type: ignore[method-assign]  # the fault itself


def _lot_without_habilitation(poste: Poste) -> None:
    lots_by_itself(poste, (NON_HABILITEE,), critere="NON HABILITE")


def _own_lots_only(poste: Poste) -> None:
    regrouper = poste.constitution_lots.regrouper

    def filtrer(factures: Iterable[FactureConservee]) -> list[tuple[FactureConservee, ...]]:
        situation = poste.session.situation
        numero = situation.numero_facturation.encode() if situation else b""
        return regrouper(f for f in factures if numero in f.contenu)

    poste.constitution_lots.regrouper = filtrer


def _one_lot_a_time(poste: Poste) -> None:
    former = poste.constitution_lots.former_serie

    def premier(a_former: Sequence[LotAFormer], code_porteur: str | None) -> tuple[LotConserve, ...]:
        return former(a_former[:1], code_porteur)

    poste.constitution_lots.former_serie = premier  # type: ignore[method-assign]  # the fault itself


def _any_centre(poste: Poste) -> None:
    poste.constitution_lots.numeros_centre = ()


MUTANTS = (
    Mutant(
        "cpf-refusee",
        "N'accepte pas la carte d'un professionnel en formation",
        ("SV-3.2.9.3.1.1-21", "SV-3.2.9.3.2.1-06"),
        _refuse_training_cards,
    ),
    Mutant(
        "cpe-jamais-facture",
        "Refuse toute facture à une carte d'employé, même habilitée",
        ("SV-3.2.9.3.1.1-22", "SV-3.2.9.3.1.1-23", "SV-2.3.3.5-04", "SV-3.2.9.1-06"),
        _no_invoice_by_employees,
    ),
    Mutant(
        "cpe-signe-tout",
        "Tient pour signée la facture d'une carte d'employé non habilitée",
        ("SV-3.2.9.3.1.1-24",),
        _ignore_habilitation,
    ),
    Mutant(
        "lot-non-habilite",
        "Constitue lui-même un lot non signé quand la carte n'y est pas habilitée",
        ("SV-3.2.9.3.2.1-07",),
        _lot_without_habilitation,
    ),
    Mutant(
        "cpe-jamais-lot",
        "Refuse toute signature de lot à une carte d'employé, même habilitée",
        ("SV-3.2.9.3.2.1-08",),
        _no_lot_by_employees,
    ),
    Mutant(
        "lots-du-seul-porteur",
        "Ne met en lot que les factures du numéro de la carte lue en dernier",
        ("SV-3.2.9.3.2.1-09",),
        _own_lots_only,
    ),
    Mutant(
        "lot-sans-serie",
        "S'arrête après le premier lot de la série",
        ("SV-3.2.9.3.2.1-03",),
        _one_lot_a_time,
    ),
    Mutant(
        "centre-non-controle",
        "Ne contrôle pas que la carte de l'employé est celle du centre de santé",
        ("SV-3.2.9.3.2.1-10",),
        _any_centre,
    ),
)
