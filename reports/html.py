"""The HTML dossier: one self-contained file in French, without script nor outside resource."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from harness.modele.verdict import Campagne, Verdict
from reports.ecriture import write_whole
from reports.synthese import NIVEAUX, ORDRE, CatalogueLu, build

NOM = "dossier.html"
MAX_VALEUR = 2000


def ecrire(campagne: Campagne, catalogue: CatalogueLu, dossier: Path) -> list[Path]:
    """Writes ``dossier.html``."""
    return [write_whole(dossier / NOM, render(campagne, catalogue))]


def render(campagne: Campagne, catalogue: CatalogueLu) -> str:
    """The dossier as text. Everything that comes from the LPS is escaped and cut at 2 000 characters."""
    environnement = Environment(
        loader=PackageLoader("reports", "gabarits"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environnement.filters["court"] = _cut
    gabarit = environnement.get_template("dossier.html.j2")
    return gabarit.render(
        s=build(campagne, catalogue),
        catalogue=catalogue,
        lectures=getattr(catalogue, "lectures", {}),
        Verdict=Verdict,
        ordre=ORDRE,
        niveaux=NIVEAUX,
    )


def _cut(texte: str) -> str:
    return texte if len(texte) <= MAX_VALEUR else f"{texte[:MAX_VALEUR]}… ({len(texte)} caractères)"
