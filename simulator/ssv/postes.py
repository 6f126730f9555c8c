"""The cards as the services reach them: one lasting dialogue per reader, opened again when the card has changed.

The state of the holder's code lives in the card: as long as the dialogue lasts it stays, a removal ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Self, TypeVar

from simulator.cards.erreurs import CarteAbsente, CarteReinitialisee, CarteRetiree, ErreurCarte, PinErrone
from simulator.readers.base import CardReader, Connection
from simulator.readers.equipement import AccesExclusifRefuse, LecteurDebranche, SaisieAbandonnee, Terminaux
from simulator.ssv.donnees import DonneesSsv
from simulator.ssv.erreurs import RefusSsv

Support = Literal["ps", "vitale"]
T = TypeVar("T")
#: SELECT of the root (3F00), without answer data: tells whether the same card is still there.
SELECTION_RACINE = bytes.fromhex("00A4000C023F00")
PORTEUSES: Mapping[Support, str] = {"ps": "carte du PS", "vitale": "carte Vitale"}


class Poste:
    """The dialogue with one reader. Implements ``Connection``.

    An operation begins by selecting the root of the card: should the card have been changed since the previous
    operation, the dialogue is opened again. Later on, a change is a withdrawal.
    """

    def __init__(self, lecteur: CardReader, demander_code: Callable[[], str | None] = lambda: None) -> None:
        self._lecteur = lecteur
        #: The code typed on the keypad of the reader; None when it has none. Raises RefusSsv.
        self.demander_code = demander_code
        self._connexion: Connection | None = None
        self._lu: object = None

    def start(self) -> Self:
        """Begins an operation. Raises CarteAbsente, CarteRetiree, CarteMuette."""
        if not self._lecteur.present:
            self.forget()
            raise CarteAbsente(self._lecteur.name)
        if self._connexion is not None:
            try:
                self._connexion.transmit(SELECTION_RACINE)
            except (CarteRetiree, CarteReinitialisee):
                self.forget()
                if not self._lecteur.present:
                    raise
        self._open()
        return self

    def forget(self) -> None:
        """Ends the dialogue; the next operation opens another."""
        connexion, self._connexion, self._lu = self._connexion, None, None
        if connexion is not None:
            connexion.disconnect()

    def clear(self) -> None:
        """Forgets what was read; the dialogue goes on."""
        self._lu = None

    def remember(self, nature: type[T], lire: Callable[[], T]) -> T:
        """What was already read of this card since the dialogue began; else reads it."""
        if not isinstance(self._lu, nature):
            self._lu = lire()
        return self._lu

    @property
    def present(self) -> bool:
        return self._lecteur.present

    @property
    def lecteur(self) -> str:
        return self._lecteur.name

    @property
    def atr(self) -> bytes:
        return self._open().atr

    def _open(self) -> Connection:
        if self._connexion is None:
            self._connexion = self._lecteur.connect()
        return self._connexion

    def transmit(self, commande: bytes) -> bytes:
        return self._open().transmit(commande)

    def reset(self) -> None:
        self._open().reset()

    def disconnect(self) -> None:
        self.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return


class Postes:
    """The readers by resource name, and what a trouble with a card becomes: a return code."""

    def __init__(self, lecteurs: Mapping[str, CardReader], donnees: DonneesSsv, terminaux: Terminaux) -> None:
        self._donnees, self.terminaux = donnees, terminaux
        self._postes = {
            nom: Poste(lecteur, lambda nom=nom: self._typed_code(nom))  # type: ignore[misc]  # bound at once
            for nom, lecteur in lecteurs.items()
        }

    def poste(self, ressource: str) -> Poste:
        """The reader of that name. Raises RefusSsv."""
        if ressource not in self._postes:
            connues = ", ".join(self._postes) or "aucune"
            raise RefusSsv("ressource_inconnue", f"ressource « {ressource[:40]} » inconnue ; connues : {connues}")
        return self._postes[ressource]

    def close(self) -> None:
        """Ends every dialogue."""
        for poste in self._postes.values():
            poste.forget()

    def check_couple(self, ressource_ps: str, ressource_vitale: str) -> None:
        """Both cards may serve one call where they are (cdc §4.1.2). Raises RefusSsv, with what to do."""
        self.poste(ressource_ps)
        self.poste(ressource_vitale)
        equipement = self.terminaux.equipement
        if not equipement.couple_admis(ressource_ps, ressource_vitale):
            ou = " et ".join(f"« {equipement.materiel(r).nom} »" for r in (ressource_ps, ressource_vitale))
            raise RefusSsv(
                "lecteurs_incompatibles",
                f"carte du PS et carte Vitale dans {ou} : configuration de lecteurs interdite ; les mettre toutes deux "
                "dans un même lecteur SESAM-Vitale, ou dans deux lecteurs PC/SC",
            )

    def _typed_code(self, ressource: str) -> str | None:
        try:
            return self.terminaux.demander_code(ressource)
        except SaisieAbandonnee as exc:
            raise RefusSsv(
                "saisie_abandonnee", f"« {exc} » : code porteur non saisi sur le clavier du lecteur"
            ) from exc

    @contextmanager
    def operation(self, ressource: str, support: Support) -> Iterator[Poste]:
        """An operation on one card: its troubles come out as RefusSsv with the code of that card."""
        poste = self.poste(ressource)
        try:
            self.terminaux.acceder(ressource)
        except LecteurDebranche as exc:
            poste.forget()  # its card has lost its power
            raise RefusSsv("lecteur_absent", f"« {exc} » ne répond pas : lecteur absent ou débranché") from exc
        except AccesExclusifRefuse as exc:
            raise RefusSsv("acces_exclusif", f"lecteur occupé par une autre application (canal « {exc} »)") from exc
        try:
            yield poste.start()
        except ErreurCarte as exc:
            if isinstance(exc, CarteRetiree | CarteReinitialisee):
                poste.forget()
            raise self.refus(exc, support) from exc

    def refus(self, exc: ErreurCarte, support: Support) -> RefusSsv:
        """The refusal that a card's error becomes."""
        table = self._donnees.erreurs_carte
        nom = next((c.__name__ for c in type(exc).__mro__ if c.__name__ in table), "ErreurCarte")
        libelle = f"{PORTEUSES[support]} : {exc}"
        if isinstance(exc, PinErrone) and exc.essais_restants == 0:
            libelle = f"{PORTEUSES[support]} : code porteur faux, carte bloquée"
        return RefusSsv(table[nom][support], libelle)
