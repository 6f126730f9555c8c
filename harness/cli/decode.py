"""``preagrement decode``: the annotated view of a B2, NOEMIE or ARL file, of a message, of a zone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.commun import CONFORME, ERREUR_BANC, NON_CONFORME, OptionJson, OptionNorme, Sortie, fautes
from harness.fichiers.affichage import LEGENDE, record_lines, record_table
from harness.fichiers.cles import load_keys
from harness.fichiers.erreurs import ErreurFichier
from harness.fichiers.modele import EnregistrementVu
from harness.fichiers.options import (
    DELAI_DEFAUT,
    MIO,
    TAILLE_DEFAUT,
    OptionCertificat,
    OptionCle,
    OptionDelai,
    OptionProfil,
    OptionTaille,
    OptionTest,
    OptionZone,
    load_pack,
)
from harness.fichiers.reconnaissance import Nature
from harness.fichiers.source import open_source
from harness.fichiers.vue import OptionsVue, open_view
from norms.contrat.ports import PARIS

_RANGS = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def command(  # noqa: PLR0917 -- the options of the command line
    fichier: Annotated[Path, typer.Argument(help="Fichier à lire, ou « - » pour l'entrée standard.")],
    rangs: Annotated[str, typer.Option("--enregistrement", help="Un rang (12) ou un intervalle (12-20).")] = "",
    brut: Annotated[bool, typer.Option("--brut", help="Montre aussi chaque enregistrement tel quel.")] = False,
    tout: Annotated[bool, typer.Option("--tout", help="Montre aussi les champs vides.")] = False,
    cle: OptionCle = None,
    certificat: OptionCertificat = None,
    cle_de_test: OptionTest = False,
    zone: OptionZone = False,
    profil: OptionProfil = "",
    norme: OptionNorme = None,
    taille_max: OptionTaille = TAILLE_DEFAUT,
    delai: OptionDelai = DELAI_DEFAUT,
    machine: OptionJson = False,
) -> None:
    """Montre un fichier, un message ou une zone champ par champ, en clair.

    Codes de sortie : 0 tout est lisible, 1 des enregistrements sont fautifs, 2 le fichier ne peut pas être lu.
    """
    sortie = Sortie(machine=machine)
    try:
        with fautes(sortie):
            premier, dernier = _ranks(rangs)
            options = OptionsVue(
                aujourdhui=datetime.now(PARIS).date(),
                trousseau=load_keys(cle or [], certificat or [], [], cle_de_test=cle_de_test),
                profil=profil,
                zone=zone,
                delai_s=delai,
            )
            pack = load_pack(norme)
            with open_source(fichier, sys.stdin.buffer, taille_max=taille_max * MIO) as source:
                nature, vus = open_view(source, pack, options)
                choisis = _chosen(vus, premier, dernier)
                if machine:
                    lus, fautifs = _as_json(source.nom, nature, choisis)
                else:
                    sortie.line(f"{source.nom} : {nature.libelle}, {source.taille} octets")
                    lus, fautifs = _as_text(sortie, choisis, tout=tout, brut=brut)
    except ErreurFichier as exc:
        sortie.erreur(f"{fichier} : {exc}")
        raise typer.Exit(ERREUR_BANC) from exc
    if rangs and not lus:
        sortie.erreur(f"aucun enregistrement de rang {rangs} dans {fichier}")
        raise typer.Exit(ERREUR_BANC)
    sortie.line(f"{lus} enregistrement{_s(lus)}, {fautifs} fautif{_s(fautifs)}")
    raise typer.Exit(NON_CONFORME if fautifs else CONFORME)


def _s(nombre: int) -> str:
    return "s" if nombre > 1 else ""


def _ranks(texte: str) -> tuple[int, int]:
    """The bounds of ``--enregistrement``. Raises ErreurFichier."""
    if not texte:
        return 1, sys.maxsize
    forme = _RANGS.fullmatch(texte)
    premier, dernier = (int(forme[1]), int(forme[2] or forme[1])) if forme else (0, 0)
    if not 1 <= premier <= dernier:
        raise ErreurFichier(
            f"--enregistrement « {texte} » : un rang depuis 1 (12) ou un intervalle (12-20) est attendu"
        )
    return premier, dernier


def _chosen(vus: Iterator[EnregistrementVu], premier: int, dernier: int) -> Iterator[EnregistrementVu]:
    """Those asked for, by place in the view (the rank of the record in its file, for records alone)."""
    for place, vu in enumerate(vus, start=1):
        if place > dernier:
            return
        if place >= premier:
            yield vu


def _as_text(sortie: Sortie, vus: Iterator[EnregistrementVu], *, tout: bool, brut: bool) -> tuple[int, int]:
    lus = fautifs = 0
    hypothese = False
    for vu in vus:
        lus, fautifs = lus + 1, fautifs + bool(vu.fautes)
        hypothese = hypothese or vu.hypothese or any(c.hypothese for c in vu.champs)
        sortie.line()
        if sortie.terminal:
            sortie.console.print(record_table(vu, tout=tout))
            for ligne in [f"brut  {vu.brut}"] if brut and vu.brut else []:
                sortie.line(ligne, "dim")
            for faute in vu.fautes:
                sortie.line(f"FAUTE  {faute}", "bold red")
        else:
            for ligne in record_lines(vu, tout=tout, brut=brut):
                sortie.line(ligne)
    sortie.line()
    if hypothese:
        sortie.line(LEGENDE)
    return lus, fautifs


def _as_json(nom: str, nature: Nature, vus: Iterator[EnregistrementVu]) -> tuple[int, int]:
    """Writes one object (schema ``decode.schema.json``), its records as they come."""
    lus = fautifs = 0
    tete = json.dumps(
        {"format": "preagrement-decode", "version": 1, "fichier": nom, "nature": nature.value}, ensure_ascii=False
    )
    sys.stdout.write(f'{tete[:-1]}, "enregistrements": [')
    for vu in vus:
        sys.stdout.write(",\n" if lus else "\n")
        sys.stdout.write(json.dumps(vu.model_dump(mode="json"), ensure_ascii=False))
        lus, fautifs = lus + 1, fautifs + bool(vu.fautes)
    sys.stdout.write("\n]}\n")
    sys.stdout.flush()
    return lus, fautifs
