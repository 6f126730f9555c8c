"""Claims to the CESI: which invoices, reports, sending, what comes back (cdc §2.2.4.3; annex 1-B0 isn't public)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from datetime import date
from typing import Literal

from norms import reclamation as norme
from norms.calendrier import Calendrier
from norms.contrat.adaptateur import MessageEnvoye
from norms.contrat.base import TypeFacture
from norms.contrat.ports import Horloge
from reference.ecran import Ecran
from reference.erreurs import MessageRefuse, Refus, ReseauIndisponible
from reference.flux.courriel import CompositionRapports
from reference.ports import Emission
from reference.session import Session
from reference.store import Base, Compteurs, FactureConservee, Factures, Fichiers, Lots, Rapports, RetourConserve
from reference.store import factures as etats_facture
from reference.store import rapports as etats
from reference.suivi.courrier import AR_RECLAMATION, NON_REMISE, SERVICE, SERVICE_RECLAMATION, Courrier

RAPPORT = "rapport"
Etat = Literal["rejete", "anomalie", "en_cours"]
EN_COURS = (etats_facture.TRANSMISE, etats_facture.ACQUITTEE)


def etat_de(facture: FactureConservee) -> Etat | None:
    """What a claim could say of an invoice; None when there is nothing to claim.

    « En anomalie »: its lot was refused, or it is paid with a remark or less than asked.
    """
    if facture.statut == etats_facture.REJETEE:
        return "rejete"
    if facture.statut == etats_facture.LOT_REJETE or (facture.statut == etats_facture.PAYEE and facture.motif_rejet):
        return "anomalie"
    return "en_cours" if facture.statut in EN_COURS else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice that may give rise to a claim, and whether it may today."""

    facture: FactureConservee
    etat: Etat
    reclamable: bool


@dataclass
class Reclamations:
    """Makes and sends claim reports; follows what comes back about them."""

    base: Base
    factures: Factures
    lots: Lots
    fichiers: Fichiers
    rapports: Rapports
    compteurs: Compteurs
    session: Session
    emission: Emission
    composition: CompositionRapports
    ecran: Ecran
    horloge: Horloge
    calendrier: Calendrier
    delai: int
    adresse: str
    envoye_le: Callable[[FactureConservee], date | None]
    suite_service: Callable[[Courrier], tuple[RetourConserve, ...]]
    suite_non_remise: Callable[[Courrier], tuple[RetourConserve, ...]]
    etat_de: Callable[[FactureConservee], Etat | None] = etat_de
    accuser: Callable[[str, str], None] = field(init=False)

    def __post_init__(self) -> None:
        self.accuser = self.rapports.changer_statut

    def candidates(self) -> tuple[Candidate, ...]:
        """Every invoice rejected, at fault, or without news (SV-2.2.4.3-01 to -04)."""
        return tuple(c for f in self.factures.toutes() if (c := self._candidate(f)) is not None)

    def _candidate(self, facture: FactureConservee) -> Candidate | None:
        etat = None if facture.annulation else self.etat_de(facture)
        if etat is None:
            return None
        if etat != "en_cours":
            return Candidate(facture, etat, reclamable=True)
        envoi = self.envoye_le(facture)
        attente = self.calendrier.jours_ouvres_entre(envoi, self.horloge.now().date()) if envoi else 0
        return Candidate(facture, etat, reclamable=attente >= self.delai)

    def creer(self, numero: str, type_: TypeFacture | None) -> None:
        """Makes the report of an invoice. Raises Refus."""
        visees = [c for c in self.candidates() if c.facture.numero == numero and type_ in (None, c.facture.type)]
        if not visees:
            raise Refus(f"facture {numero[:20]} : ni rejetée, ni en anomalie, ni en cours ; rien à réclamer")
        possibles = [c for c in visees if c.reclamable]
        if not possibles:
            raise Refus(f"facture {numero} en cours depuis moins de {self.delai} jours ouvrés ; attendre pour réclamer")
        deja = {(r.facture, r.etat) for r in self.rapports.tous()}
        nouvelles = [c for c in possibles if (c.facture.id, c.etat) not in deja]
        if not nouvelles:
            raise Refus(f"facture {numero} déjà réclamée")
        _, situation = self.session.exiger_ps()
        with self.base.transaction():
            for c in nouvelles:
                f = c.facture
                identifiant = f"{self.compteurs.avancer(RAPPORT):06d}"
                rapport = norme.Rapport(
                    numero=identifiant,
                    numero_ps=situation.numero_facturation + situation.cle_facturation,
                    facture=f.numero,
                    type=f.type,
                    lot=f.lot,
                    date=f.date_elaboration,
                    montant=str(f.totaux.total),
                    etat=c.etat,
                    motif=f.motif_rejet,
                )
                contenu = json.dumps(astuple(rapport), ensure_ascii=False).encode("utf-8")
                self.rapports.enregistrer(identifiant, f.id, c.etat, contenu)
                self.ecran.informer(f"Rapport de réclamation {identifiant} créé pour {f.type} {f.numero} ({c.etat})")

    def transmettre(self) -> tuple[MessageEnvoye, ...]:
        """Sends the reports that wait in one message (SV-2.2.4.3-05). Raises Refus."""
        attente = self.rapports.tous(etats.A_TRANSMETTRE)
        if not attente:
            self.ecran.informer("Aucun rapport de réclamation n'attend d'être transmis")
            return ()
        if not self.adresse:
            raise Refus("adresse de l'infrastructure des réclamations non paramétrée ; renseigner adresse_reclamations")
        lus = [norme.Rapport(*json.loads(r.contenu)) for r in attente]
        message = self.composition.composer(norme.ecrire(lus), self.adresse, lus[0].numero_ps, len(lus))
        statut, detail = "accepte", ""
        try:
            detail = self.emission.envoyer(
                message.octets, message.expediteur, message.destinataire, message.identifiant
            )
        except ReseauIndisponible as exc:
            statut, detail = "reporte", str(exc)
            self.ecran.alerter(f"Rapports de réclamation à transmettre plus tard : {exc}")
        except MessageRefuse as exc:
            statut, detail = "refuse", str(exc)
            self.ecran.refuser(f"Rapports de réclamation refusés par le réseau : {exc}")
        else:
            self.rapports.noter_envoi([r.numero for r in attente], message.sujet, self.horloge.now().isoformat())
            self.ecran.informer(f"{len(lus)} rapport(s) de réclamation transmis, sujet {message.sujet}")
        return (
            MessageEnvoye.model_validate(
                {
                    "sujet": message.sujet,
                    "destinataire": self.adresse,
                    "fichier": "",
                    "statut": statut,
                    "detail": detail,
                }
            ),
        )

    # --- what comes back --------------------------------------------------------------------------------------
    def retour(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """An acknowledgement, a service message or a notice about reports; anything else goes its usual way."""
        rapports = self.rapports.du_message(courrier.sujet_origine)
        if not rapports and courrier.nature == NON_REMISE:
            return self.suite_non_remise(courrier)
        if not rapports and courrier.nature == SERVICE:
            return self.suite_service(courrier)
        numeros = ", ".join(r.numero for r in rapports) or "inconnus de ce poste"
        positif: bool | None = None
        if courrier.nature == AR_RECLAMATION:
            positif = True
            self.accuser(courrier.sujet_origine, etats.RECU)
            self.ecran.informer(f"Rapports de réclamation {numeros} reçus et transmis au CESI")
        elif courrier.nature == SERVICE_RECLAMATION:
            positif = False
            self.accuser(courrier.sujet_origine, etats.IRREGULIER)
            self.ecran.alerter(f"Rapports de réclamation {numeros} irréguliers : {courrier.texte}")
        elif courrier.nature == NON_REMISE:
            positif = False
            self.accuser(courrier.sujet_origine, etats.A_TRANSMETTRE)
            self.ecran.alerter(f"Rapports de réclamation {numeros} non remis, à transmettre de nouveau")
        else:
            self.ecran.alerter(f"{courrier.libelle.capitalize()}, rapports de réclamation {numeros} : {courrier.texte}")
        return (
            RetourConserve(
                SERVICE,
                f"{courrier.libelle}, rapports {numeros}"[:500],
                positif=positif,
                message_origine=courrier.sujet_origine,
                rapproche=bool(rapports),
            ),
        )
