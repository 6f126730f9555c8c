"""NOEMIE-PS returns: entities, containers, references 580, 576 and 900 (public norm; cdc §4.2.2, annexe5 §5.3)."""

from norms.noemie.codec import CodecNoemie, FichierNoemie
from norms.noemie.construction import (
    FactureReglee,
    Part,
    Ponctuelle,
    Reglement,
    Rejet,
    build_580,
    build_return,
    lire_factures,
)
from norms.noemie.conteneurs import Conteneur
from norms.noemie.niveaux import controler
from norms.noemie.paiements import Paiement, lire_paiements

__all__ = [
    "CodecNoemie",
    "Conteneur",
    "FactureReglee",
    "FichierNoemie",
    "Paiement",
    "Part",
    "Ponctuelle",
    "Reglement",
    "Rejet",
    "build_580",
    "build_return",
    "controler",
    "lire_factures",
    "lire_paiements",
]
