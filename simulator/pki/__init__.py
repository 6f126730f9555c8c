"""A deterministic test PKI: keys as data, certificates and revocation lists built from them at a chosen date.

Everything here is labelled « SIMULATION SANS VALEUR »: the private keys are public.
"""

from simulator.pki.erreurs import ErreurPki
from simulator.pki.export import export
from simulator.pki.fabrique import IdentiteCps, IdentiteVitale, Publication, TestPki
from simulator.pki.profil import Porteur, Profil
from simulator.pki.validation import Statut, verify_chain

__all__ = [
    "ErreurPki",
    "IdentiteCps",
    "IdentiteVitale",
    "Porteur",
    "Profil",
    "Publication",
    "Statut",
    "TestPki",
    "export",
    "verify_chain",
]
