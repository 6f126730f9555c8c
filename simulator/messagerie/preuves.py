"""Evidence on disk: every message in and out as an ``.eml`` file, written before it is acknowledged.

``recus/000001-20260105090000.eml`` with its envelope as one line of ``recus/enveloppes.jsonl``,
``deposes/<boite>/<uid>.eml``; an empty ``.supprime`` beside a deposited message says that the client deleted it.
The envelope is written first and the rename of the ``.eml`` is the commit: a message acknowledged survives the death
of the process; with ``synchroniser`` (fsync) also that of the machine. One file is created per message, since that
is what costs most.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from norms.systeme import tell_system_error
from simulator.messagerie.erreurs import ErreurPreuves
from simulator.messagerie.evenements import DestinataireDsn, MessageRecu, ParametresDsn

ENVELOPPES = "enveloppes.jsonl"
_NOM = re.compile(r"(\d{6,})-(\d{14})")


def file_stem(numero: int, instant: str) -> str:
    """``000001-20260105090000`` from a sequence number and an ISO instant (virtual time)."""
    return f"{numero:06d}-{re.sub('[^0-9]', '', instant)[:14]}"


class Preuves:
    """The evidence folder. Raises ErreurPreuves, in French, whenever the disk refuses."""

    def __init__(self, dossier: Path, *, synchroniser: bool = False) -> None:
        self.dossier = dossier
        self._synchroniser = synchroniser
        try:
            for sous in ("recus", "deposes"):
                (dossier / sous).mkdir(parents=True, exist_ok=True)
            _end_last_line(dossier / "recus" / ENVELOPPES)
        except OSError as exc:
            raise ErreurPreuves(
                f"dossier de preuves inutilisable : {dossier} ({tell_system_error(exc)}) ; "
                "donner un dossier existant ou à créer, accessible en écriture"
            ) from exc

    def last_number(self, sous: str) -> int:
        """Highest sequence number already present under ``recus`` or ``deposes`` (0 when empty)."""
        noms = (_NOM.fullmatch(p.stem) for p in (self.dossier / sous).rglob("*.eml"))
        return max((int(m[1]) for m in noms if m), default=0)

    def keep_received(self, message: MessageRecu) -> str:
        """Writes a received message and its envelope; gives the relative path of the ``.eml``."""
        nom = file_stem(message.numero, message.instant)
        ligne = json.dumps({"eml": f"{nom}.eml", **message.donnees()}, ensure_ascii=False) + "\n"
        self._append(self.dossier / "recus" / ENVELOPPES, ligne.encode())
        return self._write(self.dossier / "recus" / f"{nom}.eml", message.brut)

    def keep_deposited(self, boite: str, uid: str, brut: bytes) -> str:
        """Writes a deposited message; gives the relative path of the ``.eml``."""
        dossier = self.dossier / "deposes" / urllib.parse.quote(boite, safe="@")
        try:
            dossier.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise self._error(dossier, exc) from exc
        return self._write(dossier / f"{uid}.eml", brut)

    def mark_deleted(self, preuve: str) -> None:
        """Notes that the client deleted this deposited message (the ``.eml`` stays)."""
        chemin = (self.dossier / preuve).with_suffix(".supprime")
        try:
            chemin.touch()
        except OSError as exc:
            raise self._error(chemin, exc) from exc

    def read(self, preuve: str) -> bytes:
        """The bytes of a piece of evidence, by its relative path."""
        try:
            return (self.dossier / preuve).read_bytes()
        except OSError as exc:
            raise ErreurPreuves(f"preuve illisible : {self.dossier / preuve} ({tell_system_error(exc)})") from exc

    def received(self, apres: int = 0) -> Iterator[MessageRecu]:
        """Re-reads received messages, in order, those numbered after ``apres``."""
        enveloppes = self._envelopes()
        for eml in sorted((self.dossier / "recus").glob("*.eml")):
            if (m := _NOM.fullmatch(eml.stem)) and int(m[1]) <= apres:
                continue
            preuve = eml.relative_to(self.dossier).as_posix()
            try:
                yield _received_from(enveloppes[eml.name], eml.read_bytes(), preuve)
            except (OSError, ValueError, KeyError, TypeError) as exc:
                raise ErreurPreuves(
                    f"preuve illisible : {eml} ({type(exc).__name__} : {exc}) ; écarter ce fichier, "
                    f"ou rétablir sa ligne dans {ENVELOPPES}"
                ) from exc

    def deposited(self) -> Iterator[tuple[str, str, str, int]]:
        """Mailbox, uid, relative path and size in bytes of every deposited message not deleted, in order."""
        emls = (p for p in (self.dossier / "deposes").glob("*/*.eml") if not p.with_suffix(".supprime").exists())
        for eml in sorted(emls, key=lambda p: p.stem):
            boite = urllib.parse.unquote(eml.parent.name)
            try:
                yield boite, eml.stem, eml.relative_to(self.dossier).as_posix(), eml.stat().st_size
            except OSError as exc:
                raise ErreurPreuves(f"preuve illisible : {eml} ({tell_system_error(exc)})") from exc

    def _envelopes(self) -> dict[str, dict[str, Any]]:
        """Envelopes by file name; the last line wins, a line cut short by a crash is passed over."""
        chemin = self.dossier / "recus" / ENVELOPPES
        enveloppes: dict[str, dict[str, Any]] = {}
        if not chemin.exists():
            return enveloppes
        with chemin.open(encoding="utf-8", errors="replace") as entree:
            for ligne in entree:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    enveloppe = json.loads(ligne)
                    enveloppes[enveloppe["eml"]] = enveloppe
        return enveloppes

    def _append(self, chemin: Path, ligne: bytes) -> None:
        try:
            with chemin.open("ab", buffering=0) as sortie:
                avant = sortie.tell()
                if (ecrits := sortie.write(ligne)) != len(ligne):
                    if ecrits:  # half a line would spoil the next one
                        sortie.truncate(avant)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if self._synchroniser:
                    os.fsync(sortie.fileno())
        except OSError as exc:
            raise self._error(chemin, exc) from exc

    def _write(self, chemin: Path, brut: bytes) -> str:
        provisoire = chemin.with_suffix(".tmp")
        try:
            with provisoire.open("wb", buffering=0) as sortie:
                vue = memoryview(brut)
                while vue:
                    vue = vue[sortie.write(vue) :]
                if self._synchroniser:
                    os.fsync(sortie.fileno())
            provisoire.replace(chemin)
        except OSError as exc:
            _remove(provisoire)
            raise self._error(chemin, exc) from exc
        return chemin.relative_to(self.dossier).as_posix()

    def _error(self, chemin: Path, exc: OSError) -> ErreurPreuves:
        return ErreurPreuves(
            f"preuve non écrite : {chemin} ({tell_system_error(exc)}) ; "
            "libérer de la place ou rétablir le dossier, puis relancer"
        )


def _end_last_line(chemin: Path) -> None:
    """Closes the line that a crash cut short, so that the next one stands alone."""
    if chemin.exists() and chemin.stat().st_size:
        with chemin.open("r+b") as fichier:
            fichier.seek(-1, os.SEEK_END)
            if fichier.read(1) != b"\n":
                fichier.write(b"\n")


def _remove(chemin: Path) -> None:
    try:
        chemin.unlink(missing_ok=True)
    except OSError:
        return  # the folder itself is gone: the first error, already on its way, says so


def _received_from(d: dict[str, Any], brut: bytes, preuve: str) -> MessageRecu:
    dsn = d["dsn"]
    return MessageRecu(
        numero=int(d["numero"]),
        instant=str(d["instant"]),
        session=int(d["session"]),
        expediteur=str(d["expediteur"]),
        destinataires=tuple(d["destinataires"]),
        brut=brut,
        dsn=ParametresDsn(
            dsn["ret"],
            dsn["envid"],
            tuple(DestinataireDsn(x["adresse"], tuple(x["notify"]), x["orcpt"]) for x in dsn["destinataires"]),
        ),
        authentifie=str(d["authentifie"]),
        tls=bool(d["tls"]),
        preuve=preuve,
    )
