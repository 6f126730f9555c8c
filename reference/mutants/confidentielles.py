"""Faults about the confidential acts of a minor: under whose name, born when, prescribed by whom (cdc §3.2.2.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from norms.contrat.adaptateur import Prescription
from norms.identifiants import cle_nir
from reference.facturation.confidentialite import HORS_URGENCE, URGENCE, est_urgence, exonerer
from reference.facturation.modes import MINEURE
from reference.modele import Beneficiaire, Droits, SituationFacturation
from reference.mutants.modele import Mutant
from reference.poste import Poste

#: A key that no NIR of the scenarios has.
CLE_AUTRE = "97"


def _other_nir(poste: Poste, changer: Callable[[str, Droits], str]) -> None:
    """Another fictitious NIR, whose key is right. ``changer``: from the right NIR and what was typed."""
    localiser = poste.elaboration.localiser

    def autrement(droits: Droits) -> Droits:
        juste = localiser(droits)
        if juste.situation != MINEURE:
            return juste
        nir = changer(juste.nir_assure, droits)
        return replace(juste, nir_assure=nir, cle_assure=cle_nir(nir))

    poste.elaboration.localiser = autrement


def _typed_fund(poste: Poste) -> None:
    _other_nir(poste, lambda nir, saisi: f"{nir[:7]}{saisi.caisse}{nir[10:]}")


def _never_emergency(poste: Poste) -> None:
    _other_nir(poste, lambda nir, _saisi: nir.removesuffix(URGENCE) + HORS_URGENCE if nir.endswith(URGENCE) else nir)


def _other_key(poste: Poste) -> None:
    localiser = poste.elaboration.localiser

    def autre(droits: Droits) -> Droits:
        juste = localiser(droits)
        return replace(juste, cle_assure=CLE_AUTRE) if juste.situation == MINEURE else juste

    poste.elaboration.localiser = autre


Complements = tuple[Beneficiaire, Prescription | None]


def _complete(poste: Poste, changer: Callable[[Complements, Droits, date], Complements]) -> None:
    """Changes what a confidential invoice is completed with."""
    anonymiser = poste.elaboration.anonymiser

    def autrement(
        droits: Droits, b: Beneficiaire, prescription: Prescription | None, ps: SituationFacturation, jour: date
    ) -> Complements:
        juste = anonymiser(droits, b, prescription, ps, jour)
        return changer(juste, droits, jour) if droits.situation == MINEURE else juste

    poste.elaboration.anonymiser = autrement


def _always_fictitious_birth(poste: Poste) -> None:
    _complete(poste, lambda juste, _droits, jour: (replace(juste[0], naissance=f"{jour.year - 16}0101"), juste[1]))


def _fifteen_years(poste: Poste) -> None:
    fictive = "0101"

    def quinze(juste: Complements, _droits: Droits, jour: date) -> Complements:
        b, prescription = juste
        inventee = b.naissance == f"{jour.year - 16}{fictive}"
        return (replace(b, naissance=f"{jour.year - 15}{fictive}") if inventee else b), prescription

    _complete(poste, quinze)


def _no_prescriber(poste: Poste, *, urgence: bool) -> None:
    _complete(poste, lambda juste, droits, _jour: (juste[0], None if est_urgence(droits) == urgence else juste[1]))


def _no_exemption(poste: Poste) -> None:
    poste.elaboration.exonerer = lambda _droits, exoneration, _actes: exoneration


def _always_exempted(poste: Poste) -> None:
    poste.elaboration.exonerer = lambda droits, _exoneration, _actes: exonerer(droits, "0", ["G"])


MUTANTS = (
    Mutant(
        "mineure-sans-exoneration",
        "N'exonère pas les actes confidentiels d'une mineure",
        ("SV-3.2.2.5-13", "SV-3.2.2.5-24", "SV-3.2.2.5-37", "SV-3.2.2.5-50"),
        _no_exemption,
    ),
    Mutant(
        "mineure-toujours-exoneree",
        "Exonère jusqu'aux actes que l'AMO paie à 100 % à tous",
        ("SV-3.2.2.5-38",),
        _always_exempted,
    ),
    Mutant(
        "nir-confidentiel-caisse-saisie",
        "Fait le NIR fictif avec la caisse de l'identité saisie",
        ("SV-3.2.2.5-03", "SV-3.2.2.5-16", "SV-3.2.2.5-30", "SV-3.2.2.5-42"),
        _typed_fund,
    ),
    Mutant(
        "urgence-en-042",
        "Facture la contraception d'urgence sous le NIR des autres actes",
        ("SV-3.2.2.5-02",),
        _never_emergency,
    ),
    Mutant(
        "nir-confidentiel-autre-cle",
        "Ne calcule pas la clé du NIR fictif",
        ("SV-3.2.2.5-04", "SV-3.2.2.5-17", "SV-3.2.2.5-31", "SV-3.2.2.5-43"),
        _other_key,
    ),
    Mutant(
        "naissance-fictive-partout",
        "Met la date de naissance fictive à tout acte confidentiel",
        ("SV-3.2.2.5-05", "SV-3.2.2.5-20", "SV-3.2.2.5-34", "SV-3.2.2.5-46"),
        _always_fictitious_birth,
    ),
    Mutant(
        "naissance-fictive-quinze-ans",
        "Calcule la date de naissance fictive à quinze ans",
        ("SV-3.2.2.5-06",),
        _fifteen_years,
    ),
    Mutant(
        "prescripteur-fictif-absent",
        "Ne donne pas de prescripteur à la contraception d'urgence",
        ("SV-3.2.2.5-07", "SV-3.2.2.5-08", "SV-3.2.2.5-09"),
        lambda poste: _no_prescriber(poste, urgence=True),
    ),
    Mutant(
        "prescripteur-confidentiel-oublie",
        "Oublie le prescripteur d'un acte confidentiel prescrit",
        ("SV-3.2.2.5-21", "SV-3.2.2.5-47"),
        lambda poste: _no_prescriber(poste, urgence=False),
    ),
)
