"""Which flows an invoice has, and under whose name a confidential one leaves: rules that need no world."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest

from norms.contrat.adaptateur import (
    CaisseLocale,
    ComplementaireDemandee,
    ConventionPs,
    Prescription,
    PrestationDemandee,
    TiersPayant,
)
from norms.contrat.base import TypeFacture
from norms.paquet import NormPack
from reference.ecran import Ecran
from reference.facturation.amo_seule import motif_amo_seule, reste_complementaire
from reference.facturation.confidentialite import Confidentialite, exonerer
from reference.facturation.contexte import (
    GESTION_SEPAREE,
    GESTION_UNIQUE,
    SANS_EXONERATION,
    ContexteAmc,
    ContexteAmo,
    RechercheContexteAmc,
)
from reference.facturation.eclateur import Eclateur
from reference.facturation.flux import DecisionFlux
from reference.facturation.tarification import TarificationAmo, tarifer_amc
from reference.modele import (
    SAISIE,
    AdresseAmc,
    Beneficiaire,
    Complementaire,
    Droits,
    Periode,
    PrestationTarifee,
    SituationFacturation,
)
from reference.store import Factures

JOUR = date(2022, 11, 21)
FSE, DRE = TypeFacture.FSE, TypeFacture.DRE
INTEGRAL = TiersPayant(amo=True, amc=True)


def tarifees(*codes: str) -> tuple[PrestationTarifee, ...]:
    demandes = [PrestationDemandee(code=c, date="2022-11-21", prix_saisi=4000) for c in codes]
    contexte = ContexteAmo("10", "00100", SANS_EXONERATION, "T")
    return tarifer_amc(TarificationAmo.avec(NormPack.par_defaut()).tarifer(demandes, "01", contexte), 100)


def amc(gestion: str) -> ContexteAmc:
    complementaire = Complementaire("amc", "75500017")
    convention = ConventionPs(type_convention="AMC", numero_amc="75500017")
    return ContexteAmc(complementaire, convention, gestion, True, AdresseAmc("MU", "001", "rocher-mutuelle.test"))


# --- the table of cdc §4.2.1.12.1 ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codes", "gestion", "oct_eclateur", "attendus"),
    [
        (("G",), None, False, [FSE]),
        (("G",), GESTION_SEPAREE, False, [FSE, DRE]),
        (("G",), GESTION_SEPAREE, True, [FSE]),
        (("G",), GESTION_UNIQUE, False, [FSE]),
        (("G", "HN"), GESTION_SEPAREE, False, [FSE, DRE]),
        (("HN",), GESTION_SEPAREE, False, [DRE]),
        (("HN",), GESTION_SEPAREE, True, [FSE]),
        (("HN",), GESTION_UNIQUE, False, [FSE]),
        (("HN",), None, False, []),
    ],
)
def test_types_de_flux(
    codes: tuple[str, ...], gestion: str | None, oct_eclateur: bool, attendus: list[TypeFacture]
) -> None:
    decision = DecisionFlux(Eclateur(autorise=True) if oct_eclateur else None)
    flux = decision.decider(tarifees(*codes), INTEGRAL, amc(gestion) if gestion else None)
    assert [f.type for f in flux] == attendus


def test_la_fse_laisse_a_la_dre_ce_que_l_amo_ne_paie_pas() -> None:
    fse, dre = DecisionFlux().decider(tarifees("G", "HN"), INTEGRAL, amc(GESTION_SEPAREE))
    assert [(p.code, p.montant_amo, p.montant_amc) for p in fse.prestations] == [("G", 1750, 0)]
    # 25,00 - 17,50 = 7,50 €, and the whole fee of 40,00 € of the act that the AMO never pays
    assert [(p.code, p.montant_amo, p.montant_amc) for p in dre.prestations] == [("G", 1750, 750), ("HN", 0, 4000)]
    assert (fse.eclatement, dre.eclatement) == ("E", "E")


def test_une_dre_seule_n_est_pas_un_eclatement() -> None:
    (dre,) = DecisionFlux().decider(tarifees("HN"), INTEGRAL, amc(GESTION_SEPAREE))
    assert (dre.eclatement, dre.prestations[0].base_remboursement, dre.prestations[0].taux) == ("", 0, 0)


# --- what never leaves for a complementary insurer -------------------------------------------------------------
def droits(**champs: Any) -> Droits:
    personne = Beneficiaire("ESSAI", "Mina", champs.pop("naissance", "20100315"), "1", "0")
    nir = champs.pop("nir", "2555555349042")
    vides = Droits(SAISIE, nir, "00", "02", "349", "0000", "10", (personne,))
    return replace(vides, **champs)


@pytest.mark.parametrize(
    ("nature", "champs", "separee", "interdit"),
    [
        ("10", {}, True, False),
        ("50", {}, True, True),
        ("50", {}, False, True),
        ("10", {"situation": "ame"}, True, True),
        ("10", {"situation": "ame"}, False, False),
        ("10", {"ame": Periode(JOUR, JOUR)}, True, True),
        ("10", {"situation": "migrant_de_passage"}, True, False),
    ],
)
def test_amo_seule(nature: str, champs: dict[str, Any], separee: bool, interdit: bool) -> None:
    assert bool(motif_amo_seule(nature, droits(**champs), separee=separee)) == interdit


def test_reste_a_rembourser() -> None:
    (g,) = tarifees("G")
    pleine = replace(g, montant_amo=2500)
    assert reste_complementaire([g])
    assert not reste_complementaire([pleine])
    assert reste_complementaire([replace(pleine, honoraires=3000)])  # a fee above the tariff remains


@pytest.mark.parametrize(("lu", "retenu"), [("", "01"), ("02", "02"), ("62", "62")])
def test_indicateur_de_la_gestion_unique(lu: str, retenu: str) -> None:
    b = replace(droits().beneficiaires[0], complementaires=(Complementaire("mutuelle", "34900033", "", lu),))
    recherche = RechercheContexteAmc((ConventionPs(type_convention="RO", numero_amc="34900033"),), Ecran())
    demande = ComplementaireDemandee(source="carte_vitale", gestion="unique")
    trouve = recherche.determiner(demande, b, JOUR, INTEGRAL)
    assert trouve is not None
    assert trouve.complementaire.indicateur_traitement == retenu


def test_tiers_payant_coordonne_sans_convention() -> None:
    amc_lue = Complementaire("amc", "75500017", "C2S97050", "60")
    b = replace(droits().beneficiaires[0], service="03", complementaires=(amc_lue,))
    demande = ComplementaireDemandee(source="carte_vitale", gestion="unique")
    recherche = RechercheContexteAmc((), Ecran())
    trouve = recherche.determiner(demande, b, JOUR, INTEGRAL)
    assert trouve is not None
    assert (trouve.gestion, trouve.complementaire.indicateur_traitement) == (GESTION_UNIQUE, "62")
    assert recherche.determiner(demande, replace(b, service="10"), JOUR, INTEGRAL) is None
    finie = replace(b, service_periode=Periode(None, date(2022, 11, 20)))
    assert recherche.determiner(demande, finie, JOUR, INTEGRAL) is None


# --- confidential acts of a minor ------------------------------------------------------------------------------
PHARMACIE = SituationFacturation(
    "1", "99444444", "6", "50", "1", "30", "01", ("0", "0", "0"), "PHARMACIE", "0", True, True
)


def confidentialite(caisse: str | None = "751") -> Confidentialite:
    sans_factures = cast(Factures, None)  # the store isn't asked for identities
    return Confidentialite(sans_factures, CaisseLocale(caisse=caisse) if caisse else None)


@pytest.mark.parametrize(
    ("saisi", "nir", "cle"),
    [
        ("2555555349041", "2555555751041", "25"),  # 97 - 72
        ("2555555349042", "2555555751042", "24"),  # 97 - 73
        ("2100375999012", "2555555751042", "24"),  # her own NIR was typed: it doesn't leave
    ],
)
def test_nir_fictif(saisi: str, nir: str, cle: str) -> None:
    localises = confidentialite().localiser(droits(nir=saisi, situation="mineure_confidentielle"))
    assert (localises.nir_assure, localises.cle_assure) == (nir, cle)
    assert localises.organisme == ("01", "751", "0000")


def test_rien_n_est_change_hors_confidentialite() -> None:
    ordinaire, sans_caisse = droits(), droits(situation="mineure_confidentielle")
    assert confidentialite().localiser(ordinaire) is ordinaire
    assert confidentialite(None).localiser(sans_caisse) is sans_caisse
    complete = confidentialite().anonymiser(ordinaire, ordinaire.beneficiaires[0], None, PHARMACIE, JOUR)
    assert complete == (ordinaire.beneficiaires[0], None)


@pytest.mark.parametrize(("naissance", "attendue"), [("", "20060101"), ("20070315", "20070315")])
def test_contraception_d_urgence(naissance: str, attendue: str) -> None:
    d = droits(nir="2555555751041", naissance=naissance, situation="mineure_confidentielle")
    b, prescription = confidentialite().anonymiser(d, d.beneficiaires[0], None, PHARMACIE, JOUR)
    assert b.naissance == attendue  # 2022 - 16
    assert prescription == Prescription(numero="991999996", date="2022-11-21")  # 99199999, Luhn key 6


def test_en_corse_la_lettre_du_departement_se_lit_comme_un_chiffre() -> None:
    d = droits(nir="2555555201041", situation="mineure_confidentielle")
    situation = replace(PHARMACIE, numero_facturation="2A444444")
    _, prescription = confidentialite().anonymiser(d, d.beneficiaires[0], None, situation, JOUR)
    assert prescription is not None
    # read 21199999: from the right, one in two doubled, 9+9+9+9+9+1+2+2 = 50, key 0
    assert prescription.numero == "2A1999990"


@pytest.mark.parametrize(
    ("nir", "situation", "actes", "attendue"),
    [
        ("2555555751041", "mineure_confidentielle", ["PH7"], "7"),
        ("2555555751042", "mineure_confidentielle", ["G"], "3"),
        ("2555555751042", "mineure_confidentielle", ["CCP"], "0"),
        ("2555555751042", "", ["G"], "0"),
    ],
)
def test_exoneration(nir: str, situation: str, actes: list[str], attendue: str) -> None:
    assert exonerer(droits(nir=nir, situation=situation), "0", actes) == attendue


def test_un_acte_de_base_a_cent_pour_cent() -> None:
    (ccp,) = tarifees("CCP")  # 46,00 €
    assert (ccp.taux, ccp.montant_amo, ccp.montant_amc) == (100, 4600, 0)


def test_la_prescription_saisie_reste() -> None:
    d = droits(nir="2555555751041", situation="mineure_confidentielle")
    saisie = Prescription(numero="992180180", date="2022-11-20")
    assert confidentialite().anonymiser(d, d.beneficiaires[0], saisie, PHARMACIE, JOUR)[1] == saisie
