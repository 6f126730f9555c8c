"""Reads the records of a flow one after the other, whatever its faults, in constant memory.

A record cut or lengthened shifts all those that follow: when the size of the flow says that this happened, the place is
looked for, the faulty record is given with its real length, and reading goes on in step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from norms.b2 import CodecB2
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.codec.erreurs import quote
from simulator.acteurs.lecture import ENVELOPPE, INCONNU, LONGUEUR, read_record

_BLOC = LONGUEUR * 512
_VUE = LONGUEUR * 4
#: Past so many vain searches, a flow is taken as it comes: it isn't shifted, it is something else.
MAX_RECHERCHES = 50
MAX_LIGNE = 4096


def iter_records(
    codec: CodecB2,
    flux: BinaryIO,
    taille: int,
    *,
    separateur: bytes = b"",
    pulse: Callable[[], None] = lambda: None,
) -> Iterator[Enregistrement]:
    """Decodes every record; a faulty one carries its ``anomalies``. ``pulse`` is called from time to time.

    ``separateur``: the line end that a text conversion put between records (not a fault here, told by the caller).
    """
    if separateur:
        return _by_lines(codec, flux, pulse)
    return _Lecture(codec, flux, taille % LONGUEUR != 0, pulse).run()


class _Lecture:
    """One pass over records put end to end. One record is held back: a shift shows at the one after."""

    def __init__(self, codec: CodecB2, flux: BinaryIO, decale: bool, pulse: Callable[[], None]) -> None:
        self._codec, self._flux, self._pulse = codec, flux, pulse
        self._recherches = MAX_RECHERCHES if decale else 0
        self._tampon, self._base, self._fini = b"", 0, False

    def run(self) -> Iterator[Enregistrement]:
        rang, pos = 1, 0
        retenu: Enregistrement | None = None
        while self._fill(pos):
            e = read_record(self._codec, self._slice(pos, LONGUEUR), rang, pos)
            if e.anomalies and (debut := self._resync(pos, retenu)) is not None:
                if retenu is not None and self._belongs_before(pos, debut, retenu):
                    retenu = _odd(self._codec, self._slice(retenu.offset, debut - retenu.offset), retenu)
                else:
                    if retenu is not None:
                        yield retenu
                    modele = e if self._in_place(pos, retenu) else Enregistrement(INCONNU, e.brut, rang, pos)
                    retenu, rang = _odd(self._codec, self._slice(pos, debut - pos), modele), rang + 1
                pos = debut
                continue
            if retenu is not None:
                yield retenu
            retenu, rang, pos = e, rang + 1, pos + LONGUEUR
        if retenu is not None:
            yield retenu

    # --- buffer -----------------------------------------------------------------------------------------------
    def _fill(self, pos: int) -> bool:
        """Makes sure that what follows ``pos`` is at hand; False at the end of the flow."""
        if not self._fini and pos + _VUE > self._base + len(self._tampon):
            self._pulse()
            garde = max(self._base, pos - 2 * LONGUEUR)
            self._tampon, self._base = self._tampon[garde - self._base :], garde
            while len(self._tampon) < pos - self._base + _VUE:
                bloc = self._flux.read(_BLOC)
                if not bloc:
                    self._fini = True
                    break
                self._tampon += bloc
        return pos < self._base + len(self._tampon)

    def _slice(self, pos: int, longueur: int) -> bytes:
        return self._tampon[pos - self._base : pos - self._base + longueur]

    # --- shifts -----------------------------------------------------------------------------------------------
    def _resync(self, pos: int, retenu: Enregistrement | None) -> int | None:
        """Where records are in step again after a fault at ``pos``; None when nothing is shifted there."""
        if self._recherches <= 0 or self._sound(pos + LONGUEUR):
            return None
        plancher = retenu.offset + 1 if retenu is not None else pos + 1
        dernier = len(self._slice(pos, LONGUEUR)) < LONGUEUR
        for ecart in range(1, LONGUEUR):
            places = (pos - ecart,) if dernier else (pos - ecart, pos + ecart, pos + LONGUEUR + ecart)
            for debut in places:
                if debut >= plancher and self._sound(debut) and (self._at_end(debut) or self._sound(debut + LONGUEUR)):
                    return debut
        self._recherches -= 1
        return None

    def _belongs_before(self, pos: int, debut: int, retenu: Enregistrement) -> bool:
        """Whether the shift is that of the record held back, not of the one that starts at ``pos``."""
        return debut < pos or (debut < pos + LONGUEUR // 2 and not self._in_place(pos, retenu))

    def _in_place(self, pos: int, retenu: Enregistrement | None) -> bool:
        """Whether a record seems to start here: same PS number in columns 2-10 as the one before, or an envelope's."""
        debut = self._slice(pos, 10)
        if retenu is None or debut.startswith((b"000", b"999")):
            return True
        return debut.startswith(b"1") if retenu.type in ENVELOPPE else debut[1:] == retenu.brut[1:10]

    def _at_end(self, pos: int) -> bool:
        return self._fini and pos == self._base + len(self._tampon)

    def _sound(self, pos: int) -> bool:
        """Whether a record starts here, or the flow ends exactly here."""
        brut = self._slice(pos, LONGUEUR)
        if len(brut) < LONGUEUR:
            return self._at_end(pos)
        try:
            return self._codec.identifier(brut).motif.fullmatch(brut) is not None
        except ErreurEnregistrement:
            return False


def _odd(codec: CodecB2, brut: bytes, modele: Enregistrement) -> Enregistrement:
    """A record whose length is wrong; its layout is kept when its type can be told, not guessed from a shifted byte."""
    disposition = modele.disposition
    if disposition is INCONNU and modele.anomalies and len(brut) > LONGUEUR:
        disposition = read_record(codec, brut[:LONGUEUR], modele.rang).disposition
    return Enregistrement(
        disposition, brut, modele.rang, modele.offset, (_length_fault(brut, modele.rang, modele.offset),)
    )


def _length_fault(brut: bytes, rang: int, offset: int) -> ErreurEnregistrement:
    return ErreurEnregistrement(
        rang=rang,
        type_=brut[:1].decode("ascii", "backslashreplace"),
        attendu=f"{LONGUEUR} octets",
        constate=f"{len(brut)} octets, {quote(brut[:40])}",
        offset=offset,
        conseil="enregistrement tronqué" if len(brut) < LONGUEUR else "enregistrement trop long",
    )


def _by_lines(codec: CodecB2, flux: BinaryIO, pulse: Callable[[], None]) -> Iterator[Enregistrement]:
    offset, rang = 0, 1
    while ligne := flux.readline(MAX_LIGNE):
        if rang % 512 == 1:
            pulse()
        brut = ligne.rstrip(b"\r\n")
        if len(brut) == LONGUEUR:
            yield read_record(codec, brut, rang, offset)
        elif brut:
            modele = read_record(codec, brut.ljust(LONGUEUR)[:LONGUEUR], rang, offset)
            yield _odd(codec, brut, modele)
        rang, offset = rang + 1, offset + len(ligne)
