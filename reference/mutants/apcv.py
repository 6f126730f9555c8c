"""Faults about the appli carte Vitale: authentication, context, rights by ADR."""

from __future__ import annotations

from dataclasses import replace

from norms.contrat.adaptateur import BeneficiaireDemande
from norms.contrat.services import InterrogerAdr
from reference.acquisition.apcv import AUTRE_SUPPORT
from reference.erreurs import Refus
from reference.modele import APCV, CARTE_VITALE, Beneficiaire, Droits
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence
from reference.ports import ReponseAdr
from reference.poste import Poste


def _use_card(poste: Poste) -> None:
    def par_carte(code_porteur: str | None = None) -> Droits:
        return poste.acquisition_beneficiaire.lire(None, code_porteur)

    poste.acquisition_apcv.lire = par_carte  # type: ignore[method-assign]  # the fault itself


def _hide_context(poste: Poste) -> None:
    def taire(droits: Droits) -> None:
        poste.ecran.informer("Données issues de l'ApCV acquises")

    poste.acquisition_apcv.montrer = taire  # type: ignore[method-assign]  # the fault itself


def _hide_origin(poste: Poste) -> None:
    informer = poste.ecran.informer

    def sans_origine(texte: str) -> None:
        informer(texte.replace("issues de l'ApCV", "du bénéficiaire"))

    poste.ecran.informer = sans_origine  # type: ignore[method-assign]  # the fault itself


def _call_it_a_card(poste: Poste) -> None:
    lire = poste.acquisition_apcv.lire

    def carte(code_porteur: str | None = None) -> Droits:
        return replace(lire(code_porteur), support=CARTE_VITALE)

    poste.acquisition_apcv.lire = carte  # type: ignore[method-assign]  # the fault itself


def _propose_nothing(poste: Poste, mots: str) -> None:
    refuser, questionner = poste.ecran.refuser, poste.ecran.questionner

    def vague(texte: str) -> None:
        refuser("facture impossible avec l'ApCV" if mots in texte else texte)

    def muette(texte: str) -> None:
        if mots not in texte:
            questionner(texte)

    poste.ecran.refuser = vague  # type: ignore[method-assign]  # the fault itself
    poste.ecran.questionner = muette  # type: ignore[method-assign]  # the fault itself


def _mix_with_card(poste: Poste) -> None:
    choisir = poste.elaboration.choisir_beneficiaire
    vus: list[Beneficiaire] = []
    lire = poste.acquisition_apcv.lire

    def noter(code_porteur: str | None = None) -> Droits:
        droits = lire(code_porteur)
        vus.extend(droits.beneficiaires)
        return droits

    def melanger(demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        droits, beneficiaire = choisir(demande, code_porteur)
        return droits, vus[0] if vus and droits.support != APCV else beneficiaire

    poste.acquisition_apcv.lire = noter  # type: ignore[method-assign]  # the fault itself
    poste.elaboration.choisir_beneficiaire = melanger  # type: ignore[method-assign]  # the fault itself
    ignore_coherence(poste)


class _Opposition(ServicesDelegues):
    """Holds the ApCV against an opposition list of its own."""

    OPPOSES = ("LEFORT",)

    def interroger_adr(self, demande: InterrogerAdr) -> ReponseAdr:
        lus = super().interroger_adr(demande)
        if any(nom in g.champs for g in lus.groupes for nom in self.OPPOSES):
            raise Refus("support en opposition")
        return lus


def _look_up_oppositions(poste: Poste) -> None:
    brancher(poste, _Opposition(poste.services))


MUTANTS = (
    Mutant(
        "apcv-par-carte",
        "Lit la carte Vitale quand une ApCV est présentée",
        ("SV-3.2.2.1-08", "SV-4.2.1.1-07"),
        _use_card,
    ),
    Mutant("apcv-contexte-masque", "Ne montre pas le contexte ApCV", ("SV-4.2.1.3-30",), _hide_context),
    Mutant("apcv-origine-tue", "Ne dit pas que les données viennent de l'ApCV", ("SV-4.2.1.3-31",), _hide_origin),
    Mutant("apcv-support-tu", "Prend une ApCV pour une carte Vitale", ("SV-4.2.1.3-13",), _call_it_a_card),
    Mutant(
        "apcv-expiration-tue",
        "Ne propose pas de nouvelle authentification quand le contexte a expiré",
        ("SV-4.2.1.3-34",),
        lambda poste: _propose_nothing(poste, "authentification"),
    ),
    Mutant(
        "apcv-sans-repli",
        "Ne propose pas d'autre support quand l'ApCV ou ADR fait défaut",
        ("SV-4.2.1.3-41",),
        lambda poste: _propose_nothing(poste, AUTRE_SUPPORT),
    ),
    Mutant(
        "supports-apcv-melanges",
        "Facture sur la carte un bénéficiaire lu sur l'ApCV",
        ("SV-2.2.1.2-09",),
        _mix_with_card,
    ),
    Mutant(
        "apcv-opposition-consultee",
        "Refuse une ApCV pour une opposition à la carte",
        ("SV-4.2.1.3-36",),
        _look_up_oppositions,
    ),
)
