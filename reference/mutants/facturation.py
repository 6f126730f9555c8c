"""Faults about amounts, flows to make, numbers and groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from norms.contrat.adaptateur import ComplementaireDemandee, ConventionPs, TiersPayant
from norms.contrat.base import TypeFacture
from norms.montants import part
from norms.ssv import Groupe
from norms.tables import Tarif, Tarifs
from reference.facturation.contexte import GESTION_SEPAREE, GESTION_UNIQUE, ContexteAmc, RechercheContexteAmc
from reference.facturation.flux import FluxAElaborer
from reference.facturation.groupes import ConstitutionGroupes, DonneesFacture
from reference.facturation.numerotation import Numerotation
from reference.facturation.suppression import Suppression
from reference.modele import AdresseAmc, Beneficiaire, Complementaire
from reference.mutants.modele import Mutant, ignore_coherence
from reference.poste import Poste
from reference.store import FactureConservee, Factures
from reference.store.factures import REJETEE

#: An AMC of the fictitious world that has a mailbox.
ADRESSE_AILLEURS = AdresseAmc("MU", "001", "rocher-mutuelle.test")
AMC_AILLEURS = "75500017"

Retouche = Callable[[DonneesFacture, FluxAElaborer], tuple[DonneesFacture, FluxAElaborer]]


# --- groups given to the services ---------------------------------------------------------------------------
class _Retouches(ConstitutionGroupes):
    """Changes an invoice just before its groups are made."""

    retouche: Retouche

    def constituer(self, d: DonneesFacture, flux: FluxAElaborer) -> tuple[Groupe, ...]:
        return super().constituer(*self.retouche(d, flux))


def alter(poste: Poste, retouche: Retouche) -> None:
    sains = poste.elaboration.groupes
    retouches = _Retouches(sains.catalogue, sains.organismes, sains.organisme_destinataire)
    retouches.retouche = retouche
    poste.elaboration.groupes = retouches


def _wrong_code(poste: Poste) -> None:
    alter(poste, lambda d, flux: (d, replace(flux, prestations=tuple(replace(p, code="C") for p in flux.prestations))))


def _no_amo_amounts(poste: Poste) -> None:
    alter(
        poste,
        lambda d, flux: (d, replace(flux, prestations=tuple(replace(p, montant_amo=0) for p in flux.prestations))),
    )


def _amc_in_fse(poste: Poste) -> None:
    def retouche(d: DonneesFacture, flux: FluxAElaborer) -> tuple[DonneesFacture, FluxAElaborer]:
        if flux.type == TypeFacture.DRE:
            return d, flux
        reste = tuple(replace(p, montant_amc=p.base_remboursement - p.montant_amo) for p in flux.prestations)
        return d, replace(flux, prestations=reste)

    alter(poste, retouche)


def _no_amc(gestion: str, poste: Poste) -> None:
    def retouche(d: DonneesFacture, flux: FluxAElaborer) -> tuple[DonneesFacture, FluxAElaborer]:
        if flux.amc is None or flux.amc.gestion != gestion:
            return d, flux
        vides = tuple(replace(p, montant_amc=0) for p in flux.prestations)
        return d, replace(flux, prestations=vides, amc=None if gestion == GESTION_UNIQUE else flux.amc)

    alter(poste, retouche)


def _no_amc_in_dre(poste: Poste) -> None:
    _no_amc(GESTION_SEPAREE, poste)


def _no_amc_in_single(poste: Poste) -> None:
    _no_amc(GESTION_UNIQUE, poste)


def _other_number(poste: Poste) -> None:
    def retouche(d: DonneesFacture, flux: FluxAElaborer) -> tuple[DonneesFacture, FluxAElaborer]:
        dre = flux.type == TypeFacture.DRE
        return (replace(d, numero=f"{int(d.numero) + 500_000:09d}") if dre else d), flux

    alter(poste, retouche)


# --- amounts --------------------------------------------------------------------------------------------------
class _TarifsFaux(Tarifs):
    """Adds one euro to every tariff."""

    def tarif(self, code: str, jour: date, specialite: str) -> Tarif | None:
        juste = super().tarif(code, jour, specialite)
        return replace(juste, montant=juste.montant + 100) if juste else None


def _wrong_price(poste: Poste) -> None:
    poste.elaboration.tarification.tarifs = _TarifsFaux(poste.pack)


def _one_centime_more(poste: Poste) -> None:
    poste.elaboration.tarification.part_amo = lambda base, taux: part(base, taux) + 1


def _forget_third_party(poste: Poste) -> None:
    poste.elaboration.decision.cadre_remboursement = lambda *_: "1"


# --- flows ----------------------------------------------------------------------------------------------------
def _no_dre(poste: Poste) -> None:
    poste.elaboration.decision.types_de_flux = lambda _amc: (TypeFacture.FSE,)


class _SansConvention(RechercheContexteAmc):
    """Makes up a convention from what the support says."""

    def determiner(
        self, demande: ComplementaireDemandee, beneficiaire: Beneficiaire, jour: date, tiers_payant: TiersPayant
    ) -> ContexteAmc | None:
        for c in beneficiaire.complementaires:
            if c.nature == "amc" and demande.source == "carte_vitale":
                convention = ConventionPs(
                    type_convention="AMC",
                    numero_amc=c.numero,
                    code_routage=c.code_routage,
                    identifiant_hote=c.identifiant_hote,
                    domaine=c.domaine,
                )
                adresse = AdresseAmc(c.code_routage, c.identifiant_hote, c.domaine)
                return ContexteAmc(c, convention, GESTION_SEPAREE, tiers_payant.amc, adresse)
        return None


def _make_up_convention(poste: Poste) -> None:
    poste.elaboration.recherche_amc = _SansConvention((), poste.ecran)


class _Doffice(RechercheContexteAmc):
    """Finds an insurer for those who show none."""

    def determiner(
        self, demande: ComplementaireDemandee, beneficiaire: Beneficiaire, jour: date, tiers_payant: TiersPayant
    ) -> ContexteAmc | None:
        convention = ConventionPs(type_convention="AMC", numero_amc=AMC_AILLEURS)
        complementaire = Complementaire("amc", AMC_AILLEURS, "A0001")
        return ContexteAmc(complementaire, convention, GESTION_SEPAREE, False, ADRESSE_AILLEURS)


def _always_dre(poste: Poste) -> None:
    poste.elaboration.recherche_amc = _Doffice((), poste.ecran)


class _UniqueAvecAdresse(RechercheContexteAmc):
    def _unique(
        self, complementaire: Complementaire, convention: ConventionPs, tiers_payant: TiersPayant
    ) -> ContexteAmc | None:
        juste = super()._unique(complementaire, convention, tiers_payant)
        return replace(juste, adresse=ADRESSE_AILLEURS) if juste else None


def _dre_in_single(poste: Poste) -> None:
    recherche = poste.elaboration.recherche_amc
    poste.elaboration.recherche_amc = _UniqueAvecAdresse(recherche.conventions, poste.ecran)
    poste.elaboration.decision.types_de_flux = lambda amc: (
        (TypeFacture.FSE, TypeFacture.DRE) if amc else (TypeFacture.FSE,)
    )


# --- numbers, saving, deleting, resetting ---------------------------------------------------------------------
class _NumeroReutilise(Numerotation):
    """Gives the number of a rejected invoice again."""

    poste: Poste

    def attribuer(self, impose: str | None) -> str:
        for rejetee in self.factures.toutes(REJETEE):
            base = self.poste.base
            with base.transaction():
                base.ecrire("DELETE FROM lot_factures WHERE facture = ?", rejetee.id)
                base.ecrire("DELETE FROM factures WHERE id = ?", rejetee.id)
            return rejetee.numero
        return super().attribuer(impose)


def _reuse_number(poste: Poste) -> None:
    numerotation = _NumeroReutilise(poste.compteurs, poste.factures)
    numerotation.poste = poste
    poste.elaboration.numerotation = numerotation


class _SansNumero(Numerotation):
    def attribuer(self, impose: str | None) -> str:
        return ""


def _no_number(poste: Poste) -> None:
    poste.elaboration.numerotation = _SansNumero(poste.compteurs, poste.factures)


class _Oublieuses(Factures):
    """Doesn't save what the services gave back."""

    def securiser(self, id_: int, contenu: bytes, critere_lot: str, statut: str) -> None:
        return


def _forget_secured(poste: Poste) -> None:
    poste.elaboration.factures = _Oublieuses(poste.base)


class _SansEffet(Suppression):
    def supprimer(self, numero: str) -> tuple[FactureConservee, ...]:
        self.ecran.informer(f"Facture {numero} supprimée")
        return self.factures.par_numero(numero)


def _delete_nothing(poste: Poste) -> None:
    poste.suppression = _SansEffet(poste.base, poste.factures, poste.ecran)


MUTANTS = (
    Mutant("tarif-faux", "Ajoute un euro à chaque tarif", ("SV-4.2.1.13-04", "SV-3.2.3.5.1.2-08"), _wrong_price),
    Mutant(
        "montant-amo-faux",
        "Se trompe d'un centime sur la part obligatoire",
        ("SV-3.2.3.5.1.2-08", "SV-4.2.1.8-06"),
        _one_centime_more,
    ),
    Mutant(
        "montants-amo-absents",
        "Ne renseigne pas les montants de la part obligatoire",
        (
            "SV-3.2.7.2-01",
            "SV-3.2.7.2-02",
            "SV-3.2.7.2-03",
            "SV-3.2.7.2-04",
            "SV-3.2.7.2-05",
            "SV-3.2.7.2-06",
            "SV-3.2.7.2-07",
            "SV-3.2.7.2-08",
            "SV-3.2.3.2-02",
        ),
        _no_amo_amounts,
    ),
    Mutant(
        "montant-amc-dans-fse",
        "Inscrit la part complémentaire dans toute FSE",
        ("SV-3.2.7.2-09", "SV-3.2.7.2-10", "SV-3.2.7.2-13", "SV-3.2.3.5.1.1-09"),
        _amc_in_fse,
    ),
    Mutant(
        "montant-amc-absent-dre",
        "Oublie le montant complémentaire dans la DRE en tiers payant",
        ("SV-3.2.7.2-16", "SV-3.2.7.2-17", "SV-3.2.3.2-03", "SV-4.2.1.12.1-02"),
        _no_amc_in_dre,
    ),
    Mutant(
        "montant-amc-absent-gestion-unique",
        "Oublie la part complémentaire dans la FSE en gestion unique",
        (
            "SV-3.2.7.2-11",
            "SV-3.2.7.2-12",
            "SV-4.2.1.12.1-03",
            "SV-3.2.3.4-07",
            "SV-3.2.3.4-08",
            "SV-3.2.3.5.1.1-05",
            "SV-2.2.4.1-03",
        ),
        _no_amc_in_single,
    ),
    Mutant(
        "tiers-payant-oublie",
        "Annonce toujours un règlement à l'assuré",
        ("SV-4.2.1.13-05",),
        _forget_third_party,
    ),
    Mutant("code-prestation-faux", "Transmet un autre code prestation", ("SV-4.2.1.13-03",), _wrong_code),
    Mutant(
        "dre-absente",
        "N'élabore pas la DRE en gestion séparée",
        ("SV-4.2.1.12.1-10", "SV-4.2.1.12.1-02", "SV-3.2.3.4-11"),
        _no_dre,
    ),
    Mutant("dre-autre-numero", "Donne un autre numéro à la DRE qu'à sa FSE", ("SV-3.2.7.1-02",), _other_number),
    Mutant(
        "dre-sans-convention",
        "Élabore une DRE sans convention avec l'AMC",
        ("SV-3.2.3.4-05", "SV-3.2.3.5.2.1-04", "SV-4.2.1.12.1-06", "SV-3.2.3.4-01"),
        _make_up_convention,
    ),
    Mutant(
        "dre-d-office",
        "Élabore une DRE sans complémentaire présentée",
        ("SV-3.2.3.4-03", "SV-4.2.1.12.1-01"),
        _always_dre,
    ),
    Mutant(
        "dre-en-gestion-unique",
        "Élabore une DRE en gestion unique",
        ("SV-4.2.1.12.1-13",),
        _dre_in_single,
    ),
    Mutant(
        "numero-facture-reutilise",
        "Reprend le numéro d'une facture rejetée",
        ("SV-3.3.2-21",),
        _reuse_number,
    ),
    Mutant(
        "facture-sans-numero",
        "N'attribue pas de numéro de facture",
        ("SV-4.2.3.1-03", "SV-4.2.1.15-03"),
        _no_number,
    ),
    Mutant(
        "facture-non-sauvegardee",
        "Ne sauvegarde pas les factures sécurisées",
        ("SV-4.2.3.1-07", "SV-4.2.1.13-32", "SV-4.2.1.1-34", "SV-4.2.1.1-33"),
        _forget_secured,
    ),
    Mutant(
        "suppression-sans-effet",
        "Annonce une suppression qui ne se fait pas",
        ("SV-4.2.1.13-34",),
        _delete_nothing,
    ),
    Mutant(
        "coherence-ignoree",
        "Signe avec la carte Vitale d'un autre",
        ("SV-4.2.1.13-18", "SV-4.2.1.13-07", "SV-4.2.1.13-08", "SV-4.2.1.13-06", "SV-4.2.1.15-06"),
        ignore_coherence,
    ),
)
