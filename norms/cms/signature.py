"""SignedData: signatures with or without their content (public: RFC 5652 §5). RSA only, deterministic when v1.5."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import core as asn1_core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from norms.certificats import ErreurCertificat, load_der
from norms.cms.commun import MAX_OCTETS, content_info, reading, to_asn1
from norms.cms.enveloppe import designates, reference
from norms.cms.erreurs import PasUnCms, SignatureInvalide, TropGros

QUOI = "message signé"
MAX_SIGNATAIRES = 16
MAX_CERTIFICATS = 64
_HACHAGES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,  # read only: old vendors still emit it, the caller sees it in Signataire.algorithme
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class Signataire:
    """One verified signature: whose, with which digest, and the instant the signer claims (None when absent)."""

    certificat: x509.Certificate
    algorithme: str
    instant: datetime | None


@dataclass(frozen=True, slots=True)
class ResultatSignature:
    """What a signed message holds once every signature has been verified. Chains are not checked here."""

    donnees: bytes
    signataires: tuple[Signataire, ...]
    certificats: tuple[x509.Certificate, ...]


def sign(
    donnees: bytes,
    certificat: x509.Certificate,
    cle: RSAPrivateKey,
    *,
    instant: datetime | None = None,
    autres: Sequence[x509.Certificate] = (),
    detache: bool = False,
) -> bytes:
    """Signs bytes (SHA-256, RSA PKCS#1 v1.5); gives a DER ContentInfo, the same for the same arguments.

    ``instant`` (aware) becomes the signing time, left out when None. ``autres`` are certificates added for the reader.
    """
    attributs = [
        {"type": "content_type", "values": ["data"]},
        {"type": "message_digest", "values": [hashlib.sha256(donnees).digest()]},
    ]
    if instant is not None:
        if instant.tzinfo is None:
            raise ValueError("instant de signature sans fuseau horaire")
        heure = asn1_cms.Time("utc_time", instant.astimezone(UTC).replace(microsecond=0))
        attributs.append({"type": "signing_time", "values": [heure]})
    signes = asn1_cms.CMSAttributes([asn1_cms.CMSAttribute(a) for a in attributs])
    vue = to_asn1(certificat)
    signataire = asn1_cms.SignerInfo(
        {
            "version": "v1",
            "sid": asn1_cms.SignerIdentifier(
                "issuer_and_serial_number", {"issuer": vue.issuer, "serial_number": vue.serial_number}
            ),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": signes,
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
            "signature": cle.sign(bytes(signes.dump()), padding.PKCS1v15(), hashes.SHA256()),
        }
    )
    corps = asn1_cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "data"} if detache else {"content_type": "data", "content": donnees},
            "certificates": [vue, *(to_asn1(c) for c in autres)],
            "signer_infos": [signataire],
        }
    )
    return bytes(asn1_cms.ContentInfo({"content_type": "signed_data", "content": corps}).dump())


def sign_detached(
    donnees: bytes,
    certificat: x509.Certificate,
    cle: RSAPrivateKey,
    *,
    instant: datetime | None = None,
    autres: Sequence[x509.Certificate] = (),
) -> bytes:
    """Signs bytes without including them: sign(..., detache=True)."""
    return sign(donnees, certificat, cle, instant=instant, autres=autres, detache=True)


def verify(
    der: bytes,
    *,
    donnees: bytes | None = None,
    certificats: Sequence[x509.Certificate] = (),
    max_octets: int = MAX_OCTETS,
) -> ResultatSignature:
    """Verifies every signature of a SignedData (DER or BER).

    ``donnees`` is the signed content when the message doesn't hold it. ``certificats`` are those known beside those of
    the message. Raises PasUnCms, TropGros, SignatureInvalide. Whether the signer is trusted is another question.
    """
    corps = content_info(der, "signed_data", max_octets)
    with reading(QUOI):
        contenu = _content(corps, donnees, max_octets)
        connus = (*certificats, *_certificates(corps))
        type_contenu = corps["encap_content_info"]["content_type"].dotted
        infos = list(corps["signer_infos"])
        if not infos:
            raise SignatureInvalide(f"{QUOI} : aucune signature")
        if len(infos) > MAX_SIGNATAIRES:
            raise TropGros(f"{QUOI} : {len(infos)} signatures ; {MAX_SIGNATAIRES} au plus")
        signataires = tuple(_verify_one(i, contenu, type_contenu, connus) for i in infos)
    return ResultatSignature(contenu, signataires, connus[len(certificats) :])


def _content(corps: Any, donnees: bytes | None, max_octets: int) -> bytes:
    inclus = corps["encap_content_info"]["content"]
    if isinstance(inclus, asn1_core.Void):
        if donnees is None:
            raise SignatureInvalide(f"{QUOI} : signature détachée ; le contenu signé est nécessaire pour la vérifier")
        octets = donnees
    elif isinstance(inclus, asn1_core.OctetString | asn1_core.ParsableOctetString):
        octets = bytes(inclus)
        if donnees is not None and donnees != octets:
            raise SignatureInvalide(f"{QUOI} : le contenu inclus n'est pas celui attendu")
    else:
        type_ = corps["encap_content_info"]["content_type"].dotted
        raise PasUnCms(f"{QUOI} : contenu de type {type_} ; attendu des données brutes (1.2.840.113549.1.7.1)")
    if len(octets) > max_octets:
        raise TropGros(f"{QUOI} : contenu de {len(octets)} octets ; {max_octets} au plus sont acceptés")
    return octets


def _certificates(corps: Any) -> tuple[x509.Certificate, ...]:
    ensemble = corps["certificates"]
    if ensemble.native is None:
        return ()
    if len(ensemble) > MAX_CERTIFICATS:
        raise TropGros(f"{QUOI} : {len(ensemble)} certificats ; {MAX_CERTIFICATS} au plus")
    try:
        return tuple(load_der(c.chosen.dump()) for c in ensemble if c.name == "certificate")
    except ErreurCertificat as exc:
        raise PasUnCms(f"{QUOI} : {exc}") from exc


def _verify_one(info: Any, contenu: bytes, type_contenu: str, connus: Sequence[x509.Certificate]) -> Signataire:
    certificat = next((c for c in connus if designates(info["sid"], c)), None)
    if certificat is None:
        raise SignatureInvalide(
            f"{QUOI} : certificat du signataire absent ({reference(info['sid'])}) ; l'inclure dans le message"
        )
    nom = info["digest_algorithm"]["algorithm"].native
    if nom not in _HACHAGES:
        raise SignatureInvalide(f"{QUOI} : empreinte {nom} non admise ; admises : {', '.join(_HACHAGES)}")
    empreinte = hashlib.new(nom, contenu, usedforsecurity=False).digest()
    instant = None
    if info["signed_attrs"].native is not None:
        instant = _check_attributes(info["signed_attrs"], empreinte, type_contenu)
        empreinte = hashlib.new(nom, _attributes_der(info["signed_attrs"]), usedforsecurity=False).digest()
    _check_signature(info, certificat, empreinte, nom)
    return Signataire(certificat, nom, instant)


def _check_attributes(attributs: Any, empreinte: bytes, type_contenu: str) -> datetime | None:
    valeurs: dict[str, Any] = {}
    for attribut in attributs:
        nom = attribut["type"].native
        if nom in valeurs or len(attribut["values"]) != 1:
            if nom in ("content_type", "message_digest", "signing_time"):
                raise SignatureInvalide(f"{QUOI} : attribut signé {nom} répété")
            continue
        valeurs[nom] = attribut["values"][0]
    if "message_digest" not in valeurs or "content_type" not in valeurs:
        raise SignatureInvalide(f"{QUOI} : attributs signés obligatoires absents (type de contenu, empreinte)")
    if not hmac.compare_digest(bytes(valeurs["message_digest"].native), empreinte):
        raise SignatureInvalide(f"{QUOI} : le contenu a été modifié après la signature (empreintes différentes)")
    if valeurs["content_type"].dotted != type_contenu:
        raise SignatureInvalide(f"{QUOI} : le type de contenu signé n'est pas celui du message")
    if "signing_time" not in valeurs:
        return None
    instant = valeurs["signing_time"].native
    return instant if isinstance(instant, datetime) else None


def _attributes_der(attributs: Any) -> bytes:
    """The SET OF that was signed: the [0] tag of the message is replaced (RFC 5652 §5.4)."""
    tels_quels = bytes(attributs.dump())
    if len(tels_quels) > 1 and tels_quels[1] != 0x80:
        return b"\x31" + tels_quels[1:]
    return bytes(attributs.untag().dump(force=True))


def _check_signature(info: Any, certificat: x509.Certificate, empreinte: bytes, nom: str) -> None:
    try:
        publique = certificat.public_key()
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise SignatureInvalide(f"{QUOI} : clé du signataire illisible ({exc})") from exc
    if not isinstance(publique, RSAPublicKey):
        raise SignatureInvalide(f"{QUOI} : la clé du signataire n'est pas RSA")
    remplissage = _signature_padding(info["signature_algorithm"], nom)
    try:
        publique.verify(bytes(info["signature"].native), empreinte, remplissage, Prehashed(_HACHAGES[nom]()))
    except InvalidSignature as exc:
        raise SignatureInvalide(
            f"{QUOI} : la signature ne correspond pas (signataire {certificat.subject.rfc4514_string()}) ; "
            "message altéré, ou signé avec une autre clé"
        ) from exc


def _signature_padding(algorithme: Any, nom: str) -> padding.AsymmetricPadding:
    type_ = algorithme.signature_algo
    if type_ == "rsassa_pkcs1v15":
        return padding.PKCS1v15()
    if type_ != "rsassa_pss":
        raise SignatureInvalide(f"{QUOI} : algorithme de signature {type_} non admis ; admis : RSA v1.5 et PSS")
    parametres = algorithme["parameters"]
    masque = parametres["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if parametres["hash_algorithm"]["algorithm"].native != nom or masque not in _HACHAGES:
        raise SignatureInvalide(f"{QUOI} : paramètres RSA-PSS incohérents avec l'empreinte {nom}")
    return padding.PSS(mgf=padding.MGF1(_HACHAGES[masque]()), salt_length=int(parametres["salt_length"].native))
