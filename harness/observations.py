"""Folds the journal into the one tree that expectations look at (docs/architecture.md, seam 5).

Nothing is computed here: each entry is what a producer reported, put where an expression will find it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.evenements import Evenement

#: Top-level names of the tree, with what they hold (used by ``lint`` and the documentation).
RACINES: Mapping[str, str] = {
    "reponses": "réponses du LPS par nom d'étape",
    "derniere": "dernière réponse du LPS",
    "affichages": "ce que le LPS a montré",
    "documents": "ce que le LPS a imprimé",
    "appels": "appels aux services fournis, dans l'ordre",
    "apdu": "échanges avec les cartes",
    "cartes": "cartes insérées et retirées",
    "flux": "messages, fichiers, lots et factures reçus par les organismes",
    "retours": "retours déposés dans la boîte du PS",
    "smtp": "sessions et refus en émission",
    "pop3": "sessions et refus en réception",
    "reseau": "coupures du réseau et pannes qui ont frappé",
    "lps": "échanges avec l'adaptateur",
    "secrets": "codes porteur retrouvés dans ce que le LPS a écrit",
}
_FLUX = ("messages", "fichiers", "lots", "factures", "reclamations", "oppositions", "eclatements")
#: Natures of events that are copied as they are: where they go in the tree.
_LISTES = {"apdu": "apdu", "carte": "cartes", "smtp": "smtp", "pop3": "pop3", "reseau": "reseau"}


def fold(evenements: Iterable[Evenement]) -> dict[str, Any]:
    """The tree of observations for a journal, without ``secrets``."""
    arbre: dict[str, Any] = {cle: [] for cle in RACINES if cle not in ("reponses", "derniere", "flux", "secrets")}
    arbre |= {"reponses": {}, "derniere": None, "flux": {cle: [] for cle in _FLUX}}
    releves: dict[tuple[str, str], None] = {}
    for evenement in evenements:
        donnees = {**evenement.donnees, "etape": evenement.etape}
        if evenement.nature in _LISTES:
            arbre[_LISTES[evenement.nature]].append(donnees)
        elif evenement.nature == "appel_service":
            arbre["appels"].append(_call(donnees))
        elif evenement.nature == "flux":
            for cle in _FLUX:
                arbre["flux"][cle] += [{**objet, "etape": evenement.etape} for objet in donnees.get(cle, ())]
        elif evenement.nature == "retour_depose":
            arbre["retours"].append({"releve": False, **donnees})
        elif evenement.nature == "retour_releve":
            releves[(str(donnees.get("boite", "")), str(donnees.get("uid", "")))] = None
        elif evenement.nature == "lps":
            _answer(arbre, donnees)
    for retour in arbre["retours"]:
        if any(uid == str(retour.get("uid", "")) for _boite, uid in releves):
            retour["releve"] = True
    for genre in ("FSE", "DRE"):
        arbre["flux"][genre.lower()] = [f for f in arbre["flux"]["factures"] if f.get("type") == genre]
    return arbre


def _answer(arbre: dict[str, Any], donnees: dict[str, Any]) -> None:
    """One exchange with the LPS: its answer, what it showed, what it printed."""
    arbre["lps"].append(donnees)
    resultat = donnees.get("resultat")
    if not isinstance(resultat, Mapping) or donnees.get("operation") == "bonjour":
        return
    arbre["derniere"] = resultat
    if donnees.get("nom"):
        arbre["reponses"][donnees["nom"]] = resultat
    ou = {"etape": donnees["etape"], "operation": donnees["operation"]}
    arbre["affichages"] += [{**ou, **a} for a in resultat.get("affichages", ())]
    arbre["documents"] += [{**ou, **d} for d in resultat.get("documents", ())]


def _call(donnees: dict[str, Any]) -> dict[str, Any]:
    """One call to a supplied service, its data groups laid out by number."""
    return {
        **donnees,
        **{cle: _lay_out(donnees[cle]) for cle in ("parametres", "resultat") if isinstance(donnees.get(cle), Mapping)},
    }


def _lay_out(zone: Mapping[str, Any]) -> dict[str, Any]:
    """Turns ``groupes: [{groupe: 1110, champs: [...]}]`` into ``{"1110": [[...]]}``: number, occurrences, fields."""
    groupes = zone.get("groupes")
    if not isinstance(groupes, list | tuple):
        return dict(zone)
    par_numero: dict[str, list[list[Any]]] = {}
    for groupe in groupes:
        par_numero.setdefault(str(groupe["groupe"]), []).append(list(groupe["champs"]))
    return {**zone, "groupes": par_numero}
