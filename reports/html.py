"""The HTML dossier: one self-contained file in French, without script nor outside resource."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from harness.modele.verdict import Campagne, Preuve, Verdict
from reports import libelles
from reports.ecriture import write_whole
from reports.synthese import NIVEAUX, ORDRE, CatalogueLu, build

NOM = "dossier.html"
MAX_VALEUR = 2000
_COLONNES = re.compile(r"([1-9][0-9]{0,3})(?:-([0-9]{1,4}))?")


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
    environnement.filters |= {
        "court": _cut,
        "brut": _raw,
        "domaine": lambda cle: libelles.libelle(cle, libelles.DOMAINES),
        "donnees": lambda cle: libelles.libelle(cle, libelles.DONNEES),
        "profil": lambda cle: libelles.libelle(cle, libelles.PROFIL),
        "lecteurs": lambda cle: libelles.LECTEURS.get(cle, cle),
        "gros": libelles.gros,
        "nombre": libelles.nombre,
    }
    gabarit = environnement.get_template("dossier.html.j2")
    return gabarit.render(
        s=build(campagne, catalogue),
        catalogue=catalogue,
        lectures=getattr(catalogue, "lectures", {}),
        Verdict=Verdict,
        ordre=ORDRE,
        niveaux=NIVEAUX,
    )


def _raw(preuve: Preuve) -> tuple[str, str, str]:
    """The bytes of a piece of evidence in three: before the columns in question, those columns, after."""
    m = _COLONNES.fullmatch(preuve.colonnes)
    if m is None or int(m[2] or m[1]) > min(len(preuve.brut), MAX_VALEUR):
        return (_cut(preuve.brut), "", "")
    debut, fin = int(m[1]) - 1, int(m[2] or m[1])
    return (preuve.brut[:debut], preuve.brut[debut:fin], _cut(preuve.brut)[fin:])


def _cut(texte: str) -> str:
    return texte if len(texte) <= MAX_VALEUR else f"{texte[:MAX_VALEUR]}… ({len(texte)} caractères)"
