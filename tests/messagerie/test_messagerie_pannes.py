"""Faults, TLS and hostile clients, on sockets."""

from __future__ import annotations

import contextlib
import poplib
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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


def test_lost_duplicated_and_corrupted_on_the_way_in(reseau: Demarrer, tmp_path: Path) -> None:
    monde = reseau(dossier=tmp_path)
    for nature in ("perdre", "dupliquer", "corrompre"):
        monde.pannes.add(Panne(nature))  # type: ignore[arg-type]  # the three literals
        send(monde)
    assert monde.serveur.attendre_traitement(10)
    assert [m.numero for m in monde.recus] == [2, 2, 3]
    assert len(list((tmp_path / "recus").glob("*.eml"))) == 3  # the lost one is evidence too
    abime = monde.recus[2].brut
    assert len(abime) == len(CORPS)
    assert abime != CORPS
    assert abime.count(b"\r\n") == CORPS.count(b"\r\n")
    assert [p.panne for p in monde.of("PanneInjectee")] == ["perdre", "dupliquer", "corrompre"]


def test_lost_duplicated_and_corrupted_on_the_way_out(reseau: Demarrer) -> None:
    monde = reseau()
    monde.pannes.add(Panne("perdre", "pop3", boite="autre@cabinet.test"))
    for nature in ("perdre", "dupliquer", "corrompre", "boite_pleine"):
        monde.pannes.add(Panne(nature, "pop3", boite=BOITE))  # type: ignore[arg-type]  # the four literals
        if nature == "boite_pleine":
            with pytest.raises(BoitePleine):
                monde.serveur.deposit(BOITE, CORPS)
        else:
            monde.serveur.deposit(BOITE, CORPS)
            monde.pannes.clear()
    client = pop(monde)
    recus = [b"".join(ligne + b"\r\n" for ligne in client.retr(n)[1]) for n in (1, 2, 3)]
    client.quit()
    assert recus[:2] == [CORPS, CORPS]
    assert recus[2] != CORPS
    assert len(recus[2]) == len(CORPS)


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
        ({"nature": "perdre", "protocole": "imap"}, "smtp ou pop3"),
        ({"nature": "repondre", "verbe": "MAIL", "code": 250}, "de 400 à 599"),
        ({"nature": "perdre", "fois": -1}, "positifs"),
        ({"nature": "repondre", "verbe": "MAIL", "texte": "a\r\nb"}, "une ligne"),
    ],
)
def test_nonsense_faults_are_refused(champs: dict[str, object], motif: str) -> None:
    with pytest.raises(ErreurMessagerie, match=motif):
        Panne(**champs)  # type: ignore[arg-type]  # what is tested


def test_faults_are_counted() -> None:
    pannes = PannesMessagerie(Panne("perdre", apres=1, fois=2), Panne("corrompre", fois=0))
    assert [pannes.take("perdre", "smtp") is not None for _ in range(5)] == [False, True, True, False, False]
    assert all(pannes.take("corrompre", "smtp") for _ in range(5))
    assert pannes.take("corrompre", "pop3") is None
    pannes.clear()
    assert pannes.take("corrompre", "smtp") is None
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
