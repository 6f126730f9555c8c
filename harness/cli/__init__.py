"""The command line, ``preagrement``: one module a command, in French for people, ``--json`` for machines."""

from __future__ import annotations

import sys
from importlib import import_module, metadata
from typing import Any, NoReturn

import typer

from harness import interruption
from harness.cli.commun import CONFORME, ERREUR_BANC, Sortie
from harness.cli.francais import Commande, Groupe, translate_error, translate_panels

#: Commands in the order of the help: name, module of ours.
COMMANDES = (
    ("run", "run"),
    ("replay", "replay"),
    ("lint", "lint"),
    ("mutants", "mutants"),
    ("coverage", "coverage"),
    ("adapter-check", "adapter_check"),
    ("exigence", "exigence"),
    ("decode", "decode"),
    ("check", "check"),
    ("serve", "serve"),
    ("schema", "schema"),
    ("doctor", "doctor"),
)
#: Groups of commands: name, module of ours with a ``register(app)``.
ENSEMBLES = (("cards", "cartes"), ("cartes", "cartes"))
#: Other packages add commands through this entry-point group: each entry is called with the application.
GROUPE = "preagrement.commandes"

#: The library's class of wrong command lines, whichever version it comes from.
ErreurUsage: Any = typer.BadParameter.__bases__[0]

_AIDE = """Banc de pré-agrément SESAM-Vitale : joue des scénarios contre un LPS et juge ce qu'il émet vraiment.

Codes de sortie : 0 conforme, 1 non conforme, 2 le banc a failli, 3 à attester, réserve ou rien de concluant."""


def build(demande: str | None = None) -> typer.Typer:
    """The application: with the one command asked for (its module alone is imported), or with all of them."""
    app = typer.Typer(
        name="preagrement",
        help=_AIDE,
        cls=Groupe,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    connue = any(nom == demande for nom, _ in (*COMMANDES, *ENSEMBLES))
    for nom, module in COMMANDES:
        if not connue or nom == demande:
            app.command(nom, cls=Commande)(import_module(f"harness.cli.{module}").command)
    for module in sorted({m for nom, m in ENSEMBLES if not connue or nom == demande}):
        import_module(f"harness.cli.{module}").register(app)
    if not connue:
        for entree in sorted(metadata.entry_points(group=GROUPE), key=lambda e: e.name):
            entree.load()(app)
    return app


def _show_version(demandee: bool) -> None:
    if demandee:
        from harness.campagne import bench_version  # noqa: PLC0415 -- only for this option

        typer.echo(f"preagrement {bench_version()}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Affiche la version et s'arrête.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Options of the whole application."""


def main() -> NoReturn:
    """Entry point of the ``preagrement`` script."""
    for flux in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(flux, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    interruption.install()
    translate_panels()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command line and gives its exit code."""
    try:
        app = build(next((a for a in arguments if not a.startswith("-")), None))
        code = app(arguments, standalone_mode=False)
    except ErreurUsage as exc:
        if not isinstance(exc, typer.BadParameter) and type(exc).__name__ == "NoArgsIsHelpError":
            return CONFORME
        Sortie().erreur(f"{translate_error(exc.format_message())} ; voir « preagrement --help »")
        return ERREUR_BANC
    except (KeyboardInterrupt, typer.Abort):
        Sortie().erreur("interrompu")
        return ERREUR_BANC
    return int(code or CONFORME)
