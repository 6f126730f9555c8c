"""Data exchanged with the supplied services: groups, zones, return codes (public SSV interface)."""

from norms.ssv.codes import CodesRetour
from norms.ssv.groupes import CatalogueGroupes, ErreurGroupe
from norms.ssv.modele import ChampGroupe, DefinitionGroupe, Groupe
from norms.ssv.zone import ErreurZone, decode_zone, encode_zone

__all__ = [
    "CatalogueGroupes",
    "ChampGroupe",
    "CodesRetour",
    "DefinitionGroupe",
    "ErreurGroupe",
    "ErreurZone",
    "Groupe",
    "decode_zone",
    "encode_zone",
]
