"""Decides, as messages come in, whether they answer the scenario being played; what is doubtful waits for a person."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.messagerie_seule.carnet import Carnet
from harness.messagerie_seule.conversation import Conversation
from harness.messagerie_seule.demande import Demande
from harness.messagerie_seule.dialogue import Invite, choices
from harness.messagerie_seule.reconnaissance import Rapprochement, match, rank, summarize
from simulator.messagerie.evenements import MessageRecu

AUCUN = "aucun"


@dataclass(frozen=True, slots=True)
class Doute:
    """A message held back until a person says which scenario it answers."""

    recu: MessageRecu
    resume: str
    rapprochement: Rapprochement
    autres: tuple[str, ...]


class Aiguilleur:
    """What becomes of the messages received while one scenario is played.

    ``autres``: what the scenarios still to come ask for; ``finis``: what those already judged asked for.
    """

    def __init__(
        self,
        demande: Demande,
        autres: Mapping[str, Demande],
        finis: Mapping[str, Demande],
        carnet: Carnet,
        conversation: Conversation,
    ) -> None:
        self._demande, self._autres, self._finis = demande, autres, finis
        self._carnet, self._conversation = carnet, conversation
        self._verrou = threading.Lock()
        self._doutes: list[Doute] = []

    def sort(self, recu: MessageRecu, lecture: Mapping[str, Any]) -> bool:
        """Whether the insurers of this scenario get the message now. Called once a message, from any thread."""
        deja = self._carnet.sort_of(self._demande.scenario, recu.numero)
        if deja is not None and deja["sort"] in ("attribue", "mis_de_cote", "non_attendu"):
            return bool(deja["sort"] == "attribue")
        resume = summarize(lecture)
        ici = match(self._demande, lecture)
        if ici.accord == "oui":
            self._settle(recu, resume, "attribue")
            return True
        ailleurs = rank(self._autres.values(), lecture)
        tete = [r for r in ailleurs if r.proximite == ailleurs[0].proximite]
        if len(tete) == 1 and ici.accord != "illisible":
            self._settle(recu, resume, "mis_de_cote", vers=tete[0].demande.scenario)
            return False
        finis = rank(self._finis.values(), lecture)
        if not tete and (ici.accord == "non" or finis):
            dit = f"répond à {finis[0].demande.scenario}, déjà jugé" if finis else " ; ".join(ici.ecarts)
            self._settle(recu, resume, "non_attendu", motif=dit)
            return False
        with self._verrou:
            self._doutes.append(Doute(recu, resume, ici, tuple(r.demande.scenario for r in tete)))
        self._conversation.tell(f"Message reçu, à reconnaître : {resume}", "attention")
        return False

    def doubts(self) -> list[Doute]:
        """The messages held back, taken out."""
        with self._verrou:
            doutes, self._doutes = self._doutes, []
        return doutes

    def resolve(self, doute: Doute) -> bool:
        """Asks which scenario a message answers; whether it is the one being played. Raises Arret."""
        courant = self._demande.scenario
        couples = [] if doute.rapprochement.accord == "non" else [(courant, f"{courant}, le scénario en cours")]
        couples += [(s, f"{s}, à venir : {self._autres[s].titre}") for s in doute.autres]
        couples.append((AUCUN, "aucun : ce message n'a pas été demandé"))
        ecarts = " ; ".join(doute.rapprochement.ecarts)
        valeur = self._conversation.ask(
            Invite(
                id=f"{courant}/message-{doute.recu.numero}",
                genre="choix",
                texte=f"Un message reçu n'est pas reconnu à coup sûr : {doute.resume}. "
                f"Ce qui diffère de la demande de {courant} : {ecarts}. À quel scénario répond-il ?",
                choix=choices(couples),
            )
        )
        if valeur == courant:
            self._settle(doute.recu, doute.resume, "attribue", motif="désigné par la personne")
        elif valeur == AUCUN:
            self._settle(doute.recu, doute.resume, "non_attendu", motif="écarté par la personne")
        else:
            self._settle(doute.recu, doute.resume, "mis_de_cote", vers=valeur, motif="désigné par la personne")
        return valeur == courant

    def _settle(self, recu: MessageRecu, resume: str, sort: str, *, vers: str = "", motif: str = "") -> None:
        self._carnet.note(
            "message",
            scenario=self._demande.scenario,
            numero=recu.numero,
            sort=sort,
            vers=vers,
            motif=motif,
            resume=resume,
            preuve=recu.preuve,
            sha256=hashlib.sha256(recu.brut).hexdigest(),
        )
        textes = {
            "attribue": (f"Message reçu pour {self._demande.scenario} : {resume}", "reception"),
            "mis_de_cote": (f"Message reçu, gardé pour {vers} qui sera demandé plus tard : {resume}", "attention"),
            "non_attendu": (f"Message non attendu, gardé sans être jugé ({motif}) : {resume}", "attention"),
        }
        texte, ton = textes[sort]
        self._conversation.tell(texte, "reception" if ton == "reception" else "attention")
