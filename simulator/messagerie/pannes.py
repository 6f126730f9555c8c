"""Faults ordered by a test: the servers ask here before each step. Faults are data, counted, and never silent."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from simulator.messagerie.erreurs import ErreurMessagerie

NaturePanne: TypeAlias = Literal[
    "refuser_connexion",  # accepted by the kernel then closed; with a code, greeted by it first
    "repondre",  # a chosen 4xx/5xx (or -ERR) at a verb; verb "." is the end of DATA
    "couper_donnees",  # connection dropped after so many bytes of DATA (SMTP) or of the message (POP3)
    "perdre",  # acknowledged, kept as evidence, never delivered
    "dupliquer",  # delivered twice
    "corrompre",  # delivered with damaged bytes
    "boite_pleine",  # 452 4.2.2 at RCPT, or a deposit refused
]
Sens: TypeAlias = Literal["smtp", "pop3"]

_REPONSE_DEFAUT = {"refuser_connexion": 0, "repondre": 451}


@dataclass(frozen=True, slots=True)
class Panne:
    """One fault. ``protocole``: ``smtp`` is what the LPS sends, ``pop3`` what it fetches.

    ``apres``: occasions let through before it strikes; ``fois``: how many times (0: always); ``boite``: only this
    address (recipient or mailbox); ``octets``: for ``couper_donnees``, bytes let through, for ``corrompre``, the
    position damaged. Raises ErreurMessagerie on nonsense.
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


def corrupt(brut: bytes, position: int) -> bytes:
    """Damages 16 bytes of a message from ``position`` (middle of the message when 0); line ends are kept."""
    debut = position or len(brut) // 2
    zone = bytes(b if b in b"\r\n" else 0x23 + (b * 7 + i) % 60 for i, b in enumerate(brut[debut : debut + 16]))
    if zone == brut[debut : debut + 16]:
        zone = zone.translate(bytes(0x21 if b not in b"\r\n" else b for b in range(256)))
    return brut[:debut] + zone + brut[debut + 16 :]


class PannesMessagerie:
    """The faults in force, consulted by the servers. Thread-safe."""

    def __init__(self, *pannes: Panne) -> None:
        self._verrou = threading.Lock()
        self._actives: list[list[int]] = []
        self._pannes: list[Panne] = []
        for panne in pannes:
            self.add(panne)

    def add(self, panne: Panne) -> None:
        """Puts one more fault in force."""
        with self._verrou:
            self._pannes.append(panne)
            self._actives.append([panne.apres, panne.fois or -1])

    def clear(self) -> None:
        """Withdraws every fault."""
        with self._verrou:
            self._pannes.clear()
            self._actives.clear()

    def take(self, nature: NaturePanne, protocole: Sens, *, verbe: str = "", boite: str = "") -> Panne | None:
        """The fault that strikes now, if any; counts the occasion."""
        if not self._pannes:
            return None
        with self._verrou:
            for panne, compte in zip(self._pannes, self._actives, strict=True):
                if panne.nature != nature or panne.protocole != protocole or compte[1] == 0:
                    continue
                if panne.verbe.upper() != verbe.upper() or (panne.boite and panne.boite.lower() != boite.lower()):
                    continue
                if compte[0] > 0:
                    compte[0] -= 1
                    continue
                compte[1] -= 1 if compte[1] > 0 else 0
                return panne
        return None
