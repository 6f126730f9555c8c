"""Messages that a concentrator writes: files to insurers, and returns passed on to the PS (annexe5 §4, §5, §7)."""

from __future__ import annotations

import base64
import re

from cryptography.x509 import Certificate

from norms.cms import build_enveloped, compress
from norms.contrat.ports import Alea
from simulator.acteurs.organismes import Organisme
from simulator.messagerie.retours import Compostage

CRLF = b"\r\n"


def build_file_message(
    *,
    de: Organisme,
    a: Organisme,
    contenu: bytes,
    sujet: str,
    tampon: Compostage,
    certificat: Certificate,
    alea: Alea,
) -> bytes:
    """A file compressed and encrypted for its recipient, in the profile of annexe5 §7.1.1."""
    piece = base64.b64encode(build_enveloped(compress(contenu), [certificat], alea))
    entetes = {
        "From": de.adresse,
        "To": a.adresse,
        "Subject": sujet,
        "Date": tampon.date,
        "Message-ID": tampon.message_id,
        "MIME-Version": "1.0",
        "Content-Type": f'Application/EDI-consent; name="{tampon.numero}.sv"',
        "Content-Transfer-Encoding": "base64",
        "Content-Description": "FACTURE/SV/ZK",
    }
    tete = "".join(f"{nom}: {valeur}\r\n" for nom, valeur in entetes.items()).encode("ascii")
    return tete + CRLF + b"".join(piece[i : i + 76] + CRLF for i in range(0, len(piece), 76))


def pass_on(retour: bytes, *, de: str, a: str) -> bytes:
    """A return as it came, from the concentrator to the PS: only the addresses of its header change (annexe5 §5.1)."""
    tete, separateur, corps = retour.partition(CRLF + CRLF)
    for nom, adresse in ((b"From", de), (b"To", a)):
        motif = re.compile(rb"(?im)^" + nom + rb":[^\r\n]*(?:\r\n[ \t][^\r\n]*)*")
        tete = motif.sub(nom + b": " + adresse.encode("ascii"), tete, count=1)
    return tete + separateur + corps
