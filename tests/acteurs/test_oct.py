"""A concentrator over real sockets: it opens, splits, sends on, passes returns back, writes to the PS (annexe 5)."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from simulator.acteurs.oct_message import pass_on
from simulator.acteurs.oct_regles import load_regles_oct
from tests.acteurs.outils import AMC, AMO, DRE, OCT, Emetteur

UNIQUE = {"type_destinataire": "OT", "numero_destinataire": "00000900000017", "application": "TO"}


def lus(e: Emetteur) -> list[Message]:
    return [message_from_bytes(m) for m in e.releve()]


def texte(message: Message) -> str:
    octets = message.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets.decode("utf-8")


def deposer(e: Emetteur, octets: bytes, nombre: int) -> None:
    e.envoyer(e.message(e.sceller(octets, OCT), nombre, OCT), OCT)


def eclatements(e: Emetteur) -> list[dict[str, Any]]:
    return [x for ev in e.monde.journal.of("flux") for x in ev.donnees.get("eclatements", ())]


@pytest.fixture
def mixte(seul: Emetteur) -> Emetteur:
    """A single file of a lot of FSE and a lot of DRE, given to the concentrator."""
    fse, dre = seul.lot([seul.facture("000000041")]), seul.lot([seul.facture("000000041", DRE)], "AAA")
    deposer(seul, seul.fichier([fse, dre], **UNIQUE), 2)
    return seul


def test_a_single_file_is_split_towards_amo_and_amc(mixte: Emetteur) -> None:
    flux = mixte.flux
    assert [(m["acteur"], m["de"], m["lots"]) for m in flux["messages"]] == [
        (OCT, "ps@cabinet.test", ["001", "AAA"]),
        (AMO, "factures@concentrateur.test", ["001"]),
        (AMC, "factures@concentrateur.test", ["AAA"]),
    ]
    # each insurer finds nothing to say of the file made for it, nor of lots that nobody touched
    assert mixte.codes() == []
    par_acteur = {f["acteur"]: f for f in flux["fichiers"]}
    assert par_acteur[AMO]["entete"]["type_destinataire"] == "CT"
    assert par_acteur[AMC]["entete"]["numero_destinataire"] == "00000075500017"
    assert {f["acteur"]: f["fin"]["nombre_lots"] for f in flux["fichiers"]} == {OCT: 2, AMO: 1, AMC: 1}
    digests = {(lot["acteur"], lot["reference"]): lot["brut_sha256"] for lot in flux["lots"]}
    assert digests[OCT, "001"] == digests[AMO, "001"]
    assert digests[OCT, "AAA"] == digests[AMC, "AAA"]


def test_arl_come_back_through_it_to_who_made_the_lot(mixte: Emetteur) -> None:
    assert [(r["acteur"], r["nature"], r["lots"], r["relais"]) for r in mixte.retours] == [
        (OCT, "ART", ["001", "AAA"], ""),
        (AMO, "ARL", ["001"], OCT),
        (AMC, "ARL", ["AAA"], OCT),
    ]
    arl = lus(mixte)[1]
    assert (arl["From"], arl["To"], arl["Content-Description"]) == (
        "factures@concentrateur.test",
        "ps@cabinet.test",
        "ARL/SV",
    )


def test_rsp_come_back_through_it(mixte: Emetteur) -> None:
    mixte.monde.agir("acteurs.liquider")
    assert [(r["acteur"], r["relais"]) for r in mixte.retours if r["nature"] == "RSP"] == [(AMO, OCT), (AMC, OCT)]


def test_a_text_tells_what_became_of_the_file(mixte: Emetteur) -> None:
    art = lus(mixte)[0]
    # annexe5 §7.2.1: ART/number of the PS with zeros on the left/aaaammjjhhmm; ER for a general practitioner
    assert art["Subject"] == "ART/991111113/202603020900"
    assert art["Content-Description"] == "ART/ER"
    assert art.get_filename() == "art.txt"
    assert art["Content-Transfer-Encoding"] == "BASE64"
    assert "Lot(s) 001, 1 facture(s), transmis à CPAM FICTIVE 349" in texte(art)


def test_text_name_nature_and_words_are_settings(seul: Emetteur) -> None:
    seul.monde.agir(
        "acteur.regler",
        {"acteur": OCT, "art_texte": "Bien reçu", "art_nature": "XX", "art_nom": "un nom vraiment long.txt"},
    )
    deposer(seul, seul.fichier([seul.lot([seul.facture()])], **UNIQUE), 1)
    art = lus(seul)[0]
    assert (art["Content-Description"], art.get_filename(), texte(art)) == (
        "ART/XX",
        "un nom vraiment long.txt",
        "Bien reçu",
    )


def test_a_file_split_at_source_is_sent_on_byte_for_byte(seul: Emetteur) -> None:
    octets = seul.fichier([seul.lot([seul.facture()])])
    deposer(seul, octets, 1)
    entetes = [f["entete"]["brut"] for f in seul.flux["fichiers"]]
    assert entetes == [octets[:128].decode("ascii")] * 2
    assert seul.codes() == []


def test_what_it_cannot_open_is_told_and_goes_no_further(seul: Emetteur) -> None:
    octets = seul.fichier([seul.lot([seul.facture()])], **UNIQUE)
    seul.envoyer(seul.message(seul.sceller(octets, AMO), 1, OCT), OCT)
    assert [m["acteur"] for m in seul.flux["messages"]] == [OCT]
    assert [x["lettres"] for x in eclatements(seul)] == [[]]
    assert "Fichier refusé" in texte(lus(seul)[0])


def test_a_service_message_about_its_own_message_becomes_a_text(seul: Emetteur) -> None:
    seul.monde.agir("acteur.regler", {"acteur": AMO, "service": "rejet_fichier"})
    deposer(seul, seul.fichier([seul.lot([seul.facture()])], **UNIQUE), 1)
    assert [(r["acteur"], r["nature"]) for r in seul.retours] == [(OCT, "ART"), (OCT, "ART")]
    assert "n'a pas accepté" in texte(lus(seul)[1])


def test_the_amc_part_of_an_enriched_fse_is_asked_elsewhere(seul: Emetteur) -> None:
    """Contract 99: the AMO pays its part alone, the AMC's part leaves outside of SESAM-Vitale (annexe5 §4.3)."""
    enrichie = seul.facture(g1321_1="99", g1321_2="75500017", g1610_13="750", g1710_4="750", g1410_1="2")
    deposer(seul, seul.fichier([seul.lot([enrichie])], **UNIQUE), 1)
    [complement] = eclatements(seul)[0]["complements"]
    assert (complement["facture"], complement["montant"]) == ("000000012", 750)
    seul.monde.agir("acteurs.liquider")
    [sort] = next(r["factures"] for r in seul.retours if r["nature"] == "RSP")
    assert (sort["etat"], sort["demande"], sort["paye"]) == ("P", 1750, 1750)


def test_sub_field_of_texts() -> None:
    regles = load_regles_oct()
    assert [regles.nature_art(s, ["01"]) for s in ("01", "24", "50", "38", "26", "99", "")] == [
        "ER", "IF", "PH", "LB", "MK", "XX", "XX",
    ]  # fmt: skip
    assert ("CT", "02") in regles.interdits  # annexe5 §7.2.1: not for the agricultural régime


def test_passing_on_only_changes_addresses() -> None:
    corps = base64.encodebytes(b"octets").replace(b"\n", b"\r\n")
    retour = b"From: a@b.test\r\nTo: c@d.test,\r\n e@f.test\r\nSubject: X/1\r\n\r\n" + corps
    attendu = b"From: oct@x.test\r\nTo: ps@y.test\r\nSubject: X/1\r\n\r\n" + corps
    assert pass_on(retour, de="oct@x.test", a="ps@y.test") == attendu
