"""Messages prepared by the reference LPS, and sessions played by a scripted person in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ICI = Path(__file__).parent
#: Scenarios of this test, apart from those shipped: their expectations don't move.
FICHIERS = [ICI / "scenarios" / f"{nom}.yaml" for nom in ("ARL-02", "LOT-01", "LOT-02", "AUTRE-01")]
BANC = [sys.executable, "-m", "harness.cli"]
#: Answers of a person who introduces itself and its software.
IDENTITE: dict[str, Any] = {
    "session/operateur-1": [{"valeur": ""}, {"valeur": "Alice Martin"}],
    "session/operateur-2": [{"valeur": "Bruno Petit"}],
    "session/produit": [{"valeur": "Gestion Cabinet"}],
    "session/version": [{"valeur": "7.2"}],
    "session/editeur": [{"valeur": ""}],
    "session/professions": [{"valeur": "medecins"}],
    "session/modes": [{"valeur": "SESAM_VITALE"}],
}


@dataclass(frozen=True, slots=True)
class Courrier:
    """Evidence of a campaign of the reference LPS: messages ready to be sent by any mail client."""

    preuves: Path

    def message(self, scenario: str, rang: int = 0) -> dict[str, Any]:
        """A message of a scenario with its envelope."""
        recus = self.preuves / scenario / "messagerie" / "recus"
        lignes = (recus / "enveloppes.jsonl").read_text(encoding="utf-8").splitlines()
        enveloppe = json.loads(lignes[rang])
        return {"eml": str(recus / enveloppe["eml"]), "de": enveloppe["expediteur"], "a": enveloppe["destinataires"]}


@pytest.fixture(scope="session")
def courrier(tmp_path_factory: pytest.TempPathFactory) -> Courrier:
    dossier = tmp_path_factory.mktemp("reference")
    commande = [*BANC, "run", *map(str, FICHIERS), "--interne", "--dossier", str(dossier / "dossier")]
    joue = subprocess.run(commande, cwd=dossier, capture_output=True, text=True, timeout=120, check=False)
    assert joue.returncode == 0, joue.stdout + joue.stderr
    return Courrier(dossier / "dossier" / "preuves")


Jouer = Callable[..., dict[str, Any]]


@pytest.fixture
def jouer(tmp_path: Path) -> Jouer:
    """Plays one run of the bench with a scripted person; gives the person's account."""

    def play(reponses: dict[str, Any], *arguments: str) -> dict[str, Any]:
        commande = [*BANC, "run", "--niveau", "messagerie", "--dialogue", "json", "--dossier", "dossier", *arguments]
        tout = {cle: list(v) for cle, v in {**IDENTITE, **reponses}.items()}
        plan = tmp_path / "plan.json"
        plan.write_text(
            json.dumps({"commande": commande, "dossier": str(tmp_path), "reponses": tout}), encoding="utf-8"
        )
        personne = [sys.executable, "-I", str(ICI / "personne.py"), str(plan)]
        joue = subprocess.run(personne, capture_output=True, text=True, timeout=60, check=False)
        assert joue.returncode == 0, joue.stderr
        compte: dict[str, Any] = json.loads(joue.stdout)
        assert compte["imprevu"] == [], [i["texte"] for i in compte["invites"]][-1]
        return compte

    return play
