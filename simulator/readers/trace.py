"""The APDU log: one frozen event per exchange, insertion, removal and reset, given to an injected callback.

Codes are masked by default: they are replaced by 2A bytes in VERIFY, CHANGE REFERENCE DATA and RESET RETRY
COUNTER before anything is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Literal

from simulator.readers.commentaire import comment

_INS_SECRETES = frozenset({0x20, 0x24, 0x2C})
MASQUE = 0x2A


@dataclass(frozen=True, slots=True)
class ApduEchange:
    """One fact about a reader. ``duree`` is in seconds; an empty ``reponse`` means that the card stayed mute."""

    rang: int
    lecteur: str
    nature: Literal["apdu", "insertion", "retrait", "reset"]
    commande: bytes = b""
    reponse: bytes = b""
    duree: float = 0.0
    commentaire: str = ""

    @property
    def sw(self) -> int | None:
        """Status word, None when the card gave none."""
        return int.from_bytes(self.reponse[-2:], "big") if len(self.reponse) >= 2 else None

    def as_dict(self) -> dict[str, object]:
        """JSON-like view: bytes in hexadecimal."""
        return {
            "rang": self.rang,
            "lecteur": self.lecteur,
            "nature": self.nature,
            "commande": self.commande.hex().upper(),
            "reponse": self.reponse.hex().upper(),
            "duree": round(self.duree, 6),
            "commentaire": self.commentaire,
        }


def redact(commande: bytes) -> bytes:
    """The command with its secret data masked; whatever the class byte, and even when lengths are wrong."""
    if len(commande) < 5 or commande[1] not in _INS_SECRETES:
        return commande
    debut = 5 if commande[4] or len(commande) < 7 else 7
    return commande[:debut] + bytes((MASQUE,)) * (len(commande) - debut)


class Espion:
    """Makes the events. ``publier`` gets each one; ``minuterie`` gives seconds (constant by default: reproducible)."""

    def __init__(
        self,
        publier: Callable[[ApduEchange], None],
        *,
        minuterie: Callable[[], float] | None = None,
        masquer: bool = True,
    ) -> None:
        self._publier, self._minuterie, self._masquer = publier, minuterie or (lambda: 0.0), masquer
        self._rang = count()

    def inserted(self, lecteur: str, atr: bytes) -> None:
        self._publier(ApduEchange(next(self._rang), lecteur, "insertion", reponse=atr, commentaire="carte insérée"))

    def removed(self, lecteur: str) -> None:
        self._publier(ApduEchange(next(self._rang), lecteur, "retrait", commentaire="carte retirée"))

    def reset(self, lecteur: str) -> None:
        self._publier(ApduEchange(next(self._rang), lecteur, "reset", commentaire="remise à zéro"))

    def run(self, lecteur: str, commande: bytes, transmettre: Callable[[bytes], bytes]) -> bytes:
        """Has ``transmettre`` do one exchange; its event is published when it ends, also when it fails."""
        reponse = b""
        debut = self._minuterie()
        try:
            reponse = transmettre(commande)
            return reponse
        finally:
            visible = redact(commande) if self._masquer else commande
            self._publier(
                ApduEchange(
                    next(self._rang),
                    lecteur,
                    "apdu",
                    visible,
                    reponse,
                    self._minuterie() - debut,
                    comment(visible, reponse),
                )
            )


class _SansTrace(Espion):
    """Publishes nothing and costs next to nothing."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)

    def inserted(self, lecteur: str, atr: bytes) -> None:
        return

    def removed(self, lecteur: str) -> None:
        return

    def reset(self, lecteur: str) -> None:
        return

    def run(self, lecteur: str, commande: bytes, transmettre: Callable[[bytes], bytes]) -> bytes:
        return transmettre(commande)


sans_trace = _SansTrace()
