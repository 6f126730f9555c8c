"""``preagrement schema``: writes the schemas that editors and vendors use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.commun import CONFORME, NON_CONFORME, Sortie, fautes
from harness.contrats import VERSIONS, ErreurVersion, faults, freeze
from harness.schema import files


def command(
    vers: Annotated[Path, typer.Option("--vers", help="Dossier des schémas des contrats.")] = Path("docs/schemas"),
    verifier: Annotated[bool, typer.Option("--verifier", help="N'écrit rien : dit ce qui n'est plus à jour.")] = False,
    figer: Annotated[
        bool, typer.Option("--figer", help="Garde aussi la version des contrats, qui ne changera plus.")
    ] = False,
) -> None:
    """Écrit les schémas : fichiers de scénarios, protocole d'adaptateur, services fournis."""
    sortie = Sortie()
    perimes = 0
    with fautes(sortie):
        for chemin, texte in files(vers).items():
            if chemin.is_file() and chemin.read_text(encoding="utf-8") == texte:
                continue
            perimes += 1
            if verifier:
                sortie.line(f"à récrire : {chemin}", "yellow")
                continue
            chemin.parent.mkdir(parents=True, exist_ok=True)
            chemin.write_text(texte, encoding="utf-8", newline="\n")
            sortie.line(f"écrit : {chemin}")
        en_regle = _versions(sortie, vers, verifier=verifier, figer=figer)
    if not perimes and en_regle:
        sortie.line("schémas à jour")
    raise typer.Exit(NON_CONFORME if (verifier and perimes) or not en_regle else CONFORME)


def _versions(sortie: Sortie, vers: Path, *, verifier: bool, figer: bool) -> bool:
    """Keeps or checks the frozen versions of the contracts; says whether the policy of docs/protocole.md is kept.

    A folder without frozen versions is a vendor's own copy: there is nothing to hold the schemas against.
    """
    try:
        if figer and not verifier:
            for chemin in freeze(vers):
                sortie.line(f"figé : {chemin}")
            return True
        constatees = faults(vers) if (vers / VERSIONS).is_dir() else []
    except ErreurVersion as exc:
        constatees = [str(exc)]
    for faute in constatees:
        sortie.erreur(faute)
    return not constatees
