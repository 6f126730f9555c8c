"""Service messages, texts of concentrators, non-delivery reports, shown with the original message (cdc §3.3.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from norms.contrat.base import ModeSecurisation, TypeFacture
from reference.ecran import Ecran
from reference.store import Factures, FichierConserve, Fichiers, Lots, RetourConserve
from reference.store import factures as etats_facture
from reference.store import fichiers as etats_fichier
from reference.store import lots as etats_lot
from reference.suivi.courrier import ART, INCONNU, SERVICE, Courrier

ALERTE_AVIS = 2


@dataclass
class TraitementService:
    """What an insurer, the mail operator or a concentrator says of a message that we sent."""

    fichiers: Fichiers
    lots: Lots
    factures: Factures
    ecran: Ecran
    alerte_avis: int = ALERTE_AVIS
    presenter: Callable[[str], None] = field(init=False)
    remettre: Callable[[FichierConserve], None] = field(init=False)
    _avis: int = 0

    def __post_init__(self) -> None:
        self.presenter = self.ecran.alerter
        self.remettre = self._remettre_en_attente

    def service(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """SV-4.2.4-08: nature, text, and the original message found by its Subject (annexe5 §7.1.1, note 2)."""
        emis = self.fichiers.message(courrier.sujet_origine) if courrier.sujet_origine else None
        origine = (
            f"à propos du message {emis.sujet} du {emis.instant[:16]} à {emis.destinataire} (fichier {emis.fichier})"
            if emis
            else f"à propos d'un message inconnu de ce poste : {courrier.sujet_origine or courrier.sujet}"
        )
        self.presenter(f"{courrier.libelle.capitalize()} {origine} : {courrier.texte}")
        return (
            RetourConserve(
                SERVICE,
                f"{courrier.libelle} : {courrier.texte}"[:500],
                positif=False,
                message_origine=courrier.sujet_origine,
                rapproche=emis is not None,
            ),
        )

    def art(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """annexe5 §7.2: the text is at least shown."""
        self.presenter(f"Message d'un organisme concentrateur : {courrier.texte}")
        return (RetourConserve(ART, courrier.texte[:500], rapproche=False),)

    def non_remise(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """SV-3.4.1.2-08: the message is lost, the same data will leave again; several in a row deserve an alert."""
        emis = self.fichiers.message(courrier.sujet_origine)
        perdus = [f for f in self.fichiers.tous(etats_fichier.TRANSMIS) if emis and f.numero == emis.fichier]
        for fichier in perdus:
            self.remettre(fichier)
        suite = f" ; fichier {perdus[0].numero} à transmettre de nouveau" if perdus else ""
        self.presenter(f"Avis de non-remise du réseau pour le message {courrier.sujet_origine}{suite}")
        self._avis += 1
        if self._avis >= self.alerte_avis:
            self.presenter(f"{self._avis} avis de non-remise successifs : appeler l'opérateur de messagerie")
        return (
            RetourConserve(
                SERVICE,
                f"avis de non-remise{suite}",
                positif=False,
                message_origine=courrier.sujet_origine,
                rapproche=bool(perdus),
            ),
        )

    def inconnu(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """Kept and shown: nothing received is ever lost."""
        self.presenter(f"Message reçu non reconnu, gardé sur le poste : {courrier.libelle}, sujet « {courrier.sujet} »")
        return (RetourConserve(INCONNU, f"{courrier.libelle} : {courrier.sujet}"[:500], rapproche=False),)

    def fin_de_serie_d_avis(self) -> None:
        """Another kind of return ends a succession of non-delivery reports."""
        self._avis = 0

    def _remettre_en_attente(self, fichier: FichierConserve) -> None:
        self.fichiers.changer_statut(fichier.id, etats_fichier.A_TRANSMETTRE)
        for lot in self.lots.par_ids(fichier.lots):
            degrade = lot.type == TypeFacture.FSE and lot.mode == ModeSecurisation.DEGRADE
            if lot.statut == (etats_lot.ARCHIVE if degrade else etats_lot.TRANSMIS):
                self.lots.changer_statut([lot.id], etats_lot.A_TRANSMETTRE)
                self.factures.changer_statut((f.id for f in self.factures.du_lot(lot.id)), etats_facture.EN_LOT)
