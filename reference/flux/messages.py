"""The message that carries a file: profile « facture_direct » of the norm (annexe5 §7.1.1, cdc §3.2.9.4, §4.2.4)."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from cryptography.x509 import Certificate

from norms.cms import build_enveloped, compress
from norms.contrat.ports import Alea, Horloge
from norms.paquet import NormPack
from reference.store import Compteurs, FichierConserve
from reference.store.compteurs import MESSAGE

PROFIL = "facture_direct"
CRLF = "\r\n"


@dataclass(frozen=True, slots=True)
class ProfilFacture:
    """What the profile fixes: ``suffixes`` tell an encrypted attachment, compressed or not."""

    prefixe_version: str
    content_type: str
    content_description: str
    chiffre: str
    compresse_et_chiffre: str

    @classmethod
    def charger(cls, pack: NormPack) -> ProfilFacture:
        """The profile of a norm pack (``messagerie/profils.yaml``)."""
        profils = {p["nom"]: p for p in pack.charger("messagerie/profils.yaml").donnees["profils"]}
        profil = profils[PROFIL]
        version = next(c for c in profil["sujet"]["champs"] if c["nom"] == "version")
        suffixes = profil["content_description"]["suffixes"]
        return cls(
            version["prefixe"],
            profil["content_type"]["valeur"],
            profil["content_description"]["base"],
            next(s for s in suffixes if s == "K"),
            next(s for s in suffixes if s == "ZK"),
        )


@dataclass(frozen=True, slots=True)
class MessageCompose:
    """A message ready for SMTP; ``identifiant`` is what a delivery report will quote."""

    sujet: str
    expediteur: str
    destinataire: str
    identifiant: str
    octets: bytes


def composter(instant: datetime, compteur: int) -> str:
    """AAAAMMJJHHMMSS and a counter on 5 digits: different at each sending (annexe5 §7.1.1, note 4)."""
    return f"{instant:%Y%m%d%H%M%S}{compteur % 100_000:05d}"


def former_sujet(prefixe: str, fichier: FichierConserve, compostage: str) -> str:
    """« SVvvvvvv/exercice/compostage/nnnnn »."""
    return f"{prefixe}{fichier.version}/{fichier.numero_emetteur}/{compostage}/{fichier.nb_factures:05d}"


@dataclass
class CompositionMessage:
    """Makes the message of a file: compressed if the PS wants, always encrypted for the recipient."""

    profil: ProfilFacture
    compteurs: Compteurs
    horloge: Horloge
    alea: Alea
    expediteur: str
    compression: bool
    composter: Callable[[datetime, int], str] = composter
    former_sujet: Callable[[str, FichierConserve, str], str] = former_sujet
    chiffrer: Callable[[bytes, Certificate, Alea], bytes] = lambda octets, certificat, alea: build_enveloped(
        octets, [certificat], alea
    )

    def composer(self, fichier: FichierConserve, certificat: Certificate) -> MessageCompose:
        """One message, one file (SV-A5-7.1.1-01); the counter moves on even if the sending then fails."""
        instant = self.horloge.now()
        compostage = self.composter(instant, self.compteurs.avancer(MESSAGE))
        sujet = self.former_sujet(self.profil.prefixe_version, fichier, compostage)
        clair = compress(fichier.contenu) if self.compression else fichier.contenu
        suffixe = self.profil.compresse_et_chiffre if self.compression else self.profil.chiffre
        identifiant = f"{compostage}@{self.expediteur.rpartition('@')[2]}"
        entetes = (
            ("From", self.expediteur),
            ("To", fichier.adresse),
            ("Subject", sujet),
            ("Date", format_datetime(instant)),
            ("Message-ID", f"<{identifiant}>"),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'{self.profil.content_type}; name="{compostage}.sv"'),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Description", f"{self.profil.content_description}/{suffixe}"),
        )
        texte = base64.b64encode(self.chiffrer(clair, certificat, self.alea)).decode("ascii")
        lignes = [f"{nom}: {valeur}" for nom, valeur in entetes] + ["", *textwrap.wrap(texte, 76), ""]
        octets = CRLF.join(lignes).encode("utf-8")
        return MessageCompose(sujet, self.expediteur, fichier.adresse, compostage, octets)
