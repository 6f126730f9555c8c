"""Third-party payment on the AMO part: who may have it without forcing, when it is proposed (cdc §4.2.1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from norms.chargement import load_plain
from norms.contrat.adaptateur import TiersPayant
from reference.ecran import Ecran
from reference.facturation.contexte import ContexteAmo
from reference.modele import CARTE_VITALE, Beneficiaire, Droits, SituationFacturation

_FICHIER = Path(__file__).parent.parent / "donnees" / "tiers_payant.yaml"


@cache
def load_rules() -> Mapping[str, Any]:
    """The rules shipped with the reference."""
    donnees: Mapping[str, Any] = load_plain(_FICHIER)
    return donnees


def est_pharmacien(situation: SituationFacturation) -> bool:
    """Whether the end of the rights on the card limits what this PS may grant to anyone."""
    return situation.specialite in load_rules()["acces_limite"]["specialites"]


def est_limite(situation: SituationFacturation, droits: Droits, b: Beneficiaire, jour: date) -> bool:
    """Pharmacists for everybody; the others for « autre situation de migrant » and the CFE alone."""
    regles = load_rules()["acces_limite"]
    if est_pharmacien(situation) or droits.regime in regles["regimes_cfe"]:
        return True
    migrants = regles["situations_migrant"]
    return any(c.code_situation in migrants and (c.periode.debut or jour) <= jour for c in b.couvertures)


def est_exclu(droits: Droits, nature_assurance: str) -> bool:
    """Invoices the limit doesn't concern: SMG, APIAS, rights given by ADR or typed (SV-4.2.1.4-16 to -19)."""
    hors = load_rules()["hors_limite"]
    apias = nature_assurance == hors["apias"]["nature"] and droits.regime == hors["apias"]["regime"]
    return droits.support_droits != CARTE_VITALE or nature_assurance == hors["smg"] or apias


def droits_finis(b: Beneficiaire, jour: date) -> bool:
    """Whether no period of AMO rights of the card reaches that day; an absent end has no limit (SV-4.2.1.4-15)."""
    return all(p.fin is not None and p.fin < jour for p in b.droits)


@dataclass
class AccesTiersPayant:
    """Decides forcing and proposals. Each rule is an attribute."""

    ecran: Ecran
    est_limite: Callable[[SituationFacturation, Droits, Beneficiaire, date], bool] = est_limite
    est_exclu: Callable[[Droits, str], bool] = est_exclu
    droits_finis: Callable[[Beneficiaire, date], bool] = droits_finis
    proposees: Callable[[ContexteAmo, Droits, Beneficiaire, date], list[Mapping[str, Any]]] = field(init=False)
    message: str = field(default_factory=lambda: str(load_rules()["message_mise_a_jour"]))
    forcage: str = field(default_factory=lambda: str(load_rules()["forcage"]))

    def __post_init__(self) -> None:
        self.proposees = proposees

    def regler(
        self, demande: TiersPayant, contexte: ContexteAmo, droits: Droits, b: Beneficiaire, jour: date
    ) -> TiersPayant:
        """SV-4.2.1.4-24, -25, -36, -37: what the PS chose, or the default of the situation; proposals on the screen."""
        propositions = self.proposees(contexte, droits, b, jour)
        if "amo" not in demande.model_fields_set and any(p.get("defaut") for p in propositions):
            demande = demande.model_copy(update={"amo": True})
        if not demande.amo:
            for p in propositions:
                self.ecran.questionner(f"Tiers payant sur la part obligatoire à proposer : {p['libelle']}")
        return demande

    def verifier(
        self,
        demande: TiersPayant,
        contexte: ContexteAmo,
        ps: SituationFacturation,
        droits: Droits,
        b: Beneficiaire,
        *,
        jour: date,
    ) -> str:
        """The forcing indicator of the invoice, empty without it (SV-4.2.1.4-08 to -23). ``jour``: date of care."""
        if self.est_exclu(droits, contexte.nature_assurance) or not self.est_limite(ps, droits, b, jour):
            return ""
        if not self.droits_finis(b, jour):
            return ""
        if est_pharmacien(ps):
            self.ecran.alerter(self.message)
        elif demande.amo:
            self.ecran.alerter("Droits AMO de la carte dépassés : le tiers payant AMO est forcé dans la FSE")
        return self.forcage if demande.amo else ""

    def avertir(self, situation: SituationFacturation | None, droits: Droits, jour: date) -> None:
        """A pharmacist is told as soon as the card of a single person is read (SV-4.2.1.4-10, -11)."""
        if situation is None or not est_pharmacien(situation) or len(droits.beneficiaires) != 1:
            return
        if not self.est_exclu(droits, "") and self.droits_finis(droits.beneficiaires[0], jour):
            self.ecran.alerter(self.message)


def proposees(contexte: ContexteAmo, droits: Droits, b: Beneficiaire, jour: date) -> list[Mapping[str, Any]]:
    """The situations for which third-party payment on the AMO part is proposed."""
    service = b.service if b.service_periode is None or b.service_periode.contient(jour) else ""
    valeurs = {
        "nature": contexte.nature_assurance,
        "exoneration": contexte.exoneration,
        "service": service,
        "situation": droits.situation,
    }
    return [
        p
        for p in load_rules()["propositions"]
        if any(_matches(p[cle], valeurs[cle]) for cle in valeurs if cle in p)
        and contexte.nature_assurance in p.get("natures", (contexte.nature_assurance,))
    ]


def _matches(attendu: Any, valeur: str) -> bool:
    return valeur in attendu if isinstance(attendu, list) else valeur == attendu
