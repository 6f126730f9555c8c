"""Security segments, signed bytes, masking of sensitive fields."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.b2 import CodecB2, FactureB2
from norms.b2.securite import (
    ErreurSecurite,
    assembler,
    champs_sensibles,
    demasquer,
    lire_blocs,
    masquer,
    octets_a_signer_facture,
    octets_a_signer_lot,
    segmenter,
)
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.paquet import NormPack

PACK = NormPack.par_defaut()
CODEC = CodecB2(PACK)


def records(bruts: list[bytes]) -> list[Enregistrement]:
    return list(CODEC.iterer(b"".join(bruts)))


def segments(nature: str, octets: bytes) -> list[Enregistrement]:
    return records(segmenter(CODEC, nature, "991129768", "000000012", "01", octets))


@given(octets=st.binary(min_size=1, max_size=2000))
def test_contents_come_back(octets: bytes) -> None:
    bloc = assembler(segments("V", octets))
    assert (bloc.octets, bloc.nature, bloc.numero_ps, bloc.reference) == (octets, "V", "991129768", "000000012")


def test_length_of_a_rsa_signature() -> None:
    """256 bytes are 344 characters in base 64: four segments of 98, the last one of 50."""
    lus = segments("P", bytes(range(256)))
    assert [len(e.texte("segment")) for e in lus] == [98, 98, 98, 50]
    assert [e.entier("rang_segment") for e in lus] == [1, 2, 3, 4]


def test_too_long_or_empty_contents() -> None:
    with pytest.raises(ErreurSecurite, match="de 0 octets"):
        segmenter(CODEC, "C", "", "", "02", b"")
    with pytest.raises(ErreurSecurite, match="attendu de 1 à 73426 octets"):
        segmenter(CODEC, "C", "", "", "02", bytes(74_000))


def test_missing_swapped_and_altered_segments() -> None:
    lus = segments("V", bytes(256))
    with pytest.raises(ErreurEnregistrement, match="attendu 4 segments ; constaté 3 segments"):
        assembler(lus[:3])
    with pytest.raises(ErreurEnregistrement, match="attendu le segment 2 sur 4 ; constaté le segment 3"):
        assembler([lus[0], lus[2], lus[1], lus[3]])
    with pytest.raises(ErreurEnregistrement, match="comme au premier segment"):
        assembler([lus[0], lus[1].avec(reference="000000013"), *lus[2:]])
    with pytest.raises(ErreurEnregistrement, match="un contenu en base 64"):
        assembler([*lus[:3], lus[3].avec(segment="!" * 50)])
    with pytest.raises(ErreurSecurite):
        assembler([])


def test_several_contents_in_one_invoice() -> None:
    blocs = lire_blocs([*segments("C", b"x" * 300), *segments("V", b"v" * 256), *segments("P", b"p" * 256)])
    assert [(b.nature, len(b.octets)) for b in blocs] == [("C", 300), ("V", 256), ("P", 256)]


def test_signed_bytes_of_an_invoice() -> None:
    corps = records([CODEC.encoder("2", {}), CODEC.encoder("4", {}), CODEC.encoder("5", {})])
    c, v, p = segments("C", b"c" * 300), segments("V", b"v" * 256), segments("P", b"p" * 256)
    tout = [*corps, *c, *v, *p]
    donnees = b"".join(e.brut for e in [*corps, *c])
    assert octets_a_signer_facture(tout) == donnees
    assert octets_a_signer_facture(tout, "P") == donnees + b"".join(e.brut for e in v)


def test_signed_bytes_of_a_lot() -> None:
    corps = records([CODEC.encoder("1", {}), CODEC.encoder("6", {})])
    v = segments("V", b"v" * 256)
    assert octets_a_signer_lot([corps[0], *v, corps[1], *segments("L", b"l")]) == b"".join(
        e.brut for e in [corps[0], *v, corps[1]]
    )


def test_sensitive_fields_are_exactly_the_maskable_ones() -> None:
    masquables = {
        t: tuple(c.nom for c in d.champs if c.masquable)
        for t, d in CODEC.dispositions.items()
        if any(c.masquable for c in d.champs)
    }
    assert champs_sensibles(PACK) == masquables
    assert "coefficient" in masquables["4"]


INVOICE = [
    CODEC.encoder("2", {"numero_facture": 1}),
    CODEC.encoder("4", {"numero_facture": 1, "coefficient": "1.50", "code_acte": "ADI"}),
    CODEC.encoder("4M", {"numero_facture": 1, "code_ccam": "DEQP003", "activite": "1", "phase": "0"}),
    CODEC.encoder("5", {"numero_facture": 1, "nombre_type_4": 1}),
]


def test_masking_and_restoring() -> None:
    clairs = records(INVOICE)
    masques, donnees = masquer(PACK, clairs)
    assert masques[1].brut[80:86] == b"******"
    assert masques[1].est_masque("coefficient")
    assert masques[1]["code_acte"] == "ADI"
    assert b"DEQP003" not in b"".join(e.brut for e in masques)
    assert [1, "4", "coefficient", "000150"] in json.loads(donnees)["champs"]
    relus = records([e.brut for e in masques])
    assert relus[1]["coefficient"] == "******"
    assert [e.brut for e in demasquer(PACK, relus, donnees)] == INVOICE
    facture = cast(FactureB2, next(CODEC.lire_factures(b"".join(e.brut for e in masques))))
    assert facture.prestations[0].complements[0].est_masque("code_ccam")


@pytest.mark.parametrize(
    "clair",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"version":1}',
        b'{"version":2,"champs":[]}',
        b'{"version":1,"champs":[[1]]}',
        b'{"version":1,"champs":[]}',
        b'{"version":1,"champs":[[1,"4","coefficient","00"]]}',
        b"[" * 100_000,
        b" " * (1024 * 1024 + 1),
    ],
)
def test_unusable_clear_data(clair: bytes) -> None:
    masques, _ = masquer(PACK, records(INVOICE))
    with pytest.raises(ErreurSecurite):
        demasquer(PACK, masques, clair)


def test_clear_data_of_another_invoice() -> None:
    masques, donnees = masquer(PACK, records(INVOICE))
    with pytest.raises(ErreurSecurite, match="absent"):
        demasquer(PACK, masques[:2], donnees)
    autre = json.loads(donnees)
    autre["champs"][0][3] = "00A150"
    with pytest.raises(ErreurEnregistrement, match="coefficient"):
        demasquer(PACK, masques, json.dumps(autre).encode())
