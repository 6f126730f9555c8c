"""Who receives, manages and pays what: régimes, agreements, delegation, operator; what an RSP doesn't pay."""

from __future__ import annotations

from datetime import date
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from norms.chargement import load
from norms.paquet import NormPack
from norms.tables import Nomenclature, Organismes
from simulator.acteurs.organismes import FICHIER, Gestion, load_gestions, load_organismes
from simulator.acteurs.regles import load_regles
from simulator.monde import ConfigMonde, MondeSimule
from tests.acteurs.atelier import Atelier
from tests.acteurs.noemie_independant import Fichier580, read_580
from tests.acteurs.outils import AMC, AMO, DRE, Emetteur, emetteur

PACK = NormPack.par_defaut()
DELEGUE, OPERATEUR = "91311", "77700041"
#: AMC of the table: managed by 01349 (agreement), by the holder of 91311 (delegation), by itself, through the operator.
UNIQUE, DELEGUEE, SEPAREE, CONFIEE = "34900033", "93100066", "75500017", "75500058"


def regime(numero: str, caisse: str, centre: str) -> dict[str, str]:
    """Group 1310 of an invoice for an AMO."""
    rc = {"g1310_1": numero[:2], "g1310_2": caisse, "g1310_3": centre, "g1310_4": numero[2:], "g1310_5": numero[2:]}
    return dict(rc)


def avec_amc(numero: str) -> dict[str, str]:
    """A complementary part of 7,50 € in the invoice."""
    return {"g1321_2": numero, "g1321_3": "A0001", "g1321_7": "99", "g1610_13": "750", "g1710_4": "750"}


def rsp(e: Emetteur) -> Fichier580:
    """The last return of the mailbox, which is an RSP."""
    message = message_from_bytes(e.releve()[-1])
    assert message["Content-Description"] == "RSP/NOEMIE"
    octets = message.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return read_580(octets)


def natures(e: Emetteur) -> list[tuple[str, str, bool]]:
    return [(r["acteur"], r["nature"], r["positif"]) for r in e.retours]


# --- the table --------------------------------------------------------------------------------------------------
def test_a_table_of_every_regime_with_the_rules_of_the_recipient() -> None:
    entrees = [e for e in load(FICHIER).donnees["organismes"] if e["nature"] == "AMO"]
    assert len(entrees) >= 30
    assert {e["regime"] for e in entrees} == {e.code for e in Nomenclature(PACK, "regimes")}
    types = {e.code for e in Nomenclature(PACK, "types_organismes")}
    regles = Organismes(PACK)
    for e in entrees:
        place = (e["regime"], e["caisse"], e["centre"])
        assert regles.destinataire(*place) == e["organisme_destinataire"], place
        assert regles.centre_informatique(*place) in ("000", e["centre_informatique"]), place
        assert e["numero"] == e["regime"] + e["organisme_destinataire"]
        assert e["adresse"] == f"{e['numero']}@{e['organisme_destinataire']}.{e['regime']}.rss.test"
        assert e["type_destinataire"] in types
    # one organisation at least for each rule that sends a FSE elsewhere than to the caisse itself (formats.md §5)
    ailleurs = {(e["regime"], e["caisse"], e["organisme_destinataire"]) for e in entrees}
    assert {
        ("04", "210", "110"), ("12", "751", "001"), ("02", "725", "721"), ("91", "751", "999"),
        ("93", "921", "512"), ("94", "751", "514"), ("95", "941", "751"),
    } <= ailleurs  # fmt: skip


def test_each_actor_has_a_mailbox_certificates_and_a_memory_of_its_own() -> None:
    organismes = load_organismes()
    with MondeSimule(ConfigMonde()) as monde:
        series, registres = set(), set()
        for o in organismes:
            for role in ("chiffrement_donnees", "chiffrement_piece_jointe"):
                series.add(monde.pki.certificat(role, o.numero).serial_number)
            registres.add(id(monde.bureau.acteur(o.numero).registre))
        assert len(series) == 2 * len(organismes)
        assert len(registres) == len(organismes)
    assert len({o.adresse for o in organismes}) == len(organismes)


def test_who_manages_the_complementary_part() -> None:
    gestions = load_gestions()
    assert gestions[UNIQUE] == Gestion("unique", AMO)
    assert gestions[DELEGUEE] == Gestion("deleguee", DELEGUE)
    assert gestions[SEPAREE] == Gestion("separee", SEPAREE)
    assert gestions[CONFIEE] == Gestion("separee", OPERATEUR)


@pytest.mark.parametrize(
    ("numero", "caisse", "centre"), [("04110", "210", "0000"), ("91311", "311", "0500"), ("94514", "751", "0511")]
)
def test_the_caisse_of_another_regime_answers_and_pays(seul: Emetteur, numero: str, caisse: str, centre: str) -> None:
    lot = seul.lot([seul.facture(**regime(numero, caisse, centre))])
    seul.transmettre(lot, numero=numero)
    seul.monde.agir("acteurs.liquider")
    assert seul.codes() == []
    assert natures(seul) == [(numero, "ARL", True), (numero, "RSP", True)]
    assert [f.parts for f in rsp(seul).factures] == [{"198": (1750, "P", 1750)}]


# --- both parts in the same hands -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("numero", "amc", "place"),
    [(AMO, UNIQUE, {}), (DELEGUE, DELEGUEE, regime(DELEGUE, "311", "0500"))],
    ids=["convention de gestion", "délégation de gestion"],
)
def test_one_organisation_pays_both_parts(seul: Emetteur, numero: str, amc: str, place: dict[str, str]) -> None:
    lot = seul.lot([seul.facture(**place, **avec_amc(amc))])
    seul.transmettre(lot, numero=numero)
    seul.monde.agir("acteurs.liquider")
    assert seul.codes() == []
    lue = rsp(seul)
    [facture] = lue.factures
    assert facture.parts == {"198": (1750, "P", 1750), "199": (750, "P", 750)}
    part = next(e for e in lue.entites if e.startswith("199"))
    assert part[23:33] == amc.rjust(10, "0")
    # 17,50 + 7,50 = 25,00 €; 081: itself, 102, 103, 198, 199
    assert lue.niveaux == [("081", 5, 2500), ("071", 6, 2500), ("040", 7, 2500)]
    assert lue.fin[85:97] == "00000002500P"


@pytest.mark.parametrize(("numero", "amc"), [(AMO, SEPAREE), ("04110", UNIQUE)])
def test_a_part_that_the_amo_does_not_manage_is_rejected(seul: Emetteur, numero: str, amc: str) -> None:
    place = regime(numero, "210", "0000") if numero == "04110" else {}
    seul.transmettre(seul.lot([seul.facture(**place, **avec_amc(amc))]), numero=numero)
    seul.monde.agir("acteurs.liquider")
    assert natures(seul) == [(numero, "ARL", True), (numero, "RSP", False)], "the lot is sound: only the RSP says no"
    lue = rsp(seul)
    [facture] = lue.factures
    assert facture.parts == {"198": (1750, "P", 1750), "199": (750, "R", 0)}
    assert facture.rejets == [("L001", "PART COMPLEMENTAIRE NON GEREE PAR CET ORGANISME", "F", "C")]
    assert lue.fin[85:97] == "00000001750P"


# --- operator ---------------------------------------------------------------------------------------------------
def dre_confiee(e: Emetteur, numero_amc: str, numero: str = "000000012") -> Any:
    routage = {"g1321_8": "OP", "g1321_9": "reglement.test", "g1321_11": "003"}
    return e.facture(numero, DRE, **routage, g1321_2=numero_amc, g1322_1=OPERATEUR)


def test_an_operator_answers_and_pays_for_the_amc(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([dre_confiee(seul, CONFIEE)], "AAA"), numero=OPERATEUR)
    seul.monde.agir("acteurs.liquider")
    assert seul.codes() == []
    assert natures(seul) == [(OPERATEUR, "ARL", True), (OPERATEUR, "RSP", True)]
    lue = rsp(seul)
    [facture] = lue.factures
    assert (facture.type, facture.parts) == ("D", {"199": (750, "P", 750)})
    assert next(e for e in lue.entites if e.startswith("199"))[23:33] == "00" + CONFIEE, "the AMC that owes it"
    assert next(e for e in lue.entites if e.startswith("071"))[-10:].strip() == OPERATEUR, "who pays"


def test_an_operator_refuses_an_amc_that_it_does_not_serve(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([dre_confiee(seul, SEPAREE)], "AAA"), numero=OPERATEUR)
    assert natures(seul) == [(OPERATEUR, "ARL", False)]
    assert seul.codes() == ["FACTURE_DESTINATAIRE"]
    assert seul.retours[0]["code"] == "F023"


def test_an_amc_refuses_the_dre_of_another(seul: Emetteur) -> None:
    lot = seul.lot([seul.facture(type_=DRE, g1321_2=CONFIEE, g1322_1=OPERATEUR)], "AAA")
    seul.envoyer(seul.message(seul.sceller(seul.fichier([lot]), AMC), 1, AMC), AMC)
    assert "FICHIER_DESTINATAIRE" in seul.codes()


# --- agreement of the software ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("refuses", "positif"), [(["AGR1"], False), (["*"], False), (["AGR2"], True)])
def test_software_without_a_valid_agreement(seul: Emetteur, refuses: list[str], positif: bool) -> None:
    seul.monde.agir("acteur.regler", {"acteur": AMO, "agrements_refuses": refuses})
    seul.transmettre(seul.lot([seul.facture()]))
    assert natures(seul) == [(AMO, "ARL", positif)]
    assert seul.codes() == ([] if positif else ["LOT_AGREMENT_REFUSE"])
    assert seul.retours[0]["code"] == ("" if positif else "S023")


# --- what an RSP doesn't pay --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("soins", "borne"),
    [
        (date(2024, 1, 1), date(2026, 4, 1)),
        (date(2024, 3, 31), date(2026, 4, 1)),
        (date(2024, 4, 1), date(2026, 7, 1)),
        (date(2023, 12, 31), date(2026, 1, 1)),
        (date(2024, 10, 1), date(2027, 1, 1)),
    ],
)
def test_two_years_from_the_quarter_after_the_care(soins: date, borne: date) -> None:
    assert load_regles().prescribed_from(soins) == borne


@pytest.mark.parametrize(
    ("jour", "paye"),
    [("2026-03-31T23:00", True), ("2026-04-01T00:00", False), ("2026-04-02T09:00", False)],
    ids=["juste avant", "à la limite", "juste après"],
)
def test_care_too_old_is_rejected_not_the_lot(jour: str, paye: bool) -> None:
    with emetteur(date="2026-03-31T22:00") as e:
        lot = e.lot([e.facture(g1110_3="20260331", g1610_2="20240331")], date="20260331")
        if jour > "2026-04-01":
            e.monde.avancer(e.monde.horloge.now().fromisoformat(f"{jour}:00+02:00"))
        fichier = e.fichier([lot], date="20260331")
        e.envoyer(e.message(e.sceller(fichier), 1))
        e.monde.agir("acteurs.liquider")
        assert natures(e) == [(AMO, "ARL", True), (AMO, "RSP", paye)]
        [facture] = rsp(e).factures
        assert facture.parts == {"198": (1750, "P", 1750) if paye else (1750, "R", 0)}
        assert facture.rejets == ([] if paye else [("L002", "SOINS PRESCRITS", "F", "O")])


def test_the_same_invoice_in_two_lots_is_paid_once(seul: Emetteur) -> None:
    premiere = seul.facture("000000001")
    seul.transmettre(seul.lot([premiere]))
    seul.transmettre(seul.lot([premiere, seul.facture("000000002")], "002"))
    seul.monde.agir("acteurs.liquider")
    lue = rsp(seul)
    assert [(f.numero, f.lot, f.parts["198"]) for f in lue.factures] == [
        ("000000001", "001", (1750, "P", 1750)),
        ("000000001", "002", (1750, "R", 0)),
        ("000000002", "002", (1750, "P", 1750)),
    ]
    assert lue.factures[1].rejets == [("L003", "FACTURE DEJA RECUE", "F", "O")]
    assert lue.fin[85:97] == "00000003500P"


def test_an_invoice_of_a_refused_lot_may_come_again(seul: Emetteur) -> None:
    facture = seul.facture("000000001")
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "negatif"})
    seul.transmettre(seul.lot([facture]))
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "honnete"})
    seul.transmettre(seul.lot([facture], "002"))
    seul.monde.agir("acteurs.liquider")
    assert [f.parts["198"] for f in rsp(seul).factures] == [(1750, "P", 1750)]


def test_what_was_received_is_remembered_by_the_world_after(tmp_path: Path) -> None:
    commun = {"dossier": tmp_path, "durable": True, "lecteurs": {"ps": "dr-martin", "vitale": "durand-paul"}}
    with MondeSimule(ConfigMonde(**commun)) as monde:
        e = Emetteur(monde)
        facture, autre = e.facture("000000001"), e.facture("000000002")
        e.transmettre(e.lot([facture]))
        e.transmettre(e.lot([facture, autre], "002"))
    with MondeSimule(ConfigMonde(**commun)) as monde:
        e = Emetteur(monde)
        e._compteurs |= {"message": 10, "fichier": 10}
        e.transmettre(e.lot([autre], "003"))
        monde.agir("acteurs.liquider")
        assert [(f.numero, f.lot, f.parts["198"][1]) for f in rsp(e).factures] == [
            ("000000001", "001", "P"),
            ("000000001", "002", "R"),
            ("000000002", "002", "P"),
            ("000000002", "003", "R"),
        ]


def test_an_invoice_that_no_return_can_name_is_left_out(seul: Emetteur) -> None:
    """A scenario has a broken lot accepted, then settled: the sound invoice is paid, the other one is told apart."""
    a = Atelier.of(seul.monde.pki, seul.fichier([seul.lot([seul.facture("000000001"), seul.facture("000000002")])]))
    a.raw("2", 1, 27, b"0000Q==02")
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "positif"})
    seul.envoyer(seul.message(seul.sceller(a.brut), 2))
    seul.monde.agir("acteurs.liquider")
    assert [(f.numero, f.parts["198"]) for f in rsp(seul).factures] == [("000000001", (1750, "P", 1750))]
    assert [(f["numero"], f["etat"]) for f in seul.retours[-1]["factures"]] == [("000000001", "P"), ("0000Q==02", "I")]


def test_nothing_to_say_makes_no_rsp(seul: Emetteur) -> None:
    a = Atelier.of(seul.monde.pki, seul.fichier([seul.lot([seul.facture("000000001")])]))
    a.raw("2", 0, 27, b"0000Q==02")
    seul.monde.agir("acteur.regler", {"acteur": AMO, "arl": "positif"})
    seul.envoyer(seul.message(seul.sceller(a.brut), 1))
    seul.monde.agir("acteurs.liquider")
    assert [r["nature"] for r in seul.retours] == ["ARL"]
