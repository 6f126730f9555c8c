"""A real LPS, the reference, with one vice: ``python -m tests.zoo.vicieuse VICE``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any

from reference.adaptateur import Adaptateur
from reference.commande import serve_stdio
from reference.mutants.modele import Mutant
from reference.ports import Emission
from reference.poste import Poste

if TYPE_CHECKING:
    from simulator.monde import MondeSimule

#: A health insurer of the simulated world that none of the scenarios writes to.
AILLEURS = "02349@349.02.rss.test"


class Emetteur:
    """Outgoing mail handed to the true one as it is; a vice overrides ``envoyer``."""

    def __init__(self, vraie: Emission) -> None:
        self.vraie = vraie

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        return self.vraie.envoyer(message, expediteur, destinataire, identifiant)


class Menteur(Emetteur):
    """Says sent, never sends."""

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        return "accepté par le serveur"


class Double(Emetteur):
    """Sends everything twice."""

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        super().envoyer(message, expediteur, destinataire, identifiant)
        return super().envoyer(message, expediteur, destinataire, identifiant)


class AutreChose(Emetteur):
    """Sends a letter under the right subject, instead of the invoices."""

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        prevu = BytesHeaderParser().parsebytes(message)
        lettre = EmailMessage()
        for champ in ("From", "To", "Subject", "Date", "Message-ID"):
            lettre[champ] = prevu[champ]
        lettre.set_content("Bonjour, les factures suivront.\n")
        return super().envoyer(lettre.as_bytes(), expediteur, destinataire, identifiant)


class MauvaiseAdresse(Emetteur):
    """Sends everything to another insurer."""

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        return super().envoyer(message, expediteur, AILLEURS, identifiant)


class Perroquet(Adaptateur):
    """Answers all that is expected, taken from a world of its own; emits nothing in the bench's."""

    def __init__(self) -> None:
        super().__init__()
        self._sien: MondeSimule | None = None

    def handle(self, corps: bytes) -> bytes:
        requete: dict[str, Any] = json.loads(corps)
        if requete["method"] == "poste.demarrer":
            from simulator.monde import ConfigMonde, MondeSimule  # noqa: PLC0415 -- slow, for this animal only

            lecteurs = {"ps": "dr-martin", "vitale": "durand-paul"}
            self._sien = MondeSimule(ConfigMonde(date=requete["params"]["maintenant"], lecteurs=lecteurs))
            self._sien.__enter__()
            requete["params"]["environnement"] = self._sien.environnement().model_dump(mode="json")
        reponse = super().handle(json.dumps(requete).encode())
        if self._sien is not None:
            self._sien.attendre_traitement()
            if self.termine:
                self._sien.fermer()
        return reponse


class Bavard(Adaptateur):
    """Traces its requests on its standard error, code porteur included."""

    def handle(self, corps: bytes) -> bytes:
        sys.stderr.write(f"trace : {corps.decode()}")
        sys.stderr.flush()
        return super().handle(corps)


def mail(vice: type[Emetteur]) -> Adaptateur:
    def appliquer(poste: Poste) -> None:
        poste.transmission.emission = vice(poste.smtp)

    return Adaptateur(Mutant("zoo", vice.__name__, ("SV-4.2.4-07",), appliquer))


ANIMAUX: dict[str, Callable[[], Adaptateur]] = {
    "sain": Adaptateur,
    "menteur": lambda: mail(Menteur),
    "double": lambda: mail(Double),
    "autre-chose": lambda: mail(AutreChose),
    "mauvaise-adresse": lambda: mail(MauvaiseAdresse),
    "perroquet": Perroquet,
    "bavard": Bavard,
}

if __name__ == "__main__":
    serve_stdio(ANIMAUX[sys.argv[1]](), sys.stdin.buffer, sys.stdout.buffer)
