"""Resuming an interrupted campaign: each result is noted beside the evidence as soon as it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from pydantic import ValidationError

from harness.campagne import identity
from harness.modele.verdict import ResultatScenario, Verdict
from harness.moteur import Banc

FICHIER = "reprise.jsonl"
_EMPREINTE = "empreinte"


class ErreurReprise(ValueError):
    """A campaign that can't be resumed; the message says why and what to do."""


class Carnet:
    """The results of the campaign under way, one line each, in its dossier. Gone once the campaign is complete."""

    def __init__(self, banc: Banc) -> None:
        self._fichier = banc.dossier / FICHIER
        memes = {
            "identite": identity(banc, None).model_dump(mode="json"),
            "lps": banc.lps.model_dump(mode="json"),
            "attestations": {cle: dict(v) for cle, v in banc.attestations.items()},
        }
        self._empreinte = hashlib.sha256(json.dumps(memes, sort_keys=True).encode()).hexdigest()

    def read(self) -> list[ResultatScenario]:
        """What is already played, faults of the bench excepted. Raises ErreurReprise."""
        try:
            lignes = self._fichier.read_text(encoding="utf-8").splitlines()
        except OSError as exc:
            raise ErreurReprise(
                f"pas de campagne interrompue à reprendre dans {self._fichier.parent} ; relancer sans --reprendre"
            ) from exc
        if lignes[:1] != [self._header()]:
            raise ErreurReprise(
                f"la campagne interrompue de {self._fichier.parent} avait un autre LPS, une autre graine ou un autre"
                " banc ; redonner les mêmes options, ou relancer sans --reprendre"
            )
        return [r for r in _results(lignes[1:]) if r.verdict is not Verdict.ERREUR_BANC]

    def start(self, deja: list[ResultatScenario]) -> None:
        """Opens the notebook, with what is already known. Raises OSError."""
        lignes = [self._header(), *(r.model_dump_json() for r in deja)]
        self._fichier.write_text("".join(f"{ligne}\n" for ligne in lignes), encoding="utf-8", newline="\n")

    def note(self, resultat: ResultatScenario) -> None:
        """Adds a result. Raises OSError."""
        with self._fichier.open("a", encoding="utf-8", newline="\n") as flux:
            flux.write(resultat.model_dump_json() + "\n")

    def end(self) -> None:
        """The campaign is complete: nothing is left to resume."""
        self._fichier.unlink(missing_ok=True)

    def _header(self) -> str:
        return json.dumps({_EMPREINTE: self._empreinte})


def _results(lignes: list[str]) -> Iterator[ResultatScenario]:
    for ligne in lignes:
        try:
            yield ResultatScenario.model_validate_json(ligne)
        except ValidationError:  # a line cut by the interruption: its scenario is played again
            continue
