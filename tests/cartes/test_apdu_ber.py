"""Command APDUs and BER-TLV objects: known encodings, then round trips."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cards import ber, hachage
from simulator.cards.apdu import ApduInvalide, CommandApdu


@pytest.mark.parametrize(
    ("octets", "donnees", "le", "etendu"),
    [
        ("00A40000", "", None, False),  # case 1
        ("00B0820000", "", 256, False),  # case 2 short, 00 means 256
        ("00B0820010", "", 16, False),
        ("00A40000023F00", "3F00", None, False),  # case 3 short
        ("00A40000023F0000", "3F00", 256, False),  # case 4 short
        ("00B08200000000", "", 65536, True),  # case 2 extended
        ("00D6000000000200FF", "00FF", None, True),  # case 3 extended
        ("00D6000000000200FF0100", "00FF", 256, True),  # case 4 extended
    ],
)
def test_the_seven_forms_of_a_command(octets: str, donnees: str, le: int | None, etendu: bool) -> None:
    apdu = CommandApdu.parse(bytes.fromhex(octets))
    assert (apdu.donnees.hex().upper(), apdu.le, apdu.etendu) == (donnees, le, etendu)
    assert apdu.encode().hex().upper() == octets


@pytest.mark.parametrize("octets", ["", "00A400", "00A4000003AABB", "00A400000000", "00A400000000000102"])
def test_bytes_that_are_no_command_are_refused(octets: str) -> None:
    with pytest.raises(ApduInvalide):
        CommandApdu.parse(bytes.fromhex(octets))


@given(
    st.builds(
        CommandApdu,
        cla=st.integers(0, 255),
        ins=st.integers(0, 255),
        p1=st.integers(0, 255),
        p2=st.integers(0, 255),
        donnees=st.binary(max_size=600),
        le=st.none() | st.integers(1, 65_536),
    )
)
def test_a_command_survives_its_encoding(apdu: CommandApdu) -> None:
    relu = CommandApdu.parse(apdu.encode())
    assert (relu.cla, relu.ins, relu.p1, relu.p2) == (apdu.cla, apdu.ins, apdu.p1, apdu.p2)
    assert (relu.donnees, relu.le) == (apdu.donnees, apdu.le)


@pytest.mark.parametrize(
    ("tag", "taille", "entete"),
    [
        (0x80, 5, "8005"),
        (0x80, 127, "807F"),
        (0x80, 128, "808180"),
        (0x5F37, 256, "5F37820100"),
        (0xBF8101, 0, "BF810100"),
    ],
)
def test_lengths_are_written_as_the_norm_says(tag: int, taille: int, entete: str) -> None:
    code = ber.encode(tag, b"x" * taille)
    assert code[: len(entete) // 2].hex().upper() == entete
    (relu,) = ber.parse(code)
    assert (relu.tag, relu.valeur) == (tag, b"x" * taille)


@given(st.lists(st.tuples(st.sampled_from([0x80, 0x9E, 0x30, 0x5F20, 0x7F49, 0xBF8101]), st.binary(max_size=300))))
def test_objects_survive_their_encoding(objets: list[tuple[int, bytes]]) -> None:
    code = b"".join(ber.encode(tag, valeur) for tag, valeur in objets)
    assert [(t.tag, t.valeur) for t in ber.parse(code)] == objets


@given(st.binary(max_size=200))
def test_any_bytes_are_objects_or_a_tlv_error(octets: bytes) -> None:
    try:
        relus = list(ber.parse(octets))
    except ber.TlvInvalide:
        return
    assert sum(len(t.valeur) + 2 for t in relus) <= len(octets)


@pytest.mark.parametrize("octets", ["80", "8005AA", "8080", "1F", "9F81828301", "8085"])
def test_broken_objects_are_refused(octets: str) -> None:
    with pytest.raises(ber.TlvInvalide):
        list(ber.parse(bytes.fromhex(octets)))


@given(st.binary(max_size=400), st.integers(0, 6))
def test_a_hash_finished_by_the_card_is_the_hash(message: bytes, blocs: int) -> None:
    """The first blocks are hashed by the compression function, the card finishes; hashlib is the judge."""
    faits = min(blocs, len(message) // 64, (len(message) + 63) // 64 - 1) if message else 0
    for algorithme, attendu in ((hachage.SHA1, hashlib.sha1), (hachage.SHA256, hashlib.sha256)):
        assert algorithme.compress is not None
        faits = max(faits, (len(message) - 1) // 64 if message else 0)
        etat = list(algorithme.initial)
        for i in range(faits):
            etat = algorithme.compress(etat, message[64 * i : 64 * i + 64])
        partiel = b"".join(x.to_bytes(4, "big") for x in etat) if faits else b""
        obtenu = hachage.finish(algorithme, partiel, 512 * faits, message[64 * faits :])
        assert obtenu == attendu(message).digest()


def test_a_partial_hash_that_does_not_add_up_is_refused() -> None:
    for etat, bits, dernier in ((b"x" * 31, 512, b""), (b"x" * 32, 511, b""), (b"x" * 32, 512, b"y" * 65)):
        with pytest.raises(ValueError, match="condensat partiel"):
            hachage.finish(hachage.SHA256, etat, bits, dernier)
