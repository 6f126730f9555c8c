"""The command-line library's own words, in French: help panels and usage errors."""

from __future__ import annotations

import re
from typing import Any

from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

_PANNEAUX = {
    "COMMANDS_PANEL_TITLE": "Commandes",
    "ERRORS_PANEL_TITLE": "Erreur",
    "DEFAULT_STRING": "[défaut : {}]",
    "REQUIRED_LONG_STRING": "[obligatoire]",
    "ENVVAR_STRING": "[variable : {}]",
}
_AIDE = "Montre cette aide et s'arrête."
#: Usage errors: what the library says, what we say.
_MESSAGES = (
    (r"No such command '([^']*)'.*", r"commande « \1 » inconnue"),
    (r"No such option:? '?(-[^\s'.]+)'?.*", r"option « \1 » inconnue"),
    (r"Missing command.*", "il manque une commande"),
    (r"Missing (?:argument|option|parameter):? '?([^'.]+)'?.*", r"il manque \1"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", r"de trop : \1"),
    (r"Option '?(-[^\s']+)'? requires .*", r"l'option « \1 » demande une valeur"),
    (r"Option '?(-[^\s']+)'? does not take a value.*", r"l'option « \1 » ne prend pas de valeur"),
    (r"Invalid value for '?([^:']*)'?: .*valid int.*", r"\1 : un nombre entier est attendu"),
    (r"Invalid value for '?([^:']*)'?: .*(?:greater than or equal to|range x>=) ?(\d+).*", r"\1 : \2 au moins"),
    (r"Invalid value for '?([^:']*)'?: (.*)", r"\1 : valeur refusée (\2)"),
)


def translate_panels() -> None:
    """Gives the titles of help panels in French."""
    for nom, texte in _PANNEAUX.items():
        setattr(rich_utils, nom, texte)


def translate_error(message: str) -> str:
    """A usage error in French; unknown ones stay as they are."""
    for motif, francais in _MESSAGES:
        trouve = re.fullmatch(motif, message.strip(), re.DOTALL)
        if trouve:
            return trouve.expand(francais)
    return message


class Commande(TyperCommand):
    """A command whose help option is described in French."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _AIDE
        return option


class Groupe(TyperGroup):
    """The group of commands, its help option described in French."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _AIDE
        return option
