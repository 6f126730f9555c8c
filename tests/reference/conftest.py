"""The reference in front of a simulated world, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reference.adaptateur import Adaptateur, creer
from simulator.monde import ConfigMonde, MondeSimule

CODE = "1234"
DATE = "2022-11-21T09:00"
JOUR = "2022-11-21"
G = {"code": "G", "date": JOUR}
CONVENTION_AMC = {
    "type_convention": "AMC",
    "numero_amc": "75500017",
    "code_routage": "MU",
    "identifiant_hote": "001",
    "domaine": "rocher-mutuelle.test",
    "code_application": "99",
    "taux_amc": 100,
}
CONVENTION_UNIQUE = {"type_convention": "RO", "numero_amc": "34900033", "taux_amc": 100}


class Cabinet:
    """An adapter and its world: ``appeler`` gives the result, ``erreur`` the JSON-RPC error."""

    def __init__(self, monde: MondeSimule, dossier: Path, parametrage: dict[str, Any], mutant: str = "") -> None:
        self.monde, self.dossier, self.parametrage = monde, dossier, parametrage
        self.adaptateur: Adaptateur = creer(mutant=mutant)
        self._id = 0

    def brut(self, methode: str, **params: Any) -> dict[str, Any]:
        self._id += 1
        requete = {"jsonrpc": "2.0", "id": self._id, "method": methode, "params": params}
        reponse: dict[str, Any] = json.loads(self.adaptateur.handle(json.dumps(requete).encode()))
        assert reponse["id"] == self._id
        return reponse

    def appeler(self, methode: str, **params: Any) -> dict[str, Any]:
        self.monde.attendre_traitement()
        reponse = self.brut(methode, **params)
        assert "result" in reponse, reponse
        resultat: dict[str, Any] = reponse["result"]
        return resultat

    def ok(self, methode: str, **params: Any) -> dict[str, Any]:
        resultat = self.appeler(methode, **params)
        assert resultat["issue"] == "ok", resultat
        return resultat

    def refus(self, methode: str, **params: Any) -> dict[str, Any]:
        resultat = self.appeler(methode, **params)
        assert resultat["issue"] == "refus", resultat
        assert resultat["motif"]
        return resultat

    def demarrer(self) -> None:
        self.ok(
            "poste.demarrer",
            maintenant=self.monde.horloge.now().isoformat(),
            graine=1,
            dossier=str(self.dossier),
            environnement=self.environnement(),
            parametrage=self.parametrage,
        )

    def environnement(self) -> dict[str, Any]:
        return self.monde.environnement().model_dump(mode="json")

    def avancer(self, **duree: int) -> None:
        self.monde.agir("horloge.avancer", duree)
        self.ok("poste.horloge", maintenant=self.monde.horloge.now().isoformat())

    def lire_cartes(self) -> None:
        self.ok("ps.lire", code_porteur=CODE)
        self.ok("beneficiaire.lire")

    def mettre_en_lot(self) -> list[dict[str, Any]]:
        lots: list[dict[str, Any]] = self.ok("lot.constituer", code_porteur=CODE)["lots"]
        return lots

    def transmettre(self) -> list[dict[str, Any]]:
        """Lots, files, sending; waits for the world to answer."""
        self.mettre_en_lot()
        self.ok("fichier.constituer")
        messages: list[dict[str, Any]] = self.ok("transmission.envoyer")["messages"]
        self.monde.attendre_traitement()
        return messages

    # --- what the world saw
    def evenements(self, nature: str) -> list[dict[str, Any]]:
        return [dict(e.donnees) for e in self.monde.journal if e.nature == nature]

    def flux(self, quoi: str) -> list[dict[str, Any]]:
        return [x for e in self.evenements("flux") for x in e[quoi]]

    def appels(self, fonction: str = "") -> list[dict[str, Any]]:
        return [a for a in self.evenements("appel_service") if not fonction or a["fonction"] == fonction]


Ouvrir = Callable[..., Cabinet]


@pytest.fixture
def ouvrir(tmp_path: Path) -> Iterator[Ouvrir]:
    """Opens worlds and cabinets; everything is closed afterwards, and the bench must have had no breakdown."""
    mondes: list[MondeSimule] = []
    cabinets: list[Cabinet] = []

    def _ouvrir(
        *,
        vitale: str | None = "durand-paul",
        ps: str | None = "dr-martin",
        date: str = DATE,
        mutant: str = "",
        acteurs: dict[str, dict[str, Any]] | None = None,
        demarrer: bool = True,
        **parametrage: Any,
    ) -> Cabinet:
        monde = MondeSimule(ConfigMonde(date=date, lecteurs={"ps": ps, "vitale": vitale}, acteurs=acteurs or {}))
        monde.__enter__()
        mondes.append(monde)
        cabinet = Cabinet(monde, tmp_path / f"poste-{len(mondes)}", parametrage, mutant)
        cabinets.append(cabinet)
        if demarrer:
            cabinet.demarrer()
        return cabinet

    yield _ouvrir
    for cabinet in cabinets:
        cabinet.brut("au_revoir")
    for monde in mondes:
        pannes = [dict(e.donnees) for e in monde.journal.of("erreur_banc")]
        monde.fermer()
        assert pannes == []
