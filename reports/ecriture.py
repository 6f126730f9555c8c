"""Writing a report whole or not at all: a disk that fills up leaves no half of a dossier behind."""

from __future__ import annotations

from pathlib import Path

PROVISOIRE = ".partiel"


def write_whole(chemin: Path, contenu: str | bytes) -> Path:
    """Writes a file, text in UTF-8 with ``\\n``, then gives it its name; gives the path.

    Raises OSError when it can't; what stood there before is then still there, and nothing else.
    """
    octets = contenu.encode("utf-8") if isinstance(contenu, str) else contenu
    provisoire = chemin.with_name(chemin.name + PROVISOIRE)
    try:
        provisoire.write_bytes(octets)
        provisoire.replace(chemin)
    except OSError:
        provisoire.unlink(missing_ok=True)
        raise
    return chemin
