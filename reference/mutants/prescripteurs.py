"""Faults about the repository of health professionals, and about cards of employees."""

from __future__ import annotations

from norms import referentiel as norme
from norms.referentiel import Prescripteur
from reference.erreurs import Refus
from reference.modele import ProfessionnelDeSante
from reference.mutants.modele import Mutant
from reference.poste import Poste

EMPLOYE = "2"


def _ignore(poste: Poste) -> None:
    poste.prescripteurs.completer = lambda p: p  # type: ignore[method-assign]  # the fault itself


def _freeze(poste: Poste) -> None:
    """Says yes to a newer version and keeps the first."""
    recherche = poste.prescripteurs
    charger = recherche.charger

    def une_fois(octets: bytes) -> str:
        return norme.lire(octets)[0] if recherche.referentiel.version else charger(octets)

    recherche.charger = une_fois  # type: ignore[method-assign]  # the fault itself


def _add_only(poste: Poste) -> None:
    """Takes the newcomers of a version and leaves those it knows as they were."""
    magasin = poste.prescripteurs.referentiel
    remplacer = magasin.remplacer

    def ajouter(version: str, prescripteurs: tuple[Prescripteur, ...]) -> int:
        return remplacer(version, [magasin.chercher(p.rpps) or p for p in prescripteurs])

    magasin.remplacer = ajouter  # type: ignore[method-assign,assignment]  # the fault itself


def _make_up(poste: Poste) -> None:
    recherche = poste.prescripteurs
    chercher = recherche.chercher

    def inventer(rpps: str) -> Prescripteur:
        try:
            return chercher(rpps)
        except Refus:
            return Prescripteur(rpps, "000000000", "01", "INCONNU", "")

    recherche.chercher = inventer  # type: ignore[method-assign]  # the fault itself


def _refuse_employees(poste: Poste) -> None:
    lire = poste.acquisition_ps.lire

    def titulaires(code_porteur: str | None, numero_situation: str | None) -> ProfessionnelDeSante:
        ps = lire(code_porteur, numero_situation)
        if ps.type_carte == EMPLOYE:
            poste.session.ps = poste.session.situation = None
            raise Refus("carte d'employé : présenter celle d'un professionnel")
        return ps

    poste.acquisition_ps.lire = titulaires  # type: ignore[method-assign]  # the fault itself


MUTANTS = (
    Mutant("referentiel-ignore", "Ne prend pas le prescripteur au référentiel PS", ("SV-4.1.2-10",), _ignore),
    Mutant("referentiel-fige", "Ne charge jamais une seconde version du référentiel PS", ("SV-4.1.2-11",), _freeze),
    Mutant(
        "referentiel-ajouts-seuls",
        "Ne corrige pas les prescripteurs déjà connus",
        ("SV-4.1.2-11",),
        _add_only,
    ),
    Mutant("prescripteur-invente", "Invente un prescripteur inconnu du référentiel", ("SV-4.1.2-10",), _make_up),
    Mutant("cpe-refusee", "Refuse les cartes d'employés", ("SV-2.3.3.3-03",), _refuse_employees),
)
