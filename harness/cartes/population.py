"""The cards and paper certificates of a population, listed and shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from norms.chargement import load
from simulator.cards.attestations import load_attestation
from simulator.cards.modele import ImageCps, ImageVitale, load_cps, load_vitale
from simulator.cards.oppositions import load_oppositions

Famille = Literal["cps", "vitale", "attestation"]
FAMILLES: dict[Famille, str] = {"cps": "cartes/cps", "vitale": "cartes/vitale", "attestation": "attestations"}


#: Words of the data's names, as people write them.
_ACCENTS = {
    "activite": "activité", "assure": "assuré", "beneficiaires": "bénéficiaires",
    "certifie": "certifié", "civilite": "civilité", "cle": "clé", "deblocage": "déblocage", "debut": "début",
    "localite": "localité", "numero": "numéro", "prenom": "prénom",
    "qualite": "qualité", "regime": "régime", "remplacant": "remplaçant", "reelle": "réelle",
    "specialite": "spécialité", "validite": "validité", "periode": "période",
}  # fmt: skip


def label(nom: str) -> str:
    """A field's name with its spaces and accents."""
    return " ".join(_ACCENTS.get(mot, mot) for mot in nom.split("_"))


@dataclass(frozen=True, slots=True)
class Fiche:
    """One data file of the population. A card and a certificate of the same person may share a name."""

    nom: str
    famille: Famille
    but: str
    fichier: Path


def fiches(population: Path) -> tuple[Fiche, ...]:
    """Every card and certificate, by family then name. Raises ErreurChargement, ValueError when there is none."""
    trouvees = tuple(
        Fiche(fichier.stem, famille, str(load(fichier).donnees.get("but", "")), fichier)
        for famille, dossier in FAMILLES.items()
        for fichier in sorted((population / dossier).glob("*.yaml"))
    )
    if not trouvees:
        raise ValueError(f"{population} ne contient ni cartes/cps, ni cartes/vitale, ni attestations")
    return trouvees


def find(population: Path, nom: str, famille: Famille | None = None) -> Fiche:
    """The card of that name, else the certificate. Raises ValueError, which suggests near names."""
    toutes = [f for f in fiches(population) if famille in (None, f.famille)]
    for candidate in toutes:
        if candidate.nom == nom:
            return candidate
    proches = get_close_matches(nom, [f.nom for f in toutes], 3, 0.5)
    conseil = f"vouliez-vous dire {' ou '.join(f'« {p} »' for p in proches)} ?" if proches else "voir cards list"
    raise ValueError(f"carte « {nom} » inconnue de la population ; {conseil}")


def details(population: Path, fiche: Fiche) -> dict[str, Any]:
    """The data of a card as a JSON-like tree, without its empty fields; ``opposition`` when the list names it."""
    image: ImageCps | ImageVitale
    if fiche.famille == "attestation":
        attestation: dict[str, Any] = _without_empty(load_attestation(fiche.fichier).model_dump(mode="json"))
        return attestation
    image = load_cps(fiche.fichier) if fiche.famille == "cps" else load_vitale(fiche.fichier)
    arbre: dict[str, Any] = _without_empty(image.model_dump(mode="json"))
    liste = population / "oppositions.yaml"
    if fiche.famille == "vitale" and liste.is_file():
        for opposition in load_oppositions(liste):
            if opposition.numero_serie == image.numero_serie:
                arbre["opposition"] = {"motif": opposition.motif, "depuis": opposition.depuis.isoformat()}
    return arbre


def _without_empty(valeur: Any) -> Any:
    if isinstance(valeur, dict):
        return {k: _without_empty(v) for k, v in valeur.items() if v not in (None, "", [], {})}
    return [_without_empty(v) for v in valeur] if isinstance(valeur, list) else valeur


def render(arbre: dict[str, Any], marge: str = "") -> Iterator[str]:
    """The tree as indented lines; a list shows its items one after the other, numbered from 1."""
    for cle, valeur in arbre.items():
        libelle = label(cle)
        if isinstance(valeur, dict):
            yield f"{marge}{libelle}"
            yield from render(valeur, marge + "  ")
        elif isinstance(valeur, list):
            for rang, element in enumerate(valeur, start=1):
                if isinstance(element, dict):
                    yield f"{marge}{libelle} {rang}"
                    yield from render(element, marge + "  ")
                else:
                    yield f"{marge}{libelle} {rang} : {element}"
        else:
            lisible = {True: "oui", False: "non"}.get(valeur, valeur) if isinstance(valeur, bool) else valeur
            yield f"{marge}{libelle} : {lisible}"
