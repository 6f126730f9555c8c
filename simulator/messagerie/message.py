"""A received message judged against its profile (cdc §3.2.9.4, §3.2.10.3; annexe5 §7)."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.mime import Entete, Partie, Structure, header, read_structure
from simulator.messagerie.profils import Profil, Profils, default_profiles

#: What an actor expects from a PS, by where it stands.
PROFILS_DIRECT = ("facture_direct", "demande_dloi")
PROFILS_OCT = ("facture_oct", "demande_dloi")
_ENVELOPED = bytes.fromhex("06092a864886f70d010703")
_SANS_CHIFFREMENT = ("absent", "")


@dataclass(frozen=True, slots=True)
class Anomalie:
    """One departure from the profile. ``source``: the clause or the hypothesis; ``ligne`` in the message, 0: none."""

    code: str
    source: str
    attendu: str
    constate: str
    texte: str
    ligne: int = 0

    @property
    def hypothese(self) -> bool:
        """The rule broken is our guess: the finding deserves a reserve, not a refusal."""
        return self.source.startswith("hypothese")


@dataclass(frozen=True, slots=True)
class SujetAnalyse:
    """The Subject by fields. ``champs`` has the names of the profile; missing ones are absent."""

    brut: str
    champs: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """``140800`` of ``SV140800``."""
        return self.champs.get("version", "").removeprefix("SV")

    @property
    def exercice(self) -> str:
        return self.champs.get("exercice", "")

    @property
    def compostage(self) -> str:
        return self.champs.get("compostage", "")

    @property
    def nb_factures(self) -> int | None:
        """Number of invoices announced; None when it can't be read."""
        texte = self.champs.get("nb_factures", "")
        return int(texte) if texte.isascii() and texte.isdigit() and len(texte) <= 9 else None


@dataclass(frozen=True, slots=True)
class MessageAnalyse:
    """A message read and judged. ``piece``: the part that carries the file, None when there is none."""

    brut: bytes = field(repr=False)
    profil: str
    entetes: tuple[Entete, ...]
    parties: tuple[Partie, ...]
    multipart: bool
    sujet: SujetAnalyse
    piece: Partie | None
    anomalies: tuple[Anomalie, ...]

    def get(self, nom: str) -> str:
        """Value of a header of the message; empty when absent."""
        return header(self.entetes, nom)

    @property
    def piece_jointe(self) -> bytes:
        """Decoded bytes of the attachment (CMS when encrypted); empty when there is none."""
        return self.piece.octets if self.piece else b""

    @property
    def content_type(self) -> str:
        return self.piece.type_contenu if self.piece else ""

    @property
    def content_description(self) -> str:
        """Of the attachment, else of the message."""
        return (self.piece.get("Content-Description") if self.piece else "") or self.get("Content-Description")

    @property
    def chiffre(self) -> bool:
        """Announced as encrypted (third sub-field K or ZK)."""
        return self._marque() in ("K", "ZK")

    @property
    def compresse(self) -> bool:
        """Announced as compressed (Z or ZK)."""
        return self._marque() in ("Z", "ZK")

    def _marque(self) -> str:
        mots = self.content_description.split("/")
        return mots[2] if len(mots) == 3 else ""


def analyser(
    brut: bytes,
    candidats: Sequence[str] = PROFILS_DIRECT,
    *,
    enveloppe: MessageRecu | None = None,
    profils: Profils | None = None,
) -> MessageAnalyse:
    """Reads a message and judges it against the candidate profile its Content-Description names, else the first.

    ``enveloppe`` adds what only the SMTP transaction tells (sender, recipients, delivery reports). Never raises on
    content. Source: annexe5 §7.
    """
    profils = profils or default_profiles()
    structure = read_structure(brut)
    pieces = tuple(p for p in structure.parties if not _is_cover_text(p, structure))
    piece = pieces[0] if pieces else None
    description = (piece.get("Content-Description") if piece else "") or header(
        structure.entetes, "Content-Description"
    )
    profil = _chosen(description, [profils[nom] for nom in candidats])
    juge = _Juge(profils, profil)
    sujet = juge.subject(structure.entetes)
    juge.addresses(structure.entetes, enveloppe)
    juge.attachments(structure, pieces, description)
    for defaut in structure.defauts:
        juge.add(defaut.code, defaut.source, defaut.attendu, defaut.constate, defaut.ligne)
    return MessageAnalyse(
        brut, profil.nom, structure.entetes, structure.parties, structure.multipart, sujet, piece, juge.result()
    )


def looks_enveloped(octets: bytes) -> bool:
    """Whether bytes start like a CMS EnvelopedData, definite or indefinite length (public: RFC 5652 §3, §6)."""
    if len(octets) < 4 or octets[0] != 0x30:
        return False
    longueur = octets[1]
    debut = 2 if longueur <= 0x80 else 2 + (longueur & 0x7F)
    return octets[debut : debut + len(_ENVELOPED)] == _ENVELOPED


class _Juge:
    def __init__(self, profils: Profils, profil: Profil) -> None:
        self._profils = profils
        self._profil = profil
        self._anomalies: list[Anomalie] = []

    def result(self) -> tuple[Anomalie, ...]:
        return tuple(self._anomalies)

    def add(self, code: str, source: str, attendu: str, constate: str, ligne: int = 0) -> None:
        ou = f"ligne {ligne} : " if ligne else ""
        constate = constate[:200] or "(absent)"
        texte = f"{ou}attendu {attendu} ; constaté {constate}"
        self._anomalies.append(Anomalie(code, source, attendu, constate, texte, ligne))

    def subject(self, entetes: tuple[Entete, ...]) -> SujetAnalyse:
        regle = self._profil.sujet
        sujets = [e for e in entetes if e.nom.lower() == "subject"]
        modele = regle.separateur.join(c.nom for c in regle.champs)
        if len(sujets) != 1:
            self.add("SUJET_NOMBRE", "public: RFC 5322 §3.6", f"un champ Subject ({modele})", f"{len(sujets)} champ(s)")
        if not sujets:
            return SujetAnalyse("")
        brut, ligne = sujets[0].valeur, sujets[0].ligne
        reste = bool(regle.champs[-1].reste)
        mots = brut.split(regle.separateur, len(regle.champs) - 1) if reste else brut.split(regle.separateur)
        if len(mots) != len(regle.champs):
            self.add(
                "SUJET_CHAMPS", regle.source, f"{len(regle.champs)} champs ({modele})", f"{len(mots)} : {brut}", ligne
            )
        champs: dict[str, str] = {}
        for champ, mot in zip(regle.champs, mots, strict=False):
            champs[champ.nom] = mot
            if not champ.accepts(mot):
                self.add(f"SUJET_{champ.nom.upper()}", champ.source, champ.expected(), f"« {mot} »", ligne)
            elif champ.table:
                connues = self._profils.table(champ.table)
                if mot.removeprefix(champ.prefixe) not in {v.valeur for v in connues}:
                    attendues = " ou ".join(f"{champ.prefixe}{v.valeur}" for v in connues)
                    source = next((v.source for v in connues if v.hypothese), champ.source)
                    self.add(f"SUJET_{champ.nom.upper()}", source, attendues, f"« {mot} »", ligne)
        return SujetAnalyse(brut, champs)

    def addresses(self, entetes: tuple[Entete, ...], enveloppe: MessageRecu | None) -> None:
        de = self._one(entetes, "From", "EXPEDITEUR")
        a = self._one(entetes, "To", "DESTINATAIRE")
        if not header(entetes, "Date"):
            self.add("DATE", "public: RFC 5322 §3.6", "un champ Date", "")
        if enveloppe is None:
            return
        expediteur = enveloppe.expediteur.lower()
        if de and de != [expediteur]:
            self.add("EXPEDITEUR", self._profil.source, f"From identique à MAIL FROM ({expediteur})", ", ".join(de))
        manquants = [d for d in enveloppe.destinataires if d.lower() not in a]
        if a and manquants:
            self.add("DESTINATAIRE", self._profil.source, "To identique à RCPT TO", ", ".join(manquants))
        regle = self._profil.avis_non_remise
        sans = [d for d in enveloppe.destinataires if regle.valeur not in enveloppe.dsn.notify(d)]
        if regle.valeur and sans:
            self.add("AVIS_NON_REMISE", regle.source, f"NOTIFY={regle.valeur} sur RCPT TO", f"rien pour {sans[0]}")

    def _one(self, entetes: tuple[Entete, ...], nom: str, code: str) -> list[str]:
        champs = [e for e in entetes if e.nom.lower() == nom.lower()]
        adresses = [a.lower() for _, a in email.utils.getaddresses([e.valeur for e in champs]) if "@" in a]
        if len(champs) != 1 or not adresses:
            constate = f"{len(champs)} champ(s), {len(adresses)} adresse(s)"
            self.add(code, self._profil.source, f"un champ {nom} avec une adresse", constate)
        return adresses

    def attachments(self, structure: Structure, pieces: tuple[Partie, ...], description: str) -> None:
        profil = self._profil
        forme = "multipart" if structure.multipart else "simple"
        if forme not in profil.formes.valeurs:
            self.add("FORME", profil.formes.source, " ou ".join(profil.formes.valeurs), forme)
        nombre = int(profil.pieces_jointes.valeur)
        if len(pieces) != nombre:
            self.add("PIECE_NOMBRE", profil.pieces_jointes.source, f"{nombre} pièce jointe", str(len(pieces)))
        if not pieces:
            return
        piece, ligne = pieces[0], pieces[0].ligne
        regle = profil.content_type
        if piece.type_contenu.lower() != regle.valeur.lower():
            self.add("CONTENT_TYPE", regle.source, regle.valeur, piece.type_contenu, ligne)
        permises = self._profils.descriptions(profil)
        if description not in permises:
            source = profil.content_description.source
            self.add("CONTENT_DESCRIPTION", source, " ou ".join(permises), description, ligne)
        encodage = piece.get("Content-Transfer-Encoding")
        if encodage.lower() != profil.encodage.valeur.lower():
            self.add("ENCODAGE", profil.encodage.source, profil.encodage.valeur, encodage, ligne)
        if not piece.octets:
            self.add("PIECE_VIDE", profil.pieces_jointes.source, "une pièce jointe non vide", "0 octet", ligne)
        elif profil.chiffrement.valeur not in _SANS_CHIFFREMENT and not looks_enveloped(piece.octets):
            constate = f"des octets commençant par {piece.octets[:8].hex(' ')}"
            self.add("PIECE_NON_CMS", profil.chiffrement.source, "une enveloppe CMS (EnvelopedData)", constate, ligne)
        elif profil.chiffrement.valeur == "absent" and looks_enveloped(piece.octets):
            self.add("PIECE_CHIFFREE", profil.chiffrement.source, "une pièce en clair", "une enveloppe CMS", ligne)
        extension = profil.nom_fichier.extension if profil.nom_fichier else ""
        if profil.nom_fichier and extension and not piece.nom_fichier.lower().endswith(extension):
            self.add("NOM_FICHIER", profil.nom_fichier.source, f"un nom en {extension}", piece.nom_fichier, ligne)


def _chosen(description: str, candidats: list[Profil]) -> Profil:
    for profil in candidats:
        base = profil.content_description.base
        if description == base or description.startswith(base + "/"):
            return profil
    return candidats[0]


def _is_cover_text(partie: Partie, structure: Structure) -> bool:
    """Text of the message, not its file: unnamed, undescribed, plain text, beside something else or alone."""
    return (
        partie.type_contenu.lower() in ("text/plain", "text/html")
        and not partie.nom_fichier
        and not partie.get("Content-Description")
        and not header(structure.entetes, "Content-Description")
    )
