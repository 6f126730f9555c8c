"""Who an envelope is for: issuer and serial number, or key identifier, in a form people can compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asn1crypto import x509 as asn1_x509


@dataclass(frozen=True, slots=True)
class Destinataire:
    """One recipient (or signer) reference as written in the message.

    ``emetteur`` is the issuer's name in RFC 4514 style, ``serie`` the serial number; both are empty (``""``, 0) when
    the message names a key identifier, then in ``identifiant_cle`` (hexadecimal).
    """

    emetteur: str = ""
    serie: int = 0
    identifiant_cle: str = ""

    def __str__(self) -> str:
        if self.identifiant_cle:
            return f"clé {self.identifiant_cle}"
        if not self.emetteur and not self.serie:
            return "destinataire sans certificat"
        return f"série {self.serie:X} émis par « {self.emetteur} »"


def readable_name(nom: asn1_x509.Name) -> str:
    """A distinguished name as "CN=…,O=…", most specific first, control characters escaped."""
    morceaux: list[str] = []
    for groupe in reversed(list(nom.chosen)):
        for attribut in groupe:
            type_: Any = attribut["type"]
            valeur = str(attribut["value"].native)
            morceaux.append(f"{_SIGLES.get(type_.dotted, type_.dotted)}={_escape(valeur)}")
    return ",".join(morceaux)


_SIGLES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.42": "GN",
    "1.2.840.113549.1.9.1": "emailAddress",
}
MAX_VALEUR = 120


def _escape(valeur: str) -> str:
    propre = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in valeur[:MAX_VALEUR])
    return propre + ("…" if len(valeur) > MAX_VALEUR else "")
