"""Which securing mode an invoice may use: the table of cdc §3.5, with data in ``donnees/modes.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from norms.chargement import load_plain
from norms.contrat.base import ModeSecurisation
from reference.acquisition.beneficiaire import AcquisitionBeneficiaire
from reference.erreurs import CodeRetour, Refus
from reference.modele import APCV, Beneficiaire, Droits, SituationFacturation

_FICHIER = Path(__file__).parent.parent / "donnees" / "modes.yaml"

#: Return codes that mean « no usable Vitale card »: absent, mute, withdrawn (cdc §3.4.1.2).
VITALE_INUTILISABLE = frozenset({"F011", "F014", "F015"})


MINEURE = "mineure_confidentielle"
SITUATIONS = {
    "ame": "bénéficiaire de l'aide médicale d'État",
    "migrant_de_passage": "migrant de passage",
    MINEURE: "acte confidentiel d'une mineure",
}
MODES = {ModeSecurisation.SANS_VITALE: "SESAM sans Vitale", ModeSecurisation.DEGRADE: "SESAM-Vitale dégradé"}


@dataclass(frozen=True, slots=True)
class TableModes:
    """The codes the rules rest on."""

    telemedecine: frozenset[str]
    accompagnement: frozenset[str]
    specialites_sans_vitale: frozenset[str]
    hors_centre: frozenset[str]
    accident_du_travail: str
    mineures_sans_vitale: frozenset[str]


@cache
def load_table() -> TableModes:
    """The table shipped with the reference."""
    donnees = load_plain(_FICHIER)
    return TableModes(
        frozenset(e["code"] for e in donnees["telemedecine"]["actes"]),
        frozenset(e["code"] for e in donnees["telemedecine"]["accompagnement"]),
        frozenset(e["code"] for e in donnees["sans_vitale"]["specialites"]),
        frozenset(e["code"] for e in donnees["sans_vitale"]["specialites"] if e.get("hors_centre") == "oui"),
        donnees["accident_du_travail"],
        frozenset(e["code"] for e in donnees["mineures_sans_vitale"]["specialites"]),
    )


def est_telemedecine(actes: Sequence[str]) -> bool:
    """Whether the invoice bills an act of telemedicine; accompanying one is not one (SV-3.2.9.3.1.1-12)."""
    return any(code in load_table().telemedecine for code in actes)


def sans_vitale_permis(situation: SituationFacturation, actes: Sequence[str]) -> bool:
    """SV-3.2.9.3.1.1-13: a few families, or nothing but acts of telemedicine."""
    table = load_table()
    return situation.specialite in table.specialites_sans_vitale or all(a in table.telemedecine for a in actes)


def est_accident_d_un_autre_organisme(nature_assurance: str, facture: Droits, carte: Droits) -> bool:
    """cdc §3.4.1.1: an accident at work whose organisation is not the one on the card."""
    return nature_assurance == load_table().accident_du_travail and facture.organisme != carte.organisme


def meme_personne(droits: Droits, beneficiaire: Beneficiaire, carte: Droits) -> bool:
    """Whether the card in the reader is the beneficiary's own."""
    return carte.nir_assure == droits.nir_assure and any(
        (b.naissance, b.rang) == (beneficiaire.naissance, beneficiaire.rang) for b in carte.beneficiaires
    )


def mode_impose(droits: Droits, situation: SituationFacturation, actes: Sequence[str]) -> ModeSecurisation | None:
    """The only mode open to a person no support Vitale may stand for, None for anybody else.

    AME and migrants: degraded, SESAM sans Vitale for telemedicine (cdc §3.2.2.6.4, §3.2.2.6.5). Confidential acts of a
    minor: SESAM sans Vitale at a pharmacist's or in a laboratory, degraded elsewhere (cdc §3.2.2.5).
    """
    if not droits.situation:
        return None
    if droits.situation == MINEURE:
        sans_vitale = situation.specialite in load_table().mineures_sans_vitale
    else:
        sans_vitale = est_telemedecine(actes)
    return ModeSecurisation.SANS_VITALE if sans_vitale else ModeSecurisation.DEGRADE


@dataclass
class ControleModes:
    """Refuses a mode that the situation doesn't open. ``en_centre``: this is the workstation of a health centre."""

    acquisition: AcquisitionBeneficiaire
    en_centre: bool = False
    sans_vitale_permis: Callable[[SituationFacturation, Sequence[str]], bool] = sans_vitale_permis
    est_telemedecine: Callable[[Sequence[str]], bool] = est_telemedecine
    mode_impose: Callable[[Droits, SituationFacturation, Sequence[str]], ModeSecurisation | None] = mode_impose
    vitale_utilisable: Callable[[str | None], Droits | None] = field(init=False)

    def __post_init__(self) -> None:
        self.vitale_utilisable = self._lire_vitale

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
        """Raises Refus with the reason and the modes that remain."""
        attendu = self.mode_impose(droits, situation, actes)
        if attendu is not None:
            if mode != attendu:
                raise Refus(f"{SITUATIONS[droits.situation]} : employer le mode {MODES[attendu]}")
            return
        if mode == ModeSecurisation.SANS_VITALE and self._exclu_en_centre(situation, actes):
            raise Refus(
                "mode SESAM sans Vitale fermé en centre de santé, sauf aux actes de télémédecine ; présenter la carte "
                "Vitale"
            )
        if mode == ModeSecurisation.SANS_VITALE and not self.sans_vitale_permis(situation, actes):
            raise Refus(
                "mode SESAM sans Vitale fermé : pour cette spécialité il n'est ouvert qu'aux actes de télémédecine ; "
                "présenter la carte Vitale"
            )
        if mode == ModeSecurisation.DEGRADE:
            self._verifier_degrade(droits, beneficiaire, actes, nature_assurance, code_porteur)

    def _exclu_en_centre(self, situation: SituationFacturation, actes: Sequence[str]) -> bool:
        """SV-3.2.9.3.1.1-07: what opens this mode to a specialty doesn't open it in a health centre."""
        table = load_table()
        return (
            self.en_centre
            and situation.specialite in table.hors_centre
            and not all(a in table.telemedecine for a in actes)
        )

    def _verifier_degrade(
        self,
        droits: Droits,
        beneficiaire: Beneficiaire,
        actes: Sequence[str],
        nature_assurance: str,
        code_porteur: str | None,
    ) -> None:
        """SV-3.5-10 and SV-3.5-11."""
        if self.est_telemedecine(actes):
            raise Refus("mode dégradé interdit pour un acte de télémédecine ; employer le mode SESAM sans Vitale")
        if droits.support == APCV:
            raise Refus("mode dégradé fermé : le contexte de l'ApCV est valide ; employer le mode SESAM-Vitale")
        carte = self.vitale_utilisable(code_porteur)
        if carte is None or not meme_personne(droits, beneficiaire, carte):
            return
        if not est_accident_d_un_autre_organisme(nature_assurance, droits, carte):
            raise Refus(
                "mode dégradé fermé : la carte Vitale du bénéficiaire est présente et utilisable ; employer le mode "
                "SESAM-Vitale"
            )

    def _lire_vitale(self, code_porteur: str | None) -> Droits | None:
        """What the card in the reader says, None when it can't be used (absent, mute, withdrawn, expired)."""
        try:
            return self.acquisition.lire_carte(code_porteur=code_porteur)
        except CodeRetour as exc:
            if exc.code_retour in VITALE_INUTILISABLE:
                return None
            raise
        except Refus:
            return None
