"""The repository of health professionals: its file, and prescriptions completed from it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from norms.referentiel import ErreurReferentiel, lire
from simulator.monde import ConfigMonde, MondeSimule
from tests.reference.conftest import Cabinet

TETE = "REFERENTIEL;20260101\r\nrpps;numero;specialite;nom;prenom\r\n"
LAMBERT = "99900380262;992180180;01;LAMBERT;ALICE\r\n"


def b64(texte: str) -> str:
    return base64.b64encode(texte.encode()).decode()


@pytest.mark.parametrize(
    ("texte", "motif"),
    [
        ("", "ligne 1"),
        ("REFERENTIEL;2026\r\n" + TETE.split("\r\n")[1] + "\r\n", "version"),
        ("REFERENTIEL;20260101\r\nnom;prenom\r\n", "ligne 2"),
        (TETE + "123;992180180;01;LAMBERT;ALICE\r\n", "ligne 3"),
        (TETE + LAMBERT + "99900020092;992222304\r\n", "ligne 4"),
    ],
)
def test_a_wrong_file_says_where(texte: str, motif: str) -> None:
    with pytest.raises(ErreurReferentiel, match=motif):
        lire(texte.encode())
    with pytest.raises(ErreurReferentiel, match="illisible"):
        lire(b"\xff\xfe")


@pytest.fixture
def pharmacie(tmp_path: Path) -> Iterator[Cabinet]:
    with MondeSimule(ConfigMonde(lecteurs={"ps": "pharmacien", "vitale": "durand-paul"})) as monde:
        cabinet = Cabinet(monde, tmp_path, {})
        cabinet.demarrer()
        yield cabinet
        cabinet.brut("au_revoir")


def test_older_or_broken_versions_leave_the_one_in_use(pharmacie: Cabinet) -> None:
    assert pharmacie.ok("referentiel.charger", contenu_base64=b64(TETE + LAMBERT))["version"] == "20260101"
    for contenu in (b64(TETE.replace("20260101", "20251231") + LAMBERT), b64(TETE + LAMBERT), b64("x"), "***"):
        pharmacie.refus("referentiel.charger", contenu_base64=contenu)
    pharmacie.demarrer()
    trouve = pharmacie.ok("prescripteur.chercher", rpps="99900380262")
    assert (trouve["nom"], trouve["version"]) == ("LAMBERT", "20260101")


def test_what_the_ps_typed_prevails(pharmacie: Cabinet) -> None:
    pharmacie.ok("referentiel.charger", contenu_base64=b64(TETE + LAMBERT))
    pharmacie.ok("ps.lire", code_porteur="1234")
    pharmacie.ok(
        "facture.elaborer",
        mode="SESAM_VITALE",
        prestations=[{"code": "PH7", "prix_saisi": 768, "date": "2026-03-02"}],
        prescription={"rpps": "99900380262", "specialite": "08", "date": "2026-02-20"},
    )
    (appel,) = [
        e.donnees
        for e in pharmacie.monde.journal.of("appel_service")
        if e.donnees["fonction"] == "ssv.formater_facture"
    ]
    assert str(appel["parametres"]).count("99218018") == 1
    groupe = appel["parametres"]["groupes"]["1210"][0]
    assert groupe[:3] == ["99218018", "0", "08"]
