"""The distributor of the opposition list: keeps its increments, answers requests, sends them out (cdc §2.2.4.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from norms.contrat.ports import Horloge
from norms.oppositions import Dloi, ErreurDloi, ecrire, lire_demande
from norms.paquet import NormPack
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.reception import profiles
from simulator.acteurs.retour import Annonce, Facteur
from simulator.evenements import Nature
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.message import analyser
from simulator.messagerie.retours import Composteur, build_return

PROFIL = "demande_dloi"
MAX_MESSAGE = 64 * 1024

DefautLoi = Literal["", "muet", "altere"]


@dataclass
class Distributeur:
    """The increments published so far, from 1. ``defaut``: ``muet`` (no answer), ``altere`` (files cut short)."""

    organisme: Organisme
    pack: NormPack
    horloge: Horloge
    facteur: Facteur
    emettre: Callable[[Nature, Mapping[str, Any]], None]
    publies: tuple[Dloi, ...] = ()
    defaut: DefautLoi = ""

    def publier(self, ajouts: tuple[str, ...], retraits: tuple[str, ...] = (), jour: date | None = None) -> Dloi:
        """Makes the next increment; nothing is sent."""
        dloi = Dloi(len(self.publies) + 1, jour or self.horloge.now().date(), ajouts, retraits)
        self.publies += (dloi,)
        return dloi

    def diffuser(self, numeros: tuple[int, ...], adresse: str) -> None:
        """Sends increments in the order given, one message each. Raises KeyError on a number never published."""
        connus = {d.numero: d for d in self.publies}
        for dloi in [connus[n] for n in numeros]:
            self._send(dloi, adresse)

    def handle(self, recu: MessageRecu) -> None:
        """Answers a request with everything that follows the list held."""
        adresse = self.organisme.adresse.lower()
        if not any(d.lower() == adresse for d in recu.destinataires):
            return
        message = analyser(recu.brut[:MAX_MESSAGE], (PROFIL,), enveloppe=recu, profils=profiles(self.pack))
        irregularites = [a.texte for a in message.anomalies]
        detenue = -1
        try:
            detenue = lire_demande(message.piece_jointe)
        except ErreurDloi as exc:
            irregularites.append(str(exc))
        suite = [d for d in self.publies if d.numero > detenue >= 0]
        envoyes = [] if self.defaut == "muet" else suite
        demande = {
            "acteur": self.organisme.numero,
            "de": message.get("From"),
            "a": self.organisme.adresse,
            "sujet": {"brut": message.sujet.brut, **message.sujet.champs},
            "numero_detenu": detenue,
            "envoyes": [d.numero for d in envoyes],
            "irregularites": irregularites,
            "eml": recu.preuve,
        }
        self.emettre("flux", {"oppositions": [demande]})
        for dloi in envoyes:
            self._send(dloi, recu.expediteur)

    def _send(self, dloi: Dloi, adresse: str) -> None:
        contenu = ecrire(dloi)
        if self.defaut == "altere":
            contenu = contenu[: len(contenu) // 2]

        def build(destinataire: str, composteur: Composteur) -> bytes:
            return build_return(
                "dloi",
                expediteur=self.organisme.adresse,
                destinataire=destinataire,
                contenu=contenu,
                composteur=composteur,
                champs={"exercice": f"{dloi.numero:06d}"},
                profils=profiles(self.pack),
            )

        libelle = f"dLOI {dloi.numero} : {len(dloi.ajouts)} ajout(s), {len(dloi.retraits)} retrait(s)"
        annonce = Annonce(self.organisme.numero, "DLOI", code=f"{dloi.numero:06d}", libelle=libelle)
        self.facteur.send(self.organisme, adresse, build, annonce)
