"""A private pcscd: its own socket, its own readers, no collision with the machine's or with another run's.

The server's socket path is compiled in, but pcscd takes a listening socket by the systemd protocol
(LISTEN_FDS), with or without systemd; clients find it by PCSCLITE_CSOCK_NAME (public: pcsc-lite).
The vpcd driver keeps its slots in one array per loaded library: each reader entry beyond the first
gets its own copy of the library.

The driver listens on every address of the machine: whoever reaches these ports can put a card in a free
reader. On a shared network, run in a network namespace (unshare -n) or behind a firewall.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from simulator.cards.erreurs import LecteurIndisponible
from simulator.gardien import PREFIXE, gardien

PILOTE = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
CHEMIN_SOCKET_MAX = 107
DELAI_DEMARRAGE = 10.0
DELAI_ARRET = 5.0
MAX_LECTEURS = 8  # pcscd holds 16 slots, the driver makes two per entry
ESSAIS_PORTS = 5
_PRET = b"daemon ready"
_ECOUTE = "0A"  # state of a listening socket in /proc/net/tcp
# The shell gets the listening socket as its input, puts it in place 3, then becomes pcscd: the process
# number doesn't change. (A plain sh can't name a descriptor above 9.)
_LANCEUR = 'exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'


@dataclass(frozen=True, slots=True)
class Entree:
    """A reader entry: PC/SC name and port of its first slot (the driver also opens the next port)."""

    nom: str
    port: int

    @property
    def nom_pcsc(self) -> str:
        """Name of the first slot as PC/SC lists it."""
        return f"{self.nom} 00 00"


def find_pcscd() -> str | None:
    """Path of the pcscd program, also where root's PATH alone has it."""
    return shutil.which("pcscd") or shutil.which("pcscd", path="/usr/sbin:/usr/local/sbin:/sbin")


def free_port_pair() -> int:
    """A port that is free, the next one too, on all addresses. Raises LecteurIndisponible."""
    for _ in range(200):
        with socket.socket() as premier:
            premier.bind(("0.0.0.0", 0))  # noqa: S104 - the driver listens on all addresses
            port = int(premier.getsockname()[1])
            if port >= 65_535:
                continue
            with socket.socket() as second:
                try:
                    second.bind(("0.0.0.0", port + 1))  # noqa: S104 - as above
                except OSError:
                    continue
            return port
    raise LecteurIndisponible("aucune paire de ports TCP libre pour un lecteur ; libérer des ports")


class PrivatePcscd:
    """Runs pcscd with the readers named in ``noms``; a context manager that stops it and cleans up.

    Raises LecteurIndisponible with what to do when it can't start. ``socket_path`` goes into
    PCSCLITE_CSOCK_NAME of the programs that must see these readers.
    """

    def __init__(self, noms: Sequence[str], *, dossier: Path | None = None, pilote: Path = PILOTE) -> None:
        if not 1 <= len(noms) <= MAX_LECTEURS or len(set(noms)) != len(noms):
            raise ValueError(f"de 1 à {MAX_LECTEURS} lecteurs de noms différents")
        self._pilote = pilote
        self._dossier = dossier or Path(tempfile.gettempdir()) / f"preagrement-pcscd-{os.getpid()}"
        self.socket_path = self._dossier / "pcscd.comm"
        if len(os.fsencode(self.socket_path)) > CHEMIN_SOCKET_MAX:
            raise LecteurIndisponible(
                f"chemin de socket trop long : {self.socket_path} ; choisir un dossier plus court"
            )
        self._noms = tuple(noms)
        self.entrees: tuple[Entree, ...] = ()
        self._journal: deque[str] = deque(maxlen=200)
        self._processus: subprocess.Popen[bytes] | None = None
        self._fil: threading.Thread | None = None
        self._gardes: list[int] = []

    @property
    def environnement(self) -> dict[str, str]:
        """Variables to give to a program so that it uses these readers."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket_path)}

    @property
    def journal(self) -> tuple[str, ...]:
        """Last lines that pcscd wrote."""
        return tuple(self._journal)

    @property
    def pid(self) -> int | None:
        return self._processus.pid if self._processus else None

    def entree(self, nom: str) -> Entree:
        return next(e for e in self.entrees if e.nom == nom)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts pcscd and waits until its readers listen."""
        for _ in range(ESSAIS_PORTS):
            self._launch()
            if self._owns_ports():
                return
            self.stop()  # another program took a port in between
        raise LecteurIndisponible("pcscd démarre mais ses lecteurs n'écoutent pas :\n" + self._tail())

    def _owns_ports(self) -> bool:
        """Whether our pcscd itself listens on its ports: another bench may have taken one a moment before."""
        pid = self.pid
        return pid is not None and all(listening_inode(e.port) in socket_inodes(pid) for e in self.entrees)

    def _launch(self) -> None:
        programme = find_pcscd()
        if programme is None or not self._pilote.exists():
            raise LecteurIndisponible("pcscd ou le pilote vpcd manque ; installer pcscd et vsmartcard-vpcd")
        self._make_directory()
        if self._dossier.name.startswith(PREFIXE):
            self._gardes.append(gardien().watch("dossier", self._dossier))
        self._write_configuration()
        ecoute = socket.socket(socket.AF_UNIX)
        pret = threading.Event()
        try:
            ecoute.bind(str(self.socket_path))
            self.socket_path.chmod(0o600)
            ecoute.listen(16)
            commande = [programme, "-f", "-i", "-x", "-c", str(self._dossier / "conf")]
            if _knows_polkit(programme):
                commande.append("--disable-polkit")
            self._processus = subprocess.Popen(  # the shell line is fixed, paths are its arguments
                ["/bin/sh", "-c", _LANCEUR, "sh", *commande],
                stdin=ecoute.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            self._gardes.append(gardien().watch("processus", self._processus.pid))
        finally:
            ecoute.close()
        self._fil = threading.Thread(target=self._drain, args=(pret,), name="journal pcscd", daemon=True)
        self._fil.start()
        if not pret.wait(DELAI_DEMARRAGE) or self._processus.poll() is not None:
            message = self._tail()
            self.stop()
            raise LecteurIndisponible(_explain(message))

    def _make_directory(self) -> None:
        """Makes the directory afresh; refuses one that is another user's or that a running pcscd uses."""
        if self._dossier.exists():
            if self._dossier.is_symlink() or self._dossier.stat().st_uid != os.geteuid():
                raise LecteurIndisponible(f"le dossier {self._dossier} est à un autre utilisateur ; l'enlever")
            with socket.socket(socket.AF_UNIX) as sonde, contextlib.suppress(OSError):
                sonde.connect(str(self.socket_path))
                raise LecteurIndisponible(
                    "des lecteurs PC/SC sont déjà ouverts par ce programme ; un seul jeu à la fois par processus"
                )
            shutil.rmtree(self._dossier)
        self._dossier.mkdir(mode=0o700, parents=True)

    def _write_configuration(self) -> None:
        conf = self._dossier / "conf"
        conf.mkdir(exist_ok=True)
        entrees: list[Entree] = []
        lignes: list[str] = []
        for i, nom in enumerate(self._noms):
            bibliotheque = self._pilote
            if i:
                bibliotheque = self._dossier / f"libifdvpcd{i}.so"
                shutil.copyfile(self._pilote, bibliotheque)
            port = free_port_pair()
            while any(abs(port - e.port) < 2 for e in entrees):
                port = free_port_pair()
            entrees.append(Entree(nom, port))
            lignes += [
                f'FRIENDLYNAME "{nom}"',
                f"DEVICENAME /dev/null:0x{port:04X}",
                f"LIBPATH {bibliotheque}",
                f"CHANNELID 0x{port:04X}",
                "",
            ]
        self.entrees = tuple(entrees)
        (conf / "lecteurs.conf").write_text("\n".join(lignes), encoding="utf-8")

    def _drain(self, pret: threading.Event) -> None:
        processus = self._processus
        if processus is None or processus.stdout is None:
            return
        for ligne in processus.stdout:
            self._journal.append(ligne.decode("utf-8", "replace").rstrip())
            if _PRET in ligne:
                pret.set()
        processus.stdout.close()
        pret.set()  # it ended: don't keep the caller waiting

    def _tail(self) -> str:
        return "\n".join(self.journal[-8:])

    def stop(self) -> None:
        """Stops pcscd and removes what it used; may be called twice."""
        processus, self._processus = self._processus, None
        if processus is not None:
            processus.terminate()
            try:
                processus.wait(DELAI_ARRET)
            except subprocess.TimeoutExpired:
                processus.kill()
                processus.wait(DELAI_ARRET)
        if self._fil is not None:
            self._fil.join(DELAI_ARRET)
            self._fil = None
        shutil.rmtree(self._dossier, ignore_errors=True)
        for garde in self._gardes:
            gardien().release(garde)
        self._gardes.clear()


def listening_inode(port: int) -> str:
    """The kernel's number of the socket that listens on a TCP port of this machine, "" when none does."""
    for table in ("tcp", "tcp6"):
        fichier = Path("/proc/net") / table
        for ligne in fichier.read_text(encoding="ascii").splitlines()[1:] if fichier.exists() else ():
            champs = ligne.split()
            if champs[3] == _ECOUTE and int(champs[1].rpartition(":")[2], 16) == port:
                return champs[9]
    return ""


def socket_inodes(pid: int) -> frozenset[str]:
    """The numbers of the sockets that a process of ours holds; none when it has ended."""
    trouves: set[str] = set()
    try:
        descripteurs = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return frozenset()
    for descripteur in descripteurs:
        with contextlib.suppress(OSError):  # closed meanwhile
            cible = str(descripteur.readlink())
            if cible.startswith("socket:["):
                trouves.add(cible[8:-1])
    return frozenset(trouves)


def _knows_polkit(programme: str) -> bool:
    aide = subprocess.run([programme, "--help"], capture_output=True, check=False, timeout=DELAI_DEMARRAGE)
    return b"--disable-polkit" in aide.stdout + aide.stderr


def _explain(journal: str) -> str:
    conseil = "voir le journal ci-dessous"
    if "/run/pcscd" in journal:
        conseil = (
            "sans les droits de root, pcscd demande que /run/pcscd existe ; le créer, ou lancer dans"
            " « unshare -Urm sh -c 'mount -t tmpfs t /run && exec …' »"
        )
    return f"pcscd n'a pas démarré ; {conseil}\n{journal}"
