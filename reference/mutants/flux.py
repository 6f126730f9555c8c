"""Faults about which flows an invoice has, and what each of them bears (cdc §3.2.3, §3.2.7.2, §4.2.1.12.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from norms.contrat.adaptateur import FactureElaborer, Prescription
from norms.contrat.base import ModeSecurisation, TypeFacture
from reference.erreurs import Refus
from reference.facturation.flux import FluxAElaborer
from reference.facturation.groupes import DonneesFacture
from reference.modele import PrestationTarifee, Totaux
from reference.mutants.facturation import alter
from reference.mutants.modele import Mutant
from reference.poste import Poste
from reference.store import FactureConservee
from reference.store.factures import REJETEE


# --- which flows ------------------------------------------------------------------------------------------------
def _always_a_remainder(poste: Poste) -> None:
    poste.elaboration.reste_complementaire = lambda _prestations: True


def _amc_everywhere(poste: Poste) -> None:
    poste.elaboration.motif_amo_seule = lambda *_args, **_kwargs: ""


def _without_consent(poste: Poste) -> None:
    """Takes the contract of the card when the PS wants none."""
    recherche = poste.elaboration.recherche_amc
    determiner = recherche.determiner

    def d_office(demande, beneficiaire, jour, tiers_payant):  # type: ignore[no-untyped-def]  # a deviation
        if demande.source == "aucune":
            gestion = "unique" if any(c.nature == "mutuelle" for c in beneficiaire.complementaires) else "separee"
            demande = demande.model_copy(update={"source": "carte_vitale", "gestion": gestion})
            tiers_payant = tiers_payant.model_copy(update={"amc": True})
        return determiner(demande, beneficiaire, jour, tiers_payant)

    recherche.determiner = d_office  # type: ignore[method-assign]  # a deviation


def _single_all_the_same(poste: Poste) -> None:
    """Single management bears the complementary part without third-party payment too."""
    recherche = poste.elaboration.recherche_amc
    unique = recherche._unique

    def toujours(complementaire, convention, tiers_payant):  # type: ignore[no-untyped-def]  # a deviation
        return unique(complementaire, convention, tiers_payant.model_copy(update={"amc": True}))

    recherche._unique = toujours  # type: ignore[method-assign]  # a deviation


def _contract_made_up(poste: Poste) -> None:
    """A patient without a contract is given the first organisation that the PS has a convention with."""
    recherche = poste.elaboration.recherche_amc
    determiner = recherche.determiner

    def inventer(demande, beneficiaire, jour, tiers_payant):  # type: ignore[no-untyped-def]  # a deviation
        if demande.gestion == "unique" and demande.source == "carte_vitale" and not beneficiaire.complementaires:
            ailleurs = {"source": "saisie", "numero_amc": recherche.conventions[0].numero_amc}
            demande = demande.model_copy(update=ailleurs)
        return determiner(demande, beneficiaire, jour, tiers_payant)

    recherche.determiner = inventer  # type: ignore[method-assign]  # a deviation


def _no_indicator(poste: Poste) -> None:
    poste.elaboration.recherche_amc.indicateur_non_restitue = ""


def _card_indicator(poste: Poste) -> None:
    """Leaves what the card says of the contract in coordinated third-party payment."""
    poste.elaboration.recherche_amc.indicateur_coordonne = "60"


def _contracts(poste: Poste, **valeurs: Any) -> None:
    """Reads something else in the contracts of a support."""
    recherche = poste.elaboration.recherche_amc
    determiner = recherche.determiner

    def autrement(demande, beneficiaire, jour, tiers_payant):  # type: ignore[no-untyped-def]  # a deviation
        contrats = tuple(replace(c, **valeurs) for c in beneficiaire.complementaires)
        return determiner(demande, replace(beneficiaire, complementaires=contrats), jour, tiers_payant)

    recherche.determiner = autrement  # type: ignore[method-assign]  # a deviation


def _flows(poste: Poste, changer: Callable[[tuple[FluxAElaborer, ...]], tuple[FluxAElaborer, ...]]) -> None:
    decision = poste.elaboration.decision
    decider = decision.decider
    decision.decider = lambda *args: changer(decider(*args))  # type: ignore[method-assign]  # a deviation


def _series_without_dre(poste: Poste) -> None:
    _flows(poste, lambda flux: flux[:1] if len(flux[0].prestations) > 1 else flux)


def _as_with_amo_acts(poste: Poste) -> None:
    decision = poste.elaboration.decision
    decision.types_sans_acte_amo = decision.types_de_flux


def _nothing_without_amo_acts(poste: Poste) -> None:
    poste.elaboration.decision.types_sans_acte_amo = lambda _amc: ()


# --- what they bear ---------------------------------------------------------------------------------------------
def _ask(poste: Poste, changer: Callable[[FactureElaborer], FactureElaborer]) -> None:
    elaborer = poste.elaboration.elaborer
    poste.elaboration.elaborer = lambda demande: elaborer(changer(demande))  # type: ignore[method-assign]  # the fault


def _last_act_only(poste: Poste) -> None:
    _ask(poste, lambda d: d.model_copy(update={"prestations": d.prestations[-1:]}))


def _sickness_for_accident(poste: Poste) -> None:
    _ask(poste, lambda d: d.model_copy(update={"nature_assurance": "10"}) if d.nature_assurance == "41" else d)


def _keep_prescriber(poste: Poste) -> None:
    """What was entered for an invoice comes back in the next one."""
    garde: list[Prescription] = []

    def reprendre(demande: FactureElaborer) -> FactureElaborer:
        if demande.prescription is not None:
            garde[:] = [demande.prescription]
        return demande.model_copy(update={"prescription": garde[0]}) if garde else demande

    _ask(poste, reprendre)


def _number_by_mode(poste: Poste) -> None:
    """Each securing mode counts its invoices from one."""
    elaborer = poste.elaboration.elaborer
    comptes: Counter[str] = Counter()
    mode = [""]

    def compter(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        mode[0] = demande.mode
        comptes[demande.mode] += 1
        return elaborer(demande)

    poste.elaboration.elaborer = compter  # type: ignore[method-assign]  # the fault
    alter(poste, lambda d, flux: (replace(d, numero=f"{comptes[mode[0]]:09d}"), flux))


def _never_again(poste: Poste) -> None:
    """Once an invoice is rejected, that patient gets no other one."""

    def refuser(demande: FactureElaborer) -> FactureElaborer:
        if poste.factures.toutes(REJETEE):
            raise Refus("une facture de ce bénéficiaire a été rejetée : revenir au papier")
        return demande

    _ask(poste, refuser)


def _paper_every_time(poste: Poste) -> None:
    finaliser = poste.elaboration.documents.finaliser

    def imprimer(
        d: DonneesFacture, mode: ModeSecurisation, prestations: Sequence[PrestationTarifee], totaux: Totaux
    ) -> None:
        finaliser(d, ModeSecurisation.DEGRADE, prestations, totaux)

    poste.elaboration.documents.finaliser = imprimer  # type: ignore[method-assign]  # the fault


def _prestations(type_: TypeFacture, **valeurs: Any) -> Callable[[Poste], None]:
    """Other values in every prestation of the flows of one type."""

    def retouche(d: DonneesFacture, flux: FluxAElaborer) -> tuple[DonneesFacture, FluxAElaborer]:
        if flux.type != type_:
            return d, flux
        return d, replace(flux, prestations=tuple(replace(p, **valeurs) for p in flux.prestations))

    return lambda poste: alter(poste, retouche)


def _amc_without_third_party(poste: Poste) -> None:
    """The part that the insurer would pay, in a DRE that asks for no third-party payment."""

    def retouche(d: DonneesFacture, flux: FluxAElaborer) -> tuple[DonneesFacture, FluxAElaborer]:
        if flux.type != TypeFacture.DRE or flux.amc is None or flux.amc.tiers_payant:
            return d, flux
        reste = tuple(replace(p, montant_amc=p.base_remboursement - p.montant_amo) for p in flux.prestations)
        return d, replace(flux, prestations=reste)

    alter(poste, retouche)


MUTANTS = (
    Mutant(
        "sans-acte-amo-ignore",
        "Fait une FSE d'actes que l'AMO ne rembourse pas",
        ("SV-4.2.1.12.1-14", "SV-4.2.1.12.1-18", "SV-3.2.3.4-15"),
        _as_with_amo_acts,
    ),
    Mutant(
        "sans-acte-amo-rien",
        "Ne facture à personne les actes que l'AMO ne rembourse pas",
        ("SV-4.2.1.12.1-14", "SV-4.2.1.12.1-17", "SV-3.2.3.4-10", "SV-3.2.3.4-15"),
        _nothing_without_amo_acts,
    ),
    Mutant(
        "dre-sans-reste",
        "Élabore une DRE quand l'AMO prend tout en charge",
        ("SV-3.2.3.4-02", "SV-3.2.3.5.2.1-02"),
        _always_a_remainder,
    ),
    Mutant(
        "amo-seule-ignoree",
        "Élabore une part complémentaire en SMG et une DRE en AME",
        ("SV-3.2.6.3-03", "SV-3.2.6.3-05", "SV-4.2.1.5.1-19"),
        _amc_everywhere,
    ),
    Mutant(
        "complementaire-d-office",
        "Prend la complémentaire de la carte sans l'accord du PS",
        ("SV-3.2.3.4-06", "SV-3.2.3.5.2.1-05", "SV-3.2.3.5.1.1-03"),
        _without_consent,
    ),
    Mutant(
        "amc-unique-hors-tp",
        "Garde la part complémentaire dans la FSE hors tiers payant AMC",
        ("SV-4.2.1.1-50",),
        _single_all_the_same,
    ),
    Mutant(
        "complementaire-inventee",
        "Donne un contrat complémentaire à qui n'en présente pas",
        ("SV-3.2.3.5.1.1-02",),
        _contract_made_up,
    ),
    Mutant(
        "indicateur-non-valorise",
        "Laisse vide l'indicateur de traitement que ni la carte ni ADR n'ont donné",
        ("SV-4.2.1.5.2-21",),
        _no_indicator,
    ),
    Mutant(
        "coordonne-indicateur-carte",
        "Laisse l'indicateur 60 de la carte en tiers payant coordonné",
        ("SV-4.2.1.5.2-24",),
        _card_indicator,
    ),
    Mutant(
        "indicateur-ignore-dre",
        "Élabore une DRE quoi que dise l'indicateur de traitement",
        ("SV-3.2.3.4-04", "SV-3.2.3.5.2.1-01"),
        lambda poste: _contracts(poste, indicateur_traitement="33"),
    ),
    Mutant(
        "contrat-hors-dates",
        "Élabore une DRE sur un contrat fini",
        ("SV-3.2.3.5.2.1-01",),
        lambda poste: _contracts(poste, periodes=()),
    ),
    Mutant(
        "papier-imprime",
        "Imprime une feuille de soins à chaque facture",
        ("SV-3.2.3.1-01", "SV-3.2.3.1-04", "SV-3.2.3.1-05", "SV-3.2.3.1-07", "SV-3.2.3.1-08", "SV-3.5-09"),
        _paper_every_time,
    ),
    Mutant("at-ignore", "Facture en maladie les accidents du travail", ("SV-3.2.3.1-09",), _sickness_for_accident),
    Mutant(
        "prescripteur-garde",
        "Garde pour la facture suivante le prescripteur saisi",
        ("SV-4.2.1.1-33",),
        _keep_prescriber,
    ),
    Mutant("numeros-par-mode", "Numérote les factures mode par mode", ("SV-4.2.1.1-21",), _number_by_mode),
    Mutant(
        "refaite-refusee",
        "N'accepte pas de nouvelle facture après un rejet",
        ("SV-3.3.2-20",),
        _never_again,
    ),
    Mutant(
        "serie-sans-dre",
        "N'élabore pas la DRE d'une série d'actes",
        ("SV-3.2.4.13-03", "SV-3.2.4.13-02"),
        _series_without_dre,
    ),
    Mutant("serie-dernier-acte", "Ne facture que le dernier acte d'une série", ("SV-4.2.1.1-52",), _last_act_only),
    Mutant(
        "dre-amc-hors-tp",
        "Porte le montant complémentaire dans une DRE hors tiers payant",
        ("SV-3.2.7.2-14", "SV-3.2.7.2-15"),
        _amc_without_third_party,
    ),
    Mutant(
        "dre-autre-base",
        "Fait la DRE sur une autre base de remboursement que la FSE",
        ("SV-3-07",),
        _prestations(TypeFacture.DRE, base_remboursement=2300),
    ),
    Mutant(
        "saisie-perdue-fse",
        "Perd dans la FSE le lieu et le qualificatif saisis",
        ("SV-3.2.3.5.1.2-05",),
        _prestations(TypeFacture.FSE, lieu="0", qualificatif_depense=""),
    ),
    Mutant(
        "saisie-perdue-dre",
        "Perd dans la DRE le lieu et le qualificatif saisis",
        ("SV-3.2.3.5.2.2-07",),
        _prestations(TypeFacture.DRE, lieu="0", qualificatif_depense=""),
    ),
)
