"""Reading and using cards from the host's side, through any ``Connection``.

What is read comes back as the same records as the data files hold, with the raw bytes kept beside. The
program on the other side may be ours or a vendor's: only APDUs pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import BaseModel, ValidationError

from norms.certificats import issued_by
from simulator.cards import ber, hachage
from simulator.cards.apdu import ApduInvalide, CommandApdu, Reponse, Sw
from simulator.cards.cps3 import CODE_PORTEUR
from simulator.cards.erreurs import (
    AccesRefuse,
    CarteInvalide,
    CarteMuette,
    ErreurStatut,
    PinBloque,
    PinErrone,
    PinRequis,
)
from simulator.cards.fichiers import Acces
from simulator.cards.modele import ContenuCps, ContenuVitale, explain
from simulator.cards.profils import Profil, by_atr
from simulator.cards.zones import Zone, decode_zone
from simulator.readers.base import Connection

MAX_ECHANGES = 600  # bounds the loop on 61xx: a faulty card must not hold the program for ever
MORCEAU = 231  # E7: the size that CPS software reads at once
MAX_FICHIER = 32_768


@dataclass(frozen=True, slots=True)
class PreuvePs:
    """What shows a Vitale that a health professional is there: a certificate (DER) and a signature."""

    certificat: bytes
    signature: bytes


OuvrirDroits = Callable[[bytes], PreuvePs]  # from the SHA-256 hash to sign


@dataclass(frozen=True, slots=True)
class VitaleLue:
    """What was read on a Vitale. Without ``droits_lus`` the reserved zones (couverture) are missing."""

    contenu: ContenuVitale
    droits_lus: bool
    atr: bytes
    zones: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class CpsLue:
    """What was read on a health-professional card. Without ``situations_lues`` the code wasn't presented."""

    contenu: ContenuCps
    situations_lues: bool
    atr: bytes
    zones: Mapping[str, bytes]


# --- exchanges ------------------------------------------------------------------------------------------


def exchange(connection: Connection, apdu: CommandApdu) -> Reponse:
    """Sends a command and gathers the whole answer, whatever the protocol (61xx and 6Cxx are followed)."""
    reponse = _send(connection, apdu)
    if reponse.sw >> 8 == 0x6C:
        le = reponse.sw & 0xFF or 256
        reponse = _send(connection, CommandApdu(apdu.cla, apdu.ins, apdu.p1, apdu.p2, apdu.donnees, le))
    donnees = reponse.donnees
    for _ in range(MAX_ECHANGES):
        if reponse.sw >> 8 != 0x61:
            return Reponse(donnees, reponse.sw)
        reponse = _send(connection, CommandApdu(0, 0xC0, 0, 0, le=reponse.sw & 0xFF or 256))
        donnees += reponse.donnees
    raise CarteInvalide("la carte annonce sans fin une suite à sa réponse ; la remplacer")


def _send(connection: Connection, apdu: CommandApdu) -> Reponse:
    try:
        return Reponse.parse(connection.transmit(apdu.encode()))
    except ApduInvalide as exc:
        raise CarteMuette(connection.lecteur) from exc


def _expect(reponse: Reponse, operation: str) -> bytes:
    if reponse.sw == Sw.SECURITE:
        raise AccesRefuse(f"la carte refuse l'opération « {operation} » dans son état présent")
    if reponse.sw != Sw.OK:
        raise ErreurStatut(reponse.sw, operation)
    return reponse.donnees


def _profile(connection: Connection, famille: Literal["vitale", "cps"]) -> Profil:
    modele = by_atr(connection.atr)
    noms = {"vitale": "Vitale", "cps": "de professionnel de santé"}
    if modele is None:
        raise CarteInvalide(
            f"ATR {connection.atr.hex(' ').upper()} inconnu dans « {connection.lecteur} » ;"
            f" une carte {noms[famille]} est attendue, la carte est peut-être à l'envers"
        )
    if modele.famille != famille:
        raise CarteInvalide(
            f"« {connection.lecteur} » contient une carte {noms[modele.famille]} ;"
            f" une carte {noms[famille]} est attendue"
        )
    return modele


def _select_application(connection: Connection, modele: Profil, dossier: str) -> None:
    aid = modele.dossier(dossier).aid
    reponse = exchange(connection, CommandApdu(0, 0xA4, 0x04, 0x0C, aid))
    if reponse.sw != Sw.OK:
        raise CarteInvalide(f"l'application {aid.hex().upper()} manque sur la carte (état {reponse.sw:04X})")


def _read_file(connection: Connection, fid: int, *, libelle: str) -> bytes | None:
    """A whole file of the current directory, None when it doesn't exist. Raises AccesRefuse."""
    selection = exchange(connection, CommandApdu(0, 0xA4, 0x02, 0x0C, fid.to_bytes(2, "big")))
    if selection.sw == Sw.FICHIER_ABSENT:
        return None
    _expect(selection, f"sélection : {libelle}")
    contenu = b""
    while len(contenu) < MAX_FICHIER:
        p1, p2 = divmod(len(contenu), 256)
        reponse = exchange(connection, CommandApdu(0, 0xB0, p1, p2, le=MORCEAU))
        if reponse.sw == Sw.DEPLACEMENT and contenu:
            return contenu
        morceau = _expect(reponse, f"lecture : {libelle}")
        contenu += morceau
        if len(morceau) < MORCEAU:
            return contenu
    raise CarteInvalide(f"{libelle} : plus de {MAX_FICHIER} octets")


class _Releve:
    """Gathers zones read one by one into the nested record of the model."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.donnees: dict[str, Any] = {}
        self.brut: dict[str, bytes] = {}

    def read(self, zone: Zone) -> None:
        """Reads a zone, every file of it. Raises AccesRefuse, CarteInvalide."""
        connus = self.donnees.get(zone.par)
        nombre = zone.maximum if connus is None else min(len(connus), zone.maximum)
        for i in range(nombre if zone.par else 1):
            contenu = _read_file(self._connection, zone.fid + i, libelle=zone.intitule)
            if contenu is None:
                if connus is None:
                    return
                continue
            self.brut[f"{zone.nom}{i + 1}" if zone.par else zone.nom] = contenu
            self._store(zone, i, contenu)

    def _store(self, zone: Zone, indice: int, contenu: bytes) -> None:
        try:
            objet = decode_zone(zone, contenu)
        except ValueError as exc:  # TlvInvalide and UnicodeDecodeError are ones
            raise CarteInvalide(f"zone « {zone.intitule} » illisible : {exc}") from exc
        cible = self.donnees
        if zone.par:
            liste = self.donnees.setdefault(zone.par, [])
            while len(liste) <= indice:
                liste.append({})
            cible = liste[indice]
        if zone.racine:
            cible = cible.setdefault(zone.racine, {})
        cible.update(objet)


Contenu = TypeVar("Contenu", bound=BaseModel)


def _build(modele: type[Contenu], donnees: dict[str, Any]) -> Contenu:
    try:
        return modele.model_validate(donnees)
    except ValidationError as exc:
        raise CarteInvalide(f"contenu de la carte incohérent : {explain(exc)}") from exc


# --- Vitale -----------------------------------------------------------------------------------------------


def read_vitale(connection: Connection, *, ouvrir_droits: OuvrirDroits | None = None) -> VitaleLue:
    """Reads a Vitale card: the free zones, and the reserved ones when ``ouvrir_droits`` opens them.

    Source: cdc §2.2.1.2.1. Raises CarteInvalide, CarteMuette, CarteRetiree, and what ``ouvrir_droits`` raises.
    """
    modele = _profile(connection, "vitale")
    _select_application(connection, modele, "VITALE")
    releve = _Releve(connection)
    zones = [z for z in modele.zones if z.dossier == "VITALE" and not z.regroupe and z.nom in _ZONES_VITALE]
    for zone in zones:
        if zone.lecture is Acces.LIBRE:
            releve.read(zone)
    if ouvrir_droits is not None:
        _open_rights(connection, str(releve.donnees.get("numero_serie", "")), ouvrir_droits)
    droits_lus = True
    for zone in zones:
        if zone.lecture is not Acces.LIBRE:
            try:
                releve.read(zone)
            except AccesRefuse:
                droits_lus = False
    contenu = _build(ContenuVitale, {**releve.donnees, "profil": modele.profil})
    return VitaleLue(contenu, droits_lus, connection.atr, MappingProxyType(releve.brut))


_ZONES_VITALE = frozenset(
    {
        "administration", "famille", "services_famille", "etm_famille", "beneficiaire", "etm_beneficiaire",
        "nir_certifie", "services_beneficiaire", "mutuelle", "amc", "zone_commune", "transcard", "netlink", "at",
        "e111", "e112", "e128",
    }
)  # fmt: skip


def _open_rights(connection: Connection, numero_serie: str, ouvrir_droits: OuvrirDroits) -> None:
    """Opens the reserved zones (hypothese): certificate of the CPS, then signature of challenge and card number."""
    defi = _expect(exchange(connection, CommandApdu(0, 0x84, 0, 0, le=16)), "demande d'un défi")
    preuve = ouvrir_droits(hashlib.sha256(defi + numero_serie.encode("ascii")).digest())
    reponse = _chain(connection, CommandApdu(0, 0x2A, 0x00, 0xBE, preuve.certificat))
    if reponse.sw == Sw.OK:
        reponse = _chain(connection, CommandApdu(0, 0x82, 0, 0, preuve.signature))
    if reponse.sw not in (Sw.OK, Sw.SECURITE, Sw.REFERENCE_ABSENTE):
        raise ErreurStatut(reponse.sw, "ouverture des droits")


def _chain(connection: Connection, apdu: CommandApdu) -> Reponse:
    """Sends a command whose data may be longer than 255 bytes, in links (public: ISO/IEC 7816-4 §5.3.3)."""
    donnees = apdu.donnees
    while len(donnees) > 255:
        maillon = CommandApdu(apdu.cla | 0x10, apdu.ins, apdu.p1, apdu.p2, donnees[:255])
        reponse = exchange(connection, maillon)
        if reponse.sw != Sw.OK:
            return reponse
        donnees = donnees[255:]
    return exchange(connection, CommandApdu(apdu.cla, apdu.ins, apdu.p1, apdu.p2, donnees))


def authenticate_vitale(connection: Connection, defi: bytes, autorites: Sequence[x509.Certificate] = ()) -> None:
    """Has the Vitale prove that it holds the private key of its certificate, issued by one of ``autorites`` if given.

    hypothese: the real authentication isn't public. Raises CarteInvalide when the card isn't authentic.
    """
    modele = _profile(connection, "vitale")
    certificat = x509.load_der_x509_certificate(read_certificate(connection, "authentification"))
    crt = ber.encode(0x80, b"\x02") + ber.encode(0x84, bytes((modele.cle("authentification").reference,)))
    _expect(exchange(connection, CommandApdu(0, 0x22, 0x41, 0xA4, crt)), "choix de la clé d'authentification")
    info = hachage.SHA256.digest_info(hashlib.sha256(defi).digest())
    signature = _expect(exchange(connection, CommandApdu(0, 0x88, 0, 0, info)), "authentification interne")
    cle = certificat.public_key()
    try:
        if not isinstance(cle, RSAPublicKey) or (autorites and not any(issued_by(certificat, a) for a in autorites)):
            raise InvalidSignature
        cle.verify(signature, defi, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as exc:
        raise CarteInvalide(
            "carte Vitale non authentique : sa clé n'est pas celle de son certificat, ou son certificat est inconnu ;"
            " demander une autre carte"
        ) from exc


def sign_with_vitale(connection: Connection, condensat: bytes) -> bytes:
    """Has the Vitale sign a hash (20, 32, 48 or 64 bytes): RSA PKCS#1 v1.5 of its DigestInfo.

    Raises ValueError when ``condensat`` has another size, and ErreurCarte.
    """
    modele = _profile(connection, "vitale")
    _select_application(connection, modele, "VITALE")
    return _sign(connection, modele, condensat)


# --- CPS ----------------------------------------------------------------------------------------------------


def verify_code(connection: Connection, code_porteur: str) -> None:
    """Presents the holder's code. Raises PinRequis when it's empty, PinErrone, PinBloque."""
    if not code_porteur:
        raise PinRequis
    apdu = CommandApdu(0, 0x20, 0x00, CODE_PORTEUR, code_porteur.encode("utf-8"))
    sw = exchange(connection, apdu).sw
    if sw >> 4 == 0x63C:
        raise PinErrone(sw & 0x0F)
    if sw == Sw.BLOQUE:
        raise PinBloque
    if sw != Sw.OK:
        raise ErreurStatut(sw, "présentation du code porteur")


def read_cps(connection: Connection, code_porteur: str | None = None) -> CpsLue:
    """Reads a health-professional card; the situations need the holder's code, given now or before.

    Source: cdc §2.2.1.1. Raises PinErrone, PinBloque, CarteInvalide, CarteMuette, CarteRetiree.
    """
    modele = _profile(connection, "cps")
    _select_application(connection, modele, "CPS")
    if code_porteur is not None:
        verify_code(connection, code_porteur)
    releve = _Releve(connection)
    situations_lues = True
    for zone in modele.zones:
        try:
            releve.read(zone)
        except AccesRefuse:
            situations_lues = False
    contenu = _build(ContenuCps, {**releve.donnees, "profil": modele.profil})
    return CpsLue(contenu, situations_lues, connection.atr, MappingProxyType(releve.brut))


def sign_with_cps(connection: Connection, condensat: bytes, code_porteur: str | None = None) -> bytes:
    """Has the CPS sign a hash (20, 32, 48 or 64 bytes) with its signature key.

    Raises PinRequis, PinErrone, PinBloque, ValueError when ``condensat`` has another size, ErreurCarte.
    """
    modele = _profile(connection, "cps")
    _select_application(connection, modele, "CPS")
    if code_porteur is not None:
        verify_code(connection, code_porteur)
    return _sign(connection, modele, condensat)


def _sign(connection: Connection, modele: Profil, condensat: bytes) -> bytes:
    if hachage.by_size(len(condensat)) is None:
        raise ValueError(f"condensat de {len(condensat)} octets ; 20, 32, 48 ou 64 attendus")
    cle = modele.cle("signature")
    modele_crt = ber.encode(0x84, bytes((cle.reference,)))
    _expect(exchange(connection, CommandApdu(0, 0x22, 0x41, 0xB6, modele_crt)), "choix de la clé de signature")
    reponse = exchange(connection, CommandApdu(0, 0x2A, 0x9E, 0x9A, condensat))
    if reponse.sw == Sw.SECURITE and cle.acces is Acces.CODE_PORTEUR:
        raise PinRequis
    return _expect(reponse, "signature")


def authenticate_with_cps(connection: Connection, condensat: bytes, code_porteur: str | None = None) -> bytes:
    """Has the authentication key of the CPS sign a SHA-256 hash (INTERNAL AUTHENTICATE). Raises as signing does."""
    modele = _profile(connection, "cps")
    _select_application(connection, modele, "CPS")
    if code_porteur is not None:
        verify_code(connection, code_porteur)
    cle = modele.cle("authentification")
    crt = ber.encode(0x80, b"\x02") + ber.encode(0x84, bytes((cle.reference,)))
    _expect(exchange(connection, CommandApdu(0, 0x22, 0x41, 0xA4, crt)), "choix de la clé d'authentification")
    a_signer = hachage.SHA256.digest_info(condensat)
    reponse = exchange(connection, CommandApdu(0, 0x88, 0, 0, a_signer))
    if reponse.sw == Sw.SECURITE:
        raise PinRequis
    return _expect(reponse, "authentification interne")


def prove_with_cps(connection: Connection, code_porteur: str | None = None) -> OuvrirDroits:
    """What to give to ``read_vitale`` so that the CPS of this connection opens the reserved zones."""

    def prouver(condensat: bytes) -> PreuvePs:
        signature = authenticate_with_cps(connection, condensat, code_porteur)
        return PreuvePs(read_certificate(connection, "authentification"), signature)

    return prouver


def read_certificate(connection: Connection, nom: Literal["signature", "authentification"] = "signature") -> bytes:
    """The certificate (DER) of a key of the card. Raises CarteInvalide when the card has none."""
    modele = by_atr(connection.atr)
    if modele is None:
        raise CarteInvalide(f"ATR {connection.atr.hex(' ').upper()} inconnu ; insérer une carte Vitale ou CPS")
    fichier = modele.fichier(modele.cle(nom).certificat)
    _select_application(connection, modele, fichier.dossier)
    contenu = _read_file(connection, fichier.fid, libelle=fichier.intitule)
    if not contenu:
        raise CarteInvalide(f"la carte n'a pas de certificat pour sa clé de {nom}")
    return contenu
