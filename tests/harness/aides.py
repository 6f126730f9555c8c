"""What the tests of the bench share: configurations of the faulty LPS, a bare world, scenarios written as text."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.adaptateur.configuration import ConfigLps
from harness.catalogue import Catalogue, Exigence
from harness.modele.verdict import ResultatScenario
from harness.monde import DemandeMonde, Monde
from harness.moteur import Banc, play
from harness.scenarios import FichierScenario, parse_scenario
from norms.chargement import load_text
from norms.contrat.adaptateur import Boite, Environnement
from norms.contrat.ports import PARIS, HorlogeVirtuelle
from norms.paquet import NormPack
from simulator.evenements import Journal

SCRIPT = Path(__file__).parent / "lps_fautif.py"


def config_stdio(faute: str = "", *, delai: float = 10.0) -> ConfigLps:
    return ConfigLps(
        nom="essai",
        transport="stdio",
        commande=(sys.executable, str(SCRIPT), faute),
        delai_s=delai,
        dossier=SCRIPT.parent,
    )


def config_interne(faute: str = "", *, delai: float = 10.0) -> ConfigLps:
    return ConfigLps(
        nom="essai",
        transport="interne",
        fabrique="tests.harness.lps_fautif:creer",
        parametres={"faute": faute},
        delai_s=delai,
    )


class MondeNu:
    """A world without anything in it: what the engine needs, no card, no mail."""

    def __init__(self, demande: DemandeMonde) -> None:
        self.horloge = HorlogeVirtuelle(datetime(2026, 3, 2, 9, tzinfo=PARIS))
        self.journal = Journal(lambda: self.horloge.now().isoformat())
        self.demande = demande
        self.attentes = 0

    def environnement(self) -> Environnement:
        boite = Boite(hote="127.0.0.1", port=9)
        return Environnement(services_url="http://127.0.0.1:9/rpc", services_jeton="jeton", smtp=boite, pop3=boite)

    def agir(self, action: str, avec: Mapping[str, Any]) -> None:
        if action == "horloge.avancer":
            self.horloge.advance(timedelta(days=int(avec.get("jours", 0))))
        elif action == "reseau.couper":
            self.journal.emettre("erreur_banc", {"message": "le serveur SMTP simulé est tombé"})
        elif action == "carte.retirer":
            raise OSError(98, "Address already in use")

    def attendre_traitement(self, delai_s: float) -> None:
        assert delai_s > 0
        self.attentes += 1


def bare_world(demande: DemandeMonde) -> AbstractContextManager[Monde]:
    return nullcontext(MondeNu(demande))


def exigence(identifiant: str, **autres: Any) -> Exigence:
    valeurs: dict[str, Any] = {
        "id": identifiant,
        "section": ("1",),
        "lignes": ("1-2",),
        "niveau": "DOIT",
        "sujet": "LPS",
        "domaine": "lots",
        "applicable": ("tous",),
        "enonce": "Le LPS fait ce qu'il doit.",
        "observable": "flux",
        "verification": "Étant donné… alors…",
        "testable": True,
    }
    return Exigence(**{**valeurs, **autres})


CATALOGUE = Catalogue(
    {
        e.id: e
        for e in (
            exigence("SV-1-01"),
            exigence("SV-1-02"),
            exigence("SV-1-03", niveau="RECOMMANDE"),
            exigence("SV-1-04", hypothese=True, raison="ordre lu dans un schéma"),
            exigence("SV-1-05", niveau="INFO", testable=False),
            exigence("SV-1-06", testable=False, raison="aucun banc ne le voit"),
            exigence("SV-1-07", doublon_de="SV-1-01"),
        )
    },
    {},
)


def bench(dossier: Path, config: ConfigLps, **autres: Any) -> Banc:
    return Banc(
        lps=config,
        catalogue=CATALOGUE,
        pack=NormPack.par_defaut(),
        dossier=dossier,
        graine=7,
        **{"monde": bare_world, **autres},
    )


def scenario(texte: str, nom: str = "ESSAI-01.yaml") -> FichierScenario:
    return parse_scenario(load_text(texte, nom))


DEPART = """
id: ESSAI-01
titre: Un scénario d'essai du banc
exigences: [SV-1-01]
etapes:
  - lps: ps.lire
    avec: {code_porteur: "1234"}
  - lps: facture.elaborer
    nom: facture
    avec: {prestations: [{code: G, date: 2026-03-02}], numero: "000000012"}
attendus:
  - sur: reponses.facture.factures[*].numero
    egale: ["000000012"]
    verifie: SV-1-01
    pourquoi: numéro imposé au poste
"""


def run(dossier: Path, config: ConfigLps, texte: str = DEPART, **autres: Any) -> ResultatScenario:
    return play(bench(dossier, config, **autres), scenario(texte))
