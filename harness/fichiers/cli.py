"""The two file commands, added to the application (see harness.cli)."""

from __future__ import annotations

import typer

from harness.cli import check, decode


def register(app: typer.Typer) -> None:
    """Adds ``decode`` and ``check``."""
    app.command("decode")(decode.command)
    app.command("check")(check.command)
