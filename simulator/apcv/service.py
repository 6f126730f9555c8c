"""Authentication of an ApCV user, context with its validity, signature of a hash (cdc §2.2.1.2.2).

The specification names these services and leaves their form to documents we don't have: messages, return codes and
validity are ours (``hypothese``). A context is what a phone gave once; it can't be renewed, only asked for again. It
identifies people and gives none of their rights: those come from ADR (``simulator.adr``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils

from norms.b2.securite import SIGNATURE_VITALE
from norms.contrat.base import Message
from norms.contrat.ports import PARIS
from norms.contrat.services import (
    AjouterSignature,
    CalculerEmpreinte,
    ContexteApcv,
    DemanderAuthentification,
    Empreinte,
    FactureMiseEnForme,
    IdentiteApcv,
    SignatureApcv,
    SignerEmpreinte,
)
from simulator.apcv.portefeuille import Portefeuille
from simulator.cards.modele import ImageVitale
from simulator.services.refus import SansReponse
from simulator.ssv.contexte import Contexte
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import check_step, decode_base64, encode_base64, read_facture
from simulator.ssv.lecture import Lecture
from simulator.ssv.signature import Signature, digest

#: Return codes of ours (``hypothese``).
ABSENTE, REFUSEE, EXPIREE, INCONNU, SIGNATURE_REFUSEE = "A101", "A102", "A103", "A104", "A105"


@dataclass(frozen=True, slots=True)
class _Contexte:
    image: ImageVitale
    fin: datetime


@dataclass
class Apcv:
    """The functions of the two services and of the SSV that go with them, for ``ServicesSsv``."""

    contexte: Contexte
    lecture: Lecture
    signature: Signature
    portefeuille: Portefeuille
    _ouverts: dict[str, _Contexte] = field(default_factory=dict)

    @property
    def fonctions(self) -> dict[str, Callable[[Any], Message]]:
        """Name of the registry -> function."""
        return {
            "apcv.demander_authentification": self.authentifier,
            "apcv.signer_empreinte": self.signer,
            "ssv.calculer_empreinte": self.calculer_empreinte,
            "ssv.ajouter_signature": self.ajouter_signature,
        }

    def authentifier(self, params: DemanderAuthentification) -> ContexteApcv:
        """Opens a context; the card of the PS must be there and open (cdc §4.2.1.1)."""
        with self.contexte.postes.operation(params.ressource_ps, "ps") as poste:
            self.lecture.read_ps(poste, params.code_porteur)
        p = self.portefeuille
        p.patienter()
        if p.defaut == "silence":
            raise SansReponse
        if p.image is None:
            raise RefusSsv(ABSENTE, "aucune ApCV présentée")
        if p.defaut == "refus":
            raise RefusSsv(REFUSEE, "authentification refusée par l'utilisateur de l'ApCV")
        fin = self._now() + p.validite
        identifiant = f"CTX{len(self._ouverts) + 1:06d}"
        self._ouverts[identifiant] = _Contexte(p.image, fin)
        a = p.image.assure
        return ContexteApcv(
            contexte=identifiant,
            fin_validite=fin.isoformat(),
            nir_assure=a.nir,
            cle_assure=a.cle,
            regime=a.regime,
            caisse=a.caisse,
            centre=a.centre,
            identites=tuple(
                IdentiteApcv(
                    nom=b.nom_usuel or b.nom_patronymique or "", prenom=b.prenom, naissance=b.naissance, rang=b.rang
                )
                for b in p.image.beneficiaires
            ),
        )

    def people(self, identifiant: str) -> ImageVitale:
        """The people of an open context, for ADR. Raises RefusSsv when it is unknown or expired."""
        return self._open(identifiant).image

    def calculer_empreinte(self, params: CalculerEmpreinte) -> Empreinte:
        """What the ApCV will sign: SHA-256 of the invoice as the card would have signed it."""
        facture = read_facture(self.contexte, decode_base64(params.facture, "facture"))
        check_step(self.contexte, facture, SIGNATURE_VITALE)
        return Empreinte(empreinte=digest(facture, SIGNATURE_VITALE).hex())

    def signer(self, params: SignerEmpreinte) -> SignatureApcv:
        """The signature of the hash, within the validity of the context."""
        p = self.portefeuille
        p.patienter()
        if p.defaut == "signature_muette":
            raise SansReponse
        if p.defaut == "signature_refusee":
            raise RefusSsv(SIGNATURE_REFUSEE, "signature refusée par le service ApCV")
        if p.defaut == "expire_a_la_signature":
            self._ouverts.pop(params.contexte, None)
            raise RefusSsv(EXPIREE, "contexte ApCV expiré pendant l'élaboration de la facture")
        ouvert = self._open(params.contexte)
        cle = self.contexte.pki.identite_vitale(ouvert.image.numero_serie).cle
        signature = cle.sign(bytes.fromhex(params.empreinte), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        return SignatureApcv(signature=encode_base64([signature]))

    def ajouter_signature(self, params: AjouterSignature) -> FactureMiseEnForme:
        """Places the signature in the invoice, where the card's would be."""
        facture = read_facture(self.contexte, decode_base64(params.facture, "facture"))
        check_step(self.contexte, facture, SIGNATURE_VITALE)
        return self.signature.placer(facture, SIGNATURE_VITALE, decode_base64(params.signature, "signature"))

    def _open(self, identifiant: str) -> _Contexte:
        ouvert = self._ouverts.get(identifiant)
        if ouvert is None:
            raise RefusSsv(INCONNU, "contexte ApCV inconnu")
        if self._now() > ouvert.fin:
            raise RefusSsv(EXPIREE, f"contexte ApCV expiré depuis {ouvert.fin:%H:%M}")
        return ouvert

    def _now(self) -> datetime:
        return self.contexte.horloge.now().astimezone(PARIS)
