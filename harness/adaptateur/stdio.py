"""The stdio transport: the LPS's adapter as a child process, one JSON object a line each way.

Three threads serve the pipes, so that a child that hangs, floods or never reads can't block the bench. All
buffers are bounded. The child leads its own process group; closing kills the whole group.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.adaptateur.memoire import Balance
from harness.adaptateur.pannes import ArretLps, MemoireLps, PanneLps, ReponseIllisible, SilenceLps
from harness.adaptateur.transport import MAX_ERREURS, MAX_LIGNE
from norms.systeme import tell_system_error
from simulator.gardien import gardien

#: Lines that may wait unread: one answer is expected, a little more is tolerated before it's a flood.
MAX_LIGNES = 16
#: Seconds between two looks at the child's memory while an answer is awaited.
PERIODE_MEMOIRE = 0.1
#: Seconds left to a child that reads no more to show that it is ending.
DELAI_SURDITE = 0.5
WINDOWS = sys.platform == "win32"


class TransportStdio:
    """A child process that speaks the adapter protocol on its standard streams.

    Raises ArretLps when the command can't be started.
    """

    def __init__(
        self,
        commande: Sequence[str],
        *,
        environnement: Mapping[str, str] | None = None,
        dossier: Path | None = None,
        memoire_mio: int | None = None,
    ) -> None:
        options: dict[str, object] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if WINDOWS
            else {"start_new_session": True}
        )
        try:
            self._proc = subprocess.Popen(  # type: ignore[call-overload]  # options differ between platforms
                list(commande),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=dossier,
                env={**os.environ, **(environnement or {})},
                bufsize=-1,
                **options,
            )
        except OSError as exc:
            raise ArretLps(
                f"le LPS n'a pas pu être lancé par « {' '.join(commande)} » ({tell_system_error(exc)}) ;"
                " vérifier « commande » dans la configuration"
            ) from exc
        self._garde = gardien().watch("groupe", self._proc.pid)
        self._memoire_mio, self._balance = memoire_mio, Balance(self._proc.pid)
        self._recues: queue.Queue[bytes | PanneLps] = queue.Queue(MAX_LIGNES)
        self._a_ecrire: queue.Queue[bytes | None] = queue.Queue()
        self._erreurs = bytearray()
        self._verrou = threading.Lock()
        self._panne: PanneLps | None = None
        self._fils = [
            threading.Thread(target=cible, name=f"lps-{nom}", daemon=True)
            for nom, cible in (("sortie", self._read_lines), ("erreurs", self._read_errors), ("entree", self._write))
        ]
        for fil in reversed(self._fils):  # the one that tells how the child ended comes last: it waits for the others
            fil.start()

    @property
    def pid(self) -> int:
        """Process id of the child, also the id of its group."""
        return int(self._proc.pid)

    def echanger(self, requete: bytes, delai: float, operation: str) -> bytes:
        """Writes one line, waits for one line. Raises ArretLps, SilenceLps, MemoireLps, ReponseIllisible."""
        if self._panne is not None:
            raise self._panne
        self._a_ecrire.put(requete + b"\n")
        recu = self._wait_answer(time.monotonic() + delai)
        if recu is None:
            recu = SilenceLps(operation, delai)
        if isinstance(recu, PanneLps):
            self._panne = recu
            raise recu
        return recu

    def _wait_answer(self, limite: float) -> bytes | PanneLps | None:
        """What arrives before ``limite``, memory being watched meanwhile; None when nothing does."""
        while (reste := limite - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                recu = self._recues.get(timeout=min(reste, PERIODE_MEMOIRE))
                return self._glutton() or recu
            if (gourmand := self._glutton()) is not None:
                return gourmand
        return None

    def _glutton(self) -> MemoireLps | None:
        """Kills the child at once if it holds more memory than allowed."""
        if self._memoire_mio is None:
            return None
        occupe = self._balance.weigh()
        if occupe is None or occupe <= self._memoire_mio * 1024 * 1024:
            return None
        self._kill_group()
        return MemoireLps(self._memoire_mio)

    def erreurs(self) -> bytes:
        with self._verrou:
            return bytes(self._erreurs)

    def attendre_fin(self, delai: float) -> int | None:
        """The exit status once the child has ended by itself; None if it hasn't within ``delai`` seconds."""
        try:
            return int(self._proc.wait(delai))
        except subprocess.TimeoutExpired:
            return None

    def fermer(self, grace: float = 2.0) -> None:
        """Closes the child's input, waits, then kills its whole group."""
        self._a_ecrire.put(None)
        if self._panne is not None:
            grace = 0.0
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._proc.wait(grace)
        self._kill_group()
        self._proc.wait()
        gardien().release(self._garde)
        for fil in self._fils:
            fil.join(2.0)
        for flux, fil in zip((self._proc.stdout, self._proc.stderr, self._proc.stdin), self._fils, strict=True):
            if flux is not None and not fil.is_alive():
                with contextlib.suppress(OSError):
                    flux.close()

    def _kill_group(self) -> None:
        if WINDOWS:
            if self._proc.poll() is None:
                racine = os.environ.get("SYSTEMROOT", r"C:\Windows")
                subprocess.run(
                    [str(Path(racine, "System32", "taskkill.exe")), "/T", "/F", "/PID", str(self._proc.pid)],
                    capture_output=True,
                    check=False,
                )
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._proc.pid, signal.SIGKILL)

    def _read_lines(self) -> None:
        sortie = self._proc.stdout
        while True:
            try:
                ligne = sortie.readline(MAX_LIGNE + 2)
            except (OSError, ValueError):
                ligne = b""
            dernier: bytes | PanneLps = ligne.rstrip(b"\r\n")
            if not ligne:
                dernier = self._ended()
            elif not ligne.endswith(b"\n"):
                dernier = (
                    ReponseIllisible(f"une ligne de plus de {MAX_LIGNE} octets ; la limite du protocole est dépassée")
                    if len(ligne) > MAX_LIGNE
                    else ReponseIllisible("la dernière ligne n'est pas terminée : le LPS a été coupé en écrivant")
                )
            try:
                self._recues.put_nowait(dernier)
            except queue.Full:
                # Nobody asked for that much: what waits is dropped, the breakdown takes its place.
                with contextlib.suppress(queue.Empty):
                    while True:
                        self._recues.get_nowait()
                dernier = ReponseIllisible(
                    f"plus de {MAX_LIGNES} lignes non demandées : la sortie standard est réservée aux réponses"
                )
                self._recues.put(dernier)
            if isinstance(dernier, PanneLps):
                return

    def _ended(self) -> ArretLps:
        try:
            code = self._proc.wait(2.0)
        except subprocess.TimeoutExpired:
            return ArretLps("le LPS a fermé sa sortie standard sans s'arrêter")
        self._fils[1].join(1.0)
        if code < 0:
            with contextlib.suppress(ValueError):
                return ArretLps(f"le LPS a été tué par le signal {signal.Signals(-code).name}", code)
        return ArretLps(f"le LPS s'est arrêté de lui-même, code de sortie {code}", code)

    def _read_errors(self) -> None:
        while True:
            try:
                morceau = os.read(self._proc.stderr.fileno(), 65536)
            except (OSError, ValueError):
                return
            if not morceau:
                return
            with self._verrou:
                self._erreurs += morceau
                if len(self._erreurs) > MAX_ERREURS:
                    del self._erreurs[: len(self._erreurs) - MAX_ERREURS]

    def _write(self) -> None:
        entree = self._proc.stdin
        while (requete := self._a_ecrire.get()) is not None:
            try:
                entree.write(requete)
                entree.flush()
            except (OSError, ValueError):
                self._reads_no_more()
                return
        with contextlib.suppress(OSError, ValueError):
            entree.close()

    def _reads_no_more(self) -> None:
        """The child closed its input: the reader tells how it ended, unless it goes on living."""
        try:
            self._proc.wait(DELAI_SURDITE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(queue.Full):
                self._recues.put_nowait(ArretLps("le LPS a fermé son entrée standard sans s'arrêter"))
