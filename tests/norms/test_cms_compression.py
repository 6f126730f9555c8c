"""CompressedData: structure checked by another reader, expansion bounded."""

from __future__ import annotations

import tracemalloc
import zlib
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from hypothesis import given
from hypothesis import strategies as st

from norms.cms import PasUnCms, TropGros, compress, decompress
from tests.pki.outils import CLAIR, Openssl

OID_COMPRESSED = "id-smime-ct-compressedData"


@given(st.binary(max_size=5000), st.integers(0, 9))
def test_round_trip(donnees: bytes, niveau: int) -> None:
    assert decompress(compress(donnees, niveau=niveau)) == donnees


def test_structure_according_to_openssl(tmp_path: Path) -> None:
    """RFC 3274: version 0, zlib (1.2.840.113549.1.9.16.3.8) without parameters, id-data, the zlib stream."""
    openssl = Openssl(tmp_path)
    texte = openssl.run("asn1parse", "-inform", "DER", "-in", openssl.file(compress(CLAIR))).decode()
    champs = [
        ligne.split(":", 3)[-1].strip() for ligne in texte.splitlines() if "OBJECT" in ligne or "INTEGER" in ligne
    ]
    assert champs == [OID_COMPRESSED, "00", "zlib compression", "pkcs7-data"]
    flux = texte.splitlines()[-1]
    assert "prim: OCTET STRING" in flux
    debut, entete = int(flux.split(":")[0]), int(flux.split("hl=")[1].split()[0])
    assert zlib.decompress(compress(CLAIR)[debut + entete :]) == CLAIR


def test_indefinite_length_as_bouncycastle_writes_it() -> None:
    """30 80 … 24 80 04 … 04 … 00 00: what a streaming Java writer emits, put together by hand."""
    flux = zlib.compress(CLAIR)
    moities = b"".join(b"\x04\x82" + len(m).to_bytes(2, "big") + m for m in (flux[:300], flux[300:]))
    oid_compressed = bytes.fromhex("060b2a864886f70d0109100109")
    oid_zlib = bytes.fromhex("060b2a864886f70d0109100308")
    oid_data = bytes.fromhex("06092a864886f70d010701")
    fin = b"\0\0"
    encapsule = b"\x30\x80" + oid_data + b"\xa0\x80\x24\x80" + moities + fin + fin + fin
    corps = b"\x30\x80\x02\x01\x00\x30\x0d" + oid_zlib + encapsule + fin
    der = b"\x30\x80" + oid_compressed + b"\xa0\x80" + corps + fin + fin
    assert decompress(der) == CLAIR


def test_bomb_stops_at_the_limit() -> None:
    bombe = compress(bytes(50_000_000))
    assert len(bombe) < 60_000
    tracemalloc.start()
    try:
        with pytest.raises(TropGros, match="1000000 octets"):
            decompress(bombe, max_octets=1_000_000)
        sommet = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sommet < 5_000_000  # bytes: what was expanded, not what the bomb holds


def test_exact_limit() -> None:
    assert decompress(compress(CLAIR), max_octets=len(CLAIR)) == CLAIR
    with pytest.raises(TropGros):
        decompress(compress(CLAIR), max_octets=len(CLAIR) - 1)


def _with_stream(flux: bytes) -> bytes:
    info = asn1_cms.ContentInfo.load(compress(CLAIR))
    info["content"]["encap_content_info"]["content"] = flux
    return bytes(info.dump(force=True))


@pytest.mark.parametrize(
    ("flux", "motif"),
    [
        (zlib.compress(CLAIR)[:-8], "incomplet"),
        (zlib.compress(CLAIR) + b"suite", "5 octets en trop"),
        (zlib.compress(CLAIR)[:-1] + b"\xff", "illisible"),
        (b"pas du zlib", "illisible"),
        (b"", "incomplet"),
    ],
)
def test_broken_streams(flux: bytes, motif: str) -> None:
    with pytest.raises(PasUnCms, match=motif):
        decompress(_with_stream(flux))
