"""Every ratio that docs/performance.md gives, each bench run several times in processes of its own.

    python -m bench [--fois 3] [--bancs codec,securisation,smtp,check,cartes]

Prints a Markdown table: lowest, median and highest value of each figure over the runs, and the aim. The exit code is 1
when a median misses its aim.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DELAI_S = 600


@dataclass(frozen=True)
class Mesure:
    """One figure of a bench: where it is in its JSON, its unit, and its aim (None: no aim)."""

    libelle: str
    lire: Callable[[dict[str, Any]], float]
    unite: str = ""
    au_moins: float | None = None
    moins_de: float | None = None

    @property
    def objectif(self) -> str:
        if self.au_moins is not None:
            return f"≥ {_french(self.au_moins)}{self.unite}"
        return f"< {_french(self.moins_de)}{self.unite}" if self.moins_de is not None else "—"

    def missed(self, valeur: float) -> bool:
        trop_bas = self.au_moins is not None and valeur < self.au_moins
        return trop_bas or (self.moins_de is not None and valeur >= self.moins_de)


BANCS: dict[str, tuple[Mesure, ...]] = {
    "codec": (
        Mesure(
            "décodage B2 avec positions, valeurs à la demande / découpe nue", lambda j: j["ratio_decodage"], "", 0.25
        ),
        Mesure(
            "décodage B2 avec positions et toutes les valeurs / découpe nue", lambda j: j["ratio_valeurs"], "", 0.25
        ),
        Mesure("enregistrements décodés par seconde, toutes les valeurs", lambda j: j["valeurs_par_s"]),
    ),
    "securisation": (
        Mesure(
            "factures sécurisées / opérations nues (deux RSA, une enveloppe asn1crypto)",
            lambda j: j["rapport"],
            "",
            0.5,
        ),
        Mesure("les mêmes / la même base, notre enveloppe", lambda j: j["rapport_enveloppe_maison"]),
        Mesure("les mêmes / enveloppe native, non reproductible", lambda j: j["rapport_enveloppe_native"]),
        Mesure("factures sécurisées par seconde, un cœur", lambda j: j["par_s"]["factures_securisees"]),
    ),
    "smtp": (
        Mesure("messages reçus, preuves sur disque / aiosmtpd nu", lambda j: j["ratio"], "", 0.5),
        Mesure("messages reçus, en mémoire / aiosmtpd nu", lambda j: j["ratio_en_memoire"], "", 0.5),
        Mesure("messages par seconde, preuves sur disque", lambda j: j["medianes"]["messagerie_avec_preuves"]),
    ),
    "check": (
        Mesure("crête mémoire de `preagrement check`, 10 000 factures", lambda j: j["crete_mio"], " Mio", None, 200),
        Mesure("la même, une facture", lambda j: j["crete_une_facture_mio"], " Mio"),
        Mesure("factures contrôlées par seconde", lambda j: j["factures_par_s"]),
    ),
    "cartes": (
        Mesure("APDU par seconde, dans le processus", lambda j: j["inproc"]["apdu_par_seconde"]),
        Mesure("APDU par seconde, par pcscd", lambda j: j["pcsc"]["apdu_par_seconde"]),
        Mesure("dans le processus / par pcscd", lambda j: j["rapport"]),
    ),
}


def run(banc: str) -> dict[str, Any]:
    """The JSON object that a bench prints. Raises RuntimeError when it prints none."""
    commande = [sys.executable, "-m", f"bench.{banc}"]
    fait = subprocess.run(commande, capture_output=True, check=False, encoding="utf-8", timeout=DELAI_S)
    if not fait.stdout.startswith("{"):
        raise RuntimeError(f"bench.{banc} : code {fait.returncode}, {fait.stderr[-1000:]}")
    objet: dict[str, Any] = json.loads(fait.stdout)
    return objet


def _french(valeur: float | None) -> str:
    if valeur is None:
        return ""
    if valeur >= 1000:
        return f"{valeur:,.0f}".replace(",", " ")
    return f"{valeur:.3g}".replace(".", ",")


def table(banc: str, objets: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """The rows of a bench, and whether a median misses its aim."""
    lignes, manque = [], False
    for mesure in BANCS[banc]:
        try:
            valeurs = [mesure.lire(o) for o in objets]
        except KeyError:
            lignes.append(f"| {mesure.libelle} | non mesuré | | | {mesure.objectif} |")
            continue
        milieu = statistics.median(valeurs)
        manque = manque or mesure.missed(milieu)
        colonnes = " | ".join(_french(v) + mesure.unite for v in (min(valeurs), milieu, max(valeurs)))
        lignes.append(f"| {mesure.libelle} | {colonnes} | {mesure.objectif} |")
    return lignes, manque


def main() -> int:
    analyse = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    analyse.add_argument("--fois", type=int, default=3)
    analyse.add_argument("--bancs", default=",".join(BANCS))
    choix = analyse.parse_args()
    manques = []
    print("| mesure | min | médiane | max | objectif |\n| --- | --- | --- | --- | --- |")
    for banc in choix.bancs.split(","):
        lignes, manque = table(banc, [run(banc) for _ in range(choix.fois)])
        print("\n".join(lignes), flush=True)
        manques += [banc] if manque else []
    if manques:
        print(f"objectif manqué : {', '.join(manques)}", file=sys.stderr)
    return 1 if manques else 0


if __name__ == "__main__":
    sys.exit(main())
