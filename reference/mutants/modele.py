"""What a mutant is, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.contrat.services import AnnuaireCertificats, ContexteApcv, InterrogerAdr
from norms.ssv import Groupe
from reference.erreurs import CodeRetour
from reference.facturation.coherence import ControleCoherence
from reference.modele import Beneficiaire, Droits
from reference.ports import FactureFormee, LotMisEnForme, ReponseAdr, Services
from reference.poste import Poste


@dataclass(frozen=True, slots=True)
class Mutant:
    """A named deviation. ``exigences``: what it violates, the main one first; ``appliquer`` deviates a workstation."""

    id: str
    titre: str
    exigences: tuple[str, ...]
    appliquer: Callable[[Poste], None]

    @property
    def exigence(self) -> str:
        """The requirement it is made for."""
        return self.exigences[0]


class ServicesDelegues:
    """Passes every call on; a mutant overrides one. Implements reference.ports.Services."""

    def __init__(self, vrais: Services) -> None:
        self.vrais = vrais

    def ouvrir(self) -> None:
        self.vrais.ouvrir()

    def fermer(self) -> None:
        self.vrais.fermer()

    def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
        return self.vrais.lire_carte_ps(code_porteur)

    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]:
        return self.vrais.lire_droits_vitale(jour, code_porteur)

    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        return self.vrais.formater_facture(type_, mode, groupes)

    def chiffrer_facture(self, facture: bytes) -> bytes:
        return self.vrais.chiffrer_facture(facture)

    def signer_facture_vitale(self, facture: bytes) -> FactureFormee:
        return self.vrais.signer_facture_vitale(facture)

    def signer_facture_ps(self, facture: bytes, numero_situation: str, code_porteur: str | None) -> FactureFormee:
        return self.vrais.signer_facture_ps(facture, numero_situation, code_porteur)

    def formater_lot(
        self,
        *,
        reference: str,
        jour: str,
        numero_agrement: str,
        factures: Sequence[bytes],
        code_porteur: str | None,
        fin_de_serie: bool,
    ) -> LotMisEnForme:
        return self.vrais.formater_lot(
            reference=reference,
            jour=jour,
            numero_agrement=numero_agrement,
            factures=factures,
            code_porteur=code_porteur,
            fin_de_serie=fin_de_serie,
        )

    def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]:
        return self.vrais.formater_fichier(critere_fichier, groupes)

    def traduire_arl(self, fichier: bytes) -> tuple[Groupe, ...]:
        return self.vrais.traduire_arl(fichier)

    def certificats(self) -> AnnuaireCertificats:
        return self.vrais.certificats()

    def authentifier_apcv(self, code_porteur: str | None) -> ContexteApcv:
        return self.vrais.authentifier_apcv(code_porteur)

    def interroger_adr(self, demande: InterrogerAdr) -> ReponseAdr:
        return self.vrais.interroger_adr(demande)

    def signer_facture_apcv(self, facture: bytes, contexte: str) -> FactureFormee:
        return self.vrais.signer_facture_apcv(facture, contexte)


class _CoherenceIgnoree(ControleCoherence):
    def controler(
        self,
        mode: ModeSecurisation,
        droits: Droits,
        beneficiaire: Beneficiaire,
        nature_assurance: str,
        code_porteur: str | None,
    ) -> None:
        return


def ignore_coherence(poste: Poste) -> None:
    """The card that signs is no longer held against the invoice."""
    poste.elaboration.coherence = _CoherenceIgnoree(poste.acquisition_beneficiaire)


def brancher(poste: Poste, services: Services) -> None:
    """Puts other services behind every collaborator that calls them."""
    poste.acquisition_ps.services = services
    poste.acquisition_beneficiaire.services = services
    poste.acquisition_adr.services = services
    poste.acquisition_apcv.services = services
    poste.securisation.services = services
    poste.constitution_lots.services = services
    poste.constitution_fichiers.services = services
    poste.certificats.services = services
    poste.arl.services = services


def lots_by_itself(poste: Poste, codes: Sequence[str], *, critere: str) -> None:
    """Puts invoices end to end, signed by nobody, when the services refuse the lot with one of these return codes."""

    class _SansLesServices(ServicesDelegues):
        def formater_lot(self, **donnes: Any) -> LotMisEnForme:
            try:
                return self.vrais.formater_lot(**donnes)
            except CodeRetour as exc:
                if exc.code_retour not in codes:
                    raise
                groupe = poste.constitution_fichiers.catalogue.creer(13, numero_lot=donnes["reference"])
                return LotMisEnForme(b"".join(donnes["factures"]), critere, groupe)

    brancher(poste, _SansLesServices(poste.services))
