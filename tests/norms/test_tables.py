"""Money, code tables, tariffs, rates, recipient organisations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.montants import format_euros, multiplier, parse_euros, part
from norms.paquet import NormPack
from norms.tables import Nomenclature, Organismes, Tarifs, Taux, expand_specialties


@pytest.mark.parametrize(
    ("base", "taux", "attendu"),
    [(2500, 70, 1750), (2300, 70, 1610), (1, 50, 1), (3, 50, 2), (1, 49, 0), (5, 30, 2), (1855, 65, 1206)],
)
def test_share_of_a_base_is_rounded_half_up(base: int, taux: int, attendu: int) -> None:
    """5 × 30 % = 1.5 gives 2; 18.55 € × 65 % = 12.0575 € gives 12.06 €."""
    assert part(base, taux) == attendu


def test_price_times_coefficient() -> None:
    assert multiplier(192, Decimal("2.5"), 3) == 1440
    assert multiplier(315, Decimal("1.5")) == 473  # 4.725 €


@pytest.mark.parametrize(
    ("centimes", "texte"),
    [(2300, "23,00 €"), (5, "0,05 €"), (0, "0,00 €"), (-30, "-0,30 €"), (123450, "1 234,50 €"), (-100, "-1,00 €")],
)
def test_amounts_as_shown(centimes: int, texte: str) -> None:
    assert format_euros(centimes) == texte


@given(centimes=st.integers(0, 99_999_999_999))
def test_amounts_come_back(centimes: int) -> None:
    assert parse_euros(format_euros(centimes)) == centimes


@pytest.mark.parametrize("texte", ["", "abc", "1,234", "-5", "1e3", "٣"])
def test_refused_amounts(texte: str) -> None:
    with pytest.raises(ValueError, match="montant attendu"):
        parse_euros(texte)


def test_tariffs(pack: NormPack) -> None:
    tarifs = Tarifs(pack)

    def centimes(code: str, jour: date, specialite: str) -> int | None:
        t = tarifs.tarif(code, jour, specialite)
        return t.montant if t else None

    assert centimes("G", date(2026, 3, 2), "01") == 2500  # later tariffs are kept for information
    assert centimes("G", date(2017, 5, 1), "01") == 2500
    assert centimes("G", date(2017, 4, 30), "01") is None
    assert centimes("GS", date(2026, 3, 2), "22") == 2500
    assert centimes("GS", date(2026, 3, 2), "03") is None
    assert centimes("C", date(2026, 3, 2), "01") == 2300
    assert centimes("CS", date(2026, 3, 2), "03") == 2300
    assert centimes("V", date(2026, 3, 2), "21") == 2300
    assert centimes("MEG", date(2026, 3, 2), "01") == 500
    assert centimes("AMI", date(2026, 3, 2), "24") == 315
    assert centimes("ZZZ", date(2026, 3, 2), "01") is None
    assert {t.montant for t in tarifs.tous("G")} == {2500, 2650, 3000}
    assert {t.applique for t in tarifs.tous("G") if t.source.startswith("hypothese")} == {False}


def test_specialties() -> None:
    assert expand_specialties("1-3 20") == {"01", "02", "03", "20"}
    assert expand_specialties("") == frozenset()
    with pytest.raises(ValueError, match="1-18 20"):
        expand_specialties("médecin")


def test_rates(pack: NormPack) -> None:
    taux = Taux(pack)
    assert (taux["medecin"], taux["hors_parcours"], taux["ald"], taux["alsace_moselle"]) == (70, 30, 100, 90)
    with pytest.raises(KeyError, match="hors_parcours"):
        taux["inconnu"]


@pytest.mark.parametrize(
    ("regime", "caisse", "centre", "attendu"),
    [
        ("01", "349", "9881", "349"),
        ("01", "471", "0000", "471"),
        ("04", "999", "0000", "110"),
        ("12", "123", "0000", "001"),
        ("02", "345", "0000", "341"),
        ("02", "349", "0000", "349"),
        ("91", "751", "0501", "999"),
        ("91", "751", "0502", "751"),
        ("94", "781", "0511", "514"),
        ("94", "781", "0512", "512"),
        ("93", "941", "0511", "511"),
        ("95", "921", "0000", "751"),
        ("96", "922", "0000", "922"),
    ],
)
def test_recipient_organisations(pack: NormPack, regime: str, caisse: str, centre: str, attendu: str) -> None:
    assert Organismes(pack).destinataire(regime, caisse, centre) == attendu


def test_computing_centres(pack: NormPack) -> None:
    organismes = Organismes(pack)
    assert organismes.centre_informatique("01", "471", "0000") == "005"
    assert organismes.centre_informatique("01", "851", "1234") == "023"
    assert organismes.centre_informatique("01", "349", "9881") == "000"


def test_all_code_tables_load(pack: NormPack) -> None:
    particuliers = {"ngap", "organismes", "identifiants"}
    noms = [n.removeprefix("tables/").removesuffix(".yaml") for n in pack.fichiers if n.startswith("tables/")]
    for nom in set(noms) - particuliers:
        assert all(e.libelle for e in Nomenclature(pack, nom))
    assert Nomenclature(pack, "cadres_remboursement")["3"].attribut("destinataire_reglement") == "15"
    assert Nomenclature(pack, "regimes").libelle("01") == "Régime général"
    assert "11" not in Nomenclature(pack, "regimes")
    with pytest.raises(KeyError, match="code « 11 » inconnu"):
        Nomenclature(pack, "regimes")["11"]
