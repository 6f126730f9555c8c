"""The command line: stdio (one JSON object a line) or HTTP; stdout carries nothing but the protocol."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from typing import BinaryIO

from reference.adaptateur import MAX_OCTETS, Adaptateur, creer


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the adapter until the bench says goodbye or hangs up."""
    choix = _parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s : %(message)s")
    if choix.mutants:
        from reference.mutants import MUTANTS  # noqa: PLC0415 -- heavy, and of no use to a sound LPS

        liste = [
            {"id": m.id, "titre": m.titre, "exigence": m.exigence, "exigences": list(m.exigences)}
            for m in MUTANTS.values()
        ]
        sys.stdout.write(json.dumps(liste, ensure_ascii=False, indent=2) + "\n")
        return 0
    try:
        adaptateur = creer(mutant=choix.mutant)
    except ValueError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    if choix.http is not None:
        from reference.serveur_http import serve_http  # noqa: PLC0415 -- of no use on stdio, where start-up time counts

        serve_http(adaptateur, choix.http)
    else:
        serve_stdio(adaptateur, sys.stdin.buffer, sys.stdout.buffer)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m reference", description="LPS de référence de preagrement.")
    analyseur.add_argument("--mutant", default="", metavar="ID", help="variante fautive")
    analyseur.add_argument("--http", type=int, metavar="PORT", help="sert en HTTP sur 127.0.0.1 (0 : port libre)")
    analyseur.add_argument("--mutants", action="store_true", help="liste des variantes fautives, en JSON")
    return analyseur.parse_args(arguments)


def serve_stdio(adaptateur: Adaptateur, entree: BinaryIO, sortie: BinaryIO) -> None:
    """One request a line in, one answer a line out, until end of file or « au_revoir »."""
    while not adaptateur.termine and (ligne := entree.readline(MAX_OCTETS + 2)):
        if not ligne.strip():
            continue
        if not ligne.endswith(b"\n") and len(ligne) > MAX_OCTETS:
            while (reste := entree.readline(MAX_OCTETS)) and not reste.endswith(b"\n"):
                pass
        sortie.write(adaptateur.handle(ligne) + b"\n")
        sortie.flush()
