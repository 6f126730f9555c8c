"""What the AMO knows of each person, as data: by default what is written on his card, unless a file says otherwise.

``<population>/adr/*.yaml``: one file a person whose rights have changed since the card was written, or who has no
card at all. A file says everything ADR knows: what it doesn't say, ADR doesn't answer, whatever the card holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from norms import chargement
from simulator.cards.identites import check_nir, check_test_nir
from simulator.cards.modele import (
    Assure,
    Base,
    Beneficiaire,
    ContenuVitale,
    Couverture,
    Mutuelle,
    Periode,
    ServiceAmo,
    Texte,
    validate,
)

DONNEES = Path(__file__).parents[1] / "donnees" / "adr.yaml"
#: ADR speaks of people, not of cards: no serial number is ever answered.
SANS_CARTE = "0000000000"


class Organisme(Base):
    """The body that manages the rights."""

    regime: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    caisse: Annotated[str, Field(pattern=r"^[0-9]{3}$")]
    centre: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    code_gestion: Annotated[str, Field(pattern=r"^[0-9]{2}$")]


class Personne(Base):
    """A person without a card; he is his own insured person."""

    nom: Texte
    prenom: Texte
    nir: Annotated[str, Field(pattern=r"^[0-9]{6}[0-9AB][0-9]{6}$")]
    cle: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    naissance: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    rang: Annotated[str, Field(pattern=r"^[1-9]$")] = "1"

    @model_validator(mode="after")
    def _fictitious(self) -> Self:
        check_nir(self.nir, self.cle)
        check_test_nir(self.nir)
        return self


class DossierAdr(Base):
    """One file: who (``carte`` and rank of the beneficiary on it, or ``personne``) and all that ADR answers of him."""

    but: Annotated[str, Field(min_length=10, max_length=200)]
    carte: str = ""
    beneficiaire: Annotated[int, Field(ge=1, le=9)] = 1
    personne: Personne | None = None
    organisme: Organisme | None = None
    droits_amo: Annotated[tuple[Periode, ...], Field(max_length=3)] = ()
    couverture: Annotated[tuple[Couverture, ...], Field(max_length=7)] = ()
    service_amo: ServiceAmo | None = None
    mutuelle: Mutuelle | None = None
    ame: Periode | None = None

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if bool(self.carte) == bool(self.personne):
            raise ValueError("donner « carte » ou « personne », pas les deux")
        if self.personne and not self.organisme:
            raise ValueError("une personne sans carte a besoin d'un « organisme »")
        return self


@dataclass(frozen=True, slots=True)
class Droits:
    """What ADR answers of one person: the content of a card with a single beneficiary, and his AME."""

    contenu: ContenuVitale
    ame: Periode | None


Identite = tuple[str, str, str]


class DroitsEnLigne:
    """The rights of everybody. ``dossier``: where the files are; ``cartes``: gives the named contents of Vitale cards.

    Files are read at the first question. Raises ErreurChargement then, on a file that isn't right.
    """

    def __init__(self, dossier: Path, cartes: Callable[[], Iterable[tuple[str, ContenuVitale]]]) -> None:
        self._dossier, self._cartes = dossier, cartes
        donnees: Any = chargement.load(DONNEES).donnees
        top = donnees["alsace_moselle"]
        self._situations = {top["situation"]: top["sans_top"]}
        self.piece_amo: str = donnees["pieces"]["amo"]
        self.piece_amc: str = donnees["pieces"]["amc"]
        self._index: dict[Identite, Droits] | None = None

    def find(self, nir: str, naissance: str, rang: str) -> Droits | None:
        """The rights of a person: NIR of his insured person or his own, date of birth AAAAMMJJ, rank."""
        if self._index is None:
            self._index = self._build()
        return self._index.get((nir, naissance, rang))

    def _build(self) -> dict[Identite, Droits]:
        dossiers = [validate(chargement.load(p), DossierAdr) for p in sorted(self._dossier.glob("*.yaml"))]
        par_carte = {(d.carte, d.beneficiaire): d for d in dossiers if d.carte}
        index: dict[Identite, Droits] = {}
        for nom, carte in self._cartes():
            for rang, b in enumerate(carte.beneficiaires, start=1):
                self._enter(index, self._rights(carte, b, par_carte.get((nom, rang))))
        for d in dossiers:
            if d.personne and d.organisme:
                self._enter(index, self._rights(*_people(d.personne, d.organisme), d))
        return index

    @staticmethod
    def _enter(index: dict[Identite, Droits], droits: Droits) -> None:
        b = droits.contenu.beneficiaires[0]
        for nir in {droits.contenu.assure.nir, b.nir_certifie} - {""}:
            index[nir, b.naissance, b.rang] = droits

    def _rights(self, carte: ContenuVitale, b: Beneficiaire, dossier: DossierAdr | None) -> Droits:
        """What the AMO writes on a card (its file prevails); nothing of the card itself, nor of the AMC's own zone."""
        assure: Assure = carte.assure
        lu: dict[str, Any] = {
            "droits_amo": b.droits_amo,
            "couverture": b.couverture or carte.couverture_famille,
            "service_amo": b.service_amo or carte.service_amo_famille,
            "mutuelle": b.mutuelle,
        }
        if dossier is not None:
            lu = {nom: getattr(dossier, nom) for nom in lu}
            if dossier.organisme is not None:
                assure = assure.model_copy(update=dossier.organisme.model_dump())
        lu["couverture"] = tuple(self._without_mark(c) for c in lu["couverture"])
        changes = {
            "numero_serie": SANS_CARTE,
            "debut_validite": None,
            "fin_validite": None,
            "assure": assure,
            "service_amo_famille": None,
            "couverture_famille": (),
            "beneficiaires": (b.model_copy(update={**lu, "amc": None, "zone_commune": "", "netlink": ""}),),
        }
        return Droits(carte.model_copy(update=changes), dossier.ame if dossier else None)

    def _without_mark(self, couverture: Couverture) -> Couverture:
        situation = self._situations.get(couverture.code_situation, couverture.code_situation)
        return couverture.model_copy(update={"code_situation": situation})


def _people(p: Personne, o: Organisme) -> tuple[ContenuVitale, Beneficiaire]:
    assure = Assure(nom=p.nom, prenom=p.prenom, nir=p.nir, cle=p.cle, **o.model_dump())
    b = Beneficiaire(nom_usuel=p.nom, prenom=p.prenom, naissance=p.naissance, rang=p.rang)
    return ContenuVitale(numero_serie=SANS_CARTE, assure=assure, beneficiaires=(b,)), b
