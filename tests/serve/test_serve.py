"""``preagrement serve`` by hand: started, told, fed and emptied by other people's programs, then stopped."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import ssl
import sys
from email import message_from_bytes
from pathlib import Path

import pytest

from bench.charge import DATE, look
from bench.semences import received
from tests.acteurs.outils import emetteur
from tests.conftest_outils import require_program
from tests.serve.outils import (
    CERTIFICAT,
    SECRET,
    Banc,
    Corps,
    console,
    curl_fetch,
    curl_send,
    order,
    refused,
    run,
    serve,
)

AMO = "01349@349.01.rss.test"


def lpsed(banc: Banc, corps: Corps, rang: int) -> None:
    """One message as a LPS sends it."""
    with smtplib.SMTP("127.0.0.1", banc.smtp, timeout=20) as smtp:
        smtp.sendmail("ps@cabinet.test", [AMO], corps.stamped(rang), rcpt_options=["NOTIFY=FAILURE"])
    banc.settle(60)


def descriptions(banc: Banc) -> list[str]:
    """Content-Description of what waits in the mailbox, by curl."""
    liste = curl_fetch(banc).split(b"\r\n")
    rangs = [ligne.split()[0].decode() for ligne in liste if ligne]
    return [str(message_from_bytes(curl_fetch(banc, r))["Content-Description"]) for r in rangs]


def test_a_vendors_tour_with_curl_tls_and_auth(tmp_path: Path, corps: list[Corps]) -> None:
    require_program("curl")
    message = tmp_path / "message.eml"
    message.write_bytes(corps[0].stamped(1))
    preuves = tmp_path / "preuves"
    with serve(preuves, "--starttls", "--auth") as banc:
        tls = ("--ssl-reqd", "--cacert", str(preuves / CERTIFICAT))
        assert curl_send(banc, message, AMO).returncode != 0, "no message without AUTH"
        faux = curl_send(banc, message, AMO, *tls, "--user", "ps:faux")
        assert faux.returncode == 67, "curl: login denied"
        compte = ("--user", f"ps:{SECRET}")
        inconnu = curl_send(banc, message, "99999@999.99.rss.test", *tls, *compte)
        assert b"550" in inconnu.stderr
        bon = curl_send(banc, message, AMO, *tls, *compte)
        assert bon.returncode == 0, bon.stderr
        banc.settle(60)
        [recu] = banc.api("/messages")["messages"]
        assert (recu["tls"], recu["flux"][0]["lots"][0]["reference"]) == (True, "001")
        assert [a["code"] for a in recu["flux"][0]["lots"][0]["anomalies"]] == []
        arl = message_from_bytes(curl_fetch(banc, "1", *tls))
        assert arl["Content-Description"] == "ARL/SV"
        assert order(banc, "acteurs.liquider")["retours_deposes"] == 1
        assert descriptions(banc) == ["ARL/SV", "RSP/NOEMIE"]
        assert banc.stop(signal.SIGINT) == 0
    dit = console(banc)
    for attendu in (
        "Recipient unknown: 99999@999.99.rss.test", "lu        par 01349 : lots 001 (FSE", "ARL positif du lot 001",
        "ordre     acteurs.liquider → 1 retour(s) déposé(s)", "Arrêt.", "messages reçus    1", "retours déposés   2",
    ):  # fmt: skip
        assert attendu in dit, dit
    for bruit in ("Warning", "deprecated", "Traceback", "auth_required"):
        assert bruit not in dit, dit
    for port in (banc.smtp, banc.pop3):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize(("quoi", "proto"), [("smtp", "smtp"), ("pop3", "pop3")])
def test_starttls_seen_by_openssl(tmp_path: Path, quoi: str, proto: str) -> None:
    require_program("openssl")
    with serve(tmp_path / "p", "--starttls") as banc:
        port = banc.smtp if quoi == "smtp" else banc.pop3
        vu = run(
            "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", proto, "-CAfile",
            str(tmp_path / "p" / CERTIFICAT), "-verify_return_error", "-verify_ip", "127.0.0.1", entree=b"QUIT\r\n",
        )  # fmt: skip
        assert b"Verify return code: 0 (ok)" in vu.stdout, vu.stderr
        assert banc.api("/etat")["erreurs_banc"] == 0


def test_without_tls_nothing_offers_it(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as banc, smtplib.SMTP("127.0.0.1", banc.smtp, timeout=20) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("starttls")
        assert not smtp.has_extn("auth")
        assert smtp.has_extn("dsn")
        with pytest.raises((smtplib.SMTPException, ssl.SSLError)):
            smtp.starttls()


def test_fetchmail_empties_the_mailbox(tmp_path: Path, corps: list[Corps]) -> None:
    require_program("fetchmail")
    with serve(tmp_path / "p") as banc:
        for rang in (1, 2):
            lpsed(banc, corps[rang], rang)
        rc, sortie = tmp_path / "fetchmailrc", tmp_path / "boite.txt"
        rc.write_text(
            f"poll 127.0.0.1 service {banc.pop3} protocol pop3 auth password\n"
            f'  user "ps" password "{SECRET}" sslproto \'\' fetchall no rewrite mda "cat >> {sortie}"\n',
            encoding="ascii",
        )
        rc.chmod(0o600)
        vu = run(
            "env", f"HOME={tmp_path}", f"FETCHMAILHOME={tmp_path}", "USER=essai", "fetchmail", "--nodetach",
            "--nosyslog", "-f", str(rc), "--pidfile", str(tmp_path / "pid"), delai=60,
        )  # fmt: skip
        assert vu.returncode == 0, vu.stdout + vu.stderr
        assert sortie.read_text(encoding="ascii").count("Content-Description: ARL/SV") == 2
        assert banc.api("/etat")["messages"]["en_boite"] == 0


def test_orders_by_the_control_api(tmp_path: Path, corps: list[Corps]) -> None:
    with serve(tmp_path / "p") as banc:
        pose = order(banc, "panne.poser", quoi="repondre", verbe="MAIL", code=451, texte="plus tard")
        assert pose["pannes_posees"] == ["panne-1"]
        with pytest.raises(smtplib.SMTPSenderRefused, match="451"):
            lpsed(banc, corps[3], 1)
        order(banc, "panne.poser", quoi="retarder", sens="retour", nature="ARL", jours_ouvres=2, nom="lente")
        lpsed(banc, corps[3], 2)
        etat = banc.api("/etat")
        assert (etat["messages"]["recus"], etat["messages"]["en_boite"], etat["messages"]["differes"]) == (1, 0, 1)
        assert order(banc, "horloge.avancer", jours_ouvres=1)["retours_deposes"] == 0
        avance = order(banc, "horloge.avancer", jours_ouvres=1)
        assert (avance["horloge"][:10], avance["retours_deposes"]) == ("2026-03-04", 1)
        order(banc, "panne.lever")
        order(banc, "acteur.regler", acteur="01349", arl="negatif", arl_code="5001", facture_en_cause=1)
        lpsed(banc, corps[4], 3)
        faits = banc.api("/journal?max=500")["evenements"]
        arls = [e["donnees"] for e in faits if e["nature"] == "retour_depose"]
        assert [(a["positif"], a["code"], a["facture"]) for a in arls] == [(True, "", ""), (False, "5001", "000000001")]
        assert [e["donnees"]["action"] for e in faits if e["nature"] == "ordre"] == [
            "panne.poser", "panne.poser", "horloge.avancer", "horloge.avancer", "panne.lever", "acteur.regler",
        ]  # fmt: skip
        order(banc, "reseau.couper")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", banc.smtp), timeout=5)
        order(banc, "reseau.retablir")
        assert descriptions(banc) == ["ARL/SV", "ARL/SV"]


def test_the_control_api_refuses_and_says_why(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as banc:
        assert refused(banc, "/etat", jeton="faux") == (
            401, "jeton absent ou faux : en-tête « Authorization: Bearer <jeton> »",
        )  # fmt: skip
        cas: list[tuple[str, bytes | None, int, str]] = [
            ("/ailleurs", None, 404, "adresse inconnue"),
            ("/etat", b"{}", 404, "les ordres vont à POST /actions"),
            ("/actions", b"\xff", 400, "n'est pas du JSON"),
            ("/actions", b"[" * 20_000, 400, "n'est pas du JSON"),
            ("/actions", b'{"action": 3}', 400, "attendu"),
            ("/actions", b'{"action": "x", "avec": []}', 400, "les paramètres sont nommés"),
            ("/actions", b'{"action": "x"}', 422, "inconnue du monde"),
            ("/actions", b'{"action": "horloge.avancer", "avec": {"jours": -1}}', 422, "jours"),
            ("/actions", b'{"action": "panne.poser", "avec": {"quoi": "perdre", "verbe": "MAIL"}}', 422, "ne va pas"),
            ("/actions", b'{"action": "carte.inserer", "avec": {"lecteur": "ps", "carte": "nul"}}', 422, "inconnue"),
            ("/journal?depuis=-1", None, 400, "entier positif"),
            ("/actions", b" " * 300_000, 413, "corps de plus de"),
        ]
        for chemin, corps, statut, raison in cas:
            vu = refused(banc, chemin, corps)
            assert vu[0] == statut, (chemin, vu)
            assert raison in vu[1], (chemin, vu)
        assert banc.api("/etat")["erreurs_banc"] == 0
        assert set(banc.api("/actions")["actions"]) >= {"panne.poser", "horloge.avancer", "acteurs.liquider"}


def test_what_cannot_start_says_why_in_french(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as banc:
        commun = [sys.executable, "-m", "harness.cli", "serve", "--pop3", "0", "--services", "0"]
        libre = ["--smtp", "0", "--controle", "0"]
        pris = run(*commun, "--smtp", str(banc.smtp), "--controle", "0", "--preuves", str(tmp_path / "q"))
        assert (pris.returncode, b"d\xc3\xa9j\xc3\xa0 utilis\xc3\xa9" in pris.stderr) == (2, True), pris.stderr
        port = banc.url.rpartition(":")[2]
        pris = run(*commun, "--smtp", "0", "--controle", port, "--preuves", str(tmp_path / "r"))
        assert (pris.returncode, "(contrôle) inutilisable" in pris.stderr.decode()) == (2, True), pris.stderr
        tenu = run(*commun, *libre, "--preuves", str(tmp_path / "p"))
        assert (tenu.returncode, "un autre banc écrit déjà" in tenu.stderr.decode()) == (2, True), tenu.stderr
        fichier = tmp_path / "fichier"
        fichier.write_text("", encoding="ascii")
        barre = run(*commun, *libre, "--preuves", str(fichier / "x"))
        assert (barre.returncode, b"Traceback" in barre.stderr) == (2, False), barre.stderr
        date = run(*commun, *libre, "--date", "hier", "--preuves", str(tmp_path / "s"))
        assert (date.returncode, b"Traceback" in date.stderr) == (2, False), date.stderr


def test_a_stop_then_a_start_goes_on(tmp_path: Path, corps: list[Corps]) -> None:
    preuves = tmp_path / "p"
    with serve(preuves) as banc:
        lpsed(banc, corps[5], 1)
        lpsed(banc, corps[6], 2)
        assert curl_fetch(banc, "1", "-I", "-X", "DELE") == b""
        order(banc, "horloge.avancer", jours=5)
        assert banc.stop() == 0
    with serve(preuves) as banc:
        etat = banc.api("/etat")
        assert etat["horloge"][:10] == "2026-03-07"
        assert (etat["messages"]["recus"], etat["messages"]["en_boite"]) == (2, 1), "a deletion is a deletion"
        lpsed(banc, corps[5], 3)
        assert order(banc, "acteurs.liquider", acteur="01349")["retours_deposes"] == 1
        [*_, dernier] = banc.api("/messages")["messages"]
        assert [a["code"] for a in dernier["flux"][0]["lots"][0]["anomalies"]] == ["LOT_DEJA_RECU"]
        assert banc.stop() == 0
    assert look(preuves).erreurs == []


def test_the_log_for_machines(tmp_path: Path, corps: list[Corps]) -> None:
    with serve(tmp_path / "p", "--journal-json") as banc:
        lpsed(banc, corps[7], 1)
        banc.stop()
        lignes = [json.loads(x) for x in console(banc).splitlines() if x.startswith('{"rang"')]
    assert [e["nature"] for e in lignes if e["nature"] in ("message_recu", "flux", "retour_depose")] == [
        "message_recu", "flux", "retour_depose",
    ]  # fmt: skip
    assert [e["rang"] for e in lignes] == list(range(len(lignes)))


def test_claims_oppositions_and_concentrators_are_served_too(tmp_path: Path) -> None:
    with emetteur(date=DATE) as e:
        envois = {envoi.nom: envoi for envoi in received(e)}
    with serve(tmp_path / "p") as banc:
        for rang, nom in enumerate(("cesi", "loi", "FSE au concentrateur"), start=1):
            envoi = envois[nom]
            with smtplib.SMTP("127.0.0.1", banc.smtp, timeout=20) as smtp:
                smtp.sendmail("ps@cabinet.test", [envoi.adresse], envoi.message(rang), rcpt_options=["NOTIFY=FAILURE"])
            banc.settle(60)
        vus = descriptions(banc)
        assert vus[0] == "SERVICE/AR-RECLAMATION"
        assert any(v.startswith("ART/") for v in vus), "the concentrator told the PS in a text"
        assert vus.count("ARL/SV") == 2, "the concentrator passed the lots on, and the acknowledgements back"
        premier = banc.api("/messages")["messages"][0]
        assert premier["flux"][0]["reclamations"][0]["irregularites"] == []
        assert banc.stop() == 0
    dit = console(banc)
    for attendu in (
        "1 rapport(s) de réclamation",
        "demande d'incréments",
        "lu        par OCT01 : transmis à 01349 (001 002)",
    ):
        assert attendu in dit, dit
    assert look(tmp_path / "p").erreurs == []
