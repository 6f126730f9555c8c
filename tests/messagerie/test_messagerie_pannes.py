"""Faults, TLS and hostile clients, on sockets."""

from __future__ import annotations

import contextlib
import poplib
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from norms.contrat.ports import HorlogeVirtuelle
from simulator.messagerie.erreurs import BoitePleine, ErreurMessagerie
from simulator.messagerie.pannes import Panne, PannesMessagerie, corrupt
from simulator.messagerie.pop3 import OptionsPop3
from simulator.messagerie.smtp import OptionsSmtp

from .conftest import BOITE, SECRET, Reseau

Demarrer = Callable[..., Reseau]
CORPS = b"Subject: essai\r\n\r\n" + b"ligne\r\n" * 400


def send(monde: Reseau, corps: bytes = CORPS) -> None:
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.sendmail("a@b.test", ["amo@org.test"], corps)


def pop(monde: Reseau) -> poplib.POP3:
    client = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    client.user(BOITE)
    client.pass_(SECRET)
    return client


@pytest.mark.parametrize(
    ("verbe", "erreur"),
    [
        ("MAIL", smtplib.SMTPSenderRefused),
        ("RCPT", smtplib.SMTPRecipientsRefused),
        ("DATA", smtplib.SMTPDataError),
        (".", smtplib.SMTPDataError),
    ],
)
def test_a_chosen_answer_at_a_verb_then_normal_service(reseau: Demarrer, verbe: str, erreur: type[Exception]) -> None:
    monde = reseau()
    monde.pannes.add(Panne("repondre", verbe=verbe, code=554, texte="5.7.1 refus simule"))
    with pytest.raises(erreur, match="refus simule"):
        send(monde)
    send(monde)
    assert monde.serveur.attendre_traitement(10)
    assert [m.numero for m in monde.recus] == [1]
    assert [(r.reponse, r.injecte) for r in monde.of("RefusSmtp")] == [("554 5.7.1 refus simule", True)]


def test_connections_are_refused_as_many_times_as_said(reseau: Demarrer) -> None:
    monde = reseau()
    monde.pannes.add(Panne("refuser_connexion", apres=1, fois=2))
    monde.pannes.add(Panne("refuser_connexion", apres=1, code=421))
    send(monde)
    for _ in range(2):
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            send(monde)
    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        send(monde)
    send(monde)
    assert len(monde.of("PanneInjectee")) == 3


def test_a_drop_in_the_middle_of_data_leaves_no_message(reseau: Demarrer, tmp_path: Path) -> None:
    monde = reseau(dossier=tmp_path)
    monde.pannes.add(Panne("couper_donnees", octets=1000))
    monde.pannes.add(Panne("couper_donnees", octets=1_000_000))  # more than the message: dropped at its end
    for _ in range(2):
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            send(monde)
    send(monde)
    assert monde.serveur.attendre_traitement(10)
    assert len(monde.recus) == 1
    assert len(list((tmp_path / "recus").glob("*.eml"))) == 1
    assert [s.fin for s in monde.of("SessionSmtp")] == ["coupure pendant DATA", "coupure pendant DATA", "QUIT"]


def test_a_full_mailbox(reseau: Demarrer) -> None:
    monde = reseau()
    monde.pannes.add(Panne("boite_pleine", "pop3", boite="autre@cabinet.test"))
    monde.pannes.add(Panne("boite_pleine", "pop3", boite=BOITE))
    with pytest.raises(BoitePleine):
        monde.serveur.deposit(BOITE, CORPS)
    monde.serveur.deposit(BOITE, CORPS)
    monde.pannes.add(Panne("boite_pleine", boite="amo@org.test"))
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="452"):
        send(monde)
    send(monde)
    client = pop(monde)
    assert b"".join(ligne + b"\r\n" for ligne in client.retr(1)[1]) == CORPS
    client.quit()


def test_a_server_that_says_nothing_any_more(reseau: Demarrer) -> None:
    """The client's own time-out acts; the server still serves the others, and the next ones."""
    monde = reseau()
    monde.pannes.add(Panne("se_taire", verbe="DATA"))
    with (
        smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=0.3) as client,
        pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)),
    ):
        client.sendmail("a@b.test", ["amo@org.test"], CORPS)
    send(monde)
    monde.pannes.add(Panne("se_taire", "pop3", verbe="STAT"))
    pop3 = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=0.3)
    pop3.user(BOITE)
    pop3.pass_(SECRET)
    with pytest.raises(TimeoutError):
        pop3.stat()
    pop3.close()
    client2 = None
    while client2 is None:  # the mailbox is given back as soon as the server sees the client gone
        with contextlib.suppress(poplib.error_proto):
            client2 = pop(monde)
    assert client2.stat() == (0, 0)
    client2.quit()
    assert [p.panne for p in monde.of("PanneInjectee")] == ["se_taire", "se_taire"]
    assert monde.serveur.erreurs == ()


def test_answers_in_pieces(reseau: Demarrer) -> None:
    """Each octet of the answer in a write of its own: a client that reads lines doesn't see the difference."""
    monde = reseau()
    monde.pannes.add(Panne("ralentir", octets=1))
    monde.pannes.add(Panne("ralentir", "pop3", octets=3))
    with socket.create_connection(("127.0.0.1", monde.serveur.port_smtp), timeout=5) as brut:
        accueil = b""
        while not accueil.endswith(b"\r\n"):
            accueil += brut.recv(4096)
        assert accueil.startswith(b"220 relais.test")
        if sys.platform == "linux":  # tcpi_data_segs_in of struct tcp_info: segments with data so far
            info = brut.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
            assert struct.unpack_from("I", info, 152)[0] >= len(accueil) // 2
    send(monde)
    monde.serveur.deposit(BOITE, CORPS)
    client = pop(monde)
    assert b"".join(ligne + b"\r\n" for ligne in client.retr(1)[1]) == CORPS
    client.quit()
    assert [p.panne for p in monde.of("PanneInjectee")] == ["ralentir", "ralentir"]


def test_a_fault_has_its_time_and_its_name() -> None:
    horloge = HorlogeVirtuelle(datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - Europe/Paris by contract
    pannes = PannesMessagerie(horloge=horloge)
    midi, soir = horloge.now().replace(hour=12), horloge.now().replace(hour=18)
    pannes.add(Panne("refuser_connexion", fois=0, du=midi, au=soir, nom="apres-midi"))
    vues = []
    for heure in (9, 12, 17, 18):
        horloge.set(midi.replace(hour=heure))
        vues.append(pannes.take("refuser_connexion", "smtp") is not None)
    assert vues == [False, True, True, False]
    pannes.add(Panne("refuser_connexion", fois=0, nom="toujours"))
    assert pannes.remove("apres-midi") == 1
    assert pannes.take("refuser_connexion", "smtp") is not None
    assert pannes.remove("toujours") == 1
    assert pannes.take("refuser_connexion", "smtp") is None
    assert pannes.remove("toujours") == 0


def test_mailbox_full_at_rcpt(reseau: Demarrer) -> None:
    monde = reseau()
    monde.pannes.add(Panne("boite_pleine", boite="amo@org.test"))
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="452"):
        send(monde)
    send(monde)


def test_pop3_faults(reseau: Demarrer) -> None:
    monde = reseau()
    monde.serveur.deposit(BOITE, CORPS)
    monde.pannes.add(Panne("refuser_connexion", "pop3", texte="[SYS/TEMP] occupe"))
    with socket.create_connection(("127.0.0.1", monde.serveur.port_pop3), timeout=10) as prise:
        assert prise.makefile("rb").read() == b"-ERR [SYS/TEMP] occupe\r\n"
    monde.pannes.add(Panne("repondre", "pop3", verbe="PASS", texte="[SYS/TEMP] plus tard"))
    with contextlib.closing(poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)) as client:
        client.user(BOITE)
        with pytest.raises(poplib.error_proto, match="plus tard"):
            client.pass_(SECRET)
    monde.pannes.add(Panne("couper_donnees", "pop3", octets=500))
    client = pop(monde)
    client.dele(1)
    client.rset()
    with pytest.raises((poplib.error_proto, ConnectionError)):
        client.retr(1)
    client.close()
    assert monde.of("MessageReleve") == []
    assert len(monde.boites.messages(BOITE)) == 1


@pytest.mark.parametrize(
    ("champs", "motif"),
    [
        ({"nature": "exploser"}, "natures admises"),
        ({"nature": "repondre"}, "donner le verbe"),
        ({"nature": "se_taire", "protocole": "imap"}, "smtp ou pop3"),
        ({"nature": "repondre", "verbe": "MAIL", "code": 250}, "de 400 à 599"),
        ({"nature": "se_taire", "fois": -1}, "positifs"),
        ({"nature": "repondre", "verbe": "MAIL", "texte": "a\r\nb"}, "une ligne"),
    ],
)
def test_nonsense_faults_are_refused(champs: dict[str, object], motif: str) -> None:
    with pytest.raises(ErreurMessagerie, match=motif):
        Panne(**champs)  # type: ignore[arg-type]  # what is tested


def test_faults_are_counted() -> None:
    pannes = PannesMessagerie(Panne("ralentir", apres=1, fois=2), Panne("couper_donnees", fois=0))
    assert [pannes.take("ralentir", "smtp") is not None for _ in range(5)] == [False, True, True, False, False]
    assert all(pannes.take("couper_donnees", "smtp") for _ in range(5))
    assert pannes.take("couper_donnees", "pop3") is None
    pannes.clear()
    assert pannes.take("couper_donnees", "smtp") is None
    for position in range(40):
        assert corrupt(CORPS, position) != CORPS


@pytest.fixture(scope="module")
def certificat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    dossier = tmp_path_factory.mktemp("tls")
    cle, cert = dossier / "k.pem", dossier / "c.pem"
    sujet = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *sujet, "-keyout", cle, "-out", cert],
        check=True,
        capture_output=True,
    )
    return cle, cert


def contexts(certificat: tuple[Path, Path]) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    serveur = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serveur.load_cert_chain(certificat[1], certificat[0])
    return serveur, ssl.create_default_context(cafile=str(certificat[1]))


def test_tls_on_both_sides(reseau: Demarrer, certificat: tuple[Path, Path]) -> None:
    serveur, client_tls = contexts(certificat)
    monde = reseau(
        smtp=OptionsSmtp(tls=serveur, tls_exige=True, auth=True, auth_exigee=True, auth_en_clair=False),
        pop3=OptionsPop3(tls=serveur, tls_exige=True),
    )
    with smtplib.SMTP("127.0.0.1", monde.serveur.port_smtp, timeout=10) as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<a@b.test>")[0] == 530
        assert not client.has_extn("auth")
        client.starttls(context=client_tls)
        client.ehlo()
        assert client.docmd("MAIL FROM:<a@b.test>")[0] == 530
        client.login(BOITE, SECRET)
        client.sendmail("a@b.test", [BOITE], CORPS)
    assert monde.serveur.attendre_traitement(10)
    assert (monde.recus[0].tls, monde.recus[0].authentifie) == (True, BOITE)
    releve = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    with pytest.raises(poplib.error_proto, match="STLS first"):
        releve.user(BOITE)
    assert "STLS" in releve.capa()
    releve.stls(client_tls)
    assert "STLS" not in releve.capa()
    releve.user(BOITE)
    releve.pass_(SECRET)
    assert b"".join(ligne + b"\r\n" for ligne in releve.retr(1)[1]) == CORPS
    releve.quit()
    assert monde.serveur.erreurs == ()


def test_commands_slipped_in_before_tls_are_forgotten(reseau: Demarrer, certificat: tuple[Path, Path]) -> None:
    serveur, client_tls = contexts(certificat)
    monde = reseau(pop3=OptionsPop3(tls=serveur))
    with socket.create_connection(("127.0.0.1", monde.serveur.port_pop3), timeout=10) as prise:
        prise.recv(200)
        prise.sendall(b"STLS\r\nUSER pirate@x.test\r\n")
        assert prise.recv(200) == b"+OK begin TLS\r\n"
        with client_tls.wrap_socket(prise, server_hostname="localhost") as chiffree:
            chiffree.sendall(b"PASS x\r\n")
            assert chiffree.recv(200) == b"-ERR USER first\r\n"


def test_a_broken_handshake_is_not_a_bench_error(reseau: Demarrer, certificat: tuple[Path, Path]) -> None:
    serveur, _ = contexts(certificat)
    monde = reseau(smtp=OptionsSmtp(tls=serveur), pop3=OptionsPop3(tls=serveur))
    for port, debut in ((monde.serveur.port_smtp, b"EHLO x\r\nSTARTTLS\r\n"), (monde.serveur.port_pop3, b"STLS\r\n")):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as prise:
            prise.sendall(debut)
            lu = b""
            while b"220 Ready" not in lu and b"begin TLS" not in lu:
                lu += prise.recv(1000)
            prise.sendall(b"ceci n'est pas du TLS\r\n" * 10)
            while prise.recv(1000):
                pass
    send(monde)
    assert monde.serveur.erreurs == ()


def test_hostile_pop3_lines(reseau: Demarrer) -> None:
    monde = reseau(pop3=OptionsPop3(delai_s=0.2))
    with socket.create_connection(("127.0.0.1", monde.serveur.port_pop3), timeout=10) as prise:
        prise.recv(200)
        prise.sendall(b"\xff\xfe\r\nRETR 1\r\nUSER\r\nPASS\r\nXYZ\r\n")
        lu = b""
        while lu.count(b"\r\n") < 5:
            lu += prise.recv(1000)
        assert [ligne[:4] for ligne in lu.split(b"\r\n")[:-1]] == [b"-ERR"] * 5
        prise.sendall(b"A" * 5000)
        assert b"line too long" in prise.recv(1000)
    with socket.create_connection(("127.0.0.1", monde.serveur.port_pop3), timeout=10) as prise:
        prise.recv(200)
        assert prise.recv(200) == b""  # silent for 0.2 s: disconnected
    assert [s.fin for s in monde.of("SessionPop3")] == ["ligne trop longue", "client silencieux"]
    assert monde.serveur.erreurs == ()


def test_a_silent_smtp_client_is_disconnected(reseau: Demarrer) -> None:
    monde = reseau(smtp=OptionsSmtp(delai_s=0.2))
    with socket.create_connection(("127.0.0.1", monde.serveur.port_smtp), timeout=10) as prise:
        prise.recv(200)
        assert prise.recv(200) == b""
    assert [s.fin for s in monde.of("SessionSmtp")] == ["client silencieux"]


def test_three_wrong_passwords_end_the_session(reseau: Demarrer) -> None:
    monde = reseau()
    client = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    for _ in range(3):
        client.user(BOITE)
        with pytest.raises(poplib.error_proto, match="AUTH"):
            client.pass_("faux")
    with pytest.raises((poplib.error_proto, OSError)):
        client.capa()
    client.close()
