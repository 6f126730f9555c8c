"""The PKCS#15 directory of a CPS: what lets OpenSC and others find its code, keys, certificates and data.

Structures follow ISO/IEC 7816-15 (public); identifiers of files are those of the card profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.cards import ber
from simulator.cards.profils import Cle, Profil

IDENTIFIANT_CODE = b"\x01"
_SIGNATURE, _CONDENSAT = 1, 6  # supportedOperations bits
_PRIVE, _MODIFIABLE = 0, 1  # CommonObjectFlags bits

# (PKCS#11 mechanism, operation bit, IAS-ECC algorithm reference)
_ALGORITHMES = (
    (0x220, _CONDENSAT, 0x10),  # SHA-1
    (0x250, _CONDENSAT, 0x40),  # SHA-256
    (0x001, _SIGNATURE, 0x02),  # RSA PKCS#1 of a DigestInfo
    (0x006, _SIGNATURE, 0x12),  # RSA PKCS#1 with SHA-1
    (0x040, _SIGNATURE, 0x42),  # RSA PKCS#1 with SHA-256
)
_USAGES = {"signature": 9, "authentification": 2}  # nonRepudiation, sign


@dataclass(frozen=True, slots=True)
class ObjetDonnees:
    """A data object to list in the DODF."""

    nom: str
    fid: int
    prive: bool = False
    modifiable: bool = False


def _sequence(*contenu: bytes) -> bytes:
    return ber.encode(0x30, *contenu)


def _utf8(texte: str) -> bytes:
    return ber.encode(0x0C, texte.encode())


def _integer(valeur: int) -> bytes:
    return ber.encode(0x02, valeur.to_bytes(valeur.bit_length() // 8 + 1, "big"))


def _bits(*positions: int) -> bytes:
    """A BIT STRING whose bits at these positions are set, without trailing zero bits."""
    if not positions:
        return ber.encode(0x03, b"\0")
    taille = max(positions) // 8 + 1
    valeur = sum(1 << (8 * taille - 1 - p) for p in positions)
    return ber.encode(0x03, bytes((8 * taille - 1 - max(positions),)) + valeur.to_bytes(taille, "big"))


def _path(modele: Profil, fid: int | None = None) -> bytes:
    fids = [0x3F00, modele.dossier("CPS").fid] + ([] if fid is None else [fid])
    return _sequence(ber.encode(0x04, b"".join(f.to_bytes(2, "big") for f in fids)))


def odf(modele: Profil) -> bytes:
    """EF.ODF: where the directories of keys, certificates, data and codes are."""
    parties = ((0xA0, "prkdf"), (0xA4, "cdf"), (0xA7, "dodf"), (0xA8, "aodf"))
    return b"".join(ber.encode(tag, _path(modele, modele.fichier(role).fid)) for tag, role in parties)


def token_info(numero: bytes, libelle: str) -> bytes:
    """EF.TokenInfo: serial number, label and algorithms."""
    algorithmes = b"".join(
        _sequence(_integer(i), _integer(mecanisme), ber.encode(0x05), _bits(operation), _integer(reference))
        for i, (mecanisme, operation, reference) in enumerate(_ALGORITHMES, start=1)
    )
    return _sequence(
        _integer(0),
        ber.encode(0x04, numero),
        _utf8("SIMULATION SANS VALEUR"),
        ber.encode(0x80, libelle.encode()),
        _bits(1, 2),  # login required, random numbers
        ber.encode(0xA2, algorithmes),
    )


def aodf(modele: Profil) -> bytes:
    """EF.AODF: the holder's code, four digits, three tries."""
    attributs = _sequence(
        _bits(0, 4),  # case sensitive, initialised
        ber.encode(0x0A, b"\x01"),  # ASCII digits
        _integer(4),
        _integer(4),
        _integer(4),
        ber.encode(0x80, b"\x01"),
        ber.encode(0x04, b"\xff"),
        _sequence(ber.encode(0x04, b"\x3f\x00")),
    )
    return _sequence(
        _sequence(_utf8("Code porteur"), _bits(_PRIVE, _MODIFIABLE)),
        _sequence(ber.encode(0x04, IDENTIFIANT_CODE)),
        ber.encode(0xA1, attributs),
    )


def prkdf(modele: Profil, tailles: Mapping[str, int]) -> bytes:
    """EF.PrKDF: the private keys; ``tailles`` gives the modulus size in bits by key name."""
    return b"".join(_private_key(modele, cle, tailles[cle.nom]) for cle in modele.cles if cle.nom in tailles)


def _private_key(modele: Profil, cle: Cle, bits: int) -> bytes:
    libelle = "CPS_PRIV_SIG" if cle.nom == "signature" else "CPS_PRIV_AUT"
    return _sequence(
        _sequence(_utf8(libelle), _bits(_PRIVE), ber.encode(0x04, IDENTIFIANT_CODE)),
        _sequence(
            ber.encode(0x04, cle.identifiant),
            _bits(_USAGES[cle.usage]),
            ber.encode(0x01, b"\xff"),
            _bits(0, 2, 3, 4),  # sensitive, always sensitive, never extractable, local
            _integer(cle.reference),
        ),
        ber.encode(0xA1, _sequence(_path(modele), _integer(bits))),
    )


def cdf(modele: Profil, presents: set[str]) -> bytes:
    """EF.CDF: the certificates whose file role is in ``presents``."""
    return b"".join(
        _sequence(
            _sequence(_utf8(modele.fichier(cle.certificat).intitule)),
            _sequence(ber.encode(0x04, cle.identifiant)),
            ber.encode(0xA1, _sequence(_path(modele, modele.fichier(cle.certificat).fid))),
        )
        for cle in modele.cles
        if cle.certificat in presents
    )


def dodf(modele: Profil, objets: list[ObjetDonnees]) -> bytes:
    """EF.DODF: the data objects."""
    return b"".join(
        _sequence(
            _sequence(
                _utf8(objet.nom),
                _bits(*([_PRIVE] if objet.prive else []), *([_MODIFIABLE] if objet.modifiable else [])),
                ber.encode(0x04, IDENTIFIANT_CODE) if objet.prive else b"",
            ),
            _sequence(_utf8("CPS")),
            ber.encode(0xA1, _path(modele, objet.fid)),
        )
        for objet in objets
    )
