"""What all families of functions share: norm pack, data, readers, PKI, clock, randomness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from norms.b2 import CodecB2
from norms.contrat.ports import Alea, Horloge
from norms.contrat.services import GroupeDonnees
from norms.paquet import NormPack
from norms.ssv import CatalogueGroupes, CodesRetour, Groupe
from simulator.pki import TestPki
from simulator.readers.base import CardReader
from simulator.readers.equipement import Terminaux
from simulator.ssv.donnees import DonneesSsv, donnees_ssv
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.organismes import Organismes
from simulator.ssv.postes import Postes

if TYPE_CHECKING:
    from simulator.ssv.facture import FactureSsv


@dataclass(slots=True)
class Contexte:
    """Built once by ServicesSsv; holds no state of a call. ``connues``: invoices written, by their bytes."""

    pack: NormPack
    pki: TestPki
    horloge: Horloge
    alea: Alea
    lecteurs: Mapping[str, CardReader]
    terminaux: Terminaux = field(default_factory=Terminaux)
    donnees: DonneesSsv = field(default_factory=donnees_ssv)
    organismes: Organismes = field(default_factory=Organismes.load)
    codec: CodecB2 = field(init=False)
    catalogue: CatalogueGroupes = field(init=False)
    codes: CodesRetour = field(init=False)
    postes: Postes = field(init=False)
    connues: dict[bytes, FactureSsv] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.codec = CodecB2(self.pack)
        self.catalogue = CatalogueGroupes(self.pack)
        self.codes = CodesRetour(self.pack)
        self.postes = Postes(self.lecteurs, self.donnees, self.terminaux)

    def groupes(self, recus: Iterable[GroupeDonnees]) -> tuple[Groupe, ...]:
        """Groups as received, checked against the catalogue. Raises RefusSsv naming group and field."""
        lus = tuple(Groupe(g.groupe, g.champs) for g in recus)
        for faute in self.catalogue.faults(lus):
            inconnu = faute.champ == 0
            raise RefusSsv("groupe_inconnu" if inconnu else "donnee_incorrecte", str(faute))
        return tuple(Groupe(g.id, g.champs, self.catalogue.definition(g.id).noms) for g in lus)


def select(groupes: Iterable[Groupe], id_: int) -> tuple[Groupe, ...]:
    """The occurrences of a group, in order."""
    return tuple(g for g in groupes if g.id == id_)


@cache
def parse_reference(texte: str) -> tuple[int, int]:
    """ "1110-3" as (1110, 3)."""
    groupe, _, champ = texte.partition("-")
    return int(groupe), int(champ)
