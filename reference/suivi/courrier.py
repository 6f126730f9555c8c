"""Reading a received message: its profile tells its nature, its single part is what the insurer sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message

from norms.cms import ErreurCms, decompress
from norms.paquet import NormPack

ARL, RSP, SERVICE, ART, NON_REMISE, INCONNU = "ARL", "RSP", "SERVICE", "ART", "NON_REMISE", "INCONNU"
AR_RECLAMATION, SERVICE_RECLAMATION = "AR_RECLAMATION", "SERVICE_RECLAMATION"
DLOI = "DLOI"
#: Natures whose Subject recalls the one of the message they are about.
RAPPELS = (SERVICE, AR_RECLAMATION, SERVICE_RECLAMATION)
#: Profile of the norm -> nature for the workstation.
NATURES = {
    "arl": ARL,
    "rsp": RSP,
    "service_rejet_smtp": SERVICE,
    "service_rejet_fichier": SERVICE,
    "service_rejet_chiffrement": SERVICE,
    "ar_p": SERVICE,
    "art": ART,
    "dloi": DLOI,
    "ar_reclamation": AR_RECLAMATION,
    "service_reclamation": SERVICE_RECLAMATION,
}
COMPRESSE = "/Z"


@dataclass(frozen=True, slots=True)
class Courrier:
    """A received message. ``libelle``: the profile's label; ``sujet_origine``: Subject of the message it is about."""

    uid: str
    nature: str
    libelle: str
    sujet: str
    sujet_origine: str
    piece: bytes

    @property
    def texte(self) -> str:
        """The part as a readable text."""
        return " ".join(self.piece.decode("utf-8", "replace").split())


class LectureCourrier:
    """Recognises messages with the profiles of the norm pack (``messagerie/profils.yaml``)."""

    def __init__(self, pack: NormPack) -> None:
        profils = pack.charger("messagerie/profils.yaml").donnees["profils"]
        self._profils = [
            (p["content_description"]["base"].upper(), NATURES[p["nom"]], p["libelle"])
            for p in profils
            if p["nom"] in NATURES
        ]

    def lire(self, uid: str, octets: bytes) -> Courrier:
        """What the message is; an unreadable or unknown one is INCONNU, kept all the same."""
        try:
            message = message_from_bytes(octets, policy=policy.default)
            return self._read(uid, message)
        except (MessageError, ValueError, LookupError, ErreurCms):
            return Courrier(uid, INCONNU, "message illisible", "", "", octets)

    def _read(self, uid: str, message: EmailMessage) -> Courrier:
        sujet = str(message.get("Subject", "")).strip()
        if message.get_content_type() == "multipart/report":
            return Courrier(uid, NON_REMISE, "avis de non-remise", sujet, _original_subject(message), b"")
        for partie in _parts(message):
            description = str(partie.get("Content-Description", "")).strip()
            for base, nature, libelle in self._profils:
                if description.upper() == base or description.upper().startswith(base + "/"):
                    piece = _bytes(partie)
                    if description.upper().endswith(COMPRESSE):
                        piece = decompress(piece)
                    origine = sujet.split("/", 2)[2] if nature in RAPPELS and sujet.count("/") >= 2 else ""
                    return Courrier(uid, nature, libelle, sujet, origine, piece)
        return Courrier(uid, INCONNU, "message d'un type inconnu", sujet, "", b"")


def _parts(message: Message) -> Iterator[Message]:
    for partie in message.walk():
        if not partie.is_multipart():
            yield partie


def _bytes(partie: Message) -> bytes:
    contenu = partie.get_payload(decode=True)
    return contenu if isinstance(contenu, bytes) else b""


def _original_subject(message: Message) -> str:
    """The Subject quoted by a delivery report: in the returned headers or the returned message (RFC 3462)."""
    for partie in message.walk():
        if partie.get_content_type() == "message/rfc822":
            for interne in partie.iter_parts() if isinstance(partie, EmailMessage) else ():
                return str(interne.get("Subject", "")).strip()
        if partie.get_content_type() == "text/rfc822-headers":
            return str(message_from_bytes(_bytes(partie), policy=policy.default).get("Subject", "")).strip()
    return ""
