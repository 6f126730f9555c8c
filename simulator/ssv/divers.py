"""TraduireARL, LireConfig and the directory of certificates: what needs neither card nor invoice."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from norms.arl import Arl, CodecArl
from norms.codec import ErreurEnregistrement
from norms.contrat.ports import PARIS
from norms.contrat.services import (
    AnnuaireCertificats,
    CertificatPublie,
    CrlPubliee,
    GroupeDonnees,
    RetourGroupes,
    TraduireArl,
    Vide,
)
from simulator.ssv.contexte import Contexte
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import decode_base64

ROLES_PUBLIES = ("chiffrement_piece_jointe",)
NIVEAUX_PUBLIES = ("racine", "donnees", "piece_jointe")
GROUPE_ARL = 15


@dataclass(frozen=True, slots=True)
class Divers:
    """TraduireARL, LireConfig, annuaire. ``variantes_publiees``: variants of the PKI that the directory gives."""

    contexte: Contexte
    variantes_publiees: tuple[str, ...] = ("valide",)

    def traduire_arl(self, params: TraduireArl) -> RetourGroupes:
        """One group 15 per acknowledgement of the file (cdc §4.2.2.1). Raises RefusSsv."""
        octets = decode_base64(params.fichier, "fichier d'ARL", "arl_illisible")
        try:
            fichier = CodecArl(self.contexte.pack).lire(octets)
        except ErreurEnregistrement as exc:
            raise RefusSsv("arl_illisible", f"fichier d'ARL : {exc}") from exc
        return RetourGroupes(groupes=tuple(self._group(a) for a in fichier.arls))

    def _group(self, arl: Arl) -> GroupeDonnees:
        groupe = self.contexte.catalogue.creer(
            GROUPE_ARL,
            reference_lot=arl.reference_lot,
            date_lot=f"{arl.date_lot:%Y%m%d}",
            type_facture=arl.type_facture,
            numero_ps=arl.numero_ps,
            sens="P" if arl.positif else "N",
            code=arl.code,
            libelle=arl.libelle,
            numero_facture=arl.numero_facture,
            date_arl=f"{arl.date_arl:%Y%m%d}",
        )
        return GroupeDonnees(groupe=groupe.id, champs=groupe.champs)

    def lire_config(self, params: Vide) -> RetourGroupes:
        """Groups 60 to 64: the fictitious components of the workstation."""
        horodatage = self.contexte.horloge.now().astimezone(PARIS).strftime("%Y%m%d%H%M%S")
        return RetourGroupes(
            groupes=tuple(
                GroupeDonnees(
                    groupe=int(g["groupe"]),
                    champs=tuple(horodatage if c == "~horodatage" else c for c in g["champs"]),
                )
                for g in self.contexte.donnees.config["groupes"]
            )
        )

    def certificats(self, params: Vide) -> AnnuaireCertificats:
        """Certificates to encrypt attachments with, authorities from the root, revocation lists (cdc §3.2.9.4)."""
        pki = self.contexte.pki
        publies = pki.publications(ROLES_PUBLIES, self.variantes_publiees)
        return AnnuaireCertificats(
            certificats=tuple(
                CertificatPublie(usage=p.role, porteur=p.porteur.nom, adresse=p.porteur.adresse, pem=_pem(p.certificat))
                for p in publies
                if p.porteur.adresse
            ),
            autorites=tuple(_pem(a) for a in pki.autorites()),
            crl=tuple(CrlPubliee(niveau=n, der=base64.b64encode(pki.crl(n)).decode("ascii")) for n in NIVEAUX_PUBLIES),
        )


def _pem(certificat: x509.Certificate) -> str:
    return certificat.public_bytes(Encoding.PEM).decode("ascii")
