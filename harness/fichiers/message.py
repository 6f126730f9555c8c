"""Messages and attachments: judged against their profile, opened when a key is at hand, described otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from email.utils import parsedate_to_datetime

from harness.fichiers.cles import ConfianceFichiers, with_identities
from harness.fichiers.constats import Releve
from harness.fichiers.donnees import load_knowledge
from harness.fichiers.erreurs import ErreurFichier
from harness.fichiers.modele import Enveloppe
from norms.cms import ErreurCms, content_algorithm, kind, recipients
from norms.contrat.ports import PARIS
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.organismes import load_organismes
from simulator.acteurs.piece_jointe import GZIP, open_attachment
from simulator.acteurs.reception import profiles
from simulator.messagerie.message import MessageAnalyse, analyser

MAX_MESSAGE = 32 * 1024 * 1024
#: What the attachment tells by itself, with more to say.
_PIECE = frozenset({"PIECE_NON_CMS", "PIECE_CHIFFREE"})
#: Checks about what the message announces.
_ANNONCES = frozenset({"CHIFFREMENT_ABSENT", "CHIFFREMENT_NON_ANNONCE", "COMPRESSION_NON_ANNONCEE"})
PIECE_FERMEE = "le contenu de la pièce jointe : chiffrée, aucune clé donnée ne l'ouvre (--cle et --certificat)"


@dataclass(frozen=True, slots=True)
class PieceLue:
    """What became of an attachment. ``contenu``: the clear bytes, None when it stays closed; ``faits``: checks made."""

    contenu: bytes | None = None
    enveloppe: Enveloppe | None = None
    anomalies: tuple[Anomalie, ...] = ()
    faits: frozenset[str] = frozenset()
    non_verifie: str = ""

    def tell(self, releve: Releve) -> None:
        """Puts what was found and done into a report."""
        for a in self.anomalies:
            releve.anomalie(a)
        releve.done(self.faits)
        if self.non_verifie:
            releve.unverified(self.non_verifie)


def normalise(brut: bytes) -> bytes:
    """The message with CR LF line ends when it was saved with LF alone; a mixture is left as it is, to be told."""
    brut = re.sub(rb"\AFrom [^\r\n]*\r?\n", b"", brut)
    return brut if b"\r" in brut else brut.replace(b"\n", b"\r\n")


def read_message(brut: bytes, ctx: Contexte, profil: str = "") -> MessageAnalyse:
    """Reads and judges a message against a profile, or the one its addressee and description tell.

    Raises ErreurFichier on an unknown profile or a message too big.
    """
    if len(brut) > MAX_MESSAGE:
        raise ErreurFichier(f"message de {len(brut)} octets ; {MAX_MESSAGE} au plus")
    connus = profiles(ctx.pack)
    noms = [p.nom for p in connus.profils]
    if profil and profil not in noms:
        raise ErreurFichier(f"profil de message « {profil} » inconnu ; profils : {', '.join(noms)}")
    if profil:
        return analyser(brut, (profil,), profils=connus)
    candidats = ("facture_direct", *(n for n in noms if n not in {"facture_direct", "facture_oct"}))
    analyse = analyser(brut, candidats, profils=connus)
    if analyse.profil == "facture_direct" and _to_concentrator(analyse):
        return analyser(brut, ("facture_oct",), profils=connus)
    return analyse


def as_concentrator(brut: bytes, ctx: Contexte) -> MessageAnalyse:
    """The same judged against the profile of a concentrator (annexe5 §7.1.1)."""
    return analyser(brut, ("facture_oct",), profils=profiles(ctx.pack))


def _to_concentrator(analyse: MessageAnalyse) -> bool:
    adresse = analyse.get("To").lower()
    return any(o.role == "OCT" and o.adresse.lower() in adresse for o in load_organismes())


def sent_on(analyse: MessageAnalyse) -> date | None:
    """The day of the Date header, in Paris; None when absent or unreadable."""
    try:
        instant = parsedate_to_datetime(analyse.get("Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        return (instant if instant.tzinfo else instant.replace(tzinfo=PARIS)).astimezone(PARIS).date()
    except (ValueError, OverflowError):
        return None


def tell_message(analyse: MessageAnalyse, ctx: Contexte, releve: Releve) -> None:
    """Puts the departures from the profile among the findings, and the checks made."""
    releve.oct = analyse.profil == "facture_oct"
    facture = analyse.profil.startswith("facture")
    for ecart in analyse.anomalies:
        if ecart.code in _PIECE and facture:
            continue
        a = ctx.catalogue.profile(ecart)
        releve.anomalie(a, ligne=ecart.ligne)
    groupes = load_knowledge().groupes
    exclus = groupes["session"] | groupes["contenu"] | groupes["historique"]
    regles = load_knowledge().regles.values()
    releve.done(r.code for r in regles if r.niveau == "message" and r.code not in exclus and facture)
    if not facture:
        releve.done(["MESSAGE_DEFAUT"])


def open_content(ctx: Contexte, confiance: ConfianceFichiers, analyse: MessageAnalyse) -> PieceLue:
    """Opens the attachment of a message. Raises ErreurFichier when it expands beyond what is accepted."""
    octets = analyse.piece_jointe
    if not octets:
        return PieceLue()
    if not analyse.profil.startswith("facture"):
        return PieceLue(octets)
    return _open(ctx, confiance, octets, chiffre=analyse.chiffre, compresse=analyse.compresse)


def open_alone(ctx: Contexte, confiance: ConfianceFichiers, octets: bytes) -> PieceLue:
    """Opens an attachment given without its message: nothing announces what it is. Raises ErreurFichier."""
    enveloppe = describe_envelope(octets)
    if enveloppe is None and not octets.startswith(GZIP) and not _is_kind(octets, "compressed_data"):
        raise ErreurFichier("ni enveloppe CMS lisible, ni données compressées ; fichier tronqué, ou d'une autre forme")
    lue = _open(ctx, confiance, octets, chiffre=enveloppe is not None, compresse=False)
    propres = tuple(a for a in lue.anomalies if a.code not in _ANNONCES)
    return replace(lue, anomalies=propres, faits=lue.faits - _ANNONCES)


def _open(ctx: Contexte, confiance: ConfianceFichiers, octets: bytes, *, chiffre: bool, compresse: bool) -> PieceLue:
    savoir = load_knowledge()
    faits = frozenset(r.code for r in savoir.regles.values() if r.niveau == "chiffrement")
    enveloppe = describe_envelope(octets)
    if enveloppe is not None:
        siennes = confiance.trousseau.opening(octets)
        if not siennes:
            fermee = enveloppe.model_copy(update={"motif": "aucune clé donnée n'est celle du destinataire"})
            anomalies = tuple(_closed(ctx, enveloppe, annonce=chiffre))
            return PieceLue(None, fermee, anomalies, faits - savoir.groupes["piece_jointe"], PIECE_FERMEE)
        confiance = with_identities(confiance, piece=siennes)
    ouverture = open_attachment(replace(ctx, confiance=confiance), octets, chiffre=chiffre, compresse=compresse)
    for a in ouverture.anomalies:
        if a.code in {"COMPRESSION_EXCESSIVE", "FICHIER_TROP_GROS"}:
            raise ErreurFichier(f"pièce jointe non lue : {a.constate} ; attendu {a.attendu} (bombe de décompression ?)")
    if enveloppe is not None:
        ouverte = ouverture.fichier is not None
        motif = "" if ouverte else "ne s'ouvre pas avec la clé donnée"
        enveloppe = enveloppe.model_copy(update={"ouverte": ouverte, "motif": motif})
    return PieceLue(ouverture.fichier, enveloppe, tuple(ouverture.anomalies), faits)


def _closed(ctx: Contexte, enveloppe: Enveloppe, *, annonce: bool) -> Iterator[Anomalie]:
    """What is judged of an envelope that stays closed: announced, algorithm admitted."""
    if not annonce:
        attendu = "FACTURE/SV/K ou FACTURE/SV/ZK"
        yield ctx.catalogue.anomalie("CHIFFREMENT_NON_ANNONCE", attendu, "l'indicateur K absent")
    if enveloppe.algorithme not in ctx.regles.chiffrements:
        admis = ", ".join(sorted(ctx.regles.chiffrements))
        yield ctx.catalogue.anomalie("CHIFFREMENT_ALGORITHME", f"l'un de {admis}", enveloppe.algorithme)


def describe_envelope(octets: bytes) -> Enveloppe | None:
    """Who an encrypted attachment is for and how it is encrypted; None when it isn't an envelope that can be read."""
    if not _is_kind(octets, "enveloped_data"):
        return None
    try:
        return Enveloppe(destinataires=tuple(str(d) for d in recipients(octets)), algorithme=content_algorithm(octets))
    except ErreurCms:
        return None


def _is_kind(octets: bytes, nature: str) -> bool:
    try:
        return kind(octets) == nature
    except ErreurCms:
        return False
