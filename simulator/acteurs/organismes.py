"""The organisations of the fictitious world, read from ``simulator/donnees/organismes.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from norms.chargement import Document, load

FICHIER = Path(__file__).parent.parent / "donnees" / "organismes.yaml"

Role = Literal["AMO", "AMC", "OCT", "CESI", "LOI", "CONVENTIONS"]
MONDE = FICHIER.with_name("monde.yaml")


@dataclass(frozen=True, slots=True)
class Organisme:
    """An AMO, an AMC or an OCT: number, address of its mailbox, and what file headers must say to reach it.

    ``numero_destinataire`` is the part of the header that designates it (régime, centre informatique, organisme for an
    AMO; AMC number for an AMC; empty for an OCT, whose number is agreed between parties).
    """

    numero: str
    role: Role
    nom: str
    adresse: str
    type_destinataire: str
    regime: str = ""
    caisse: str = ""
    centre: str = ""
    numero_destinataire: str = ""
    flux: str = "test"

    @property
    def types_factures(self) -> tuple[str, ...]:
        """What this role receives (cdc §3.2.3.4, annexe5 §4.2)."""
        return {"AMO": ("FSE",), "AMC": ("DRE",), "OCT": ("FSE", "DRE")}.get(self.role, ())


@dataclass(frozen=True, slots=True)
class Gestion:
    """Who manages what an AMC owes: itself, an operator that settles its DRE, or the organisation of both parts.

    ``unique``: the AMO ``gestionnaire`` also manages the complementary part (cdc §2.1.2.3); ``deleguee``: the AMC also
    manages the compulsory part, in the mailbox ``gestionnaire`` (cdc §2.1.2.4); ``separee``: a DRE of its own.
    """

    mode: Literal["separee", "unique", "deleguee"]
    gestionnaire: str


@cache
def load_organismes(chemin: Path = FICHIER) -> tuple[Organisme, ...]:
    """The organisations that have a mailbox, in file order (immutable, hence kept). Raises ErreurChargement."""
    document = load(chemin)
    donnees = document.donnees
    entrees = donnees.get("organismes") if isinstance(donnees, dict) else None
    if not isinstance(entrees, list):
        raise document.erreur((), "liste « organismes » attendue")
    lus = [_organisme(document, i, e) for i, e in enumerate(entrees)]
    return tuple(o for o in lus if o.adresse)


@cache
def load_gestions(chemin: Path = FICHIER) -> Mapping[str, Gestion]:
    """AMC number, without leading zeros -> who manages it (immutable, hence kept). Raises ErreurChargement."""
    document = load(chemin)
    gestions: dict[str, Gestion] = {}
    for i, e in enumerate(document.donnees["organismes"]):
        if e["nature"] != "AMC":
            continue
        if e.get("gestion") not in ("separee", "unique", "deleguee"):
            raise document.erreur(("organismes", i), "gestion d'une AMC : separee, unique ou deleguee")
        qui = e.get("operateur") or e["numero"] if e["gestion"] == "separee" else e["gere_par"]
        gestions[e["numero_amc"].lstrip("0")] = Gestion(e["gestion"], qui)
    return MappingProxyType(gestions)


def load_cesi(chemin: Path = MONDE) -> Organisme:
    """The infrastructure that takes claim reports in (cdc §2.2.4.3). Raises ErreurChargement."""
    document = load(chemin)
    cesi = document.donnees.get("cesi") if isinstance(document.donnees, dict) else None
    if not isinstance(cesi, dict) or not {"numero", "nom", "adresse"} <= set(cesi):
        raise document.erreur(("cesi",), "« cesi » attendu : numero, nom, adresse")
    return Organisme(cesi["numero"], "CESI", cesi["nom"], cesi["adresse"], type_destinataire="")


def load_distributeur(chemin: Path = MONDE) -> Organisme:
    """The distributor of the opposition list (cdc §2.2.4.2). Raises ErreurChargement."""
    document = load(chemin)
    lu = document.donnees.get("oppositions") if isinstance(document.donnees, dict) else None
    if not isinstance(lu, dict) or not {"numero", "nom", "adresse"} <= set(lu):
        raise document.erreur(("oppositions",), "« oppositions » attendu : numero, nom, adresse")
    return Organisme(lu["numero"], "LOI", lu["nom"], lu["adresse"], type_destinataire="")


def _organisme(document: Document, i: int, entree: Any) -> Organisme:
    chemin = ("organismes", i)
    if not isinstance(entree, dict):
        raise document.erreur(chemin, "un organisme est un dictionnaire : numero, nature, nom, adresse…")
    for cle in ("numero", "nature", "nom", "adresse", "type_destinataire", "source"):
        if cle not in entree:
            raise document.erreur(chemin, f"organisme : « {cle} » absent")
    role = entree["nature"]
    if role not in get_args(Role):
        raise document.erreur((*chemin, "nature"), f"nature « {role} » inconnue ; attendu {', '.join(get_args(Role))}")
    return Organisme(
        numero=entree["numero"],
        role=role,
        nom=entree["nom"],
        adresse=entree["adresse"],
        type_destinataire=entree["type_destinataire"],
        regime=entree.get("regime", ""),
        caisse=entree.get("caisse", ""),
        centre=entree.get("centre", ""),
        numero_destinataire=_destinataire(role, entree),
        flux=entree.get("flux", "test"),
    )


def _destinataire(role: str, entree: dict[str, str]) -> str:
    if role == "AMO":
        return (
            entree.get("regime", "") + entree.get("centre_informatique", "") + entree.get("organisme_destinataire", "")
        )
    return entree.get("numero_amc", "") if role == "AMC" else ""
