"""``preagrement schema``: writes the schemas that editors and vendors use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.commun import CONFORME, NON_CONFORME, Sortie, fautes
from harness.schema import files


def command(
    vers: Annotated[Path, typer.Option("--vers", help="Dossier des schémas des contrats.")] = Path("docs/schemas"),
    verifier: Annotated[bool, typer.Option("--verifier", help="N'écrit rien : dit ce qui n'est plus à jour.")] = False,
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
    if not perimes:
        sortie.line("schémas à jour")
    raise typer.Exit(NON_CONFORME if verifier and perimes else CONFORME)
