"""Published versions of our contracts, kept frozen: a contract never changes without saying so by its version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from norms.contrat.compatibilite import (
    canonical,
    compare,
    fingerprint,
    next_version,
    render_canonical,
    split_version,
)
from norms.contrat.openrpc import documents

CONTRATS = ("adaptateur", "services")
VERSIONS = "versions"
_OU = {"adaptateur": "VERSION, norms/contrat/session.py", "services": "VERSION_SERVICES, norms/contrat/openrpc.py"}
_MONTRES = 8


class ErreurVersion(Exception):
    """A version that can't be frozen; the message is French and says what to do."""


def current(contrat: str) -> tuple[str, dict[str, Any]]:
    """The version and the canonical form of a contract as the code has it now."""
    document = json.loads(documents()[f"{contrat}.openrpc.json"])
    return str(document["info"]["version"]), canonical(document)


def frozen(racine: Path, contrat: str) -> dict[str, dict[str, Any]]:
    """The published versions of a contract under ``racine`` (docs/schemas), oldest first."""
    trouvees = {
        chemin.stem.removeprefix(f"{contrat}-"): json.loads(chemin.read_text(encoding="utf-8"))
        for chemin in (racine / VERSIONS).glob(f"{contrat}-*.json")
    }
    return {v: trouvees[v] for v in sorted(trouvees, key=split_version)}


def fingerprints(racine: Path) -> dict[str, str]:
    """« adaptateur 1.0 » -> SHA-256 of that frozen contract."""
    return {
        f"{contrat} {version}": fingerprint(contenu)
        for contrat in CONTRATS
        for version, contenu in frozen(racine, contrat).items()
    }


def faults(racine: Path) -> list[str]:
    """What breaks the policy of docs/protocole.md, in French, with what to do; empty when all is well."""
    return [f for contrat in CONTRATS for f in _faults(contrat, frozen(racine, contrat), *current(contrat))]


def freeze(racine: Path) -> list[Path]:
    """Keeps the current versions under ``racine``. Gives the files written. Raises ErreurVersion; a version that was
    published is never written again."""
    ecrits = []
    for contrat in CONTRATS:
        version, contenu = current(contrat)
        publiees = frozen(racine, contrat)
        if publiees.get(version) == contenu:
            continue
        if version in publiees:
            fautes = _faults(contrat, publiees, version, contenu)
        else:
            fautes = _steps(contrat, {**publiees, version: contenu})
        if fautes:
            raise ErreurVersion("\n".join(fautes))
        chemin = racine / VERSIONS / f"{contrat}-{version}.json"
        chemin.parent.mkdir(parents=True, exist_ok=True)
        chemin.write_text(render_canonical(contenu), encoding="utf-8", newline="\n")
        ecrits.append(chemin)
    return ecrits


def _faults(
    contrat: str, publiees: Mapping[str, dict[str, Any]], version: str, contenu: Mapping[str, Any]
) -> list[str]:
    if version not in publiees:
        oubli = f"le contrat « {contrat} » {version} n'est pas figé : « preagrement schema --figer »"
        return [f"{oubli}, et une ligne dans docs/protocole.md", *_steps(contrat, {**publiees, version: contenu})]
    changements = compare(publiees[version], contenu, contrat)
    if changements:
        dits = [str(c) for c in changements[:_MONTRES]]
        reste = [f"et {len(changements) - _MONTRES} autres"] if len(changements) > _MONTRES else []
        return [
            f"le contrat « {contrat} » a changé sans changer de version ({version}) :\n  "
            + "\n  ".join([*dits, *reste])
            + f"\nrevenir en arrière, ou porter sa version à {next_version(version, changements)} ({_OU[contrat]}), "
            "récrire les schémas (« preagrement schema »), figer (« preagrement schema --figer ») et le dire dans "
            "docs/protocole.md"
        ]
    return _steps(contrat, publiees)


def _steps(contrat: str, publiees: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Versions that follow one another without the number that their differences call for."""
    fautes = []
    for avant, apres in pairwise(sorted(publiees, key=split_version)):
        changements = compare(publiees[avant], publiees[apres], contrat)
        voulue = next_version(avant, changements)
        if split_version(apres)[0] < split_version(voulue)[0]:
            ruptures = "\n  ".join(str(c) for c in changements if c.nature == "rupture")
            fautes.append(
                f"le contrat « {contrat} » passe de {avant} à {apres} avec des ruptures :\n  {ruptures}\n"
                f"les défaire, ou porter sa version à {voulue} ({_OU[contrat]})"
            )
    return fautes
