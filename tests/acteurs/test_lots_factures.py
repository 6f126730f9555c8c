"""Faults of lots and invoices: each seen by its own check, and by that one only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from norms.contrat.ports import PARIS
from tests.acteurs.atelier import Atelier
from tests.acteurs.examen import codes, du_fichier, examine, spoil
from tests.acteurs.outils import DEGRADE, DRE, OCT, SANS_VITALE, Emetteur


# --- the lot --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("abime", "attendus"),
    [
        (lambda a: a.set("6", 0, nombre_factures=3), ["LOT_NOMBRE_FACTURES"]),
        (lambda a: a.set("6", 0, nombre_lignes=3), ["LOT_NOMBRE_LIGNES"]),
        (lambda a: a.set("6", 0, nombre_type_2=3), ["LOT_NOMBRE_TYPE_2"]),
        (lambda a: a.set("6", 0, nombre_type_5=3), ["LOT_NOMBRE_TYPE_5"]),
        (lambda a: a.set("6", 0, total_facture=5001), ["LOT_TOTAL_FACTURE"]),
        (lambda a: a.set("6", 0, total_amo=3499), ["LOT_TOTAL_AMO"]),
        (lambda a: a.set("6", 0, total_amc=1), ["LOT_TOTAL_AMC"]),
        (lambda a: a.set("6", 0, numero_lot="003"), ["LOT_REFERENCE_FIN"]),
        (lambda a: a.set("1", 0, numero_lot="000").set("6", 0, numero_lot="000"), ["LOT_REFERENCE"]),
        (lambda a: a.set("1", 0, numero_lot="AAA").set("6", 0, numero_lot="AAA"), ["LOT_REFERENCE"]),
        (lambda a: a.set("1", 0, organisme_destinataire="999"), ["LOT_DESTINATAIRE"]),
        (lambda a: a.set("1", 0, top_certification=""), ["LOT_CERTIFICATION"]),
        (lambda a: a.set("6", 0, numero_ps="991111121"), ["LOT_PS_DIFFERENT"]),
        (lambda a: a.set("2", 1, destinataire_reglement="05"), ["LOT_CRITERES_MELES"]),
        (lambda a: a.set("2", 1, regime="02"), ["LOT_CRITERES_MELES", "FACTURE_DESTINATAIRE"]),
        (lambda a: a.set("6", 0, agrement_progiciel=""), ["LOT_AGREMENT_ABSENT"]),
        (lambda a: a.set("1", 0, date_lot=None), ["LOT_DATE_ABSENTE"]),
        (lambda a: a.raw("6", 0, 25, b"00A000000"), ["LOT_SYNTAXE", "LOT_TOTAL_FACTURE"]),
    ],
)  # fmt: skip
def test_lot(commun: Emetteur, fichier: bytes, abime: Callable[[Atelier], Atelier], attendus: list[str]) -> None:
    a = du_fichier(commun, abime(spoil(commun, fichier)).resign().brut)
    assert codes(a) == attendus
    assert [x.code for x in a.lots[1].anomalies] == [], "the other lot isn't to blame"


JOUR = date(2026, 3, 2)  # a Monday; 4 March is the second working day after it


@pytest.mark.parametrize(
    ("date_lot", "attendus"),
    [
        (JOUR - timedelta(days=90), []),
        (JOUR - timedelta(days=91), ["LOT_DATE_ANCIENNE"]),
        (date(2026, 3, 4), []),
        (date(2026, 3, 5), ["LOT_DATE_FUTURE"]),
    ],
)
def test_age_of_a_lot(commun: Emetteur, fichier: bytes, date_lot: date, attendus: list[str]) -> None:
    a = spoil(commun, fichier).set("1", 0, date_lot=date_lot)
    if date_lot < JOUR:
        for i in range(2):
            a.set("2", i, date_facturation=date_lot).set("4", i, date_acte=date_lot)
    analysee = du_fichier(commun, a.resign().brut)
    assert codes(analysee) == attendus
    arl = {"LOT_DATE_ANCIENNE": "5001", "LOT_DATE_FUTURE": "5002"}
    assert [x.controle.arl for x in analysee.lots[0].anomalies] == [arl[c] for c in attendus]


def test_working_days_jump_over_a_week_end_and_a_holiday(commun: Emetteur, fichier: bytes) -> None:
    # received on Thursday 7 May 2026: Friday 8 is a public holiday, so two working days lead to Tuesday 12
    jeudi = datetime(2026, 5, 7, 10, 0, tzinfo=PARIS)
    for date_lot, attendus in ((date(2026, 5, 12), []), (date(2026, 5, 13), ["LOT_DATE_FUTURE"])):
        a = spoil(commun, fichier).set("1", 0, date_lot=date_lot).set("1", 1, date_lot=date(2026, 5, 7)).resign()
        message = commun.message(commun.sceller(a.brut), 3)
        assert codes(examine(commun, message, instant=jeudi)) == attendus


def test_one_bit_of_a_lot_signature(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier)
    place = next(i for i in a.places("8") if a.enregistrements[i][10:11] == b"L")
    b = a.enregistrements[place]
    a.enregistrements[place] = b[:40] + (b"B" if b[40:41] == b"A" else b"A") + b[41:]
    analysee = du_fichier(commun, a.brut)
    assert codes(analysee) == ["LOT_SIGNATURE_FAUSSE"]
    assert not analysee.lots[0].signature.valide


def test_lot_without_signature(commun: Emetteur, fichier: bytes) -> None:
    assert codes(du_fichier(commun, spoil(commun, fichier).resign(lot=False).brut)) == ["LOT_SIGNATURE_ABSENTE"] * 2


def test_lot_not_sorted(commun: Emetteur) -> None:
    lot = commun.lot([commun.facture("000000007"), commun.facture("000000003")])
    assert codes(du_fichier(commun, commun.fichier([lot]), 2)) == ["LOT_NON_TRIE"]


def test_same_invoice_twice_in_a_lot(commun: Emetteur) -> None:
    lot = commun.lot([commun.facture("000000007"), commun.facture("000000007")])
    assert codes(du_fichier(commun, commun.fichier([lot]), 2)) == ["FACTURE_EN_DOUBLE"]


def test_lot_signed_by_another_professional(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier)
    a.cps = "00000202"  # the card of another professional of the population
    trouves = set(codes(du_fichier(commun, a.resign().brut)))
    assert trouves == {"LOT_SIGNATAIRE", "FACTURE_SIGNATAIRE_CPS"}


def test_revoked_card(seul: Emetteur) -> None:
    fichier = seul.fichier([seul.lot([seul.facture()])])
    seul.monde.pki.revoquer(seul.monde.pki.identite_cps("00000101").cert_signature)
    a = du_fichier(seul, fichier, 1)
    assert codes(a) == ["LOT_SIGNATAIRE", "FACTURE_SIGNATAIRE_CPS"]
    assert "révoqué" in a.lots[0].signature.motif


def test_lot_without_invoice(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier)
    debut, fin = a.places("2")[0], a.places("6")[0]
    del a.enregistrements[debut:fin]
    a.set("6", 0, nombre_factures=0, nombre_lignes=0, nombre_type_2=0, nombre_type_5=0, total_facture=0, total_amo=0)
    analysee = du_fichier(commun, a.resign().brut, 1)
    assert codes(analysee) == ["LOT_SANS_FACTURE"]


def test_wrong_key_of_the_professional(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier)
    for type_ in ("1", "2", "2S", "4", "5", "6", "8"):
        for rang in range(len(a.places(type_))):
            a.set(type_, rang, numero_ps="991111114")
    a.set("000", 0, numero_emetteur="00000991111114").set("999", 0, numero_emetteur="00000991111114")
    trouves = set(codes(du_fichier(commun, a.resign().brut)))
    assert trouves == {"SUJET_EXERCICE_FAUX", "FACTURE_CLE_PS", "FACTURE_SIGNATAIRE_CPS", "LOT_SIGNATAIRE"}


def test_missing_records_of_a_lot(commun: Emetteur, fichier: bytes) -> None:
    sans_fin = spoil(commun, fichier).drop("6", 0).recount()
    a = du_fichier(commun, sans_fin.brut)
    assert "LOT_SYNTAXE" in [x.code for x in a.lots[0].anomalies]
    assert [x.code for x in a.lots[1].anomalies] == []


# --- the invoice ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("abime", "attendus"),
    [
        (lambda a: a.set("5", 0, total_facture=2501, part_assure=751).set("6", 0, total_facture=5001),
         ["FACTURE_TOTAL"]),
        (lambda a: a.set("5", 0, total_amo=1749, part_assure=751).set("6", 0, total_amo=3499), ["FACTURE_TOTAL_AMO"]),
        (lambda a: a.set("5", 0, total_amc=1).set("6", 0, total_amc=1), ["FACTURE_TOTAL_AMC"]),
        (lambda a: a.set("5", 0, part_assure=749), ["FACTURE_PART_ASSURE"]),
        (lambda a: a.set("5", 0, nombre_type_4=2), ["FACTURE_NOMBRE_LIGNES"]),
        (lambda a: a.set("2", 0, cle_nir="39"), ["FACTURE_CLE_NIR"]),
        (lambda a: a.set("2", 0, date_facturation=None), ["FACTURE_DATE"]),
        (lambda a: a.set("2", 0, date_facturation=date(2026, 3, 3)), ["FACTURE_DATE"]),
        (lambda a: a.set("4", 0, date_acte=date(2026, 3, 3)), ["FACTURE_DATE_ACTE"]),
        (lambda a: a.set("4", 0, numero_facture="000000009"), ["FACTURE_NUMERO"]),
        (lambda a: a.set("2", 0, regime="02").set("2", 1, regime="02"), ["FACTURE_DESTINATAIRE"] * 2),
        (lambda a: a.drop("5", 0), ["LOT_NOMBRE_TYPE_5", "FACTURE_SYNTAXE"]),
        (lambda a: a.raw("4", 0, 106, b"00A1750"), ["FACTURE_SYNTAXE", "FACTURE_TOTAL_AMO"]),
        (lambda a: a.raw("4", 0, 68, b"260230"), ["FACTURE_SYNTAXE", "FACTURE_DATE_ACTE"]),
    ],
)  # fmt: skip
def test_invoice(commun: Emetteur, fichier: bytes, abime: Callable[[Atelier], Atelier], attendus: list[str]) -> None:
    a = du_fichier(commun, abime(spoil(commun, fichier)).resign().brut)
    assert codes(a) == attendus
    assert a.lots[1].factures[0].anomalies == ()


@pytest.mark.parametrize(
    ("nature", "code"), [("V", "FACTURE_SIGNATURE_VITALE_FAUSSE"), ("P", "FACTURE_SIGNATURE_CPS_FAUSSE")]
)
def test_one_bit_of_an_invoice_signature(commun: Emetteur, fichier: bytes, nature: str, code: str) -> None:
    a = spoil(commun, fichier)
    place = next(i for i in a.places("8") if a.enregistrements[i][10:11] == nature.encode())
    b = a.enregistrements[place]
    a.enregistrements[place] = b[:50] + (b"B" if b[50:51] == b"A" else b"A") + b[51:]
    trouves = codes(du_fichier(commun, a.brut))
    assert code in trouves
    # the lot covers the invoices, and the PS's signature covers the Vitale one
    assert set(trouves) - {code} <= {"LOT_SIGNATURE_FAUSSE", "FACTURE_SIGNATURE_CPS_FAUSSE"}


def test_one_changed_amount_breaks_both_signatures(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier).set("4", 0, honoraires=2600).set("5", 0, total_facture=2600, part_assure=850)
    trouves = codes(du_fichier(commun, a.set("6", 0, total_facture=5100).brut))
    assert trouves == ["LOT_SIGNATURE_FAUSSE", "FACTURE_SIGNATURE_VITALE_FAUSSE", "FACTURE_SIGNATURE_CPS_FAUSSE"]


def test_signatures_by_mode(commun: Emetteur, fichier: bytes) -> None:
    sans_vitale = spoil(commun, fichier).resign(vitale=False).brut
    assert codes(du_fichier(commun, sans_vitale)) == ["FACTURE_SIGNATURE_VITALE_ABSENTE"] * 3
    sans_ps = spoil(commun, fichier).resign(ps=False).brut
    assert codes(du_fichier(commun, sans_ps)) == ["FACTURE_SIGNATURE_CPS_ABSENTE"] * 3
    degrade = spoil(commun, fichier).set("1", 0, top_certification="D").resign().brut
    assert codes(du_fichier(commun, degrade)) == ["FACTURE_SIGNATURE_VITALE_INDUE"] * 2


@pytest.mark.parametrize("mode", [SANS_VITALE, DEGRADE])
def test_modes_without_the_vitale_signature_are_sound(commun: Emetteur, mode: Any) -> None:
    lot = commun.lot([commun.facture("000000031", mode=mode)])
    a = du_fichier(commun, commun.fichier([lot]), 1)
    assert codes(a) == []
    assert a.lots[0].mode == mode.value


def test_another_persons_vitale(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier)
    a.vitale = "800000000000000202"
    assert codes(du_fichier(commun, a.resign().brut)) == ["FACTURE_SIGNATAIRE_VITALE"] * 3


def test_sensitive_data_in_clear(commun: Emetteur) -> None:
    lot = commun.lot([commun.facture("000000021", chiffree=False)])
    a = du_fichier(commun, commun.fichier([lot]), 1)
    assert codes(a) == ["FACTURE_CHIFFREMENT_ABSENT"]
    assert not a.lots[0].factures[0].chiffrement.present


def test_encrypted_block_of_another_invoice(commun: Emetteur) -> None:
    une = commun.fichier([commun.lot([commun.facture("000000021")])])
    # without the parcours there is no record 2S: the ranks that the block names shift by one
    autre = commun.fichier([commun.lot([commun.facture("000000021", g1430=None)])])
    a, b = spoil(commun, une), spoil(commun, autre)
    blocs = [x for x in b.enregistrements if x[:1] == b"8" and x[10:11] == b"C"]
    places = [i for i in a.places("8") if a.enregistrements[i][10:11] == b"C"]
    a.enregistrements[places[0] : places[-1] + 1] = blocs
    assert codes(du_fichier(commun, a.resign().brut, 1)) == ["FACTURE_CHIFFREMENT_INCOHERENT"]


def test_block_encrypted_for_another_insurer(commun: Emetteur, fichier: bytes) -> None:
    # the file of an AMO, read by another AMO with its own keys: every block stays shut
    a = du_fichier(commun, fichier, 3, "02349")
    assert codes(a).count("FACTURE_CHIFFREMENT_ILLISIBLE") == 3


def test_a_concentrator_opens_the_file_but_not_the_invoices(commun: Emetteur) -> None:
    fse, dre = commun.lot([commun.facture("000000041")]), commun.lot([commun.facture("000000041", DRE)], "AAA")
    octets = commun.fichier([fse, dre], type_destinataire="OT", numero_destinataire="00000000000001")
    a = du_fichier(commun, octets, 2, OCT)
    assert codes(a) == []
    assert a.fichier is not None
    assert a.fichier.type == "MIXTE"
    assert [f.chiffrement.ouvert for lot in a.lots for f in lot.factures] == [False, False]


def test_anomalies_carry_their_evidence(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier).set("6", 0, total_amo=3499).resign()
    [anomalie] = [x.donnees() for x in du_fichier(commun, a.brut).lots[0].anomalies]
    place = a.places("6")[0]
    assert anomalie["enregistrement"] == place + 1
    assert (anomalie["champ"], anomalie["colonnes"]) == ("total_amo", [34, 42])
    assert anomalie["brut"] == a.enregistrements[place].decode()
    assert (anomalie["attendu"], anomalie["constate"]) == ("3500 centimes", "3499 centimes")
    assert anomalie["source"]
