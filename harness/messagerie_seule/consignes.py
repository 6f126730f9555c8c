"""What a person is told to do, in French, from the steps of a scenario (sentences: ``donnees/consignes.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from harness.messagerie_seule.demande import Cartes, Pas, person
from harness.messagerie_seule.questions import data, in_french, label
from harness.modele.scenario import EtapeLps, Scenario
from norms.contrat.adaptateur import OPERATIONS
from simulator.monde.actions import ACTIONS

_REPRISE = "$."


def instructions(pas: Pas, cartes: Cartes) -> list[str]:
    """What to do for one step of the LPS: one sentence a variant."""
    return [_instruction(pas, avec, cartes) for avec in pas.variantes]


def announce(action: str, avec: Mapping[str, Any], maintenant: str) -> str:
    """What the bench does, or asks the person to do, for one action on the world."""
    phrases = data()["actions"].get(action)
    if phrases is None:  # an action newer than the sentences
        connue = ACTIONS.get(action)
        return f"Le banc agit : {connue.resume if connue else action}"
    valeurs = {cle: _text(v) for cle, v in avec.items()} | {"action": action, "maintenant": maintenant}
    return str(next(iter(phrases.values()))).format_map(_Blancs(valeurs))


def heading(scenario: Scenario, cartes: Cartes, debut: str) -> list[str]:
    """What to prepare before a scenario."""
    lignes = [
        f"{scenario.id} : {scenario.titre}",
        f"Partez d'un poste neuf (ni facture ni lot, compteurs au départ), à la date du {debut}.",
    ]
    lecteurs = scenario.monde.lecteurs
    lignes.append(f"Lecteur du professionnel de santé : {describe_ps(lecteurs.ps or '', cartes)}.")
    lignes.append(f"Lecteur Vitale : {describe_vitale(lecteurs.vitale or '', cartes)}.")
    if scenario.monde.parametrage:
        lignes.append(f"Paramétrage du poste : {_text(scenario.monde.parametrage, ' ; ')}.")
    return lignes


def describe_ps(nom: str, cartes: Cartes) -> str:
    """A professional's card: name, identity, billing number."""
    image = cartes.cps(nom)
    if image is None:
        return "aucune carte" if not nom else f"carte « {nom} »"
    numeros = [s.numero_facturation + s.cle_facturation for s in image.situations if s.numero_facturation]
    facturation = f", numéro de facturation {numeros[0]}" if numeros else ""
    return f"carte « {nom} », {image.prenom} {image.nom}, identifiant {image.identification}{facturation}"


def describe_vitale(nom: str, cartes: Cartes) -> str:
    """A Vitale card: name, holder, NIR."""
    image = cartes.vitale(nom)
    if image is None:
        return "aucune carte" if not nom else f"carte « {nom} »"
    assure = image.assure
    return f"carte « {nom} », {assure.prenom} {assure.nom}, NIR {assure.nir} clé {assure.cle}"


def _instruction(pas: Pas, avec: Mapping[str, Any], cartes: Cartes) -> str:
    etape = pas.etape
    assert isinstance(etape, EtapeLps)  # noqa: S101 - called on steps of the LPS
    entree = data()["operations"].get(etape.lps)
    if entree is None:
        connue = OPERATIONS.get(etape.lps)  # an operation newer than the sentences
        precisions = f" ({_text(dict(avec))})" if avec else ""
        return f"Faites cette opération : {connue.resume if connue else etape.lps}{precisions}"
    valeurs = _Blancs({cle: _text(v) for cle, v in avec.items()})
    valeurs |= {"ps": describe_ps(pas.ps, cartes), "vitale": describe_vitale(pas.vitale, cartes)}
    if etape.lps == "facture.elaborer":
        valeurs |= _invoice(pas, avec, cartes)
    phrases = [entree["phrase"].format_map(valeurs)]
    phrases += [p.format_map(valeurs) for cle, p in entree.get("precisions", {}).items() if cle in avec]
    phrases += [p for cle, p in entree.get("absences", {}).items() if cle not in avec]
    issue = data()["issues"].get(etape.issue)
    return " ".join([*phrases, issue] if issue else phrases)


def _invoice(pas: Pas, avec: Mapping[str, Any], cartes: Cartes) -> dict[str, str]:
    qui = person(pas, avec, cartes)
    if qui is None:
        beneficiaire = "celui de la carte Vitale"
    elif isinstance(qui, Mapping):
        naissance = _birth(str(qui["naissance"]))
        beneficiaire = (
            f"{qui.get('prenom', '')} {qui.get('nom', '')}, saisi sans carte, né(e) le {naissance}, "
            f"NIR {qui['nir']} clé {qui['cle']}, régime {qui['regime']}, caisse {qui['caisse']}, centre {qui['centre']}"
        )
    else:
        beneficiaire = f"{qui.prenom} {qui.nom_usuel}, né(e) le {_birth(qui.naissance)}, carte « {pas.vitale} »"
    tiers = avec.get("tiers_payant") or {}
    parts = [
        nom for cle, nom in (("amo", "part obligatoire"), ("amc", "part complémentaire")) if tiers.get(cle) == "true"
    ]
    mode = str(avec.get("mode", "SESAM_VITALE"))
    return {
        "beneficiaire": beneficiaire,
        "prestations": " ; ".join(_act(p) for p in avec.get("prestations") or []) or "aucun",
        "mode": str(data()["modes"].get(mode, mode)),
        "tiers_payant": " et ".join(parts) or "aucun",
    }


def _act(prestation: Mapping[str, Any]) -> str:
    details = [
        f"{nom} {_text(prestation[cle])}"
        for cle, nom in (
            ("quantite", "quantité"),
            ("coefficient", "coefficient"),
            ("honoraires", "honoraires en centimes"),
            ("qualificatif_depense", "qualificatif"),
            ("lieu", "lieu"),
        )
        if prestation.get(cle)
    ]
    return " ".join([str(prestation["code"]), f"le {_day(str(prestation['date']))}", *details])


def _day(texte: str) -> str:
    try:
        return date.fromisoformat(texte).strftime("%d/%m/%Y")
    except ValueError:
        return texte


def _birth(texte: str) -> str:
    """``19550412`` as 12/04/1955; lunar dates are shown the same way."""
    return f"{texte[6:8]}/{texte[4:6]}/{texte[:4]}" if len(texte) == len("19550412") else texte


def _text(valeur: Any, separateur: str = ", ") -> str:
    """A parameter in words; ``separateur`` comes between the members of a table."""
    if isinstance(valeur, str):
        return "la valeur que le LPS vient de donner" if valeur.startswith(_REPRISE) else in_french(valeur)
    if isinstance(valeur, Mapping) and not valeur:
        return "aucun réglage particulier"
    if isinstance(valeur, Mapping):
        return separateur.join(f"{label(cle)} {_text(v)}" for cle, v in valeur.items())
    if isinstance(valeur, list | tuple):
        return " ; ".join(_text(v) for v in valeur)
    return in_french(str(valeur))


class _Blancs(dict[str, str]):
    """A name without value reads « (non précisé) »."""

    def __missing__(self, cle: str) -> str:
        return "(non précisé)"
