"""Billing contexts: cover and exemption for the AMO, contract and convention for the AMC (cdc §4.2.1.4, §4.2.1.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from norms.contrat.adaptateur import ComplementaireDemandee, ConventionPs, TiersPayant
from reference.ecran import Ecran
from reference.facturation.amo_seule import load_rules
from reference.facturation.eclateur import Eclateur, accord_oct, refuser_contrat
from reference.modele import AdresseAmc, Beneficiaire, Complementaire, Couverture

SANS_EXONERATION, ALD, AUTRE = "0", "4", "1"
ACCIDENT_DU_TRAVAIL, MATERNITE = "41", "30"

GESTION_UNIQUE, GESTION_SEPAREE = "unique", "separee"
#: Type of a convention for single management; any other is for separate management (public: convention record).
CONVENTION_UNIQUE = "RO"
#: First digit of the treatment indicator -> services for which the AMC takes a DRE (True: third-party payment).
SERVICES_PAR_INDICATEUR = {"1": {False}, "2": {True}, "3": {True, False}, "6": {True}, "7": {True}}
SANS_DRE = frozenset({"00", "60"})


@dataclass(frozen=True, slots=True)
class ContexteAmo:
    """What decides the reimbursement rate: cover, nature of insurance, exemption, care pathway."""

    nature_assurance: str
    code_couverture: str
    exoneration: str
    parcours: str


def determiner_contexte_amo(
    beneficiaire: Beneficiaire, jour: date, nature_assurance: str, parcours: str, *, en_rapport_ald: bool
) -> ContexteAmo:
    """SV-4.2.1.1-10: the cover in force on the day of care. The care is taken as related to the ALD unless told not."""
    couverture = beneficiaire.couverture_au(jour)
    ald = couverture is not None and couverture.code_ald not in ("", "0")
    exoneration = ALD if ald and en_rapport_ald and nature_assurance == "10" else SANS_EXONERATION
    return ContexteAmo(nature_assurance, _cover_code(couverture), exoneration, parcours)


def _cover_code(couverture: Couverture | None) -> str:
    return f"{couverture.code_ald}{couverture.code_situation}" if couverture else ""


def est_c2s(b: Beneficiaire, jour: date) -> bool:
    """Whether the complémentaire santé solidaire runs on that day."""
    en_cours = b.service_periode is None or b.service_periode.contient(jour)
    return en_cours and b.service in load_rules()["indicateurs"]["coordonne"]["services"]


@dataclass(frozen=True, slots=True)
class ContexteAmc:
    """The contract retained and the convention that allows to bill it. ``tiers_payant``: on the AMC part."""

    complementaire: Complementaire
    convention: ConventionPs
    gestion: str
    tiers_payant: bool
    adresse: AdresseAmc


@dataclass
class RechercheContexteAmc:
    """Finds contract and convention; without both, no AMC part leaves the workstation (SV-3.2.3.4-05)."""

    conventions: tuple[ConventionPs, ...]
    ecran: Ecran
    eclateur: Eclateur | None = None
    refuser_contrat: Callable[[ComplementaireDemandee, Eclateur | None], None] = refuser_contrat
    #: SV-4.2.1.5.2-21: the treatment indicator of single management when neither card nor ADR gives one.
    indicateur_non_restitue: str = field(
        default_factory=lambda: str(load_rules()["indicateurs"]["non_restitue"]["valeur"])
    )
    #: SV-4.2.1.5.2-24: the same in coordinated third-party payment, for which no convention is looked for.
    indicateur_coordonne: str = field(default_factory=lambda: str(load_rules()["indicateurs"]["coordonne"]["valeur"]))

    def determiner(
        self, demande: ComplementaireDemandee, beneficiaire: Beneficiaire, jour: date, tiers_payant: TiersPayant
    ) -> ContexteAmc | None:
        """The AMC context of an invoice, None with the reason on the screen (cdc §3.2.3.3.2, §3.2.3.5.2.1)."""
        self.refuser_contrat(demande, self.eclateur)
        coordonne = tiers_payant.amc and demande.gestion == GESTION_UNIQUE and est_c2s(beneficiaire, jour)
        complementaire = choisir_complementaire(demande, beneficiaire, coordonne=coordonne)
        if complementaire is None:
            if tiers_payant.amc:
                self.renoncer("aucune complémentaire présentée")
            return None
        convention = self.chercher_convention(complementaire.numero, demande.gestion)
        if convention is None and self.eclateur is not None and demande.gestion == GESTION_SEPAREE:
            convention = accord_oct(complementaire.numero)
        if convention is None and coordonne:
            convention = ConventionPs(type_convention=CONVENTION_UNIQUE, numero_amc=complementaire.numero)
        if convention is None:
            self.renoncer(f"aucune convention avec l'organisme complémentaire {complementaire.numero}")
            return None
        if not complementaire.couvre(jour):
            self.renoncer(f"contrat {complementaire.numero} hors de ses dates de validité le {jour:%d/%m/%Y}")
            return None
        if coordonne:
            complementaire = replace(complementaire, indicateur_traitement=self.indicateur_coordonne)
        if demande.gestion == GESTION_UNIQUE:
            return self._unique(complementaire, convention, tiers_payant)
        return self._separee(complementaire, convention, tiers_payant)

    def chercher_convention(self, numero: str, gestion: str) -> ConventionPs | None:
        """SV-4.2.1.1-51: the convention of that kind with that organisation."""
        for convention in self.conventions:
            unique = convention.type_convention == CONVENTION_UNIQUE
            if unique == (gestion == GESTION_UNIQUE) and same_number(convention.numero_amc, numero):
                return convention
        return None

    def _unique(
        self, complementaire: Complementaire, convention: ConventionPs, tiers_payant: TiersPayant
    ) -> ContexteAmc | None:
        """SV-4.2.1.1-50: without third-party payment on the AMC part, the invoice says nothing of it."""
        if not tiers_payant.amc:
            return None
        retenu = complementaire.indicateur_traitement or self.indicateur_non_restitue
        complementaire = replace(complementaire, indicateur_traitement=retenu)
        return ContexteAmc(complementaire, convention, GESTION_UNIQUE, True, AdresseAmc("", "", ""))

    def _separee(
        self, complementaire: Complementaire, convention: ConventionPs, tiers_payant: TiersPayant
    ) -> ContexteAmc | None:
        if self.eclateur is not None:
            adresse = determiner_adresse(complementaire, convention, tiers_payant=True)
            return ContexteAmc(complementaire, convention, GESTION_SEPAREE, tiers_payant.amc, adresse)
        if not service_ouvert(complementaire.indicateur_traitement, tiers_payant.amc):
            service = "en tiers payant" if tiers_payant.amc else "hors tiers payant"
            self.renoncer(
                f"l'organisme {complementaire.numero} ne reçoit pas de DRE {service} (indicateur de traitement "
                f"{complementaire.indicateur_traitement})"
            )
            return None
        adresse = determiner_adresse(complementaire, convention, tiers_payant=tiers_payant.amc)
        if not adresse.complete:
            self.renoncer("adresse incomplète (code routage, identifiant de l'hôte, domaine)")
            return None
        return ContexteAmc(complementaire, convention, GESTION_SEPAREE, tiers_payant.amc, adresse)

    def renoncer(self, motif: str) -> None:
        """Tells the PS why no complementary part leaves."""
        self.ecran.alerter(f"Pas de part complémentaire dans les flux : {motif}")


def choisir_complementaire(
    demande: ComplementaireDemandee, beneficiaire: Beneficiaire, *, coordonne: bool = False
) -> Complementaire | None:
    """The contract as read on the card, as typed, or none (SV-3.2.3.4-03); ``coordonne``: whoever manages it."""
    nature = "mutuelle" if demande.gestion == GESTION_UNIQUE else "amc"
    if demande.source == "aucune":
        return None
    if demande.source == "saisie":
        return Complementaire(nature, demande.numero_amc, demande.numero_adherent, type_contrat=demande.type_contrat)
    lues = [c for c in beneficiaire.complementaires if c.nature == nature]
    return next(iter(lues or (beneficiaire.complementaires if coordonne else ())), None)


def same_number(un: str, autre: str) -> bool:
    """AMC numbers are 8 or 9 digits, padded with zeros in some zones (public: norme B2)."""
    return bool(un.lstrip("0")) and un.lstrip("0") == autre.lstrip("0")


def service_ouvert(indicateur: str, tiers_payant: bool) -> bool:
    """Whether the AMC takes a DRE for this service (SV-3.2.3.4-04); a typed contract has no indicator."""
    if not indicateur:
        return True
    return indicateur not in SANS_DRE and tiers_payant in SERVICES_PAR_INDICATEUR.get(indicateur[:1], set())


def determiner_adresse(complementaire: Complementaire, convention: ConventionPs, *, tiers_payant: bool) -> AdresseAmc:
    """The table of cdc §4.2.1.12.2.2: with third-party payment the convention's; else the support's, if complete.

    The three pieces always come from the same place (SV-4.2.1.12.2.2-06).
    """
    table = AdresseAmc(convention.code_routage, convention.identifiant_hote, convention.domaine)
    support = AdresseAmc(complementaire.code_routage, complementaire.identifiant_hote, complementaire.domaine)
    return support if not tiers_payant and support.complete else table


def numeros(conventions: Iterable[ConventionPs]) -> str:
    """The AMC numbers of a list of conventions, for the screen."""
    return ", ".join(c.numero_amc for c in conventions) or "aucune"
