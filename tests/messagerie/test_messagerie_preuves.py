"""Evidence under real trouble: process killed, disk that refuses, folder gone."""

from __future__ import annotations

import json
import os
import poplib
import shutil
import signal
import smtplib
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from norms.contrat.ports import HorlogeVirtuelle
from simulator.messagerie.boites import Boites
from simulator.messagerie.erreurs import BoiteInconnue, BoitePleine, ErreurMessagerie, ErreurPreuves

from .conftest import BOITE, SECRET, Reseau

Demarrer = Callable[..., Reseau]

#: A server of its own: prints its ports, answers each message by a return, dies when told.
ENFANT = """
import json, sys
from datetime import datetime
from pathlib import Path
if len(sys.argv) > 2:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
from norms.contrat.ports import HorlogeVirtuelle
from simulator.messagerie.boites import Boites
from simulator.messagerie.serveur import ServeurMessagerie
horloge = HorlogeVirtuelle(datetime(2026, 1, 5, 9, 0, 0))
boites = Boites(horloge, dossier=Path(sys.argv[1]))
boites.create("ps1@cabinet.test", "secret")
with ServeurMessagerie(boites, horloge, on_message=lambda m: boites.deposit("ps1@cabinet.test", m.brut)) as s:
    print(json.dumps([s.port_smtp, s.port_pop3]), flush=True)
    sys.stdin.readline()
    s.attendre_traitement(20)
    print(json.dumps([[type(e).__name__, e.message] for e in s.erreurs]), flush=True)
"""


def start_child(*arguments: str) -> tuple[subprocess.Popen[str], int, int]:
    enfant = subprocess.Popen(
        [sys.executable, "-c", ENFANT, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert enfant.stdout is not None
    smtp, pop3 = json.loads(enfant.stdout.readline())
    return enfant, smtp, pop3


def clock() -> HorlogeVirtuelle:
    return HorlogeVirtuelle(datetime(2026, 1, 6, 9, 0, 0))  # noqa: DTZ001 - Europe/Paris by contract


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="pas de SIGKILL sur ce système")
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    enfant, port, _ = start_child(str(tmp_path / "preuves"))
    acquittes: list[bytes] = []
    assez = threading.Event()

    def send(client_no: int) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
                for i in range(100_000):
                    corps = b"Subject: %d-%d\r\n\r\n%s\r\n" % (client_no, i, b"x" * 900)
                    client.sendmail("a@b.test", ["amo@org.test"], corps)
                    acquittes.append(corps)
                    if len(acquittes) >= 60:
                        assez.set()
        except (OSError, smtplib.SMTPException):
            return  # the server was killed under us: expected

    fils = [threading.Thread(target=send, args=(k,)) for k in range(3)]
    for fil in fils:
        fil.start()
    assert assez.wait(30)
    os.kill(enfant.pid, signal.SIGKILL)
    for fil in fils:
        fil.join(30)
    with enfant:
        enfant.wait(10)

    boites = Boites(clock(), dossier=tmp_path / "preuves")
    recus = list(boites.received())
    assert len(acquittes) >= 60
    assert set(acquittes) <= {m.brut for m in recus}
    # at most one message per client was written without its 250 having been read
    assert len(recus) - len(acquittes) in range(4)
    assert [m.numero for m in recus] == list(range(1, len(recus) + 1))
    assert all(m.expediteur == "a@b.test" and m.destinataires == ("amo@org.test",) for m in recus)
    suivant = boites.accept("a@b.test", ("amo@org.test",), b"x\r\n")
    assert suivant.numero == len(recus) + 1
    boites.create(BOITE, SECRET)
    deposes = {p.read_bytes() for p in (tmp_path / "preuves" / "deposes").rglob("*.eml")}
    assert {m.brut for m in boites.messages(BOITE)} == deposes


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE est POSIX")
def test_a_disk_that_refuses_gives_452_and_a_bench_error(tmp_path: Path) -> None:
    enfant, port, _ = start_child(str(tmp_path / "preuves"), "4096")
    petit, gros = b"Subject: petit\r\n\r\nx\r\n", b"Subject: gros\r\n\r\n" + b"y" * 70 + b"\r\n" + b"z" * 900 + b"\r\n"
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail("a@b.test", ["amo@org.test"], petit)
        with pytest.raises(smtplib.SMTPDataError) as refus:
            client.sendmail("a@b.test", ["amo@org.test"], gros * 5)
        assert refus.value.smtp_code == 452
        client.sendmail("a@b.test", ["amo@org.test"], petit)
    sortie, _ = enfant.communicate("\n", timeout=30)
    ((nom, message),) = json.loads(sortie)
    assert nom == "PannePreuves"
    assert "preuve non écrite" in message
    assert "libérer de la place" in message
    dossier = tmp_path / "preuves" / "recus"
    assert sorted(p.name for p in dossier.iterdir()) == [
        "000001-20260105090000.eml",
        "000002-20260105090000.eml",
        "enveloppes.jsonl",
    ]


def test_a_line_cut_short_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    boites = Boites(clock(), dossier=tmp_path)
    boites.accept("a@b.test", ("amo@org.test",), b"un\r\n")
    with (tmp_path / "recus" / "enveloppes.jsonl").open("ab") as sortie:
        sortie.write(b'{"eml": "000002-2026')
    reprise = Boites(clock(), dossier=tmp_path)
    assert [m.brut for m in reprise.received()] == [b"un\r\n"]
    reprise.accept("a@b.test", ("amo@org.test",), b"deux\r\n")
    assert [m.brut for m in reprise.received()] == [b"un\r\n", b"deux\r\n"]
    (tmp_path / "recus" / "000003-20260106090000.eml").write_bytes(b"sans enveloppe")
    with pytest.raises(ErreurPreuves, match="000003-20260106090000"):
        list(reprise.received())


def test_a_folder_that_vanishes_then_comes_back(reseau: Demarrer, tmp_path: Path) -> None:
    monde = reseau(dossier=tmp_path / "preuves")
    shutil.rmtree(tmp_path / "preuves" / "recus")
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        with pytest.raises(smtplib.SMTPDataError) as refus:
            client.sendmail("a@b.test", ["amo@org.test"], b"x\r\n")
        assert refus.value.smtp_code == 452
        (tmp_path / "preuves" / "recus").mkdir()
        client.sendmail("a@b.test", ["amo@org.test"], b"Subject: x\r\n\r\n\r\n")
    assert monde.serveur.attendre_traitement(10)
    assert [m.numero for m in monde.recus] == [1]
    assert [type(e).__name__ for e in monde.serveur.erreurs] == ["PannePreuves"]
    assert monde.of("RefusSmtp")[0].reponse.startswith("452 4.3.1")


def test_a_deposit_without_evidence_is_refused(tmp_path: Path) -> None:
    boites = Boites(clock(), dossier=tmp_path / "preuves")
    boites.create(BOITE, SECRET)
    shutil.rmtree(tmp_path / "preuves" / "deposes")
    (tmp_path / "preuves" / "deposes").write_text("un fichier", encoding="utf-8")
    with pytest.raises(ErreurPreuves, match="preuve non écrite"):
        boites.deposit(BOITE, b"x\r\n")
    assert boites.messages(BOITE) == ()
    assert len(boites.erreurs) == 1


def test_evidence_where_a_file_stands_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "preuves").write_text("x", encoding="utf-8")
    with pytest.raises(ErreurPreuves, match="dossier de preuves inutilisable"):
        Boites(clock(), dossier=tmp_path / "preuves")


def test_evidence_files_and_deletion_marks(reseau: Demarrer, tmp_path: Path) -> None:
    monde = reseau(dossier=tmp_path / "preuves")
    premier = monde.serveur.deposit(BOITE, b"Subject: a\n\ncorps")
    monde.serveur.deposit(BOITE, b"Subject: b\r\n\r\n\r\n")
    assert premier == "000001-20260105090000"
    dossier = tmp_path / "preuves" / "deposes" / BOITE
    assert (dossier / f"{premier}.eml").read_bytes() == b"Subject: a\r\n\r\ncorps\r\n"
    client = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    client.user("ps1")
    client.pass_(SECRET)
    client.dele(1)
    client.quit()
    assert (dossier / f"{premier}.eml").exists()
    reprise = Boites(clock(), dossier=tmp_path / "preuves")
    reprise.create(BOITE, SECRET)
    assert [m.uid for m in reprise.messages(BOITE)] == ["000002-20260105090000"]
    assert reprise.deposit(BOITE, b"c\r\n") == "000003-20260106090000"


def test_limits_and_unknown_mailboxes() -> None:
    boites = Boites(clock(), max_messages=2)
    boites.create(BOITE, SECRET)
    boites.deposit(BOITE.upper(), b"1")
    boites.deposit(BOITE, b"2")
    with pytest.raises(BoitePleine, match=r"pleine : 2 message\(s\)"):
        boites.deposit(BOITE, b"3")
    with pytest.raises(BoiteInconnue, match=r"aucune boîte à l'adresse « x@y\.test »"):
        boites.deposit("x@y.test", b"1")
    with pytest.raises(ErreurMessagerie, match="existe déjà"):
        boites.create(BOITE, "autre")
    with pytest.raises(ErreurMessagerie, match="invalide"):
        boites.create("sans-arobase", "x")
