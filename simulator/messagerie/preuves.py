"""Evidence on disk: every message in and out as an ``.eml`` file, written before it is acknowledged.

``recus/000001-20260105090000.eml`` with its envelope beside it (``.json``), ``deposes/<boite>/<uid>.eml``; an empty
``.supprime`` beside a deposited message says that the client deleted it. The rename of the ``.eml`` is the commit:
a message acknowledged survives the death of the process; with ``synchroniser`` also that of the machine (fsync).
"""

from __future__ import annotations

import json
import os
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from simulator.messagerie.erreurs import ErreurPreuves
from simulator.messagerie.evenements import DestinataireDsn, MessageRecu, ParametresDsn

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
        except OSError as exc:
            raise ErreurPreuves(
                f"dossier de preuves inutilisable : {dossier} ({exc.strerror}) ; "
                "donner un dossier existant ou à créer, accessible en écriture"
            ) from exc

    def last_number(self, sous: str) -> int:
        """Highest sequence number already present under ``recus`` or ``deposes`` (0 when empty)."""
        noms = (_NOM.fullmatch(p.stem) for p in (self.dossier / sous).rglob("*.eml"))
        return max((int(m[1]) for m in noms if m), default=0)

    def keep_received(self, message: MessageRecu) -> str:
        """Writes a received message and its envelope; gives the relative path of the ``.eml``."""
        chemin = self.dossier / "recus" / file_stem(message.numero, message.instant)
        enveloppe = message.donnees()
        try:
            chemin.with_suffix(".json").write_bytes(json.dumps(enveloppe, ensure_ascii=False, indent=1).encode())
        except OSError as exc:
            _remove(chemin.with_suffix(".json"))
            raise self._error(chemin.with_suffix(".json"), exc) from exc
        try:
            return self._write(chemin.with_suffix(".eml"), message.brut)
        except ErreurPreuves:
            _remove(chemin.with_suffix(".json"))
            raise

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

    def received(self) -> Iterator[MessageRecu]:
        """Re-reads every received message, in order."""
        for eml in sorted((self.dossier / "recus").glob("*.eml")):
            try:
                yield _received_from(eml, eml.relative_to(self.dossier).as_posix())
            except (OSError, ValueError, KeyError, TypeError) as exc:
                raise ErreurPreuves(f"preuve illisible : {eml} ({exc}) ; écarter ce fichier et son .json") from exc

    def deposited(self) -> Iterator[tuple[str, str, str, bytes]]:
        """Re-reads (mailbox, uid, relative path, bytes) of every deposited message not deleted, in order."""
        emls = (p for p in (self.dossier / "deposes").glob("*/*.eml") if not p.with_suffix(".supprime").exists())
        for eml in sorted(emls, key=lambda p: p.stem):
            boite = urllib.parse.unquote(eml.parent.name)
            try:
                yield boite, eml.stem, eml.relative_to(self.dossier).as_posix(), eml.read_bytes()
            except OSError as exc:
                raise ErreurPreuves(f"preuve illisible : {eml} ({exc.strerror})") from exc

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
            f"preuve non écrite : {chemin} ({exc.strerror}) ; libérer de la place ou rétablir le dossier, puis relancer"
        )


def _remove(chemin: Path) -> None:
    try:
        chemin.unlink(missing_ok=True)
    except OSError:
        return  # the folder itself is gone: the first error, already on its way, says so


def _received_from(eml: Path, preuve: str) -> MessageRecu:
    d = json.loads(eml.with_suffix(".json").read_text(encoding="utf-8"))
    dsn = d["dsn"]
    return MessageRecu(
        numero=int(d["numero"]),
        instant=str(d["instant"]),
        session=int(d["session"]),
        expediteur=str(d["expediteur"]),
        destinataires=tuple(d["destinataires"]),
        brut=eml.read_bytes(),
        dsn=ParametresDsn(
            dsn["ret"],
            dsn["envid"],
            tuple(DestinataireDsn(x["adresse"], tuple(x["notify"]), x["orcpt"]) for x in dsn["destinataires"]),
        ),
        authentifie=str(d["authentifie"]),
        tls=bool(d["tls"]),
        preuve=preuve,
    )
