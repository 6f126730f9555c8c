"""``preagrement check``: static conformance of files and messages made by any software."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from harness.catalogue import load_catalogue
from harness.cli.commun import ERREUR_BANC, STYLES, OptionJson, OptionNorme, Sortie, fautes, progress
from harness.dossier import claim_directory
from harness.fichiers.affichage import heading, result_lines
from harness.fichiers.cles import load_keys
from harness.fichiers.constats import MAX_PAR_CONTROLE
from harness.fichiers.dossier import build_dossier
from harness.fichiers.erreurs import ErreurFichier
from harness.fichiers.modele import RapportControle, ResultatFichier, build_report, schemas
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
    parse_day,
)
from harness.fichiers.source import expand
from harness.fichiers.verification import Options, check_path
from harness.modele.verdict import Verdict
from harness.rapports import write_reports
from norms.contrat.ports import PARIS
from norms.paquet import NormPack

RAPPORT = "check.json"


def command(  # noqa: PLR0917 -- the options of the command line
    chemins: Annotated[list[Path], typer.Argument(help="Fichiers ou dossiers, ou « - » pour l'entrée standard.")],
    jour: Annotated[
        str,
        typer.Option("--date", help="Jour de réception (AAAA-MM-JJ) ; par défaut celui du message, ou aujourd'hui."),
    ] = "",
    cle: OptionCle = None,
    certificat: OptionCertificat = None,
    signataire: Annotated[
        list[Path] | None, typer.Option("--signataire", help="Certificat (PEM) du PS qui a signé factures et lots.")
    ] = None,
    cle_de_test: OptionTest = False,
    zone: OptionZone = False,
    profil: OptionProfil = "",
    norme: OptionNorme = None,
    taille_max: OptionTaille = TAILLE_DEFAUT,
    delai: OptionDelai = DELAI_DEFAUT,
    maximum: Annotated[
        int, typer.Option("--max-constats", min=1, help="Constats détaillés par contrôle ; les autres sont comptés.")
    ] = MAX_PAR_CONTROLE,
    dossier: Annotated[Path | None, typer.Option("--dossier", help="Dossier à écrire (HTML, JUnit, JSON).")] = None,
    machine: OptionJson = False,
) -> None:
    """Contrôle des fichiers ou des messages produits ailleurs : structure, clés, totaux, dates, profil.

    Codes de sortie : 0 rien à redire, 1 non conforme, 2 illisible ou outil en défaut,
    3 des réserves, ou un contenu chiffré non lu.
    """
    sortie = Sortie(machine=machine)
    try:
        with fautes(sortie):
            pack = load_pack(norme)
            options = Options(
                aujourdhui=datetime.now(PARIS).date(),
                date=parse_day(jour),
                trousseau=load_keys(cle or [], certificat or [], signataire or [], cle_de_test=cle_de_test),
                profil=profil,
                zone=zone,
                taille_max=taille_max * MIO,
                delai_s=delai,
                maximum=maximum,
            )
            fichiers = expand(chemins)
            if dossier is not None:
                claim_directory(dossier)
            rapport = build_report(_check_all(sortie, fichiers, pack, options), pack)
    except ErreurFichier as exc:
        sortie.erreur(str(exc))
        raise typer.Exit(ERREUR_BANC) from exc
    code = rapport.code_sortie
    if dossier is not None:
        with fautes(sortie):
            code = _write_dossier(sortie, rapport, pack, dossier)
    if machine:
        sortie.json(rapport.model_dump(mode="json"))
    _conclude(sortie, rapport)
    raise typer.Exit(code)


def _check_all(
    sortie: Sortie, fichiers: Sequence[Path], pack: NormPack, options: Options
) -> tuple[ResultatFichier, ...]:
    resultats = []
    with progress(sortie, "fichiers") as barre:
        barre.total(len(fichiers))
        for chemin in fichiers:
            resultat = check_path(chemin, sys.stdin.buffer, pack, options)
            barre.step(chemin.name)
            sortie.line(heading(resultat), STYLES[resultat.verdict])
            for ligne in result_lines(resultat):
                sortie.line(ligne)
            resultats.append(resultat)
    return tuple(resultats)


def _conclude(sortie: Sortie, rapport: RapportControle) -> None:
    verdicts = [r.verdict for r in rapport.fichiers]
    detail = ", ".join(
        f"{verdicts.count(v)} {'illisible' if v is Verdict.ERREUR_BANC else v.libelle}"
        for v in Verdict
        if v in verdicts
    )
    sortie.line()
    sortie.line(f"{len(verdicts)} fichier{'s' if len(verdicts) > 1 else ''} : {detail}")
    sortie.line("un fichier seul ne montre pas : " + " ; ".join(rapport.portee))


def _write_dossier(sortie: Sortie, rapport: RapportControle, pack: NormPack, dossier: Path) -> int:
    catalogue = load_catalogue()
    ecrits, defauts = write_reports(build_dossier(rapport, pack, catalogue), catalogue, dossier)
    propres = {RAPPORT: rapport.model_dump(mode="json"), "check.schema.json": schemas()["check.schema.json"]}
    for nom, objet in propres.items():
        texte = json.dumps(objet, ensure_ascii=False, indent=1) + "\n"
        (dossier / nom).write_text(texte, encoding="utf-8", newline="\n")
    for defaut in defauts:
        sortie.erreur(defaut)
    html = next((e for e in ecrits if e.suffix == ".html"), dossier)
    sortie.line(f"dossier : {html}")
    return ERREUR_BANC if defauts else rapport.code_sortie
