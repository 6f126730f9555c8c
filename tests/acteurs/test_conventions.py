"""Issuers of normed files (cdc §3.6.3): direct from an AMC, from the GIE for single management; in the PS's mailbox."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from norms.conventions import ErreurTable, Table, lire
from simulator.monde import ErreurAction
from tests.acteurs.outils import Emetteur


def recue(e: Emetteur) -> tuple[str, str, bytes]:
    """Sender, description and file of the last message of the mailbox."""
    message = message_from_bytes(e.releve()[-1])
    octets = message.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return str(message["From"]), str(message["Content-Description"]), octets


def diffuser(e: Emetteur, **avec: object) -> None:
    e.monde.agir("tables.diffuser", avec)


def test_an_amc_sends_its_conventions(seul: Emetteur) -> None:
    diffuser(seul, emetteur="75500017", nature="conventions")
    de, description, octets = recue(seul)
    assert (de, description) == ("conventions@rocher-mutuelle.test", "TABLES/SV/CONVENTIONS")
    table = lire(octets)
    assert (table.emetteur, table.jour.isoformat()) == ("75500017", "2026-03-02")
    assert [(x["numero_amc"], x["operateur_reglement"], x["specialites"]) for x in table.lignes] == [
        ("75500017", "", "01"), ("75500058", "77700041", "01"), ("75500017", "", "50"),
    ]  # fmt: skip
    [depot] = seul.retours
    assert (depot["acteur"], depot["nature"], depot["code"], depot["libelle"]) == (
        "75500017", "TABLE", "conventions", "3 entrée(s)",
    )  # fmt: skip


def test_the_gie_sends_single_management_and_correspondence(seul: Emetteur) -> None:
    diffuser(seul, emetteur="GIE", nature="conventions")
    assert {x["type_convention"] for x in lire(recue(seul)[2]).lignes} == {"RO"}
    diffuser(seul, emetteur="GIE", nature="correspondances")
    _, description, octets = recue(seul)
    assert description == "TABLES/SV/CORRESPONDANCES"
    assert lire(octets).lignes[0] == {"mutnum": "00000033", "numero_amc": "34900033"}


def test_lines_of_a_scenario_in_place_of_the_issuers(seul: Emetteur) -> None:
    lignes = [{"action": "S", "numero_amc": "75500058", "signataire": "75500017"}]
    diffuser(seul, emetteur="75500017", nature="regroupements", lignes=lignes)
    assert [(x["action"], x["numero_amc"]) for x in lire(recue(seul)[2]).lignes] == [("S", "75500058")]
    diffuser(seul, emetteur="GIE", nature="regroupements", lignes=[])
    assert lire(recue(seul)[2]) == Table("regroupements", "GIE", lire(recue(seul)[2]).jour, ())


def test_a_file_cut_short_and_the_faults_of_returns(seul: Emetteur) -> None:
    diffuser(seul, emetteur="GIE", nature="conventions", defaut="altere")
    with pytest.raises(ErreurTable, match="incomplet"):
        lire(recue(seul)[2])
    panne = {"quoi": "retarder", "sens": "retour", "nature": "TABLE", "qui": "GIE", "jours_ouvres": 1}
    seul.monde.agir("panne.poser", panne)
    diffuser(seul, emetteur="GIE", nature="conventions")
    assert len(seul.retours) == 1
    seul.monde.agir("horloge.avancer", {"jours_ouvres": 1})
    assert len(seul.retours) == 2


@pytest.mark.parametrize(
    ("avec", "dit"),
    [
        ({"emetteur": "X", "nature": "conventions"}, "« X » inconnu ; émetteurs : 75500017, GIE"),
        ({"emetteur": "75500017", "nature": "correspondances"}, "n'a pas de fichier « correspondances »"),
        ({"emetteur": "GIE", "nature": "autre"}, "nature"),
        ({"emetteur": "GIE", "nature": "conventions", "lignes": [{"action": "Z"}]}, "action « Z »"),
    ],
)
def test_what_cannot_be_sent(seul: Emetteur, avec: dict[str, object], dit: str) -> None:
    with pytest.raises(ErreurAction) as info:
        diffuser(seul, **avec)
    assert dit in str(info.value)
