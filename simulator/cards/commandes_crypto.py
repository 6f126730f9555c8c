"""Signatures and authentications: MSE, PSO, INTERNAL and EXTERNAL AUTHENTICATE, GET CHALLENGE.

The host may have a CPS sign in two ways: the IAS-ECC one (MSE, PSO HASH that the card finishes, PSO CDS
without data) and a plain one (PSO CDS with a hash or a DigestInfo as data). EXTERNAL AUTHENTICATE on a
Vitale is ours (hypothese: the real mutual authentication isn't public): the certificate of a CPS is
checked by PSO VERIFY CERTIFICATE, then a signature of the card's challenge opens the reserved files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from simulator.cards import ber, hachage
from simulator.cards.apdu import CommandApdu, Reponse, Sw
from simulator.cards.etat import CleCarte, Environnement, Session

CRT_AUTHENTIFICATION, CRT_CONDENSAT, CRT_SIGNATURE, CRT_CONFIDENTIALITE = 0xA4, 0xAA, 0xB6, 0xB8
ALGO_SHA1, ALGO_SHA256 = 0x10, 0x40  # high nibble of an IAS-ECC algorithm reference
TAILLE_DEFI = 16


class CommandesCrypto:
    """The commands that use keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def table(self) -> dict[int, Callable[[CommandApdu], Reponse]]:
        return {
            0x22: self.manage_environment,
            0x2A: self.perform,
            0x82: self.external_authenticate,
            0x84: self.get_challenge,
            0x88: self.internal_authenticate,
        }

    # --- MANAGE SECURITY ENVIRONMENT ----------------------------------------------------------------

    def manage_environment(self, apdu: CommandApdu) -> Reponse:
        if apdu.p1 == 0xF3:  # RESTORE
            self._session.volatil.environnements.clear()
            return Reponse()
        if apdu.p1 not in (0x41, 0x81) or apdu.p2 not in (
            CRT_AUTHENTIFICATION,
            CRT_CONDENSAT,
            CRT_SIGNATURE,
            CRT_CONFIDENTIALITE,
        ):
            return Reponse(sw=Sw.P1_P2)
        nouveau = Environnement()
        try:
            for objet in ber.parse(apdu.donnees):
                if objet.tag == 0x80 and len(objet.valeur) == 1:
                    nouveau = replace(nouveau, algorithme=objet.valeur[0])
                elif objet.tag in (0x83, 0x84) and len(objet.valeur) == 1:
                    nouveau = replace(nouveau, cle=objet.valeur[0] & 0x1F)
        except ber.TlvInvalide:
            return Reponse(sw=Sw.DONNEES_INCORRECTES)
        if nouveau.cle is not None and self._session.image.cles and nouveau.cle not in self._session.cles:
            return Reponse(sw=Sw.REFERENCE_ABSENTE)
        self._session.volatil.environnements[apdu.p2] = nouveau
        return Reponse()

    def _key(self, crt: int, usage: str) -> CleCarte | None:
        """The key chosen by MSE, else the card's first key made for this use."""
        reference = self._session.volatil.environnements.get(crt, Environnement()).cle
        if reference is not None:
            return self._session.cles.get(reference)
        return next((c for c in self._session.image.cles if c.usage == usage), None)

    # --- PERFORM SECURITY OPERATION -----------------------------------------------------------------

    def perform(self, apdu: CommandApdu) -> Reponse:
        operation = {
            (0x9E, 0x9A): self._compute_signature,
            (0x90, 0xA0): self._hash,
            (0x90, 0x80): self._hash_whole,
            (0x00, 0xBE): self._verify_certificate,
        }.get((apdu.p1, apdu.p2))
        return operation(apdu.donnees) if operation else Reponse(sw=Sw.P1_P2)

    def _hash_algorithm(self) -> hachage.Algorithme | None:
        env = self._session.volatil.environnements.get(CRT_CONDENSAT, Environnement(ALGO_SHA256))
        return {ALGO_SHA1: hachage.SHA1, ALGO_SHA256: hachage.SHA256}.get((env.algorithme or 0) & 0xF0)

    def _hash(self, donnees: bytes) -> Reponse:
        """PSO HASH of a message whose first blocks the host has hashed: 90 (state, bit counter), 80 (last block)."""
        algorithme = self._hash_algorithm()
        if algorithme is None:
            return Reponse(sw=Sw.CONDITIONS)
        try:
            objets = {o.tag: o.valeur for o in ber.parse(donnees)}
            partiel = objets.get(0x90, b"")
            if 0x80 not in objets and len(partiel) == algorithme.taille:
                condensat = partiel
            elif partiel and len(partiel) != algorithme.taille + 8:
                return Reponse(sw=Sw.DONNEES_INCORRECTES)
            else:
                bits = int.from_bytes(partiel[-8:], "big")
                condensat = hachage.finish(algorithme, partiel[:-8], bits, objets.get(0x80, b""))
        except ValueError:  # TlvInvalide is one
            return Reponse(sw=Sw.DONNEES_INCORRECTES)
        self._session.volatil.condensat = algorithme.digest_info(condensat)
        return Reponse()

    def _hash_whole(self, donnees: bytes) -> Reponse:
        algorithme = self._hash_algorithm()
        if algorithme is None:
            return Reponse(sw=Sw.CONDITIONS)
        self._session.volatil.condensat = algorithme.digest_info(hashlib.new(algorithme.nom, donnees).digest())
        return Reponse()

    def _compute_signature(self, donnees: bytes) -> Reponse:
        a_signer = self._session.volatil.condensat
        self._session.volatil.condensat = None
        if donnees:
            algorithme = hachage.by_size(len(donnees))
            a_signer = algorithme.digest_info(donnees) if algorithme else donnees
            if not any(a_signer.startswith(a.prefixe) for a in hachage.ALGORITHMES):
                return Reponse(sw=Sw.DONNEES_INCORRECTES)
        if a_signer is None:
            return Reponse(sw=Sw.CONDITIONS)
        return self._sign(self._key(CRT_SIGNATURE, "signature"), "signature", a_signer)

    # --- AUTHENTICATIONS ------------------------------------------------------------------------------

    def internal_authenticate(self, apdu: CommandApdu) -> Reponse:
        if apdu.p1 or apdu.p2 & 0x60:
            return Reponse(sw=Sw.P1_P2)
        if not apdu.donnees:
            return Reponse(sw=Sw.LONGUEUR)
        cle = self._key(CRT_AUTHENTIFICATION, "authentification")
        return self._sign(cle, "authentification", apdu.donnees)

    def _sign(self, cle: CleCarte | None, usage: str, a_signer: bytes) -> Reponse:
        if cle is None:
            return Reponse(sw=Sw.REFERENCE_ABSENTE)
        if cle.usage != usage:
            return Reponse(sw=Sw.CONDITIONS)
        if not self._session.allowed(cle.acces):
            return Reponse(sw=Sw.SECURITE)
        if len(a_signer) > cle.taille - 11:
            return Reponse(sw=Sw.DONNEES_INCORRECTES)
        return Reponse(sign_pkcs1(cle.cle, a_signer))

    def get_challenge(self, apdu: CommandApdu) -> Reponse:
        if apdu.p1 or apdu.p2 or apdu.donnees:
            return Reponse(sw=Sw.P1_P2)
        taille = min(apdu.le or TAILLE_DEFI, 256)
        if taille < 8:
            return Reponse(sw=Sw.LONGUEUR)
        # Le = 00 asks for "what there is": our challenge has 16 bytes.
        defi = self._session.alea(TAILLE_DEFI if taille == 256 else taille)
        self._session.volatil.defi = defi
        return Reponse(defi)

    def _verify_certificate(self, donnees: bytes) -> Reponse:
        """PSO VERIFY CERTIFICATE: keeps the public key of an X.509 certificate signed by a known authority."""
        self._session.volatil.cle_ps = None
        if not self._session.image.autorites_ps:
            return Reponse(sw=Sw.REFERENCE_ABSENTE)
        try:
            certificat = x509.load_der_x509_certificate(donnees)
            cle = certificat.public_key()
            hachage_signature = certificat.signature_hash_algorithm
        except (ValueError, UnsupportedAlgorithm):
            return Reponse(sw=Sw.DONNEES_INCORRECTES)
        if not isinstance(cle, RSAPublicKey) or hachage_signature is None:
            return Reponse(sw=Sw.DONNEES_INCORRECTES)
        for autorite in self._session.image.autorites_ps:
            try:
                autorite.verify(
                    certificat.signature,
                    certificat.tbs_certificate_bytes,
                    padding.PKCS1v15(),
                    hachage_signature,
                )
            except InvalidSignature:
                continue
            self._session.volatil.cle_ps = cle
            return Reponse()
        return Reponse(sw=Sw.SECURITE)

    def external_authenticate(self, apdu: CommandApdu) -> Reponse:
        """Checks the signature of the last challenge and of this card's number by the certified key."""
        volatil = self._session.volatil
        defi, volatil.defi = volatil.defi, None  # a challenge serves once
        if apdu.p1 or apdu.p2:
            return Reponse(sw=Sw.P1_P2)
        if defi is None or volatil.cle_ps is None:
            return Reponse(sw=Sw.CONDITIONS)
        condensat = hashlib.sha256(defi + self._session.image.numero_serie).digest()
        try:
            volatil.cle_ps.verify(apdu.donnees, condensat, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        except InvalidSignature:
            volatil.ps_authentifie = False
            return Reponse(sw=Sw.SECURITE)
        volatil.ps_authentifie = True
        return Reponse()


_HACHAGES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - the cards in use sign SHA-1 too
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def sign_pkcs1(cle: RSAPrivateKey, a_signer: bytes) -> bytes:
    """PKCS#1 v1.5 signature of bytes that already hold a DigestInfo (or anything short enough): deterministic."""
    for algorithme in hachage.ALGORITHMES:
        condensat = a_signer.removeprefix(algorithme.prefixe)
        if len(condensat) == algorithme.taille and len(condensat) < len(a_signer):
            return cle.sign(condensat, padding.PKCS1v15(), Prehashed(_HACHAGES[algorithme.nom]))
    # The library signs hashes only; an authentication may sign something else (public: RFC 8017 §8.2.1).
    taille = (cle.key_size + 7) // 8
    message = b"\0\1" + b"\xff" * (taille - 3 - len(a_signer)) + b"\0" + a_signer
    nombres = cle.private_numbers()
    m = int.from_bytes(message, "big")
    m1, m2 = pow(m, nombres.dmp1, nombres.p), pow(m, nombres.dmq1, nombres.q)
    h = (m1 - m2) * nombres.iqmp % nombres.p
    return (m2 + h * nombres.q).to_bytes(taille, "big")
