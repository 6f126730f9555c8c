"""Confidential acts of a minor: under whose name their FSE goes to the CPAM of the place, straight (cdc §3.2.2.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from norms.contrat.adaptateur import CaisseLocale, Prescription
from norms.identifiants import cle_luhn, cle_nir
from reference.facturation.amo_seule import load_rules, taux_de_base
from reference.facturation.modes import MINEURE
from reference.modele import Beneficiaire, Droits, SituationFacturation
from reference.store import FactureConservee, Factures, LotConserve

REGIME_GENERAL = "01"
#: Fictitious NIR: 2 55 55 55, the caisse of the place, 041 to 049.
DEBUT, ACTE = "2555555", "04"
GROUPE_BENEFICIAIRE = 1130
#: End of the fictitious NIR: emergency contraception, any other confidential act.
URGENCE, HORS_URGENCE = "041", "042"
#: What follows the département in the fictitious prescriber of emergency contraception.
PRESCRIPTEUR_FICTIF = "199999"
#: Letters of the Corsican départements, as their keys read them.
CORSE = str.maketrans("AB", "12")
#: Age that the fictitious birth gives, counted in calendar years.
AGE_FICTIF = 16


def est_nir_confidentiel(nir: str) -> bool:
    """Whether a NIR is the fictitious one of a confidential act."""
    return nir.startswith(DEBUT) and nir[10:12] == ACTE


def est_urgence(droits: Droits) -> bool:
    """Whether the NIR typed is that of emergency contraception."""
    return est_nir_confidentiel(droits.nir_assure) and droits.nir_assure.endswith(URGENCE)


def exonerer(droits: Droits, exoneration: str, actes: Sequence[str]) -> str:
    """SV-3.2.2.5-13, -24, -37, -50: the exemption of a confidential act, 7 for emergency contraception, 3 otherwise.

    SV-3.2.2.5-38: none on acts that the AMO pays whole for everybody.
    """
    if droits.situation != MINEURE or all(taux_de_base(code) is not None for code in actes):
        return exoneration
    codes = load_rules()["exonerations_mineure"]
    return str(codes["urgence" if est_urgence(droits) else "hors_urgence"]["code"])


@dataclass
class Confidentialite:
    """Where confidential invoices go, whatever the organisation typed for the insured."""

    factures: Factures
    caisse: CaisseLocale | None

    def localiser(self, droits: Droits) -> Droits:
        """SV-3.2.2.5-11, -18, -32, -44: régime 01, the CPAM of the place of practice.

        SV-3.2.2.5-02 to -04, -16, -17, -30, -31, -42, -43: its number is in the fictitious NIR, and makes its key.
        """
        if droits.situation != MINEURE or self.caisse is None:
            return droits
        acte = URGENCE if est_urgence(droits) else HORS_URGENCE
        nir = f"{DEBUT}{self.caisse.caisse}{acte}"
        return replace(
            droits,
            regime=REGIME_GENERAL,
            caisse=self.caisse.caisse,
            centre=self.caisse.centre,
            nir_assure=nir,
            cle_assure=cle_nir(nir),
        )

    def anonymiser(
        self,
        droits: Droits,
        b: Beneficiaire,
        prescription: Prescription | None,
        situation: SituationFacturation,
        jour: date,
    ) -> tuple[Beneficiaire, Prescription | None]:
        """Emergency contraception: the birth when it isn't told, the prescriber that nobody is.

        SV-3.2.2.5-05 to -09. ``jour``: the day of delivery. Anything else is left as typed.
        """
        if droits.situation != MINEURE or not est_urgence(droits):
            return b, prescription
        if not b.naissance:
            b = replace(b, naissance=f"{jour.year - AGE_FICTIF}0101")
        if prescription is None:
            numero = f"{situation.numero_facturation[:2]}{PRESCRIPTEUR_FICTIF}"
            cle = cle_luhn(numero.translate(CORSE))
            prescription = Prescription(numero=numero + cle, date=jour.isoformat())
        return b, prescription

    def concerne(self, facture: FactureConservee) -> bool:
        """Whether an invoice of the store is confidential."""
        groupes = self.factures.groupes(facture.id)
        return any(est_nir_confidentiel(g.champs[1]) for g in groupes if g.id == GROUPE_BENEFICIAIRE)

    def est_direct(self, lot: LotConserve) -> bool:
        """Whether a lot leaves without the concentrator."""
        return any(self.concerne(f) for f in self.factures.du_lot(lot.id))

    def separer(
        self, regrouper: Callable[[Iterable[FactureConservee]], list[tuple[FactureConservee, ...]]]
    ) -> Callable[[Iterable[FactureConservee]], list[tuple[FactureConservee, ...]]]:
        """The same grouping, confidential invoices apart: their lot doesn't go the same way."""

        def apart(factures: Iterable[FactureConservee]) -> list[tuple[FactureConservee, ...]]:
            lues = tuple(factures)
            return [
                *regrouper(f for f in lues if not self.concerne(f)),
                *regrouper(f for f in lues if self.concerne(f)),
            ]

        return apart
