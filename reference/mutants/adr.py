"""Faults about the rights that ADR gives: not asked for, not retained, mixed with those of another support."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from norms.contrat.adaptateur import BeneficiaireDemande, BeneficiaireSaisi
from norms.contrat.services import InterrogerAdr
from reference.erreurs import Refus
from reference.facturation import coherence
from reference.modele import APCV, CARTE_VITALE, SAISIE, Beneficiaire, Droits
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence
from reference.ports import ReponseAdr
from reference.poste import Poste

Retenir = Callable[[Droits, Beneficiaire, str], tuple[Droits, Beneficiaire]]


def _refuse(poste: Poste, sources: frozenset[str]) -> None:
    acquerir = poste.acquisition_adr.acquerir

    def refuser(demande: BeneficiaireDemande, code_porteur: str | None = None) -> Droits:
        if demande.source in sources:
            raise Refus("service ADR non proposé ici")
        return acquerir(demande, code_porteur)

    poste.acquisition_adr.acquerir = refuser  # type: ignore[method-assign]  # the fault itself


def _retain(
    poste: Poste, autrement: Callable[[Retenir, Droits, Beneficiaire, str], tuple[Droits, Beneficiaire]]
) -> None:
    retenir = poste.acquisition_adr.retenir
    poste.acquisition_adr.retenir = partial(autrement, retenir)  # type: ignore[method-assign]  # the fault itself


def _ignored(_: Retenir, droits: Droits, beneficiaire: Beneficiaire, nature: str) -> tuple[Droits, Beneficiaire]:
    return droits, beneficiaire


def _mixed(retenir: Retenir, droits: Droits, beneficiaire: Beneficiaire, nature: str) -> tuple[Droits, Beneficiaire]:
    retenus, b = retenir(droits, beneficiaire, nature)
    b = replace(b, couvertures=b.couvertures + beneficiaire.couvertures) if b is not beneficiaire else b
    return replace(retenus, beneficiaires=(b,)), b


def _mixed_cover_first(
    retenir: Retenir, droits: Droits, beneficiaire: Beneficiaire, nature: str
) -> tuple[Droits, Beneficiaire]:
    retenus, b = retenir(droits, beneficiaire, nature)
    b = replace(b, couvertures=beneficiaire.couvertures + b.couvertures) if b is not beneficiaire else b
    return replace(retenus, beneficiaires=(b,)), b


def _source_forgotten(
    retenir: Retenir, droits: Droits, beneficiaire: Beneficiaire, nature: str
) -> tuple[Droits, Beneficiaire]:
    retenus, b = retenir(droits, beneficiaire, nature)
    return replace(retenus, source_droits=""), b


def _card_proof(
    retenir: Retenir, droits: Droits, beneficiaire: Beneficiaire, nature: str
) -> tuple[Droits, Beneficiaire]:
    retenus, b = retenir(droits, beneficiaire, nature)
    return replace(retenus, piece_amo="1"), b


def _card_mutuelle_first(
    retenir: Retenir, droits: Droits, beneficiaire: Beneficiaire, nature: str
) -> tuple[Droits, Beneficiaire]:
    retenus, b = retenir(droits, beneficiaire, nature)
    b = replace(b, complementaires=beneficiaire.complementaires or b.complementaires)
    return replace(retenus, beneficiaires=(b,)), b


def _no_mutuelle(poste: Poste) -> None:
    interroger = poste.acquisition_adr.interroger

    def sans_mutuelle(demande: InterrogerAdr, code_porteur: str | None) -> Droits:
        lus = interroger(demande, code_porteur)
        return replace(lus, beneficiaires=tuple(replace(b, complementaires=()) for b in lus.beneficiaires))

    poste.acquisition_adr.interroger = sans_mutuelle  # type: ignore[method-assign]  # the fault itself


def _strict(poste: Poste) -> None:
    def strictes(droits: Droits, b: Beneficiaire, carte: Droits, nature: str) -> list[str]:
        return coherence.incoherences(replace(droits, source_droits=""), b, carte, nature)

    poste.elaboration.coherence.incoherences = strictes


def _from_the_context(poste: Poste) -> None:
    """The identities of the context stand for rights; ADR isn't asked."""

    def sans_adr(demande: BeneficiaireDemande, code_porteur: str | None = None) -> Droits:
        droits = poste.acquisition_apcv.contexte_valide()
        return replace(droits, beneficiaires=(droits.beneficiaires[demande.numero - 1],))

    poste.acquisition_adr.acquerir = sans_adr  # type: ignore[method-assign]  # the fault itself


class _UneFois(ServicesDelegues):
    """Asks ADR once, then answers from memory."""

    def __init__(self, poste: Poste) -> None:
        super().__init__(poste.services)
        self._connues: dict[int, ReponseAdr] = {}

    def interroger_adr(self, demande: InterrogerAdr) -> ReponseAdr:
        if 0 not in self._connues:
            self._connues[0] = super().interroger_adr(demande)
        return self._connues[0]


def _first_of_the_phone(poste: Poste) -> None:
    choisir = poste.elaboration.choisir_beneficiaire

    def premier(demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        if demande.source == APCV:
            demande = demande.model_copy(update={"numero": 1})
        return choisir(demande, code_porteur)

    poste.elaboration.choisir_beneficiaire = premier  # type: ignore[method-assign]  # the fault itself


def _rights_of_the_card(poste: Poste) -> None:
    """With an ApCV, the card left in the reader completes what ADR said."""
    choisir = poste.elaboration.choisir_beneficiaire

    def completer(demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        droits, b = choisir(demande, code_porteur)
        if droits.support != APCV:
            return droits, b
        carte = poste.acquisition_beneficiaire.lire_carte(code_porteur=code_porteur)
        b = replace(b, couvertures=carte.beneficiaires[0].couvertures)
        poste.session.adr = replace(droits, beneficiaires=(b,))
        return poste.session.adr, b

    poste.elaboration.choisir_beneficiaire = completer  # type: ignore[method-assign]  # the fault itself


def _lose_typed_organisation(poste: Poste) -> None:
    saisir = poste.acquisition_beneficiaire.saisir

    def autre(identite: BeneficiaireSaisi) -> Droits:
        return replace(saisir(identite), caisse="751", centre="0000")

    poste.acquisition_beneficiaire.saisir = autre  # type: ignore[method-assign]  # the fault itself


def _hide_ame(poste: Poste) -> None:
    interroger = poste.acquisition_adr.interroger

    def sans_ame(demande: InterrogerAdr, code_porteur: str | None) -> Droits:
        return replace(interroger(demande, code_porteur), ame=None, situation="")

    poste.acquisition_adr.interroger = sans_ame  # type: ignore[method-assign]  # the fault itself


def _mixed_all(poste: Poste) -> None:
    _retain(poste, _mixed_cover_first)
    ignore_coherence(poste)


MUTANTS = (
    Mutant(
        "adr-non-propose",
        "Ne propose pas ADR quand la carte Vitale est en lecteur",
        ("SV-3.2.2.1-02", "SV-2.2-04", "SV-3.2.2-05"),
        lambda poste: _refuse(poste, frozenset({CARTE_VITALE})),
    ),
    Mutant(
        "adr-sans-degrade",
        "Ne propose pas ADR sans support Vitale",
        ("SV-3.4.1.2-02",),
        lambda poste: _refuse(poste, frozenset({SAISIE})),
    ),
    Mutant(
        "adr-ignore",
        "Interroge ADR puis facture sur la carte ou la saisie",
        ("SV-3.2.2.1-05", "SV-3.2.2.1-04", "SV-3.2.2-05", "SV-3.2.3.5.1.2-06", "SV-3.4.1.2-02", "SV-3.2.2.1-06"),
        lambda poste: _retain(poste, _ignored),
    ),
    Mutant(
        "adr-panache",
        "Complète les droits d'ADR par ceux de la carte",
        ("SV-3.2.2.1-07",),
        lambda poste: _retain(poste, _mixed),
    ),
    Mutant(
        "adr-exoneration-carte",
        "Garde l'exonération de la carte à côté des droits d'ADR",
        ("SV-3.2.2.1-06", "SV-3.2.2.1-61"),
        _mixed_all,
    ),
    Mutant(
        "adr-support-oublie",
        "Ne retient pas que les droits viennent d'ADR",
        ("SV-4.2.1.3.1-06",),
        lambda poste: _retain(poste, _source_forgotten),
    ),
    Mutant(
        "adr-piece-carte",
        "Déclare la carte Vitale comme pièce justificative des droits d'ADR",
        ("SV-4.2.1.3.1-07",),
        lambda poste: _retain(poste, _card_proof),
    ),
    Mutant(
        "adr-mutuelle-carte",
        "Préfère la mutuelle de la carte à celle d'ADR",
        ("SV-3.2.2.2-06",),
        lambda poste: _retain(poste, _card_mutuelle_first),
    ),
    Mutant(
        "adr-sans-mutuelle",
        "N'emploie pas la complémentaire qu'ADR rend",
        ("SV-3.2.2.2-02", "SV-4.2.1.3.2.2-24"),
        _no_mutuelle,
    ),
    Mutant(
        "adr-coherence-stricte",
        "Refuse de sécuriser quand la caisse d'ADR n'est pas celle de la carte",
        ("SV-4.2.1.13-19",),
        _strict,
    ),
    Mutant(
        "apcv-sans-adr",
        "Facture avec l'ApCV sans appeler ADR",
        ("SV-2.2.1.2-06", "SV-4.2.1.1-09", "SV-2.2.1.2-07", "SV-4.2.1.3-32"),
        _from_the_context,
    ),
    Mutant(
        "adr-une-fois",
        "N'appelle ADR que pour le premier bénéficiaire",
        ("SV-4.2.1.3-32", "SV-2.2.1.2-06"),
        lambda poste: brancher(poste, _UneFois(poste)),
    ),
    Mutant(
        "apcv-premier-beneficiaire",
        "Facture toujours le premier bénéficiaire de l'ApCV",
        ("SV-3.2.2.1-09",),
        _first_of_the_phone,
    ),
    Mutant(
        "apcv-droits-de-la-carte",
        "Complète les droits d'une ApCV par la carte laissée en lecteur",
        ("SV-3.2.2.1-10", "SV-3.2.2-04"),
        _rights_of_the_card,
    ),
    Mutant(
        "saisie-organisme-perdu",
        "Facture une identité saisie à une autre caisse",
        ("SV-3.2.2-06",),
        _lose_typed_organisation,
    ),
    Mutant(
        "adr-ame-tue",
        "Ne dit pas l'AME qu'ADR a rendue",
        ("SV-4.2.1.3.3.4-01", "SV-4.2.1.3.3.4-03", "SV-3.2.2.6.4-10"),
        _hide_ame,
    ),
)
