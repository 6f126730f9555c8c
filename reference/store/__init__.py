"""The durable memory of the workstation: one SQLite file in the work directory. Never a code porteur in it."""

from reference.store.absences import Absences
from reference.store.base import Base
from reference.store.compteurs import Compteurs
from reference.store.factures import FactureConservee, Factures
from reference.store.fichiers import FichierConserve, Fichiers, MessageEmis
from reference.store.lots import LotConserve, Lots
from reference.store.oppositions import Oppositions
from reference.store.paiements import PaiementAnnonce, Paiements
from reference.store.rapports import RapportConserve, Rapports
from reference.store.referentiel import ReferentielPs
from reference.store.retours import RetourConserve, Retours

__all__ = [
    "Absences",
    "Base",
    "Compteurs",
    "FactureConservee",
    "Factures",
    "FichierConserve",
    "Fichiers",
    "LotConserve",
    "Lots",
    "MessageEmis",
    "Oppositions",
    "PaiementAnnonce",
    "Paiements",
    "RapportConserve",
    "Rapports",
    "ReferentielPs",
    "RetourConserve",
    "Retours",
]
