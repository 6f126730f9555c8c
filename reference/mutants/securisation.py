"""Faults about encryption and signatures of invoices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.erreurs import CodeRetour, Refus
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
from reference.mutants.situations import _set
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


PRESTATION = 1610


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


def _no_vitale_first(poste: Poste) -> None:
    poste.securisation.sequences[DESYNCHRONISE] = (chiffrer,)


def _situation_forgotten(poste: Poste) -> None:
    achever = poste.securisation.achever

    def sans_situation(contenu: bytes, signataire: Signataire) -> FactureFormee:
        return achever(contenu, replace(signataire, situation=""))

    poste.securisation.achever = sans_situation  # type: ignore[method-assign]  # the fault itself


class _SansServices(Securisation):
    """Makes the invoice by itself, and takes it for secured."""

    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        return FactureFormee("".join("".join(g.champs) for g in groupes).encode("ascii", "replace"), "MAISON")


def _without_services(poste: Poste) -> None:
    poste.securisation = poste.elaboration.securisation = _SansServices(poste.services)


class _GroupesGardes(ServicesDelegues):
    """Adds to an invoice the groups of the one before that it doesn't replace."""

    derniers: Sequence[Groupe] = ()

    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        nouveaux = {(g.id, g.champs[0]) if g.id == PRESTATION else (g.id, "") for g in groupes}
        restes = [
            g for g in self.derniers if ((g.id, g.champs[0]) if g.id == PRESTATION else (g.id, "")) not in nouveaux
        ]
        self.derniers = groupes
        return super().formater_facture(type_, mode, [*groupes, *restes])


def _groups_kept(poste: Poste) -> None:
    brancher(poste, _GroupesGardes(poste.services))


class _SecuriseesCachees(Factures):
    def toutes(self, statut: str | None = None) -> tuple[FactureConservee, ...]:
        return tuple(f for f in super().toutes(statut) if f.statut != SECURISEE)


def _waiting_hidden(poste: Poste) -> None:
    poste.factures = _SecuriseesCachees(poste.base)  # what the screen shows, nothing else


def _waiting_closed(poste: Poste) -> None:
    class Fermees(Factures):
        def toutes(self, statut: str | None = None) -> tuple[FactureConservee, ...]:
            if poste.session.droits is not None:
                raise Refus("terminer d'abord la facture en cours")
            return super().toutes(statut)

    poste.factures = Fermees(poste.base)


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
        "desynchro-sans-vitale",
        "Met une facture désynchronisée en attente sans la faire signer par la carte Vitale",
        ("SV-4.2.1.15-10",),
        _no_vitale_first,
    ),
    Mutant(
        "desynchro-situation-oubliee",
        "Ne dit pas aux services, au second temps, sous quelle situation la CPS signe",
        ("SV-4.2.1.15-25",),
        _situation_forgotten,
    ),
    Mutant(
        "services-ignores",
        "Fabrique lui-même des factures qu'il tient pour sécurisées",
        ("SV-4.1.2.3-06",),
        _without_services,
    ),
    Mutant(
        "ps-non-identifie", "Ne donne pas aux services le numéro du PS", ("SV-4.2.1.13-01",), _set(1120, {1: "", 2: ""})
    ),
    Mutant(
        "assure-non-identifie",
        "Ne donne pas aux services le NIR de l'assuré",
        ("SV-4.2.1.13-02",),
        _set(1130, {2: "", 3: ""}),
    ),
    Mutant(
        "groupes-non-reinitialises",
        "Laisse dans une facture les groupes de la précédente",
        ("SV-4.2.1.13-30",),
        _groups_kept,
    ),
    Mutant(
        "attente-invisible",
        "Ne montre pas les factures sécurisées en attente",
        ("SV-4.2.1.13-32",),
        _waiting_hidden,
    ),
    Mutant(
        "attente-fermee-en-saisie",
        "N'ouvre pas la liste des factures en attente pendant une saisie",
        ("SV-4.2.1.13-33",),
        _waiting_closed,
    ),
    Mutant(
        "dre-autre-mode",
        "Sécurise toute DRE en mode dégradé",
        ("SV-3.2.9.3.1.2-02", "SV-3.2.9.3.1.2-03"),
        _dre_degraded,
    ),
    Mutant(
        "dre-envoyee-en-fse",
        "Met la DRE en forme comme une FSE",
        ("SV-3.2.7.1-03", "SV-3.2.7.1-01", "SV-3.2.3.4-12"),
        _dre_as_fse,
    ),
)
