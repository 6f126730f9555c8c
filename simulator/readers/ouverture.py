"""Opening the readers of a workstation: ``ps`` and ``vitale``, in the process or through real PC/SC."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from simulator.cards.erreurs import LecteurIndisponible
from simulator.readers.base import CardReader
from simulator.readers.inproc import InProcessReader
from simulator.readers.pcsc import PcscReader
from simulator.readers.pcscd import PILOTE, PrivatePcscd, find_pcscd
from simulator.readers.trace import Espion, sans_trace

Transport = Literal["inproc", "pcsc"]
LECTEURS = ("ps", "vitale")
NOMS_PCSC = {"ps": "Preagrement PS", "vitale": "Preagrement Vitale"}


@dataclass(frozen=True, slots=True)
class Lecteurs(Mapping[str, CardReader]):
    """The readers by name. ``environnement`` is what another program needs to see them (PC/SC only)."""

    par_nom: Mapping[str, CardReader]
    environnement: Mapping[str, str] = field(default_factory=dict)
    pcscd: PrivatePcscd | None = None

    def __getitem__(self, nom: str) -> CardReader:
        return self.par_nom[nom]

    def __iter__(self) -> Iterator[str]:
        return iter(self.par_nom)

    def __len__(self) -> int:
        return len(self.par_nom)

    @property
    def ps(self) -> CardReader:
        return self.par_nom["ps"]

    @property
    def vitale(self) -> CardReader:
        return self.par_nom["vitale"]


def diagnostic() -> list[str]:
    """What is missing, in French, to use real PC/SC readers; empty when everything is there."""
    manques: list[str] = []
    if platform.system() != "Linux":
        ailleurs = (
            "les lecteurs PC/SC simulés demandent Linux (pcscd et le pilote vpcd) ; ailleurs, installer le pilote vpcd"
            " de vsmartcard et y servir les cartes par « preagrement cards serve --port-ps … --port-vitale … »"
        )
        return [ailleurs]
    if find_pcscd() is None:
        manques.append("pcscd est absent ; installer le paquet pcscd")
    if not PILOTE.exists():
        manques.append(f"le pilote {PILOTE} est absent ; installer le paquet vsmartcard-vpcd")
    if find_spec("smartcard") is None:
        manques.append("pyscard est absent ; installer preagrement[pcsc]")
    if not manques and os.geteuid() != 0 and not Path("/run/pcscd").is_dir():
        manques.append("sans les droits de root, pcscd demande que le dossier /run/pcscd existe ; le créer")
    return manques


@contextmanager
def ouvrir_lecteurs(
    transport: Transport = "inproc",
    *,
    noms: Sequence[str] = LECTEURS,
    noms_pcsc: Mapping[str, str] = NOMS_PCSC,
    espion: Espion = sans_trace,
    delai_muette: float = 2.0,
) -> Iterator[Lecteurs]:
    """Gives the readers for the time of a ``with``; whatever was inserted is taken out at the end.

    ``noms_pcsc`` chooses the PC/SC names, because vendors' programs know their readers by name.
    Raises LecteurIndisponible, which tells what is missing.
    """
    if transport == "inproc":
        lecteurs = Lecteurs({nom: InProcessReader(nom, espion=espion) for nom in noms})
        try:
            yield lecteurs
        finally:
            for lecteur in lecteurs.values():
                lecteur.remove()
        return
    manques = diagnostic()
    if manques:
        raise LecteurIndisponible("lecteurs PC/SC indisponibles : " + " ; ".join(manques))
    with _pcsc(noms, noms_pcsc, espion, delai_muette) as lecteurs:
        yield lecteurs


@contextmanager
def _pcsc(noms: Sequence[str], noms_pcsc: Mapping[str, str], espion: Espion, delai_muette: float) -> Iterator[Lecteurs]:
    pcscd = PrivatePcscd([noms_pcsc.get(n, f"Preagrement {n}") for n in noms])
    with pcscd, _socket_name(pcscd), ExitStack() as pile:
        lecteurs: dict[str, CardReader] = {}
        for nom, entree in zip(noms, pcscd.entrees, strict=True):
            lecteur = PcscReader(nom, entree.nom_pcsc, entree.port, espion=espion, delai_muette=delai_muette)
            pile.callback(lecteur.close)
            lecteurs[nom] = lecteur
        yield Lecteurs(lecteurs, pcscd.environnement, pcscd)


@contextmanager
def _socket_name(pcscd: PrivatePcscd) -> Iterator[None]:
    """Points this process's PC/SC client at the private server."""
    avant = os.environ.get("PCSCLITE_CSOCK_NAME")
    os.environ["PCSCLITE_CSOCK_NAME"] = str(pcscd.socket_path)
    try:
        yield
    finally:
        if avant is None:
            del os.environ["PCSCLITE_CSOCK_NAME"]
        else:
            os.environ["PCSCLITE_CSOCK_NAME"] = avant
