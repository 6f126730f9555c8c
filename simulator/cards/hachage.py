"""SHA-1 and SHA-256 that can be resumed from an intermediate state.

An IAS-ECC card finishes itself the hash it signs: the host sends the chaining value, the number of bits
already hashed and the last block. Library hashes don't take a state back (public: FIPS 180-4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isqrt

_M = 0xFFFFFFFF


def _primes(n: int) -> list[int]:
    premiers: list[int] = []
    candidat = 2
    while len(premiers) < n:
        if all(candidat % p for p in premiers):
            premiers.append(candidat)
        candidat += 1
    return premiers


def _cube_root_fraction(n: int) -> int:
    """First 32 bits of the fractional part of the cube root of ``n``."""
    cible, bas, haut = n << 96, 0, 1 << 36
    while bas < haut:
        milieu = (bas + haut + 1) // 2
        bas, haut = (milieu, haut) if milieu**3 <= cible else (bas, milieu - 1)
    return bas & _M


_K256 = [_cube_root_fraction(p) for p in _primes(64)]
_H256 = [isqrt(p << 64) & _M for p in _primes(8)]
_H1 = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]


def _ror(x: int, n: int) -> int:
    return (x >> n | x << (32 - n)) & _M


def _rol(x: int, n: int) -> int:
    return (x << n | x >> (32 - n)) & _M


def _compress_sha256(etat: Sequence[int], bloc: bytes) -> list[int]:
    w = [int.from_bytes(bloc[i : i + 4], "big") for i in range(0, 64, 4)]
    for i in range(16, 64):
        s0 = _ror(w[i - 15], 7) ^ _ror(w[i - 15], 18) ^ w[i - 15] >> 3
        s1 = _ror(w[i - 2], 17) ^ _ror(w[i - 2], 19) ^ w[i - 2] >> 10
        w.append((w[i - 16] + s0 + w[i - 7] + s1) & _M)
    a, b, c, d, e, f, g, h = etat
    for k, mot in zip(_K256, w, strict=True):
        t1 = h + (_ror(e, 6) ^ _ror(e, 11) ^ _ror(e, 25)) + ((e & f) ^ (~e & g)) + k + mot
        t2 = (_ror(a, 2) ^ _ror(a, 13) ^ _ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (t1 + t2) & _M, a, b, c, (d + t1) & _M, e, f, g
    return [(x + y) & _M for x, y in zip(etat, (a, b, c, d, e, f, g, h), strict=True)]


def _sha1_round(i: int, b: int, c: int, d: int) -> tuple[int, int]:
    if i < 20:
        return (b & c) | (~b & d), 0x5A827999
    if i < 40:
        return b ^ c ^ d, 0x6ED9EBA1
    if i < 60:
        return (b & c) | (b & d) | (c & d), 0x8F1BBCDC
    return b ^ c ^ d, 0xCA62C1D6


def _compress_sha1(etat: Sequence[int], bloc: bytes) -> list[int]:
    w = [int.from_bytes(bloc[i : i + 4], "big") for i in range(0, 64, 4)]
    for i in range(16, 80):
        w.append(_rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1))
    a, b, c, d, e = etat
    for i, mot in enumerate(w):
        f, k = _sha1_round(i, b, c, d)
        a, b, c, d, e = (_rol(a, 5) + (f & _M) + e + k + mot) & _M, a, _rol(b, 30), c, d
    return [(x + y) & _M for x, y in zip(etat, (a, b, c, d, e), strict=True)]


@dataclass(frozen=True, slots=True)
class Algorithme:
    """A hash: its name, the size of its result (bytes), its DigestInfo prefix (public: RFC 8017 §9.2)."""

    nom: str
    taille: int
    prefixe: bytes
    initial: Sequence[int] = ()
    compress: Callable[[Sequence[int], bytes], list[int]] | None = None

    def digest_info(self, condensat: bytes) -> bytes:
        return self.prefixe + condensat


SHA1 = Algorithme("sha1", 20, bytes.fromhex("3021300906052b0e03021a05000414"), tuple(_H1), _compress_sha1)
SHA256 = Algorithme(
    "sha256", 32, bytes.fromhex("3031300d060960864801650304020105000420"), tuple(_H256), _compress_sha256
)
SHA384 = Algorithme("sha384", 48, bytes.fromhex("3041300d060960864801650304020205000430"))
SHA512 = Algorithme("sha512", 64, bytes.fromhex("3051300d060960864801650304020305000440"))
ALGORITHMES = (SHA1, SHA256, SHA384, SHA512)


def by_size(taille: int) -> Algorithme | None:
    """The hash whose result has ``taille`` bytes."""
    return next((a for a in ALGORITHMES if a.taille == taille), None)


def finish(algorithme: Algorithme, etat: bytes, bits: int, dernier: bytes) -> bytes:
    """Ends a hash: chaining value (empty when nothing was hashed), bits already hashed, last bytes.

    Raises ValueError when the state has not the size of the hash, isn't at a block boundary, or when the
    last block is longer than a block.
    """
    if algorithme.compress is None or bits % 512 or len(dernier) > 64:
        raise ValueError("condensat partiel incohérent")
    if not etat and bits == 0:
        return hashlib.new(algorithme.nom, dernier).digest()
    if len(etat) != algorithme.taille:
        raise ValueError("condensat partiel de mauvaise taille")
    h = [int.from_bytes(etat[i : i + 4], "big") for i in range(0, len(etat), 4)]
    total = bits + 8 * len(dernier)
    bourrage = dernier + b"\x80" + bytes((55 - len(dernier)) % 64) + (total % (1 << 64)).to_bytes(8, "big")
    for i in range(0, len(bourrage), 64):
        h = algorithme.compress(h, bourrage[i : i + 64])
    return b"".join(x.to_bytes(4, "big") for x in h)
