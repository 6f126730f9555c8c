"""The conversation with a person as a stream: prompts out, answers in; a terminal or a machine at the other end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, TextIO

from harness.cli.commun import Sortie

Genre = Literal["texte", "choix", "liste", "attestation"]
Ton = Literal["info", "reception", "attention", "erreur"]
#: Answer that stops the session; accepted to any question.
ARRETER = "arreter"
MAX_REPONSE = 2000
MAX_LIGNE = 64 * 1024


class FinDialogue(Exception):
    """The other end has gone: nobody answers any more."""


@dataclass(frozen=True, slots=True)
class Choix:
    """One possible answer: the value sent back, and how it reads."""

    valeur: str
    libelle: str


@dataclass(frozen=True, slots=True)
class Invite:
    """A question. ``id`` is the same each time the same question is asked, also after a stop.

    ``choix``: one of the choices; ``liste``: any of them, separated by commas; ``texte``: free; ``attestation``: one of
    the choices, and perhaps a file that shows it.
    """

    id: str
    genre: Genre
    texte: str
    choix: tuple[Choix, ...] = ()
    defaut: str = ""


@dataclass(frozen=True, slots=True)
class Reponse:
    """The answer to a question. ``fichier``: path of a file to attach to an attestation, or nothing."""

    id: str
    valeur: str
    fichier: str = ""


@dataclass(frozen=True, slots=True)
class Avis:
    """Something said that asks for no answer."""

    texte: str
    ton: Ton = "info"


class Dialogue(Protocol):
    """A front end. ``ask`` raises FinDialogue when nobody is there; ``tell`` may be called from any thread."""

    def ask(self, invite: Invite) -> Reponse: ...
    def tell(self, avis: Avis) -> None: ...


class DialogueJson:
    """JSON lines: ``{"invite": …}`` and ``{"avis": …}`` go out, ``{"id", "valeur", "fichier"}`` come in."""

    def __init__(self, entree: TextIO, sortie: TextIO) -> None:
        self._entree, self._sortie = entree, sortie
        self._verrou = threading.Lock()

    def ask(self, invite: Invite) -> Reponse:
        self._write({"invite": asdict(invite)})
        for ligne in self._lines():
            try:
                lue = json.loads(ligne)
                reponse = Reponse(str(lue["id"]), str(lue["valeur"]), str(lue.get("fichier") or ""))
            except (ValueError, KeyError, TypeError, AttributeError):
                faute = 'ligne illisible ; attendu : {"id": …, "valeur": …}'
            else:
                if reponse.id == invite.id:
                    return reponse
                faute = f"réponse à « {reponse.id} » ; la question posée est « {invite.id} »"
            self.tell(Avis(faute, "erreur"))
            self._write({"invite": asdict(invite)})
        raise FinDialogue

    def tell(self, avis: Avis) -> None:
        self._write({"avis": asdict(avis)})

    def end(self, objet: dict[str, Any]) -> None:
        """The last line: what came out."""
        self._write({"fin": objet})

    def _lines(self) -> Iterator[str]:
        while ligne := self._entree.readline(MAX_LIGNE):
            yield ligne

    def _write(self, objet: dict[str, Any]) -> None:
        with self._verrou:
            try:
                self._sortie.write(json.dumps(objet, ensure_ascii=False) + "\n")
                self._sortie.flush()
            except BrokenPipeError as exc:
                raise FinDialogue from exc


_STYLES: dict[Ton, str | None] = {"info": None, "reception": "cyan", "attention": "yellow", "erreur": "bold red"}


class DialogueTerminal:
    """Questions on the terminal: choices are numbered, an empty line takes the default."""

    def __init__(self, sortie: Sortie, entree: TextIO) -> None:
        self._console, self._entree = sortie, entree

    def ask(self, invite: Invite) -> Reponse:
        self._console.line()
        self._console.line(invite.texte, "bold")
        for rang, choix in enumerate(invite.choix, 1):
            self._console.line(f"  {rang}. {choix.libelle}")
        suite = f" [{_by_default(invite)}]" if invite.defaut else ""
        valeur = self._chosen(invite, f"> {'numéro' if invite.choix else 'réponse'}{suite} : ")
        fichier = ""
        if invite.genre == "attestation" and valeur != ARRETER:
            fichier = self._read("> fichier à joindre (rien : aucun) : ")
        return Reponse(invite.id, valeur, fichier)

    def tell(self, avis: Avis) -> None:
        self._console.line(avis.texte, _STYLES[avis.ton])

    def _chosen(self, invite: Invite, attente: str) -> str:
        """What is typed, as values; asked again, without its question, until it can be an answer."""
        while True:
            saisie = self._read(attente) or invite.defaut
            valeur = self._value(invite, saisie)
            possibles = {ARRETER, *(c.valeur for c in invite.choix)}
            if not invite.choix or (valeur and set(split_list(valeur)) <= possibles):
                return valeur
            plusieurs = ", ou plusieurs séparés par des virgules" if invite.genre == "liste" else ""
            dit = f"« {saisie} » : " if saisie else ""
            self._console.line(f"{dit}un numéro de 1 à {len(invite.choix)} est attendu{plusieurs}", _STYLES["erreur"])

    def _read(self, attente: str) -> str:
        self._console.console.print(attente, end="", markup=False)
        ligne = self._entree.readline(MAX_LIGNE)
        if not ligne:
            raise FinDialogue
        return ligne.strip()

    @staticmethod
    def _value(invite: Invite, saisie: str) -> str:
        """Numbers stand for the choices."""
        if not invite.choix:
            return saisie
        return ",".join(_valued(invite.choix, mot.strip()) for mot in saisie.split(",") if mot.strip())


def _by_default(invite: Invite) -> str:
    """The default as it would be typed: the numbers of the choices."""
    rangs = {c.valeur: str(rang) for rang, c in enumerate(invite.choix, 1)}
    return ",".join(rangs.get(v, v) for v in split_list(invite.defaut)) if invite.choix else invite.defaut


def _valued(choix: tuple[Choix, ...], mot: str) -> str:
    return choix[int(mot) - 1].valeur if mot.isdigit() and 1 <= int(mot) <= len(choix) else mot


def fault_of(invite: Invite, reponse: Reponse) -> str:
    """Why an answer can't be taken, in French; empty when it can."""
    valeur = answered(invite, reponse)
    if len(valeur) > MAX_REPONSE:
        return f"réponse de {len(valeur)} caractères ; {MAX_REPONSE} au plus"
    if invite.genre == "texte":
        return "" if valeur else "une réponse est attendue"
    connues = [c.valeur for c in invite.choix]
    mots = split_list(valeur) if invite.genre == "liste" else [valeur]
    faux = [m for m in mots if m not in connues]
    return f"« {faux[0]} » n'est pas une réponse possible ; réponses : {', '.join(connues)}" if faux else ""


def answered(invite: Invite, reponse: Reponse) -> str:
    """The value of an answer; an empty one is the default."""
    return reponse.valeur.strip() or invite.defaut


def split_list(valeur: str) -> list[str]:
    """The values of an answer that may hold several."""
    return [m.strip() for m in valeur.split(",") if m.strip()]


def choices(couples: Iterable[tuple[str, str]]) -> tuple[Choix, ...]:
    """Choices from couples (value, label)."""
    return tuple(Choix(valeur, libelle) for valeur, libelle in couples)
