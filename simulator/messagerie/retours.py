"""Builds the messages that insurers and operators send back: ARL, RSP, service messages, ART, dLOI.

Bytes are deterministic: the clock is injected and a counter numbers messages. Returns are never encrypted
(cdc §3.2.9.4). What a message looks like is data (``norms/donnees/messagerie/profils.yaml``).
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from norms.contrat.ports import Horloge
from simulator.messagerie.erreurs import ErreurMessagerie
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.message import MessageAnalyse
from simulator.messagerie.profils import ChampSujet, Profil, Profils, default_profiles

_JOURS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOIS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAX_SUJET = 500
_ADRESSE = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")


class Composteur:
    """Gives each message of one sender its compostage, Message-ID and date. Thread-safe, deterministic.

    The counter starts at 1 and goes back to 0 after 99999 (five digits, annexe5 §7.1.1).
    """

    def __init__(self, horloge: Horloge, domaine: str, compteur: int = 0) -> None:
        self._horloge = horloge
        self._domaine = domaine
        self._compteur = compteur
        self._verrou = threading.Lock()

    @property
    def compteur(self) -> int:
        """The number of the last message stamped."""
        return self._compteur

    def next(self) -> Compostage:
        """The stamp of the next message."""
        with self._verrou:
            self._compteur = (self._compteur + 1) % 100_000
            compteur = self._compteur
        t = self._horloge.now()
        return Compostage(
            f"{t:%Y%m%d%H%M%S}{compteur:05d}",
            f"{t:%Y%m%d%H%M}",
            f"<{t:%Y%m%d%H%M%S}{compteur:05d}@{self._domaine}>",
            mail_date(t),
        )


def mail_date(t: datetime) -> str:
    """An instant as RFC 5322 §3.3 writes it, whatever the locale."""
    return f"{_JOURS[t.weekday()]}, {t.day:02d} {_MOIS[t.month - 1]} {t.year} {t:%H:%M:%S} {t:%z}"


@dataclass(frozen=True, slots=True)
class Compostage:
    """``numero`` is AAAAMMJJHHMMSSxxxxx, ``horodatage`` AAAAMMJJHHMM, ``date`` as RFC 5322 wants it."""

    numero: str
    horodatage: str
    message_id: str
    date: str


def build_return(
    nature: str,
    *,
    expediteur: str,
    destinataire: str,
    contenu: bytes,
    composteur: Composteur,
    champs: Mapping[str, str] | None = None,
    code: str = "",
    nom_fichier: str = "",
    profils: Profils | None = None,
) -> bytes:
    """Builds one return: ``nature`` names the profile (arl, rsp, art, dloi, service_…, ar_p).

    ``champs`` gives the Subject fields that aren't fixed, stamped or defaulted (``exercice``, ``nb_retours``,
    ``numero_ps``, ``sujet_origine``); ``code`` the last sub-field of Content-Description when it comes from a table
    (ART: profession, XX by default). Body in base64, lines of 76. Raises ErreurMessagerie (French) when a field is
    missing or breaks its grammar.
    """
    profils = profils or default_profiles()
    try:
        profil = profils[nature]
    except KeyError as exc:
        raise ErreurMessagerie(str(exc.args[0])) from exc
    if profil.sens != "retour":
        raise ErreurMessagerie(f"le profil « {nature} » est émis par le PS ; choisir un profil de retour")
    for adresse in (expediteur, destinataire):
        if not _ADRESSE.fullmatch(adresse):
            raise ErreurMessagerie(f"adresse « {adresse} » invalide ; attendu : nom@domaine, en ASCII")
    tampon = composteur.next()
    donnes = {"compostage": tampon.numero, "horodatage": tampon.horodatage, **(champs or {})}
    sujet = profil.sujet.separateur.join(_subject_field(profils, profil, c, donnes) for c in profil.sujet.champs)
    fichier = nom_fichier or (profil.nom_fichier.valeur.format(compostage=tampon.numero) if profil.nom_fichier else "")
    if not re.fullmatch(r"[ -~]*", fichier) or set(fichier) & set('"\\/'):
        raise ErreurMessagerie(f"nom de fichier « {fichier} » invalide ; en ASCII, sans guillemet ni barre")
    piece = {
        "Content-Type": f'{profil.content_type.valeur}; name="{fichier}"' if fichier else profil.content_type.valeur,
        "Content-Transfer-Encoding": profil.encodage.valeur.upper(),
        "Content-Description": _description(profils, profil, code),
    }
    tete = {
        "From": expediteur,
        "To": destinataire,
        "Subject": sujet,
        "Date": tampon.date,
        "Message-ID": tampon.message_id,
        "MIME-Version": "1.0",
    }
    corps = _base64(contenu)
    if profil.formes.valeurs[0] == "simple":
        return _headers({**tete, **piece}) + b"\r\n" + corps
    marque = f"=_{tampon.numero}"  # "=_" never occurs in base64: the boundary can't meet the body
    tete["Content-Type"] = f'multipart/mixed; boundary="{marque}"'
    ouverture, fermeture = f"\r\n--{marque}\r\n".encode(), f"\r\n--{marque}--\r\n".encode()
    return _headers(tete) + ouverture + _headers(piece) + b"\r\n" + corps + fermeture


def build_service(
    nature: str,
    origine: MessageAnalyse,
    *,
    expediteur: str,
    destinataire: str,
    composteur: Composteur,
    code: str = "",
    libelle: str = "",
    enveloppe: MessageRecu | None = None,
    profils: Profils | None = None,
) -> bytes:
    """Builds a service message (service_rejet_smtp, service_rejet_fichier, service_rejet_chiffrement, ar_p).

    It recalls the Subject of the message it answers, in its own Subject and in its text (ISO-8859-1, as
    ``hypothese``: annexes 1-B and 4 are absent). Source: cdc §3.3.3.
    """
    profil = (profils or default_profiles())[nature]
    lignes = [
        f"MESSAGE DE SERVICE : {profil.libelle}",
        f"Sujet d'origine : {_printable(origine.sujet.brut)}",
        f"Identifiant d'origine : {_printable(origine.get('Message-ID'))}",
    ]
    if enveloppe is not None:
        lignes.append(f"Reçu le : {enveloppe.instant}")
    if code:
        lignes.append(f"Code : {code}")
    if libelle:
        lignes.append(f"Motif : {libelle}")
    if nature == "service_rejet_smtp":
        lignes.extend(f"- {anomalie.texte}" for anomalie in origine.anomalies[:20])
    return build_return(
        nature,
        expediteur=expediteur,
        destinataire=destinataire,
        contenu="".join(f"{ligne}\r\n" for ligne in lignes).encode("latin-1", "replace"),
        composteur=composteur,
        champs={"sujet_origine": _printable(origine.sujet.brut) or "SANS-SUJET"},
        profils=profils,
    )


def _subject_field(profils: Profils, profil: Profil, champ: ChampSujet, donnes: Mapping[str, str]) -> str:
    texte = donnes.get(champ.nom, "")
    if not texte and champ.valeurs:
        texte = champ.valeurs[0]
    elif not texte and champ.table:
        texte = profils.table(champ.table)[0].valeur
    if champ.remplissage and champ.longueur:
        texte = texte.rjust(champ.longueur, champ.remplissage)
    if champ.prefixe and not texte.startswith(champ.prefixe):
        texte = champ.prefixe + texte
    if not champ.accepts(texte) or (profil.sujet.separateur in texte and not champ.reste):
        raise ErreurMessagerie(
            f"retour « {profil.nom} », champ « {champ.nom} » du sujet : attendu {champ.expected()}, reçu « {texte} »"
        )
    return texte


def _description(profils: Profils, profil: Profil, code: str) -> str:
    permises = profils.descriptions(profil)
    voulue = f"{profil.content_description.base}/{code}" if code else permises[0]
    if voulue not in permises:
        raise ErreurMessagerie(
            f"retour « {profil.nom} » : Content-Description « {voulue} » hors table ; admis : {', '.join(permises)}"
        )
    return voulue


def _printable(texte: str) -> str:
    """Without control characters nor bytes outside ASCII, and bounded: it may come from a hostile header."""
    return re.sub(r"[^ -~]", "?", texte)[:_MAX_SUJET]


def _headers(champs: Mapping[str, str]) -> bytes:
    return "".join(f"{nom}: {valeur}\r\n" for nom, valeur in champs.items()).encode("ascii")


def _base64(contenu: bytes) -> bytes:
    texte = base64.b64encode(contenu)
    return b"".join(texte[i : i + 76] + b"\r\n" for i in range(0, len(texte), 76)) or b"\r\n"
