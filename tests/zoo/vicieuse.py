"""A real LPS, the reference, with one vice: ``python -m tests.zoo.vicieuse VICE``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesHeaderParser

from reference.adaptateur import Adaptateur
from reference.commande import serve_stdio
from reference.mutants.modele import Mutant
from reference.ports import Emission
from reference.poste import Poste
from tests.zoo.perroquet import Perroquet

#: Two health insurers of the simulated world: one of them at least isn't the right one.
CAISSES = ("02349@349.02.rss.test", "01349@349.01.rss.test")


class Emetteur:
    """Outgoing mail handed to the true one as it is; a vice overrides ``envoyer``."""

    def __init__(self, vraie: Emission) -> None:
        self.vraie = vraie

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        return self.vraie.envoyer(message, expediteur, destinataire, identifiant)


class Menteur(Emetteur):
    """Says sent, never sends. Owns up to its lies in ``aveux``, which its keeper alone reads."""

    aveux: list[str] | None = None

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        if self.aveux is not None:
            self.aveux.append(identifiant)
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
        ailleurs = next(c for c in CAISSES if c != destinataire)
        return super().envoyer(message, expediteur, ailleurs, identifiant)


class Bavard(Adaptateur):
    """Traces its requests on its standard error, code porteur included."""

    def handle(self, corps: bytes) -> bytes:
        sys.stderr.write(f"trace : {corps.decode()}")
        sys.stderr.flush()
        return super().handle(corps)


def mail(vice: type[Emetteur], **attributs: object) -> Adaptateur:
    """The reference with this outgoing mail, given these attributes."""

    def appliquer(poste: Poste) -> None:
        emetteur = vice(poste.smtp)
        for nom, valeur in attributs.items():
            setattr(emetteur, nom, valeur)
        for collaborateur in vars(poste).values():
            if getattr(collaborateur, "emission", None) is poste.smtp:
                collaborateur.emission = emetteur

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


def creer(*, animal: str, scenario: str = "", aveux: list[str] | None = None) -> Adaptateur:
    """An animal for the in-process transport."""
    if animal == "perroquet":
        return Perroquet(scenario)
    return mail(Menteur, aveux=aveux) if animal == "menteur" else ANIMAUX[animal]()


if __name__ == "__main__":
    serve_stdio(ANIMAUX[sys.argv[1]](), sys.stdin.buffer, sys.stdout.buffer)
