"""Faults about series of lots, and about what the services are given for lots and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from norms.contrat.base import TypeFacture
from reference.erreurs import Refus
from reference.mutants.concentrateurs import file_call
from reference.mutants.modele import Mutant, ServicesDelegues, brancher
from reference.ports import LotMisEnForme, Services
from reference.poste import Poste
from reference.store import LotConserve


def _lot_call(**valeurs: object) -> Callable[[Poste], None]:
    """Gives « Formater lot » something else than what was asked."""

    class _Autrement(ServicesDelegues):
        def formater_lot(self, **donnes: Any) -> LotMisEnForme:
            return self.vrais.formater_lot(**{**donnes, **valeurs})

    return lambda poste: brancher(poste, _Autrement(poste.services))


def _between_lots(lire: Callable[[Services], object]) -> Callable[[Poste], None]:
    """Reads a card before each lot but the first; what comes of it doesn't matter."""

    class _Curieux(ServicesDelegues):
        def formater_lot(self, **donnes: Any) -> LotMisEnForme:
            if donnes["code_porteur"] is None:
                with suppress(Refus):
                    lire(self.vrais)
            return self.vrais.formater_lot(**donnes)

    return lambda poste: brancher(poste, _Curieux(poste.services))


def _rewritten(poste: Poste) -> None:
    class _Retouche(ServicesDelegues):
        def formater_lot(self, **donnes: Any) -> LotMisEnForme:
            lot = self.vrais.formater_lot(**donnes)
            return replace(lot, contenu=lot.contenu[:29] + b"CABINET REGROUPE".ljust(40) + lot.contenu[69:])

    brancher(poste, _Retouche(poste.services))


def _no_dre(poste: Poste) -> None:
    regrouper = poste.constitution_lots.regrouper
    poste.constitution_lots.regrouper = lambda factures: [
        g for g in regrouper(factures) if g[0].type != TypeFacture.DRE
    ]


def _files_by_type(poste: Poste) -> None:
    def par_type(lots: Iterable[LotConserve]) -> list[tuple[LotConserve, ...]]:
        lus = tuple(lots)
        groupes = [tuple(lot for lot in lus if lot.type == t) for t in TypeFacture]
        return [g for g in groupes if g]

    poste.constitution_fichiers.regrouper = par_type


MUTANTS = (
    Mutant(
        "lot-date-mal-formee",
        "Donne aux services une date de lot mal formée",
        ("SV-4.2.1.16.1-16",),
        _lot_call(jour="21112022"),
    ),
    Mutant("lot-reecrit", "Réécrit un lot que les services ont mis en forme", ("SV-4.2.1.16.1-17",), _rewritten),
    Mutant(
        "serie-par-type",
        "Clôt la série entre les lots de FSE et ceux de DRE",
        ("SV-4.2.1.16.1-26", "SV-3.2.9.3.2.1-03"),
        _lot_call(fin_de_serie=True),
    ),
    Mutant("dre-jamais-en-lot", "Ne met pas les DRE en lot", ("SV-4.2.1.16.1-28",), _no_dre),
    Mutant(
        "vitale-lue-pendant-la-serie",
        "Lit la carte Vitale entre deux lots d'une série",
        ("SV-4.2.1.16.1-30",),
        _between_lots(lambda s: s.lire_droits_vitale("20221121", None)),
    ),
    Mutant(
        "cps-lue-pendant-la-serie",
        "Relit la carte du PS entre deux lots d'une série",
        ("SV-4.2.1.16.1-31",),
        _between_lots(lambda s: s.lire_carte_ps("1234")),
    ),
    Mutant(
        "fichiers-par-type",
        "Regroupe les lots en fichiers par type, sans égard à leur critère",
        ("SV-4.2.1.16.2-01",),
        _files_by_type,
    ),
    Mutant(
        "fichier-taille-incoherente",
        "Donne aux services une taille de lots qui n'en est pas une",
        ("SV-4.2.1.16.2-09",),
        file_call(douze=lambda g: g | {"taille_lots": "1"}),
    ),
)
