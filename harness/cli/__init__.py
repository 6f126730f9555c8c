"""The command line, ``preagrement``: one module a command, in French for people, ``--json`` for machines."""

from __future__ import annotations

import signal
import sys
from importlib import import_module, metadata
from typing import Any, NoReturn

import typer

from harness.cli.commun import ERREUR_BANC, Sortie

#: Commands in the order of the help: name, module of ours.
COMMANDES = (
    ("run", "run"),
    ("replay", "replay"),
    ("lint", "lint"),
    ("mutants", "mutants"),
    ("coverage", "coverage"),
    ("adapter-check", "adapter_check"),
    ("exigence", "exigence"),
    ("cartes", "cartes"),
    ("schema", "schema"),
    ("doctor", "doctor"),
)
#: Other packages add commands through this entry-point group: each entry is called with the application.
GROUPE = "preagrement.commandes"

_AIDE = """Banc de pré-agrément SESAM-Vitale : joue des scénarios contre un LPS et juge ce qu'il émet vraiment.

Codes de sortie : 0 conforme, 1 non conforme, 2 le banc a failli, 3 à attester, réserve ou rien de concluant."""


def build(demande: str | None = None) -> typer.Typer:
    """The application: with the one command asked for (its module alone is imported), or with all of them."""
    app = typer.Typer(
        name="preagrement", help=_AIDE, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(_options)
    connue = any(nom == demande for nom, _ in COMMANDES)
    for nom, module in COMMANDES:
        if not connue or nom == demande:
            app.command(nom)(import_module(f"harness.cli.{module}").command)
    if not connue:
        for entree in sorted(metadata.entry_points(group=GROUPE), key=lambda e: e.name):
            entree.load()(app)
    return app


def _options(
    version: bool = typer.Option(False, "--version", help="Affiche la version et s'arrête."),
) -> None:
    if version:
        from harness.campagne import bench_version  # noqa: PLC0415 -- only for this option

        typer.echo(f"preagrement {bench_version()}")
        raise typer.Exit


def main() -> NoReturn:
    """Entry point of the ``preagrement`` script."""
    for flux in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(flux, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        build(next((a for a in sys.argv[1:] if not a.startswith("-")), None))()
    except KeyboardInterrupt:
        Sortie().erreur("interrompu")
    sys.exit(ERREUR_BANC)


def _interrupt(_signal: int, _cadre: Any) -> NoReturn:
    raise KeyboardInterrupt
