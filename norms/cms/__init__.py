"""Cryptographic messages: envelopes, signatures, compression (public: RFC 5652, RFC 3370, RFC 3560, RFC 3274).

What we write is DER, and deterministic when the randomness given is. What we read may be BER, indefinite lengths
included. Whatever the bytes, readers raise only subclasses of ErreurCms.
"""

from norms.cms.commun import MAX_OCTETS, kind
from norms.cms.compression import compress, decompress
from norms.cms.enveloppe import (
    ALGORITHMES,
    Identite,
    build_enveloped,
    content_algorithm,
    open_enveloped,
    open_with,
    recipients,
)
from norms.cms.erreurs import (
    DechiffrementImpossible,
    ErreurCms,
    MauvaisDestinataire,
    PasUnCms,
    SignatureInvalide,
    TropGros,
)
from norms.cms.noms import Destinataire
from norms.cms.signature import ResultatSignature, Signataire, sign, sign_detached, verify

__all__ = [
    "ALGORITHMES",
    "MAX_OCTETS",
    "DechiffrementImpossible",
    "Destinataire",
    "ErreurCms",
    "Identite",
    "MauvaisDestinataire",
    "PasUnCms",
    "ResultatSignature",
    "Signataire",
    "SignatureInvalide",
    "TropGros",
    "build_enveloped",
    "compress",
    "content_algorithm",
    "decompress",
    "kind",
    "open_enveloped",
    "open_with",
    "recipients",
    "sign",
    "sign_detached",
    "verify",
]
