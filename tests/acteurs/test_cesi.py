"""The desk that takes claim reports in (cdc §2.2.4.3): acknowledged when regular, pointed out otherwise, by message."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest

from norms.reclamation import MAX_OCTETS, Rapport, ecrire
from tests.acteurs.outils import AMO, Emetteur
from tests.pannes.outils import monde

BOITE = "reclamations@cesi.test"
SUJET = "RECLAMATION/991111113/2026030209000000001/00001"
RAPPORT = Rapport("1", "991111113", "000000001", "FSE", "001", "2026-03-02", "1750", "rejete", "0101")
#: A file by hand: names, one report.
FICHIER = (
    b"numero;numero_ps;facture;type;lot;date;montant;etat;motif\r\n"
    b"1;991111113;000000001;FSE;001;2026-03-02;1750;rejete;0101\r\n"
)


def envoyer(e: Emetteur, piece: bytes = FICHIER, **entetes: str) -> None:
    """A message of reports; headers given replace the good ones."""
    bons = {"Subject": SUJET, "Content_Description": "RECLAMATION/CESI", "To": BOITE}
    poster(e, e.message(piece, 1, AMO, **bons | entetes))


def poster(e: Emetteur, brut: bytes) -> None:
    boite = e.monde.environnement().smtp
    with smtplib.SMTP(boite.hote, boite.port, timeout=10) as smtp:
        smtp.sendmail(boite.adresse, [BOITE], brut, rcpt_options=["NOTIFY=FAILURE"])
    e.monde.attendre_traitement(20)


def recus(e: Emetteur) -> list[dict[str, Any]]:
    return [r for x in e.monde.journal.of("flux") for r in x.donnees.get("reclamations", ())]


def test_the_file_is_what_the_norm_says() -> None:
    assert ecrire([RAPPORT]) == FICHIER


def test_a_regular_report_is_acknowledged(seul: Emetteur) -> None:
    envoyer(seul)
    [vu] = recus(seul)
    assert (vu["irregularites"], [r["facture"] for r in vu["rapports"]]) == ([], ["000000001"])
    [brut] = seul.releve()
    accuse = message_from_bytes(brut)
    assert accuse["Content-Description"] == "SERVICE/AR-RECLAMATION"
    assert accuse["Subject"] == f"SERVICE/AR-RECLAMATION/{SUJET}", "the original message is found back from it"
    assert "1 rapport(s)" in base64.b64decode(accuse.get_payload()).decode("latin-1")


CAS: dict[str, tuple[Callable[[bytes], bytes], dict[str, str], str]] = {
    "sujet d'une facture": (
        lambda f: f,
        {"Subject": "SV140800/991111113/2026030209000000001/00001"},
        "attendu « RECLAMATION »",
    ),
    "nombre de rapports faux": (lambda f: f, {"Subject": SUJET[:-1] + "2"}, "le sujet annonce 00002"),
    "description d'une facture": (lambda f: f, {"Content_Description": "FACTURE/SV"}, "RECLAMATION/CESI"),
    "fichier vide": (lambda _: b"", {}, ""),
    "colonne en moins": (lambda f: f.replace(b";0101", b""), {}, "ligne 2 : 8 champs"),
    "état inconnu": (lambda f: f.replace(b"rejete", b"perdu"), {}, "ligne 2, etat : « perdu »"),
    "noms absents": (lambda f: f.split(b"\r\n", 1)[1], {}, "première ligne"),
    "pas de l'UTF-8": (lambda f: f.replace(b"0101", b"\xff"), {}, "illisible"),
    "trop gros": (lambda f: f + f * (MAX_OCTETS // len(f) + 1), {}, "octets"),
}


@pytest.mark.parametrize("cas", CAS)
def test_an_irregular_report_is_pointed_out(seul: Emetteur, cas: str) -> None:
    changer, entetes, dit = CAS[cas]
    envoyer(seul, changer(FICHIER), **entetes)
    [vu] = recus(seul)
    assert vu["irregularites"]
    assert dit in " ".join(vu["irregularites"]), vu["irregularites"]
    service = message_from_bytes(seul.releve()[-1])
    assert service["Content-Description"] == "SERVICE/REJET-RECLAMATION"
    assert [(r["acteur"], r["nature"], r["positif"]) for r in seul.retours] == [("CESI", "SERVICE", False)]


@pytest.mark.parametrize(
    ("panne", "attendu"),
    [
        ({"quoi": "site_indisponible", "jours_ouvres": 1}, [("OPERATEUR", "ar_p"), ("CESI", "ar_reclamation")]),
        ({"quoi": "non_remise"}, [("OPERATEUR", "failed")]),
        ({"quoi": "perdre"}, []),
        ({"quoi": "dupliquer"}, [("CESI", "ar_reclamation"), ("CESI", "ar_reclamation")]),
    ],
)
def test_the_network_fails_reports_as_it_fails_invoices(panne: dict[str, Any], attendu: list[tuple[str, str]]) -> None:
    with monde({**panne, "qui": "CESI"}) as e:
        envoyer(e)
        e.monde.agir("horloge.avancer", {"jours_ouvres": 2})
        assert [(r["acteur"], r["code"]) for r in e.retours] == attendu
