"""What a version of a contract promises, and whether a later one keeps it: the policy of docs/protocole.md, executed.

The canonical form of a contract is its OpenRPC document without what only people read. Each version that was published
is kept frozen beside it (docs/schemas/versions). Works on plain JSON: nothing here depends on our models.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Nature = Literal["ajout", "rupture"]
#: Which side of each contract a vendor writes: an adapter answers the bench, a LPS calls the services.
ECRIT_PAR_L_EDITEUR: Mapping[str, Literal["params", "result"]] = {"adaptateur": "result", "services": "params"}
_POUR_LES_GENS = frozenset({"title", "description", "examples"})
_RENVOI = "#/components/schemas/"
_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Changement:
    """One difference between two versions of a contract: where, what, and whether an older program survives it."""

    nature: Nature
    lieu: str
    quoi: str

    def __str__(self) -> str:
        return f"{self.nature} : {self.lieu}, {self.quoi}"


def canonical(openrpc: Mapping[str, Any]) -> dict[str, Any]:
    """The contract of an OpenRPC document: methods, time-outs (seconds), types, error codes; prose left out."""
    openrpc = _without_version(openrpc)
    schemas = {nom: _bare(schema) for nom, schema in openrpc["components"]["schemas"].items()}
    methodes = {
        m["name"]: {"params": _params(m), "result": _bare(m["result"]["schema"]), "delai_s": m["x-delai-s"]}
        for m in openrpc["methods"]
    }
    servis = _reached({"methodes": methodes, "types": schemas}, "params", "result")
    codes = sorted(int(code) for code in openrpc["components"]["errors"])
    return {"methodes": methodes, "types": {nom: schemas[nom] for nom in sorted(servis)}, "erreurs": codes}


def fingerprint(contrat: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of a canonical contract."""
    return hashlib.sha256(render_canonical(contrat).encode()).hexdigest()


def render_canonical(contrat: Mapping[str, Any]) -> str:
    """The text kept for a frozen version: sorted keys, one member a line at the first levels."""
    return json.dumps(contrat, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def compare(ancien: Mapping[str, Any], nouveau: Mapping[str, Any], contrat: str) -> list[Changement]:
    """What changed between two canonical contracts (``contrat``: adaptateur or services), by place.

    What isn't known to be harmless is a « rupture »: the policy errs on the side of programs already written.
    """
    return sorted(_compare(ancien, nouveau, ECRIT_PAR_L_EDITEUR[contrat]), key=lambda c: (c.lieu, c.quoi))


def next_version(version: str, changements: list[Changement]) -> str:
    """The version that these changes call for: the same, the next minor one, or the next major one.

    Raises ValueError on a version that isn't « major.minor ».
    """
    majeur, mineur = split_version(version)
    if any(c.nature == "rupture" for c in changements):
        return f"{majeur + 1}.0"
    return f"{majeur}.{mineur + 1}" if changements else version


def split_version(version: str) -> tuple[int, int]:
    """« 1.2 » as (1, 2). Raises ValueError."""
    lue = _VERSION.fullmatch(version)
    if lue is None:
        raise ValueError(f"version « {version} » : deux nombres séparés par un point sont attendus")
    return int(lue[1]), int(lue[2])


def _bare(schema: Any) -> Any:
    """A schema without what only people read; the names of properties are no keywords."""
    if isinstance(schema, list):
        return [_bare(s) for s in schema]
    if not isinstance(schema, Mapping):
        return schema
    nu = {
        cle: {nom: _bare(s) for nom, s in valeur.items()} if cle == "properties" else _bare(valeur)
        for cle, valeur in schema.items()
        if cle not in _POUR_LES_GENS
    }
    if isinstance(nu.get("default"), dict | list):
        del nu["default"]  # that of each member is told by the type
    if "const" in nu:
        nu["enum"] = [nu.pop("const")]
    return nu


def _without_version(openrpc: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document without the default that gives its own version (« bonjour »), which changes with each of them."""
    version = openrpc.get("info", {}).get("version")

    def clean(valeur: Any) -> Any:
        if isinstance(valeur, list):
            return [clean(v) for v in valeur]
        if isinstance(valeur, Mapping):
            return {c: clean(v) for c, v in valeur.items() if not (c == "default" and v == version)}
        return valeur

    propre: Mapping[str, Any] = clean(openrpc)
    return propre


def _params(methode: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that an OpenRPC document lists one by one, as the schema of one object."""
    obligatoires = sorted(p["name"] for p in methode["params"] if p["required"])
    proprietes = {p["name"]: _bare(p["schema"]) for p in methode["params"]}
    return {"type": "object", "properties": proprietes, "required": obligatoires}


# --- differences --------------------------------------------------------------------------------------------
def _compare(ancien: Mapping[str, Any], nouveau: Mapping[str, Any], ecrit: str) -> Iterator[Changement]:
    avant, apres = ancien["methodes"], nouveau["methodes"]
    yield from _names("", "méthode", avant, apres)
    rediges = _reached(nouveau, ecrit) | _reached(ancien, ecrit)
    comparaison = _Comparaison(ancien["types"], nouveau["types"])
    for nom in avant.keys() & apres.keys():
        un, autre = avant[nom], apres[nom]
        if un["delai_s"] != autre["delai_s"]:
            nature: Nature = "ajout" if autre["delai_s"] > un["delai_s"] else "rupture"
            yield Changement(nature, nom, f"délai de {un['delai_s']} s porté à {autre['delai_s']} s")
        for cote in ("params", "result"):
            yield from comparaison.differences(f"{nom}, {cote}", un[cote], autre[cote], redige=cote == ecrit)
    for nom in ancien["types"].keys() & nouveau["types"].keys():
        yield from comparaison.differences(nom, ancien["types"][nom], nouveau["types"][nom], redige=nom in rediges)
    for code in sorted(set(ancien["erreurs"]) ^ set(nouveau["erreurs"])):
        parti = code in ancien["erreurs"]
        yield Changement("rupture" if parti else "ajout", f"erreur {code}", "retirée" if parti else "ajoutée")


def _names(dans: str, quoi: str, avant: Mapping[str, Any], apres: Mapping[str, Any]) -> Iterator[Changement]:
    for nom in avant.keys() - apres.keys():
        yield Changement("rupture", f"{dans}{nom}", f"{quoi} de moins")
    for nom in apres.keys() - avant.keys():
        yield Changement("ajout", f"{dans}{nom}", f"{quoi} de plus")


@dataclass(frozen=True, slots=True)
class _Comparaison:
    """The named types of both versions, through which references are followed."""

    ancien: Mapping[str, Any]
    nouveau: Mapping[str, Any]
    suivis: frozenset[tuple[str, str]] = frozenset()

    def differences(self, lieu: str, ancien: Any, nouveau: Any, *, redige: bool) -> Iterator[Changement]:
        """Differences of one schema. ``redige``: a vendor's program writes such values; else it only reads them."""
        if ancien == nouveau:
            return
        if redige and _form(ancien) in nouveau.get("anyOf", ()) and ancien.get("default") == nouveau.get("default"):
            yield Changement("ajout", lieu, "autres formes admises")
            return
        un, autre = ancien.get("$ref", ""), nouveau.get("$ref", "")
        if un and autre:  # a renamed type is the same on the wire
            yield from self._follow(lieu, un.removeprefix(_RENVOI), autre.removeprefix(_RENVOI), redige=redige)
            return
        for cle in sorted(ancien.keys() | nouveau.keys()):
            if ancien.get(cle) != nouveau.get(cle):
                yield from self._keyword(lieu, cle, ancien.get(cle), nouveau.get(cle), redige=redige)

    def _follow(self, lieu: str, un: str, autre: str, *, redige: bool) -> Iterator[Changement]:
        if (un, autre) not in self.suivis:  # a type may lead to itself
            plus_loin = replace(self, suivis=self.suivis | {(un, autre)})
            yield from plus_loin.differences(lieu, self.ancien[un], self.nouveau[autre], redige=redige)

    def _keyword(self, lieu: str, cle: str, un: Any, autre: Any, *, redige: bool) -> Iterator[Changement]:
        if cle == "properties":
            un, autre = un or {}, autre or {}
            yield from _names(f"{lieu}.", "champ", un, autre)
            for nom in un.keys() & autre.keys():
                yield from self.differences(f"{lieu}.{nom}", un[nom], autre[nom], redige=redige)
        elif cle == "required":
            yield from _required(lieu, set(un or ()), set(autre or ()), redige=redige)
        elif cle == "enum" and un and autre:
            for valeur in (v for v in un if v not in autre):
                yield Changement("rupture", lieu, f"valeur {valeur} ôtée")
            for valeur in (v for v in autre if v not in un):
                yield Changement("ajout", lieu, f"valeur {valeur} ajoutée")
        elif cle == "items" and un and autre:
            yield from self.differences(f"{lieu}[]", un, autre, redige=redige)
        else:
            yield Changement("rupture", lieu, f"« {cle} » : {_short(un)} devient {_short(autre)}")


def _form(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without its default: inside « anyOf » it bears none."""
    return {cle: valeur for cle, valeur in schema.items() if cle != "default"}


def _required(lieu: str, avant: set[str], apres: set[str], *, redige: bool) -> Iterator[Changement]:
    for nom in apres - avant:
        yield Changement("rupture" if redige else "ajout", f"{lieu}.{nom}", "devient obligatoire")
    for nom in avant - apres:
        yield Changement("ajout" if redige else "rupture", f"{lieu}.{nom}", "n'est plus obligatoire")


def _reached(contrat: Mapping[str, Any], *cotes: str) -> set[str]:
    """The types that these sides of the methods lead to."""
    atteints: set[str] = set()
    a_voir = [t for m in contrat["methodes"].values() for cote in cotes for t in _references(m[cote])]
    while a_voir:
        nom = a_voir.pop()
        if nom not in atteints:
            atteints.add(nom)
            a_voir += _references(contrat["types"].get(nom))
    return atteints


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        renvoi = schema.get("$ref", "")
        if isinstance(renvoi, str) and renvoi.startswith(_RENVOI):
            yield renvoi.removeprefix(_RENVOI)
    for dedans in schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ():
        yield from _references(dedans)


def _short(valeur: Any) -> str:
    texte = json.dumps(valeur, ensure_ascii=False)
    return texte if len(texte) <= 80 else f"{texte[:80]}…"
