"""The services behind HTTP, called as an LPS does: JSON only."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from simulator.services import ServiceHttp
from tests.ssv.outils import GROUPES, Poste


def test_an_invoice_and_its_lot_through_http() -> None:
    poste = Poste().inserer()
    services = poste.services
    with ServiceHttp(
        services.registre,
        services.fonctions,
        jeton="j",
        emettre=lambda n, d: poste.evenements.append((n, d)),
    ) as service:
        connexion = http.client.HTTPConnection("127.0.0.1", urlsplit(service.url).port, timeout=10)

        def call(methode: str, **params: Any) -> Any:
            corps = json.dumps({"jsonrpc": "2.0", "id": 1, "method": methode, "params": params})
            connexion.request("POST", "/rpc", corps, {"Authorization": "Bearer j"})
            return json.loads(connexion.getresponse().read())["result"]

        assert call("ssv.lire_carte_ps", code_porteur="1234")["code_retour"] == "F600"
        assert call("ssv.init_lib") == {"code_retour": "0000", "libelle": ""}
        assert call("ssv.lire_carte_ps", code_porteur="1234")["groupes"][0]["champs"][5] == "MARTIN"
        droits = call("ssv.lire_droits_vitale", date_consultation="20260302")["groupes"]
        assert [g["groupe"] for g in droits][:2] == [101, 104]
        groupes = [{"groupe": id_, "champs": champs} for id_, champs in GROUPES.items()]
        facture = call("ssv.formater_facture", type="FSE", mode="SESAM_VITALE", groupes=groupes)["facture"]
        for methode in ("ssv.chiffrer_facture", "ssv.signer_facture_vitale", "ssv.signer_facture_ps"):
            reponse = call(methode, facture=facture)
            assert reponse["code_retour"] == "0000", reponse
            facture = reponse["facture"]
        lot = call(
            "ssv.formater_lot",
            reference="001",
            date="20260302",
            factures=[facture],
            code_porteur="1234",
            fin_de_serie=True,
        )
        assert lot["code_retour"] == "0000"
        assert lot["groupes"][0]["groupe"] == 13
        connexion.close()
    assert "erreur_banc" not in {n for n, _ in poste.evenements}
    assert '"1234"' not in json.dumps(poste.evenements)
