"""Faults about third-party payment on the AMO part: limits by the card's rights, proposals, the patient's choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from norms.contrat.adaptateur import FactureElaborer
from reference.erreurs import Refus
from reference.facturation import tiers_payant as regles
from reference.modele import Beneficiaire, Droits, SituationFacturation
from reference.mutants.modele import Mutant
from reference.poste import Poste
from reference.store import FactureConservee


def _tolerate(poste: Poste) -> None:
    poste.acces.droits_finis = lambda b, jour: False


def _limit_all(poste: Poste) -> None:
    poste.acces.est_limite = lambda ps, droits, b, jour: True


def _limit_nobody_else(poste: Poste) -> None:
    poste.acces.est_limite = lambda ps, droits, b, jour: regles.est_pharmacien(ps)


def _other_words(poste: Poste) -> None:
    poste.acces.message = "Droits AMO dépassés : mettre la carte à jour"


def _of_today(poste: Poste) -> None:
    poste.acces.droits_finis = lambda b, jour: regles.droits_finis(b, poste.horloge.now().date())


def _never_excluded(poste: Poste, sauf: Callable[[Droits, str], bool]) -> None:
    """Forgets one of the exclusions."""
    finis = regles.droits_finis
    connus: list[Beneficiaire] = []
    lire = poste.acquisition_beneficiaire.lire

    def noter(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        droits = lire(date_consultation, code_porteur)
        connus[:] = droits.beneficiaires
        return droits

    def sur_la_carte(b: Beneficiaire, jour: date) -> bool:
        return finis(connus[0] if connus else b, jour)

    poste.acquisition_beneficiaire.lire = noter  # type: ignore[method-assign]  # the fault itself
    poste.acces.est_exclu = lambda droits, nature: regles.est_exclu(droits, nature) and not sauf(droits, nature)
    poste.acces.droits_finis = sur_la_carte


def _refuse(poste: Poste, quand: Callable[[SituationFacturation, Droits, Beneficiaire, date], bool]) -> None:
    """Refuses the invoice itself once the rights are over."""
    verifier = poste.acces.verifier

    def refuser(demande: Any, contexte: Any, ps: Any, droits: Droits, b: Beneficiaire, *, jour: date) -> str:
        if b.droits and regles.droits_finis(b, jour) and quand(ps, droits, b, jour):
            raise Refus("droits AMO dépassés")
        return verifier(demande, contexte, ps, droits, b, jour=jour)

    poste.acces.verifier = refuser  # type: ignore[method-assign]  # the fault itself


def _tell(poste: Poste) -> None:
    montrer = poste.acquisition_beneficiaire.montrer

    def signaler(droits: Droits) -> None:
        montrer(droits)
        if any(regles.droits_finis(b, poste.horloge.now().date()) for b in droits.beneficiaires):
            poste.ecran.alerter("Droits AMO du bénéficiaire dépassés")

    poste.acquisition_beneficiaire.montrer = signaler  # type: ignore[method-assign]  # the fault itself


def _force_choice(poste: Poste, amo: bool) -> None:
    elaborer = poste.elaboration.elaborer

    def imposer(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        choix = demande.tiers_payant.model_copy(update={"amo": amo})
        return elaborer(demande.model_copy(update={"tiers_payant": choix}))

    poste.elaboration.elaborer = imposer  # type: ignore[method-assign]  # the fault itself


def _propose(poste: Poste, sauf: str) -> None:
    def sans(*args: Any) -> list[Mapping[str, Any]]:
        return [p for p in regles.proposees(*args) if sauf not in p["libelle"]]

    poste.acces.proposees = sans


def _propose_to_all(poste: Poste) -> None:
    poste.acces.proposees = lambda *args: [{"libelle": "toute facture"}, *regles.proposees(*args)]


def _endless_ends(poste: Poste) -> None:
    """Takes rights without an end for rights that are over."""
    poste.acces.droits_finis = lambda b, jour: all(p.fin is None or p.fin < jour for p in b.droits)


def _c2s_excluded(poste: Poste) -> None:
    limite = regles.est_limite
    poste.acces.est_limite = lambda ps, droits, b, jour: limite(ps, droits, b, jour) and b.service == ""


def _ask(poste: Poste, changer: Callable[[FactureElaborer], FactureElaborer]) -> None:
    elaborer = poste.elaboration.elaborer
    poste.elaboration.elaborer = lambda demande: elaborer(changer(demande))  # type: ignore[method-assign]  # the fault


def _only_sickness(nature: str) -> Callable[[FactureElaborer], FactureElaborer]:
    def maladie(demande: FactureElaborer) -> FactureElaborer:
        return demande.model_copy(update={"nature_assurance": "10"}) if demande.nature_assurance == nature else demande

    return maladie


def _always_related(demande: FactureElaborer) -> FactureElaborer:
    return demande.model_copy(update={"reponses": {}})


def _check_smg(demande: FactureElaborer) -> FactureElaborer:
    if demande.nature_assurance == "50":
        raise Refus("droits aux soins médicaux gratuits non justifiés")
    return demande


def _always_social(poste: Poste) -> None:
    """Proposes the social third-party payment whatever the nature of insurance."""

    def toujours(*args: Any) -> list[Mapping[str, Any]]:
        b: Beneficiaire = args[2]
        sociales = [p for p in regles.load_rules()["propositions"] if b.service in p.get("service", ())]
        return [*sociales, *(p for p in regles.proposees(*args) if p not in sociales)]

    poste.acces.proposees = toujours


def _force_always(poste: Poste) -> None:
    poste.acces.verifier = lambda *args, **kwargs: "1"  # type: ignore[method-assign]  # the fault itself


MUTANTS = (
    Mutant(
        "droits-finis-toleres",
        "Accorde le tiers payant sans forçage ni message quand les droits de la carte sont dépassés",
        ("SV-3.2.2.1-52", "SV-3.2.2.1-55", "SV-4.2.1.4-09", "SV-4.2.1.4-10", "SV-4.2.1.4-11", "SV-4.2.1.4-14"),
        _tolerate,
    ),
    Mutant(
        "droits-finis-refuses",
        "Refuse le tiers payant au pharmacien quand les droits de la carte sont dépassés",
        ("SV-3.2.2.1-54",),
        lambda poste: _refuse(poste, lambda ps, droits, b, jour: regles.est_pharmacien(ps)),
    ),
    Mutant(
        "droits-finis-message-autre",
        "Ne donne pas le message imposé de mise à jour",
        ("SV-4.2.1.4-10", "SV-4.2.1.4-11"),
        _other_words,
    ),
    Mutant(
        "droits-finis-date-du-jour",
        "Examine le droit au tiers payant à la date du jour",
        ("SV-4.2.1.4-09", "SV-4.2.1.4-21", "SV-4.2.1.4-22"),
        _of_today,
    ),
    Mutant(
        "droits-finis-adr-force",
        "Force le tiers payant malgré les droits acquis par ADR",
        ("SV-4.2.1.4-18",),
        lambda poste: _never_excluded(poste, lambda droits, nature: droits.support_droits == "adr"),
    ),
    Mutant(
        "droits-finis-smg-force",
        "Force le tiers payant en soins médicaux gratuits",
        ("SV-4.2.1.4-16",),
        lambda poste: _never_excluded(poste, lambda droits, nature: nature == "50"),
    ),
    Mutant(
        "droits-finis-bloquent",
        "Refuse la facture quand les droits de la carte sont dépassés",
        ("SV-3.2.2.1-43", "SV-4.2.1.4-19"),
        lambda poste: _refuse(poste, lambda ps, droits, b, jour: True),
    ),
    Mutant(
        "droits-finis-migrant-refuse",
        "Refuse le tiers payant au migrant dont les droits sont dépassés",
        ("SV-3.2.2.1-57",),
        lambda poste: _refuse(poste, regles.est_limite),
    ),
    Mutant(
        "droits-finis-limitent-tous",
        "Applique à tous les PS la limite des pharmaciens",
        ("SV-3.2.2.1-56",),
        _limit_all,
    ),
    Mutant(
        "droits-finis-jamais-forces",
        "Ne limite le tiers payant ni aux migrants ni aux adhérents de la CFE",
        ("SV-4.2.1.4-21", "SV-4.2.1.4-22", "SV-3.2.2.1-58"),
        _limit_nobody_else,
    ),
    Mutant("droits-finis-signales", "Signale la fin de droits de base", ("SV-4.2.1.4-07",), _tell),
    Mutant(
        "tiers-payant-refuse",
        "N'accorde jamais le tiers payant AMO",
        ("SV-3.2.2.1-45", "SV-4.2.1.4-19", "SV-3.2.2.1-63", "SV-3.2.2.6.3-15", "SV-3.2.2.6.3-18"),
        lambda poste: _force_choice(poste, amo=False),
    ),
    Mutant(
        "tiers-payant-impose",
        "Impose le tiers payant AMO à qui l'a refusé",
        (
            "SV-3.2.2.1-46",
            "SV-4.2.1.4-25",
            "SV-3.2.2.1-39",
            "SV-3.2.2.1-70",
            "SV-3.2.2.6.2-07",
            "SV-3.2.2.1-49",
            "SV-4.2.1.4-37",
            "SV-3.2.2.5-26",
            "SV-3.2.2.5-40",
            "SV-3.2.2.5-52",
        ),
        lambda poste: _force_choice(poste, amo=True),
    ),
    Mutant(
        "tp-maternite-tu",
        "Ne propose pas le tiers payant en maternité",
        ("SV-3.2.2.1-38",),
        lambda poste: _propose(poste, "maternité"),
    ),
    Mutant(
        "tp-ald-tu",
        "Ne propose pas le tiers payant pour un protocole d'ALD",
        ("SV-3.2.2.1-69",),
        lambda poste: _propose(poste, "longue durée"),
    ),
    Mutant(
        "tp-sortant-tu",
        "Ne propose pas le tiers payant au sortant de C2S",
        ("SV-3.2.2.6.2-06",),
        lambda poste: _propose(poste, "sortant"),
    ),
    Mutant(
        "tp-smg-hors-defaut",
        "Ne met pas le tiers payant par défaut en SMG",
        ("SV-4.2.1.4-24",),
        lambda poste: _propose(poste, "gratuits"),
    ),
    Mutant(
        "tp-propose-a-tous",
        "Propose le tiers payant à tout le monde",
        ("SV-3.2.2.1-38", "SV-3.2.2.1-69"),
        _propose_to_all,
    ),
    Mutant("droits-sans-fin-limites", "Tient pour finis des droits sans fin", ("SV-4.2.1.4-15",), _endless_ends),
    Mutant("droits-finis-c2s-exclue", "N'applique pas la limite à la C2S", ("SV-4.2.1.4-14",), _c2s_excluded),
    Mutant(
        "protocole-ignore",
        "Tient tout soin pour conforme au protocole d'ALD",
        ("SV-2.2-11", "SV-3.2.2.1-69"),
        lambda poste: _ask(poste, _always_related),
    ),
    Mutant(
        "maternite-ignoree",
        "N'accepte pas la nature d'assurance maternité",
        ("SV-2.2-13", "SV-3.2.2.1-38", "SV-3.2.3.1-10"),
        lambda poste: _ask(poste, _only_sickness("30")),
    ),
    Mutant(
        "smg-ignores",
        "Facture les soins médicaux gratuits en maladie",
        ("SV-4.2.1.3.1-12", "SV-4.2.1.4-24", "SV-3.2.3.1-11"),
        lambda poste: _ask(poste, _only_sickness("50")),
    ),
    Mutant("smg-controles", "Contrôle les droits aux SMG", ("SV-4.2.1.3.1-11",), lambda poste: _ask(poste, _check_smg)),
    Mutant(
        "tp-mineure-hors-defaut",
        "N'applique pas d'office le tiers payant aux actes confidentiels",
        ("SV-3.2.2.5-25", "SV-3.2.2.5-39", "SV-3.2.2.5-51"),
        lambda poste: _propose(poste, "mineure"),
    ),
    Mutant(
        "tp-acs-tu",
        "Ne propose pas le tiers payant aux bénéficiaires de l'ACS",
        ("SV-3.2.2.6.3-14", "SV-3.2.2.6.3-17", "SV-3.2.2.6.3-21", "SV-3.2.2.6.3-24", "SV-3.2.2.6.3-27"),
        lambda poste: _propose(poste, "aide à l'acquisition"),
    ),
    Mutant(
        "tp-acs-toujours",
        "Propose le tiers payant social hors maladie",
        ("SV-3.2.2.6.3-14", "SV-3.2.2.6.3-27"),
        _always_social,
    ),
    Mutant(
        "tp-c2s-hors-defaut",
        "Ne met pas le tiers payant d'office pour la C2S",
        ("SV-4.2.1.4-36", "SV-3.2.2.1-48"),
        lambda poste: _propose(poste, "complémentaire santé solidaire"),
    ),
    Mutant("tp-toujours-force", "Force tout tiers payant", ("SV-3.2.2.1-64",), _force_always),
)
