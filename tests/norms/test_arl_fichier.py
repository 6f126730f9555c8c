"""Our ARL file."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.arl import Arl, CodecArl
from norms.codec import ErreurEnregistrement
from norms.paquet import NormPack

CODEC = CodecArl(NormPack.par_defaut())
JOURS = st.dates(date(1970, 1, 1), date(2069, 12, 31))
TEXTE = st.text("ABCDEFGHIJ '0123456789", max_size=60).map(lambda t: t.rstrip(" "))
ARLS = st.builds(
    Arl,
    numero_ps=st.from_regex(r"\A[0-9]{9}\Z"),
    reference_lot=st.from_regex(r"\A(?:[0-9]{3}|[A-Z]{3})\Z"),
    date_lot=JOURS,
    type_facture=st.sampled_from(["F", "D"]),
    positif=st.booleans(),
    date_arl=JOURS,
    code=st.from_regex(r"\A[0-9]{4}\Z") | st.just(""),
    libelle=TEXTE,
    numero_facture=st.from_regex(r"\A[0-9]{9}\Z") | st.just(""),
)


@given(arls=st.lists(ARLS, max_size=5))
def test_round_trip(arls: list[Arl]) -> None:
    brut = CODEC.ecrire({"type_emetteur": "CP", "identifiant_fichier": "000001"}, arls)
    assert len(brut) == 128 * (len(arls) + 2)
    lu = CODEC.lire(brut)
    assert list(lu.arls) == arls
    assert lu.entete["identifiant_fichier"] == "000001"


def test_by_hand() -> None:
    jour = date(2026, 3, 10)
    brut = CODEC.ecrire({}, [Arl("991129768", "001", jour, "F", False, jour, "5001", "LOT TROP ANCIEN", "000000012")])
    assert brut[128:256] == (b"A991129768001260310FN5001" + b"LOT TROP ANCIEN".ljust(60) + b"000000012260310").ljust(
        128
    )


def test_damaged_files() -> None:
    jour = date(2026, 3, 10)
    brut = CODEC.ecrire({}, [Arl("991129768", "001", jour, "F", True, jour)] * 2)
    a, b, c, d = (brut[i : i + 128] for i in range(0, 512, 128))
    for donnees, rang in ((b + c + d, 1), (a + b + c, 4), (a + a + d, 2), (a + d, 2), (b"", 1), (a + d + d, 2)):
        with pytest.raises(ErreurEnregistrement) as info:
            CODEC.lire(donnees)
        assert info.value.rang == rang
    with pytest.raises(ErreurEnregistrement, match="« F », « D »"):
        CODEC.lire(a + b[:19] + b"X" + b[20:] + c + d)


@pytest.mark.parametrize(("colonne", "champ"), [(14, "date_lot"), (95, "date_arl")])
def test_a_blank_date_is_told(colonne: int, champ: str) -> None:
    jour = date(2026, 3, 10)
    brut = CODEC.ecrire({}, [Arl("991129768", "001", jour, "F", True, jour)])
    place = 128 + colonne - 1
    with pytest.raises(ErreurEnregistrement) as info:
        CODEC.lire(brut[:place] + b" " * 6 + brut[place + 6 :])
    assert (info.value.champ, info.value.rang, info.value.colonnes) == (champ, 2, (colonne, colonne + 5))
