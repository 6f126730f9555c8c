"""Faults about enriched FSE, that a concentrator splits (annexe5 §4.3, §4.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reference.facturation.eclateur import Eclateur
from reference.facturation.flux import CADRES
from reference.modele import AdresseAmc
from reference.mutants.modele import Mutant
from reference.poste import Poste


def _splitter(**valeurs: object) -> Callable[[Poste], None]:
    def appliquer(poste: Poste) -> None:
        actuel = poste.elaboration.decision.eclateur
        if actuel is not None:
            autre = replace(actuel, **valeurs)  # type: ignore[arg-type]  # a deviation
            poste.elaboration.decision.eclateur = poste.elaboration.recherche_amc.eclateur = autre

    return appliquer


def _not_a_splitter(poste: Poste) -> None:
    poste.elaboration.decision.eclateur = poste.elaboration.recherche_amc.eclateur = None


def _dre_as_well(poste: Poste) -> None:
    poste.elaboration.decision.eclateur = None


class _SansContrat(Eclateur):
    def contrat(self, type_contrat: str) -> str:
        return type_contrat


def _no_contract(poste: Poste) -> None:
    if (actuel := poste.elaboration.decision.eclateur) is not None:
        poste.elaboration.decision.eclateur = _SansContrat(actuel.autorise)


def _frame_with_amc(poste: Poste) -> None:
    decision = poste.elaboration.decision
    decision.cadre_remboursement = lambda _type, tp, amc: CADRES[tp.amo, amc is not None and amc.tiers_payant]


def _no_amc_part(poste: Poste) -> None:
    decider = poste.elaboration.decision.decider

    def sans_part(prestations, tiers_payant, amc):  # type: ignore[no-untyped-def]  # a deviation
        return tuple(
            replace(f, prestations=tuple(replace(p, montant_amc=0) for p in f.prestations))
            for f in decider(prestations, tiers_payant, amc)
        )

    poste.elaboration.decision.decider = sans_part  # type: ignore[method-assign]  # a deviation


def _address_all_the_same(poste: Poste) -> None:
    recherche = poste.elaboration.recherche_amc
    determiner = recherche.determiner

    def avec_adresse(demande, beneficiaire, jour, tiers_payant):  # type: ignore[no-untyped-def]  # a deviation
        contexte = determiner(demande, beneficiaire, jour, tiers_payant)
        return contexte and replace(contexte, adresse=AdresseAmc("MU", "001", "rocher-mutuelle.test"))

    recherche.determiner = avec_adresse  # type: ignore[method-assign]  # a deviation


def _no_convention_kept(poste: Poste) -> None:
    """The convention with the AMC is forgotten as soon as a concentrator splits."""
    if poste.elaboration.decision.eclateur is not None:
        poste.elaboration.recherche_amc.conventions = ()


def _third_party_only(poste: Poste) -> None:
    """Nothing of the AMC in an enriched FSE without third-party payment."""
    recherche = poste.elaboration.recherche_amc
    determiner = recherche.determiner

    def en_tiers_payant(demande, beneficiaire, jour, tiers_payant):  # type: ignore[no-untyped-def]  # a deviation
        return determiner(demande, beneficiaire, jour, tiers_payant) if tiers_payant.amc else None

    recherche.determiner = en_tiers_payant  # type: ignore[method-assign]  # a deviation


def _any_contract(poste: Poste) -> None:
    poste.elaboration.recherche_amc.refuser_contrat = lambda _demande, _eclateur: None


def _both_splits(poste: Poste) -> None:
    poste.controler_reglages = lambda: None


MUTANTS = (
    Mutant(
        "fse-enrichie-et-dre",
        "Fait une DRE à côté de la FSE que le concentrateur éclatera",
        (
            "SV-3.2.3.5.2.1-06",
            "SV-A5-4.4-02",
            "SV-A5-4-03",
            "SV-A5-4.3.1-01",
            "SV-A5-4.3.1-02",
            "SV-4.2.1.12.1-05",
            "SV-4.2.1.12.1-04",
            "SV-4.2.1.12.1-11",
            "SV-4.2.1.12.1-15",
            "SV-4.2.1.12.1-20",
            "SV-3.2.3.4-09",
        ),
        _dre_as_well,
    ),
    Mutant(
        "oct-eclateur-ignore",
        "Ne tient pas compte de l'éclatement par le concentrateur",
        ("SV-4.2.1.12.1-05", "SV-4.2.1.5.3.5-10", "SV-A5-4-03"),
        _not_a_splitter,
    ),
    Mutant(
        "contrat-99-absent",
        "N'écrit pas le contrat 99 qui autorise le concentrateur à éclater",
        ("SV-A5-4.3.2-01",),
        _no_contract,
    ),
    Mutant(
        "contrat-99-d-office",
        "Écrit le contrat 99 sans que le PS l'ait autorisé",
        ("SV-A5-4.3.2-02",),
        _splitter(autorise=True),
    ),
    Mutant(
        "cadre-integral-enrichi",
        "Dit le tiers payant complémentaire d'une FSE enrichie dans le cadre de remboursement",
        ("SV-A5-4.3.2-04", "SV-A5-4.3.2-05"),
        _frame_with_amc,
    ),
    Mutant(
        "zones-amc-muettes",
        "Ne dit pas le tiers payant complémentaire d'une FSE enrichie",
        ("SV-A5-4.3.2-05",),
        _splitter(zones=lambda _tiers_payant: ("", "")),
    ),
    Mutant(
        "fse-enrichie-sans-part",
        "Laisse la part complémentaire hors de la FSE enrichie",
        (
            "SV-3.2.3.5.1.1-07",
            "SV-3.2.3.5.1.2-13",
            "SV-A5-4.3.1-01",
            "SV-4.2.1.12.1-04",
            "SV-4.2.1.12.1-08",
            "SV-4.2.1.12.1-11",
            "SV-4.2.1.12.1-20",
            "SV-3.2.3.4-09",
        ),
        _no_amc_part,
    ),
    Mutant(
        "adresse-sans-convention",
        "Donne une adresse d'organisme complémentaire sans convention avec lui",
        ("SV-3.2.3.5.1.1-08", "SV-4.2.1.5.3.5-10", "SV-4.2.1.12.1-09", "SV-4.2.1.12.1-21"),
        _address_all_the_same,
    ),
    Mutant(
        "convention-perdue-avec-oct",
        "Oublie la convention avec l'organisme complémentaire dès qu'un concentrateur éclate",
        ("SV-3.2.3.5.1.2-13", "SV-4.2.1.12.1-12", "SV-4.2.1.12.1-16"),
        _no_convention_kept,
    ),
    Mutant(
        "enrichie-tp-seulement",
        "N'enrichit la FSE qu'en tiers payant complémentaire",
        ("SV-3.2.3.5.1.1-04",),
        _third_party_only,
    ),
    Mutant(
        "contrat-99-partout",
        "Admet le contrat 99 malgré une convention de gestion ou l'éclatement à la source",
        ("SV-A5-4.3.2-03", "SV-A5-4.4-03"),
        _any_contract,
    ),
    Mutant(
        "deux-eclatements",
        "Accepte l'éclatement à la source et par le concentrateur en même temps",
        ("SV-A5-4.4-01",),
        _both_splits,
    ),
)
