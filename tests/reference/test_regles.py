"""Rules that need no world: references, conventions, addresses, modes, coherence, frames."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.contrat.adaptateur import ComplementaireDemandee, ConventionPs, TiersPayant
from norms.contrat.base import TypeFacture
from norms.contrat.ports import PARIS
from norms.ssv import Groupe
from reference.acquisition.beneficiaire import est_demonstration, est_perimee, parse_date, parse_droits
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.facturation.coherence import incoherences
from reference.facturation.contexte import (
    ALD,
    GESTION_SEPAREE,
    GESTION_UNIQUE,
    ContexteAmc,
    RechercheContexteAmc,
    determiner_adresse,
    determiner_contexte_amo,
    same_number,
    service_ouvert,
)
from reference.facturation.flux import cadre_remboursement, types_de_flux
from reference.facturation.modes import est_accident_d_un_autre_organisme, est_telemedecine, sans_vitale_permis
from reference.flux.adressage import adresse_du_lot
from reference.flux.messages import composter
from reference.flux.references import suivante, verifier
from reference.modele import (
    AdresseAmc,
    Beneficiaire,
    Complementaire,
    Couverture,
    Droits,
    Periode,
    SituationFacturation,
)

FSE, DRE = TypeFacture.FSE, TypeFacture.DRE
JOUR = date(2022, 11, 21)


# --- references of lots -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("type_", "reference", "attendue"),
    [
        (FSE, "001", "002"),
        (FSE, "099", "100"),
        (FSE, "999", "001"),
        (DRE, "AAA", "AAB"),
        (DRE, "AAZ", "ABA"),
        (DRE, "AZZ", "BAA"),
        (DRE, "ZZZ", "AAA"),
    ],
)
def test_reference_suivante(type_: TypeFacture, reference: str, attendue: str) -> None:
    assert suivante(type_, reference) == attendue


@given(st.sampled_from([FSE, DRE]), st.integers(0, 20_000))
def test_une_reference_reste_dans_sa_serie(type_: TypeFacture, n: int) -> None:
    reference = f"{n % 999 + 1:03d}" if type_ == FSE else "".join(chr(65 + n // 26**i % 26) for i in (2, 1, 0))
    assert verifier(type_, suivante(type_, reference)) == suivante(type_, reference)


@pytest.mark.parametrize(
    ("type_", "reference"), [(FSE, "000"), (FSE, "AAA"), (FSE, "12"), (FSE, "1000"), (DRE, "001"), (DRE, "aaa")]
)
def test_reference_hors_serie(type_: TypeFacture, reference: str) -> None:
    with pytest.raises(Refus):
        verifier(type_, reference)


# --- AMC context ------------------------------------------------------------------------------------------
AMC = ConventionPs(
    type_convention="AMC", numero_amc="75500017", code_routage="MU", identifiant_hote="001", domaine="table.test"
)
UNIQUE = ConventionPs(type_convention="RO", numero_amc="34900033")
CONTRAT = Complementaire(
    "amc", "0075500017", "A1", "33", periodes=(Periode(date(2022, 1, 1), date(2022, 12, 31)),), domaine="carte.test"
)
ASSURE = Beneficiaire("NGUYEN", "LINH", "19850921", "1", "0", complementaires=(CONTRAT,))
EN_CARTE = ComplementaireDemandee(source="carte_vitale", gestion="separee")


def rechercher(
    *conventions: ConventionPs,
    demande: ComplementaireDemandee = EN_CARTE,
    beneficiaire: Beneficiaire = ASSURE,
    jour: date = JOUR,
    amc: bool = True,
) -> tuple[ContexteAmc | None, str]:
    ecran = Ecran()
    trouve = RechercheContexteAmc(conventions, ecran).determiner(
        demande, beneficiaire, jour, TiersPayant(amo=True, amc=amc)
    )
    return trouve, " ".join(a.texte for a in ecran.vider()[0])


def test_convention_trouvee_malgre_les_zeros() -> None:
    trouve, _ = rechercher(UNIQUE, AMC)
    assert trouve is not None
    assert (trouve.convention, trouve.gestion, trouve.tiers_payant) == (AMC, GESTION_SEPAREE, True)


@pytest.mark.parametrize(
    ("conventions", "jour", "mot"),
    [
        ((), JOUR, "convention"),
        ((UNIQUE,), JOUR, "convention"),
        ((AMC,), date(2023, 1, 1), "validité"),
        ((AMC.model_copy(update={"domaine": ""}),), JOUR, "adresse"),
    ],
)
def test_sans_contexte_amc_le_ps_sait_pourquoi(conventions: tuple[ConventionPs, ...], jour: date, mot: str) -> None:
    trouve, affiche = rechercher(*conventions, jour=jour)
    assert trouve is None
    assert mot in affiche


def test_aucune_complementaire_presentee_n_est_pas_une_alerte() -> None:
    assert rechercher(AMC, demande=ComplementaireDemandee(), amc=False) == (None, "")


@pytest.mark.parametrize(
    ("indicateur", "tp", "htp"),
    [
        ("00", False, False),
        ("12", False, True),
        ("13", False, True),
        ("22", True, False),
        ("33", True, True),
        ("60", False, False),
        ("62", True, False),
        ("", True, True),
    ],
)
def test_indicateur_de_traitement(indicateur: str, tp: bool, htp: bool) -> None:
    assert (service_ouvert(indicateur, True), service_ouvert(indicateur, False)) == (tp, htp)


def test_gestion_unique_hors_tiers_payant_ne_dit_rien_de_la_complementaire() -> None:
    """SV-4.2.1.1-50."""
    demande = ComplementaireDemandee(source="saisie", gestion="unique", numero_amc="34900033")
    assert rechercher(UNIQUE, demande=demande, amc=False)[0] is None
    assert rechercher(UNIQUE, demande=demande, amc=True)[0] is not None


COMPLETE = Complementaire("amc", "1", code_routage="CV", identifiant_hote="9", domaine="carte.test")
INCOMPLETE = Complementaire("amc", "1", code_routage="CV", identifiant_hote="", domaine="carte.test")
TABLE = AdresseAmc("MU", "001", "table.test")
CARTE = AdresseAmc("CV", "9", "carte.test")


@pytest.mark.parametrize(
    ("support", "tiers_payant", "adresse"),
    [
        (COMPLETE, True, TABLE),
        (COMPLETE, False, CARTE),
        (INCOMPLETE, True, TABLE),
        (INCOMPLETE, False, TABLE),  # never a mixture of the two (SV-4.2.1.12.2.2-06)
    ],
)
def test_table_d_adressage(support: Complementaire, tiers_payant: bool, adresse: AdresseAmc) -> None:
    assert determiner_adresse(support, AMC, tiers_payant=tiers_payant) == adresse


def test_tiers_payant_sans_adresse_en_table() -> None:
    """SV-4.2.1.12.2.2-22: address on the card only, third-party payment: no DRE."""
    assert not determiner_adresse(COMPLETE, UNIQUE, tiers_payant=True).complete


def test_numeros_vides_jamais_egaux() -> None:
    assert not same_number("", "")
    assert not same_number("000", "0")


# --- flows ------------------------------------------------------------------------------------------------
def amc(gestion: str, tiers_payant: bool = True) -> ContexteAmc:
    return ContexteAmc(COMPLETE, AMC, gestion, tiers_payant, TABLE)


@pytest.mark.parametrize(
    ("contexte", "types"),
    [(None, (FSE,)), (amc(GESTION_SEPAREE), (FSE, DRE)), (amc(GESTION_UNIQUE), (FSE,))],
)
def test_types_de_flux(contexte: ContexteAmc | None, types: tuple[TypeFacture, ...]) -> None:
    assert types_de_flux(contexte) == types


@pytest.mark.parametrize(
    ("type_", "amo", "contexte", "cadre"),
    [
        (FSE, False, None, "1"),
        (FSE, True, None, "2"),
        (FSE, True, amc(GESTION_UNIQUE), "3"),
        (FSE, False, amc(GESTION_UNIQUE), "4"),
        (FSE, True, amc(GESTION_SEPAREE), "2"),
        (DRE, True, amc(GESTION_SEPAREE), "3"),
        (DRE, False, amc(GESTION_SEPAREE), "4"),
        (DRE, True, amc(GESTION_SEPAREE, tiers_payant=False), "2"),
    ],
)
def test_cadre_de_remboursement(type_: TypeFacture, amo: bool, contexte: ContexteAmc | None, cadre: str) -> None:
    assert cadre_remboursement(type_, TiersPayant(amo=amo), contexte) == cadre


# --- AMO context, modes, coherence --------------------------------------------------------------------------
def couvert(ald: str) -> Beneficiaire:
    couverture = Couverture(Periode(date(2020, 1, 1), date(2029, 12, 31)), ald, "0104")
    return Beneficiaire("BERNARD", "ANDRE", "19490622", "1", "0", couvertures=(couverture,))


def test_ald_seulement_pour_les_soins_en_rapport() -> None:
    en_rapport = determiner_contexte_amo(couvert("1"), JOUR, "10", "T", en_rapport_ald=True)
    sans_rapport = determiner_contexte_amo(couvert("1"), JOUR, "10", "T", en_rapport_ald=False)
    assert (en_rapport.exoneration, en_rapport.code_couverture) == (ALD, "10104")
    assert sans_rapport.exoneration == "0"
    assert determiner_contexte_amo(couvert("0"), JOUR, "10", "T", en_rapport_ald=True).exoneration == "0"
    assert determiner_contexte_amo(couvert("1"), date(2031, 1, 1), "10", "T", en_rapport_ald=True).exoneration == "0"


def situation(specialite: str) -> SituationFacturation:
    return SituationFacturation("1", "99111111", "3", specialite, "1", "30", "01", ("", "", ""), "", "0", True, True)


@pytest.mark.parametrize(
    ("specialite", "actes", "permis"),
    [
        ("01", ["G"], False),
        ("01", ["TCG"], True),
        ("01", ["TCG", "TE2"], True),
        ("01", ["TCG", "G"], False),
        ("01", ["TLD"], False),  # accompanying isn't telemedicine
        ("37", ["G"], True),
        ("38", ["B"], True),
    ],
)
def test_sans_vitale(specialite: str, actes: list[str], permis: bool) -> None:
    assert sans_vitale_permis(situation(specialite), actes) is permis


def test_telemedecine() -> None:
    assert est_telemedecine(["G", "TCG"])
    assert not est_telemedecine(["TLD"])


def droits(regime: str = "01", caisse: str = "349", centre: str = "9881", *beneficiaires: Beneficiaire) -> Droits:
    return Droits("carte_vitale", "1550475999012", "38", regime, caisse, centre, "10", beneficiaires)


def ne(naissance: str, rang: str) -> Beneficiaire:
    return Beneficiaire("PETIT", "TOM", naissance, rang, "6")


@pytest.mark.parametrize(
    ("carte", "nature", "differences"),
    [
        (droits("01", "349", "9881", ne("20110915", "1"), ne("20110915", "2")), "10", []),
        (droits("01", "349", "9881", ne("20110915", "1")), "10", ["rang de naissance"]),
        (droits("01", "349", "9881", ne("20110916", "2")), "10", ["date de naissance"]),
        (droits("02", "349", "9881", ne("20110915", "2")), "10", ["régime"]),
        (droits("01", "999", "0000", ne("20110915", "2")), "10", ["caisse gestionnaire", "centre gestionnaire"]),
        (droits("02", "999", "0000", ne("20110915", "2")), "41", []),  # accident at work
        (droits("02", "999", "0000", ne("20110916", "2")), "41", ["date de naissance"]),
        (droits("08", "835", "0300", ne("20110915", "2")), "50", []),  # free care
        (droits("08", "835", "0300", ne("20110915", "1")), "50", ["rang de naissance"]),
    ],
)
def test_coherence(carte: Droits, nature: str, differences: list[str]) -> None:
    assert incoherences(droits("01", "349", "9881"), ne("20110915", "2"), carte, nature) == differences


def test_accident_d_un_autre_organisme() -> None:
    assert est_accident_d_un_autre_organisme("41", droits("02"), droits("01"))
    assert not est_accident_d_un_autre_organisme("41", droits(), droits())
    assert not est_accident_d_un_autre_organisme("10", droits("02"), droits("01"))


def test_validite_de_la_carte() -> None:
    carte = Droits("carte_vitale", "", "", "", "", "", "", (), fin_validite=JOUR)
    assert not est_perimee(carte, JOUR)
    assert est_perimee(carte, date(2022, 11, 22))


@pytest.mark.parametrize(("regime", "caisse", "oui"), [("01", "999", True), ("01", "349", False), ("02", "999", False)])
def test_demonstration(regime: str, caisse: str, oui: bool) -> None:
    assert est_demonstration(droits(regime, caisse)) is oui


# --- small forms --------------------------------------------------------------------------------------------
def test_date_lunaire_n_est_pas_une_date() -> None:
    assert parse_date("19630200") is None
    assert parse_date("") is None
    assert parse_date("20221121") == JOUR


def test_carte_sans_beneficiaire_refusee() -> None:
    with pytest.raises(Refus):
        parse_droits([Groupe(101, ("1",), ("type_carte",))])


def test_adresse_d_un_lot() -> None:
    fse = Groupe(13, ("01", "349"), ("regime", "organisme_destinataire"))
    dre = Groupe(93, ("MU", "001", "rocher-mutuelle.test"), ("code_routage", "identifiant_hote", "domaine"))
    assert adresse_du_lot(fse) == "01349@349.01.rss.test"
    assert adresse_du_lot(dre) == "MU001@rocher-mutuelle.test"
    with pytest.raises(Refus):
        adresse_du_lot(Groupe(12, (), ()))


def test_compostage() -> None:
    assert composter(datetime(2022, 11, 21, 9, 4, 5, tzinfo=PARIS), 7) == "2022112109040500007"
