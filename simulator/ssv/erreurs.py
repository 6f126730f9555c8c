"""The one refusal of the supplied services: a return code and a sentence for the person."""

from __future__ import annotations


class RefusSsv(Exception):
    """A function that does not succeed. ``nom`` is a refusal of ``securisation.yaml``, or a return code itself."""

    def __init__(self, nom: str, libelle: str) -> None:
        super().__init__(libelle)
        self.nom, self.libelle = nom, libelle
