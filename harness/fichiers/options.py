"""Command-line options that the two file commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from harness.fichiers.source import TAILLE_MAX
from norms.paquet import NormPack

MIO = 1024 * 1024

OptionCle = Annotated[
    list[Path] | None, typer.Option("--cle", help="Clé privée RSA (PEM) qui ouvre les pièces jointes et les factures.")
]
OptionCertificat = Annotated[
    list[Path] | None, typer.Option("--certificat", help="Certificat (PEM) de cette clé, dans le même ordre.")
]
OptionTest = Annotated[
    bool, typer.Option("--cle-de-test", help="Essaie les clés des organismes et des cartes fictifs du banc.")
]
OptionZone = Annotated[bool, typer.Option("--zone", help="Le fichier est une zone de données des SSV.")]
OptionProfil = Annotated[
    str, typer.Option("--profil", help="Profil de message imposé, par exemple facture_oct ; par défaut, reconnu.")
]
OptionTaille = Annotated[int, typer.Option("--taille-max", min=1, help="Taille acceptée d'un fichier, en Mio.")]
OptionDelai = Annotated[
    float, typer.Option("--delai", min=0, help="Temps accordé à un fichier, en secondes ; 0 : sans.")
]
TAILLE_DEFAUT = TAILLE_MAX // MIO
DELAI_DEFAUT = 600.0


def load_pack(norme: Path | None) -> NormPack:
    """The norm pack in force. Raises ErreurPaquet."""
    return NormPack.avec(norme) if norme is not None else NormPack.par_defaut()


def parse_day(texte: str) -> date | None:
    """The day of ``--date``; None when not given. Raises ValueError, in French."""
    if not texte:
        return None
    try:
        return date.fromisoformat(texte)
    except ValueError as exc:
        raise ValueError(f"--date « {texte} » : une date AAAA-MM-JJ est attendue") from exc
