"""The mail and service clients against ends that misbehave, on real sockets."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from norms.contrat.adaptateur import Boite
from norms.paquet import NormPack
from reference.clients.pop3 import ClientPop3
from reference.clients.services import ClientServices
from reference.clients.smtp import ClientSmtp
from reference.erreurs import MessageRefuse, ReseauIndisponible, ServicesInjoignables

PACK = NormPack.par_defaut()


@contextmanager
def serveur(dialogue: dict[bytes, bytes], accueil: bytes, connexions: int = 4) -> Iterator[tuple[int, list[bytes]]]:
    """Answers each line by what its first word calls for; gives the port and the lines received."""
    ecoute = socket.create_server(("127.0.0.1", 0))
    ecoute.settimeout(20)
    recues: list[bytes] = []

    def servir() -> None:
        for _ in range(connexions):
            try:
                lien, _ = ecoute.accept()
            except OSError:
                return
            with lien, lien.makefile("rwb") as flux:
                try:
                    flux.write(accueil)
                    flux.flush()
                    while ligne := flux.readline():
                        recues.append(ligne.strip())
                        flux.write(dialogue.get(ligne.strip(), dialogue.get((ligne.split() or [b""])[0], b"-ERR\r\n")))
                        flux.flush()
                except OSError:
                    continue

    fil = threading.Thread(target=servir, daemon=True)
    fil.start()
    try:
        yield ecoute.getsockname()[1], recues
    finally:
        with contextlib.suppress(OSError):
            ecoute.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        ecoute.close()
        fil.join(20)


def boite(port: int) -> Boite:
    return Boite(hote="127.0.0.1", port=port, utilisateur="ps", mot_de_passe="secret")


def port_ferme() -> int:
    with socket.create_server(("127.0.0.1", 0)) as ecoute:
        port: int = ecoute.getsockname()[1]
        return port


POP3 = {
    b"USER": b"+OK\r\n",
    b"PASS": b"+OK\r\n",
    b"LIST": b"+OK\r\n1 10\r\n2 9000\r\n3 10\r\n4 99999999\r\n.\r\n",
    b"UIDL": b"+OK\r\n1 un\r\n2 deux\r\n3 trois\r\n4 quatre\r\n.\r\n",
    b"RETR 1": b"+OK\r\nSubject: un\r\n\r\n.\r\n",
    b"RETR 2": b"+OK\r\n" + b"x" * 9000 + b"\r\n.\r\n",
    b"RETR 3": b"+OK\r\nSubject: trois\r\n\r\n.\r\n",
    b"DELE": b"+OK\r\n",
    b"QUIT": b"+OK\r\n",
}


def test_un_message_hors_norme_ne_bloque_pas_les_suivants() -> None:
    with serveur(POP3, b"+OK\r\n") as (port, recues):
        with ClientPop3(boite(port), delai_s=10).ouvrir() as ouverte:
            assert [uid for uid, _ in ouverte.messages()] == ["un", "trois"]
            assert ouverte.trop_gros == ["deux", "quatre"]
            ouverte.supprimer("trois")
        assert recues[-2:] == [b"DELE 3", b"QUIT"]


def test_une_session_rompue_n_oublie_pas_les_suppressions() -> None:
    """A message beyond the norm breaks the session; what was deleted before it is deleted in the next one."""
    with serveur(POP3, b"+OK\r\n") as (port, recues):
        with ClientPop3(boite(port), delai_s=10).ouvrir() as ouverte:
            for uid, _ in ouverte.messages():
                ouverte.supprimer(uid)
        apres = recues[recues.index(b"RETR 2") :]
        assert [x for x in apres if x.startswith((b"DELE", b"RETR", b"QUIT"))] == [
            b"RETR 2", b"DELE 1", b"RETR 3", b"DELE 3", b"QUIT",
        ]  # fmt: skip


def test_boite_fermee() -> None:
    with pytest.raises(ReseauIndisponible), ClientPop3(boite(port_ferme()), delai_s=5).ouvrir():
        pass


def test_mot_de_passe_refuse() -> None:
    with (
        serveur(POP3 | {b"PASS": b"-ERR non\r\n"}, b"+OK\r\n", 1) as (port, _),
        pytest.raises(ReseauIndisponible) as erreur,
        ClientPop3(boite(port), delai_s=10).ouvrir(),
    ):
        pass
    assert "secret" not in str(erreur.value)


SMTP = {
    b"ehlo": b"250-relais.test\r\n250 DSN\r\n",
    b"mail": b"250 OK\r\n",
    b"rcpt": b"250 OK\r\n",
    b"data": b"354 go\r\n",
    b".": b"250 OK\r\n",
    b"rset": b"250 OK\r\n",
    b"QUIT": b"221 bye\r\n",
    b"quit": b"221 bye\r\n",
}


def envoyer(dialogue: dict[bytes, bytes]) -> list[bytes]:
    muet = {b"texte": b"", b"Subject:": b"", b"": b""}
    with serveur(dialogue | muet, b"220 relais.test\r\n", 1) as (port, recues):
        ClientSmtp(boite(port), delai_s=10).envoyer(b"Subject: x\r\ntexte\r\n", "a@b.test", "c@d.test", "42")
    # the case of these words depends on the version of smtplib
    return [
        re.sub(rb"^(mail from|rcpt to):", lambda mots: mots[0].upper(), ligne, flags=re.IGNORECASE) for ligne in recues
    ]


def test_avis_de_non_remise_demande() -> None:
    """RFC 3461: ENVID and RET with MAIL, NOTIFY with RCPT."""
    recues = envoyer(SMTP)
    assert b"MAIL FROM:<a@b.test> RET=HDRS ENVID=42" in recues
    assert b"RCPT TO:<c@d.test> NOTIFY=FAILURE,DELAY" in recues


def test_serveur_sans_dsn() -> None:
    assert b"RCPT TO:<c@d.test>" in envoyer(SMTP | {b"ehlo": b"250 relais.test\r\n"})


def test_refus_definitif() -> None:
    with pytest.raises(MessageRefuse, match="550"):
        envoyer(SMTP | {b"rcpt": b"550 inconnu\r\n"})


def test_refus_provisoire() -> None:
    with pytest.raises(ReseauIndisponible, match="451"):
        envoyer(SMTP | {b"rcpt": b"451 plus tard\r\n"})


def test_relais_ferme() -> None:
    with pytest.raises(ReseauIndisponible):
        ClientSmtp(boite(port_ferme()), delai_s=5).envoyer(b"x", "a@b.test", "c@d.test", "1")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "n'importe quoi", "http://"])
def test_adresse_des_services_incorrecte(url: str) -> None:
    with pytest.raises(ServicesInjoignables):
        ClientServices(url, "jeton", PACK)


def test_services_fermes() -> None:
    with pytest.raises(ServicesInjoignables, match=r"ssv\.lire_carte_ps") as erreur:
        ClientServices(f"http://127.0.0.1:{port_ferme()}", "jeton", PACK).lire_carte_ps("4821")
    assert "4821" not in str(erreur.value)


@pytest.mark.parametrize("corps", [b"pas du JSON", b"[]", b'{"result": {"code_retour": "zz"}}', b'{"error": 3}'])
def test_services_hors_contrat(corps: bytes) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(corps)).encode() + b"\r\n\r\n" + corps
    muet = dict.fromkeys((b"POST", b"Host:", b"Accept-Encoding:", b"Content-Length:", b"Authorization:"), b"")
    with serveur(muet | {b"Content-Type:": b"", b"": page}, b"") as (port, _):
        client = ClientServices(f"http://127.0.0.1:{port}", "jeton", PACK, delai_s=5)
        with pytest.raises(ServicesInjoignables):
            client.ouvrir()
        client._hang_up()
