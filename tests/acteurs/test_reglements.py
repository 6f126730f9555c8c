"""What an RSP bears, read from its columns alone: states, lump sums, deductions, levels, totals, older references."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import pytest

from tests.acteurs.noemie_independant import Fichier580, read_580
from tests.acteurs.outils import AMO, DEGRADE, PS, Emetteur


def settle(e: Emetteur, **reglage: Any) -> bytes:
    """The file of the RSP that the AMO then sends."""
    e.monde.agir("acteur.regler", {"acteur": AMO, **reglage})
    e.monde.agir("acteurs.liquider", {"acteur": AMO})
    message = message_from_bytes(e.releve()[-1])
    assert message["Content-Description"] == "RSP/NOEMIE"
    octets = message.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets


def two(e: Emetteur) -> None:
    """Two invoices of 25,00 €, 17,50 € asked from the AMO, in one lot."""
    e.transmettre(e.lot([e.facture("000000001"), e.facture("000000002")]))


def types(rsp: Fichier580) -> list[str]:
    return [e[:3] for e in rsp.entites]


def returns_081(rsp: Fichier580) -> list[str]:
    return [e[5:7] for e in rsp.entites if e.startswith("081")]


# --- 580 --------------------------------------------------------------------------------------------------------
def test_signalled_is_paid_with_a_remark(seul: Emetteur) -> None:
    two(seul)
    rsp = read_580(settle(seul, rsp="signale", rejet_code="0220", rejet_libelle="Carte à mettre à jour"))
    assert [(f.parts["198"], f.rejets) for f in rsp.factures] == [
        ((1750, "P", 1750), [("0220", "CARTE A METTRE A JOUR", "F", "O")]),
        ((1750, "P", 1750), [("0220", "CARTE A METTRE A JOUR", "F", "O")]),
    ]
    assert rsp.fin[85:97] == "00000003500P"
    assert seul.retours[-1]["positif"]


@pytest.mark.parametrize(
    ("pourcent", "paye", "total"), [(50, 875, "00000001750P"), (0, 0, "00000000000P"), (33, 577, "00000001154P")]
)
def test_partial_payment(seul: Emetteur, pourcent: int, paye: int, total: str) -> None:
    two(seul)
    rsp = read_580(settle(seul, rsp="partiel", paye_pourcent=pourcent))
    assert [f.parts["198"] for f in rsp.factures] == [(1750, "P", paye)] * 2
    # 081 to the last 198: itself and three entities an invoice; 071 and 040 one more each
    assert rsp.niveaux == [("081", 7, 2 * paye), ("071", 8, 2 * paye), ("040", 9, 2 * paye)]
    assert rsp.fin[85:97] == total


def test_deferred_then_nothing_paid_today(seul: Emetteur) -> None:
    two(seul)
    rsp = read_580(settle(seul, rsp="differe"))
    assert [f.parts["198"] for f in rsp.factures] == [(1750, "D", 0)] * 2
    assert rsp.fin[85:97] == "00000000000P"


def test_lump_sums_deductions_and_paper_beside_invoices(seul: Emetteur) -> None:
    """17,50 × 2 + 25,00 on paper + ROSP 1 000,00 + RMT 42,00 - 12,50 - 3,00 = 1 086,50 €."""
    two(seul)
    rsp = read_580(
        settle(
            seul,
            forfaits=[
                {"code": "ROSP", "montant": 100_000, "libelle": "Rémunération sur objectifs"},
                {"code": "RMT", "montant": 4200},
            ],
            retenues=[
                {"montant": 1250, "nature": "IND", "operation": "RDP", "reference": "DETTE1"},
                {"montant": 300, "nature": "APR", "operation": "RDS"},
            ],
            papier=[{"numero": "77", "montant": 2500}],
        )
    )
    assert types(rsp) == [
        "040", "071", "081", "102", "103", "198", "102", "103", "198", "990",  # electronic
        "081", "102", "103", "198", "990",  # paper
        "081", "262", "261", "990",  # lump sums
        "081", "250", "250", "990",  # deductions
        "990", "990",
    ]  # fmt: skip
    assert returns_081(rsp) == ["01", "02", "03", "05"]
    assert [(f.numero, f.lot, f.type, f.parts["198"]) for f in rsp.factures] == [
        ("000000001", "001", "F", (1750, "P", 1750)),
        ("000000002", "001", "F", (1750, "P", 1750)),
        ("000000077", "000", "P", (2500, "P", 2500)),
    ]
    forfait = next(e for e in rsp.entites if e.startswith("262"))
    assert (forfait[5:10].rstrip(), forfait[10:90].rstrip(), forfait[125:133]) == (
        "ROSP", "REMUNERATION SUR OBJECTIFS", "00100000",
    )  # fmt: skip
    court = next(e for e in rsp.entites if e.startswith("261"))
    assert (court[5:10].rstrip(), court[10:18]) == ("RMT", "00004200")
    une, autre = (e for e in rsp.entites if e.startswith("250"))
    assert (une[7:17].rstrip(), une[17:23], une[23:26], une[26:29], une[29:37], une[37]) == (
        "DETTE1", "260302", "IND", "RDP", "00001250", "N",
    )  # fmt: skip
    assert (autre[23:26], autre[26:29], autre[29:37], autre[37]) == ("APR", "RDS", "00000300", "N")
    assert rsp.niveaux == [
        ("081", 7, 3500), ("081", 4, 2500), ("081", 3, 104_200), ("081", 3, 1550),
        ("071", 18, 108_650), ("040", 19, 108_650),
    ]  # fmt: skip
    signes = [e[41] for e in rsp.entites if e.startswith("990")]
    assert signes == ["P", "P", "P", "N", "P", "P"], "deductions alone go the other way"
    assert (rsp.fin[85:97], int(rsp.fin[55:63])) == ("00000108650P", len(rsp.entites) + 2)


def test_deductions_beyond_what_is_paid_make_a_negative_transfer(seul: Emetteur) -> None:
    two(seul)
    rsp = read_580(settle(seul, retenues=[{"montant": 10_000}]))
    # 35,00 - 100,00 = - 65,00
    assert [(code, total) for code, _, total in rsp.niveaux] == [
        ("081", 3500),
        ("081", 10_000),
        ("071", 6500),
        ("040", 6500),
    ]
    assert [e[41] for e in rsp.entites if e.startswith("990")] == ["P", "N", "N", "N"]
    assert rsp.fin[85:97] == "00000006500N"


def test_a_one_off_payment_alone(seul: Emetteur) -> None:
    """Nothing to settle: the aide pérenne goes to the PS last heard of, without any invoice."""
    two(seul)
    settle(seul)
    rsp = read_580(settle(seul, forfaits=[{"code": "AIDEP", "montant": 49_000, "libelle": "Aide pérenne"}]))
    assert (rsp.factures, types(rsp)) == ([], ["040", "071", "081", "262", "990", "990", "990"])
    assert rsp.niveaux == [("081", 2, 49_000), ("071", 3, 49_000), ("040", 4, 49_000)]
    assert (rsp.fin[82:85], rsp.fin[85:97]) == ("000", "00000049000P")
    once = [r["nature"] for r in seul.retours].count("RSP")
    seul.monde.agir("acteurs.liquider")
    assert [r["nature"] for r in seul.retours].count("RSP") == once, "said once"


def test_a_degraded_invoice_is_told_as_such(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([seul.facture(mode=DEGRADE)]))
    assert [f.type for f in read_580(settle(seul)).factures] == ["B"]


def test_the_reject_of_one_part_pays_the_other(seul: Emetteur) -> None:
    amc = {"g1321_2": "34900033", "g1321_3": "A0001", "g1321_7": "99", "g1610_13": "750", "g1710_4": "750"}
    seul.transmettre(seul.lot([seul.facture(**amc)]))
    rsp = read_580(settle(seul, rsp="rejete", rejet_part="amo", rejet_code="0101", rejet_libelle="Droits fermés"))
    [facture] = rsp.factures
    assert facture.parts == {"198": (1750, "R", 0), "199": (750, "P", 750)}
    assert facture.rejets == [("0101", "DROITS FERMES", "F", "O")]
    assert rsp.fin[85:97] == "00000000750P"


def test_what_the_bank_will_show(seul: Emetteur) -> None:
    """Date, payer and amount of the transfer are enough to find it on a statement, one transfer a settlement."""
    two(seul)
    rsp = read_580(settle(seul))
    [virement] = [e for e in rsp.entites if e.startswith("071")]
    assert (virement[5:11], virement[11:43].rstrip(), virement[43:75].rstrip(), virement[75:85].strip()) == (
        "260302", "CPAM FICTIVE 349", "VIREMENT 02/03/2026", AMO,
    )  # fmt: skip
    [destinataire] = [e for e in rsp.entites if e.startswith("040")]
    assert destinataire[5:20].strip().lstrip("0") == PS


# --- 576, 900 ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reference", ["576", "900"])
def test_older_references(seul: Emetteur, reference: str) -> None:
    """One invoice paid, one rejected, 3,00 € held back; a lump sum has no entity in these references."""
    two(seul)
    octets = settle(
        seul, rsp_reference=reference, factures_rejetees=["2"], rejet_code="0101", rejet_libelle="Droits fermés",
        retenues=[{"montant": 300}], forfaits=[{"code": "RMT", "montant": 4200}],
    )  # fmt: skip
    texte = octets.decode("ascii")
    entete, fin, entites = texte[:128], texte[-128:], texte[128:-128].removesuffix("@").split("@")
    assert entete[61:65].strip() == reference
    assert [e[:3] for e in entites] == [
        "040", "070", "080", "100", "110", "210", "100", "110", "210", "290", "250", "990",
    ]  # fmt: skip
    assert entites[1][5:11] == "260302", "070: day of the transfer"
    assert (entites[2][5:11], entites[2][11:14]) == ("260302", "001"), "080: lot, after its date"
    lignes = [e for e in entites if e.startswith("210")]
    # 210: paid 53-60, sign 61, expense 78-85
    assert [(e[52:60], e[60], e[77:85]) for e in lignes] == [
        ("00001750", "P", "00001750"),
        ("00000000", "P", "00001750"),
    ]
    rejet = next(e for e in entites if e.startswith("290"))
    assert (rejet[7:17].rstrip(), rejet[17:97].rstrip()) == ("0101", "DROITS FERMES")
    niveau = entites[-1]
    # 040 to 250: eleven entities; 17,50 - 3,00 = 14,50
    assert (niveau[5:22].rstrip(), int(niveau[22:30]), int(niveau[30:41]), niveau[41]) == ("040", 11, 1450, "P")
    assert (fin[85:97], int(fin[55:63])) == ("00000001450P", len(entites) + 2)
