"""``galss.ini`` and ``sesam.ini``: how a workstation names its readers, read and written (public: SSV 1.40 notes).

A channel whose characteristics are figures (``9600,1,8,0,0``) is a SESAM-Vitale device; any other text there is the
name of a PC/SC reader (hypothese: seen in vendors' installation pages, no public specification says it). Faults carry
the return code that the real services give at their start (8001 to 8011, F680, F6F1).
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.readers.equipement import Equipement, ErreurEquipement, Materiel, Support, build_equipement

MAX_OCTETS = 65_536
MAX_CANAUX = 8
_LAD: Mapping[str, Support] = {"CPS": "ps", "VITALE": "vitale"}
_LIAISON_SERIE = re.compile(r"\d+(,\d+)*")
#: What a written galss.ini says of the protocol; the library is the vendor's to name.
_PROTOCOLE = "[PROTOCOLE0]\nConfig=1000,20,15000\nNomLib=pssinw32.dll\n\n"


class ErreurConfiguration(ValueError):
    """A file that the services would refuse; ``code`` is the return code, the message says what to change."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ConfigSesam:
    """What matters here of ``sesam.ini``. ``tempo_ms``: pause between two attempts at a busy reader."""

    repertoire_travail: str
    repertoire_table: str
    tempo_ms: int = 500
    repetitions: int = 10


Sections = Mapping[str, Mapping[str, str]]


def read_galss(fichier: Path) -> Equipement:
    """The readers that a ``galss.ini`` describes. Raises ErreurConfiguration."""
    sections = _sections(fichier, "8001")
    if "CONFIG" not in sections:
        raise ErreurConfiguration("800D", "section [CONFIG] absente ; l'ajouter avec NbCanaux")
    nombre = _integer(sections["CONFIG"], "nbcanaux", "8003")
    if not 1 <= nombre <= MAX_CANAUX:
        raise ErreurConfiguration("8003", f"NbCanaux={nombre} ; attendu de 1 à {MAX_CANAUX}")
    rangs: dict[Support, int] = {"ps": 0, "vitale": 0}
    lecteurs = tuple(_channel(sections, f"CANAL{n}", rangs) for n in range(1, nombre + 1))
    try:
        return build_equipement(fichier.name, lecteurs)
    except ErreurEquipement as exc:
        raise ErreurConfiguration("8010", str(exc)) from exc


def _channel(sections: Sections, nom: str, rangs: dict[Support, int]) -> Materiel:
    canal = sections.get(nom)
    if canal is None:
        raise ErreurConfiguration("8004", f"section [{nom}] absente, NbCanaux l'annonce")
    protocole = f"PROTOCOLE{canal.get('protocole', '').strip()}"
    if protocole not in sections:
        raise ErreurConfiguration(
            "8005", f"[{nom}] : Protocole={canal.get('protocole', '')} sans section [{protocole}]"
        )
    if not sections[protocole].get("nomlib", "").strip():
        raise ErreurConfiguration("8006", f"NomLib absent de [{protocole}]")
    for cle in ("tcanal", "index"):
        if not canal.get(cle, "").strip():
            raise ErreurConfiguration("8007", f"{cle} absent de [{nom}]")
    caracteristiques = canal.get("caracteristiques", "").strip()
    fentes = {
        ressource: support
        for pad in range(1, _integer(canal, "nbpad", "800F") + 1)
        for ressource, support in _slots(sections, f"{nom}.PAD{pad}", rangs)
    }
    if not 1 <= len(fentes) <= 2:
        raise ErreurConfiguration(
            "8010", f"[{nom}] : {len(fentes)} adresse(s) logique(s) ; attendu CPS, Vitale ou les deux"
        )
    if not caracteristiques or _LIAISON_SERIE.fullmatch(caracteristiques):
        return Materiel(nom=nom, nature="sesam_vitale", fentes=fentes)
    return Materiel(nom=caracteristiques[:60], nature="pcsc", fentes=fentes)


def _slots(sections: Sections, nom: str, rangs: dict[Support, int]) -> list[tuple[str, Support]]:
    pad = sections.get(nom)
    if pad is None or not pad.get("pad", "").strip():
        raise ErreurConfiguration("800F", f"section [{nom}] ou son adresse PAD absente")
    trouvees: list[tuple[str, Support]] = []
    for k in range(1, _integer(pad, "nblad", "8010") + 1):
        lad = sections.get(f"{nom}.LAD{k}")
        if lad is None or not lad.get("lad", "").strip():
            raise ErreurConfiguration("8010", f"section [{nom}.LAD{k}] ou son adresse LAD absente")
        nom_lad = lad.get("nomlad", "").strip()
        support = _LAD.get(nom_lad.upper())
        if support is None:
            raise ErreurConfiguration("8011", f"[{nom}.LAD{k}] : NomLAD={nom_lad[:20]} ; attendu CPS ou Vitale")
        rangs[support] += 1
        trouvees.append((support if rangs[support] == 1 else f"{support}{rangs[support]}", support))
    return trouvees


def write_galss(equipement: Equipement) -> str:
    """The ``galss.ini`` of an equipment; ``read_galss`` gives its readers back, SESAM-Vitale ones named by channel."""
    morceaux = [_PROTOCOLE, f"[CONFIG]\nNbCanaux={len(equipement.lecteurs)}\n"]
    noms = {"ps": "CPS", "vitale": "Vitale"}
    for n, materiel in enumerate(equipement.lecteurs, start=1):
        serie = materiel.nature == "sesam_vitale"
        morceaux.append(
            f"\n[CANAL{n}]\nTCanal={1 if serie else 4}\nIndex={n}\nProtocole=0\n"
            f"Caracteristiques={'9600,1,8,0,0' if serie else materiel.nom}\nNbPAD=1\n"
            f"\n[CANAL{n}.PAD1]\nPAD=02\nNbLAD={len(materiel.fentes)}\n"
        )
        morceaux += [
            f"\n[CANAL{n}.PAD1.LAD{k}]\nLAD={k:02d}\nNomLAD={noms[support]}\nNbAlias=0\n"
            for k, support in enumerate(materiel.fentes.values(), start=1)
        ]
    return "".join(morceaux)


def read_sesam(fichier: Path) -> ConfigSesam:
    """What ``sesam.ini`` says. Raises ErreurConfiguration."""
    sections = _sections(fichier, "F680")
    commun, ssv = sections.get("COMMUN", {}), sections.get("SSV", {})
    travail = commun.get("repertoiretravail", "").strip()
    table = (ssv.get("repertoiretable") or commun.get("repertoiretable", "")).strip()
    if not table:
        raise ErreurConfiguration("F680", "RepertoireTable absent de [COMMUN] et de [SSV]")
    if not travail:
        raise ErreurConfiguration("F6F1", "RepertoireTravail absent de [COMMUN]")
    return ConfigSesam(
        travail,
        table,
        _integer(ssv, "tempoexclusivite", "F802", 500),
        _integer(ssv, "repetitionexclusivite", "F802", 10),
    )


def _sections(fichier: Path, absent: str) -> Sections:
    """The sections by name in capitals, keys in lower case: both are written in any case."""
    try:
        octets = fichier.read_bytes()
    except OSError as exc:
        pourquoi = "introuvable" if isinstance(exc, FileNotFoundError) else "illisible ; vérifier ses droits"
        raise ErreurConfiguration(absent, f"{fichier.name} {pourquoi}") from exc
    if len(octets) > MAX_OCTETS:
        raise ErreurConfiguration(absent, f"{fichier.name} : plus de {MAX_OCTETS} octets")
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = octets.decode("cp1252", "replace")  # what Windows editors write
    analyseur = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        analyseur.read_string(texte)
    except configparser.Error as exc:
        ligne = str(exc).splitlines()[0]
        raise ErreurConfiguration(absent, f"{fichier.name} : ce n'est pas un fichier INI ({ligne[:120]})") from exc
    return {nom.strip().upper(): dict(analyseur[nom]) for nom in analyseur.sections()}


def _integer(section: Mapping[str, str], cle: str, code: str, defaut: int | None = None) -> int:
    texte = section.get(cle, "").strip()
    if not texte and defaut is not None:
        return defaut
    if not re.fullmatch(r"\d{1,6}", texte, re.ASCII):
        raise ErreurConfiguration(code, f"{cle}={texte[:20]} : nombre attendu")
    return int(texte)
