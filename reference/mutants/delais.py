"""Faults about legal delays."""

from __future__ import annotations

from datetime import date, timedelta

from norms.contrat.base import TypeFacture
from reference.mutants.modele import Mutant
from reference.poste import Poste


def _direct_in_four(poste: Poste) -> None:
    poste.echeances.delai_paiement_direct = 4


def _third_party_in_nine(poste: Poste) -> None:
    poste.echeances.delai_tiers_payant = 9


def _calendar_days(poste: Poste) -> None:
    def calendaires(depart: date, nombre: int) -> date:
        return depart + timedelta(days=nombre)

    poste.echeances.ajouter = calendaires


def _again_in_three(poste: Poste) -> None:
    poste.echeances.delai_reemission = 3


def _arl_in_three(poste: Poste) -> None:
    poste.echeances.delai_arl = 3


def _nobody_told(poste: Poste) -> None:
    poste.echeances.prevenir = poste.arl.prevenir = ""


def _not_recalled(poste: Poste) -> None:
    poste.rappeler_avant_envoi = lambda: None


def _fse_only(poste: Poste) -> None:
    poste.echeances.types_suivis = frozenset({TypeFacture.FSE})


MUTANTS = (
    Mutant(
        "delai-paiement-direct-quatre-jours",
        "Laisse quatre jours ouvrés pour transmettre une FSE payée par l'assuré",
        ("SV-3.2.10.3-02",),
        _direct_in_four,
    ),
    Mutant(
        "delai-tiers-payant-neuf-jours",
        "Laisse neuf jours ouvrés pour transmettre une FSE en tiers payant",
        ("SV-3.2.10.3-03",),
        _third_party_in_nine,
    ),
    Mutant(
        "delais-en-jours-calendaires",
        "Compte les délais en jours calendaires",
        ("SV-3.2.10.3-02", "SV-3.2.10.3-03"),
        _calendar_days,
    ),
    Mutant(
        "delai-reemission-trois-jours",
        "Laisse trois jours ouvrés pour réémettre un lot",
        ("SV-3.3.1.2-15", "SV-3.3.1.2-19", "SV-3.4.1.2-15"),
        _again_in_three,
    ),
    Mutant(
        "delai-arl-trois-jours",
        "Attend un ARL trois jours ouvrés",
        ("SV-3.4.1.2-15", "SV-3.4.1.2-19"),
        _arl_in_three,
    ),
    Mutant(
        "reemission-sans-prevenir",
        "N'invite pas à prévenir l'organisme destinataire",
        ("SV-3.3.1.2-16", "SV-3.4.1.2-16"),
        _nobody_told,
    ),
    Mutant(
        "reemission-non-rappelee",
        "Transmet sans rappeler les lots à réémettre",
        ("SV-3.3.1.2-17", "SV-3.4.1.2-17"),
        _not_recalled,
    ),
    Mutant(
        "delais-fse-seulement",
        "Ne suit pas les délais des lots de DRE",
        ("SV-3.3.1.2-19", "SV-3.4.1.2-19"),
        _fse_only,
    ),
)
