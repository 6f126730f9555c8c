"""Formatting: columns worked out by hand from the public layout, and refusals that name group and field."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from norms.contrat import services as s
from norms.contrat.base import ModeSecurisation as Mode
from norms.contrat.base import TypeFacture as Type
from tests.ssv.outils import Poste, bon, groupes_facture


@pytest.fixture
def poste() -> Poste:
    return Poste().init()


def records(reponse: Any) -> list[str]:
    brut = base64.b64decode(bon(reponse).facture)
    return [brut[i : i + 128].decode("ascii") for i in range(0, len(brut), 128)]


def columns(record: str, debut: int, fin: int | None = None) -> str:
    return record[debut - 1 : fin or debut]


def test_a_plain_consultation_column_by_column(poste: Poste) -> None:
    deux, deux_s, quatre, cinq = records(poste.formater())
    commun = "99111111" + "3" + " " + "1550475999012" + "38" + "000000012"
    for r, type_, complement in ((deux, "2", " "), (deux_s, "2", "S"), (quatre, "4", " "), (cinq, "5", " ")):
        assert columns(r, 1, 36) == type_ + commun + complement
    assert columns(deux, 37) == "T"
    assert columns(deux, 40, 45) == "260302"
    assert columns(deux, 47) == "F"
    assert columns(deux, 49, 57) == "013499881"
    assert columns(deux, 77, 78) == "10"
    assert columns(deux, 96, 102) == "5504121"
    assert columns(deux, 115, 116) == "00"
    assert columns(deux_s, 121) == "T"
    assert columns(quatre, 37, 38) == "01"
    assert columns(quatre, 55, 67) == "991111113" + "30" + "01"
    assert columns(quatre, 68, 73) == "260302"
    assert columns(quatre, 74, 78) == "G    "
    assert columns(quatre, 79, 88) == "01" + "000100" + "00"
    assert columns(quatre, 89, 119) == "0002500" + "0002500" + "070" + "0001750" + "0002500"
    assert columns(quatre, 121, 128) == "0" + "0000000"
    assert columns(cinq, 39, 41) == "001"
    assert columns(cinq, 58, 89) == "00002500" + "00001750" + "00000750" + "00000000"


@pytest.mark.parametrize(("cadre", "destinataire"), [("1", "00"), ("2", "05"), ("5", "05"), ("3", "15"), ("4", "25")])
def test_the_reimbursement_frame_gives_who_is_paid(poste: Poste, cadre: str, destinataire: str) -> None:
    deux = records(poste.formater(groupes=groupes_facture(g1410_1=cadre)))[0]
    assert columns(deux, 115, 116) == destinataire


def test_a_dre_has_its_insurer(poste: Poste) -> None:
    deux, _, deux_m, _, cinq = records(poste.formater(Type.DRE))
    assert columns(deux, 47) == "D"
    assert columns(deux, 119, 128) == "0075500017"
    assert columns(deux_m, 36, 51) == "M" + "0075500017" + "MU" + "001"
    assert columns(deux_m, 72, 86) == "ID-AMC-1".ljust(15)
    assert columns(deux_m, 100, 128) == "MU" + "001" + "rocher-mutuelle.test" + "33" + "99"
    assert columns(cinq, 82, 89) == "00000750"


def test_totals_are_those_of_the_lps_even_wrong(poste: Poste) -> None:
    cinq = records(poste.formater(groupes=groupes_facture(g1710_1="9999")))[-1]
    assert columns(cinq, 58, 65) == "00009999"


def test_without_totals_the_prestations_are_added(poste: Poste) -> None:
    groupes = (
        *groupes_facture(g1710=None),
        s.GroupeDonnees(
            groupe=1610,
            champs=("2", "20260301", "", "MD", "1", "1.00", "", "1000", "1000", "70", "700", "1000", "0"),
        ),
    )
    cinq = records(poste.formater(groupes=groupes))[-1]
    assert columns(cinq, 39, 41) == "002"
    assert columns(cinq, 58, 81) == "00003500" + "00002450" + "00001050"


def test_a_lunar_birth_date_is_kept(poste: Poste) -> None:
    deux = records(poste.formater(groupes=groupes_facture(g1130_4="19421901")))[0]
    assert columns(deux, 96, 101) == "421901"


def test_the_complements_follow_their_prestation(poste: Poste) -> None:
    seconde = ("2", "20260302", "", "ADE", "1", "1.00", "", "2000", "2000", "70", "1400", "2000", "0")
    groupes = (
        *groupes_facture(g1710=None),
        s.GroupeDonnees(groupe=1610, champs=seconde),
        s.GroupeDonnees(groupe=1620, champs=("2", "DEQP003", "", "1", "0", "FM", "1", "", "1121")),
        *(s.GroupeDonnees(groupe=1640, champs=("1", f"340000{i}", "150", "1")) for i in range(6)),
    )
    lus = records(poste.formater(groupes=groupes))
    assert [r[0] + r[35] for r in lus] == ["2 ", "2S", "4 ", "4C", "4C", "4 ", "4M", "5 "]
    quatre_c, quatre_m = lus[3], lus[6]
    assert columns(quatre_c, 44, 60) == "3400000" + "000150" + "01" + "  "
    assert columns(quatre_m, 43, 62) == "DEQP003".ljust(13) + " " + "1" + "0" + "FM  "
    assert columns(quatre_m, 71, 76) == "1121  "


def test_an_accident_at_work_and_a_common_law_accident(poste: Poste) -> None:
    numero = groupes_facture(g1510_1="41", g1520_1="260115017")
    assert columns(records(poste.formater(groupes=numero))[0], 86, 94) == "260115017"
    commun = groupes_facture(g1530_1="O", g1530_2="20260115")
    assert columns(records(poste.formater(groupes=commun))[0], 86, 94) == "260115000"


def test_the_mode_survives_in_the_bytes(poste: Poste) -> None:
    lettres = {m: columns(records(poste.formater(mode=m))[-1], 91, 93).strip() for m in Mode}
    assert len(set(lettres.values())) == 4
    assert "" not in lettres.values()


@pytest.mark.parametrize(
    ("changes", "code", "mots"),
    [
        ({"g1110": None}, "F300", ["1110", "absent"]),
        ({"g1610": None}, "F300", ["1610", "absent"]),
        ({"g1110_1": ""}, "F300", ["1110", "champ 1", "numero_facture", "obligatoire"]),
        ({"g1110_1": "12"}, "F300", ["1110", "champ 1", "9 chiffres", "« 12 »"]),
        ({"g1110_3": "20261301"}, "F300", ["1110", "champ 3", "AAAAMMJJ"]),
        ({"g1110_3": "20260230"}, "F300", ["20260230"]),
        ({"g1120_1": "9911"}, "F300", ["1120", "champ 1"]),
        ({"g1130_2": "155"}, "F300", ["1130", "champ 2", "NIR"]),
        ({"g1310_2": "34"}, "F300", ["1310", "champ 2", "3 chiffres"]),
        ({"g1410_1": "7"}, "F300", ["1410", "champ 1", "« 7 »"]),
        ({"g1610_12": "25,00"}, "F300", ["1610", "champ 12", "centimes"]),
        ({"g1610_12": "123456789"}, "F300", ["1610", "champ 12", "7"]),
        ({"g1610_6": "1,5"}, "F300", ["1610", "champ 6", "décimal"]),
        ({"g1610_6": "1.555"}, "F300", ["1610", "champ 6"]),
        ({"g1610_4": "ABCDEF"}, "F300", ["1610", "champ 4", "5 caractères"]),
        ({"g1620_1": "9", "g1620_2": "DEQP003"}, "F300", ["1620", "champ 1", "rang"]),
        ({"g101_1": "T"}, "F301", ["101"]),
        ({"g9999_1": "x"}, "F301", ["9999"]),
        ({"g1410_2": "x"}, "F301", ["1410", "champs"]),
        ({"g1610_4": "é"}, "F300", ["1610", "champ 4"]),
        ({"g1610_4": "G\n"}, "F300", ["1610", "champ 4"]),
    ],
)
def test_malformed_groups_are_refused_by_name(
    poste: Poste, changes: dict[str, str | None], code: str, mots: list[str]
) -> None:
    reponse = poste.formater(groupes=groupes_facture(**changes))
    assert (reponse.code_retour, reponse.facture) == (code, ""), reponse.libelle
    for mot in mots:
        assert mot in reponse.libelle


def test_a_group_given_twice_is_refused(poste: Poste) -> None:
    groupes = groupes_facture()
    reponse = poste.formater(groupes=(*groupes, groupes[0]))
    assert reponse.code_retour == "F301"
    assert "2 occurrences" in reponse.libelle


@pytest.mark.parametrize("champ", ["g1321_2", "g1321_8", "g1321_9", "g1321_11"])
def test_a_dre_needs_its_whole_address(poste: Poste, champ: str) -> None:
    assert poste.formater(Type.DRE, groupes=groupes_facture(Type.DRE, **{champ: ""})).code_retour == "F300"


def test_no_card_is_needed_to_format_and_to_encrypt(poste: Poste) -> None:
    bon(poste.chiffrer(bon(poste.formater()).facture))


def test_an_expired_certificate_warns_and_a_revoked_one_blocks(poste: Poste) -> None:
    facture = bon(poste.formater()).facture
    poste.services.certificats.variantes["01349"] = "expire"
    perime = bon(poste.chiffrer(facture))
    assert "périmé" in perime.libelle
    # Variant « expire » ends 30 days before the PKI's date (2026-03-02): 31 January 2026.
    assert "31/01/2026" in perime.libelle
    assert perime.facture
    poste.services.certificats.variantes["01349"] = "revoque"
    revoque = poste.chiffrer(facture)
    assert (revoque.code_retour, revoque.facture) == ("F304", "")
    assert "révoqué" in revoque.libelle
    poste.services.certificats.variantes.clear()
    assert bon(poste.chiffrer(facture)).libelle == ""


def test_an_unknown_recipient_has_no_certificate(poste: Poste) -> None:
    facture = bon(poste.formater(groupes=groupes_facture(g1310_4="777"))).facture
    reponse = poste.chiffrer(facture)
    assert reponse.code_retour == "F304"
    assert "777" in reponse.libelle
