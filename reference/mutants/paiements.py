"""Faults about payments: references, remarks, amounts, occasional operations, bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from norms.noemie import FactureReglee, FichierNoemie, Paiement, lire_paiements
from reference.mutants.modele import Mutant
from reference.poste import Poste
from reference.store import FactureConservee, PaiementAnnonce
from reference.suivi.banque import VirementTraite
from reference.suivi.rsp import PAPIER


def _only_580(poste: Poste) -> None:
    poste.rsp.references = frozenset({"580"})


def _remark_lost(poste: Poste) -> None:
    lire = poste.rsp.lire_factures
    poste.rsp.lire_factures = lambda fichier: [r if r.rejetee else replace(r, rejets=()) for r in lire(fichier)]


def _asked_is_paid(poste: Poste) -> None:
    lire = poste.rsp.lire_factures

    def payer_tout(r: FactureReglee) -> FactureReglee:
        if r.amo is None or r.rejetee:
            return r
        return replace(r, amo=replace(r.amo, paye=r.amo.demande))

    poste.rsp.lire_factures = lambda fichier: [payer_tout(r) for r in lire(fichier)]


def _without_occasional(fichier: FichierNoemie) -> list[Paiement]:
    return [replace(p, ponctuelles=[]) for p in lire_paiements(fichier)]


def _occasional_ignored(poste: Poste) -> None:
    poste.rsp.lire_paiements = _without_occasional


def _paper_on_invoice(poste: Poste) -> None:
    sain = poste.rsp.trouver

    def trouver(reglee: FactureReglee) -> FactureConservee | None:
        if reglee.type_facture in PAPIER:
            return next(iter(poste.factures.toutes()), None)
        return sain(reglee)

    poste.rsp.trouver = trouver


def _bank_without_occasional(poste: Poste) -> None:
    poste.rsp.lire_paiements = _without_occasional


def _all_matched(poste: Poste) -> None:
    def tout(
        virements: Sequence[tuple[date, int]],
    ) -> tuple[tuple[VirementTraite, ...], tuple[PaiementAnnonce, ...]]:
        return tuple(VirementTraite(jour, montant, "rapproche") for jour, montant in virements), ()

    poste.rapprocher_banque = tout


MUTANTS = (
    Mutant("noemie-580-seule", "Ne traite que la référence 580", ("SV-3.3.2-05",), _only_580),
    Mutant("rsp-signalement-perdu", "Perd le signalement d'une facture payée", ("SV-3.3.2-04",), _remark_lost),
    Mutant("rsp-montant-demande", "Tient le montant demandé pour payé", ("SV-3.3.2-04",), _asked_is_paid),
    Mutant(
        "rsp-ponctuelles-ignorees",
        "Ignore forfaits et retenues",
        ("SV-4.2.2.2-06",),
        _occasional_ignored,
    ),
    Mutant(
        "rsp-papier-sur-une-facture",
        "Porte le règlement d'une feuille papier sur une facture émise",
        ("SV-4.2.2.2-06",),
        _paper_on_invoice,
    ),
    Mutant(
        "banque-sans-ponctuelles",
        "Oublie forfaits et retenues dans le montant des virements",
        ("SV-3.3.2-09",),
        _bank_without_occasional,
    ),
    Mutant(
        "banque-tout-rapproche",
        "Dit tout virement rapproché",
        ("SV-3.3.2-09", "SV-3.3.2-08"),
        _all_matched,
    ),
)
