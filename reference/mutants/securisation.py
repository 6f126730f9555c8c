"""Faults about encryption and signatures of invoices."""

from __future__ import annotations

from collections.abc import Sequence

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.erreurs import CodeRetour
from reference.facturation.secondes_signatures import SecondesSignatures
from reference.facturation.securisation import (
    DESYNCHRONISE,
    SANS_VITALE,
    SESAM_VITALE,
    Securisation,
    Signataire,
    chiffrer,
    signer_ps,
    signer_vitale,
)
from reference.mutants.lots import SerieUnique
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence
from reference.ports import FactureFormee, Services
from reference.poste import Poste
from reference.store import FactureConservee, Factures
from reference.store.factures import A_SIGNER, SECURISEE


def _no_encryption(poste: Poste) -> None:
    sequences = poste.securisation.sequences
    for mode, etapes in sequences.items():
        sequences[mode] = tuple(e for e in etapes if e is not chiffrer)


class _SansVitale(ServicesDelegues):
    """Formats as if the mode needed no Vitale signature."""

    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        return super().formater_facture(type_, SANS_VITALE if mode == SESAM_VITALE else mode, groupes)


def _no_vitale_signature(poste: Poste) -> None:
    ignore_coherence(poste)
    brancher(poste, _SansVitale(poste.services))
    poste.securisation.sequences[SESAM_VITALE] = (chiffrer, signer_ps)


def _signatures_reversed(poste: Poste) -> None:
    poste.securisation.sequences[SESAM_VITALE] = (chiffrer, signer_ps, signer_vitale)


class _MiseEnFormeMaison(ServicesDelegues):
    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        return "".join("".join(g.champs) for g in groupes).encode("ascii", "replace")


def _own_formatting(poste: Poste) -> None:
    brancher(poste, _MiseEnFormeMaison(poste.services))


def _second_time_empty(poste: Poste) -> None:
    poste.securisation.second_temps = ()


def _try_ps(services: Services, facture: FactureFormee, signataire: Signataire) -> FactureFormee:
    try:
        return signer_ps(services, facture, signataire)
    except CodeRetour:
        return facture


def _one_time_only(poste: Poste) -> None:
    poste.securisation.sequences[DESYNCHRONISE] = (chiffrer, signer_vitale, _try_ps)


class _DitesSecurisees(Factures):
    """Takes an invoice that waits for the PS's signature for a secured one."""

    def securiser(self, id_: int, contenu: bytes, critere_lot: str, statut: str) -> None:
        super().securiser(id_, contenu, critere_lot, SECURISEE)


def _said_secured(poste: Poste) -> None:
    poste.elaboration.factures = _DitesSecurisees(poste.base)


class _SecondTempsPerdu(SecondesSignatures):
    """Signs and doesn't save."""

    def signer(self, numeros: Sequence[str], code_porteur: str | None) -> tuple[FactureConservee, ...]:
        attente = self.factures.toutes(A_SIGNER)
        for f in attente:
            self.securisation.achever(f.contenu, Signataire(f.situation, code_porteur))
        return attente


def _second_time_lost(poste: Poste) -> None:
    poste.secondes_signatures = _SecondTempsPerdu(poste.base, poste.factures, poste.securisation, poste.ecran)


class _ModeDre(Securisation):
    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        reel = ModeSecurisation.DEGRADE if type_ == TypeFacture.DRE else mode
        return super().securiser(type_, reel, groupes, signataire)


def _dre_degraded(poste: Poste) -> None:
    poste.securisation = poste.elaboration.securisation = _ModeDre(poste.services)


class _DreEnFse(ServicesDelegues):
    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        sans_amc = [g for g in groupes if g.id not in (1321, 1322)]
        return super().formater_facture(TypeFacture.FSE, mode, sans_amc)


def _dre_as_fse(poste: Poste) -> None:
    brancher(poste, _DreEnFse(poste.services))
    poste.constitution_lots.references = SerieUnique(poste.compteurs, poste.lots, poste.horloge)


MUTANTS = (
    Mutant(
        "chiffrement-oublie",
        "Ne chiffre pas les données sensibles des factures",
        ("SV-3.2.9.1-08", "SV-4.2.1.1-26", "SV-4.2.1.15-09", "SV-4.2.1.1-28"),
        _no_encryption,
    ),
    Mutant(
        "sans-signature-vitale",
        "Se passe de la signature Vitale en mode SESAM-Vitale",
        ("SV-3.2.9.1-09", "SV-3.2.9.1-02", "SV-4.2.1.1-26", "SV-4.2.1.1-29"),
        _no_vitale_signature,
    ),
    Mutant(
        "signatures-inversees",
        "Fait signer la CPS avant la carte Vitale",
        ("SV-4.2.1.1-26", "SV-4.2.1.1-32"),
        _signatures_reversed,
    ),
    Mutant(
        "mise-en-forme-maison",
        "Met en forme les factures sans les services",
        ("SV-4.2.1.15-08", "SV-4.2.1.1-27", "SV-4.2.3.1-04"),
        _own_formatting,
    ),
    Mutant(
        "desynchro-cps-oubliee",
        "Oublie la signature de la CPS au second temps du mode désynchronisé",
        ("SV-4.2.1.15-20", "SV-3.2.9.1-03"),
        _second_time_empty,
    ),
    Mutant(
        "desynchro-en-un-temps",
        "Fait signer la CPS dès le premier temps du mode désynchronisé",
        ("SV-4.2.1.15-22",),
        _one_time_only,
    ),
    Mutant(
        "desynchro-dite-securisee",
        "Tient pour sécurisée une facture signée par la seule carte Vitale",
        ("SV-3.2.9.1-04", "SV-3.2.9.1-05", "SV-4.2.1.15-19"),
        _said_secured,
    ),
    Mutant(
        "desynchro-second-temps-perdu",
        "Ne sauvegarde pas la facture achevée au second temps",
        ("SV-4.2.1.15-21", "SV-3.2.9.1-05"),
        _second_time_lost,
    ),
    Mutant(
        "dre-autre-mode",
        "Sécurise toute DRE en mode dégradé",
        ("SV-3.2.9.3.1.2-02",),
        _dre_degraded,
    ),
    Mutant(
        "dre-envoyee-en-fse",
        "Met la DRE en forme comme une FSE",
        ("SV-3.2.7.1-03", "SV-3.2.7.1-01", "SV-3.2.3.4-12"),
        _dre_as_fse,
    ),
)
