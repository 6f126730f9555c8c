"""A received message, layer by layer: profile, attachment, file, lots, invoices. Pure functions over bytes.

Whatever the bytes, an analysis comes out: what cannot be read is an anomaly, never an exception.
"""

from __future__ import annotations

from dataclasses import replace

from norms.paquet import NormPack
from simulator.acteurs.analyse import AnalyseMessage, Sujet
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.fichier import check_file
from simulator.acteurs.organismes import Role
from simulator.acteurs.piece_jointe import open_attachment
from simulator.acteurs.valeurs import montre
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.message import MessageAnalyse, analyser
from simulator.messagerie.profils import Profils, load_profiles

FICHIER_PROFILS = "messagerie/profils.yaml"
PROFILS_RECUS: dict[Role, tuple[str, ...]] = {
    "AMO": ("facture_direct",),
    "AMC": ("facture_direct",),
    "OCT": ("facture_oct",),
}
#: What the layer of the attachment judges by itself, with more to say.
_PIECE_JOINTE = frozenset({"PIECE_NON_CMS", "PIECE_CHIFFREE"})
#: Attachments sent in clear, told as such rather than as a wrong header (annexe5 §7.1.1).
_EN_CLAIR = frozenset({"FACTURE/SV", "FACTURE/SV/Z"})


def profiles(pack: NormPack) -> Profils:
    """The message profiles in force."""
    return pack.memo(("simulator", FICHIER_PROFILS), lambda: load_profiles(pack.fichiers[FICHIER_PROFILS]))


def analyse(ctx: Contexte, recu: MessageRecu) -> AnalyseMessage:
    """Everything an insurer can say of a message addressed to it."""
    organisme = ctx.organisme
    if len(recu.brut) > ctx.regles.max_message:
        attendu, constate = f"{ctx.regles.max_message} octets au plus", f"{len(recu.brut)} octets"
        trop_gros = ctx.catalogue.anomalie("MESSAGE_TROP_GROS", attendu, constate)
        return AnalyseMessage(organisme, recu.expediteur, organisme.adresse, Sujet(""), anomalies=(trop_gros,))
    pour_nous = replace(recu, destinataires=(organisme.adresse,))
    message = analyser(recu.brut, PROFILS_RECUS[organisme.role], enveloppe=pour_nous, profils=profiles(ctx.pack))
    anomalies = [ctx.catalogue.profile(e) for e in message.anomalies if not _told_elsewhere(message, e.code)]
    piece = open_attachment(ctx, message.piece_jointe, chiffre=message.chiffre, compresse=message.compresse)
    resultat = AnalyseMessage(
        organisme=organisme,
        de=message.get("From"),
        a=message.get("To"),
        sujet=_subject(message),
        content_type=message.content_type,
        content_description=message.content_description,
        chiffre=piece.chiffre,
        compresse=piece.compresse,
        fichier=check_file(ctx, piece.fichier) if piece.fichier is not None else None,
        contenu=piece.fichier or b"",
        message=message,
    )
    return replace(resultat, anomalies=(*anomalies, *_against_file(ctx, resultat), *piece.anomalies))


def _told_elsewhere(message: MessageAnalyse, code: str) -> bool:
    en_clair = code == "CONTENT_DESCRIPTION" and message.content_description in _EN_CLAIR
    return code in _PIECE_JOINTE or en_clair


def _subject(message: MessageAnalyse) -> Sujet:
    sujet = message.sujet
    champs = sujet.champs
    return Sujet(sujet.brut, champs.get("version", ""), sujet.exercice, sujet.compostage, champs.get("nb_factures", ""))


def _against_file(ctx: Contexte, resultat: AnalyseMessage) -> list[Anomalie]:
    """What the subject says of the file, held against the file."""
    fichier, sujet = resultat.fichier, resultat.sujet
    if fichier is None or not sujet.nb_factures:
        return []
    anomalies: list[Anomalie] = []
    reel = f"{fichier.lu.nombre_factures:05d}"
    if sujet.nb_factures != reel:
        anomalies.append(ctx.catalogue.anomalie("SUJET_NB_FACTURES_FAUX", reel, montre(sujet.nb_factures)))
    if fichier.lu.entete is not None:
        emetteur = fichier.lu.entete.texte("numero_emetteur")
        if emetteur.lstrip("0") != sujet.exercice.lstrip("0"):
            attendu = f"l'émetteur du fichier, « {emetteur} »"
            anomalies.append(ctx.catalogue.anomalie("SUJET_EXERCICE_FAUX", attendu, montre(sujet.exercice)))
    return anomalies
