"""Data groups: a number and fields in order, all text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChampGroupe:
    """A field of a group: its rank from 1, how it is written (texte, chiffres, date, montant, decimal, entier)."""

    rang: int
    nom: str
    format: str
    libelle: str
    source: str


@dataclass(frozen=True, slots=True)
class DefinitionGroupe:
    """What a group is made of."""

    id: int
    libelle: str
    occurrences: str
    source: str
    champs: tuple[ChampGroupe, ...]
    noms: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "noms", tuple(c.nom for c in self.champs))


@dataclass(frozen=True, slots=True)
class Groupe:
    """One occurrence of a data group. ``noms`` is known when it comes from a catalogue."""

    id: int
    champs: tuple[str, ...]
    noms: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def valeur(self, champ: str | int) -> str:
        """The field of that name, or of that rank (from 1); empty when the group is shorter.

        Raises KeyError when the name is unknown or the rank below 1.
        """
        if isinstance(champ, str):
            if champ not in self.noms:
                connus = ", ".join(self.noms) or "aucun : groupe créé sans catalogue"
                raise KeyError(f"groupe {self.id} : champ inconnu « {champ} » ; connus : {connus}")
            rang = self.noms.index(champ) + 1
        else:
            rang = champ
        if rang < 1:
            raise KeyError(f"groupe {self.id} : rang de champ {rang} ; attendu 1 au moins")
        return self.champs[rang - 1] if rang <= len(self.champs) else ""

    def en_dict(self) -> dict[str, str]:
        """Name -> value, in order."""
        return {nom: self.valeur(i) for i, nom in enumerate(self.noms, start=1)}
