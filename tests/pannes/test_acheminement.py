"""What happens on the way: lost, late, twice, out of order, damaged, not delivered; over real sockets, no sleep."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta

import pytest

from norms.contrat.ports import PARIS
from simulator.evenements import Evenement
from tests.acteurs.outils import AMC, AMO, DRE, Emetteur
from tests.pannes.outils import arls, frappes, lots, monde, natures, poster, relever

JOUR = datetime(2026, 3, 2, 9, 0, tzinfo=PARIS)  # a Monday
FAUTE_MESSAGE = {"quoi": "perdre"}


def recus(e: Emetteur) -> list[list[str]]:
    """References of the lots of each message that an insurer received, in order."""
    return [x.donnees["messages"][0]["lots"] for x in e.monde.journal.of("flux")]


def seul(e: Emetteur, nature: str) -> Evenement:
    [evenement] = [x for x in e.monde.journal.of("retour_depose") if x.donnees["nature"] == nature]
    return evenement


# --- from the LPS to the insurer ------------------------------------------------------------------------------
def test_lost_once_then_normal() -> None:
    with monde(FAUTE_MESSAGE) as e:
        un, deux = lots(e, "001", "002")
        e.transmettre(un)
        assert recus(e) == []
        assert e.retours == []
        e.transmettre(deux)
        assert recus(e) == [["002"]]
        assert arls(e) == [("002", True)]
        assert frappes(e) == [("perdre", "message 1")]
        assert len(e.monde.journal.of("message_recu")) == 2, "the lost one was acknowledged like the other"


def test_only_for_one_insurer_after_one_message() -> None:
    with monde({"quoi": "perdre", "qui": AMC, "quand": {"apres": "1"}, "fois": "0"}) as e:
        e.transmettre(*lots(e, "001"))
        for reference in ("AAA", "AAB", "AAC"):
            e.transmettre(e.lot([e.facture("000000009", DRE)], reference), numero=AMC)
        assert recus(e) == [["001"], ["AAA"]]
        assert frappes(e) == [("perdre", "message 3"), ("perdre", "message 4")]


def test_only_in_its_time() -> None:
    with monde({"quoi": "perdre", "fois": "0", "quand": {"du": "2026-03-02T10:00", "au": "2026-03-02T11:00"}}) as e:
        for reference in ("001", "002", "003"):
            e.transmettre(*lots(e, reference))
            e.monde.agir("horloge.avancer", {"heures": 1})
        assert recus(e) == [["001"], ["003"]]


def test_twice() -> None:
    """The second copy bears a time stamp already used: the insurer says so in a service message."""
    with monde({"quoi": "dupliquer"}) as e:
        e.transmettre(*lots(e, "001"))
        assert recus(e) == [["001"], ["001"]]
        assert [(r["nature"], r["code"]) for r in e.retours] == [("ARL", ""), ("SERVICE", "rejet_smtp")]
        assert "SUJET_COMPOSTAGE_REUTILISE" in e.codes()


def test_damaged_on_the_way() -> None:
    with monde({"quoi": "corrompre"}) as e:
        e.transmettre(*lots(e, "001"))
        assert recus(e) == [[]]
        [service] = e.retours
        assert (service["nature"], service["code"]) == ("SERVICE", "rejet_smtp"), "no longer base64"
        assert e.monde.journal.of("erreur_banc") == ()


def test_late_by_working_days_of_the_virtual_clock() -> None:
    """Sent on Friday 6 March, two working days late: received on Tuesday 10 at the same hour, not before."""
    with monde({"quoi": "retarder", "jours_ouvres": "2"}, date="2026-03-06T09:00") as e:
        e.envoyer(e.message(e.sceller(e.fichier(lots(e, "001"), date="20260306")), 1))
        assert recus(e) == []
        e.monde.agir("horloge.avancer", {"jours": 3})
        assert recus(e) == [], "Monday 9: one working day only"
        e.monde.agir("horloge.avancer", {"jours": 7})
        [flux] = e.monde.journal.of("flux")
        assert flux.instant == "2026-03-10T09:00:00+01:00"
        assert seul(e, "ARL").instant == "2026-03-10T09:00:00+01:00"
        assert e.monde.horloge.now() == datetime(2026, 3, 16, 9, 0, tzinfo=PARIS)


def test_out_of_order() -> None:
    with monde({"quoi": "intervertir"}) as e:
        for reference in ("001", "002", "003"):
            e.transmettre(*lots(e, reference))
        assert recus(e) == [["002"], ["001"], ["003"]]


def test_the_last_one_held_back_goes_when_time_passes_or_the_fault_is_lifted() -> None:
    with monde({"quoi": "intervertir", "nom": "desordre", "fois": "0"}) as e:
        e.transmettre(*lots(e, "001"))
        assert recus(e) == []
        e.monde.agir("horloge.avancer", {"minutes": 1})
        assert recus(e) == [["001"]]
        e.transmettre(*lots(e, "002"))
        e.monde.agir("panne.lever", {"nom": "desordre"})
        assert recus(e) == [["001"], ["002"]]


def test_two_recipients_one_fault() -> None:
    """One message to an AMO and to an OCT; only the AMO's copy is lost."""
    with monde({"quoi": "perdre", "qui": AMO}) as e:
        boite = e.monde.environnement().smtp
        brut = e.message(e.sceller(e.fichier(lots(e, "001"))), 1)
        with smtplib.SMTP(boite.hote, boite.port, timeout=10) as smtp:
            smtp.sendmail(boite.adresse, ["01349@349.01.rss.test", "factures@concentrateur.test"], brut)
        e.monde.attendre_traitement(20)
        assert [m["acteur"] for m in e.flux["messages"]] == ["OCT01"]


# --- from the insurer to the mailbox --------------------------------------------------------------------------
def test_an_arl_lost_and_the_rsp_comes() -> None:
    with monde({"quoi": "perdre", "sens": "retour", "nature": "ARL"}) as e:
        e.transmettre(*lots(e, "001"))
        e.monde.agir("acteurs.liquider")
        assert natures(e) == ["RSP"]
        assert frappes(e) == [("perdre", "ARL du lot 001")]


def test_returns_twice_late_swapped_damaged() -> None:
    with monde(
        {"quoi": "dupliquer", "sens": "retour"},
        {"quoi": "retarder", "sens": "retour", "heures": "5", "quand": {"apres": "1"}},
        {"quoi": "intervertir", "sens": "retour", "quand": {"apres": "1"}},
    ) as e:
        for reference in ("001", "002", "003", "004"):
            e.transmettre(*lots(e, reference))
        # 001 twice; 002 late by five hours; 003 after 004
        assert arls(e) == [("001", True), ("001", True), ("004", True), ("003", True)]
        e.monde.agir("horloge.avancer", {"heures": 4, "minutes": 59})
        assert len(e.retours) == 4
        e.monde.agir("horloge.avancer", {"minutes": 1})
        assert e.retours[-1]["lot"] == "002"
        uids = [r["uid"] for r in e.retours]
        assert len(set(uids)) == 5, "two copies are two messages"


def test_a_damaged_return_is_not_the_one_that_was_sent() -> None:
    with monde({"quoi": "corrompre", "sens": "retour", "octets": "0"}) as e:
        e.transmettre(*lots(e, "001"))
        e.transmettre(*lots(e, "002"))
        abime, sain = e.releve()
        assert len(abime) == len(sain)
        assert b"#" in abime.split(b"\r\n\r\n", 1)[1] or abime.split(b"\r\n\r\n", 1)[1] != sain.split(b"\r\n\r\n", 1)[1]
        differents = [i for i, (a, b) in enumerate(zip(abime, sain, strict=True)) if a != b]
        milieu = len(abime) // 2
        assert any(milieu <= i < milieu + 16 for i in differents)


def test_full_mailboxes() -> None:
    """At RCPT: 452. On the way back: tried again every virtual hour; two refusals, delivered two hours later."""
    with monde({"quoi": "boite_pleine", "qui": AMO}, {"quoi": "boite_pleine", "sens": "retour", "fois": "2"}) as e:
        [lot] = lots(e, "001")
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="452"):
            e.transmettre(lot)
        e.transmettre(lot)
        assert e.retours == []
        e.monde.agir("horloge.avancer", {"minutes": 119})
        assert e.retours == []
        e.monde.agir("horloge.avancer", {"minutes": 1})
        assert seul(e, "ARL").instant == (JOUR + timedelta(hours=2)).isoformat()


# --- the operator ---------------------------------------------------------------------------------------------
def test_ar_p_now_and_the_arl_when_the_site_is_back() -> None:
    with monde({"quoi": "site_indisponible", "heures": "6"}) as e:
        e.transmettre(*lots(e, "001"))
        [ar_p] = relever(e)
        sujet = e.monde.journal.of("message_recu")  # the original Subject is recalled
        assert len(sujet) == 1
        assert ar_p["Content-Description"] == "SERVICE/AR_P"
        assert ar_p["Subject"].startswith("SERVICE/AR_P/SV140800/991111113/")
        assert ar_p["From"] == "operateur@relais.test"
        assert [(r["nature"], r["code"], r["acteur"]) for r in e.retours] == [("SERVICE", "ar_p", "OPERATEUR")]
        e.monde.agir("horloge.avancer", {"jours": 1})
        assert arls(e) == [("001", True)]
        assert seul(e, "ARL").instant == (JOUR + timedelta(hours=6)).isoformat()


def test_several_non_deliveries_in_a_row() -> None:
    with monde({"quoi": "non_remise", "fois": "2"}) as e:
        for reference in ("001", "002", "003"):
            e.transmettre(*lots(e, reference))
        assert [(r["nature"], r["code"]) for r in e.retours] == [("DSN", "failed"), ("DSN", "failed"), ("ARL", "")]
        assert recus(e) == [["003"]]


def test_a_non_delivery_notice_as_rfc_3464_wants_it() -> None:
    with monde({"quoi": "non_remise", "statut": "5.2.1", "texte": "boite fermee", "jours_ouvres": "1"}) as e:
        brut = e.message(e.sceller(e.fichier(lots(e, "001"))), 1)
        poster(
            e, brut,
            mail=("RET=FULL", "ENVID=QQ314159+2Bfin"),
            rcpt=("NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;01349@349.01.rss.test"),
        )  # fmt: skip
        assert e.retours == []
        e.monde.agir("horloge.avancer", {"jours_ouvres": 1})
        [avis] = relever(e)
        assert avis.get_content_type() == "multipart/report"
        assert avis.get_param("report-type") == "delivery-status"
        assert avis["Auto-Submitted"] == "auto-replied"
        texte, statut, original = avis.iter_parts()
        assert "n'a pas pu être remis à 01349@349.01.rss.test" in texte.get_content()
        assert statut.get_content_type() == "message/delivery-status"
        message, destinataire = statut.get_payload()
        assert dict(message.items()) == {
            "Reporting-MTA": "dns; relais.test",
            "Original-Envelope-Id": "QQ314159+fin",
            "Arrival-Date": "Mon, 02 Mar 2026 09:00:00 +0100",
        }
        assert dict(destinataire.items()) == {
            "Original-Recipient": "rfc822;01349@349.01.rss.test",
            "Final-Recipient": "rfc822; 01349@349.01.rss.test",
            "Action": "failed",
            "Status": "5.2.1",
            "Diagnostic-Code": "smtp; 550 5.2.1 boite fermee",
            "Last-Attempt-Date": "Tue, 03 Mar 2026 09:00:00 +0100",
        }
        assert original.get_content_type() == "message/rfc822"
        [renvoye] = original.get_payload()
        assert renvoye["Subject"].startswith("SV140800/")
        assert renvoye.get_payload(decode=True)[:1] == b"\x30", "the whole message came back, its CMS too"


@pytest.mark.parametrize(
    ("rcpt", "panne", "attendus"),
    [
        ((), {"quoi": "non_remise"}, ["failed"]),
        (("NOTIFY=NEVER",), {"quoi": "non_remise"}, []),
        (("NOTIFY=SUCCESS",), {"quoi": "non_remise"}, []),
        (("NOTIFY=FAILURE",), {"quoi": "non_remise"}, ["failed"]),
        (("NOTIFY=FAILURE",), None, []),
        (("NOTIFY=SUCCESS,FAILURE",), None, ["delivered"]),
        (("NOTIFY=DELAY",), {"quoi": "retarder", "heures": "1"}, ["delayed"]),
        (("NOTIFY=SUCCESS,DELAY",), {"quoi": "retarder", "heures": "1"}, ["delayed", "delivered"]),
    ],
)  # fmt: skip
def test_notices_follow_what_was_asked(
    rcpt: tuple[str, ...], panne: dict[str, str] | None, attendus: list[str]
) -> None:
    with monde(*([panne] if panne else [])) as e:
        poster(e, e.message(e.sceller(e.fichier(lots(e, "001"))), 1), rcpt=rcpt)
        e.monde.agir("horloge.avancer", {"heures": 2})
        assert [r["code"] for r in e.retours if r["nature"] == "DSN"] == attendus
        for avis in relever(e):
            if avis.get_content_type() == "multipart/report":
                *_, original = avis.iter_parts()
                assert original.get_content_type() == "text/rfc822-headers", "headers only, unless RET=FULL"


def test_no_notice_to_a_null_sender() -> None:
    with monde({"quoi": "non_remise"}) as e:
        boite = e.monde.environnement().smtp
        with smtplib.SMTP(boite.hote, boite.port, timeout=10) as smtp:
            smtp.sendmail("", ["01349@349.01.rss.test"], b"Subject: x\r\n\r\n")
        e.monde.attendre_traitement(20)
        assert e.retours == []
        assert frappes(e) == [("non_remise", "message 1")]
