"""The attachment: encryption, then compression, each with its own faults (cdc §3.2.9.4, annexe5 §7.1.1)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from norms.certificats import est_perime
from norms.cms import (
    ErreurCms,
    MauvaisDestinataire,
    PasUnCms,
    TropGros,
    content_algorithm,
    decompress,
    kind,
    open_with,
)
from norms.codec.erreurs import quote
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.contexte import Contexte

GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class Ouverture:
    """What came out of an attachment; ``fichier`` is None when a layer could not be taken off."""

    fichier: bytes | None = None
    chiffre: bool = False
    compresse: bool = False
    anomalies: list[Anomalie] = field(default_factory=list)


def open_attachment(ctx: Contexte, octets: bytes, *, chiffre: bool, compresse: bool) -> Ouverture:
    """Opens an attachment; ``chiffre`` and ``compresse`` are what Content-Description announces. Never raises."""
    sortie = Ouverture()
    clair = _decrypt(ctx, octets, chiffre, sortie)
    if clair is not None:
        sortie.fichier = _expand(ctx, clair, compresse, sortie)
    return sortie


def _note(ctx: Contexte, sortie: Ouverture, code: str, attendu: str, constate: str) -> None:
    sortie.anomalies.append(ctx.catalogue.anomalie(code, attendu, constate))


def _kind(octets: bytes) -> str:
    try:
        return kind(octets)
    except ErreurCms:
        return ""


def _decrypt(ctx: Contexte, octets: bytes, annonce: bool, sortie: Ouverture) -> bytes | None:
    nature = _kind(octets)
    if nature != "enveloped_data":
        if octets.startswith((b"000", GZIP)) or nature == "compressed_data":
            _note(ctx, sortie, "CHIFFREMENT_ABSENT", "une enveloppe chiffrée", quote(octets[:40]))
            return octets
        if annonce:
            _note(ctx, sortie, "CHIFFREMENT_ILLISIBLE", "une enveloppe chiffrée", quote(octets[:40]))
        else:
            _note(ctx, sortie, "CHIFFREMENT_ABSENT", "une enveloppe chiffrée", quote(octets[:40]))
        return None
    sortie.chiffre = True
    if not annonce:
        _note(ctx, sortie, "CHIFFREMENT_NON_ANNONCE", "FACTURE/SV/K ou FACTURE/SV/ZK", "l'indicateur K absent")
    identites = ctx.confiance.identites_piece_jointe(ctx.organisme.numero)
    try:
        algorithme = content_algorithm(octets)
        if algorithme not in ctx.regles.chiffrements:
            admis = ", ".join(sorted(ctx.regles.chiffrements))
            _note(ctx, sortie, "CHIFFREMENT_ALGORITHME", f"l'un de {admis}", algorithme)
        clair, certificat = open_with(octets, identites, max_octets=ctx.regles.max_fichier)
    except MauvaisDestinataire as exc:
        _note(ctx, sortie, "CHIFFREMENT_DESTINATAIRE", f"le certificat de {ctx.organisme.adresse}", str(exc))
        return None
    except TropGros as exc:
        _note(ctx, sortie, "FICHIER_TROP_GROS", f"{ctx.regles.max_fichier} octets au plus", str(exc))
        return None
    except ErreurCms as exc:
        _note(ctx, sortie, "CHIFFREMENT_ILLISIBLE", "une enveloppe qui s'ouvre avec notre clé", str(exc))
        return None
    motif = ctx.confiance.refus(certificat, ctx.instant)
    if motif or est_perime(certificat, ctx.instant):
        _note(ctx, sortie, "CHIFFREMENT_CERTIFICAT_PERIME", "un certificat en cours de validité", motif)
    return clair


def _expand(ctx: Contexte, octets: bytes, annonce: bool, sortie: Ouverture) -> bytes | None:
    cms = octets[:1] == b"\x30" and _kind(octets) == "compressed_data"
    if not cms and not octets.startswith(GZIP):
        if annonce:
            _note(ctx, sortie, "COMPRESSION_ILLISIBLE", "des données compressées", quote(octets[:40]))
            return octets if octets.startswith(b"000") else None
        return octets
    sortie.compresse = True
    if not annonce:
        _note(ctx, sortie, "COMPRESSION_NON_ANNONCEE", "FACTURE/SV/ZK", "l'indicateur Z absent")
    maximum = ctx.regles.max_fichier
    try:
        return decompress(octets, max_octets=maximum) if cms else _gunzip(octets, maximum)
    except TropGros as exc:
        _note(ctx, sortie, "COMPRESSION_EXCESSIVE", f"{maximum} octets au plus", str(exc))
    except (ErreurCms, zlib.error) as exc:
        _note(ctx, sortie, "COMPRESSION_ILLISIBLE", "des données compressées entières", str(exc))
    return None


def _gunzip(octets: bytes, maximum: int) -> bytes:
    """A gzip member (public: RFC 1952), never expanded beyond ``maximum``. Raises TropGros, PasUnCms, zlib.error."""
    flux = zlib.decompressobj(wbits=31)
    clair = flux.decompress(octets, maximum + 1)
    if len(clair) > maximum:
        raise TropGros(f"plus de {maximum} octets une fois développés")
    if not flux.eof or flux.unused_data:
        raise PasUnCms("membre gzip incomplet, ou suivi d'autres octets")
    return clair
