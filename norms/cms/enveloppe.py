"""EnvelopedData: what is written for the recipients of an invoice or of a mail attachment (public: RFC 5652 §6).

Written: RSA PKCS#1 v1.5 key transport, AES-CBC or triple DES. Read: the same plus RSA-OAEP. The padding of the RSA
encryption is built here, so that the same randomness gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from asn1crypto import cms as asn1_cms
from asn1crypto.parser import emit
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding as symmetric_padding
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from norms.cms.commun import MAX_OCTETS, content_info, key_identifier, reading, to_asn1
from norms.cms.erreurs import DechiffrementImpossible, MauvaisDestinataire, PasUnCms, TropGros
from norms.cms.noms import Destinataire, readable_name
from norms.contrat.ports import Alea

QUOI = "enveloppe chiffrée"
MAX_DESTINATAIRES = 64
# What an envelope is written with: with an asn1crypto tree it would cost over three times more.
_UNIVERSEL, _CONTEXTE = 0, 2
_PRIMITIF, _CONSTRUIT = 0, 1
_OCTET_STRING, _SEQUENCE, _SET = 4, 16, 17
_VERSION_0 = asn1_cms.CMSVersion("v0").dump()
_DATA = asn1_cms.ContentType("data").dump()
_ENVELOPED_DATA = asn1_cms.ContentType("enveloped_data").dump()
_PKCS1 = asn1_cms.KeyEncryptionAlgorithm({"algorithm": "rsaes_pkcs1v15"}).dump()


class Identite(NamedTuple):
    """A private key and its certificate: what opens an envelope."""

    cle: RSAPrivateKey
    certificat: x509.Certificate


class _Algorithme(NamedTuple):
    asn1: str
    chiffre: type[AES | TripleDES]
    taille_cle: int
    taille_bloc: int


#: Content encryption algorithms, by the names openssl gives them without their dash.
ALGORITHMES = ("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc")
_ALGORITHMES = {
    "aes256-cbc": _Algorithme("aes256_cbc", AES, 32, 16),
    "aes192-cbc": _Algorithme("aes192_cbc", AES, 24, 16),
    "aes128-cbc": _Algorithme("aes128_cbc", AES, 16, 16),
    "3des-cbc": _Algorithme("tripledes_3key", TripleDES, 24, 8),
}
_PAR_ASN1 = {a.asn1: nom for nom, a in _ALGORITHMES.items()}
_HACHAGES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,  # OAEP default in RFC 4055; safe in that use
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


def build_enveloped(
    donnees: bytes, certificats: Sequence[x509.Certificate], alea: Alea, *, algorithme: str = "aes256-cbc"
) -> bytes:
    """Encrypts bytes for every certificate; gives a DER ContentInfo, the same for the same ``alea``.

    ``algorithme`` is one of ALGORITHMES. The validity of the certificates is the caller's business. Raises ValueError
    without certificate, with an unknown algorithm or a key that is not RSA.
    """
    if not certificats:
        raise ValueError("aucun certificat de destinataire ; en donner au moins un")
    if len(certificats) > MAX_DESTINATAIRES:
        raise ValueError(f"{len(certificats)} destinataires ; {MAX_DESTINATAIRES} au plus")
    if algorithme not in _ALGORITHMES:
        raise ValueError(f"algorithme « {algorithme} » inconnu ; connus : {', '.join(ALGORITHMES)}")
    choix = _ALGORITHMES[algorithme]
    cle, iv = alea.octets(choix.taille_cle), alea.octets(choix.taille_bloc)
    destinataires = [_key_transport(c, cle, alea) for c in certificats]
    remplissage = symmetric_padding.PKCS7(choix.taille_bloc * 8).padder()
    chiffreur = Cipher(choix.chiffre(cle), modes.CBC(iv)).encryptor()
    clair = remplissage.update(donnees) + remplissage.finalize()
    chiffrement = asn1_cms.EncryptionAlgorithm({"algorithm": choix.asn1, "parameters": iv}).dump()
    chiffre = emit(_CONTEXTE, _PRIMITIF, 0, chiffreur.update(clair) + chiffreur.finalize())
    corps = _sequence(
        _VERSION_0,
        emit(_UNIVERSEL, _CONSTRUIT, _SET, b"".join(sorted(destinataires))),  # a SET OF in DER is sorted
        _sequence(_DATA, chiffrement, chiffre),
    )
    return _sequence(_ENVELOPED_DATA, emit(_CONTEXTE, _CONSTRUIT, 0, corps))


def _key_transport(certificat: x509.Certificate, cle: bytes, alea: Alea) -> bytes:
    publique, identifiant = _recipient(certificat)
    transport = emit(_UNIVERSEL, _PRIMITIF, _OCTET_STRING, encrypt_pkcs1(publique, cle, alea))
    return _sequence(_VERSION_0, identifiant, _PKCS1, transport)


@lru_cache(maxsize=256)
def _recipient(certificat: x509.Certificate) -> tuple[RSAPublicKey, bytes]:
    """The key of a recipient, and how it is designated (DER). Raises ValueError when the key is not RSA."""
    publique = certificat.public_key()
    if not isinstance(publique, RSAPublicKey):
        raise ValueError(f"certificat {certificat.subject.rfc4514_string()} : la clé n'est pas RSA")
    vue = to_asn1(certificat)
    designe = {"issuer": vue.issuer, "serial_number": vue.serial_number}
    return publique, bytes(asn1_cms.IssuerAndSerialNumber(designe).dump())


def _sequence(*parties: bytes) -> bytes:
    return bytes(emit(_UNIVERSEL, _CONSTRUIT, _SEQUENCE, b"".join(parties)))


def encrypt_pkcs1(cle: RSAPublicKey, message: bytes, alea: Alea) -> bytes:
    """RSAES-PKCS1-v1_5 with a padding drawn from ``alea`` (public: RFC 8017 §7.2.1)."""
    nombres = cle.public_numbers()
    taille = (cle.key_size + 7) // 8
    voulus = taille - 3 - len(message)
    if voulus < 8:
        raise ValueError(f"message de {len(message)} octets trop long pour une clé RSA de {cle.key_size} bits")
    remplissage = b""
    while len(remplissage) < voulus:
        remplissage += alea.octets(voulus - len(remplissage)).replace(b"\0", b"")
    bloc = b"\0\2" + remplissage + b"\0" + message
    return pow(int.from_bytes(bloc, "big"), nombres.e, nombres.n).to_bytes(taille, "big")


def recipients(der: bytes, *, max_octets: int = MAX_OCTETS) -> tuple[Destinataire, ...]:
    """Who an envelope is addressed to, in the order of the message. Raises PasUnCms, TropGros."""
    corps = content_info(der, "enveloped_data", max_octets)
    with reading(QUOI):
        return tuple(_reference(info) for info in _recipient_infos(corps))


def content_algorithm(der: bytes, *, max_octets: int = MAX_OCTETS) -> str:
    """How the content is encrypted: one of ALGORITHMES, or the ASN.1 name of another. Raises PasUnCms, TropGros."""
    corps = content_info(der, "enveloped_data", max_octets)
    with reading(QUOI):
        nom = str(corps["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"].native)
        return _PAR_ASN1.get(nom, nom)


def open_enveloped(
    der: bytes, cle: RSAPrivateKey, certificat: x509.Certificate, *, max_octets: int = MAX_OCTETS
) -> bytes:
    """Opens an envelope (DER or BER) with a key and its certificate; gives the clear bytes, at most ``max_octets``.

    Raises PasUnCms, MauvaisDestinataire, DechiffrementImpossible, TropGros.
    """
    return open_with(der, (Identite(cle, certificat),), max_octets=max_octets)[0]


def open_with(
    der: bytes, identites: Iterable[tuple[RSAPrivateKey, x509.Certificate]], *, max_octets: int = MAX_OCTETS
) -> tuple[bytes, x509.Certificate]:
    """Opens an envelope with the first of our identities it is addressed to; gives the bytes and that certificate.

    Raises as open_enveloped does.
    """
    corps = content_info(der, "enveloped_data", max_octets)
    candidats = tuple(Identite(*i) for i in identites)
    with reading(QUOI):
        infos = _recipient_infos(corps)
        choisis = (
            (i, _transported(corps, info.chosen))
            for i in candidats
            for info in infos
            if info.name == "ktri" and designates(info.chosen["rid"], i.certificat)
        )
        identite, transport = next(choisis, (None, None))
        adresses = " ; ".join(str(_reference(i)) for i in infos) or "personne"
    if identite is None or transport is None:
        certificats = (i.certificat for i in candidats)
        nous = " ; ".join(f"série {c.serial_number:X} émis par « {c.issuer.rfc4514_string()} »" for c in certificats)
        raise MauvaisDestinataire(
            f"{QUOI} pour un autre destinataire : adressée à {adresses} ; attendu {nous or 'un certificat'} ; "
            "chiffrer avec le certificat du destinataire du message"
        )
    return _decrypt(transport, identite.cle, max_octets), identite.certificat


def _recipient_infos(corps: Any) -> list[Any]:
    infos = corps["recipient_infos"]
    if len(infos) > MAX_DESTINATAIRES:
        raise TropGros(f"{QUOI} : {len(infos)} destinataires ; {MAX_DESTINATAIRES} au plus")
    return list(infos)


def _reference(info: Any) -> Destinataire:
    if info.name != "ktri":
        return Destinataire()
    return reference(info.chosen["rid"])


def reference(rid: Any) -> Destinataire:
    """The readable form of a recipient or signer identifier."""
    if rid.name == "issuer_and_serial_number":
        return Destinataire(readable_name(rid.chosen["issuer"]), int(rid.chosen["serial_number"].native))
    return Destinataire(identifiant_cle=bytes(rid.chosen.native).hex().upper())


def designates(rid: Any, certificat: x509.Certificate) -> bool:
    """Whether a recipient or signer identifier names this certificate."""
    if rid.name == "issuer_and_serial_number":
        if int(rid.chosen["serial_number"].native) != certificat.serial_number:
            return False
        return bytes(rid.chosen["issuer"].dump()) == certificat.issuer.public_bytes() or bool(
            rid.chosen["issuer"] == to_asn1(certificat).issuer
        )
    return bytes(rid.chosen.native) == key_identifier(certificat)


class _Transport(NamedTuple):
    """What an envelope says to one recipient, out of ASN.1."""

    algorithme: _Algorithme
    iv: bytes
    contenu: bytes
    cle_chiffree: bytes
    remplissage: padding.AsymmetricPadding


def _transported(corps: Any, ktri: Any) -> _Transport:
    contenu = corps["encrypted_content_info"]
    nom = contenu["content_encryption_algorithm"]["algorithm"].native
    if nom not in _PAR_ASN1:
        raise DechiffrementImpossible(
            f"{QUOI} : algorithme de contenu {nom} non admis ; admis : {', '.join(ALGORITHMES)}"
        )
    choix = _ALGORITHMES[_PAR_ASN1[nom]]
    iv = contenu["content_encryption_algorithm"]["parameters"].native
    if not isinstance(iv, bytes) or len(iv) != choix.taille_bloc:
        raise PasUnCms(f"{QUOI} : vecteur d'initialisation absent ou de mauvaise taille ({choix.taille_bloc} octets)")
    chiffre = contenu["encrypted_content"].native
    if not isinstance(chiffre, bytes):
        raise PasUnCms(f"{QUOI} : contenu chiffré absent")
    remplissage = _key_padding(ktri["key_encryption_algorithm"])
    return _Transport(choix, iv, chiffre, bytes(ktri["encrypted_key"].native), remplissage)


def _decrypt(transport: _Transport, cle: RSAPrivateKey, max_octets: int) -> bytes:
    choix = transport.algorithme
    if len(transport.contenu) > max_octets + choix.taille_bloc:
        raise TropGros(f"{QUOI} : contenu de {len(transport.contenu)} octets ; {max_octets} au plus sont acceptés")
    cle_contenu = b""
    with suppress(ValueError, UnsupportedAlgorithm):
        cle_contenu = cle.decrypt(transport.cle_chiffree, transport.remplissage)
    if len(cle_contenu) != choix.taille_cle:
        raise DechiffrementImpossible(
            f"{QUOI} : clé de contenu illisible (clé privée qui ne correspond pas au certificat, ou message altéré)"
        )
    try:
        dechiffreur = Cipher(choix.chiffre(cle_contenu), modes.CBC(transport.iv)).decryptor()
        retrait = symmetric_padding.PKCS7(choix.taille_bloc * 8).unpadder()
        clair = retrait.update(dechiffreur.update(transport.contenu) + dechiffreur.finalize()) + retrait.finalize()
    except ValueError as exc:
        raise DechiffrementImpossible(f"{QUOI} : contenu chiffré altéré ou tronqué ({exc})") from exc
    if len(clair) > max_octets:
        raise TropGros(f"{QUOI} : contenu de {len(clair)} octets ; {max_octets} au plus sont acceptés")
    return clair


def _key_padding(algorithme: Any) -> padding.AsymmetricPadding:
    nom = algorithme["algorithm"].native
    if nom == "rsaes_pkcs1v15":
        return padding.PKCS1v15()
    if nom != "rsaes_oaep":
        raise DechiffrementImpossible(
            f"{QUOI} : chiffrement de clé {nom} non admis ; admis : RSA PKCS#1 v1.5, RSA-OAEP"
        )
    parametres = algorithme["parameters"]
    masque = parametres["mask_gen_algorithm"]
    etiquette = parametres["p_source_algorithm"]["parameters"].native
    return padding.OAEP(
        mgf=padding.MGF1(_hash(masque["parameters"]["algorithm"].native)),
        algorithm=_hash(parametres["hash_algorithm"]["algorithm"].native),
        label=etiquette if isinstance(etiquette, bytes) and etiquette else None,
    )


def _hash(nom: str) -> hashes.HashAlgorithm:
    if nom not in _HACHAGES:
        raise DechiffrementImpossible(f"{QUOI} : RSA-OAEP avec {nom}, non admis ; admis : {', '.join(_HACHAGES)}")
    return _HACHAGES[nom]()
