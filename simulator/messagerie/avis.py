"""Delivery status notifications of the mail network (public: RFC 3464, RFC 6522, parameters of RFC 3461).

The network sends them, not the insurer: sender of its own, null return path, three parts: a text for people, the
status for machines, the headers of the message (or the whole of it when RET=FULL was asked and delivery failed).
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from simulator.messagerie.evenements import DestinataireDsn, MessageRecu
from simulator.messagerie.retours import Composteur, mail_date

Action = Literal["failed", "delayed", "delivered"]
#: A bigger message is never sent back whole.
MAX_JOINT = 1024 * 1024
_MAX_ENTETES = 64 * 1024
_HEXA = re.compile(r"\+([0-9A-F]{2})")


@dataclass(frozen=True, slots=True)
class _Genre:
    mot: str
    sujet: str
    texte: str
    statut: str


_GENRES: Mapping[Action, _Genre] = MappingProxyType(
    {
        "failed": _Genre("FAILURE", "Avis de non-remise", "n'a pas pu être remis à", "5.1.1"),
        "delayed": _Genre("DELAY", "Avis de retard", "n'est pas encore remis à", "4.4.1"),
        "delivered": _Genre("SUCCESS", "Avis de remise", "a été remis à", "2.0.0"),
    }
)


def wanted(recu: MessageRecu, destinataire: str, action: Action) -> bool:
    """Whether the sender wants this notice (public: RFC 3461 §4.1): nothing to a null sender, failures by default."""
    if not recu.expediteur:
        return False
    notify = recu.dsn.notify(destinataire)
    return _GENRES[action].mot in notify if notify else action == "failed"


def build_dsn(
    recu: MessageRecu,
    destinataire: str,
    action: Action,
    *,
    expediteur: str,
    composteur: Composteur,
    statut: str = "",
    diagnostic: str = "",
    nom_hote: str = "relais.test",
) -> bytes:
    """The notice about one recipient of a message. ``statut``: enhanced code (public: RFC 3463), by default the usual.

    Bytes are deterministic. ``diagnostic`` is ASCII, what the remote server said.
    """
    genre, tampon = _GENRES[action], composteur.next()
    statut = statut or genre.statut
    demande = next((d for d in recu.dsn.destinataires if d.adresse.lower() == destinataire.lower()), None)
    texte = (
        f"Ceci est un avis du réseau de messagerie.\r\n\r\nVotre message {genre.texte} {destinataire}.\r\n"
        f"Statut : {statut}\r\n" + (f"Réponse du serveur distant : {diagnostic}\r\n" if diagnostic else "")
    )
    joint_type, joint = _original(recu, action)
    remise = {"Final-Recipient": f"rfc822; {destinataire}", "Action": action, "Status": statut}
    if diagnostic:
        remise["Diagnostic-Code"] = f"smtp; {diagnostic}"
    remise["Last-Attempt-Date"] = tampon.date
    statuts = _status(recu, demande, nom_hote, remise)
    parties = [
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + quopri.encodestring(texte.encode()),
        b"Content-Type: message/delivery-status\r\n\r\n" + statuts.encode("ascii", "replace"),
        f"Content-Type: {joint_type}\r\n\r\n".encode() + joint,
    ]
    marque = f"=_dsn_{tampon.numero}"
    while marque.encode() in joint:
        marque += "_"
    tete = {
        "From": expediteur,
        "To": recu.expediteur,
        "Subject": genre.sujet,
        "Date": tampon.date,
        "Message-ID": tampon.message_id,
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/report; report-type=delivery-status; boundary="{marque}"',
    }
    sortie = "".join(f"{nom}: {valeur}\r\n" for nom, valeur in tete.items()).encode("ascii", "replace")
    for partie in parties:
        sortie += f"\r\n--{marque}\r\n".encode() + partie
    return sortie + f"\r\n--{marque}--\r\n".encode()


def _status(recu: MessageRecu, demande: DestinataireDsn | None, nom_hote: str, remise: Mapping[str, str]) -> str:
    """The two groups of fields: of the message, of the recipient (public: RFC 3464 §2.2, §2.3)."""
    lignes = [f"Reporting-MTA: dns; {nom_hote}"]
    if recu.dsn.envid:
        lignes.append(f"Original-Envelope-Id: {_decoded(recu.dsn.envid)}")
    lignes += [f"Arrival-Date: {mail_date(datetime.fromisoformat(recu.instant))}", ""]
    if demande is not None and demande.orcpt:
        genre, _, adresse = demande.orcpt.partition(";")
        lignes.append(f"Original-Recipient: {genre};{_decoded(adresse)}")
    lignes += [f"{nom}: {valeur}" for nom, valeur in remise.items()]
    return "".join(f"{ligne}\r\n" for ligne in lignes)


def _original(recu: MessageRecu, action: Action) -> tuple[str, bytes]:
    if recu.dsn.ret == "FULL" and action == "failed" and len(recu.brut) <= MAX_JOINT:
        return "message/rfc822", recu.brut
    entetes = recu.brut[:_MAX_ENTETES].partition(b"\r\n\r\n")[0]
    return "text/rfc822-headers", entetes + b"\r\n"


def _decoded(xtext: str) -> str:
    """An xtext (public: RFC 3461 §4) as text, without anything that could end a line."""
    clair = _HEXA.sub(lambda m: chr(int(m[1], 16)), xtext)
    return re.sub(r"[^ -~]", "?", clair)
