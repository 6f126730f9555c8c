"""Faults about securing modes, and the paper that goes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from norms.contrat.adaptateur import FactureElaborer
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.erreurs import Refus
from reference.facturation.documents import MENTION_DEGRADE, Documents
from reference.facturation.groupes import DonneesFacture
from reference.facturation.modes import ControleModes, est_telemedecine, load_table
from reference.facturation.securisation import Securisation, Signataire
from reference.modele import APCV, Beneficiaire, Droits, PrestationTarifee, SituationFacturation, Totaux
from reference.mutants.modele import Mutant
from reference.ports import FactureFormee
from reference.poste import Poste
from reference.store import FactureConservee

PHARMACIES = frozenset({"50", "51"})
LABORATOIRES = frozenset({"30", "38", "39", "40"})


def _degrade_always(poste: Poste) -> None:
    poste.elaboration.modes.vitale_utilisable = lambda _code: None


def _degrade_telemedicine(poste: Poste) -> None:
    poste.elaboration.modes.est_telemedecine = lambda _actes: False


def _sans_vitale_always(poste: Poste) -> None:
    poste.elaboration.modes.sans_vitale_permis = lambda _situation, _actes: True


def _close_sans_vitale(poste: Poste, specialites: frozenset[str]) -> None:
    """Closes SESAM sans Vitale to what opens it by itself for those specialties, telemedicine when there are none."""
    sain = poste.elaboration.modes.sans_vitale_permis

    def fermer(situation: SituationFacturation, actes: Sequence[str]) -> bool:
        ferme = situation.specialite in specialites if specialites else est_telemedecine(actes)
        return not ferme and sain(situation, actes)

    poste.elaboration.modes.sans_vitale_permis = fermer


def _accompanied_sans_vitale(poste: Poste) -> None:
    sain = poste.elaboration.modes.sans_vitale_permis
    accompagnement = load_table().accompagnement

    def ouvrir(situation: SituationFacturation, actes: Sequence[str]) -> bool:
        return sain(situation, actes) or any(a in accompagnement for a in actes)

    poste.elaboration.modes.sans_vitale_permis = ouvrir


def _sans_vitale_in_centre(poste: Poste) -> None:
    poste.elaboration.modes.en_centre = False


def _minor_needs_vitale(poste: Poste) -> None:
    impose = poste.elaboration.modes.mode_impose

    def degrader(droits: Droits, situation: SituationFacturation, actes: Sequence[str]) -> ModeSecurisation | None:
        attendu = impose(droits, situation, actes)
        pharmacie = attendu == ModeSecurisation.SANS_VITALE and situation.specialite in PHARMACIES
        return ModeSecurisation.DEGRADE if pharmacie else attendu

    poste.elaboration.modes.mode_impose = degrader


class _ExigeVitale(ControleModes):
    """Wants a readable Vitale card in degraded mode."""

    def verifier(
        self,
        mode: ModeSecurisation,
        *,
        situation: SituationFacturation,
        droits: Droits,
        beneficiaire: Beneficiaire,
        actes: Sequence[str],
        nature_assurance: str,
        code_porteur: str | None,
    ) -> None:
        if mode == ModeSecurisation.DEGRADE and self.vitale_utilisable(code_porteur) is None:
            raise Refus("carte Vitale exigée")


def _degrade_needs_vitale(poste: Poste) -> None:
    poste.elaboration.modes = _ExigeVitale(poste.acquisition_beneficiaire)


class _AutreMode(Securisation):
    """Secures in another mode than the one asked for."""

    remplacements: Mapping[ModeSecurisation, ModeSecurisation]

    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        return super().securiser(type_, self.remplacements.get(mode, mode), groupes, signataire)


def _swap(poste: Poste, demande: ModeSecurisation, fait: ModeSecurisation) -> None:
    autre = _AutreMode(poste.services)
    autre.remplacements = {demande: fait}
    poste.securisation = poste.elaboration.securisation = autre


def _sans_vitale_degraded(poste: Poste) -> None:
    _swap(poste, ModeSecurisation.SANS_VITALE, ModeSecurisation.DEGRADE)


def _degraded_sans_vitale(poste: Poste) -> None:
    _swap(poste, ModeSecurisation.DEGRADE, ModeSecurisation.SANS_VITALE)


def _drop_mention(poste: Poste) -> None:
    poste.documents.mention_degrade = ""


class _TropDePapier(Documents):
    """Prints a degraded paper form whatever the mode, and another one for the DRE."""

    def finaliser(
        self, d: DonneesFacture, mode: ModeSecurisation, prestations: Sequence[PrestationTarifee], totaux: Totaux
    ) -> None:
        super().finaliser(d, ModeSecurisation.DEGRADE, prestations, totaux)
        if totaux.amc:
            self.ecran.imprimer("feuille_de_soins", f"FEUILLE DE SOINS (part complémentaire)\n{MENTION_DEGRADE}")


def _print_too_much(poste: Poste) -> None:
    poste.elaboration.documents = _TropDePapier(poste.ecran)


def _never_degraded(poste: Poste) -> None:
    elaborer = poste.elaboration.elaborer

    def jamais(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        if demande.mode == ModeSecurisation.DEGRADE:
            raise Refus("mode dégradé fermé")
        return elaborer(demande)

    poste.elaboration.elaborer = jamais  # type: ignore[method-assign]  # the fault itself


def _degraded_with_apcv(poste: Poste) -> None:
    verifier = poste.elaboration.modes.verifier

    def tolerer(mode: ModeSecurisation, **contexte: Any) -> None:
        if mode != ModeSecurisation.DEGRADE or contexte["droits"].support != APCV:
            verifier(mode, **contexte)

    poste.elaboration.modes.verifier = tolerer  # type: ignore[method-assign]  # the fault itself


MUTANTS = (
    Mutant(
        "degrade-avec-vitale",
        "Accepte le mode dégradé alors que la carte Vitale est utilisable",
        ("SV-3.5-10",),
        _degrade_always,
    ),
    Mutant("degrade-jamais", "N'ouvre le mode dégradé à personne", ("SV-3.5-10",), _never_degraded),
    Mutant("degrade-avec-apcv", "Accepte le mode dégradé avec une ApCV valide", ("SV-3.5-10",), _degraded_with_apcv),
    Mutant(
        "degrade-teleconsultation",
        "Accepte le mode dégradé pour une téléconsultation",
        ("SV-3.5-11", "SV-3.2.2.1-18"),
        _degrade_telemedicine,
    ),
    Mutant(
        "degrade-exige-vitale",
        "Exige la carte Vitale en mode dégradé",
        ("SV-3.4.1.2-01", "SV-3.2.9.1-11"),
        _degrade_needs_vitale,
    ),
    Mutant(
        "degrade-change-en-sans-vitale",
        "Sécurise en SESAM sans Vitale les factures dégradées",
        ("SV-3.2.9.1-11", "SV-3.5-14"),
        _degraded_sans_vitale,
    ),
    Mutant(
        "sans-vitale-acte-ordinaire",
        "Accepte le mode SESAM sans Vitale pour une consultation au cabinet",
        ("SV-3.2.9.3.1.1-13",),
        _sans_vitale_always,
    ),
    Mutant(
        "sans-vitale-teleconsultation-fermee",
        "Refuse le mode SESAM sans Vitale à une téléconsultation",
        ("SV-3.2.9.3.1.1-11",),
        partial(_close_sans_vitale, specialites=frozenset()),
    ),
    Mutant(
        "sans-vitale-laboratoire-ferme",
        "Refuse le mode SESAM sans Vitale à un directeur de laboratoire",
        ("SV-3.2.9.3.1.1-06",),
        partial(_close_sans_vitale, specialites=LABORATOIRES),
    ),
    Mutant(
        "sans-vitale-pathologiste-ferme",
        "Refuse le mode SESAM sans Vitale à un anatomo-cyto-pathologiste",
        ("SV-3.2.9.3.1.1-05",),
        partial(_close_sans_vitale, specialites=frozenset({"37"})),
    ),
    Mutant(
        "sans-vitale-en-centre",
        "Ouvre le mode SESAM sans Vitale au directeur de laboratoire d'un centre de santé",
        ("SV-3.2.9.3.1.1-07",),
        _sans_vitale_in_centre,
    ),
    Mutant(
        "sans-vitale-accompagnement",
        "Accepte le mode SESAM sans Vitale pour l'accompagnement d'une téléconsultation",
        ("SV-3.2.9.3.1.1-12",),
        _accompanied_sans_vitale,
    ),
    Mutant(
        "sans-vitale-mineure-en-pharmacie",
        "Refuse à la pharmacie le mode SESAM sans Vitale pour le contraceptif d'une mineure",
        ("SV-3.2.9.3.1.1-08",),
        _minor_needs_vitale,
    ),
    Mutant(
        "sans-vitale-change-en-degrade",
        "Passe en mode dégradé faute de carte Vitale en SESAM sans Vitale",
        ("SV-3.2.9.1-10", "SV-3.5-04", "SV-3.5-11", "SV-3.2.2.1-19"),
        _sans_vitale_degraded,
    ),
    Mutant(
        "mention-degradee-absente",
        "Imprime la feuille de soins dégradée sans sa mention",
        ("SV-3.4.2-02",),
        _drop_mention,
    ),
    Mutant(
        "papier-inutile",
        "Imprime une feuille de soins dégradée dans tous les modes, et une autre pour la DRE",
        ("SV-3.5-06", "SV-3.5-07", "SV-3.5-08", "SV-3.5-13"),
        _print_too_much,
    ),
)
