"""Lots in series, files, acknowledgements, configuration, directory, and what the log keeps."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import pytest
from cryptography import x509

from norms.arl import Arl, CodecArl
from norms.certificats import issued_by
from norms.contrat import services as s
from norms.contrat.base import ModeSecurisation as Mode
from norms.contrat.base import TypeFacture as Type
from tests.ssv.outils import PACK, Poste, bon, groupes_facture


@pytest.fixture
def poste() -> Poste:
    poste = Poste().inserer().init()
    bon(poste.lire_ps())
    return poste


# --- series -------------------------------------------------------------------------------------------------
def test_a_series_asks_for_the_code_once_and_keeps_the_cards(poste: Poste) -> None:
    fse, dre = poste.securiser().facture, poste.securiser(Type.DRE).facture
    demi = bon(poste.chiffrer(bon(poste.formater()).facture)).facture
    assert poste.lot(fse, code=None).code_retour == "F308"
    bon(poste.lot(fse, fin=False))
    for reponse in (
        poste.lire_ps(),
        poste.lire_vitale(),
        poste.signer_vitale(demi),
        poste.signer_ps(demi),
        poste.appel("ssv.lire_date_lecteur"),
    ):
        assert reponse.code_retour == "0008"
    bon(poste.appel("ssv.lire_config"))
    bon(poste.lot(dre, reference="AAA", code=None, fin=True))
    bon(poste.lire_ps(None))
    assert poste.lot(fse, reference="002", code=None).code_retour == "F308"


def test_a_trouble_with_the_card_ends_the_series(poste: Poste) -> None:
    facture = poste.securiser().facture
    bon(poste.lot(facture, fin=False))
    poste.lecteurs["ps"].remove()
    assert poste.lot(facture, reference="002", code=None, fin=False).code_retour == "F001"
    poste.lecteurs["ps"].insert(poste.cps("dr-martin"))
    assert poste.lot(facture, reference="002", code=None).code_retour == "F308"
    bon(poste.lot(facture, reference="002"))


def test_wrong_data_leave_the_series_open(poste: Poste) -> None:
    facture = poste.securiser().facture
    bon(poste.lot(facture, fin=False))
    assert poste.lot(facture, reference="ABC", code=None, fin=False).code_retour == "F307"
    bon(poste.lot(facture, reference="002", code=None))


def test_a_wrong_code_signs_no_lot(poste: Poste) -> None:
    reponse = poste.lot(poste.securiser().facture, code="0000")
    assert (reponse.code_retour, reponse.lot) == ("F003", "")


# --- what a lot accepts -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("type_", "reference", "code"),
    [
        (Type.FSE, "001", "0000"),
        (Type.FSE, "999", "0000"),
        (Type.FSE, "000", "F307"),
        (Type.FSE, "1", "F307"),
        (Type.FSE, "AAA", "F307"),
        (Type.FSE, "٠٠١", "F307"),
        (Type.DRE, "AAA", "0000"),
        (Type.DRE, "ZZZ", "0000"),
        (Type.DRE, "aaa", "F307"),
        (Type.DRE, "001", "F307"),
    ],
)
def test_references_by_type(poste: Poste, type_: Type, reference: str, code: str) -> None:
    assert poste.lot(poste.securiser(type_).facture, reference=reference).code_retour == code


@pytest.mark.parametrize(
    ("autre", "code"),
    [
        ({"g1110_1": "000000013"}, "0000"),
        ({"g1410_1": "2"}, "F306"),
        ({"g1510_1": "41"}, "F306"),
        ({"g1310_1": "02", "g1310_3": "0000"}, "F306"),
        ({"g1120_1": "99222222", "g1120_2": "6"}, "F306"),
    ],
)
def test_the_invoices_of_a_lot_share_their_criterion(poste: Poste, autre: dict[str, str], code: str) -> None:
    premiere, seconde = poste.securiser(), poste.securiser(**autre)
    assert (premiere.critere_lot == seconde.critere_lot) == (code == "0000")
    assert poste.lot(premiere.facture, seconde.facture).code_retour == code


def test_modes_make_different_criteria_and_the_desynchronised_one_is_sesam_vitale(poste: Poste) -> None:
    criteres = {m: poste.securiser(mode=m).critere_lot for m in Mode}
    assert criteres[Mode.DESYNCHRONISE] == criteres[Mode.SESAM_VITALE]
    assert len(set(criteres.values())) == 3


def test_fse_and_dre_never_share_a_lot(poste: Poste) -> None:
    assert poste.lot(poste.securiser().facture, poste.securiser(Type.DRE).facture).code_retour == "F306"


@pytest.mark.parametrize("mode", list(Mode))
def test_an_invoice_not_wholly_secured_enters_no_lot(poste: Poste, mode: Mode) -> None:
    facture = bon(poste.chiffrer(bon(poste.formater(mode=mode)).facture)).facture
    if mode in (Mode.SESAM_VITALE, Mode.DESYNCHRONISE):
        facture = bon(poste.signer_vitale(facture)).facture
    reponse = poste.lot(facture)
    assert reponse.code_retour == "F303"
    assert "inachevée" in reponse.libelle


def test_invoices_keep_the_order_of_the_lps(poste: Poste) -> None:
    factures = [poste.securiser(g1110_1=n).facture for n in ("000000009", "000000002")]
    brut = base64.b64decode(bon(poste.lot(*factures)).lot)
    numeros = [
        brut[i + 26 : i + 35] for i in range(0, len(brut), 128) if brut[i : i + 1] == b"2" and brut[i + 35] == 32
    ]
    assert numeros == [b"000000009", b"000000002"]


@pytest.mark.parametrize("jour", ["", "02032026", "20260230"])
def test_the_date_of_the_lot_is_checked(poste: Poste, jour: str) -> None:
    params = s.FormaterLot(reference="001", date=jour, factures=(poste.securiser().facture,), code_porteur="1234")
    assert poste.appel("ssv.formater_lot", params).code_retour == "F300"


def test_an_empty_lot_is_refused(poste: Poste) -> None:
    assert poste.lot().code_retour == "F300"


# --- files --------------------------------------------------------------------------------------------------
def test_header_and_end_of_a_file(poste: Poste) -> None:
    lot = bon(poste.lot(poste.securiser().facture))
    taille = len(base64.b64decode(lot.lot))
    poste.lecteurs["ps"].remove()
    douze = s.GroupeDonnees(groupe=12, champs=("20260302", "000042", "3", str(taille * 3)))
    quatorze = s.GroupeDonnees(groupe=14, champs=(lot.critere_fichier, "", "BONJOUR"))
    reponse = bon(
        poste.appel(
            "ssv.formater_fichier",
            s.FormaterFichier(critere_fichier=lot.critere_fichier, groupes=(douze, quatorze)),
        )
    )
    entete, fin = (base64.b64decode(x).decode() for x in (reponse.entete, reponse.fin))
    assert entete[:19] == "000TP" + "00000991111113"
    assert entete[25:41] == "CT" + "00000001349349"
    assert entete[49:61] == "000042260302"
    assert entete[82:85] == "128"
    assert entete[91:].rstrip() == "BONJOUR"
    assert fin[:41] == "999" + entete[3:41]
    # 128 bytes a record, plus 000 and 999.
    assert int(fin[55:63]) == taille * 3 // 128 + 2
    assert fin[82:85] == "003"


@pytest.mark.parametrize(
    ("douze", "mot"),
    [
        (("20260302", "000001", "1", "1000"), "multiple de 128"),
        (("20260302", "000001", "0", "1280"), "un lot au moins"),
        (("", "000001", "1", "1280"), "champ 1"),
        (("20260230", "000001", "1", "1280"), "date"),
        (("20260302", "0000001", "1", "1280"), "identifiant_fichier"),
        (("20260302", "000001", "1", "1280", "", "", "", "", "99"), "numero_emetteur"),
        (("20260302", "000001", "1", "1280", "", "CT", "02349"), "numero_destinataire"),
    ],
)
def test_wrong_file_groups_are_refused(poste: Poste, douze: tuple[str, ...], mot: str) -> None:
    critere = bon(poste.lot(poste.securiser().facture)).critere_fichier
    reponse = poste.appel(
        "ssv.formater_fichier",
        s.FormaterFichier(critere_fichier=critere, groupes=(s.GroupeDonnees(groupe=12, champs=douze),)),
    )
    assert (reponse.code_retour, reponse.entete) == ("F300", "")
    assert mot in reponse.libelle


def test_a_concentrator_takes_the_place_of_the_recipient(poste: Poste) -> None:
    lot = bon(poste.lot(poste.securiser().facture))
    taille = str(len(base64.b64decode(lot.lot)))
    douze = s.GroupeDonnees(groupe=12, champs=("20260302", "000001", "1", taille, "TO", "OT", "12345"))
    reponse = bon(
        poste.appel("ssv.formater_fichier", s.FormaterFichier(critere_fichier=lot.critere_fichier, groupes=(douze,)))
    )
    entete = base64.b64decode(reponse.entete).decode()
    assert (entete[25:27], entete[27:41], entete[47:49]) == ("OT", "00000000012345", "TO")


@pytest.mark.parametrize("critere", ["", "n'importe quoi", "bm9u", "e30=", "A" * 2000, "W10"])
def test_an_altered_criterion_is_refused(poste: Poste, critere: str) -> None:
    douze = s.GroupeDonnees(groupe=12, champs=("20260302", "000001", "1", "1280"))
    reponse = poste.appel("ssv.formater_fichier", s.FormaterFichier(critere_fichier=critere, groupes=(douze,)))
    assert reponse.code_retour == "F300"


# --- others -------------------------------------------------------------------------------------------------
def test_an_arl_is_translated(poste: Poste) -> None:
    entete = {
        "type_emetteur": "CT",
        "numero_emetteur": "00000001349349",
        "type_destinataire": "TP",
        "numero_destinataire": "00000991111113",
    }
    arl = Arl("991111113", "001", date(2026, 3, 2), "F", False, date(2026, 3, 3), "5001", "LOT ANCIEN", "000000012")
    fichier = CodecArl(PACK).ecrire(entete, [arl])
    params = s.TraduireArl(fichier=base64.b64encode(fichier).decode())
    [groupe] = bon(poste.appel("ssv.traduire_arl", params)).groupes
    assert groupe.groupe == 15
    assert groupe.champs == (
        "001", "20260302", "F", "991111113", "N", "5001", "LOT ANCIEN", "000000012", "20260303",
    )  # fmt: skip


@pytest.mark.parametrize("fichier", [b"", b"bonjour", b"0" * 128])
def test_what_is_not_an_arl_is_refused(poste: Poste, fichier: bytes) -> None:
    params = s.TraduireArl(fichier=base64.b64encode(fichier).decode())
    assert poste.appel("ssv.traduire_arl", params).code_retour == "F309"


def test_the_configuration_has_its_five_kinds_of_groups(poste: Poste) -> None:
    groupes = bon(poste.appel("ssv.lire_config")).groupes
    assert {g.groupe for g in groupes} == {60, 61, 62, 63, 64}


def test_the_reader_tells_virtual_time(poste: Poste) -> None:
    assert bon(poste.appel("ssv.lire_date_lecteur")).date_heure == "20260302090000"


def test_the_directory_gives_certificates_issued_by_its_authorities() -> None:
    annuaire: Any = Poste().appel("annuaire.certificats")
    autorites = [x509.load_pem_x509_certificate(p.encode()) for p in annuaire.autorites]
    assert issued_by(autorites[0], autorites[0])
    adresses = {c.porteur: c.adresse for c in annuaire.certificats}
    assert adresses["01349"] == "01349@349.01.rss.test"
    assert adresses["75500017"] == "MU001@rocher-mutuelle.test"
    assert adresses["OCT01"] == "factures@concentrateur.test"
    for c in annuaire.certificats:
        certificat = x509.load_pem_x509_certificate(c.pem.encode())
        assert sum(issued_by(certificat, a) for a in autorites) == 1
    for crl in annuaire.crl:
        liste = x509.load_der_x509_crl(base64.b64decode(crl.der))
        assert sum(issued_by(liste, a) for a in autorites) == 1


def test_the_log_tells_groups_and_short_contents(poste: Poste) -> None:
    facture = poste.securiser().facture
    bon(poste.lot(facture))
    appels = [d for n, d in poste.evenements if n == "appel_service"]
    assert [a["fonction"] for a in appels] == [
        "ssv.init_lib",
        "ssv.lire_carte_ps",
        "ssv.formater_facture",
        "ssv.chiffrer_facture",
        "ssv.signer_facture_vitale",
        "ssv.signer_facture_ps",
        "ssv.formater_lot",
    ]
    assert appels[2]["parametres"]["groupes"]["1410"] == [["1"]]
    assert appels[1]["resultat"]["groupes"]["2"][0][13] == "01"
    assert appels[6]["parametres"]["factures"][0]["octets"] == len(base64.b64decode(facture))
    assert appels[6]["resultat"]["lot"]["enregistrements"][0] == {"type": "1", "numero": "001"}
    assert facture not in str(appels)


def test_a_refusal_is_logged_with_its_code(poste: Poste) -> None:
    poste.formater(groupes=groupes_facture(g1110=None))
    assert poste.evenements[-1][1]["code_retour"] == "F300"
