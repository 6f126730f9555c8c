"""The parrot: answers exactly what is expected, and never touches the bench's cards, services or network.

It has read the scenario. It keeps a world of its own, identical to the bench's, in which the reference LPS plays the
same story; what the bench does to its world, the parrot does to its own at the same moment. Its answers, displays and
documents are therefore those of a perfect LPS; only what is really emitted betrays it.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from harness.modele.scenario import EtapeLps, EtapeMonde
from harness.monde import DELAI_TRAITEMENT, DemandeMonde, open_simulated
from harness.observations import fold
from harness.parametres import substitute
from harness.scenarios import load_scenario
from norms.paquet import NormPack
from reference.adaptateur import Adaptateur

#: The file of the scenario, given by the enclosure.
VARIABLE = "ZOO_SCENARIO"
_OUBLIETTES = "perroquet.json"  # where an LPS that is stopped and started again finds its place


class Perroquet(Adaptateur):
    """The reference LPS in a world that isn't the bench's."""

    def __init__(self, scenario: str = "") -> None:
        super().__init__()
        fichier = Path(scenario or os.environ[VARIABLE])
        self._scenario = load_scenario(fichier).scenario
        self._reste: list[EtapeLps | EtapeMonde] = []
        for etape in self._scenario.etapes:
            if isinstance(etape, EtapeLps):
                self._reste += [etape] * len(etape.pour_chaque or [{}])
            elif isinstance(etape, EtapeMonde):
                self._reste.append(etape)
        self._a_lui = ExitStack()
        self._monde: Any = None
        self._place: Path | None = None
        self._nom = ""

    def handle(self, corps: bytes) -> bytes:
        requete: dict[str, Any] = json.loads(corps)
        operation = requete["method"]
        if operation == "poste.demarrer":
            requete["params"]["environnement"] = self._start(requete["params"])
        elif operation != "bonjour":
            self._follow(operation)
        reponse = super().handle(json.dumps(requete).encode())
        if self._monde is not None:
            self._monde.attendre_traitement(DELAI_TRAITEMENT)
            resultat = json.loads(reponse).get("result")
            self._monde.journal.emettre("lps", {"operation": operation, "nom": self._nom, "resultat": resultat})
        if self.termine:
            self._a_lui.close()
        return reponse

    def _start(self, params: dict[str, Any]) -> dict[str, Any]:
        if self._monde is None:
            dossier = Path(self._a_lui.enter_context(tempfile.TemporaryDirectory(prefix="perroquet-")))
            demande = DemandeMonde(self._scenario.monde, dossier, params["graine"], NormPack.par_defaut())
            self._monde = self._a_lui.enter_context(open_simulated(demande))
            self._place = Path(params["dossier"]) / _OUBLIETTES
            if self._place.is_file():
                self._reste = self._reste[-int(self._place.read_text(encoding="utf-8")) :]
        else:
            self._follow("poste.demarrer")
        environnement: dict[str, Any] = self._monde.environnement().model_dump(mode="json")
        return environnement

    def _follow(self, operation: str) -> None:
        """Does in its own world what the bench has just done in the other, up to this operation."""
        while self._reste:
            etape = self._reste[0]
            if isinstance(etape, EtapeLps):
                if etape.lps == operation:
                    self._nom = etape.nom or ""
                    self._advance()
                return
            self._monde.agir(etape.monde, substitute(etape.avec, fold(self._monde.journal)))
            self._monde.attendre_traitement(DELAI_TRAITEMENT)
            self._advance()
            if operation == "poste.horloge" and etape.monde == "horloge.avancer":
                return

    def _advance(self) -> None:
        del self._reste[0]
        if self._place is not None:
            self._place.write_text(str(len(self._reste)), encoding="utf-8")
