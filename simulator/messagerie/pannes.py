"""Faults of the servers, ordered by a test: they ask here before each step. Faults are data, counted, never silent.

What happens to a message between the servers and an insurer (lost, late, twice…) is ``simulator.pannes``.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from norms.contrat.ports import Horloge
from simulator.messagerie.erreurs import ErreurMessagerie

NaturePanne: TypeAlias = Literal[
    "refuser_connexion",  # accepted by the kernel then closed; with a code, greeted by it first
    "repondre",  # a chosen 4xx/5xx (or -ERR) at a verb; verb "." is the end of DATA
    "couper_donnees",  # connection dropped after so many bytes of DATA (SMTP) or of the message (POP3)
    "ralentir",  # for a whole session, answers leave by pieces of so many bytes
    "se_taire",  # no answer any more from a verb on: the client's own time-out has to act
    "boite_pleine",  # 452 4.2.2 at RCPT, or a deposit refused
]
Sens: TypeAlias = Literal["smtp", "pop3"]

_REPONSE_DEFAUT = {"refuser_connexion": 0, "repondre": 451}


@dataclass(frozen=True, slots=True)
class Panne:
    """One fault. ``protocole``: ``smtp`` is what the LPS sends, ``pop3`` what it fetches.

    ``apres``: occasions let through before it strikes; ``fois``: how many times (0: always); ``boite``: only this
    address (recipient or mailbox); ``octets``: for ``couper_donnees``, bytes let through, for ``ralentir``, bytes at a
    time; ``du`` and ``au``: virtual time in which it strikes; ``nom``: to withdraw it. Raises ErreurMessagerie on
    nonsense.
    """

    nature: NaturePanne
    protocole: Sens = "smtp"
    verbe: str = ""
    code: int = 0
    texte: str = ""
    apres: int = 0
    fois: int = 1
    boite: str = ""
    octets: int = 0
    du: datetime | None = None
    au: datetime | None = None
    nom: str = ""

    def __post_init__(self) -> None:
        if self.nature not in get_args(NaturePanne):
            raise ErreurMessagerie(
                f"panne « {self.nature} » inconnue ; natures admises : {', '.join(get_args(NaturePanne))}"
            )
        if self.protocole not in get_args(Sens):
            raise ErreurMessagerie(f"panne : protocole « {self.protocole} » inconnu ; écrire smtp ou pop3")
        if self.nature == "repondre" and not self.verbe:
            raise ErreurMessagerie("panne « repondre » : donner le verbe visé (MAIL, RCPT, DATA, « . », PASS, RETR…)")
        if self.code and not 400 <= self.code <= 599:
            raise ErreurMessagerie(f"panne : code {self.code} ; un code de refus SMTP va de 400 à 599")
        if min(self.apres, self.fois, self.octets) < 0:
            raise ErreurMessagerie("panne : apres, fois et octets sont des entiers positifs ou nuls")
        if any(c in self.texte for c in "\r\n") or not self.texte.isascii():
            raise ErreurMessagerie("panne : le texte d'une réponse tient sur une ligne, en ASCII")

    def reply(self) -> str:
        """The SMTP reply line, without its end of line."""
        code = self.code or _REPONSE_DEFAUT.get(self.nature, 451) or 421
        return f"{code} {self.texte or 'panne simulee'}"

    def error(self) -> str:
        """The POP3 ``-ERR`` line, without its end of line."""
        return f"-ERR {self.texte or '[SYS/TEMP] panne simulee'}"

    def aims_at(self, verbe: str, boites: Sequence[str]) -> bool:
        """Whether this verb and one of these addresses are what it strikes."""
        if self.verbe and self.verbe.upper() != verbe.upper():
            return False
        return not self.boite or self.boite.lower() in [b.lower() for b in boites]


def corrupt(brut: bytes, position: int) -> bytes:
    """Damages 16 bytes of a message from ``position`` (middle of the message when 0); line ends are kept."""
    debut = min(position or len(brut) // 2, max(0, len(brut) - 16))
    zone = bytes(b if b in b"\r\n" else 0x23 + (b * 7 + i) % 60 for i, b in enumerate(brut[debut : debut + 16]))
    if zone == brut[debut : debut + 16]:
        zone = zone.translate(bytes(0x21 if b not in b"\r\n" else b for b in range(256)))
    return brut[:debut] + zone + brut[debut + 16 :]


@dataclass(slots=True)
class Compte:
    """What is left of a fault: occasions to let through, then times to strike (negative: always)."""

    apres: int
    fois: int

    def ready(self) -> bool:
        """Counts one occasion; whether the fault would strike now."""
        if self.apres > 0 and self.fois:
            self.apres -= 1
            return False
        return self.fois != 0

    def strike(self) -> None:
        """Counts one stroke."""
        self.fois -= self.fois > 0


def in_time(du: datetime | None, au: datetime | None, maintenant: datetime) -> bool:
    """Whether virtual time is within bounds; ``au`` is excluded."""
    return (du is None or du <= maintenant) and (au is None or maintenant < au)


class PannesMessagerie:
    """The faults in force, consulted by the servers. Thread-safe. Without a clock, ``du`` and ``au`` don't count."""

    def __init__(self, *pannes: Panne, horloge: Horloge | None = None) -> None:
        self._horloge = horloge
        self._verrou = threading.Lock()
        self._pannes: list[tuple[Panne, Compte]] = []
        for panne in pannes:
            self.add(panne)

    def add(self, panne: Panne) -> None:
        """Puts one more fault in force."""
        with self._verrou:
            self._pannes.append((panne, Compte(panne.apres, panne.fois or -1)))

    def remove(self, nom: str) -> int:
        """Withdraws the faults of that name; gives how many there were."""
        with self._verrou:
            avant = len(self._pannes)
            self._pannes = [(p, c) for p, c in self._pannes if p.nom != nom]
            return avant - len(self._pannes)

    def clear(self) -> None:
        """Withdraws every fault."""
        with self._verrou:
            self._pannes.clear()

    def take(
        self, nature: NaturePanne, protocole: Sens, *, verbe: str = "", boites: Sequence[str] = ()
    ) -> Panne | None:
        """The fault that strikes now, if any; counts the occasion."""
        if not self._pannes:
            return None
        frappe: tuple[Panne, Compte] | None = None
        with self._verrou:
            for panne, compte in self._pannes:
                if panne.nature != nature or panne.protocole != protocole or not panne.aims_at(verbe, boites):
                    continue
                if self._horloge is not None and not in_time(panne.du, panne.au, self._horloge.now()):
                    continue
                if compte.ready() and frappe is None:  # each counts the occasion, one strikes
                    frappe = panne, compte
            if frappe is None:
                return None
            frappe[1].strike()
            return frappe[0]
