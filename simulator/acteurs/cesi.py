"""The infrastructure that takes claim reports in for the CESI: checks, acknowledges or points out (cdc §2.2.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from norms.paquet import NormPack
from norms.reclamation import ErreurReclamation, Rapport, lire
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.reception import profiles
from simulator.acteurs.retour import Annonce, Facteur
from simulator.evenements import Nature
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.message import analyser
from simulator.messagerie.retours import Composteur, build_service

PROFIL = "rapport_reclamation"
MAX_MESSAGE = 8 * 1024 * 1024


class Cesi:
    """Answers each message of reports: an acknowledgement when it is regular, a service message otherwise."""

    def __init__(
        self,
        organisme: Organisme,
        *,
        pack: NormPack,
        facteur: Facteur,
        emettre: Callable[[Nature, Mapping[str, Any]], None],
    ) -> None:
        self.organisme, self._pack, self._facteur, self._emettre = organisme, pack, facteur, emettre

    def handle(self, recu: MessageRecu) -> None:
        """Deals with a message if it is addressed to the infrastructure."""
        adresse = self.organisme.adresse.lower()
        if not any(d.lower() == adresse for d in recu.destinataires):
            return
        message = analyser(recu.brut[:MAX_MESSAGE], (PROFIL,), enveloppe=recu, profils=profiles(self._pack))
        rapports, faute = _read(message.piece_jointe)
        irregularites = [a.texte for a in message.anomalies] + ([faute] if faute else [])
        annonces = message.sujet.champs.get("nb_rapports", "")
        if not irregularites and annonces != f"{len(rapports):05d}":
            irregularites.append(f"le sujet annonce {annonces or 'rien'}, le fichier compte {len(rapports)} rapport(s)")
        self._emettre(
            "flux",
            {
                "reclamations": [
                    {
                        "acteur": self.organisme.numero,
                        "de": message.get("From"),
                        "a": self.organisme.adresse,
                        "sujet": {"brut": message.sujet.brut, **message.sujet.champs},
                        "rapports": [asdict(r) for r in rapports],
                        "irregularites": irregularites,
                        "eml": recu.preuve,
                    }
                ]
            },
        )
        nature = "service_reclamation" if irregularites else "ar_reclamation"
        motif = irregularites[0] if irregularites else f"{len(rapports)} rapport(s) transmis au CESI"

        def build(destinataire: str, composteur: Composteur) -> bytes:
            return build_service(
                nature,
                message,
                expediteur=self.organisme.adresse,
                destinataire=destinataire,
                composteur=composteur,
                libelle=motif,
                enveloppe=recu,
                profils=profiles(self._pack),
            )

        annonce = Annonce(self.organisme.numero, "SERVICE", positif=not irregularites, code=nature, libelle=motif)
        self._facteur.send(self.organisme, recu.expediteur, build, annonce)


def _read(piece: bytes) -> tuple[tuple[Rapport, ...], str]:
    try:
        return lire(piece), ""
    except ErreurReclamation as exc:
        return (), str(exc)
