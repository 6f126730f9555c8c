"""Sending the files that wait; what can't leave goes on waiting, what has left never leaves twice (cdc §4.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from norms.contrat.adaptateur import MessageEnvoye
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.contrat.ports import Horloge
from reference.ecran import Ecran
from reference.erreurs import MessageRefuse, Refus, ReseauIndisponible
from reference.flux.certificats import CertificatsPieceJointe
from reference.flux.messages import CompositionMessage, MessageCompose
from reference.ports import Emission
from reference.store import Base, Factures, FichierConserve, Fichiers, LotConserve, Lots
from reference.store import factures as etats_facture
from reference.store import fichiers as etats_fichier
from reference.store import lots as etats_lot


def attend_un_arl(lot: LotConserve) -> bool:
    """The table of cdc §3.5: every lot but those of degraded FSE (SV-3.5-14)."""
    return not (lot.type == TypeFacture.FSE and lot.mode == ModeSecurisation.DEGRADE)


@dataclass
class Transmission:
    """Sends files one by one, each in its own message."""

    emission: Emission
    composition: CompositionMessage
    certificats: CertificatsPieceJointe
    base: Base
    fichiers: Fichiers
    lots: Lots
    factures: Factures
    ecran: Ecran
    horloge: Horloge
    attend_un_arl: Callable[[LotConserve], bool] = attend_un_arl
    envoyer_un: Callable[[FichierConserve], MessageEnvoye] = field(init=False)

    def __post_init__(self) -> None:
        self.envoyer_un = self._envoyer

    def envoyer(self) -> tuple[MessageEnvoye, ...]:
        """Sends every waiting file; a network breakdown postpones the rest (SV-3.4.1.2-07)."""
        attente = self.fichiers.tous(etats_fichier.A_TRANSMETTRE)
        if not attente:
            self.ecran.informer("Aucun fichier n'attend d'être transmis")
        return tuple(self.envoyer_un(f) for f in attente)

    def _envoyer(self, fichier: FichierConserve) -> MessageEnvoye:
        try:
            certificat = self.certificats.choisir(fichier.adresse)
        except Refus as exc:
            self.ecran.refuser(f"Fichier {fichier.numero} non transmis : {exc.motif}")
            return rapport(fichier, "", "reporte", exc.motif)
        message = self.composition.composer(fichier, certificat)
        try:
            detail = self.emission.envoyer(
                message.octets, message.expediteur, message.destinataire, message.identifiant
            )
        except ReseauIndisponible as exc:
            self.ecran.alerter(f"Fichier {fichier.numero} à transmettre plus tard : {exc}")
            return rapport(fichier, message.sujet, "reporte", str(exc))
        except MessageRefuse as exc:
            self.ecran.refuser(f"Fichier {fichier.numero} refusé par le réseau, gardé sur le poste : {exc}")
            return rapport(fichier, message.sujet, "refuse", str(exc))
        self._prendre_acte(fichier, message, detail)
        self.ecran.informer(f"Fichier {fichier.numero} transmis à {fichier.adresse}, sujet {message.sujet}")
        return rapport(fichier, message.sujet, "accepte", detail)

    def _prendre_acte(self, fichier: FichierConserve, message: MessageCompose, detail: str) -> None:
        """SV-4.2.4-08: file, lots and invoices have left; lots of degraded FSE are archived (SV-4.2.3.2-09)."""
        with self.base.transaction():
            self.fichiers.changer_statut(fichier.id, etats_fichier.TRANSMIS)
            self.fichiers.noter_message(
                fichier.id,
                sujet=message.sujet,
                destinataire=message.destinataire,
                instant=self.horloge.now().isoformat(),
                statut="accepte",
                detail=detail,
            )
            for lot in self.lots.par_ids(fichier.lots):
                attendu = self.attend_un_arl(lot)
                self.lots.changer_statut([lot.id], etats_lot.TRANSMIS if attendu else etats_lot.ARCHIVE)
                self.factures.changer_statut(
                    (f.id for f in self.factures.du_lot(lot.id)),
                    etats_facture.TRANSMISE if attendu else etats_facture.ARCHIVEE,
                )


def rapport(fichier: FichierConserve, sujet: str, statut: str, detail: str) -> MessageEnvoye:
    """What became of the sending of a file."""
    return MessageEnvoye.model_validate(
        {
            "sujet": sujet,
            "destinataire": fichier.adresse,
            "fichier": fichier.numero,
            "statut": statut,
            "detail": detail,
        }
    )
