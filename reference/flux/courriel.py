"""The message that carries claim reports: profile « rapport_reclamation » of the norm (cdc §2.2.4.3)."""

from __future__ import annotations

import base64
import textwrap
from dataclasses import dataclass
from email.utils import format_datetime

from norms.contrat.ports import Horloge
from norms.paquet import NormPack
from reference.flux.messages import CRLF, MessageCompose, composter
from reference.store import Compteurs
from reference.store.compteurs import MESSAGE

PROFIL = "rapport_reclamation"


@dataclass
class CompositionRapports:
    """Makes the message of a file of reports, in clear: it bears nothing about patients."""

    pack: NormPack
    compteurs: Compteurs
    horloge: Horloge
    expediteur: str

    def composer(self, contenu: bytes, adresse: str, exercice: str, nombre: int) -> MessageCompose:
        """One message for all the reports."""
        profils = {p["nom"]: p for p in self.pack.charger("messagerie/profils.yaml").donnees["profils"]}
        profil = {**profils["facture_oct"], **profils["facture_direct"], **profils[PROFIL]}
        nature = profil["sujet"]["champs"][0]["valeurs"][0]
        instant = self.horloge.now()
        compostage = composter(instant, self.compteurs.avancer(MESSAGE))
        sujet = f"{nature}/{exercice}/{compostage}/{nombre:05d}"
        identifiant = f"{compostage}@{self.expediteur.rpartition('@')[2]}"
        entetes = (
            ("From", self.expediteur),
            ("To", adresse),
            ("Subject", sujet),
            ("Date", format_datetime(instant)),
            ("Message-ID", f"<{identifiant}>"),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'{profil["content_type"]["valeur"]}; name="{compostage}.csv"'),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Description", profil["content_description"]["base"]),
        )
        texte = base64.b64encode(contenu).decode("ascii")
        lignes = [f"{nom}: {valeur}" for nom, valeur in entetes] + ["", *textwrap.wrap(texte, 76), ""]
        return MessageCompose(sujet, self.expediteur, adresse, compostage, CRLF.join(lignes).encode("utf-8"))
