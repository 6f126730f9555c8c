"""Checks scenario files beyond their grammar: everything they name exists, and every expectation can fail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from harness.catalogue import Catalogue, scenarios_directory
from harness.comparaison import is_empty
from harness.expressions import ErreurExpression, answer_names, roots
from harness.francais import explain, innermost
from harness.modele.scenario import Attendu, EtapeDemander, EtapeLps, EtapeMonde, EtapeVerifier
from harness.observations import RACINES
from harness.parametres import MARQUE
from harness.profil import known_profiles
from harness.scenarios import ErreurScenario, FichierScenario, load_scenario, suggest
from norms.chargement import Chemin
from norms.contrat.adaptateur import OPERATIONS, Parametrage
from norms.contrat.base import Message, ModeSecurisation
from simulator.acteurs.comportement import Comportement
from simulator.acteurs.organismes import load_cesi, load_organismes
from simulator.monde.actions import ACTIONS
from simulator.pannes.grammaire import TOUS
from simulator.readers.equipement import equipements

#: Operations that the engine calls by itself.
_DU_BANC = ("bonjour", "poste.horloge")


@dataclass(frozen=True, slots=True)
class Faute:
    """One remark about a file. A « conseil » doesn't make lint fail."""

    fichier: str
    ligne: int
    colonne: int
    message: str
    gravite: Literal["faute", "conseil"] = "faute"

    def __str__(self) -> str:
        prefixe = "" if self.gravite == "faute" else "conseil : "
        return f"{self.fichier}:{self.ligne}:{self.colonne}: {prefixe}{self.message}"


@dataclass(frozen=True, slots=True)
class Monde:
    """The names a scenario may use. ``mutants`` None: the list could not be had, they are not checked."""

    catalogue: Catalogue
    mutants: frozenset[str] | None = None
    cartes: frozenset[str] = field(default_factory=lambda: frozenset(card_names()))
    acteurs: frozenset[str] = field(
        default_factory=lambda: frozenset(o.numero for o in (*load_organismes(), load_cesi()))
    )


def card_names(population: Path | None = None) -> list[str]:
    """Names of the cards of the fictitious population."""
    dossier = (population or scenarios_directory() / "population") / "cartes"
    return sorted(f.stem for f in dossier.rglob("*.yaml") if not f.name.startswith("_"))


def lint(chemins: Iterable[Path], monde: Monde) -> list[Faute]:
    """Every fault of these files, in file and line order."""
    fautes: list[Faute] = []
    vus: dict[str, str] = {}
    for chemin in chemins:
        try:
            fichier = load_scenario(chemin)
        except ErreurScenario as exc:
            fautes += [Faute(f.fichier, f.ligne, f.colonne, f.message) for f in exc.fautes]
            continue
        fautes += _Verification(fichier, monde).run()
        premier = vus.setdefault(fichier.scenario.id, fichier.fichier)
        if premier != fichier.fichier:
            ligne, colonne = fichier.position(("id",))
            fautes.append(
                Faute(
                    fichier.fichier,
                    ligne,
                    colonne,
                    f"id « {fichier.scenario.id} » déjà pris par {premier} ; en choisir un autre",
                )
            )
    return sorted(fautes, key=lambda f: (f.fichier, f.ligne, f.colonne))


class _Verification:
    """The checks of one scenario."""

    def __init__(self, fichier: FichierScenario, monde: Monde) -> None:
        self._fichier, self._scenario, self._monde = fichier, fichier.scenario, monde
        self._fautes: list[Faute] = []
        self._noms = {e.nom for e in self._scenario.etapes if isinstance(e, EtapeLps) and e.nom}

    def run(self) -> list[Faute]:
        scenario = self._scenario
        if Path(self._fichier.fichier).stem != scenario.id:
            self._say(("id",), f"le fichier devrait s'appeler {scenario.id}.yaml", "conseil")
        for rang, identifiant in enumerate(scenario.exigences):
            self._requirement(("exigences", rang), identifiant)
        self._choices(("profils",), scenario.profils, known_profiles(), "profil")
        self._choices(("modes",), scenario.modes, set(ModeSecurisation), "mode")
        if self._monde.mutants is not None:
            self._choices(("mutants",), scenario.mutants, self._monde.mutants, "mutant")
        self._world()
        for rang, etape in enumerate(scenario.etapes):
            chemin: Chemin = ("etapes", rang)
            if isinstance(etape, EtapeLps):
                self._operation(chemin, etape)
            elif isinstance(etape, EtapeMonde):
                self._action(chemin, etape)
            elif isinstance(etape, EtapeVerifier):
                for n, attendu in enumerate(etape.verifier):
                    self._expectation((*chemin, "verifier", n), attendu)
            elif isinstance(etape, EtapeDemander):
                continue
        for rang, attendu in enumerate(scenario.attendus):
            self._expectation(("attendus", rang), attendu)
        return self._fautes

    def _say(self, chemin: Chemin, message: str, gravite: Literal["faute", "conseil"] = "faute") -> None:
        ligne, colonne = self._fichier.position(chemin)
        self._fautes.append(Faute(self._fichier.fichier, ligne, colonne, message, gravite))

    def _requirement(self, chemin: Chemin, identifiant: str) -> None:
        exigence = self._monde.catalogue.get(identifiant)
        if exigence is None:
            self._say(chemin, f"exigence {identifiant} inconnue{suggest(identifiant, self._monde.catalogue)}")
        elif exigence.niveau == "INFO":
            self._say(chemin, f"{identifiant} est une information, elle n'oblige personne ; citer une exigence")
        elif not exigence.testable:
            raison = exigence.raison or "sans raison donnée"
            self._say(
                chemin, f"{identifiant} n'est pas testable ({raison}) ; retirer l'attendu ou corriger le catalogue"
            )
        elif exigence.doublon_de:
            self._say(chemin, f"{identifiant} est le doublon de {exigence.doublon_de} ; citer celle-ci", "conseil")

    def _choices(self, chemin: Chemin, valeurs: Iterable[str], connues: Iterable[str], quoi: str) -> None:
        connues = set(connues)
        for rang, valeur in enumerate(valeurs):
            if valeur not in connues:
                self._say((*chemin, rang), f"{quoi} « {valeur} » inconnu{suggest(valeur, connues)}")

    def _world(self) -> None:
        monde = self._scenario.monde
        connus = equipements()
        if monde.equipement not in connus:
            self._say(("monde", "equipement"), f"équipement inconnu{suggest(monde.equipement, connus)}")
        for lecteur, carte in monde.lecteurs.model_dump(exclude_none=True).items():
            self._card(("monde", "lecteurs", lecteur), carte)
            if monde.equipement in connus and lecteur not in connus[monde.equipement].ressources:
                self._say(
                    ("monde", "lecteurs", lecteur), f"l'équipement {monde.equipement} n'a pas de fente « {lecteur} »"
                )
        for erreur in _errors(Parametrage, monde.parametrage):
            self._say(("monde", "parametrage", *erreur[0]), erreur[1])
        for numero, conduite in monde.acteurs.items():
            self._actor(("monde", "acteurs", numero), numero)
            self._behaviour(("monde", "acteurs", numero), conduite)
        for rang, panne in enumerate(monde.pannes):
            if panne.qui != TOUS:
                self._actor(("monde", "pannes", rang, "qui"), panne.qui)

    def _card(self, chemin: Chemin, carte: str) -> None:
        if carte not in self._monde.cartes:
            self._say(chemin, f"carte « {carte} » inconnue dans la population{suggest(carte, self._monde.cartes)}")

    def _actor(self, chemin: Chemin, numero: str) -> None:
        if numero not in self._monde.acteurs:
            self._say(chemin, f"organisme « {numero} » inconnu ; connus : {', '.join(sorted(self._monde.acteurs))}")

    def _behaviour(self, chemin: Chemin, conduite: Mapping[str, Any]) -> None:
        try:
            Comportement().changed(conduite)
        except ValueError as exc:
            self._say(chemin, str(exc))

    def _operation(self, chemin: Chemin, etape: EtapeLps) -> None:
        operation = OPERATIONS.get(etape.lps)
        if operation is None or etape.lps in _DU_BANC:
            quoi = "appelée par le banc lui-même" if operation else f"inconnue{suggest(etape.lps, OPERATIONS)}"
            self._say((*chemin, "lps"), f"opération « {etape.lps} » {quoi}")
            return
        for n, variante in enumerate(etape.pour_chaque or [{}]):
            avec = {**etape.avec, **variante}
            for ou, texte in _dollars(avec):
                base: Chemin = ("pour_chaque", n) if ou[0] in variante else ("avec",)
                self._expression((*chemin, *base, *ou), texte[len(MARQUE) :])
            modele: type[Message] = Parametrage if etape.lps == "poste.demarrer" else operation.params
            donnees = avec.get("parametrage", {}) if etape.lps == "poste.demarrer" else avec
            for ou, message in _errors(modele, donnees):
                base = ("pour_chaque", n) if ou and ou[0] in variante else ("avec",)
                self._say((*chemin, *base, *ou), message)

    def _action(self, chemin: Chemin, etape: EtapeMonde) -> None:
        action = ACTIONS.get(etape.monde)
        if action is None:
            self._say((*chemin, "monde"), f"action « {etape.monde} » inconnue{suggest(etape.monde, ACTIONS)}")
            return
        for ou, texte in _dollars(etape.avec):
            self._expression((*chemin, "avec", *ou), texte[len(MARQUE) :])
        for ou, message in _errors(action.params, etape.avec):
            self._say((*chemin, "avec", *ou), f"« {etape.monde} » : {message}")
        if etape.monde == "carte.inserer" and "carte" in etape.avec:
            self._card((*chemin, "avec", "carte"), str(etape.avec["carte"]))
        for cle in ("acteur", "qui"):
            if etape.avec.get(cle, TOUS) not in ("", TOUS):
                self._actor((*chemin, "avec", cle), str(etape.avec[cle]))

    def _expectation(self, chemin: Chemin, attendu: Attendu) -> None:
        for cle in ("sur", "temoin", "preuve"):
            texte = getattr(attendu, cle)
            if texte is not None:
                self._expression((*chemin, cle), texte)
        valeur = getattr(attendu, attendu.operateur)
        if attendu.operateur == "motif":
            try:
                re.compile(str(attendu.motif))
            except re.error as exc:
                self._say((*chemin, "motif"), f"expression rationnelle illisible ({exc.msg})")
        vide = attendu.operateur == "egale" and (
            is_empty(valeur) or (attendu.sur.startswith("length(") and str(valeur) == "0")
        )
        if vide and attendu.temoin is None:
            self._say(
                (*chemin, "egale"), "égal à rien : donner un « temoin », ce qui doit avoir été observé pour conclure"
            )

    def _expression(self, chemin: Chemin, texte: str) -> None:
        try:
            inconnues = roots(texte) - set(RACINES)
            reponses = answer_names(texte)
        except ErreurExpression as exc:
            self._say(chemin, str(exc))
            return
        for racine in sorted(inconnues):
            self._say(chemin, f"« {racine} » n'est pas une observation{suggest(racine, RACINES)}")
        for nom in sorted(reponses - self._noms):
            self._say(chemin, f"aucune étape ne se nomme « {nom} »{suggest(nom, self._noms)}")


def _errors(modele: type[BaseModel], donnees: Mapping[str, Any]) -> Iterator[tuple[Chemin, str]]:
    """What a model refuses in these texts, values read at run time (``$.…``) set aside."""
    try:
        modele.model_validate(donnees)
    except ValidationError as exc:
        for erreur in innermost(exc):
            trouve = erreur["input"]
            if isinstance(trouve, str) and trouve.startswith(MARQUE):
                continue
            if erreur["type"] == "bool_parsing" and trouve in ("oui", "non", "vrai", "faux"):
                continue
            chemin = tuple(erreur["loc"])
            if erreur["type"] == "missing":
                yield chemin[:-1], f"paramètre « {chemin[-1]} » obligatoire"
            elif erreur["type"] == "extra_forbidden":
                proches = suggest(str(chemin[-1]), modele.model_fields)
                yield chemin, f"paramètre « {chemin[-1]} » inconnu{proches}"
            else:
                yield chemin, explain(erreur)


def _dollars(valeur: Any, chemin: Chemin = ()) -> Iterator[tuple[Chemin, str]]:
    if isinstance(valeur, Mapping):
        for cle, v in valeur.items():
            yield from _dollars(v, (*chemin, cle))
    elif isinstance(valeur, list | tuple):
        for rang, v in enumerate(valeur):
            yield from _dollars(v, (*chemin, rang))
    elif isinstance(valeur, str) and valeur.startswith(MARQUE):
        yield chemin, valeur
