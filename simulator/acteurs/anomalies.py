"""What an insurer can find wrong: a catalogue kept as data, and the anomalies found.

Each entry of ``simulator/donnees/acteurs/controles.yaml`` is one check: its level, its effect on the answer, its
wording, the clause it rests on. The code of the checks only tells what was expected and what was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from norms.chargement import Document, load
from norms.codec import Enregistrement, ErreurEnregistrement
from simulator.messagerie.message import Anomalie as EcartProfil

DONNEES = Path(__file__).parent.parent / "donnees" / "acteurs"

Niveau = Literal["message", "chiffrement", "fichier", "lot", "facture"]
Effet = Literal["rejet_smtp", "rejet_chiffrement", "rejet_fichier", "arl_negatif", "rejet_rsp", "aucun"]
PartRejetee = Literal["tout", "amo", "amc"]

MAX_TEXTE = 400


@dataclass(frozen=True, slots=True)
class Controle:
    """One check of the catalogue.

    ``arl`` and ``libelle``: what a negative ARL says, when that is the effect; ``rejet``, ``libelle`` and ``part``:
    what an RSP says of the invoice that it doesn't pay.
    """

    code: str
    niveau: Niveau
    effet: Effet
    texte: str
    source: str
    arl: str = ""
    libelle: str = ""
    rejet: str = ""
    part: PartRejetee = "tout"


@dataclass(frozen=True, slots=True)
class Anomalie:
    """Something wrong, with its evidence: record rank in the file (from 1), field, columns, raw record."""

    controle: Controle
    attendu: str
    constate: str
    enregistrement: int = 0
    champ: str = ""
    colonnes: tuple[int, int] = (0, 0)
    brut: str = ""

    @property
    def code(self) -> str:
        return self.controle.code

    @property
    def effet(self) -> Effet:
        return self.controle.effet

    def donnees(self) -> dict[str, Any]:
        """JSON-like form, for observations."""
        return {
            "code": self.code,
            "niveau": self.controle.niveau,
            "effet": self.effet,
            "texte": self.controle.texte,
            "attendu": self.attendu,
            "constate": self.constate,
            "source": self.controle.source,
            "enregistrement": self.enregistrement,
            "champ": self.champ,
            "colonnes": list(self.colonnes),
            "brut": self.brut,
        }


class Catalogue:
    """The checks by code; makes anomalies."""

    def __init__(self, controles: Mapping[str, Controle]) -> None:
        self.controles = dict(controles)

    def anomalie(
        self,
        code: str,
        attendu: str,
        constate: str,
        *,
        en: Enregistrement | None = None,
        champ: str = "",
        rang: int = 0,
        brut: bytes = b"",
    ) -> Anomalie:
        """An anomaly of that code; ``en`` and ``champ`` show where. Raises KeyError on a code not in the catalogue."""
        colonnes = (0, 0)
        if en is not None:
            rang, brut = en.rang, en.brut
            if champ:
                colonnes = en.disposition.champ(champ).colonnes
        return Anomalie(
            self.controles[code],
            _cut(attendu),
            _cut(constate),
            rang,
            champ,
            colonnes,
            brut.decode("latin-1")[:MAX_TEXTE],
        )

    def profile(self, ecart: EcartProfil) -> Anomalie:
        """An anomaly made of a departure from the message profile; the clause is the one the profile gives."""
        controle = self.controles.get(ecart.code, self.controles["MESSAGE_DEFAUT"])
        propre = replace(controle, code=ecart.code, source=ecart.source)
        return Anomalie(propre, _cut(ecart.attendu), _cut(ecart.constate))

    def layout(self, code: str, faute: ErreurEnregistrement, brut: bytes = b"") -> Anomalie:
        """An anomaly made of a fault of the codec."""
        return Anomalie(
            self.controles[code],
            _cut(faute.attendu),
            _cut(faute.constate),
            faute.rang,
            faute.champ,
            faute.colonnes,
            brut.decode("latin-1")[:MAX_TEXTE],
        )


@cache
def load_catalogue(chemin: Path = DONNEES / "controles.yaml") -> Catalogue:
    """The catalogue of checks (immutable, hence kept). Raises ErreurChargement."""
    document = load(chemin)
    controles: dict[str, Controle] = {}
    for i, entree in enumerate(document.donnees["controles"]):
        controle = _controle(document, i, entree)
        if controle.code in controles:
            raise document.erreur(("controles", i), f"contrôle « {controle.code} » donné deux fois")
        controles[controle.code] = controle
    return Catalogue(controles)


def _controle(document: Document, i: int, entree: Any) -> Controle:
    try:
        controle = Controle(**entree)
    except TypeError as exc:
        raise document.erreur(("controles", i), f"contrôle mal décrit : {exc}") from exc
    if controle.niveau not in get_args(Niveau) or controle.effet not in get_args(Effet):
        raise document.erreur(("controles", i), f"contrôle « {controle.code} » : niveau ou effet inconnu")
    if (controle.effet == "arl_negatif") != bool(controle.arl):
        raise document.erreur(("controles", i), f"contrôle « {controle.code} » : « arl » va avec l'effet arl_negatif")
    if (controle.effet == "rejet_rsp") != bool(controle.rejet) or controle.part not in get_args(PartRejetee):
        raise document.erreur(("controles", i), f"contrôle « {controle.code} » : « rejet » va avec l'effet rejet_rsp")
    return controle


def _cut(texte: str) -> str:
    propre = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in texte)
    return propre if len(propre) <= MAX_TEXTE else propre[: MAX_TEXTE - 1] + "…"
