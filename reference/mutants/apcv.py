"""Faults about the appli carte Vitale: authentication, context, rights by ADR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from norms.contrat.adaptateur import BeneficiaireDemande
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.contrat.services import InterrogerAdr
from norms.ssv import Groupe
from reference.acquisition.apcv import AUTRE_SUPPORT, CONTEXTE_EXPIRE
from reference.erreurs import Refus, SignatureApcv
from reference.facturation.securisation import Signataire, chiffrer, signer_ps, signer_vitale
from reference.modele import APCV, CARTE_VITALE, Beneficiaire, Droits
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence
from reference.ports import FactureFormee, ReponseAdr
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


def _vague_failures(poste: Poste) -> None:
    refuser = poste.ecran.refuser
    poste.ecran.refuser = lambda texte: refuser(texte.replace("aucun flux signé", "rien"))  # type: ignore[method-assign]  # the fault itself


def _tolerate_expiry(poste: Poste) -> None:
    """Goes on with the identities of a context that is over, up to the signature."""
    poste.acquisition_apcv.est_expire = lambda droits, maintenant: False
    acquerir = poste.acquisition_adr.acquerir

    def sans_adr(demande: BeneficiaireDemande, code_porteur: str | None = None) -> Droits:
        try:
            return acquerir(demande, code_porteur)
        except Refus as exc:
            if exc.code_retour != CONTEXTE_EXPIRE:
                raise
            droits = poste.acquisition_apcv.contexte_valide()
            return replace(droits, beneficiaires=(droits.beneficiaires[demande.numero - 1],))

    poste.acquisition_adr.acquerir = sans_adr  # type: ignore[method-assign]  # the fault itself


class _ParLaCarte(ServicesDelegues):
    """Asks the card to sign what was made from an ApCV."""

    def signer_facture_apcv(self, facture: bytes, contexte: str) -> FactureFormee:
        return super().signer_facture_vitale(facture)


def _sign_before_encrypting(poste: Poste) -> None:
    poste.securisation.sequences[ModeSecurisation.SESAM_VITALE] = (signer_vitale, chiffrer, signer_ps)


def _sign_nothing_first(poste: Poste) -> None:
    poste.securisation.sequences[ModeSecurisation.DESYNCHRONISE] = (chiffrer,)


def _want_a_card(poste: Poste) -> None:
    choisir = poste.elaboration.choisir_beneficiaire

    def avec_carte(demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        poste.acquisition_beneficiaire.lire_carte(code_porteur=code_porteur)
        return choisir(demande, code_porteur)

    poste.elaboration.choisir_beneficiaire = avec_carte  # type: ignore[method-assign]  # the fault itself


def _do_without_signature(poste: Poste) -> None:
    securiser = poste.securisation.securiser

    def quand_meme(
        type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        try:
            return securiser(type_, mode, groupes, signataire)
        except SignatureApcv:
            return FactureFormee(poste.services.formater_facture(type_, mode, groupes), "")

    poste.securisation.securiser = quand_meme  # type: ignore[method-assign]  # the fault itself


def _keep_context(poste: Poste) -> None:
    """Finds the context of the ApCV again after another support was used."""
    acquisition = poste.acquisition_apcv
    valide, lire = acquisition.contexte_valide, acquisition.lire
    gardes: list[Droits] = []

    def noter(code_porteur: str | None = None) -> Droits:
        gardes[:] = [lire(code_porteur)]
        return gardes[0]

    def retrouver() -> Droits:
        if gardes and (poste.session.droits is None or poste.session.droits.support != APCV):
            poste.session.droits = gardes[0]
        return valide()

    acquisition.lire = noter  # type: ignore[method-assign]  # the fault itself
    acquisition.contexte_valide = retrouver  # type: ignore[method-assign]  # the fault itself


def _keep_card(poste: Poste) -> None:
    """What the card gave first comes back after the ApCV, without being read again, for whoever is billed."""
    acquisition, apcv = poste.acquisition_beneficiaire, poste.acquisition_apcv
    lire, authentifier = acquisition.lire, apcv.lire
    gardes: list[Droits] = []

    def noter(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        if not gardes:
            gardes.append(lire(date_consultation, code_porteur))
        poste.session.droits = gardes[0]
        return gardes[0]

    def avec_la_carte(code_porteur: str | None = None) -> Droits:
        droits = authentifier(code_porteur)
        return replace(droits, beneficiaires=(*droits.beneficiaires, *(b for g in gardes for b in g.beneficiaires)))

    acquisition.lire = noter  # type: ignore[method-assign]  # the fault itself
    apcv.lire = avec_la_carte  # type: ignore[method-assign]  # the fault itself


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
    Mutant(
        "apcv-echecs-vagues",
        "Ne dit pas qu'aucun flux signé n'est possible quand l'ApCV ou ADR fait défaut",
        ("SV-4.2.1.3-33", "SV-4.2.1.3-37", "SV-4.2.1.3-38", "SV-4.2.1.3-39", "SV-4.2.1.3-40"),
        _vague_failures,
    ),
    Mutant(
        "apcv-expire-tolere",
        "Demande la signature avec un contexte ApCV expiré",
        ("SV-3.2.3.2-05",),
        _tolerate_expiry,
    ),
    Mutant(
        "apcv-signe-par-carte",
        "Fait signer la carte Vitale ce qui vient d'une ApCV",
        ("SV-4.2.1.1-30", "SV-4.2.1.1-31", "SV-4.2.1.15-11", "SV-4.2.1.15-12", "SV-4.2.1.15-13"),
        lambda poste: brancher(poste, _ParLaCarte(poste.services)),
    ),
    Mutant(
        "apcv-signature-avant-chiffrement",
        "Fait signer l'ApCV avant de chiffrer",
        ("SV-4.2.1.1-30",),
        _sign_before_encrypting,
    ),
    Mutant("apcv-exige-carte", "Exige une carte Vitale à côté de l'ApCV", ("SV-4.2.1.1-31",), _want_a_card),
    Mutant(
        "apcv-desynchronise-non-signe",
        "En désynchronisé, ne fait pas signer l'ApCV",
        ("SV-4.2.1.15-12", "SV-4.2.1.15-11", "SV-4.2.1.15-13"),
        _sign_nothing_first,
    ),
    Mutant(
        "apcv-signature-oubliee",
        "Garde la facture que l'ApCV n'a pas signée",
        ("SV-4.2.1.13-16",),
        _do_without_signature,
    ),
    Mutant("apcv-contexte-garde", "Garde le contexte ApCV après un autre support", ("SV-2.2.1.2-10",), _keep_context),
    Mutant(
        "apcv-carte-gardee",
        "Mêle à l'ApCV ce que la carte avait donné, et ne relit pas celle-ci",
        ("SV-2.2.1.2-11",),
        _keep_card,
    ),
)
