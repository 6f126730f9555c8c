"""B2 records: positions, exact round trip, errors that say where and what."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.b2 import CodecB2
from norms.codec import ErreurEnregistrement
from norms.paquet import NormPack
from tests.norms.strategies import deep_share, records_of

CODEC = CodecB2(NormPack.par_defaut())
TYPES = ["000", "1", "2", "2S", "2M", "2P", "4", "4S", "4M", "4B", "4C", "4D", "4F", "5", "6", "8", "999"]

#: A record 4 written by hand, column by column.
TYPE_4 = (
    b"4" + b"991129768" + b" " + b"1421962965167" + b"94" + b"000000012" + b" "  # 1-36
    b"01" + b"00" + b"000" + b"000000" + b"9" + b"00" + b" " + b"4" + b"991129768" + b"30" + b"01"  # 37-67
    b"260302" + b"G    " + b"01" + b"000100" + b"00" + b"0002500" + b"0002500" + b"070" + b"0001750"  # 68-112
    b"0002500" + b" " + b"0" + b"0000750"  # 113-128
)


def test_all_announced_types_are_there() -> None:
    assert sorted(CODEC.dispositions) == sorted(TYPES)
    assert all(d.longueur == 128 for d in CODEC.dispositions.values())


def test_record_4_by_hand() -> None:
    assert len(TYPE_4) == 128
    e = CODEC.decoder_enregistrement(TYPE_4, 7, offset=768)
    assert (e.type, e.rang, e.offset, e.brut) == ("4", 7, 768, TYPE_4)
    assert e["date_acte"] == date(2026, 3, 2)
    assert e["code_acte"] == "G"
    assert e["coefficient"] == Decimal("1.00")
    assert (e["base"], e["taux"], e["montant_amo"], e["honoraires"], e["montant_amc"]) == (2500, 70, 1750, 2500, 750)
    assert e["numero_facture"] == "000000012"
    assert e["nir"] == "1421962965167"
    assert e["date_entente"] is None
    champ = e.champ("montant_amo")
    assert (champ.colonnes, champ.brut, champ.valeur) == ((106, 112), b"0001750", 1750)
    assert champ.champ.libelle == "Montant remboursable par l'AMO"
    assert CODEC.encoder("4", {k: v for k, v in e.valeurs.items() if k != "type"}) == TYPE_4


@pytest.mark.parametrize(
    ("type_", "champ", "colonnes"),
    [
        ("000", "identifiant_fichier", (50, 55)),
        ("999", "nombre_enregistrements", (56, 63)),
        ("1", "numero_lot", (20, 22)),
        ("1", "top_certification", (81, 81)),
        ("2", "date_facturation", (40, 45)),
        ("2", "numero_amc", (119, 128)),
        ("2S", "nir_individuel", (50, 62)),
        ("2M", "domaine", (105, 124)),
        ("2P", "operateur_reglement", (37, 46)),
        ("4S", "base_theorique", (41, 47)),
        ("4M", "code_ccam", (43, 55)),
        ("4M", "dent_16", (101, 102)),
        ("4B", "date_1", (49, 54)),
        ("4B", "code_5", (121, 128)),
        ("4C", "cip_1", (44, 50)),
        ("4C", "substitution_5", (128, 128)),
        ("4D", "dent_2", (93, 94)),
        ("4F", "total", (112, 118)),
        ("5", "total_amc", (82, 89)),
        ("6", "total_amo", (34, 42)),
        ("8", "segment", (31, 128)),
    ],
)
def test_positions(type_: str, champ: str, colonnes: tuple[int, int]) -> None:
    assert CODEC.disposition(type_).champ(champ).colonnes == colonnes


@pytest.mark.parametrize("type_", TYPES)
@deep_share(len(TYPES))
@given(donnees=st.data())
def test_round_trip(type_: str, donnees: st.DataObject) -> None:
    valeurs: dict[str, Any] = donnees.draw(records_of(CODEC.disposition(type_)))
    brut = CODEC.encoder(type_, valeurs)
    assert len(brut) == 128
    lu = CODEC.decoder_enregistrement(brut, 1)
    assert lu.type == type_
    assert {k: v for k, v in lu.valeurs.items() if k in valeurs} == valeurs
    assert CODEC.encoder(type_, lu.valeurs) == brut


def decode(brut: bytes) -> ErreurEnregistrement | None:
    try:
        e = CODEC.decoder_enregistrement(brut, 3, offset=256)
        assert len(e.valeurs) == len(e.disposition.par_nom)
    except ErreurEnregistrement as exc:
        return exc
    return None


@given(
    debut=st.sampled_from([b"4", b"2", b"000", b"999", b"1", b"5", b"6", b"8", b""]),
    corps=st.binary(min_size=128, max_size=128) | st.text("0123456789 ", min_size=128, max_size=128).map(str.encode),
    complement=st.sampled_from([b" ", b"S", b"M", b"0"]),
)
def test_any_128_bytes_give_a_record_or_an_error_with_its_place(debut: bytes, corps: bytes, complement: bytes) -> None:
    brut = (debut + corps)[:35] + complement + corps[36:]
    faute = decode(brut)
    if faute is not None:
        assert (faute.rang, faute.offset) == (3, 256)
        assert faute.attendu
        assert faute.constate
        assert 1 <= faute.colonnes[0] <= faute.colonnes[1] <= 128


@given(donnees=st.data())
def test_one_altered_byte_is_reported_in_its_own_columns(donnees: st.DataObject) -> None:
    """A control character anywhere is always a fault, in the field that holds the column."""
    colonne = donnees.draw(st.integers(2, 128).filter(lambda c: c != 36))
    brut = TYPE_4[: colonne - 1] + b"\x07" + TYPE_4[colonne:]
    with pytest.raises(ErreurEnregistrement) as info:
        CODEC.decoder_enregistrement(brut, 5)
    debut, fin = info.value.colonnes
    assert debut <= colonne <= fin
    assert "\\x07" in info.value.constate


def test_error_names_everything() -> None:
    brut = TYPE_4.replace(b"0001750", b"00O1750")
    with pytest.raises(ErreurEnregistrement) as info:
        CODEC.decoder_enregistrement(brut, 7, offset=768)
    e = info.value
    assert (e.rang, e.type, e.champ, e.colonnes, e.offset) == (7, "4", "montant_amo", (106, 112), 768)
    assert str(e) == (
        "enregistrement 7, type 4, champ « montant_amo » (Montant remboursable par l'AMO), "
        "colonnes 106-112, octet 768 : "
        "attendu 7 chiffres (montant en centimes) ; constaté « 00O1750 »"
    )


@pytest.mark.parametrize(
    ("brut", "attendu", "constate"),
    [
        (TYPE_4[:100], "128 octets", "100 octets"),
        (TYPE_4 + b" ", "128 octets", "129 octets"),
        (b"", "128 octets", "0 octets"),
        (b"7" + TYPE_4[1:], "un type d'enregistrement", "« 799 »"),
        (b"001" + TYPE_4[3:], "« 000 »", "« 001 »"),
        (TYPE_4[:35] + b"Z" + TYPE_4[36:], "un complément parmi", "« Z »"),
        (TYPE_4[:75] + "é".encode() + TYPE_4[77:], "5 caractères ASCII imprimables", "« G \\xc3"),
        (TYPE_4.replace(b"260302", b"260230"), "une date AAMMJJ qui existe", "« 260230 »"),
        (TYPE_4.replace(b"260302", b"261302"), "une date AAMMJJ", "« 261302 »"),
        (b"\n" + TYPE_4[1:], "un type d'enregistrement", "\\x0a"),
    ],
)
def test_damaged_records(brut: bytes, attendu: str, constate: str) -> None:
    with pytest.raises(ErreurEnregistrement) as info:
        assert CODEC.decoder_enregistrement(brut, 1).valeurs
    assert attendu in info.value.attendu
    assert constate in info.value.constate


@pytest.mark.parametrize(
    ("valeurs", "fragment"),
    [
        ({"bse": 1}, "un champ inconnu"),
        ({"code_acte": "TROPLONG"}, "5 caractères au plus"),
        ({"base": 10_000_000}, "7 caractères au plus"),
        ({"base": -1}, "un entier positif ou nul"),
        ({"base": "25"}, "un entier positif ou nul"),
        ({"base": True}, "un entier positif ou nul"),
        ({"code_acte": "É"}, "ASCII"),
        ({"code_acte": "A\tB"}, "ASCII"),
        ({"numero_facture": "12A"}, "des chiffres"),
        ({"numero_facture": "²"}, "ASCII"),
        ({"date_acte": "2026-03-02"}, "une date"),
        ({"date_acte": date(1969, 12, 31)}, "une date de 1970 à 2069"),
        ({"coefficient": "1.005"}, "2 décimales au plus"),
        ({"coefficient": "NaN"}, "un nombre décimal"),
        ({"type": "5"}, "« 4 »"),
    ],
)
def test_refused_values(valeurs: dict[str, Any], fragment: str) -> None:
    with pytest.raises(ErreurEnregistrement, match="type 4") as info:
        CODEC.encoder("4", valeurs)
    assert fragment in str(info.value)


def test_unknown_type_is_refused() -> None:
    with pytest.raises(ErreurEnregistrement, match="un type inconnu"):
        CODEC.encoder("3", {})


def test_a_value_outside_its_list_is_refused() -> None:
    with pytest.raises(ErreurEnregistrement, match="« V », « P », « C », « L »"):
        CODEC.encoder("8", {"nature": "X", "algorithme": "01"})
    with pytest.raises(ErreurEnregistrement, match="nature"):
        CODEC.encoder("8", {"algorithme": "01"})


def test_lenient_decoding_gives_all_faults() -> None:
    brut = TYPE_4.replace(b"0001750", b"00O1750").replace(b"260302", b"269902")
    e = CODEC.decoder_enregistrement(brut, 2, strict=False)
    assert [a.champ for a in e.anomalies] == ["date_acte", "montant_amo"]
    assert (e["montant_amo"], e["date_acte"], e["base"]) == ("00O1750", "269902", 2500)
    with pytest.raises(ErreurEnregistrement, match="un nombre"):
        e.entier("montant_amo")


def test_rewriting_a_field_keeps_every_other_byte() -> None:
    e = CODEC.decoder_enregistrement(TYPE_4, 1)
    modifie = e.avec(montant_amo=1)
    assert modifie.brut == TYPE_4[:105] + b"0000001" + TYPE_4[112:]


def test_stream_gives_ranks_and_offsets() -> None:
    n = 1500  # more than one read
    lus = list(CODEC.iterer(io.BytesIO(TYPE_4 * n)))
    assert [e.rang for e in lus] == list(range(1, n + 1))
    assert [e.offset for e in lus] == [128 * i for i in range(n)]


def test_stream_with_short_reads() -> None:
    class Lente(io.BytesIO):
        def read(self, taille: int | None = -1, /) -> bytes:
            return super().read(min(taille or 50, 50))

    assert [e.rang for e in CODEC.iterer(Lente(TYPE_4 * 3))] == [1, 2, 3]


def test_truncated_stream() -> None:
    with pytest.raises(ErreurEnregistrement) as info:
        list(CODEC.iterer(TYPE_4 * 2 + TYPE_4[:127]))
    assert (info.value.rang, info.value.offset) == (3, 256)
    assert "127 octets" in info.value.constate
    assert "tronqué" in info.value.conseil
