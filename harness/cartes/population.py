"""The cards and paper certificates of a population, listed and shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from norms.chargement import load
from norms.paquet import NormPack
from norms.tables import Nomenclature
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
    "specialite": "spécialité", "validite": "validité", "periode": "période", "serie": "série",
    "adherent": "adhérent", "hote": "hôte", "nir": "NIR", "nir15": "NIR", "amo": "AMO", "amc": "AMC", "ald": "ALD",
    "ik": "IK", "ruf": "RUF", "b2": "B2", "edi": "EDI", "sts": "STS", "e111": "E 111", "e112": "E 112", "e128": "E 128",
    "bgdh": "BGDH",
}  # fmt: skip
#: What an item of a list is called.
_UN_DE = {
    "beneficiaires": "bénéficiaire", "situations": "situation", "mentions": "mention", "droits_amo": "droits AMO",
    "accidents_du_travail": "accident du travail", "couverture_famille": "couverture de la famille",
}  # fmt: skip
#: Fields whose codes a table of the norm pack explains.
_TABLES = {
    "regime": "regimes", "qualite": "qualites", "specialite": "specialites", "civilite": "civilites",
    "code_conventionnel": "cps_codes_conventionnels", "mode_exercice": "cps_modes_exercice",
    "secteur_activite": "cps_secteurs_activite", "type_carte": "cps_types_carte",
    "type_identification": "cps_types_identification", "zone_tarifaire": "zones_tarifaires", "zone_ik": "zones_ik",
    "indicateur_traitement": "indicateurs_traitement",
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
    tout = image.model_dump(mode="json")
    arbre: dict[str, Any] = _without_empty({"but": tout.pop("but"), **tout})
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


def render(arbre: dict[str, Any], pack: NormPack, marge: str = "") -> Iterator[str]:
    """The tree as indented lines; a list shows its items one after the other, numbered from 1; codes are explained."""
    for cle, valeur in arbre.items():
        libelle = label(cle)
        if isinstance(valeur, dict):
            yield f"{marge}{libelle}"
            yield from render(valeur, pack, marge + "  ")
        elif isinstance(valeur, list):
            un = _UN_DE.get(cle, libelle)
            for rang, element in enumerate(valeur, start=1):
                if isinstance(element, dict):
                    yield f"{marge}{un} {rang}"
                    yield from render(element, pack, marge + "  ")
                else:
                    yield f"{marge}{un} {rang} : {element}"
        else:
            yield f"{marge}{libelle} : {_readable(cle, valeur, pack)}"


def _readable(cle: str, valeur: Any, pack: NormPack) -> str:
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if cle.startswith("habilitation_"):
        return f"{valeur} (oui)" if valeur == "1" else f"{valeur} (non)"
    if cle in _TABLES:
        table = Nomenclature(pack, _TABLES[cle])
        if valeur in table:
            return f"{valeur} ({table.libelle(valeur)})"
    return str(valeur)
