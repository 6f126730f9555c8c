"""The whole chain on real sockets: from cards to acknowledged lots and paid invoices."""

from __future__ import annotations

from tests.reference.conftest import G, Ouvrir


def test_fse_nominale(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    rendue = c.ok("facture.elaborer", prestations=[G])["factures"]
    assert [(f["type"], f["numero"], f["statut"]) for f in rendue] == [("FSE", "000000001", "securisee")]
    # 25,00 € at 70 %: 17,50 €; the patient pays everything, without third-party payment.
    assert rendue[0]["montants"] == {"total": 2500, "amo": 1750, "amc": 0, "assure": 2500}
    messages = c.transmettre()
    assert [m["statut"] for m in messages] == ["accepte"]
    assert c.flux("messages")[0]["anomalies"] == []
    assert c.flux("factures")[0]["anomalies"] == []
    retours = c.ok("retours.relever")["retours"]
    assert [(r["nature"], r["lot"], r["positif"]) for r in retours] == [("ARL", "001", True)]
    assert c.ok("lot.lister")["lots"][0]["statut"] == "acquitte"
