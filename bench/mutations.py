"""Damage for fuzzing: on bytes, on records of a file, on entities of a return, on headers; seeded, bounded in size."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from random import Random

#: A damaged input is never larger than this.
MAX_OCTETS = 400_000
_BORNES = (b"0", b"9" * 40, b"-1", b"\x00", b"\xff", b"@", b" " * 200, "é€".encode(), b"\r\n", b"\n", b"=", b"A" * 3000)

Mutation = Callable[[bytes, Random], bytes]


def octets(b: bytes, hasard: Random) -> bytes:
    """One to six operations anywhere: changed, cut, doubled, inserted, swapped, replaced by a limit value."""
    t = bytearray(b)
    for _ in range(hasard.randrange(1, 7)):
        if not t:
            break
        i, n = hasard.randrange(len(t)), hasard.randrange(1, 64)
        match hasard.randrange(7):
            case 0:
                t[i] = hasard.randrange(256)
            case 1:
                del t[i : i + n]
            case 2:
                t[i:i] = t[i : i + n]
            case 3:
                t[i:i] = bytes([hasard.randrange(256)]) * n
            case 4:
                j = hasard.randrange(len(t))
                t[i], t[j] = t[j], t[i]
            case 5:
                borne = hasard.choice(_BORNES)
                t[i : i + len(borne)] = borne
            case _:
                t[i] ^= 1 << hasard.randrange(8)
    return bytes(t[:MAX_OCTETS])


def couper(b: bytes, hasard: Random) -> bytes:
    """Stops anywhere."""
    return b[: hasard.randrange(len(b) + 1)]


def _reorder(morceaux: list[bytes], hasard: Random) -> list[bytes]:
    for _ in range(hasard.randrange(1, 5)):
        if not morceaux:
            break
        i, j = hasard.randrange(len(morceaux)), hasard.randrange(len(morceaux))
        match hasard.randrange(4):
            case 0:
                morceaux[i], morceaux[j] = morceaux[j], morceaux[i]
            case 1:
                del morceaux[i]
            case 2:
                morceaux[i:i] = [morceaux[j]] * hasard.choice((1, 1, 2, 50))
            case _:
                morceaux[i] = octets(morceaux[i], hasard)
    return morceaux


def enregistrements(b: bytes, hasard: Random) -> bytes:
    """Records of 128 bytes moved, dropped, repeated, damaged."""
    return b"".join(_reorder([b[i : i + 128] for i in range(0, len(b), 128)], hasard))[:MAX_OCTETS]


def champ(b: bytes, hasard: Random) -> bytes:
    """Some columns of one record overwritten, its length kept: what a wrong field looks like."""
    if len(b) < 2:
        return b
    debut, n = hasard.randrange(len(b)), hasard.randrange(1, 20)
    plein = hasard.choice((b"0", b"9", b" ", b"X", b"-", b"@", b"\xe9", bytes([hasard.randrange(256)])))
    n = min(n, len(b) - debut)
    return b[:debut] + plein * n + b[debut + n :]


def chiffres(b: bytes, hasard: Random) -> bytes:
    """Digits and capitals changed for others: fields stay well formed, and say something else."""
    t = bytearray(b)
    for _ in range(hasard.randrange(1, 12)):
        places = [i for i in range(max(0, len(t) - 1)) if 48 <= t[i] <= 57 or 65 <= t[i] <= 90]
        if not places:
            break
        debut = hasard.choice(places)
        for i in range(debut, min(debut + hasard.randrange(1, 8), len(t))):
            if 48 <= t[i] <= 57:
                t[i] = hasard.choice(b"0123456789")
            elif 65 <= t[i] <= 90:
                t[i] = hasard.choice(b"ABCDEFNOPRSTZ")
    return bytes(t)


def entites(b: bytes, hasard: Random) -> bytes:
    """Entities of a NOEMIE file (ended by ``@``) moved, dropped, repeated, damaged; sometimes in blocks of 128."""
    entete, milieu, fin = b[:128], b[128:-128], b[-128:]
    milieu = b"@".join(_reorder(milieu.split(b"@"), hasard))
    if hasard.random() < 0.2:
        morceaux = [milieu[i : i + 127] for i in range(0, len(milieu), 127)]
        milieu = b"".join(hasard.choice((b"0", b"0", b"1")) + m.ljust(127) for m in morceaux)
    if hasard.random() < 0.2:
        entete = champ(entete, hasard)
    return (entete + milieu + fin)[:MAX_OCTETS]


def entetes(b: bytes, hasard: Random) -> bytes:
    """Header lines of a message moved, dropped, repeated, damaged."""
    tete, separation, corps = b.partition(b"\r\n\r\n")
    return (b"\r\n".join(_reorder(tete.split(b"\r\n"), hasard)) + separation + corps)[:MAX_OCTETS]


def lignes(b: bytes, hasard: Random) -> bytes:
    """Lines of a message moved, dropped, repeated, damaged: its MIME structure with them."""
    return b"\r\n".join(_reorder(b.split(b"\r\n"), hasard))[:MAX_OCTETS]


def choisir(b: bytes, hasard: Random, parmi: Sequence[Mutation]) -> bytes:
    """One of these mutations, sometimes two."""
    for _ in range(hasard.choice((1, 1, 1, 2))):
        b = hasard.choice(parmi)(b, hasard)
    return b


_CORPS = re.compile(rb"(\r\n\r\n)([A-Za-z0-9+/=\r\n]{40,})")


def piece(message: bytes, changer: Callable[[bytes], bytes]) -> bytes:
    """A message whose base 64 body is changed once decoded; the same message when it has none."""
    trouve = _CORPS.search(message)
    if trouve is None:
        return message
    clair = base64.b64decode(trouve[2])
    neuf = base64.encodebytes(changer(clair)).replace(b"\n", b"\r\n")
    return message[: trouve.start(2)] + neuf + message[trouve.end(2) :]
