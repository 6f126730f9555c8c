"""Keys of identifiers, on public test fixtures and numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.identifiants import (
    ErreurIdentifiant,
    adeli_valide,
    cle_luhn,
    cle_nir,
    est_nir_fictif,
    finess_valide,
    nir_valide,
    rpps_valide,
    siren_valide,
)
from norms.paquet import NormPack


@pytest.mark.parametrize(("nir", "cle"), [("1421962965167", "94"), ("172192B999002", "24")])
def test_nir_of_public_fixtures(nir: str, cle: str) -> None:
    assert cle_nir(nir) == cle
    assert nir_valide(nir, cle)
    assert not nir_valide(nir, "00")


@given(nir=st.from_regex(r"\A[12][0-9]{4}(2A|2B|[0-9]{2})[0-9]{6}\Z"))
def test_nir_key_against_its_definition(nir: str) -> None:
    """97 minus the remainder by 97; 2A reads 19, 2B reads 18."""
    nombre = int(nir.replace("2A", "19") if nir[5:7] == "2A" else nir[:5] + "18" + nir[7:] if nir[5:7] == "2B" else nir)
    assert cle_nir(nir) == f"{97 - nombre % 97:02d}"


@pytest.mark.parametrize(
    "nir", ["", "142196296516", "14219629651670", "3A2196296516", "1421962965AB7", "5421962965167"]
)
def test_wrong_nir(nir: str) -> None:
    assert not nir_valide(nir, "94")
    with pytest.raises(ErreurIdentifiant, match="NIR : attendu"):
        cle_nir(nir)


@pytest.mark.parametrize(("numero", "cle"), [("9990006527", "9"), ("99112976", "8"), ("42078860", "6")])
def test_luhn_of_public_fixtures(numero: str, cle: str) -> None:
    assert cle_luhn(numero) == cle


def test_numbers_of_professionals() -> None:
    assert rpps_valide("99900065279")
    assert not rpps_valide("99900065278")
    assert not rpps_valide("9990006527")
    assert finess_valide("991129768")
    assert not finess_valide("991129767")
    assert adeli_valide("420788606")
    # Corsica: 2A1000007 reads 211000007; doubling every second digit from the right, 2+2+1+0+0+0+0+0+7 = 12: wrong key,
    # and with a key of 5 the sum is 10
    assert adeli_valide("2A1000005")
    assert not adeli_valide("2A1000007")
    assert siren_valide("775671993")
    assert not siren_valide("341230380")
    with pytest.raises(ErreurIdentifiant):
        cle_luhn("12A")


@pytest.mark.parametrize(
    ("nir", "fictif"),
    [
        ("1421962965167", True),  # month 19
        ("2750675999001", True),  # commune 999
        ("2555555000123", True),  # anonymity of a minor
        ("2750675111001", False),
        ("1850999123456", False),  # 999 outside the commune
    ],
)
def test_fictitious_nir(pack: NormPack, nir: str, *, fictif: bool) -> None:
    assert est_nir_fictif(nir, pack) is fictif
