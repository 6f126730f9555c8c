"""Prices worked out by hand from the public tariff of November 2022 (G 25,00 €; V 23,00 €; TCG 25,00 €)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.contrat.adaptateur import PrestationDemandee
from norms.paquet import NormPack
from reference.erreurs import Refus
from reference.facturation.contexte import ALD, SANS_EXONERATION, ContexteAmo
from reference.facturation.tarification import TarificationAmo, parse_coefficient, tarifer_amc, totaliser
from reference.modele import PrestationTarifee

GENERALISTE = "01"
TARIFICATION = TarificationAmo.avec(NormPack.par_defaut())


def contexte(exoneration: str = SANS_EXONERATION, parcours: str = "T", nature: str = "10") -> ContexteAmo:
    return ContexteAmo(nature, "00100", exoneration, parcours)


def tarifer(ou: ContexteAmo | None = None, **champs: object) -> PrestationTarifee:
    demande = PrestationDemandee.model_validate({"code": "G", "date": "2022-11-21"} | champs)
    return TARIFICATION.tarifer([demande], GENERALISTE, ou or contexte())[0]


@pytest.mark.parametrize(
    ("ou", "champs", "base", "taux", "amo"),
    [
        (contexte(), {}, 2500, 70, 1750),  # 25,00 x 70 %
        (contexte(ALD), {}, 2500, 100, 2500),
        (contexte(nature="41"), {}, 2500, 100, 2500),
        (contexte(nature="30"), {}, 2500, 100, 2500),
        (contexte("5"), {}, 2500, 100, 2500),
        (contexte(parcours="S"), {}, 2500, 30, 750),  # hors parcours
        (contexte(), {"quantite": 2}, 5000, 70, 3500),
        (contexte(), {"honoraires": 4000}, 2500, 70, 1750),  # the excess isn't reimbursed
        (contexte(), {"honoraires": 1995}, 1995, 70, 1397),  # 1396,5 centimes, half up
        (contexte(), {"honoraires": 2001}, 2001, 70, 1401),  # 1400,7
        (contexte(), {"code": "V"}, 2300, 70, 1610),
        (contexte(), {"code": "TCG"}, 2500, 70, 1750),
        (contexte(), {"code": "C", "coefficient": "1.50"}, 3450, 70, 2415),
    ],
)
def test_part_obligatoire(ou: ContexteAmo, champs: dict[str, object], base: int, taux: int, amo: int) -> None:
    p = tarifer(ou, **champs)
    assert (p.base_remboursement, p.taux, p.montant_amo) == (base, taux, amo)


def test_honoraires_par_defaut_au_tarif() -> None:
    assert tarifer().honoraires == 2500


@pytest.mark.parametrize(
    "champs",
    [
        {"code": "ZZZ"},
        {"date": "2017-04-30"},  # G did not exist yet
        {"quantite": 0},
        {"quantite": 100},
        {"honoraires": -1},
        {"coefficient": "x"},
        {"coefficient": "0"},
        {"coefficient": "1.005"},
        {"coefficient": "NaN"},
        {"coefficient": "1e9"},
    ],
)
def test_prestation_refusee(champs: dict[str, object]) -> None:
    with pytest.raises(Refus):
        tarifer(**champs)


def test_coefficient_a_la_francaise() -> None:
    assert parse_coefficient("1,5") == parse_coefficient("1.50")


@pytest.mark.parametrize(
    ("taux_amc", "honoraires", "amc"),
    [
        (100, None, 750),  # ticket modérateur: 25,00 - 17,50
        (33, None, 248),  # 247,5, half up
        (200, None, 750),  # never more than what is left of the fee
        (200, 3000, 1250),  # 30,00 - 17,50
        (0, None, 0),
    ],
)
def test_part_complementaire(taux_amc: int, honoraires: int | None, amc: int) -> None:
    (p,) = tarifer_amc([tarifer(honoraires=honoraires)], taux_amc)
    assert p.montant_amc == amc


@pytest.mark.parametrize(
    ("tp_amo", "tp_amc", "assure"), [(False, False, 2500), (True, False, 750), (False, True, 1750), (True, True, 0)]
)
def test_ce_que_paie_l_assure(tp_amo: bool, tp_amc: bool, assure: int) -> None:
    totaux = totaliser(tarifer_amc([tarifer()], 100), tp_amo=tp_amo, tp_amc=tp_amc)
    assert (totaux.total, totaux.amo, totaux.amc, totaux.assure) == (2500, 1750, 750, assure)


@given(honoraires=st.integers(0, 20_000), quantite=st.integers(1, 20), taux_amc=st.integers(0, 400))
def test_les_parts_ne_depassent_jamais_la_depense(honoraires: int, quantite: int, taux_amc: int) -> None:
    """SV-3.2.3.2-04."""
    (p,) = tarifer_amc([tarifer(honoraires=honoraires, quantite=quantite)], taux_amc)
    assert 0 <= p.montant_amo + p.montant_amc <= p.honoraires
    assert p.date_soins == date(2022, 11, 21)
