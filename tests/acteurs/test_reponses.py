"""What insurers answer, over real sockets: ARL by the table of cdc §3.5, RSP 580, service messages."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from simulator.monde import ErreurAction
from tests.acteurs.atelier import Atelier
from tests.acteurs.noemie_independant import read_580
from tests.acteurs.outils import AMC, AMO, DEGRADE, DRE, FSE, OCT, PS, SANS_VITALE, SESAM, Emetteur, emetteur


def lus(e: Emetteur) -> list[Message]:
    return [message_from_bytes(m) for m in e.releve()]


def contenu(message: Message) -> bytes:
    octets = message.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets


def arl(message: Message) -> dict[str, str]:
    """The one acknowledgement of an ARL message, columns read by hand (norms/donnees/arl/type_A.yaml)."""
    assert message["Content-Description"] == "ARL/SV"
    octets = contenu(message).decode("ascii")
    assert len(octets) == 3 * 128
    a = octets[128:256]
    return {
        "ps": a[1:10],
        "lot": a[10:13],
        "date": a[13:19],
        "type": a[19],
        "sens": a[20],
        "code": a[21:25].rstrip(),
        "libelle": a[25:85].rstrip(),
        "facture": a[85:94].strip(),
    }


def resumes(e: Emetteur) -> list[tuple[Any, ...]]:
    return [(r["acteur"], r["nature"], r["lot"], r["positif"], r["code"]) for r in e.retours]


# --- ARL ------------------------------------------------------------------------------------------------------
def test_positive_arl_of_a_sound_lot(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([seul.facture()]))
    assert resumes(seul) == [(AMO, "ARL", "001", True, "")]
    [message] = lus(seul)
    assert arl(message) == {
        "ps": PS, "lot": "001", "date": "260302", "type": "F", "sens": "P", "code": "", "libelle": "", "facture": "",
    }  # fmt: skip
    assert (message["From"], message["To"]) == ("01349@349.01.rss.test", seul.monde.adresse_ps)
    assert [e.donnees["action"] for e in seul.monde.journal.of("retour_releve")] == ["lu"]


@pytest.mark.parametrize(
    ("type_", "mode", "attendus"),
    [
        (FSE, SESAM, [(AMO, "ARL", "001", True, "")]),
        (FSE, SANS_VITALE, [(AMO, "ARL", "001", True, "")]),
        (FSE, DEGRADE, []),
        (DRE, SESAM, [(AMC, "ARL", "AAA", True, "")]),
        (DRE, SANS_VITALE, [(AMC, "ARL", "AAA", True, "")]),
        (DRE, DEGRADE, [(AMC, "ARL", "AAA", True, "")]),
    ],
)
def test_table_of_cdc_3_5(type_: Any, mode: Any, attendus: list[Any]) -> None:
    with emetteur() as e:
        dre = type_ is DRE
        lot = e.lot([e.facture(type_=type_, mode=mode)], "AAA" if dre else "001")
        e.transmettre(lot, numero=AMC if dre else AMO)
        assert e.codes() == []
        assert resumes(e) == attendus
        assert [f["type"] for f in e.flux["factures"]] == [type_.value]


def test_a_degraded_lot_is_settled_all_the_same(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([seul.facture(mode=DEGRADE)]))
    seul.monde.agir("acteurs.liquider")
    [message] = lus(seul)
    [facture] = read_580(contenu(message)).factures
    assert (facture.type, facture.parts) == ("B", {"198": (1750, "P", 1750)})


def test_one_arl_for_each_lot(seul: Emetteur) -> None:
    une = seul.lot([seul.facture("000000001")])
    autre = seul.lot([seul.facture("000000002", g1410_1="2")], "002")
    seul.transmettre(une, autre)
    assert resumes(seul) == [(AMO, "ARL", "001", True, ""), (AMO, "ARL", "002", True, "")]


def test_only_the_faulty_lot_is_refused_and_its_first_invoice_named(seul: Emetteur) -> None:
    une = seul.lot([seul.facture("000000001"), seul.facture("000000002"), seul.facture("000000003")])
    autre = seul.lot([seul.facture("000000004", g1410_1="2")], "002")
    atelier = Atelier.of(seul.monde.pki, seul.fichier([une, autre]))
    for rang in (1, 2):
        atelier.set("2", rang, cle_nir="39")
    seul.envoyer(seul.message(seul.sceller(atelier.resign().brut), 4))
    refus, accord = (arl(m) for m in lus(seul))
    assert (refus["lot"], refus["sens"], refus["code"], refus["facture"]) == ("001", "N", "F017", "000000002")
    assert refus["libelle"] == "CLE DU NIR INCORRECTE"
    assert (accord["lot"], accord["sens"]) == ("002", "P")
    assert [(r["lot"], r["facture"]) for r in seul.retours] == [("001", "000000002"), ("002", "")]


@pytest.mark.parametrize(("date_lot", "code"), [("20251201", "5001"), ("20260305", "5002")])
def test_lots_too_old_or_post_dated(seul: Emetteur, date_lot: str, code: str) -> None:
    # 1 December 2025 is 91 days before 2 March 2026; 5 March is its third working day
    jour = min(date_lot, "20260302")
    seul.transmettre(seul.lot([seul.facture(g1110_3=jour, g1610_2=jour)], date=date_lot))
    [message] = lus(seul)
    lu = arl(message)
    assert (lu["sens"], lu["code"], lu["facture"]) == ("N", code, "")


def test_scripted_refusal(seul: Emetteur) -> None:
    seul.monde.agir(
        "acteur.regler",
        {
            "acteur": AMO,
            "arl": "negatif",
            "arl_code": "1001",
            "arl_libelle": "Facture altérée",
            "facture_en_cause": "2",
        },
    )
    seul.transmettre(seul.lot([seul.facture("000000001"), seul.facture("000000002")]))
    [message] = lus(seul)
    lu = arl(message)
    assert (lu["sens"], lu["code"], lu["libelle"], lu["facture"]) == ("N", "1001", "FACTURE ALTEREE", "000000002")
    assert seul.codes() == [], "the lot is sound: the refusal is the scenario's"


@pytest.mark.parametrize(("reglage", "attendus"), [("positif", [True]), ("aucun", []), ("honnete", [False])])
def test_scripted_answers_to_a_faulty_lot(seul: Emetteur, reglage: str, attendus: list[bool]) -> None:
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": reglage})
    seul.transmettre(seul.lot([seul.facture("000000007"), seul.facture("000000003")]))
    assert seul.codes() == ["LOT_NON_TRIE"]
    assert [r["positif"] for r in seul.retours] == attendus


def test_behaviour_given_with_the_world() -> None:
    with emetteur(acteurs={AMO: {"arl": "negatif", "facture_en_cause": "1"}}) as e:
        e.transmettre(e.lot([e.facture("000000012")]))
        assert resumes(e) == [(AMO, "ARL", "001", False, "S000")]
        assert e.retours[0]["facture"] == "000000012"


# --- memory ---------------------------------------------------------------------------------------------------
def test_a_lot_already_accepted_is_refused_the_second_time(seul: Emetteur) -> None:
    lot = seul.lot([seul.facture()])
    seul.transmettre(lot)
    seul.transmettre(lot)
    assert resumes(seul) == [(AMO, "ARL", "001", True, ""), (AMO, "ARL", "001", False, "S009")]


def test_a_refused_lot_may_come_again_as_it_was(seul: Emetteur) -> None:
    lot = seul.lot([seul.facture("000000001"), seul.facture("000000002")])
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "negatif"})
    seul.transmettre(lot)
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "honnete"})
    seul.transmettre(lot)
    assert [r["positif"] for r in seul.retours] == [False, True]
    premier, second = seul.flux["lots"]
    assert premier["brut_sha256"] == second["brut_sha256"]


def test_a_refused_lot_made_again_needs_another_reference(seul: Emetteur) -> None:
    factures = [seul.facture("000000001"), seul.facture("000000002")]
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "negatif"})
    seul.transmettre(seul.lot(factures))
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "honnete"})
    seul.transmettre(seul.lot(factures[:1]))
    seul.transmettre(seul.lot(factures[:1], "002"))
    assert [(r["lot"], r["positif"], r["code"]) for r in seul.retours[1:]] == [
        ("001", False, "S010"),
        ("002", True, ""),
    ]


def test_reused_time_stamp(seul: Emetteur) -> None:
    lot = seul.lot([seul.facture()])
    fichier = seul.fichier([lot])
    sujet = f"SV140800/{PS}/2026030209000000077/00001"
    seul.envoyer(seul.message(seul.sceller(fichier), 1, Subject=sujet))
    seul.envoyer(seul.message(seul.sceller(fichier), 1, Subject=sujet))
    assert [(r["nature"], r["code"]) for r in seul.retours] == [("ARL", ""), ("SERVICE", "rejet_smtp")]
    assert "SUJET_COMPOSTAGE_REUTILISE" in seul.codes()


# --- service messages -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cas", "nature"),
    [("sujet", "rejet_smtp"), ("clair", "rejet_chiffrement"), ("cle", "rejet_chiffrement"), ("fin", "rejet_fichier")],
)
def test_service_messages(seul: Emetteur, cas: str, nature: str) -> None:
    fichier = seul.fichier([seul.lot([seul.facture()])])
    message = {
        "sujet": lambda: seul.message(seul.sceller(fichier), 1, Subject="Mes factures"),
        "clair": lambda: seul.message(fichier, 1, Content_Description="FACTURE/SV"),
        "cle": lambda: seul.message(seul.sceller(fichier, "02349"), 1),
        "fin": lambda: seul.message(seul.sceller(fichier[:-128]), 1),
    }[cas]()
    seul.envoyer(message)
    assert resumes(seul) == [(AMO, "SERVICE", "", False, nature)]
    [retour] = lus(seul)
    assert retour["Content-Description"] == f"SERVICE/{nature.upper().replace('_', '-')}"
    origine = message_from_bytes(message)["Subject"]
    assert retour["Subject"].endswith(f"/{origine}")
    assert origine in contenu(retour).decode("latin-1")
    seul.monde.agir("acteurs.liquider")
    assert len(seul.retours) == 1, "a file refused is never settled"


def test_after_a_service_message_the_same_lot_is_accepted(seul: Emetteur) -> None:
    lot = seul.lot([seul.facture()])
    seul.envoyer(seul.message(seul.fichier([lot]), 1, Content_Description="FACTURE/SV"))
    seul.transmettre(lot)
    assert [(r["nature"], r["positif"]) for r in seul.retours] == [("SERVICE", False), ("ARL", True)]


def test_service_message_on_order(seul: Emetteur) -> None:
    with pytest.raises(ErreurAction, match="n'a reçu aucun message"):
        seul.monde.agir("acteur.envoyer_service", {"acteur": AMO, "nature": "rejet_fichier"})
    seul.transmettre(seul.lot([seul.facture()]))
    seul.monde.agir("acteur.envoyer_service", {"acteur": AMO, "nature": "rejet_fichier"})
    assert [(r["nature"], r["code"]) for r in seul.retours] == [("ARL", ""), ("SERVICE", "rejet_fichier")]


@pytest.mark.parametrize("nature", ["rejet_smtp", "rejet_fichier", "rejet_chiffrement"])
def test_scripted_service_message(nature: str) -> None:
    with emetteur(acteurs={AMO: {"service": nature}}) as e:
        e.transmettre(e.lot([e.facture()]))
        assert resumes(e) == [(AMO, "SERVICE", "", False, nature)]
        assert e.codes() == []


# --- RSP ------------------------------------------------------------------------------------------------------
def test_payment_of_two_lots(seul: Emetteur) -> None:
    une = seul.lot([seul.facture("000000001"), seul.facture("000000002")])
    autre = seul.lot([seul.facture("000000003", g1410_1="2")], "002")
    seul.transmettre(une, autre)
    seul.monde.agir("acteurs.liquider")
    message = lus(seul)[-1]
    assert message["Content-Description"] == "RSP/NOEMIE"
    assert message["Subject"].split("/")[1::2] == [PS, "00003"]
    rsp = read_580(contenu(message))
    assert [(f.numero, f.lot, f.type, f.parts, f.rejets) for f in rsp.factures] == [
        ("000000001", "001", "F", {"198": (1750, "P", 1750)}, []),
        ("000000002", "001", "F", {"198": (1750, "P", 1750)}, []),
        ("000000003", "002", "F", {"198": (1750, "P", 1750)}, []),
    ]
    assert rsp.virements == ["260302"]
    # 081, 071 and 040 closed in turn: three invoices of 3 entities under 081, one more at each level; 52,50 € each
    assert rsp.niveaux == [("081", 10, 5250), ("071", 11, 5250), ("040", 12, 5250)]
    assert (rsp.entete[61:65].strip(), rsp.fin[82:85], rsp.fin[85:97]) == ("580", "002", "00000005250P")
    assert int(rsp.fin[55:63]) == len(rsp.entites) + 2
    assert [r["factures"] for r in seul.retours][-1][0] == {
        "lot": "001", "numero": "000000001", "etat": "P", "demande": 1750, "paye": 1750, "code": "",
    }  # fmt: skip


def test_settled_once(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([seul.facture()]))
    seul.monde.agir("acteurs.liquider", {"acteur": AMO})
    seul.monde.agir("acteurs.liquider")
    assert [r["nature"] for r in seul.retours] == ["ARL", "RSP"]


def test_rejection_of_everything(seul: Emetteur) -> None:
    reglage = {"acteur": AMO, "rsp": "rejete", "rejet_code": "0101", "rejet_libelle": "Droits non ouverts"}
    seul.monde.agir("acteur.regler", reglage)
    seul.transmettre(seul.lot([seul.facture()]))
    seul.monde.agir("acteurs.liquider")
    rsp = read_580(contenu(lus(seul)[-1]))
    [facture] = rsp.factures
    assert facture.parts == {"198": (1750, "R", 0)}
    assert facture.rejets == [("0101", "DROITS NON OUVERTS", "F", "O")]
    assert facture.commentaires == ["FACTURE 000000012 REJETEE PAR CPAM FICTIVE 349"]
    assert {total for _, _, total in rsp.niveaux} == {0}
    assert (seul.retours[-1]["positif"], seul.retours[-1]["code"], seul.retours[-1]["facture"]) == (
        False, "0101", "000000012",
    )  # fmt: skip


def test_rejection_of_one_invoice(seul: Emetteur) -> None:
    seul.monde.agir("acteur.regler", {"acteur": AMO, "factures_rejetees": ["000000002"]})
    seul.transmettre(seul.lot([seul.facture("000000001"), seul.facture("000000002")]))
    seul.monde.agir("acteurs.liquider")
    rsp = read_580(contenu(lus(seul)[-1]))
    assert [f.parts["198"] for f in rsp.factures] == [(1750, "P", 1750), (1750, "R", 0)]
    assert [len(f.rejets) for f in rsp.factures] == [0, 1]
    assert rsp.fin[85:97] == "00000001750P"


def test_payment_by_an_amc(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([seul.facture(type_=DRE)], "AAA"), numero=AMC)
    seul.monde.agir("acteurs.liquider")
    rsp = read_580(contenu(lus(seul)[-1]))
    [facture] = rsp.factures
    assert (facture.type, facture.parts) == ("D", {"199": (750, "P", 750)})
    part = next(e for e in rsp.entites if e.startswith("199"))
    assert part[23:33] == "0075500017"


def test_no_rsp_for_a_refused_lot_nor_when_told_so(seul: Emetteur) -> None:
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "negatif"})
    seul.transmettre(seul.lot([seul.facture()]))
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "honnete", "rsp": "aucun"})
    seul.transmettre(seul.lot([seul.facture("000000013")], "002"))
    seul.monde.agir("acteurs.liquider")
    assert [r["nature"] for r in seul.retours] == ["ARL", "ARL"]


# --- OCT, several recipients, evidence --------------------------------------------------------------------------
def test_a_concentrator_told_to_keep_quiet_only_records(seul: Emetteur) -> None:
    seul.monde.agir("acteur.regler", {"acteur": OCT, "relaie": False, "art": "aucun"})
    lot = seul.lot([seul.facture()])
    octets = seul.fichier([lot], type_destinataire="OT", numero_destinataire="00000000000001", application="TO")
    seul.envoyer(seul.message(seul.sceller(octets, OCT), 1, OCT), OCT)
    seul.monde.agir("acteurs.liquider")
    assert seul.retours == []
    assert [f["acteur"] for f in seul.flux["factures"]] == [OCT]
    assert seul.codes() == []


def test_returns_are_never_encrypted(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([seul.facture()]))
    seul.monde.agir("acteurs.liquider")
    for message in lus(seul):
        assert "/K" not in message["Content-Description"]
        assert contenu(message)[:3] == b"000"


def test_evidence_of_everything(tmp_path: Any) -> None:
    with emetteur(dossier=tmp_path) as e:
        fichier = e.fichier([e.lot([e.facture()])])
        message = e.message(e.sceller(fichier), 1)
        e.envoyer(message)
        e.monde.agir("acteurs.liquider")
        recu = tmp_path / e.flux["messages"][0]["eml"]
        assert recu.read_bytes().replace(b"\r\n", b"\n").rstrip() == message.replace(b"\r\n", b"\n").rstrip()
        releves = e.releve()
        for retour, lu in zip(e.retours, releves, strict=True):
            assert (tmp_path / retour["eml"]).read_bytes().rstrip(b"\r\n") == lu.rstrip(b"\r\n")
        assert base64.b64encode(fichier[:3]) not in recu.read_bytes()
