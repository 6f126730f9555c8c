"""Faults of the servers ordered by the grammar, and insurers that answer wrongly."""

from __future__ import annotations

import poplib
import smtplib
import socket
from typing import Any

import pytest

from tests.acteurs.outils import AMO, Emetteur
from tests.pannes.outils import arls, frappes, lots, monde, natures


def envoyer(e: Emetteur, reference: str = "001") -> None:
    e.transmettre(*lots(e, reference))


@pytest.mark.parametrize(
    ("panne", "erreur"),
    [
        ({"quoi": "refuser_connexion"}, (smtplib.SMTPServerDisconnected, ConnectionError)),
        ({"quoi": "refuser_connexion", "code": "421"}, smtplib.SMTPConnectError),
        ({"quoi": "couper_donnees", "octets": "500"}, (smtplib.SMTPServerDisconnected, ConnectionError)),
        ({"quoi": "repondre", "verbe": "MAIL", "code": "451"}, smtplib.SMTPSenderRefused),
        ({"quoi": "repondre", "verbe": "RCPT", "code": "550", "qui": AMO}, smtplib.SMTPRecipientsRefused),
        ({"quoi": "repondre", "verbe": "DATA", "code": "554", "qui": AMO}, smtplib.SMTPDataError),
        ({"quoi": "repondre", "verbe": ".", "code": "452"}, smtplib.SMTPDataError),
        ({"quoi": "repondre", "verbe": ".", "code": "421"}, smtplib.SMTPDataError),
    ],
)
def test_smtp_fails_once_then_works(panne: dict[str, Any], erreur: Any) -> None:
    with monde(panne) as e:
        with pytest.raises(erreur):
            envoyer(e)
        assert e.monde.journal.of("message_recu") == ()
        envoyer(e)
        assert arls(e) == [("001", True)]


def test_aimed_at_another_insurer_it_does_not_strike() -> None:
    with monde({"quoi": "repondre", "verbe": "RCPT", "code": "550", "qui": "OCT01"}) as e:
        envoyer(e)
        assert natures(e) == ["ARL"]


def test_pop3_refused_once_and_nothing_is_lost() -> None:
    with monde({"quoi": "refuser_connexion", "sens": "retour", "texte": "[SYS/TEMP] plus tard"}) as e:
        envoyer(e)
        boite = e.monde.environnement().pop3
        with socket.create_connection((boite.hote, boite.port), timeout=5) as prise:
            assert prise.recv(100) == b"-ERR [SYS/TEMP] plus tard\r\n"
            assert prise.recv(100) == b""
        assert arls(e) == [("001", True)]


@pytest.mark.parametrize(
    ("panne", "motif"),
    [
        ({"quoi": "repondre", "sens": "retour", "verbe": "PASS", "texte": "[AUTH] non"}, r"\[AUTH\] non"),
        ({"quoi": "repondre", "sens": "retour", "verbe": "RETR"}, r"\[SYS/TEMP\]"),
        ({"quoi": "couper_donnees", "sens": "retour", "octets": "30"}, "EOF|closed|reset"),
    ],
)
def test_pop3_fails_once_and_nothing_is_lost(panne: dict[str, Any], motif: str) -> None:
    with monde(panne) as e:
        envoyer(e)
        boite = e.monde.environnement().pop3
        pop = poplib.POP3(boite.hote, boite.port, timeout=10)
        try:
            with pytest.raises((poplib.error_proto, OSError, EOFError), match=motif):
                pop.user(boite.utilisateur) and pop.pass_(boite.mot_de_passe) and pop.retr(1)
        finally:
            pop.close()
        e.monde.attendre_traitement()
        assert arls(e) == [("001", True)]


def test_slow_servers_change_nothing_but_the_pieces() -> None:
    with monde({"quoi": "ralentir"}, {"quoi": "ralentir", "sens": "retour", "octets": "7"}) as e:
        envoyer(e)
        assert arls(e) == [("001", True)]
        assert [quoi for quoi, _ in frappes(e)] == ["ralentir", "ralentir"]


def test_put_and_lifted_by_a_step() -> None:
    with monde() as e:
        e.monde.agir("panne.poser", {"quoi": "refuser_connexion", "nom": "ligne-coupee", "fois": "0"})
        for _ in range(3):
            with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
                envoyer(e)
        e.monde.agir("panne.lever", {"nom": "ligne-coupee"})
        envoyer(e)
        assert natures(e) == ["ARL"]


# --- insurers -------------------------------------------------------------------------------------------------
def test_wrong_key() -> None:
    with monde({"quoi": "mauvaise_cle", "qui": AMO}) as e:
        envoyer(e)
        [service] = e.retours
        assert (service["nature"], service["code"]) == ("SERVICE", "rejet_chiffrement")
        assert "CHIFFREMENT_DESTINATAIRE" in e.codes()
        envoyer(e, "002")
        assert arls(e) == [("002", True)], "the fault is over, the key is the right one again"


def test_arl_of_another_lot() -> None:
    with monde({"quoi": "arl_autre_lot"}, {"quoi": "arl_autre_lot", "reference": "ABC", "quand": {"apres": "1"}}) as e:
        for reference in ("998", "999", "001"):
            envoyer(e, reference)
        # the first fault: the highest reference never received, 999 then; the second one: its own
        assert arls(e) == [("999", True), ("ABC", True), ("001", True)]
        assert [r["lot"] for r in e.retours] == ["999", "ABC", "001"]


def test_contradictory_arl() -> None:
    with monde({"quoi": "arl_contradictoire", "arl_code": "1234", "arl_libelle": "non finalement"}) as e:
        envoyer(e)
        assert arls(e) == [("001", True), ("001", False)]
        assert (e.retours[1]["code"], e.retours[1]["libelle"]) == ("1234", "NON FINALEMENT")


def test_contradictory_arl_the_other_way_round() -> None:
    with monde({"quoi": "arl_contradictoire"}, acteurs={AMO: {"arl": "negatif"}}) as e:
        envoyer(e)
        assert arls(e) == [("001", False), ("001", True)]


def test_rsp_before_arl() -> None:
    with monde({"quoi": "rsp_avant_arl"}) as e:
        envoyer(e)
        assert natures(e) == ["RSP", "ARL"]
        e.monde.agir("acteurs.liquider")
        assert natures(e) == ["RSP", "ARL"], "paid once"
        envoyer(e, "002")
        assert natures(e)[2:] == ["ARL"]


def test_several_faults_together() -> None:
    """The invoice is paid, then its lot acknowledged twice with contradictory answers, the first of which is lost."""
    with monde(
        {"quoi": "rsp_avant_arl"},
        {"quoi": "arl_contradictoire"},
        {"quoi": "perdre", "sens": "retour", "nature": "ARL"},
    ) as e:
        envoyer(e)
        assert natures(e) == ["RSP", "ARL"]
        assert arls(e) == [("001", False)]
