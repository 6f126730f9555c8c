"""Security segments (records of type 8): signatures and encrypted data inside an invoice or a lot.

The real zones of the SSV are not public; these are ours (``hypothese``, see ``b2/type_8.yaml``). Contents travel in
base 64, 98 characters a record. In an invoice: encrypted data (C), the Vitale signature (V), the PS's (P). In a lot: L.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from norms.b2.codec import CodecB2
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.codec.champ import MASQUE
from norms.paquet import NormPack

TYPE = "8"
SEGMENT = 98
MAX_SEGMENTS = 999
RSA_SHA256 = "01"
ENVELOPPE_CMS = "02"
MAX_CLAIR = 1024 * 1024

#: What all segments of one content share.
_COMMUN = ("numero_ps", "nature", "reference", "algorithme", "nombre_segments")

SIGNATURE_VITALE, SIGNATURE_PS, DONNEES_CHIFFREES, SIGNATURE_LOT = "V", "P", "C", "L"


class ErreurSecurite(ValueError):
    """Security segments or clear data that cannot be put back together; the message says which and why."""


@dataclass(frozen=True, slots=True)
class BlocSecurite:
    """A content put back together from its segments; ``rangs``: their record numbers in the file."""

    nature: str
    numero_ps: str
    reference: str
    algorithme: str
    octets: bytes
    rangs: tuple[int, ...] = ()


# --- segments -------------------------------------------------------------------------------------------
def segmenter(  # noqa: PLR0917 - the columns of the record, in order
    codec: CodecB2, nature: str, numero_ps: str, reference: str, algorithme: str, octets: bytes
) -> list[bytes]:
    """Cuts a content into records of type 8. Raises ErreurSecurite when it needs more than 999 of them."""
    texte = base64.b64encode(octets).decode("ascii")
    morceaux = [texte[i : i + SEGMENT] for i in range(0, len(texte), SEGMENT)]
    if not morceaux or len(morceaux) > MAX_SEGMENTS:
        maximum = MAX_SEGMENTS * SEGMENT * 3 // 4
        raise ErreurSecurite(f"contenu de nature {nature} de {len(octets)} octets ; attendu de 1 à {maximum} octets")
    commun = codec.encoder(
        TYPE,
        {
            "numero_ps": numero_ps,
            "nature": nature,
            "reference": reference,
            "rang_segment": 1,
            "nombre_segments": len(morceaux),
            "algorithme": algorithme,
            "segment": "",
        },
    )
    # The ranks and the segments are written straight into their columns: a record costs two slices, not an encoding.
    disposition = codec.disposition(TYPE)
    rang, segment = disposition.champ("rang_segment"), disposition.champ("segment")
    avant, entre = commun[: rang.debut - 1], commun[rang.fin : segment.debut - 1]
    apres = commun[segment.fin :]
    return [
        avant + f"{i:0{rang.longueur}d}".encode() + entre + m.ljust(segment.longueur).encode("ascii") + apres
        for i, m in enumerate(morceaux, start=1)
    ]


def assembler(enregistrements: Sequence[Enregistrement]) -> BlocSecurite:
    """Puts the segments of one content back together. Raises ErreurEnregistrement when one is missing or altered."""
    if not enregistrements:
        raise ErreurSecurite("aucun segment de sécurité à assembler ; attendu au moins un enregistrement de type 8")
    premier = enregistrements[0]
    total = premier.entier("nombre_segments")
    rang, segment = (_slice(premier, nom) for nom in ("rang_segment", "segment"))
    avant, entre = slice(0, rang.start), slice(rang.stop, segment.start)
    debut, suite = premier.brut[avant], premier.brut[entre]
    segments = [e.brut[segment].rstrip(b" ") for e in enregistrements]
    for i, e in enumerate(enregistrements, start=1):
        if e.brut[avant] != debut or e.brut[entre] != suite:
            for nom in _COMMUN:
                if e.brut[_slice(e, nom)] != premier.brut[_slice(e, nom)]:
                    raise _fault(e, nom, f"« {premier.texte(nom)} » comme au premier segment", f"« {e.texte(nom)} »")
        if e.brut[rang].lstrip(b"0") != b"%d" % i:
            raise _fault(e, "rang_segment", f"le segment {i} sur {total}", f"le segment {e.entier('rang_segment')}")
        if i < len(enregistrements) and len(segments[i - 1]) != SEGMENT:
            raise _fault(e, "segment", f"{SEGMENT} caractères", f"{len(segments[i - 1])} caractères")
    if len(enregistrements) != total:
        raise _fault(premier, "nombre_segments", f"{total} segments", f"{len(enregistrements)} segments")
    texte = b"".join(segments)
    try:
        octets = base64.b64decode(texte, validate=True)
    except binascii.Error:
        octets = b""
    if not octets or base64.b64encode(octets) != texte:
        raise _fault(premier, "segment", "un contenu en base 64", "un texte qui n'en est pas")
    return BlocSecurite(
        premier.texte("nature"),
        premier.texte("numero_ps"),
        premier.texte("reference"),
        premier.texte("algorithme"),
        octets,
        tuple(e.rang for e in enregistrements),
    )


def _slice(e: Enregistrement, nom: str) -> slice:
    c = e.disposition.champ(nom)
    return slice(c.debut - 1, c.fin)


def lire_blocs(enregistrements: Iterable[Enregistrement]) -> list[BlocSecurite]:
    """All contents found among records, in order, other types passed over. Raises ErreurEnregistrement."""
    paquets: list[list[Enregistrement]] = []
    for e in enregistrements:
        if e.type != TYPE:
            continue
        if not paquets or e.brut[_slice(e, "rang_segment")].lstrip(b"0") == b"1":
            paquets.append([])
        paquets[-1].append(e)
    return [assembler(p) for p in paquets]


def _fault(e: Enregistrement, nom: str, attendu: str, constate: str) -> ErreurEnregistrement:
    c = e.disposition.champ(nom)
    return ErreurEnregistrement(
        rang=e.rang,
        type_=e.type,
        champ=nom,
        libelle=c.libelle,
        colonnes=c.colonnes,
        attendu=attendu,
        constate=constate,
        offset=e.offset,
    )


# --- what is signed -------------------------------------------------------------------------------------
def octets_a_signer_facture(enregistrements: Iterable[Enregistrement], nature: str = SIGNATURE_VITALE) -> bytes:
    """The bytes of an invoice that a signature covers.

    Nature V (Vitale, first): all records but the segments V and P. Nature P (PS, second): all but the segments P,
    so the PS's signature covers the holder's. Encrypted segments C are covered by both.
    """
    exclues = {SIGNATURE_PS} if nature == SIGNATURE_PS else {SIGNATURE_PS, SIGNATURE_VITALE}
    return _bytes_without(enregistrements, exclues)


def octets_a_signer_lot(enregistrements: Iterable[Enregistrement]) -> bytes:
    """The bytes of a lot that its signature covers: all its records but the segments L."""
    return _bytes_without(enregistrements, {SIGNATURE_LOT})


def _bytes_without(enregistrements: Iterable[Enregistrement], natures: set[str]) -> bytes:
    return b"".join(e.brut for e in enregistrements if e.type != TYPE or e.texte("nature") not in natures)


# --- sensitive data -------------------------------------------------------------------------------------
def champs_sensibles(pack: NormPack) -> dict[str, tuple[str, ...]]:
    """Record type -> names of the fields to mask and encrypt (``ssv/donnees_sensibles.yaml``)."""
    return pack.memo("champs_sensibles", lambda: _load_sensitive(pack))


def _load_sensitive(pack: NormPack) -> dict[str, tuple[str, ...]]:
    document = pack.charger("ssv/donnees_sensibles.yaml")
    dispositions = CodecB2(pack).dispositions
    trouves: dict[str, tuple[str, ...]] = {}
    for i, entree in enumerate(document.donnees["champs"]):
        type_, nom = entree["type"], entree["nom"]
        champ = dispositions[type_].par_nom.get(nom) if type_ in dispositions else None
        if champ is None or not champ.masquable:
            raise document.erreur(
                ("champs", i), f"type {type_}, champ « {nom} » : inconnu, ou non « masquable » dans sa disposition"
            )
        trouves[type_] = (*trouves.get(type_, ()), nom)
    return trouves


def masquer(pack: NormPack, enregistrements: Sequence[Enregistrement]) -> tuple[list[Enregistrement], bytes]:
    """Masks the sensitive fields of an invoice; gives the masked records and the clear data to encrypt (ASCII JSON)."""
    sensibles = champs_sensibles(pack)
    masques: list[Enregistrement] = []
    clair: list[list[str | int]] = []
    for i, e in enumerate(enregistrements):
        noms = sensibles.get(e.type, ())
        brut = bytearray(e.brut)
        for nom in noms:
            c = e.disposition.champ(nom)
            clair.append([i, e.type, nom, e.brut[c.debut - 1 : c.fin].decode("ascii")])
            brut[c.debut - 1 : c.fin] = MASQUE.encode("ascii") * c.longueur
        masques.append(Enregistrement(e.disposition, bytes(brut), e.rang, e.offset) if noms else e)
    return masques, json.dumps({"version": 1, "champs": clair}, separators=(",", ":"), sort_keys=True).encode("ascii")


def demasquer(pack: NormPack, enregistrements: Sequence[Enregistrement], clair: bytes) -> list[Enregistrement]:
    """Puts clear data back into the masked records of an invoice (security segments may follow, they are kept).

    Raises ErreurSecurite when the data don't match the masked fields, ErreurEnregistrement when a record is unsound.
    """
    sensibles = champs_sensibles(pack)
    valeurs = _read_clear(clair)
    sortie: list[Enregistrement] = []
    for i, e in enumerate(enregistrements):
        noms = sensibles.get(e.type, ())
        brut = bytearray(e.brut)
        for nom in noms:
            texte = valeurs.pop((i, e.type, nom), None)
            c = e.disposition.champ(nom)
            if texte is None or len(texte) != c.longueur or not e.est_masque(nom):
                etat = "absent des données chiffrées" if texte is None else "de mauvaise longueur ou non masqué"
                raise ErreurSecurite(
                    f"enregistrement {e.rang or i + 1}, type {e.type}, champ « {nom} », "
                    f"colonnes {c.debut}-{c.fin} : {etat}"
                )
            brut[c.debut - 1 : c.fin] = texte.encode("ascii")
        if noms and (fautes := e.disposition.faults(bytes(brut), e.rang or i + 1, e.offset)):
            raise fautes[0]
        sortie.append(Enregistrement(e.disposition, bytes(brut), e.rang, e.offset) if noms else e)
    if valeurs:
        i, type_, nom = next(iter(valeurs))
        raise ErreurSecurite(f"données chiffrées : champ « {nom} » du type {type_}, rang {i + 1}, absent de la facture")
    return sortie


def _read_clear(clair: bytes) -> dict[tuple[int, str, str], str]:
    if len(clair) > MAX_CLAIR:
        raise ErreurSecurite(f"données chiffrées de {len(clair)} octets ; {MAX_CLAIR} au plus sont acceptés")
    try:
        donnees: Any = json.loads(clair.decode("ascii"))
        version, entrees = donnees["version"], donnees["champs"]
        valeurs = {(int(i), str(t), str(n)): str(v) for i, t, n, v in entrees}
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ErreurSecurite("données chiffrées illisibles : attendu un objet JSON « version », « champs »") from exc
    if version != 1 or not all(v.isascii() for v in valeurs.values()):
        raise ErreurSecurite("données chiffrées : attendu la version 1 et des textes ASCII")
    return valeurs
