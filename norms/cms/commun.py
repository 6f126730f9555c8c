"""Reading a ContentInfo safely: size, depth and structure are checked before asn1crypto interprets anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import core as asn1_core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from norms.cms.erreurs import ErreurCms, PasUnCms, TropGros

#: Largest message, and largest content, accepted unless the caller says otherwise (bytes).
MAX_OCTETS = 32 * 1024 * 1024
#: Certificates, recipients and structure added to the content by an honest sender (bytes).
MARGE = 1024 * 1024
MAX_PROFONDEUR = 40
MAX_ELEMENTS = 200_000
_INDEFINIE = -1

# What asn1crypto lets out on malformed input, beside ValueError.
_DEFAUTS_LECTURE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)

NATURES = {
    "data": "des données brutes",
    "signed_data": "un message signé",
    "enveloped_data": "une enveloppe chiffrée",
    "compressed_data": "des données compressées",
    "encrypted_data": "des données chiffrées sans destinataire",
    "digested_data": "des données avec empreinte",
    "authenticated_data": "des données authentifiées",
    "authenticated_enveloped_data": "une enveloppe authentifiée (AES-GCM)",
    "signed_and_enveloped_data": "un message signé et chiffré à l'ancienne",
}


@contextmanager
def reading(quoi: str) -> Iterator[None]:
    """Turns whatever the ASN.1 layer raises on malformed bytes into PasUnCms."""
    try:
        yield
    except ErreurCms:
        raise
    except _DEFAUTS_LECTURE as exc:
        raise PasUnCms(f"{quoi} : structure ASN.1 invalide ({_short(exc)}) ; vérifier l'encodage du message") from exc


def _short(exc: BaseException) -> str:
    texte = " ".join(str(exc).split()) or type(exc).__name__
    return texte[:160]


def content_info(der: bytes, attendu: str, max_octets: int) -> Any:
    """The content of a ContentInfo of type ``attendu`` (asn1crypto name), or PasUnCms / TropGros."""
    quoi = NATURES[attendu]
    if len(der) > max_octets + MARGE:
        raise TropGros(f"message de {len(der)} octets ; {max_octets + MARGE} au plus sont acceptés")
    info = _load(der, quoi)
    with reading(quoi):
        trouve = info["content_type"].native
        if trouve != attendu:
            raise PasUnCms(f"attendu {quoi} ; constaté {NATURES.get(trouve, f'le type {trouve}')}")
        contenu = info["content"]
        if not isinstance(contenu, asn1_core.Sequence):
            raise PasUnCms(f"{quoi} : contenu absent")
        return contenu


def kind(der: bytes) -> str:
    """What a ContentInfo holds: "enveloped_data", "signed_data", "compressed_data"… Raises PasUnCms, TropGros."""
    if len(der) > MAX_OCTETS + MARGE:
        raise TropGros(f"message de {len(der)} octets ; {MAX_OCTETS + MARGE} au plus sont acceptés")
    with reading("message cryptographique"):
        return str(_load(der, "un message cryptographique")["content_type"].native)


def _load(der: bytes, quoi: str) -> Any:
    if not der:
        raise PasUnCms(f"attendu {quoi} ; constaté un contenu vide")
    if der[0] != 0x30:
        debut = "".join(chr(o) if 0x20 <= o <= 0x7E else "." for o in der[:24])
        raise PasUnCms(f"attendu {quoi}, en binaire DER ou BER ; constaté des octets « {debut} »")
    check_ber(der)
    with reading(quoi):
        return asn1_cms.ContentInfo.load(der, strict=True)


def check_ber(der: bytes) -> None:
    """Walks the tags and lengths of a BER encoding without recursion: bounded depth, nothing missing, nothing after.

    Raises PasUnCms naming the offset, TropGros when there are too many elements.
    """
    fins: list[int] = []  # ends of the open constructed elements, _INDEFINIE for those closed by 00 00
    pos, total, elements = 0, len(der), 0
    while True:
        while fins and fins[-1] == pos:
            fins.pop()
        if not fins and elements:
            break
        elements += 1
        if elements > MAX_ELEMENTS:
            raise TropGros(f"plus de {MAX_ELEMENTS} éléments ASN.1 dans le message")
        limite = next((f for f in reversed(fins) if f != _INDEFINIE), total)
        debut = pos
        construit, longueur, pos = _header(der, pos, limite)
        if fins and fins[-1] == _INDEFINIE and der[debut:pos] == b"\0\0":
            fins.pop()
        elif longueur == _INDEFINIE or construit:
            if longueur == _INDEFINIE and not construit:
                raise _broken(debut, "longueur indéfinie sur un élément simple")
            if len(fins) >= MAX_PROFONDEUR:
                raise _broken(debut, f"plus de {MAX_PROFONDEUR} niveaux d'imbrication")
            fins.append(_INDEFINIE if longueur == _INDEFINIE else pos + longueur)
        else:
            pos += longueur
    if pos != total:
        raise PasUnCms(f"octet {pos} : {total - pos} octets en trop après le message")


def _header(der: bytes, pos: int, limite: int) -> tuple[bool, int, int]:
    debut = pos
    if pos + 2 > limite:
        raise _broken(debut, "élément tronqué")
    construit = bool(der[pos] & 0x20)
    grand_tag = der[pos] & 0x1F == 0x1F
    pos += 1
    while grand_tag:
        if pos + 1 >= limite or pos - debut > 4:
            raise _broken(debut, "étiquette illisible")
        grand_tag = bool(der[pos] & 0x80)
        pos += 1
    premier = der[pos]
    pos += 1
    if premier == 0x80:
        return construit, _INDEFINIE, pos
    longueur = premier
    if premier & 0x80:
        n = premier & 0x7F
        if n > 8 or pos + n > limite:
            raise _broken(debut, "longueur illisible")
        longueur = int.from_bytes(der[pos : pos + n], "big")
        pos += n
    if pos + longueur > limite:
        raise _broken(debut, f"longueur {longueur} annoncée, {limite - pos} octets présents")
    return construit, longueur, pos


def _broken(pos: int, motif: str) -> PasUnCms:
    return PasUnCms(f"octet {pos} : {motif} ; message tronqué ou altéré, ou contenu qui n'est pas du BER")


def to_asn1(certificat: x509.Certificate) -> Any:
    """The asn1crypto view of a certificate."""
    return asn1_x509.Certificate.load(certificat.public_bytes(Encoding.DER))


def key_identifier(certificat: x509.Certificate) -> bytes | None:
    """The subjectKeyIdentifier of a certificate, None without."""
    try:
        return certificat.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None
