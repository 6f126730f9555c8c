"""What the PS sees and what the printer gives. Collected during an operation, handed over with its answer."""

from __future__ import annotations

from norms.contrat.adaptateur import Affichage, DocumentProduit


class Ecran:
    """The screen and the printer of the workstation."""

    def __init__(self) -> None:
        self._affichages: list[Affichage] = []
        self._documents: list[DocumentProduit] = []

    def informer(self, texte: str) -> None:
        """Shows an information."""
        self._affichages.append(Affichage(niveau="information", texte=texte))

    def alerter(self, texte: str) -> None:
        """Shows a warning; the work goes on."""
        self._affichages.append(Affichage(niveau="alerte", texte=texte))

    def refuser(self, texte: str) -> None:
        """Shows why something can't be done."""
        self._affichages.append(Affichage(niveau="erreur", texte=texte))

    def questionner(self, texte: str) -> None:
        """Shows a question whose answer travels in ``reponses``."""
        self._affichages.append(Affichage(niveau="question", texte=texte))

    def imprimer(self, nature: str, texte: str) -> None:
        """Prints a document."""
        self._documents.append(DocumentProduit(nature=nature, texte=texte))

    def vider(self) -> tuple[tuple[Affichage, ...], tuple[DocumentProduit, ...]]:
        """Gives what was shown and printed since the last time, and forgets it."""
        vus, imprimes = tuple(self._affichages), tuple(self._documents)
        self._affichages, self._documents = [], []
        return vus, imprimes
