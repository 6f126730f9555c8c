"""Pricing: the AMO part by the national rules, the AMC part by the convention (cdc §4.2.1.8, §4.2.1.9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from norms.contrat.adaptateur import PrestationDemandee
from norms.montants import multiplier, part
from norms.paquet import NormPack
from norms.tables import Tarifs, Taux
from reference.erreurs import Refus
from reference.facturation.amo_seule import est_hors_amo, taux_de_base
from reference.facturation.contexte import ACCIDENT_DU_TRAVAIL, ALD, MATERNITE, SANS_EXONERATION, ContexteAmo
from reference.modele import PrestationTarifee, Totaux

HORS_PARCOURS = "S"
LIEUX = {"cabinet": "0", "domicile": "1"}
MAX_CENTIMES = 9_999_999


def choisir_taux(contexte: ContexteAmo) -> str:
    """The name of the rate that applies (``tables/taux.yaml``): 70 %, 100 % for an ALD, 30 % outside the pathway."""
    if contexte.exoneration == ALD:
        return "ald"
    if contexte.nature_assurance == ACCIDENT_DU_TRAVAIL:
        return "accident_travail"
    if contexte.nature_assurance == MATERNITE:
        return "maternite"
    if contexte.exoneration != SANS_EXONERATION:
        return "exoneration"
    return "hors_parcours" if contexte.parcours == HORS_PARCOURS else "medecin"


@dataclass
class TarificationAmo:
    """Base = tariff × coefficient × quantity, at most the fee; AMO part = base × rate, rounded to the centime."""

    tarifs: Tarifs
    taux: Taux
    choisir_taux: Callable[[ContexteAmo], str] = choisir_taux
    part_amo: Callable[[int, int], int] = part

    @classmethod
    def avec(cls, pack: NormPack) -> TarificationAmo:
        """With the tables of a norm pack."""
        return cls(Tarifs(pack), Taux(pack))

    def tarifer(
        self, prestations: Iterable[PrestationDemandee], specialite: str, contexte: ContexteAmo
    ) -> tuple[PrestationTarifee, ...]:
        """Prices every prestation, in third-party payment or not alike (SV-4.2.1.8-02). Raises Refus."""
        return tuple(self._tarifer(p, specialite, contexte) for p in prestations)

    def _tarifer(self, p: PrestationDemandee, specialite: str, contexte: ContexteAmo) -> PrestationTarifee:
        jour = date.fromisoformat(p.date)
        coefficient = parse_coefficient(p.coefficient)
        tarif = self.tarifs.tarif(p.code, jour, specialite)
        prix = tarif.montant if tarif is not None else p.prix_saisi
        if prix is None:
            raise Refus(
                f"prestation {p.code[:10]} sans tarif le {jour:%d/%m/%Y} pour la spécialité {specialite} ; vérifier le "
                "code et la date des soins"
            )
        if not 1 <= p.quantite <= 99:
            raise Refus(f"prestation {p.code} : quantité {p.quantite} ; attendue de 1 à 99")
        montant = multiplier(prix, coefficient, p.quantite)
        honoraires = montant if p.honoraires is None else p.honoraires
        if not 0 <= honoraires <= MAX_CENTIMES:
            raise Refus(f"prestation {p.code} : honoraires de {honoraires} centimes ; au plus {MAX_CENTIMES}")
        hors_amo = est_hors_amo(p.code)
        base = 0 if hors_amo else min(montant, honoraires)
        de_base = taux_de_base(p.code)
        taux = 0 if hors_amo else self.taux[self.choisir_taux(contexte)] if de_base is None else de_base
        return PrestationTarifee(
            code=p.code,
            date_soins=jour,
            quantite=p.quantite,
            coefficient=f"{coefficient:.2f}",
            prix_unitaire=prix,
            honoraires=honoraires,
            base_remboursement=base,
            taux=taux,
            montant_amo=0 if hors_amo else self.part_amo(base, taux),
            montant_amc=0,
            justificatif_exoneration=contexte.exoneration,
            qualificatif_depense=p.qualificatif_depense,
            lieu=LIEUX[p.lieu],
        )


def parse_coefficient(texte: str) -> Decimal:
    """A coefficient with at most two decimals. Raises Refus."""
    try:
        coefficient = Decimal(texte.replace(",", "."))
    except InvalidOperation:
        raise Refus(f"coefficient « {texte[:20]} » illisible ; attendu par exemple 1.00") from None
    if not (coefficient.is_finite() and 0 < coefficient < 10_000 and coefficient == round(coefficient, 2)):
        raise Refus(f"coefficient « {texte[:20]} » ; attendu plus de 0, deux décimales au plus")
    return coefficient


def tarifer_amc(prestations: Iterable[PrestationTarifee], taux_amc: int) -> tuple[PrestationTarifee, ...]:
    """The convention's share of what is left on the base; AMO + AMC never exceed the fee (SV-3.2.3.2-04).

    Of an act that the AMO never pays, the share of the fee: what a contract really covers isn't known here.
    """
    return tuple(
        replace(p, montant_amc=min(part(_left_on_base(p), taux_amc), p.honoraires - p.montant_amo)) for p in prestations
    )


def _left_on_base(p: PrestationTarifee) -> int:
    return p.honoraires if est_hors_amo(p.code) else p.base_remboursement - p.montant_amo


def totaliser(prestations: Iterable[PrestationTarifee], *, tp_amo: bool, tp_amc: bool) -> Totaux:
    """Sums, and what the patient pays at the desk: what no third party pays in his place."""
    lues = tuple(prestations)
    total, amo, amc = (
        sum(p.honoraires for p in lues),
        sum(p.montant_amo for p in lues),
        sum(p.montant_amc for p in lues),
    )
    return Totaux(total, amo, amc, total - (amo if tp_amo else 0) - (amc if tp_amc else 0))
