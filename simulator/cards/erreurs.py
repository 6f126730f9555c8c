"""What may go wrong with a card, as the program that reads it sees it. Messages are French and tell what to do."""

from __future__ import annotations


class ErreurCarte(Exception):
    """Any trouble with a card or its reader."""


class CarteAbsente(ErreurCarte):
    """No card in the reader."""

    def __init__(self, lecteur: str) -> None:
        super().__init__(f"aucune carte dans le lecteur « {lecteur} » ; insérer la carte puis recommencer")
        self.lecteur = lecteur


class CarteRetiree(ErreurCarte):
    """The card was pulled out during the exchange."""

    def __init__(self, lecteur: str) -> None:
        super().__init__(f"carte retirée du lecteur « {lecteur} » pendant l'opération ; la remettre et tout reprendre")
        self.lecteur = lecteur


class CarteMuette(ErreurCarte):
    """The card doesn't answer."""

    def __init__(self, lecteur: str) -> None:
        super().__init__(f"la carte du lecteur « {lecteur} » ne répond pas ; la retirer et la réinsérer")
        self.lecteur = lecteur


class CarteReinitialisee(ErreurCarte):
    """The card was reset by another program: what was selected and verified is lost."""

    def __init__(self, lecteur: str) -> None:
        super().__init__(f"la carte du lecteur « {lecteur} » a été réinitialisée ; reprendre au début")
        self.lecteur = lecteur


class CarteInvalide(ErreurCarte):
    """The card isn't the one expected, or what it holds can't be understood."""


class AccesRefuse(ErreurCarte):
    """The card refuses to give or to do something in its present state (6982)."""


class PinRequis(AccesRefuse):
    """The holder's code has to be given first."""

    def __init__(self) -> None:
        super().__init__("le code porteur n'a pas été présenté à la carte ; le demander au professionnel de santé")


class PinErrone(ErreurCarte):
    """A wrong code; ``essais_restants`` tries are left."""

    def __init__(self, essais_restants: int) -> None:
        super().__init__(f"code porteur faux ; {essais_restants} essai(s) avant blocage de la carte")
        self.essais_restants = essais_restants


class PinBloque(ErreurCarte):
    """Too many wrong codes: the card is blocked."""

    def __init__(self) -> None:
        super().__init__("code porteur bloqué après trop d'essais faux ; débloquer la carte avec son code de secours")


class ErreurStatut(ErreurCarte):
    """A status word that the operation doesn't expect."""

    def __init__(self, sw: int, operation: str) -> None:
        super().__init__(f"la carte a répondu {sw:04X} à l'opération « {operation} »")
        self.sw, self.operation = sw, operation


class LecteurOccupe(ErreurCarte):
    """Another program holds the card for itself."""

    def __init__(self, lecteur: str) -> None:
        super().__init__(f"le lecteur « {lecteur} » est tenu par un autre programme ; le fermer ou l'attendre")
        self.lecteur = lecteur


class LecteurIndisponible(ErreurCarte):
    """The reader or the PC/SC service can't be used."""
