"""CompressedData, the "/Z" of Content-Description (public: RFC 3274), with a bounded expansion."""

from __future__ import annotations

import zlib

from asn1crypto import cms as asn1_cms

from norms.cms.commun import MAX_OCTETS, content_info, reading
from norms.cms.erreurs import PasUnCms, TropGros

QUOI = "données compressées"


def compress(donnees: bytes, *, niveau: int = 9) -> bytes:
    """Wraps bytes in a DER CompressedData (zlib). ``niveau`` is the zlib level, 0 to 9."""
    corps = asn1_cms.CompressedData(
        {
            "version": "v0",
            "compression_algorithm": {"algorithm": "zlib"},
            "encap_content_info": {"content_type": "data", "content": zlib.compress(donnees, niveau)},
        }
    )
    return bytes(asn1_cms.ContentInfo({"content_type": "compressed_data", "content": corps}).dump())


def decompress(der: bytes, *, max_octets: int = MAX_OCTETS) -> bytes:
    """Expands a CompressedData (DER or BER). Stops at ``max_octets``, whatever the compression ratio.

    Raises PasUnCms (not CompressedData, unknown algorithm, broken zlib stream), TropGros.
    """
    corps = content_info(der, "compressed_data", max_octets)
    with reading(QUOI):
        algorithme = corps["compression_algorithm"]["algorithm"].native
        if algorithme != "zlib":
            raise PasUnCms(f"{QUOI} : algorithme {algorithme} ; seul zlib est admis (RFC 3274)")
        contenu = corps["encap_content_info"]["content"].native
    if not isinstance(contenu, bytes):
        raise PasUnCms(f"{QUOI} : contenu absent")
    flux = zlib.decompressobj()
    try:
        clair = flux.decompress(contenu, max_octets + 1)
    except zlib.error as exc:
        raise PasUnCms(f"{QUOI} : flux zlib illisible ({exc}) ; message altéré") from exc
    if len(clair) > max_octets:
        raise TropGros(f"{QUOI} : plus de {max_octets} octets une fois développées")
    if not flux.eof:
        raise PasUnCms(f"{QUOI} : flux zlib incomplet ; message tronqué")
    if flux.unused_data:
        raise PasUnCms(f"{QUOI} : {len(flux.unused_data)} octets en trop après le flux zlib")
    return clair
