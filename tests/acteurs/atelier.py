"""A workshop to spoil files: fields rewritten, records moved, signatures made again so that one fault shows alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.hashes import SHA256

from norms.b2 import CodecB2
from norms.b2.securite import (
    RSA_SHA256,
    SIGNATURE_LOT,
    SIGNATURE_PS,
    SIGNATURE_VITALE,
    octets_a_signer_facture,
    octets_a_signer_lot,
    segmenter,
)
from norms.codec import Enregistrement
from norms.codec.champ import Valeur
from norms.paquet import NormPack
from simulator.pki import TestPki

CODEC = CodecB2(NormPack.par_defaut())
CPS_MARTIN, VITALE_DURAND = "00000101", "800000000000000101"


@dataclass
class Atelier:
    """The records of a file, to be changed in place."""

    pki: TestPki
    enregistrements: list[bytes]
    cps: str = CPS_MARTIN
    vitale: str = VITALE_DURAND

    @classmethod
    def of(cls, pki: TestPki, fichier: bytes) -> Atelier:
        return cls(pki, [fichier[i : i + 128] for i in range(0, len(fichier), 128)])

    @property
    def brut(self) -> bytes:
        return b"".join(self.enregistrements)

    def places(self, type_: str) -> list[int]:
        """Where the records of a type are."""
        return [i for i, b in enumerate(self.enregistrements) if CODEC.identifier(b).type == type_]

    def set(self, type_: str, rang: int, **champs: Valeur) -> Atelier:
        """Rewrites fields of the ``rang``-th record of a type (from 0)."""
        i = self.places(type_)[rang]
        disposition = CODEC.disposition(type_)
        self.enregistrements[i] = disposition.patch(self.enregistrements[i], champs)
        return self

    def raw(self, type_: str, rang: int, colonne: int, octets: bytes) -> Atelier:
        """Overwrites bytes from a column (from 1)."""
        i = self.places(type_)[rang]
        b = self.enregistrements[i]
        self.enregistrements[i] = b[: colonne - 1] + octets + b[colonne - 1 + len(octets) :]
        return self

    def drop(self, type_: str, rang: int) -> Atelier:
        del self.enregistrements[self.places(type_)[rang]]
        return self

    # --- signatures -------------------------------------------------------------------------------------------
    def resign(self, *, vitale: bool = True, ps: bool = True, lot: bool = True) -> Atelier:
        """Signs invoices and lots again with the cards' keys; a signature not wanted is left out."""
        lus = [CODEC.decoder_enregistrement(b, i, strict=False) for i, b in enumerate(self.enregistrements, 1)]
        sortie: list[bytes] = []
        facture: list[Enregistrement] = []
        du_lot: list[Enregistrement] = []

        def close_invoice() -> None:
            if not facture:
                return
            signee = list(facture)
            for nature, cle, voulue in (
                (SIGNATURE_VITALE, self.pki.cle("vitale", self.vitale), vitale),
                (SIGNATURE_PS, self.pki.cle("cps_signature", self.cps), ps),
            ):
                if voulue:
                    brut = octets_a_signer_facture(signee, nature)
                    signee += self._segments(cle, nature, facture[0], "numero_facture", brut)
            du_lot.extend(signee)
            facture.clear()

        for e in lus:
            if e.type == "8" and e.texte("nature") in "VPL":
                continue
            if e.type in {"2", "6", "999"}:
                close_invoice()
            if e.type in {"000", "999"}:
                sortie.append(e.brut)
            elif e.type in {"1", "6"}:
                du_lot.append(e)
            else:
                facture.append(e)
            if e.type == "6":
                if lot:
                    cle = self.pki.cle("cps_signature", self.cps)
                    brut = octets_a_signer_lot(du_lot)
                    du_lot += self._segments(cle, SIGNATURE_LOT, du_lot[0], "numero_lot", brut)
                sortie += [x.brut for x in du_lot]
                du_lot.clear()
        self.enregistrements = sortie
        return self.recount()

    @staticmethod
    def _segments(cle: object, nature: str, porteur: Enregistrement, champ: str, brut: bytes) -> list[Enregistrement]:
        condensat = hashlib.sha256(brut).digest()
        signature = cle.sign(condensat, padding.PKCS1v15(), utils.Prehashed(SHA256()))  # type: ignore[attr-defined]
        textes = (porteur.texte("numero_ps"), porteur.texte(champ))
        return [CODEC.decoder_enregistrement(b) for b in segmenter(CODEC, nature, *textes, RSA_SHA256, signature)]

    def recount(self) -> Atelier:
        """Puts the right number of records into 999."""
        return self.set("999", 0, nombre_enregistrements=len(self.enregistrements))
