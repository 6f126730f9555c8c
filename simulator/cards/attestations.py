"""Rights that no card carries: paper certificates that a person shows, as data (cdc §3.2.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from norms import chargement
from simulator.cards.identites import check_nir, check_test_nir
from simulator.cards.modele import Base, Periode, Texte, validate

Nature = Literal[
    "ame", "migrant_de_passage", "smg", "victime_attentat", "feuillet_at", "amc", "c2s", "protocole_ald",
    "contraception_mineure",
]  # fmt: skip
#: Fictitious NIR that the specification itself gives for the contraception of minors: 2 55 55 55 xxx 041 or 042.
_NIR_CONFIDENTIEL = "2555555"


class Organisme(Base):
    """The body that the certificate names."""

    regime: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    caisse: Annotated[str, Field(pattern=r"^[0-9]{3}$")]
    centre: Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class Attestation(Base):
    """One certificate. ``carte``: the card of the same person in the population, if there is one."""

    but: Annotated[str, Field(min_length=10, max_length=200)]
    nature: Nature
    carte: str = ""
    nom: Texte
    prenom: Texte
    naissance: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    nir: Annotated[str, Field(pattern=r"^([0-9]{6}[0-9AB][0-9]{6})?$")] = ""
    cle: Annotated[str, Field(pattern=r"^([0-9]{2})?$")] = ""
    organisme: Organisme
    periode: Periode = Periode()
    mentions: tuple[Texte, ...] = ()
    source: str

    @model_validator(mode="after")
    def _nir(self) -> Self:
        if self.nir:
            check_nir(self.nir, self.cle)
            if not self.nir.startswith(_NIR_CONFIDENTIEL):
                check_test_nir(self.nir)
        elif not self.carte:
            raise ValueError("une attestation porte un NIR, ou nomme la carte de la personne")
        return self


def load_attestation(chemin: Path) -> Attestation:
    """Loads the data file of a certificate. Raises ErreurChargement."""
    return validate(chargement.load(chemin), Attestation)
