"""A received message, layer by layer: headers, attachment, file, lots, invoices. Pure functions over bytes.

Whatever the bytes, an analysis comes out: what cannot be read is an anomaly, never an exception.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses

from simulator.acteurs.analyse import AnalyseMessage, Sujet
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.fichier import check_file
from simulator.acteurs.piece_jointe import open_attachment
from simulator.acteurs.valeurs import montre
from simulator.messagerie.evenements import MessageRecu

TYPE_CONTENU = "application/edi-consent"
_SUJET = re.compile(r"SV([0-9]{6})/([0-9A-Za-z]{1,14})/([0-9]{19})/([0-9]{5})")
_DESCRIPTION = re.compile(r"FACTURE/SV(?:/(Z?K?))?")
_BLANCS = re.compile(rb"[\r\n\t ]+")
MAX_PARTIES = 20


def analyse(ctx: Contexte, recu: MessageRecu) -> AnalyseMessage:
    """Everything an insurer can say of a message addressed to it."""
    return _Examen(ctx, recu).run()


class _Examen:
    """One pass over one message."""

    def __init__(self, ctx: Contexte, recu: MessageRecu) -> None:
        self.ctx, self.recu = ctx, recu
        self.anomalies: list[Anomalie] = []

    def note(self, code: str, attendu: str, constate: str) -> None:
        self.anomalies.append(self.ctx.catalogue.anomalie(code, attendu, constate))

    def run(self) -> AnalyseMessage:
        vide = AnalyseMessage(self.ctx.organisme, self.recu.expediteur, self.ctx.organisme.adresse, Sujet(""))
        if len(self.recu.brut) > self.ctx.regles.max_message:
            constate = f"{len(self.recu.brut)} octets"
            self.note("MESSAGE_ILLISIBLE", f"{self.ctx.regles.max_message} octets au plus", constate)
            return replace(vide, anomalies=tuple(self.anomalies))
        try:
            message = message_from_bytes(self.recu.brut)
            parties = _leaves(message)
        except (ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError) as exc:
            # what the email package lets out on hostile headers
            self.note("MESSAGE_ILLISIBLE", "un message MIME", f"{type(exc).__name__} : {exc}")
            return replace(vide, anomalies=tuple(self.anomalies))
        if not message.keys():
            self.note("MESSAGE_ILLISIBLE", "des en-têtes de message", "aucun")
        sujet = self._check_headers(message)
        partie = parties[0] if parties else message
        if len(parties) != 1:
            self.note("CONTENU_MULTIPLE", "un seul fichier de factures", f"{len(parties)} parties")
        description, indicateurs = self._check_content(partie)
        octets = self._payload(partie)
        piece = open_attachment(self.ctx, octets, chiffre="K" in indicateurs, compresse="Z" in indicateurs)
        fichier = check_file(self.ctx, piece.fichier) if piece.fichier is not None else None
        resultat = AnalyseMessage(
            organisme=self.ctx.organisme,
            de=_header(message, "From"),
            a=_header(message, "To"),
            sujet=sujet,
            content_type=_header(partie, "Content-Type"),
            content_description=description,
            chiffre=piece.chiffre,
            compresse=piece.compresse,
            fichier=fichier,
            message_id=_header(message, "Message-ID"),
            contenu=piece.fichier or b"",
        )
        self._check_against_file(resultat)
        return replace(resultat, anomalies=(*self.anomalies, *piece.anomalies))

    # --- headers ----------------------------------------------------------------------------------------------
    def _check_headers(self, message: Message) -> Sujet:
        de, a = _addresses(message, "From"), _addresses(message, "To")
        if de != [self.recu.expediteur.lower()]:
            constate = montre(_header(message, "From")) if de else "absent"
            self.note("EXPEDITEUR_INCOHERENT", f"l'adresse « {self.recu.expediteur} »", constate)
        if a != [self.ctx.organisme.adresse.lower()]:
            constate = montre(_header(message, "To")) if a else "absent"
            self.note("DESTINATAIRE_INCOHERENT", f"l'adresse « {self.ctx.organisme.adresse} »", constate)
        if "FAILURE" not in self.recu.dsn.notify(self.ctx.organisme.adresse):
            notify = ", ".join(self.recu.dsn.notify(self.ctx.organisme.adresse)) or "aucun"
            self.note("AVIS_NON_REMISE_NON_DEMANDE", "NOTIFY=FAILURE au moins", notify)
        brut = _header(message, "Subject")
        forme = _SUJET.fullmatch(brut)
        if forme is None:
            self.note("SUJET_MAL_FORME", "SVvvvvvv/exercice/compostage/nnnnn", montre(brut))
            return Sujet(brut)
        sujet = Sujet(brut, "SV" + forme[1], forme[2], forme[3], forme[4])
        if forme[1] not in self.ctx.regles.versions:
            self.note("SUJET_VERSION", f"l'une de {', '.join(sorted(self.ctx.regles.versions))}", montre(forme[1]))
        if not _is_timestamp(sujet.compostage):
            self.note("SUJET_COMPOSTAGE", "AAAAMMJJHHMMSSxxxxx", montre(sujet.compostage))
        return sujet

    def _check_content(self, partie: Message) -> tuple[str, str]:
        """Content-Description, indicators Z and K."""
        type_ = partie.get_content_type()
        if type_ != TYPE_CONTENU or "Content-Type" not in partie:
            self.note("CONTENU_TYPE", "Application/EDI-consent", montre(_header(partie, "Content-Type")))
        description = _header(partie, "Content-Description")
        forme = _DESCRIPTION.fullmatch(description)
        if forme is None or forme[1] == "":
            attendu = "FACTURE/SV, avec /K ou /ZK quand la pièce jointe est chiffrée"
            self.note("CONTENU_DESCRIPTION", attendu, montre(description))
        return description, (forme[1] or "") if forme else ""

    def _payload(self, partie: Message) -> bytes:
        codage = _header(partie, "Content-Transfer-Encoding").lower()
        if codage == "base64":
            texte = partie.get_payload(decode=False)
            serre = _BLANCS.sub(b"", texte.encode("ascii", "replace")) if isinstance(texte, str) else b""
            try:
                return base64.b64decode(serre, validate=True)
            except binascii.Error as exc:
                self.note("CONTENU_CODAGE", "du base 64", f"un contenu qui n'en est pas ({exc})")
        else:
            self.note("CONTENU_CODAGE", "base64", montre(codage or "absent"))
        try:
            contenu = partie.get_payload(decode=True)
        except (ValueError, TypeError, AttributeError, LookupError):
            return b""
        return contenu if isinstance(contenu, bytes) else b""

    def _check_against_file(self, resultat: AnalyseMessage) -> None:
        fichier, sujet = resultat.fichier, resultat.sujet
        if fichier is None or not sujet.version:
            return
        reel = f"{fichier.lu.nombre_factures:05d}"
        if sujet.nb_factures != reel:
            self.note("SUJET_NOMBRE_FACTURES", reel, montre(sujet.nb_factures))
        if fichier.lu.entete is not None:
            emetteur = fichier.lu.entete.texte("numero_emetteur")
            if emetteur.lstrip("0") != sujet.exercice.lstrip("0"):
                self.note("SUJET_EXERCICE", f"l'émetteur du fichier, « {emetteur} »", montre(sujet.exercice))


def _leaves(message: Message) -> list[Message]:
    parties: list[Message] = []
    for partie in message.walk():
        if not partie.is_multipart():
            parties.append(partie)
        if len(parties) >= MAX_PARTIES:
            break
    return parties


def _header(message: Message, nom: str) -> str:
    """A header on one line; when it is there several times, all of them."""
    valeurs = message.get_all(nom) or []
    return ", ".join(" ".join(str(v).split()) for v in valeurs)


def _addresses(message: Message, nom: str) -> list[str]:
    return [adresse.lower() for _, adresse in getaddresses([str(v) for v in message.get_all(nom) or []]) if adresse]


def _is_timestamp(compostage: str) -> bool:
    try:
        datetime.strptime(compostage[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 - only the form is checked
    except ValueError:
        return False
    return True
