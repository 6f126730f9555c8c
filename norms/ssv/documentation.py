"""The data groups as a French page for vendors, generated from the catalogue of the norm pack (``ssv/groupes.yaml``).

``preagrement schema`` writes it next to the JSON Schemas, as ``docs/schemas/groupes.md``.
"""

from __future__ import annotations

from collections.abc import Mapping

from norms.paquet import NormPack
from norms.ssv.groupes import FORMATS, CatalogueGroupes
from norms.ssv.modele import ChampGroupe, DefinitionGroupe

NOM = "groupes.md"
_OCCURRENCES: Mapping[str, str] = {"1": "une fois", "0-1": "une fois au plus", "n": "autant de fois qu'il faut"}
_ENTETE = """\
# Les groupes de données des services fournis

Page produite par `preagrement schema` à partir de `norms/donnees/ssv/groupes.yaml` ; ne pas la modifier à la main.

Un groupe s'écrit en JSON `{"groupe": 1610, "champs": ["1", "20221121", …]}` : les champs sont du texte, dans l'ordre
de leur rang, vides quand la donnée manque ; ceux de la fin peuvent être omis. Un groupe répété figure autant de fois
qu'il a d'occurrences. Les groupes 105 à 111 qui suivent un groupe 104 appartiennent à ce bénéficiaire.
"""
_USAGES: tuple[tuple[int, int, str], ...] = (
    (1, 2, "Carte du PS (`ssv.lire_carte_ps`)"),
    (12, 15, "Lots, fichiers, accusés (`ssv.formater_lot`, `ssv.formater_fichier`, `ssv.traduire_arl`)"),
    (60, 64, "Configuration (`ssv.lire_config`)"),
    (93, 93, "Lots de DRE (`ssv.formater_lot`)"),
    (101, 111, "Carte Vitale (`ssv.lire_droits_vitale`)"),
    (1110, 1710, "Facture (`ssv.formater_facture`)"),
    (3700, 3700, "Tarification complémentaire"),
)


def render_groupes(pack: NormPack) -> str:
    """The whole page, Markdown. Raises ErreurChargement when the catalogue can't be read."""
    catalogue = CatalogueGroupes(pack)
    sources: dict[str, int] = {}
    lignes = [_ENTETE, "## Les formats", "", "| format | ce qui est attendu |", "| --- | --- |"]
    lignes += [f"| {nom} | {attendu} |" for nom, (_, attendu) in FORMATS.items()]
    titre = ""
    for id_ in sorted(catalogue.ids):
        usage = next((texte for debut, fin, texte in _USAGES if debut <= id_ <= fin), "Autres groupes")
        if usage != titre:
            lignes += ["", f"## {usage}"]
            titre = usage
        lignes += _group(catalogue.definition(id_), sources)
    lignes += ["", "## Les sources", ""]
    lignes += [f"{n}. {_cell(source)}" for source, n in sources.items()]
    return "\n".join(lignes) + "\n"


def _group(definition: DefinitionGroupe, sources: dict[str, int]) -> list[str]:
    fois = _OCCURRENCES.get(definition.occurrences, f"de {definition.occurrences.replace('-', ' à ')} fois")
    return [
        "",
        f"### {definition.id} {_cell(definition.libelle)}",
        "",
        f"{fois.capitalize()}.",
        "",
        "| rang | nom | libellé | format | source |",
        "| --- | --- | --- | --- | --- |",
        *(_field(c, sources.setdefault(c.source, len(sources) + 1)) for c in definition.champs),
    ]


def _field(c: ChampGroupe, source: int) -> str:
    return f"| {c.rang} | `{c.nom}` | {_cell(c.libelle)} | {c.format} | {source} |"


def _cell(texte: str) -> str:
    """A text that doesn't break a table."""
    return " ".join(texte.split()).replace("|", "\\|")
