"""Messages that carry no patient's data: claim reports (cdc §2.2.4.3), requests of opposition increments."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from norms.contrat.ports import Horloge
from norms.paquet import NormPack
from reference.flux.messages import CRLF, MessageCompose, composter
from reference.store import Compteurs
from reference.store.compteurs import MESSAGE

PROFIL, DEMANDE = "rapport_reclamation", "demande_dloi"
EXTENSIONS = {PROFIL: "csv", DEMANDE: "loi"}


@dataclass
class CompositionDemandes:
    """Makes the message that asks for increments of the opposition list: profile « demande_dloi » (annexe5 §6.2)."""

    pack: NormPack
    compteurs: Compteurs
    horloge: Horloge

    def composer(self, contenu: bytes, expediteur: str, adresse: str, exercice: str) -> MessageCompose:
        """One request, from the mailbox that awaits the answer."""
        instant = self.horloge.now()
        compostage = composter(instant, self.compteurs.avancer(MESSAGE))
        profil = _profil(self.pack, DEMANDE)
        return _in_clear(profil, (exercice, compostage), contenu, (expediteur, adresse), instant)


@dataclass
class CompositionRapports:
    """Makes the message of a file of reports, in clear: it bears nothing about patients."""

    pack: NormPack
    compteurs: Compteurs
    horloge: Horloge
    expediteur: str

    def composer(self, contenu: bytes, adresse: str, exercice: str, nombre: int) -> MessageCompose:
        """One message for all the reports."""
        instant = self.horloge.now()
        compostage = composter(instant, self.compteurs.avancer(MESSAGE))
        champs = (exercice, compostage, f"{nombre:05d}")
        return _in_clear(_profil(self.pack, PROFIL), champs, contenu, (self.expediteur, adresse), instant)


def _profil(pack: NormPack, nom: str) -> Mapping[str, Any]:
    """A profile, with what it takes from those of invoices."""
    profils = {p["nom"]: p for p in pack.charger("messagerie/profils.yaml").donnees["profils"]}
    return {**profils["facture_oct"], **profils["facture_direct"], **profils[nom]}


def _in_clear(
    profil: Mapping[str, Any], champs: tuple[str, ...], contenu: bytes, qui: tuple[str, str], instant: datetime
) -> MessageCompose:
    """A message whose only part isn't encrypted. ``champs``: Subject after its nature, the second is the stamp."""
    sujet = "/".join((profil["sujet"]["champs"][0]["valeurs"][0], *champs))
    (expediteur, adresse), compostage = qui, champs[1]
    entetes = (
        ("From", expediteur),
        ("To", adresse),
        ("Subject", sujet),
        ("Date", format_datetime(instant)),
        ("Message-ID", f"<{compostage}@{expediteur.rpartition('@')[2]}>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'{profil["content_type"]["valeur"]}; name="{compostage}.{EXTENSIONS[profil["nom"]]}"'),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Description", profil["content_description"]["base"]),
    )
    texte = base64.b64encode(contenu).decode("ascii")
    lignes = [f"{titre}: {valeur}" for titre, valeur in entetes] + ["", *textwrap.wrap(texte, 76), ""]
    return MessageCompose(sujet, expediteur, adresse, compostage, CRLF.join(lignes).encode("utf-8"))
