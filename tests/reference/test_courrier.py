"""Messages received that the simulated insurers don't send by themselves: ART, non-delivery reports, unknown ones."""

from __future__ import annotations

import base64

import pytest

from norms.noemie import CodecNoemie
from norms.paquet import NormPack
from reference.suivi.courrier import ART, INCONNU, NON_REMISE, RSP, SERVICE, LectureCourrier
from tests.reference.conftest import Cabinet, G, Ouvrir

LECTURE = LectureCourrier(NormPack.par_defaut())


def message(sujet: str, description: str, piece: bytes) -> bytes:
    return (
        f"From: a@b.test\r\nTo: ps@b.test\r\nSubject: {sujet}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: Application/EDI-consent; name="x.txt"\r\nContent-Transfer-Encoding: base64\r\n'
        f"Content-Description: {description}\r\n\r\n{base64.b64encode(piece).decode()}\r\n"
    ).encode()


def avis(sujet_origine: str) -> bytes:
    return (
        "From: MAILER-DAEMON@relais.test\r\nTo: ps@b.test\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nechec\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relais.test\r\n\r\n"
        "Final-Recipient: rfc822; x@y.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: {sujet_origine}\r\n\r\n--b--\r\n"
    ).encode()


def recevoir(c: Cabinet, uid: str, octets: bytes) -> None:
    """As if the mailbox had held this message."""
    assert c.adaptateur.poste.reception._garder(uid, octets)


def test_art() -> None:
    """annexe5 §7.2.1."""
    lu = LECTURE.lire("1", message("ART/099111111/202603021200", "ART/ER", "Fichier reçu".encode()))
    assert (lu.nature, lu.texte) == (ART, "Fichier reçu")


def test_message_de_service_rend_le_sujet_d_origine() -> None:
    origine = "SV140800/00000991111113/2022112109000000001/00001"
    lu = LECTURE.lire("1", message(f"SERVICE/REJET-FICHIER/{origine}", "SERVICE/REJET-FICHIER", b"motif"))
    assert (lu.nature, lu.sujet_origine, lu.texte) == (SERVICE, origine, "motif")


def test_avis_de_non_remise_rend_le_sujet_d_origine() -> None:
    lu = LECTURE.lire("1", avis("SV140800/x/y/00001"))
    assert (lu.nature, lu.sujet_origine) == (NON_REMISE, "SV140800/x/y/00001")


@pytest.mark.parametrize(
    "octets", [b"", b"\xff\xfe", b"Subject: bonjour\r\n\r\ntexte", message("a", "AUTRE/CHOSE", b"")]
)
def test_inconnu(octets: bytes) -> None:
    assert LECTURE.lire("1", octets).nature == INCONNU


def test_message_inconnu_garde_et_montre(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    recevoir(c, "u1", b"Subject: Promotion\r\n\r\ntexte")
    releve = c.ok("retours.relever")
    assert [(r["nature"], r["rapproche"]) for r in releve["retours"]] == [("INCONNU", False)]
    assert "Promotion" in releve["affichages"][0]["texte"]
    assert not c.adaptateur.poste.reception._garder("u1", b"")  # never twice


def test_rsp_illisible_garde(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    recevoir(c, "u1", message("SV140800/1/2/00001", "RSP/NOEMIE", b"ceci n'est pas NOEMIE"))
    (retour,) = c.ok("retours.relever")["retours"]
    assert retour["nature"] == "INCONNU"
    assert "NOEMIE" in retour["resume"] or "RSP" in retour["resume"]


def test_arl_illisible_garde(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    recevoir(c, "u1", message("SV140800/1/2/00001", "ARL/SV", b"x"))
    (retour,) = c.ok("retours.relever")["retours"]
    assert (retour["nature"], retour["code"]) == ("INCONNU", "F309")


def test_forfait_et_retenue_sans_facture(ouvrir: Ouvrir) -> None:
    """cdc §3.3.2: occasional payments and deductions aren't tied to an invoice."""
    c = ouvrir()
    codec = CodecNoemie(NormPack.par_defaut())
    entites = [
        codec.creer("000", {"reference": "580"}),
        codec.creer("261", {"code": "RMT", "montant": 4200}),
        codec.creer("250", {"nature": "IND", "operation": "RDS", "montant": 1000, "signe": "N"}),
        codec.creer("999", {"nombre_enregistrements": 4}),
    ]
    recevoir(c, "u1", message("SV140800/1/2/00001", "RSP/NOEMIE", codec.ecrire(entites)))
    retours = c.ok("retours.relever")["retours"]
    assert [(r["nature"], r["montant"], r["facture"]) for r in retours] == [(RSP, 4200, ""), (RSP, -1000, "")]


def test_avis_de_non_remise_remet_le_fichier_en_attente(ouvrir: Ouvrir) -> None:
    """SV-3.4.1.2-08: the same data leave again; SV-3.4.1.2-09: several reports in a row deserve an alert."""
    c = ouvrir(acteurs={"01349": {"arl": "aucun"}})
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    (envoye,) = c.transmettre()
    recevoir(c, "u1", avis(envoye["sujet"]))
    releve = c.ok("retours.relever")
    assert [(r["nature"], r["message_origine"]) for r in releve["retours"]] == [("SERVICE", envoye["sujet"])]
    (renvoye,) = c.ok("transmission.envoyer")["messages"]
    c.monde.attendre_traitement()
    assert renvoye["sujet"] != envoye["sujet"]
    premier, second = c.flux("fichiers")
    assert premier["entete"]["brut"] == second["entete"]["brut"]
    recevoir(c, "u2", avis(renvoye["sujet"]))
    assert "successifs" in " ".join(a["texte"] for a in c.ok("retours.relever")["affichages"])


def test_message_garde_meme_si_la_boite_ne_l_efface_pas(ouvrir: Ouvrir) -> None:
    """A mailbox that didn't take note of the deletion gives the message again: it is not counted twice."""
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.transmettre()
    reception = c.adaptateur.poste.reception
    with reception.reception.ouvrir() as boite:
        ((uid, octets),) = list(boite.messages())
    assert reception._garder(uid, octets)
    assert reception.collecter() == 0
    assert len(c.ok("retours.relever")["retours"]) == 1


@pytest.mark.parametrize("reference", ["580", "576"])
def test_rsp_sans_contenu_est_dit(ouvrir: Ouvrir, reference: str) -> None:
    """A return that speaks of nothing is kept and told, never passed over in silence."""
    c = ouvrir()
    codec = CodecNoemie(NormPack.par_defaut())
    vide = codec.ecrire(
        [codec.creer("000", {"reference": reference}), codec.creer("999", {"nombre_enregistrements": 2})]
    )
    recevoir(c, "u1", message("SV140800/1/2/00001", "RSP/NOEMIE", vide))
    releve = c.ok("retours.relever")
    assert [(r["nature"], r["rapproche"]) for r in releve["retours"]] == [("INCONNU", False)]
    assert "sans contenu" in " ".join(a["texte"] for a in releve["affichages"])


def test_rsp_a_la_date_impossible_est_garde_et_dit(ouvrir: Ouvrir) -> None:
    """The 31st of November only shows when the date is read: the file is kept as unreadable, nothing is half done."""
    c = ouvrir()
    codec = CodecNoemie(NormPack.par_defaut())
    entites = [
        codec.creer("000", {"reference": "580"}),
        codec.creer("102", {"numero_facture": "000000001", "numero_lot": "001"}),
        codec.creer("999", {"nombre_enregistrements": 3}),
    ]
    octets = codec.ecrire(entites)
    debut = octets.index(b"102", 128) + 23  # date_lot, columns 24 to 29
    recevoir(c, "u1", message("SV140800/1/2/00001", "RSP/NOEMIE", octets[:debut] + b"221131" + octets[debut + 6 :]))
    (retour,) = c.ok("retours.relever")["retours"]
    assert (retour["nature"], "221131" in retour["resume"]) == ("INCONNU", True)
