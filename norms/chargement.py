"""Safe YAML loading: every scalar stays a string, duplicate keys are refused, positions are kept.

YAML 1.1 turns ``01`` into 1 and ``no`` into False; the field's codes must not be touched, so nothing is
typed here: models (pydantic, lax) or the caller decide. Documents are bounded in size and depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from norms.systeme import tell_system_error

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40

Chemin = tuple[str | int, ...]


class ErreurChargement(ValueError):
    """A YAML file that cannot be used; the message names file, line, column, what was expected, what to do."""

    def __init__(self, fichier: str, ligne: int, colonne: int, message: str) -> None:
        self.fichier, self.ligne, self.colonne, self.message = fichier, ligne, colonne, message
        super().__init__(f"{fichier}:{ligne}:{colonne}: {message}")


@dataclass(frozen=True)
class Document:
    """A loaded YAML document: its data (dict, list, str only) and its text, to find where something was said."""

    fichier: str
    donnees: Any
    texte: str = field(repr=False)

    @cached_property
    def positions(self) -> Mapping[Chemin, tuple[int, int]]:
        """Line and column (from 1) of every node; worked out when a first one is asked for."""
        return _with_positions(self.texte, self.fichier)[1]

    def position(self, chemin: Chemin) -> tuple[int, int]:
        """Line and column (from 1) of a node, or of its nearest known ancestor."""
        while chemin and chemin not in self.positions:
            chemin = chemin[:-1]
        return self.positions.get(chemin, (1, 1))

    def erreur(self, chemin: Chemin, message: str) -> ErreurChargement:
        """Builds the error to raise about the node at ``chemin``."""
        ligne, colonne = self.position(chemin)
        return ErreurChargement(self.fichier, ligne, colonne, message)


def _place(marque: Any) -> tuple[int, int]:
    return (1, 1) if marque is None else (marque.line + 1, marque.column + 1)


#: What the parser says, as we say it. The parser in C and the one in Python don't use the very same words.
_PROBLEMES = (
    ("expected ',' or ']'", "liste ouverte par « [ » : une virgule ou « ] » est attendue"),
    ("expected ',' or '}'", "table ouverte par « { » : une virgule ou « } » est attendue"),
    ("mapping values are not allowed", "« : » inattendu ; guillemets oubliés ou indentation fausse"),
    ("could not find expected ':'", "« : » attendu après une clé"),
    ("did not find expected key", "une clé est attendue ; indentation fausse"),
    ("expected <block end>", "une clé est attendue ; indentation fausse"),
    ("did not find expected '-' indicator", "un élément de liste « - » est attendu ; indentation fausse"),
    ("unexpected end of stream", "le fichier finit dans un texte entre guillemets"),
    ("cannot start any token", "ce caractère ne commence rien ; mettre la valeur entre guillemets"),
)


def _unreadable(probleme: str | None, texte: str, ligne: int, colonne: int) -> str:
    """What to say about a fault of syntax found at that place."""
    lignes = texte.splitlines()
    if ligne <= len(lignes) and lignes[ligne - 1][colonne - 1 : colonne] == "\t":
        return "YAML illisible (tabulation) ; indenter par des espaces"
    dit = next((ici for leur, ici in _PROBLEMES if leur in (probleme or "")), probleme)
    return f"YAML illisible ({dit}) ; corriger la syntaxe à cet endroit"


def _loader() -> type[Any]:
    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def load_text(texte: str, fichier: str = "<texte>") -> Document:
    """Loads one YAML document from text. Raises ErreurChargement."""
    try:
        donnees = _plain(texte, fichier, alias=False)
    except (yaml.YAMLError, ErreurChargement, RecursionError, UnicodeError):
        donnees = _with_positions(texte, fichier)[0]  # which says what is wrong, and where
    return Document(fichier, donnees, texte)


def _with_positions(texte: str, fichier: str) -> tuple[Any, dict[Chemin, tuple[int, int]]]:
    loader = _loader()(texte)
    try:
        noeud = loader.get_single_node()
    except yaml.MarkedYAMLError as exc:
        ligne, colonne = _place(exc.problem_mark or exc.context_mark)
        raise ErreurChargement(fichier, ligne, colonne, _unreadable(exc.problem, texte, ligne, colonne)) from exc
    except (yaml.YAMLError, RecursionError, UnicodeError) as exc:
        raise ErreurChargement(fichier, 1, 1, f"YAML illisible ({exc}) ; corriger la syntaxe") from exc
    finally:
        loader.dispose()
    positions: dict[Chemin, tuple[int, int]] = {}
    donnees = None if noeud is None else _build(noeud, (), positions, fichier, set())
    return donnees, positions


def load(chemin: Path, *, nom: str | None = None) -> Document:
    """Loads a YAML file (UTF-8, at most 8 MiB). Raises ErreurChargement, also when it can't be read."""
    nom = nom or chemin.as_posix()
    return load_text(_read(chemin, nom), nom)


def load_plain(chemin: Path) -> Any:
    """Loads a large data file of ours, that may repeat itself by aliases.

    Same values, same refusals (size, depth, duplicate keys) as ``load``. Raises ErreurChargement.
    """
    nom = chemin.as_posix()
    texte = _read(chemin, nom)
    try:
        return _plain(texte, nom, alias=True)
    except yaml.MarkedYAMLError as exc:
        ligne, colonne = _place(exc.problem_mark)
        raise ErreurChargement(nom, ligne, colonne, _unreadable(exc.problem, texte, ligne, colonne)) from exc


def _plain(texte: str, nom: str, *, alias: bool) -> Any:
    """The values alone, in half the time. Raises ErreurChargement and what the parser raises."""
    loader = _loader()(texte)
    try:
        loader.get_event()  # start of stream
        if isinstance(debut := loader.get_event(), yaml.StreamEndEvent):
            return None
        donnees = _Plain(loader, nom, alias=alias).build(loader.get_event(), 0)
        loader.get_event()  # end of document
        if not isinstance(suite := loader.get_event(), yaml.StreamEndEvent):
            raise yaml.composer.ComposerError(
                "expected a single document", debut.start_mark, "but found another document", suite.start_mark
            )
        return donnees
    finally:
        loader.dispose()


class _Plain:
    """Builds values straight from parsing events."""

    def __init__(self, loader: Any, nom: str, *, alias: bool) -> None:
        self._loader, self._nom, self._alias = loader, nom, alias
        self._ancres: dict[str, Any] = {}

    def build(self, evenement: yaml.Event, niveau: int) -> Any:
        if niveau > MAX_DEPTH:
            raise self._refuse(evenement, f"plus de {MAX_DEPTH} niveaux d'imbrication")
        if not self._alias and getattr(evenement, "anchor", None):
            raise self._refuse(evenement, "alias YAML ; recopier la valeur")
        if isinstance(evenement, yaml.AliasEvent):
            if evenement.anchor not in self._ancres:
                raise self._refuse(evenement, f"alias « {evenement.anchor} » sans ancre")
            return self._ancres[evenement.anchor]
        valeur: Any = None  # an empty document
        if isinstance(evenement, yaml.ScalarEvent):
            valeur = evenement.value
        elif isinstance(evenement, yaml.SequenceStartEvent):
            valeur = list(self._items(niveau))
        elif isinstance(evenement, yaml.MappingStartEvent):
            valeur = self._table(niveau)
        if getattr(evenement, "anchor", None):
            self._ancres[evenement.anchor] = valeur  # type: ignore[attr-defined]  # just looked up
        return valeur

    def _items(self, niveau: int) -> Iterator[Any]:
        while not isinstance(evenement := self._loader.get_event(), yaml.SequenceEndEvent):
            yield self.build(evenement, niveau + 1)

    def _table(self, niveau: int) -> dict[str, Any]:
        table: dict[str, Any] = {}
        while not isinstance(evenement := self._loader.get_event(), yaml.MappingEndEvent):
            if not isinstance(evenement, yaml.ScalarEvent):
                raise self._refuse(evenement, "clé composée ; une clé est un mot simple")
            cle = evenement.value
            if cle in table:
                raise self._refuse(evenement, f"clé « {cle} » déjà donnée plus haut ; n'en garder qu'une")
            table[cle] = self.build(self._loader.get_event(), niveau + 1)
        return table

    def _refuse(self, evenement: yaml.Event, message: str) -> ErreurChargement:
        marque: Any = evenement.start_mark
        return ErreurChargement(self._nom, marque.line + 1, marque.column + 1, message)


def _read(chemin: Path, nom: str) -> str:
    try:
        taille = chemin.stat().st_size
        if taille > MAX_BYTES:
            raise ErreurChargement(
                nom, 1, 1, f"fichier de {taille} octets ; {MAX_BYTES} au plus sont acceptés : le partager"
            )
        return chemin.read_text(encoding="utf-8")
    except OSError as exc:
        raise ErreurChargement(nom, 1, 1, f"fichier illisible ({tell_system_error(exc)}) ; vérifier le chemin") from exc
    except UnicodeDecodeError as exc:
        avant = exc.object[: exc.start].decode("utf-8")
        ligne, colonne = avant.count("\n") + 1, len(avant) - avant.rfind("\n")
        message = f"octet 0x{exc.object[exc.start]:02x} hors UTF-8 ; enregistrer le fichier en UTF-8"
        raise ErreurChargement(nom, ligne, colonne, message) from exc


def _build(
    noeud: yaml.Node, chemin: Chemin, positions: dict[Chemin, tuple[int, int]], fichier: str, vus: set[int]
) -> Any:
    ligne, colonne = noeud.start_mark.line + 1, noeud.start_mark.column + 1
    if id(noeud) in vus:  # an alias: expanding it again and again is how a small file fills the memory
        raise ErreurChargement(fichier, ligne, colonne, "alias YAML ; recopier la valeur")
    vus.add(id(noeud))
    positions[chemin] = (ligne, colonne)
    if len(chemin) > MAX_DEPTH:
        raise ErreurChargement(fichier, ligne, colonne, f"plus de {MAX_DEPTH} niveaux d'imbrication")
    if isinstance(noeud, yaml.ScalarNode):
        return noeud.value
    if isinstance(noeud, yaml.SequenceNode):
        return [_build(n, (*chemin, i), positions, fichier, vus) for i, n in enumerate(noeud.value)]
    return dict(_pairs(noeud, chemin, positions, fichier, vus))


def _pairs(
    noeud: yaml.Node, chemin: Chemin, positions: dict[Chemin, tuple[int, int]], fichier: str, vus: set[int]
) -> Iterator[tuple[str, Any]]:
    vues: set[str] = set()
    for cle, valeur in noeud.value:
        ligne, colonne = cle.start_mark.line + 1, cle.start_mark.column + 1
        if not isinstance(cle, yaml.ScalarNode):
            raise ErreurChargement(fichier, ligne, colonne, "clé composée ; une clé est un mot simple")
        if cle.value in vues:
            raise ErreurChargement(
                fichier, ligne, colonne, f"clé « {cle.value} » déjà donnée plus haut ; n'en garder qu'une"
            )
        vues.add(cle.value)
        yield cle.value, _build(valeur, (*chemin, cle.value), positions, fichier, vus)
