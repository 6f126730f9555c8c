"""Faults about claims."""

from __future__ import annotations

from reference.mutants.modele import Mutant
from reference.poste import Poste
from reference.store import FactureConservee
from reference.suivi.reclamations import Etat


def _without(poste: Poste, ecarte: Etat) -> None:
    sain = poste.reclamations.etat_de

    def etat_de(facture: FactureConservee) -> Etat | None:
        etat = sain(facture)
        return None if etat == ecarte else etat

    poste.reclamations.etat_de = etat_de


def _no_rejects(poste: Poste) -> None:
    _without(poste, "rejete")


def _no_anomalies(poste: Poste) -> None:
    _without(poste, "anomalie")


def _six_days(poste: Poste) -> None:
    poste.reclamations.delai -= 1


def _fixed_delay(poste: Poste) -> None:
    poste.reclamations.delai = 7


class _Nulle:
    """Sends nothing. Implements reference.ports.Emission."""

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        return "déposé"


def _not_sent(poste: Poste) -> None:
    poste.reclamations.emission = _Nulle()


def _not_acknowledged(poste: Poste) -> None:
    poste.reclamations.accuser = lambda _sujet, _statut: None


MUTANTS = (
    Mutant("reclamation-sans-rejet", "Ne laisse pas réclamer une facture rejetée", ("SV-2.2.4.3-01",), _no_rejects),
    Mutant(
        "reclamation-sans-anomalie", "Ne laisse pas réclamer une facture en anomalie", ("SV-2.2.4.3-02",), _no_anomalies
    ),
    Mutant("reclamation-six-jours", "Laisse réclamer un jour ouvré trop tôt", ("SV-2.2.4.3-03",), _six_days),
    Mutant("reclamation-delai-fige", "Ignore le délai paramétré", ("SV-2.2.4.3-04",), _fixed_delay),
    Mutant(
        "reclamation-non-envoyee",
        "Dit les rapports de réclamation transmis sans les envoyer",
        ("SV-2.2.4.3-05", "SV-4.2.4-01"),
        _not_sent,
    ),
    Mutant(
        "reclamation-accuse-ignore",
        "Ne tient aucun compte de ce qui revient à propos des rapports",
        ("SV-4.2.4-01",),
        _not_acknowledged,
    ),
)
