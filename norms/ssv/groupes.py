"""The catalogue of data groups of a norm pack: creation by name, checking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from norms.chargement import Document
from norms.paquet import NormPack
from norms.ssv.modele import ChampGroupe, DefinitionGroupe, Groupe

FICHIER = "ssv/groupes.yaml"
MAX_CHAMP = 4096
#: What a non-empty field of each format looks like, and how to say it.
FORMATS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "texte": (re.compile(r"[^\x00-\x1f\x7f]*\Z"), "un texte sans caractère de contrôle"),
    "chiffres": (re.compile(r"[0-9]+\Z"), "des chiffres"),
    "date": (re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])\Z"), "une date AAAAMMJJ"),
    "montant": (re.compile(r"[0-9]{1,12}\Z"), "un montant en centimes"),
    "entier": (re.compile(r"[0-9]{1,12}\Z"), "un nombre entier"),
    "decimal": (re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,4})?\Z"), "un nombre décimal avec un point"),
}


class ErreurGroupe(ValueError):
    """A data group that doesn't follow the catalogue; ``groupe``, ``occurrence``, ``champ`` (from 1) say where."""

    def __init__(self, message: str, *, groupe: int, occurrence: int = 1, champ: int = 0) -> None:
        self.groupe, self.occurrence, self.champ = groupe, occurrence, champ
        super().__init__(message)


class CatalogueGroupes:
    """Definitions of the data groups (``ssv/groupes.yaml``)."""

    def __init__(self, pack: NormPack) -> None:
        self._definitions: dict[int, DefinitionGroupe] = pack.memo(FICHIER, lambda: _load(pack.charger(FICHIER)))

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(self._definitions)

    def definition(self, id_: int) -> DefinitionGroupe:
        """The definition of a group. Raises ErreurGroupe when unknown."""
        try:
            return self._definitions[id_]
        except KeyError:
            raise ErreurGroupe(f"groupe {id_} inconnu du catalogue", groupe=id_) from None

    def creer(self, id_: int, /, **valeurs: str) -> Groupe:
        """A group from named fields, the others empty. Raises ErreurGroupe on an unknown name or a wrong format."""
        definition = self.definition(id_)
        for nom in valeurs:
            if nom not in definition.noms:
                connus = ", ".join(definition.noms)
                raise ErreurGroupe(f"groupe {id_} : champ inconnu « {nom} » ; connus : {connus}", groupe=id_)
        groupe = Groupe(id_, tuple(valeurs.get(nom, "") for nom in definition.noms), definition.noms)
        if fautes := self.faults([groupe]):
            raise fautes[0]
        return groupe

    def nommer(self, groupe: Groupe) -> Groupe:
        """The same group, able to give its fields by name. Raises ErreurGroupe when its number is unknown."""
        return Groupe(groupe.id, groupe.champs, self.definition(groupe.id).noms)

    def faults(self, groupes: Iterable[Groupe]) -> list[ErreurGroupe]:
        """All faults of a list of groups: unknown number, too many fields, wrong format. Empty when sound."""
        fautes: list[ErreurGroupe] = []
        occurrences: dict[int, int] = {}
        for g in groupes:
            occ = occurrences[g.id] = occurrences.get(g.id, 0) + 1
            definition = self._definitions.get(g.id)
            if definition is None:
                fautes.append(ErreurGroupe(f"groupe {g.id} inconnu du catalogue", groupe=g.id, occurrence=occ))
                continue
            if len(g.champs) > len(definition.champs):
                fautes.append(
                    ErreurGroupe(
                        f"groupe {g.id} ({definition.libelle}), occurrence {occ} : "
                        f"attendu {len(definition.champs)} champs au plus ; constaté {len(g.champs)}",
                        groupe=g.id,
                        occurrence=occ,
                    )
                )
            fautes.extend(_field_faults(g, definition, occ))
        return fautes


def _field_faults(g: Groupe, definition: DefinitionGroupe, occ: int) -> Iterable[ErreurGroupe]:
    for c, valeur in zip(definition.champs, g.champs, strict=False):
        motif, attendu = FORMATS[c.format]
        if not valeur or (len(valeur) <= MAX_CHAMP and motif.match(valeur)):
            continue
        montre = valeur if len(valeur) <= 60 else valeur[:60] + "…"
        yield ErreurGroupe(
            f"groupe {g.id} ({definition.libelle}), occurrence {occ}, champ {c.rang} « {c.nom} » : attendu {attendu} ; "
            f"constaté « {montre} »",
            groupe=g.id,
            occurrence=occ,
            champ=c.rang,
        )


def _load(document: Document) -> dict[int, DefinitionGroupe]:
    definitions: dict[int, DefinitionGroupe] = {}
    entrees: list[dict[str, Any]] = document.donnees["groupes"]
    for i, e in enumerate(entrees):
        champs = []
        for j, c in enumerate(e["champs"]):
            chemin = ("groupes", i, "champs", j)
            if c.get("format") not in FORMATS or not c.get("nom") or not c.get("source"):
                raise document.erreur(
                    chemin, f"champ : « nom », « source » et « format » ({', '.join(FORMATS)}) attendus"
                )
            champs.append(ChampGroupe(j + 1, c["nom"], c["format"], c.get("libelle", ""), c["source"]))
        id_ = int(e["id"])
        if id_ in definitions or len({c.nom for c in champs}) != len(champs):
            raise document.erreur(("groupes", i), f"groupe {id_} ou l'un de ses champs donné deux fois")
        definitions[id_] = DefinitionGroupe(id_, e["libelle"], e["occurrences"], e["source"], tuple(champs))
    return definitions
