"""What the bench watches in every scenario must not cry wolf."""

from __future__ import annotations

from typing import Any

from harness.expressions import evaluate
from harness.vigilances import load_vigilances


def _found(exigence: str, observations: dict[str, Any]) -> Any:
    [vigilance] = [v for v in load_vigilances() if v.verifie == exigence and "sauf(" in v.sur]
    return evaluate(vigilance.sur, observations)


def test_two_acknowledgements_of_one_file_were_both_sent() -> None:
    annonces = {"retours": [{"nature": "ARL", "lot": "001"}, {"nature": "ARL", "lot": "002"}]}
    observations = {
        "lps": [{"operation": "retours.relever", "resultat": annonces}],
        "retours": [{"nature": "ARL", "lot": "001", "lots": ["001", "002"]}],
    }
    assert _found("SV-4.2.2.1-04", observations) == []
    observations["retours"] = [{"nature": "ARL", "lot": "001", "lots": ["001"]}]
    assert _found("SV-4.2.2.1-04", observations) == ["002"]


def test_a_message_that_the_network_took_then_lost_was_sent() -> None:
    annonces = {"messages": [{"statut": "accepte", "sujet": "SV140800/1/2/00001"}]}
    observations: dict[str, Any] = {
        "lps": [{"operation": "transmission.envoyer", "resultat": annonces}],
        "smtp": [{"nature": "message", "sujet": "SV140800/1/2/00001"}],
        "flux": {"messages": []},
    }
    assert _found("SV-4.2.4-07", observations) == []
    observations["smtp"] = [{"nature": "session"}]
    assert _found("SV-4.2.4-07", observations) == ["SV140800/1/2/00001"]
