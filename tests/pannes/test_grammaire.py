"""What may be written of a fault, and what is refused with a reason."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from norms.contrat.ports import PARIS
from simulator.acteurs.francais import explain
from simulator.monde import ConfigMonde, ErreurAction, ErreurMonde, MondeSimule
from simulator.pannes.grammaire import DELAIS, SORTES, Panne, Quoi

DOC = Path(__file__).parents[2] / "docs" / "pannes.md"


@pytest.mark.parametrize(
    "panne",
    [
        {"quoi": "refuser_connexion", "code": "421"},
        {"quoi": "refuser_connexion", "sens": "retour", "fois": "0"},
        {"quoi": "repondre", "verbe": "RCPT", "code": "550", "qui": "01349"},
        {"quoi": "repondre", "sens": "retour", "verbe": "PASS"},
        {"quoi": "couper_donnees", "octets": "100", "qui": "OCT01"},
        {"quoi": "retarder", "jours_ouvres": "2", "quand": {"apres": "3", "du": "2026-03-02T12:00"}},
        {"quoi": "perdre", "sens": "retour", "nature": "ARL"},
        {"quoi": "arl_autre_lot", "reference": "ABC"},
    ],
)
def test_accepted(panne: dict[str, Any]) -> None:
    """Values are texts, as YAML gives them here."""
    assert Panne.model_validate(panne).quoi == panne["quoi"]


@pytest.mark.parametrize(
    ("panne", "motif"),
    [
        ({}, "quoi : donnée obligatoire absente"),
        ({"quoi": "exploser"}, "quoi : attendu"),
        ({"quoi": "perdre", "combien": "2"}, "combien : nom inconnu"),
        ({"quoi": "perdre", "octets": "2"}, "« octets » ne va pas avec la panne « perdre » ; .* nature"),
        ({"quoi": "repondre"}, "la panne « repondre » demande « verbe »"),
        ({"quoi": "repondre", "verbe": "RETR"}, "verbe « RETR » inconnu ; admis : EHLO"),
        ({"quoi": "repondre", "verbe": "MAIL", "code": "250"}, "code : valeur d'au moins 400"),
        ({"quoi": "repondre", "verbe": "MAIL", "texte": "é"}, "texte : "),
        ({"quoi": "repondre", "verbe": "MAIL", "qui": "01349"}, "« qui » n'est pas encore connu"),
        ({"quoi": "refuser_connexion", "qui": "01349"}, "« qui » n'est pas encore connu"),
        ({"quoi": "retarder"}, "demande un délai : jours_ouvres, jours"),
        ({"quoi": "site_indisponible"}, "demande un délai"),
        ({"quoi": "non_remise", "sens": "retour"}, "ne va que dans le sens emission"),
        ({"quoi": "non_remise", "statut": "250"}, "statut : texte de forme"),
        ({"quoi": "perdre", "nature": "ARL"}, "écrire aussi « sens: retour »"),
        ({"quoi": "perdre", "fois": "-1"}, "fois : valeur d'au moins 0"),
        ({"quoi": "perdre", "quand": {"du": "2026-03-03T09:00", "au": "2026-03-02T09:00"}}, "« au » vient après"),
        ({"quoi": "perdre", "quand": {"le": "2026"}}, r"quand\.le : nom inconnu"),
    ],
)
def test_refused_with_a_reason(panne: dict[str, Any], motif: str) -> None:
    with pytest.raises(ValidationError) as refus:
        Panne.model_validate(panne)
    assert re.search(motif, explain(refus.value)), explain(refus.value)


def test_a_delay_in_working_days() -> None:
    """From Thursday 7 May 2026, 8 is a holiday and 9-10 a week-end: two working days later is Tuesday 12."""
    jeudi = datetime(2026, 5, 7, 9, 0, tzinfo=PARIS)
    panne = Panne(quoi="retarder", jours_ouvres=2, minutes=30)
    assert panne.echeance(jeudi) == datetime(2026, 5, 12, 9, 30, tzinfo=PARIS)


def test_faults_of_a_world_are_checked() -> None:
    with pytest.raises(ErreurMonde, match="pannes du monde : quoi"), MondeSimule(ConfigMonde(pannes=[{"quoi": "x"}])):
        pass
    inconnu = {"quoi": "perdre", "qui": "99999"}
    with pytest.raises(ErreurMonde, match="organisme « 99999 » inconnu"), MondeSimule(ConfigMonde(pannes=[inconnu])):
        pass
    with MondeSimule(ConfigMonde(pannes=[{"quoi": "perdre", "nom": "une"}])) as monde:
        with pytest.raises(ErreurAction, match="une panne nommée « une » est déjà posée"):
            monde.agir("panne.poser", {"quoi": "perdre", "nom": "une"})
        with pytest.raises(ErreurAction, match="aucune panne nommée « deux » ; posées : une"):
            monde.agir("panne.lever", {"nom": "deux"})
        monde.agir("panne.lever", {"nom": "une"})
        assert monde.pannes.posees == ()


def test_the_documentation_has_every_fault_with_its_parameters() -> None:
    assert set(SORTES) == set(get_args(Quoi))
    lignes = dict(re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", DOC.read_text(encoding="utf-8"), re.MULTILINE))
    for quoi, sorte in SORTES.items():
        cellules = [c.strip() for c in lignes[quoi].split("|")]
        sens, parametres, resume = cellules
        assert sens == ", ".join(sorte.sens), quoi
        attendus = ["délai" if p in DELAIS else f"`{p}`" for p in sorte.parametres]
        assert parametres == (", ".join(dict.fromkeys(attendus)) or "—"), quoi
        assert resume == sorte.resume, quoi
