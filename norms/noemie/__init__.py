"""NOEMIE-PS returns: entities, containers, references 580, 576 and 900 (public norm; cdc §4.2.2, annexe5 §5.3)."""

from norms.noemie.codec import CodecNoemie, FichierNoemie
from norms.noemie.construction import FactureReglee, Part, Reglement, Rejet, build_580, lire_factures
from norms.noemie.conteneurs import Conteneur
from norms.noemie.niveaux import controler

__all__ = [
    "CodecNoemie",
    "Conteneur",
    "FactureReglee",
    "FichierNoemie",
    "Part",
    "Reglement",
    "Rejet",
    "build_580",
    "controler",
    "lire_factures",
]
