"""SMTP in and POP3 out with ordinary clients: smtplib, poplib, curl, fetchmail."""

from __future__ import annotations

import poplib
import smtplib
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simulator.messagerie.erreurs import ErreurMessagerie
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.smtp import OptionsSmtp
from tests.conftest_outils import require_program

from .conftest import BOITE, SECRET, Reseau

CORPS = b"From: ps1@cabinet.test\r\nTo: amo@org.test\r\nSubject: essai\r\n\r\n.point\r\n..deux\r\nfin\r\n"
Demarrer = Callable[..., Reseau]


def pop(monde: Reseau) -> poplib.POP3:
    client = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    client.user(BOITE)
    client.pass_(SECRET)
    return client


def retr(client: poplib.POP3, numero: int) -> bytes:
    return b"".join(ligne + b"\r\n" for ligne in client.retr(numero)[1])


def test_a_message_arrives_byte_for_byte_with_its_envelope(reseau: Demarrer) -> None:
    monde = reseau()
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.sendmail(
            "ps1@cabinet.test",
            ["amo@org.test"],
            CORPS,
            mail_options=["RET=HDRS", "ENVID=Lot+2B1a"],
            rcpt_options=["NOTIFY=failure,DELAY", "ORCPT=rfc822;Amo@org.test"],
        )
        assert client.has_extn("dsn")
        assert client.has_extn("pipelining")
        assert client.esmtp_features["size"] == str(64 * 1024 * 1024)
    assert monde.serveur.attendre_traitement(10)
    (recu,) = monde.recus
    assert recu.brut == CORPS
    assert (recu.expediteur, recu.destinataires) == ("ps1@cabinet.test", ("amo@org.test",))
    assert (recu.dsn.ret, recu.dsn.envid) == ("HDRS", "Lot+2B1a")
    assert recu.dsn.notify("AMO@org.test") == ("FAILURE", "DELAY")
    assert recu.dsn.destinataires[0].orcpt == "rfc822;Amo@org.test"
    assert recu.instant == "2026-01-05T09:00:00+01:00"
    (session,) = monde.of("SessionSmtp")
    assert session.fin == "QUIT"
    verbes = [commande.split()[0] for commande, _ in session.echanges if commande]
    assert [v for i, v in enumerate(verbes) if v != verbes[i - 1]] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("commande", "code"),
    [
        ("MAIL FROM:<a@b.test> RET=TOUT", 501),
        ("MAIL FROM:<a@b.test> RET=FULL RET=HDRS", 501),
        ("MAIL FROM:<a@b.test> ENVID=" + "x" * 101, 501),
        ("MAIL FROM:<a@b.test> NOTIFY=NEVER", 555),
        ("MAIL FROM:<a@b.test> SIZE=67108865", 552),
        ("MAIL FROM:<a@b.test> ENVID=" + "x" * 100, 250),
        ("MAIL FROM:<> RET=FULL BODY=8BITMIME", 250),
        ("MAIL FROM:<a@b.test> " + "x" * 1100, 500),
    ],
)
def test_parameters_of_mail(reseau: Demarrer, commande: str, code: int) -> None:
    monde = reseau()
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.ehlo("essai.test")
        assert client.docmd(commande)[0] == code
    assert [r.reponse[:3] for r in monde.of("RefusSmtp")] == ([] if code == 250 else [str(code)])


@pytest.mark.parametrize(
    ("suite", "code"),
    [
        ("NOTIFY=NEVER,DELAY", 501),
        ("NOTIFY=PARFOIS", 501),
        ("ORCPT=sans-type", 501),
        ("RET=FULL", 555),
        ("NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;x+2By@z.test", 250),
    ],
)
def test_parameters_of_rcpt(reseau: Demarrer, suite: str, code: int) -> None:
    monde = reseau()
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.ehlo("essai.test")
        client.docmd("MAIL FROM:<a@b.test>")
        assert client.docmd(f"RCPT TO:<c@d.test> {suite}")[0] == code


def test_unknown_recipient_and_oversize_and_long_line_are_refused(reseau: Demarrer) -> None:
    monde = reseau(smtp=OptionsSmtp(connu=lambda a: a.endswith("@org.test"), taille_max=5000))
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refus:
            client.sendmail("a@b.test", ["inconnu@ailleurs.test"], CORPS)
        assert refus.value.recipients["inconnu@ailleurs.test"][0] == 550
        for corps, code in ((b"x" * 70 + b"\r\n", 552), (b"y" * 1002, 500)):
            client.rset()
            client.docmd("MAIL FROM:<a@b.test>")
            client.docmd("RCPT TO:<amo@org.test>")
            assert client.data(corps * (100 if code == 552 else 1))[0] == code
        client.sendmail("a@b.test", ["amo@org.test"], CORPS)
    assert monde.serveur.attendre_traitement(10)
    assert [m.brut for m in monde.recus] == [CORPS]


def test_data_cut_anywhere_and_pipelined_commands(reseau: Demarrer) -> None:
    monde = reseau()
    corps = b".debut\r\n..\r\n.\n.\r\nfin\r\n"  # a bare LF before a dot doesn't end the data
    fil = b"..debut\r\n...\r\n..\n.\r\nfin\r\n.\r\n"
    debut = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<amo@org.test>\r\nDATA\r\n"
    with socket.create_connection(("127.0.0.1", monde.serveur.port_smtp), timeout=10) as prise:
        prise.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reponses = prise.makefile("rb")
        reponses.readline()
        prise.sendall(b"EHLO x\r\n")
        while reponses.readline()[3:4] == b"-":
            pass
        for coupe in range(len(fil) + 1):
            prise.sendall(debut)
            assert [reponses.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
            prise.sendall(fil[:coupe])
            prise.sendall(fil[coupe:] + b"NOOP\r\n")
            assert [reponses.readline()[:3] for _ in range(2)] == [b"250", b"250"]
        prise.sendall(debut + b".\r\n" + debut + fil + b"QUIT\r\n")
        assert [r[:3] for r in reponses] == [b"250", b"250", b"354", b"250"] * 2 + [b"221"]
        reponses.close()
    assert monde.serveur.attendre_traitement(10)
    assert [m.brut for m in monde.recus] == [corps] * (len(fil) + 1) + [b"", corps]


def test_the_size_limit_is_exact(reseau: Demarrer) -> None:
    monde = reseau(smtp=OptionsSmtp(taille_max=100_000))
    corps = (b"x" * 98 + b"\r\n") * 1000
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.helo("x")  # without SIZE=, the limit is met while reading
        client.sendmail("a@b.test", ["amo@org.test"], corps)
        for trop in (b"y" + corps[1:-2] + b"z\r\n", corps * 5):
            with pytest.raises(smtplib.SMTPDataError, match="552"):
                client.sendmail("a@b.test", ["amo@org.test"], trop)
        client.sendmail("a@b.test", ["amo@org.test"], CORPS)
    assert monde.serveur.attendre_traitement(10)
    assert [len(m.brut) for m in monde.recus] == [100_000, len(CORPS)]


def test_a_large_message_is_written_off_the_loop(reseau: Demarrer, tmp_path: Path) -> None:
    monde = reseau(dossier=tmp_path)
    corps = b"Subject: x\r\n\r\n" + (b"A" * 76 + b"\r\n") * 40_000
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=20) as client:
        client.sendmail("a@b.test", ["amo@org.test"], corps)
    assert monde.serveur.attendre_traitement(10)
    assert (tmp_path / monde.recus[0].preuve).read_bytes() == corps


def test_returns_are_fetched_listed_and_deleted(reseau: Demarrer) -> None:
    monde = reseau()
    uids = [monde.serveur.deposit(BOITE, b"Subject: %d\r\n\r\n.\r\ncorps\r\n" % i) for i in range(3)]
    client = pop(monde)
    assert client.stat() == (3, 3 * (12 + 2 + 3 + 7))
    assert [ligne.decode().split()[1] for ligne in client.uidl()[1]] == uids
    assert retr(client, 2) == b"Subject: 1\r\n\r\n.\r\ncorps\r\n"
    assert client.top(1, 1)[1] == [b"Subject: 0", b"", b"."]
    client.dele(2)
    assert len(client.list()[1]) == 2
    client.quit()
    client = pop(monde)
    assert [ligne.decode().split()[1] for ligne in client.uidl()[1]] == [uids[0], uids[2]]
    client.quit()
    assert [(e.uid, e.action) for e in monde.of("MessageReleve")] == [(uids[1], "lu"), (uids[1], "supprime")]


def test_a_dropped_session_deletes_nothing_and_frees_the_mailbox(reseau: Demarrer) -> None:
    monde = reseau()
    monde.serveur.deposit(BOITE, CORPS)
    client = pop(monde)
    client.dele(1)
    autre = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    autre.user("ps1")
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        autre.pass_(SECRET)
    client.close()
    for _ in range(200):  # the server learns of the departure by the socket: ask again until it has
        autre.user("ps1")
        try:
            autre.pass_(SECRET)
            break
        except poplib.error_proto:
            autre.capa()
    assert autre.stat()[0] == 1
    autre.quit()


def test_passwords_never_reach_the_events(reseau: Demarrer) -> None:
    monde = reseau(smtp=OptionsSmtp(auth=True))
    client = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    client.user(BOITE)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        client.pass_("faux-secret")
    client.apop(BOITE, SECRET)
    client.quit()
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as smtp:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login("ps1", "faux-secret")
        smtp.login("ps1", SECRET)
        smtp.sendmail("a@b.test", ["amo@org.test"], CORPS)
    assert monde.serveur.attendre_traitement(10)
    assert monde.recus[0].authentifie == BOITE
    texte = repr([e.donnees() for e in monde.evenements]) + repr(monde.evenements)
    assert SECRET not in texte
    assert "faux-secret" not in texte
    assert "AHBzMQ" not in texte  # base64 of "\0ps1…", as AUTH PLAIN sends it


def test_a_taken_port_is_told_in_french(reseau: Demarrer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as prise:
        port = prise.getsockname()[1]
        with pytest.raises(ErreurMessagerie, match=rf"port {port} \(SMTP\) déjà utilisé"):
            reseau(port_smtp=port)


def test_network_down_refuses_then_comes_back_on_the_same_ports(reseau: Demarrer) -> None:
    monde = reseau()
    ports = (monde.serveur.port_smtp, monde.serveur.port_pop3)
    ouvert = pop(monde)
    monde.serveur.couper()
    with pytest.raises((EOFError, OSError, poplib.error_proto)):
        ouvert.noop()
    ouvert.close()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    monde.serveur.retablir()
    assert (monde.serveur.port_smtp, monde.serveur.port_pop3) == ports
    with smtplib.SMTP("127.0.0.1", ports[0], timeout=10) as client:
        client.sendmail("a@b.test", ["amo@org.test"], CORPS)
    pop(monde).quit()
    assert [e.actif for e in monde.of("ReseauChange")] == [False, True]


def test_reader_faults_are_bench_errors_and_do_not_stop_the_rest(reseau: Demarrer) -> None:
    def reader(message: object) -> None:
        raise RuntimeError("lecteur en panne")

    monde = reseau(on_message=reader)
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        for _ in range(2):
            client.sendmail("a@b.test", ["amo@org.test"], CORPS)
    assert monde.serveur.attendre_traitement(10)
    assert [e.message for e in monde.serveur.erreurs] == [
        "message n° 1 : RuntimeError : lecteur en panne",
        "message n° 2 : RuntimeError : lecteur en panne",
    ]
    assert len(monde.of("ErreurBanc")) == 2


def test_waiting_ends_only_when_processing_has(reseau: Demarrer) -> None:
    porte = threading.Event()
    monde = reseau(on_message=lambda m: porte.wait(10))
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.sendmail("a@b.test", ["amo@org.test"], CORPS)
    assert not monde.serveur.attendre_traitement(0.05)
    porte.set()
    assert monde.serveur.attendre_traitement(10)


def test_an_acknowledgement_may_wait_for_what_its_message_sets_off(reseau: Demarrer) -> None:
    def reader(message: MessageRecu) -> None:
        time.sleep(0.05)  # slower than the client: without the wait, its next message would come first
        if message.expediteur == "a@b.test":  # as a concentrator does: what it sends on is numbered before what follows
            suite = monde.boites.accept("oct@org.test", ("amo@org.test",), message.brut)
            monde.serveur.submit(suite)
        monde.serveur.deposit(BOITE, message.brut)

    monde = reseau(on_message=reader, smtp=OptionsSmtp(attente_traitement_s=10))
    for _ in range(2):
        with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
            client.sendmail("a@b.test", ["amo@org.test"], CORPS)
    un_message = ["ConnexionSmtp", "MessageRecu", "MessageRecu", "MessageDepose", "MessageDepose", "SessionSmtp"]
    assert [type(e).__name__ for e in monde.evenements] == un_message * 2
    assert [m.expediteur for m in monde.of("MessageRecu")] == ["a@b.test", "oct@org.test"] * 2


def test_an_acknowledgement_does_not_wait_for_ever(reseau: Demarrer) -> None:
    porte = threading.Event()
    monde = reseau(on_message=lambda m: porte.wait(10), smtp=OptionsSmtp(attente_traitement_s=0.05))
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=5) as client:
        client.sendmail("a@b.test", ["amo@org.test"], CORPS)
        assert not porte.is_set()
    assert monde.serveur.en_attente == 1
    porte.set()
    assert monde.serveur.attendre_traitement(10)


def test_a_burst_of_100_messages_from_8_clients_loses_none(reseau: Demarrer, tmp_path: Path) -> None:
    monde = reseau(dossier=tmp_path / "preuves", on_message=lambda m: monde.serveur.deposit(BOITE, m.brut))

    def send(lot: range) -> None:
        with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=30) as client:
            for i in lot:
                client.sendmail("a@b.test", ["amo@org.test"], b"Subject: %03d\r\n\r\n.x\r\n" % i)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, [range(k, 100, 8) for k in range(8)]))
    assert monde.serveur.attendre_traitement(30)
    attendus = {b"Subject: %03d\r\n\r\n.x\r\n" % i for i in range(100)}
    client = pop(monde)
    assert {retr(client, n) for n in range(1, 101)} == attendus
    client.quit()
    assert {p.read_bytes() for p in (tmp_path / "preuves" / "recus").glob("*.eml")} == attendus
    assert {p.read_bytes() for p in (tmp_path / "preuves" / "deposes" / BOITE).glob("*.eml")} == attendus
    assert monde.serveur.erreurs == ()


def test_local_delivery_to_a_mailbox(reseau: Demarrer) -> None:
    monde = reseau()
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.sendmail("a@b.test", [BOITE], CORPS)
    assert monde.serveur.attendre_traitement(10)
    client_pop = pop(monde)
    assert retr(client_pop, 1) == CORPS
    client_pop.quit()


@pytest.mark.outil("curl")
def test_curl_sends_and_fetches(reseau: Demarrer, tmp_path: Path) -> None:
    require_program("curl")
    monde = reseau(smtp=OptionsSmtp(auth=True))
    (tmp_path / "m.eml").write_bytes(CORPS)
    commun = ["curl", "-sS", "--max-time", "20", "--user", f"{BOITE}:{SECRET}"]
    smtp, pop3 = f"smtp://127.0.0.1:{monde.serveur.port_smtp}", f"pop3://127.0.0.1:{monde.serveur.port_pop3}"
    subprocess.run(
        [*commun, smtp, "--mail-from", BOITE, "--mail-rcpt", BOITE, "-T", str(tmp_path / "m.eml")],
        check=True,
    )
    assert monde.serveur.attendre_traitement(10)
    assert monde.recus[0].authentifie == BOITE
    liste = subprocess.run([*commun, pop3], check=True, capture_output=True).stdout
    assert liste == b"1 %d\r\n" % len(CORPS)
    assert subprocess.run([*commun, f"{pop3}/1"], check=True, capture_output=True).stdout == CORPS


@pytest.mark.outil("fetchmail")
@pytest.mark.parametrize("protocole", ["pop3", "apop"])
def test_fetchmail_fetches_and_empties_the_mailbox(reseau: Demarrer, tmp_path: Path, protocole: str) -> None:
    require_program("fetchmail")
    monde = reseau()
    monde.serveur.deposit(BOITE, CORPS)
    monde.serveur.deposit(BOITE, CORPS.replace(b"essai", b"autre"))
    rc = tmp_path / "fetchmailrc"
    sortie = tmp_path / "boite.txt"
    rc.write_text(
        f"poll 127.0.0.1 service {monde.serveur.port_pop3} protocol {protocole} auth password\n"
        f'  user "{BOITE}" password "{SECRET}" sslproto \'\' fetchall no rewrite mda "cat >> {sortie}"\n',
        encoding="ascii",
    )
    rc.chmod(0o600)
    resultat = subprocess.run(
        ["fetchmail", "--nodetach", "--nosyslog", "-f", str(rc), "--pidfile", str(tmp_path / "pid")],
        capture_output=True,
        text=True,
        timeout=60,
        env={"HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path), "PATH": "/usr/bin:/bin", "USER": "essai"},
        check=False,
    )
    assert resultat.returncode == 0, resultat.stdout + resultat.stderr
    releve = sortie.read_text(encoding="ascii")
    assert releve.count("\n.point\n..deux\nfin\n") == 2
    assert monde.boites.messages(BOITE) == ()
    assert [e.action for e in monde.of("MessageReleve")] == ["lu", "lu", "supprime", "supprime"]
