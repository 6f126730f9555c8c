"""What the workstation knows of the sitting: who practises, whose card was read. In memory only, never in the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from reference.erreurs import Refus
from reference.modele import Droits, ProfessionnelDeSante, SituationFacturation


@dataclass(slots=True)
class Session:
    """The PS stays until his card is read again; the beneficiary only until an invoice is secured."""

    ps: ProfessionnelDeSante | None = None
    situation: SituationFacturation | None = None
    droits: Droits | None = None
    #: Rights that ADR gave for one person, as long as nobody else is being dealt with.
    adr: Droits | None = None
    #: Days on which a support of an insured person was read, by his NIR, until he is billed (SV-3.2.4.13-04).
    lectures: dict[str, frozenset[date]] = field(default_factory=dict)

    def exiger_ps(self) -> tuple[ProfessionnelDeSante, SituationFacturation]:
        """The PS and the situation he bills under. Raises Refus as long as no card was read (cdc §4.2.1.1)."""
        if self.ps is None:
            raise Refus("aucun professionnel de santé : lire d'abord la carte du PS")
        if self.situation is None:
            raise Refus("aucune situation de facturation choisie : lire la carte du PS en donnant numero_situation")
        if not self.situation.significative:
            raise Refus(
                "données conventionnelles du PS absentes de sa carte et du poste : compléter le paramétrage du poste, "
                "puis relire la carte du PS"
            )
        return self.ps, self.situation

    def changer_ps(self, ps: ProfessionnelDeSante, situation: SituationFacturation | None) -> None:
        """Another PS or situation: the whole invoicing starts again (SV-4.2.1.1-39)."""
        if (self.ps, self.situation) != (ps, situation):
            self.changer_support()
        self.ps, self.situation = ps, situation

    def retenir_lecture(self, droits: Droits, jour: date) -> None:
        """A support was read that day: the acts of a series of this insured person are covered (cdc §3.2.4.13)."""
        self.lectures[droits.nir_assure] = self.lectures.get(droits.nir_assure, frozenset()) | {jour}

    def reinitialiser_saisie(self) -> None:
        """Forgets everything entered for an invoice, once it is secured (SV-4.2.1.13-30, SV-4.2.1.13-31)."""
        if self.droits is not None:
            self.lectures.pop(self.droits.nir_assure, None)
        self.changer_support()

    def changer_support(self) -> None:
        """Nothing of what a support gave outlives it (SV-2.2.1.2-10)."""
        self.droits = self.adr = None
