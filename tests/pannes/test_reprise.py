"""What a fault held back when the bench stops: the next one delivers it, once; nothing is answered twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.monde import ConfigMonde, MondeSimule
from tests.acteurs.outils import Emetteur
from tests.pannes.outils import lots


def natures(monde: MondeSimule) -> list[tuple[str, str]]:
    return [(x.donnees["nature"], x.donnees["code"]) for x in monde.journal.of("retour_depose")]


@pytest.mark.parametrize(
    ("panne", "avant"),
    [
        ({"quoi": "site_indisponible", "jours_ouvres": 3}, [("SERVICE", "ar_p")]),
        ({"quoi": "retarder", "jours": 30}, []),
        ({"quoi": "intervertir"}, []),
    ],
)
def test_a_message_held_back_is_delivered_by_the_next_bench(
    tmp_path: Path, panne: dict[str, Any], avant: list[tuple[str, str]]
) -> None:
    commun: dict[str, Any] = {
        "dossier": tmp_path,
        "durable": True,
        "lecteurs": {"ps": "dr-martin", "vitale": "durand-paul"},
    }
    with MondeSimule(ConfigMonde(**commun, pannes=(panne,))) as monde:
        e = Emetteur(monde)
        e.transmettre(*lots(e, "001"))
        assert natures(monde) == avant
        assert monde.non_traites == 1
    with MondeSimule(ConfigMonde(**commun)) as monde:
        monde.attendre_traitement()
        assert natures(monde) == [("ARL", "")]
        assert monde.non_traites == 0
    with MondeSimule(ConfigMonde(**commun)) as monde:
        monde.attendre_traitement()
        assert natures(monde) == [], "done with"
