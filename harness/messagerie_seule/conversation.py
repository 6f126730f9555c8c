"""Asks each question once: an answer given before a stop is not asked for again, a wrong one is asked for again."""

from __future__ import annotations

from harness.messagerie_seule.attestations import ErreurPiece, Registre
from harness.messagerie_seule.carnet import Carnet
from harness.messagerie_seule.dialogue import (
    ARRETER,
    Avis,
    Dialogue,
    FinDialogue,
    Invite,
    Reponse,
    Ton,
    answered,
    fault_of,
)


class Arret(Exception):
    """The person stops here; the session is resumed later."""


class Conversation:
    """Questions and answers of a session, over a front end, kept in its notebook."""

    def __init__(self, dialogue: Dialogue, carnet: Carnet, registre: Registre) -> None:
        self._dialogue, self._carnet, self._registre = dialogue, carnet, registre

    def ask(self, invite: Invite) -> str:
        """The value of the answer, valid for the question. Raises Arret."""
        return self.ask_whole(invite).valeur

    def ask_whole(self, invite: Invite) -> Reponse:
        """The answer, valid for the question; its file is a copy in the dossier. Raises Arret."""
        deja = self._carnet.answer(invite.id)
        if deja is not None:
            return deja
        while True:
            reponse = self._once(invite)
            faute = fault_of(invite, reponse)
            piece, empreinte = "", ""
            if not faute and invite.genre == "attestation":
                try:
                    piece, empreinte = self._registre.attach(reponse.fichier)
                except ErreurPiece as exc:
                    faute = str(exc)
            if not faute:
                gardee = Reponse(invite.id, answered(invite, reponse), piece)
                self._carnet.note(
                    "reponse",
                    id=invite.id,
                    valeur=gardee.valeur,
                    fichier=piece,
                    sha256=empreinte,
                    instant=self._registre.instant(),
                    question=invite.texte,
                )
                return gardee
            self.tell(faute, "erreur")

    def tell(self, texte: str, ton: Ton = "info") -> None:
        """Says something; silent once nobody is there."""
        try:
            self._dialogue.tell(Avis(texte, ton))
        except FinDialogue:
            return

    def _once(self, invite: Invite) -> Reponse:
        try:
            reponse = self._dialogue.ask(invite)
        except (FinDialogue, KeyboardInterrupt) as exc:
            raise Arret from exc
        if reponse.valeur.strip() == ARRETER:
            raise Arret
        return reponse
