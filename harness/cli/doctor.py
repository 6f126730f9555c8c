"""``preagrement doctor``: what this machine has, and what it lacks for the optional parts."""

from __future__ import annotations

import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Annotated

import typer

from harness.campagne import bench_version
from harness.cli.commun import CONFORME, ERREUR_BANC, OptionJson, Sortie
from norms.systeme import tell_system_error
from simulator.readers import ouverture
from simulator.readers.equipement import ErreurEquipement
from simulator.readers.galss import ErreurConfiguration, read_galss, read_sesam

_NAVIGATEURS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge", "firefox")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing looked at. ``requis``: nothing works without it."""

    quoi: str
    present: bool
    detail: str
    requis: bool = False


def command(
    machine: OptionJson = False,
    galss: Annotated[
        Path | None, typer.Option("--galss", help="galss.ini de votre logiciel, à vérifier aussi.")
    ] = None,
    sesam: Annotated[
        Path | None, typer.Option("--sesam", help="sesam.ini de votre logiciel, à vérifier aussi.")
    ] = None,
) -> None:
    """Dit ce qui manque à la machine (Python, réseau local, PC/SC, navigateur)."""
    sortie = Sortie(machine=machine)
    diagnostics = [controle() for controle in _CONTROLES]
    if galss is not None:
        diagnostics.append(_galss(galss))
    if sesam is not None:
        diagnostics.append(_sesam(sesam))
    if machine:
        sortie.json([asdict(d) for d in diagnostics])
    for d in diagnostics:
        etat, style = ("ok", "green") if d.present else ("MANQUE", "bold red") if d.requis else ("absent", "yellow")
        sortie.line(f"{etat:<8}{d.quoi:<26}{d.detail}", style)
    raise typer.Exit(ERREUR_BANC if any(d.requis and not d.present for d in diagnostics) else CONFORME)


def _python() -> Diagnostic:
    return Diagnostic(
        "python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} ({platform.system()}), preagrement {bench_version()} ; 3.11 au moins",
        requis=True,
    )


def _dependances() -> Diagnostic:
    manquent = []
    for ligne in metadata.requires("preagrement") or []:
        if "extra ==" in ligne:
            continue
        nom = ligne.split(";")[0]
        for signe in "<>=!~[ ":
            nom = nom.split(signe)[0]
        try:
            metadata.version(nom)
        except metadata.PackageNotFoundError:
            manquent.append(nom)
    return Diagnostic(
        "dépendances",
        not manquent,
        f"manquent : {', '.join(manquent)} ; réinstaller avec pip" if manquent else "toutes installées",
        requis=True,
    )


def _boucle_locale() -> Diagnostic:
    try:
        with socket.socket() as serveur, socket.socket() as client:
            serveur.bind(("127.0.0.1", 0))
            serveur.listen(1)
            client.settimeout(2.0)
            client.connect(serveur.getsockname())
    except OSError as exc:
        detail = f"127.0.0.1 injoignable ({tell_system_error(exc)}) ; vérifier le pare-feu"
        return Diagnostic("réseau local", False, detail, requis=True)
    return Diagnostic("réseau local", True, "127.0.0.1, ports libres attribués par le système", requis=True)


def _dossier_temporaire() -> Diagnostic:
    try:
        with tempfile.TemporaryDirectory() as dossier:
            Path(dossier, "essai").write_bytes(b"x" * 4096)
            libre = shutil.disk_usage(dossier).free // (1024 * 1024)
    except OSError as exc:
        return Diagnostic("dossier temporaire", False, f"écriture impossible ({tell_system_error(exc)})", requis=True)
    return Diagnostic("dossier temporaire", True, f"{libre} Mio libres", requis=True)


def _pcsc() -> Diagnostic:
    """What real PC/SC readers of ours need (docs/lecteurs.md)."""
    manques = ouverture.diagnostic()
    detail = " ; ".join(manques) or "pcscd, pilote vpcd et pyscard présents (run --lecteurs pcsc, cards serve)"
    return Diagnostic("lecteurs PC/SC", not manques, detail)


def _lecteurs_du_systeme() -> Diagnostic:
    """The readers that the system's own PC/SC service knows: where a vpcd driver installed by hand would show."""
    quoi = "lecteurs du système"
    if util.find_spec("smartcard") is None:
        return Diagnostic(quoi, False, "pyscard absent : pip install preagrement[pcsc]")
    try:
        lecteurs = [str(lecteur) for lecteur in import_module("smartcard.System").readers()]
    except Exception as exc:
        return Diagnostic(quoi, False, f"service PC/SC arrêté ou absent ({exc}) ; inutile aux lecteurs privés du banc")
    if not lecteurs:
        return Diagnostic(quoi, False, "aucun ; pour cards serve --port-ps, installer le pilote vpcd de vsmartcard")
    return Diagnostic(quoi, True, ", ".join(lecteurs))


def _galss(fichier: Path) -> Diagnostic:
    """The readers of a vendor's ``galss.ini``, and whether they may be used together (cdc §4.1.2)."""
    try:
        equipement = read_galss(fichier)
    except ErreurConfiguration as exc:
        return Diagnostic("galss.ini", False, f"les services rendraient {exc.code} : {exc}", requis=True)
    lecteurs = " ; ".join(f"« {m.nom} » ({m.nature}) : {', '.join(m.fentes)}" for m in equipement.lecteurs)
    try:
        admis = equipement.couple_admis("ps", "vitale")
    except ErreurEquipement as exc:
        return Diagnostic("galss.ini", False, f"{lecteurs} ; {exc}", requis=True)
    if not admis:
        conseil = "configuration interdite : les deux cartes dans un même lecteur SESAM-Vitale ou dans deux PC/SC"
        return Diagnostic("galss.ini", False, f"{lecteurs} ; {conseil}", requis=True)
    return Diagnostic("galss.ini", True, lecteurs)


def _sesam(fichier: Path) -> Diagnostic:
    """The ``sesam.ini`` of a vendor: directories that exist, access to busy readers."""
    try:
        lu = read_sesam(fichier)
    except ErreurConfiguration as exc:
        return Diagnostic("sesam.ini", False, f"les services rendraient {exc.code} : {exc}", requis=True)
    for code, quoi, chemin in (("F6F1", "travail", lu.repertoire_travail), ("F680", "tables", lu.repertoire_table)):
        if not Path(chemin).is_dir():
            detail = f"les services rendraient {code} : répertoire de {quoi} absent de cette machine ({chemin})"
            return Diagnostic("sesam.ini", False, detail, requis=True)
    acces = f"lecteur occupé redemandé {lu.repetitions} fois, toutes les {lu.tempo_ms} ms"
    return Diagnostic("sesam.ini", True, f"répertoires présents ; {acces}")


def _navigateur() -> Diagnostic:
    trouves = [n for n in _NAVIGATEURS if shutil.which(n)]
    return Diagnostic(
        "navigateur", bool(trouves), ", ".join(trouves) or "aucun trouvé : le dossier HTML s'ouvre dans tout navigateur"
    )


_CONTROLES: tuple[Callable[[], Diagnostic], ...] = (
    _python,
    _dependances,
    _boucle_locale,
    _dossier_temporaire,
    _pcsc,
    _lecteurs_du_systeme,
    _navigateur,
)
