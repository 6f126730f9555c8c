"""What the workstation needs from outside, as protocols. Implementations: ``reference.clients``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.contrat.services import AnnuaireCertificats, ContexteApcv, InterrogerAdr
from norms.ssv import Groupe


@dataclass(frozen=True, slots=True)
class FactureFormee:
    """An invoice as a service gives it back; ``critere_lot`` is empty as long as a signature is missing."""

    contenu: bytes
    critere_lot: str


@dataclass(frozen=True, slots=True)
class LotMisEnForme:
    """A secured lot, the criterion that groups it in a file, its addressing group (13 or 93)."""

    contenu: bytes
    critere_fichier: str
    groupe: Groupe


@dataclass(frozen=True, slots=True)
class ReponseAdr:
    """What ADR answers of one person: groups as a card gives them, natures of proof, AME dates (AAAAMMJJ)."""

    groupes: tuple[Groupe, ...]
    piece_amo: str = ""
    piece_amc: str = ""
    ame_debut: str = ""
    ame_fin: str = ""


class Services(Protocol):
    """The supplied services (cdc §4.2.1.1). All raise CodeRetour, or ServicesInjoignables.

    A code porteur is given for the time of the call and kept nowhere (SV-3.2.9.3.1.1-20).
    """

    def ouvrir(self) -> None: ...
    def fermer(self) -> None: ...
    def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]: ...
    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]: ...
    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes: ...
    def chiffrer_facture(self, facture: bytes) -> bytes: ...
    def signer_facture_vitale(self, facture: bytes) -> FactureFormee: ...
    def signer_facture_ps(self, facture: bytes, numero_situation: str, code_porteur: str | None) -> FactureFormee: ...
    def formater_lot(
        self,
        *,
        reference: str,
        jour: str,
        numero_agrement: str,
        factures: Sequence[bytes],
        code_porteur: str | None,
        fin_de_serie: bool,
    ) -> LotMisEnForme: ...
    def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]: ...
    def traduire_arl(self, fichier: bytes) -> tuple[Groupe, ...]: ...
    def certificats(self) -> AnnuaireCertificats: ...
    def authentifier_apcv(self, code_porteur: str | None) -> ContexteApcv: ...
    def interroger_adr(self, demande: InterrogerAdr) -> ReponseAdr: ...
    def signer_facture_apcv(self, facture: bytes, contexte: str) -> FactureFormee: ...


class Emission(Protocol):
    """Outgoing mail (cdc §3.2.10.3). Raises ReseauIndisponible, MessageRefuse."""

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str: ...


class BoiteOuverte(Protocol):
    """An open mailbox: messages with their unique identifiers, deleted one by one."""

    trop_gros: list[str]

    def messages(self) -> Iterator[tuple[str, bytes]]: ...
    def supprimer(self, uid: str) -> None: ...


class Reception(Protocol):
    """Incoming mail (cdc §4.2.4). Raises ReseauIndisponible."""

    def ouvrir(self) -> AbstractContextManager[BoiteOuverte]: ...
