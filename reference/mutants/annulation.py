"""Faults about the cancellation of DRE (cdc §3.2.3.5.3, §4.2.1.14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from norms.contrat.adaptateur import DreAnnuler
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.erreurs import Refus
from reference.facturation.annulation import FACTURE, REJET_AMO
from reference.mutants.modele import Mutant
from reference.poste import Poste
from reference.store import FactureConservee
from reference.store.factures import ACQUITTEE, SECURISEE, SUPPRIMEE
from reference.suivi.courrier import RSP


def _last_one(poste: Poste) -> None:
    """Cancels the last DRE sent when none is designated."""
    designer = poste.annulation.designer

    def deviner(numero: str | None) -> FactureConservee:
        envoyees = [f for f in poste.factures.toutes(ACQUITTEE) if f.type == TypeFacture.DRE and not f.annulation]
        return designer(numero or envoyees[-1].numero)

    poste.annulation.designer = deviner  # type: ignore[method-assign]  # a deviation


def _motives(permis: Callable[[str], bool]) -> Callable[[Poste], None]:
    def appliquer(poste: Poste) -> None:
        verifier = poste.annulation.verifier_motif

        def restreint(motif: str, initiale: FactureConservee, fse: FactureConservee | None) -> None:
            if not permis(motif):
                raise Refus("annulation impossible pour ce motif")
            verifier(motif, initiale, fse)

        poste.annulation.verifier_motif = restreint

    return appliquer


def _after(
    suite: Callable[[Poste, FactureConservee], Iterable[FactureConservee]],
) -> Callable[[Poste], None]:
    """Something more is done once the cancellation is made; gives what the PS is shown besides."""

    def appliquer(poste: Poste) -> None:
        annuler = poste.annulation.annuler

        def deborder(demande: DreAnnuler) -> tuple[FactureConservee, ...]:
            (annulation,) = annuler(demande)
            return (annulation, *suite(poste, annulation))

        poste.annulation.annuler = deborder  # type: ignore[method-assign]  # a deviation

    return appliquer


def _fse_of(poste: Poste, annulation: FactureConservee) -> list[FactureConservee]:
    return [f for f in poste.factures.par_numero(annulation.numero) if f.type == TypeFacture.FSE]


def _fse_again(poste: Poste, annulation: FactureConservee) -> Iterable[FactureConservee]:
    fse = _fse_of(poste, annulation)
    poste.factures.changer_statut((f.id for f in fse), SECURISEE)
    return fse


def _fse_deleted(poste: Poste, annulation: FactureConservee) -> Iterable[FactureConservee]:
    poste.factures.changer_statut((f.id for f in _fse_of(poste, annulation)), SUPPRIMEE)
    return ()


def _never_in_a_lot(poste: Poste) -> None:
    regrouper = poste.constitution_lots.regrouper
    poste.constitution_lots.regrouper = lambda factures: regrouper(f for f in factures if not f.annulation)


def _ordinary(poste: Poste) -> None:
    poste.annulation.nature = "0"


def _another_number(poste: Poste) -> None:
    """The cancellation takes the next free number."""
    annulation = poste.annulation
    composer = annulation.composer

    def renumeroter(origine: tuple[Groupe, ...]) -> Iterator[Groupe]:
        numero = poste.elaboration.numerotation.attribuer(None)
        for g in composer(origine):
            yield annulation.modifier(g, numero_facture=numero) if g.id == FACTURE else g

    annulation.composer = renumeroter  # type: ignore[method-assign]  # a deviation


def _of_itself(poste: Poste) -> None:
    """A rejected FSE has its DRE cancelled at once, without the PS."""
    traiter = poste.reception.traitements[RSP]

    def et_annuler(courrier):  # type: ignore[no-untyped-def]  # a deviation
        retours = traiter(courrier)
        for r in retours:
            if r.positif is False:
                poste.annulation.annuler(DreAnnuler(numero=r.facture, motif=REJET_AMO, mode=ModeSecurisation.DEGRADE))
        return retours

    poste.reception.traitements[RSP] = et_annuler


def _not_with_oct(poste: Poste) -> None:
    if poste.eclateur is None:
        return

    def refuser(demande: DreAnnuler) -> tuple[FactureConservee, ...]:
        raise Refus(f"annulation de {demande.numero} : s'adresser au concentrateur")

    poste.annulation.annuler = refuser  # type: ignore[method-assign]  # a deviation


def _dre_only(poste: Poste) -> None:
    poste.annulation.eclatee = lambda facture: False  # type: ignore[method-assign]  # a deviation


MUTANTS = (
    Mutant(
        "annulation-sans-designation",
        "Annule la dernière DRE transmise quand le PS n'en désigne aucune",
        ("SV-4.2.1.14-01",),
        _last_one,
    ),
    Mutant(
        "annulation-pour-rejet-seulement",
        "N'annule une DRE qu'après le rejet de sa FSE",
        ("SV-3.2.3.5.3-05", "SV-3.2.3.5.3-06", "SV-3.2.3.5.3-07"),
        _motives(lambda motif: motif == REJET_AMO),
    ),
    Mutant(
        "annulation-jamais-apres-rejet",
        "N'annule pas une DRE dont la FSE est rejetée",
        ("SV-3.2.3.5.3-08",),
        _motives(lambda motif: motif != REJET_AMO),
    ),
    Mutant(
        "annulation-refait-la-fse",
        "Émet de nouveau la FSE avec la DRE d'annulation",
        ("SV-3.2.3.5.3-03", "SV-3.2.3.5.3-04"),
        _after(_fse_again),
    ),
    Mutant(
        "annulation-efface-la-fse",
        "Supprime la FSE dont il annule la DRE",
        ("SV-3.2.3.5.3-04",),
        _after(_fse_deleted),
    ),
    Mutant(
        "annulation-hors-lot",
        "Ne met jamais une DRE d'annulation dans un lot",
        ("SV-4.2.1.16.1-29",),
        _never_in_a_lot,
    ),
    Mutant(
        "annulation-en-dre-ordinaire",
        "Émet une DRE ordinaire en guise d'annulation",
        ("SV-2.2.4.1-06",),
        _ordinary,
    ),
    Mutant(
        "annulation-autre-numero",
        "Donne un autre numéro à la DRE d'annulation",
        ("SV-2.2.4.1-06",),
        _another_number,
    ),
    Mutant(
        "annulation-d-office",
        "Annule de lui-même la DRE d'une FSE rejetée",
        ("SV-3.2.3.5.3-01",),
        _of_itself,
    ),
    Mutant(
        "annulation-impossible-avec-oct",
        "N'annule rien dès qu'un concentrateur est employé",
        ("SV-3.2.3.5.3-02", "SV-3.2.3.5.3-09"),
        _not_with_oct,
    ),
    Mutant(
        "annulation-de-dre-seulement",
        "N'annule pas la part complémentaire d'une FSE éclatée par un concentrateur",
        ("SV-3.2.3.5.3-09", "SV-3.2.3.4-16"),
        _dre_only,
    ),
)
