"""Cards as they come: absent, wrong, blocked, expired, mixed, pulled out; and the code that follows the card."""

from __future__ import annotations

import base64
import json
from datetime import date
from typing import Any

import pytest

from norms.contrat import services as s
from norms.contrat.base import ModeSecurisation as Mode
from norms.contrat.base import TypeFacture as Type
from simulator.cards.modele import load_cps
from simulator.readers.equipement import equipement
from simulator.readers.faults import Arrachee, Declencheur, Muette
from tests.ssv.outils import CARTES, Poste, bon, groupes_facture


@pytest.fixture
def poste() -> Poste:
    return Poste().inserer().init()


def prepare(poste: Poste, **champs: Any) -> str:
    """An invoice ready to be signed by the Vitale."""
    facture = bon(poste.formater(groupes=groupes_facture(Type.FSE, **champs))).facture
    return str(bon(poste.chiffrer(facture)).facture)


# --- code porteur -------------------------------------------------------------------------------------------
def test_the_first_reading_needs_the_code_then_no_more_until_the_card_leaves(poste: Poste) -> None:
    assert poste.lire_ps(None).code_retour == "F003"
    assert [g.groupe for g in bon(poste.lire_ps()).groupes] == [1, 2]
    bon(poste.lire_ps(None))
    bon(poste.lire_vitale())
    poste.lecteurs["ps"].remove()
    poste.lecteurs["ps"].insert(poste.cps("dr-martin"))
    reponse = poste.lire_ps(None)
    assert (reponse.code_retour, reponse.groupes) == ("F003", ())
    bon(poste.lire_ps())


def test_a_removed_card_is_not_opened_again_by_itself(poste: Poste) -> None:
    bon(poste.lire_ps())
    carte = poste.cps("dr-martin")
    poste.lecteurs["ps"].swap(carte)
    bon(poste.lire_ps())
    poste.lecteurs["ps"].remove()
    poste.lecteurs["ps"].insert(carte)
    assert poste.lire_ps(None).code_retour == "F003"


def test_wrong_codes_count_down_and_block_the_card(poste: Poste) -> None:
    libelles = [poste.lire_ps("9999").libelle for _ in range(3)]
    assert "2 essai" in libelles[0]
    assert "1 essai" in libelles[1]
    assert "bloqu" in libelles[2]
    bonne = poste.lire_ps("1234")
    assert bonne.code_retour == "F003"
    assert "bloqu" in bonne.libelle


def test_the_code_never_reaches_the_log(poste: Poste) -> None:
    code = "1234"
    poste.lire_ps("7391")
    poste.lire_ps(code)
    poste.lire_vitale(code)
    facture = bon(poste.signer_vitale(prepare(poste)))
    poste.signer_ps(facture.facture, "5820")
    poste.lire_ps(code)
    facture = bon(poste.signer_ps(facture.facture, code))
    bon(poste.lot(facture.facture, code=code))
    appels = [d for n, d in poste.evenements if n == "appel_service"]
    assert {json.dumps(d["parametres"].get("code_porteur")) for d in appels} == {"null", '"****"'}
    texte = json.dumps(appels, ensure_ascii=False)
    assert "7391" not in texte
    assert "5820" not in texte


# --- absent or unusable cards -------------------------------------------------------------------------------
def test_an_empty_reader_has_its_own_code() -> None:
    poste = Poste().init()
    assert poste.lire_ps().code_retour == "F001"
    poste.inserer(vitale=None)
    assert poste.lire_vitale("1234").code_retour == "F011"
    facture = prepare(poste)
    assert poste.signer_vitale(facture).code_retour == "F011"


def test_sesam_vitale_needs_both_cards_at_once(poste: Poste) -> None:
    poste.lecteurs["ps"].remove()
    reponse = poste.signer_vitale(prepare(poste))
    assert (reponse.code_retour, reponse.facture) == ("F001", "")


def test_sesam_vitale_needs_both_cards_in_readers_that_go_together(poste: Poste) -> None:
    """cdc §4.1.2: « formater facture » too; the first time of the desynchronised mode uses one card alone."""
    facture = prepare(poste)
    differee = bon(poste.chiffrer(bon(poste.formater(mode=Mode.DESYNCHRONISE)).facture)).facture
    poste.services.contexte.terminaux.equipement = equipement("cps-pcsc-vitale-sesam")
    refus = poste.signer_vitale(facture)
    assert (refus.code_retour, refus.facture) == ("F101", "")
    bon(poste.signer_vitale(differee))
    poste.services.contexte.terminaux.equipement = equipement("sesam-vitale")
    bon(poste.signer_vitale(facture))


def test_a_card_in_the_wrong_reader_is_refused() -> None:
    poste = Poste().init()
    poste.lecteurs["ps"].insert(poste.vitale("durand-paul"))
    poste.lecteurs["vitale"].insert(poste.cps("dr-martin"))
    assert poste.lire_ps().code_retour == "F004"
    poste.lecteurs["ps"].swap(poste.cps("dr-martin"))
    assert poste.lire_vitale("1234").code_retour == "F014"


def test_an_unknown_resource_is_refused(poste: Poste) -> None:
    reponse = poste.appel("ssv.lire_carte_ps", s.LireCartePs(ressource_ps="CPS2", code_porteur="1234"))
    assert reponse.code_retour == "F101"
    assert "CPS2" in reponse.libelle


@pytest.mark.parametrize(("nom", "mot"), [("interne-sans-dam", "sans situation")])
def test_a_card_without_billing_situation_is_invalid(poste: Poste, nom: str, mot: str) -> None:
    poste.lecteurs["ps"].swap(poste.cps(nom))
    reponse = poste.lire_ps()
    assert reponse.code_retour == "F004"
    assert mot in reponse.libelle


def test_an_expired_card_of_the_ps_is_invalid(poste: Poste) -> None:
    poste.lecteurs["ps"].swap(poste.cps("dr-martin", fin_validite=date(2026, 3, 1)))
    assert poste.lire_ps().code_retour == "F004"
    poste.lecteurs["ps"].swap(poste.cps("dr-martin", fin_validite=date(2026, 3, 2)))
    bon(poste.lire_ps())


def test_an_expired_vitale_is_read_and_does_not_sign(poste: Poste) -> None:
    bon(poste.lire_ps())
    poste.lecteurs["vitale"].swap(poste.vitale("martin-expire"))
    assure = bon(poste.lire_vitale()).groupes[0]
    assert assure.groupe == 101
    assert assure.champs[2] < "20260302"
    reponse = poste.signer_vitale(prepare(poste))
    assert reponse.code_retour == "F30A"
    assert "périmée" in reponse.libelle


@pytest.mark.parametrize("carte", ["dr-lab", "cpe-secretaire"])
def test_only_an_authorised_card_signs_invoices(poste: Poste, carte: str) -> None:
    signee = bon(poste.signer_vitale(prepare(poste)))
    poste.lecteurs["ps"].swap(poste.cps(carte))
    reponse = poste.signer_ps(signee.facture)
    assert reponse.code_retour == ("0000" if carte == "dr-lab" else "F004")
    assert ("habilitée" in reponse.libelle) == (carte == "cpe-secretaire")


def test_an_authorised_employee_card_signs_lots(poste: Poste) -> None:
    bon(poste.lire_ps())
    facture = poste.securiser().facture
    poste.lecteurs["ps"].swap(poste.cps("cpe-secretaire"))
    bon(poste.lot(facture))
    image = load_cps(CARTES / "cps" / "cpe-secretaire.yaml")
    situations = tuple(x.model_copy(update={"habilitation_lot": "0"}) for x in image.situations)
    poste.lecteurs["ps"].swap(poste.cps("cpe-secretaire", situations=situations))
    assert poste.lot(facture, reference="002").code_retour == "F004"


def test_the_situation_must_exist_on_the_card(poste: Poste) -> None:
    signee = bon(poste.signer_vitale(prepare(poste)))
    reponse = poste.signer_ps(signee.facture, situation="9")
    assert reponse.code_retour == "F300"
    assert "situation" in reponse.libelle


# --- test, real, demonstration ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ps", "vitale", "code"),
    [
        ("dr-martin", "durand-paul", "0000"),
        ("dr-martin", "roux-reelle", "F026"),
        ("cps-reelle", "durand-paul", "F026"),
        ("cps-reelle", "roux-reelle", "0000"),
        ("cps-reelle", "demo", "0000"),
        ("dr-martin", "demo", "0000"),
    ],
)
def test_test_and_real_cards_do_not_mix_but_a_demonstration_goes_with_a_real_cps(
    ps: str, vitale: str, code: str
) -> None:
    poste = Poste().inserer(ps, vitale).init()
    assert poste.lire_vitale("1234").code_retour == code


def test_a_real_card_does_not_sign_a_test_invoice(poste: Poste) -> None:
    signee = bon(poste.signer_vitale(prepare(poste)))
    poste.lecteurs["ps"].swap(poste.cps("cps-reelle"))
    assert poste.signer_ps(signee.facture).code_retour == "F026"


def test_a_demonstration_goes_through_with_a_real_cps_and_is_marked() -> None:
    poste = Poste().inserer("cps-reelle", "demo").init()
    bon(poste.lire_vitale("1234"))
    demo = {"g1310_1": "01", "g1310_2": "999", "g1310_3": "0000", "g1310_4": "999", "g1310_5": "999"}
    facture = bon(poste.signer_ps(bon(poste.signer_vitale(prepare(poste, **demo))).facture))
    assert poste.b2(facture.facture).entete.texte("marquage") == "D"
    bon(poste.lot(facture.facture))


def test_contradictory_rights_are_refused_at_that_date_only(poste: Poste) -> None:
    poste.lecteurs["vitale"].swap(poste.vitale("fontaine-double"))
    assert poste.lire_vitale("1234", "20260302").code_retour == "F0F0"
    bon(poste.lire_vitale("1234", "20190101"))


def test_the_consultation_date_is_checked(poste: Poste) -> None:
    for jour in ("", "2026-03-02", "20260230", "２０２６０３０２"):
        assert poste.lire_vitale("1234", jour).code_retour == "F300"


# --- what is read -------------------------------------------------------------------------------------------
def test_the_groups_of_a_family_card_follow_each_beneficiary(poste: Poste) -> None:
    bon(poste.lire_ps())
    poste.lecteurs["vitale"].swap(poste.vitale("famille-petit"))
    lus = [g.groupe for g in bon(poste.lire_vitale()).groupes]
    assert lus[0] == 101
    assert lus.count(104) == 4
    debuts = [i for i, g in enumerate(lus) if g == 104]
    for debut, fin in zip(debuts, [*debuts[1:], len(lus)], strict=True):
        assert lus[debut + 1 : fin] == sorted(lus[debut + 1 : fin])
        assert 105 in lus[debut + 1 : fin]


def test_the_exemption_of_a_long_illness_is_read_with_the_cps(poste: Poste) -> None:
    bon(poste.lire_ps())
    poste.lecteurs["vitale"].swap(poste.vitale("bernard-ald"))
    couvertures = [g.champs for g in bon(poste.lire_vitale()).groupes if g.groupe == 106]
    assert any(c[2] != "0" for c in couvertures)


def test_the_complementary_insurer_is_read(poste: Poste) -> None:
    bon(poste.lire_ps())
    poste.lecteurs["vitale"].swap(poste.vitale("nguyen-linh"))
    [amc] = [g.champs for g in bon(poste.lire_vitale()).groupes if g.groupe == 109]
    assert (amc[0], amc[3], amc[6:9]) == ("0075500017", "33", ("MU", "001", "rocher-mutuelle.test"))


# --- removal during an operation ----------------------------------------------------------------------------
@pytest.mark.parametrize("rang", [0, 1, 5])
def test_a_vitale_pulled_out_while_signing_signs_nothing_and_can_come_back(poste: Poste, rang: int) -> None:
    bon(poste.lire_ps())
    facture = prepare(poste)
    poste.lecteurs["vitale"].swap(Arrachee(poste.vitale("durand-paul"), Declencheur(apres=rang, fois=1)))
    reponse = poste.signer_vitale(facture)
    assert (reponse.code_retour, reponse.facture) == ("F015", "")
    assert poste.signer_vitale(facture).code_retour == "F011"
    poste.lecteurs["vitale"].insert(poste.vitale("durand-paul"))
    bon(poste.signer_vitale(facture))


def test_a_vitale_pulled_out_at_the_signature_itself(poste: Poste) -> None:
    facture = prepare(poste)
    poste.lecteurs["vitale"].swap(Arrachee(poste.vitale("durand-paul"), Declencheur("002A9E9A*")))
    assert poste.signer_vitale(facture).code_retour == "F015"


def test_a_cps_pulled_out_while_signing(poste: Poste) -> None:
    signee = bon(poste.signer_vitale(prepare(poste)))
    poste.lecteurs["ps"].swap(Arrachee(poste.cps("dr-martin"), Declencheur("002A9E9A*")))
    reponse = poste.signer_ps(signee.facture)
    assert (reponse.code_retour, reponse.facture) == ("F001", "")


def test_a_mute_vitale_is_told(poste: Poste) -> None:
    facture = prepare(poste)
    poste.lecteurs["vitale"].swap(Muette(poste.vitale("durand-paul"), Declencheur(apres=2)))
    assert poste.signer_vitale(facture).code_retour == "F014"


# --- order --------------------------------------------------------------------------------------------------
def test_the_order_of_the_mode_is_imposed(poste: Poste) -> None:
    bon(poste.lire_ps())
    facture = prepare(poste)
    assert poste.signer_ps(facture).code_retour == "F303"
    signee = bon(poste.signer_vitale(facture)).facture
    assert poste.signer_vitale(signee).code_retour == "F303"
    assert poste.chiffrer(signee).code_retour == "F303"
    assert poste.chiffrer(facture).code_retour == "F303"
    finie = bon(poste.signer_ps(signee)).facture
    assert poste.signer_ps(finie).code_retour == "F303"


@pytest.mark.parametrize("mode", [Mode.SANS_VITALE, Mode.DEGRADE])
def test_a_mode_without_vitale_takes_no_vitale_signature(poste: Poste, mode: Mode) -> None:
    facture = bon(poste.chiffrer(bon(poste.formater(mode=mode)).facture)).facture
    reponse = poste.signer_vitale(facture)
    assert reponse.code_retour == "F303"
    assert mode.value in reponse.libelle


def test_encryption_may_be_forgotten_and_it_shows(poste: Poste) -> None:
    bon(poste.lire_ps())
    facture = bon(poste.signer_ps(bon(poste.signer_vitale(bon(poste.formater()).facture)).facture)).facture
    assert poste.b2(facture).securite[0].texte("nature") == "V"


@pytest.mark.parametrize("fonction", ["chiffrer", "signer_vitale", "signer_ps"])
def test_what_is_not_an_invoice_is_refused(poste: Poste, fonction: str) -> None:
    facture = bon(poste.formater()).facture
    double = base64.b64encode(base64.b64decode(facture) * 2).decode()
    for faux in ("", "AAA", "AAAA", facture[:-100], double):
        reponse = getattr(poste, fonction)(faux)
        assert (reponse.code_retour, reponse.facture) == ("F302", "")


# --- life of the library ------------------------------------------------------------------------------------
def test_init_comes_first_and_once() -> None:
    poste = Poste().inserer()
    assert poste.lire_ps().code_retour == "F600"
    assert poste.appel("ssv.lire_config").code_retour == "F600"
    poste.init()
    assert poste.appel("ssv.init_lib").code_retour == "F670"
    assert poste.appel("ssv.term_lib").code_retour == "0000"
    assert poste.lire_ps().code_retour == "F600"
    poste.init()
    assert poste.lire_ps(None).code_retour == "F003"  # ending the library ended the dialogue with the card
