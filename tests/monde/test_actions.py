"""What a scenario does to the world: cards, network, clock, insurers; and French errors."""

from __future__ import annotations

import base64
import smtplib
import socket
import urllib.request
from datetime import datetime
from typing import Any

import pytest

from norms.certificats import read_certificate, read_crl
from norms.chargement import ErreurChargement
from norms.contrat.base import TypeFacture
from norms.contrat.ports import PARIS
from simulator.monde import ConfigMonde, ErreurAction, ErreurMonde, MondeSimule
from simulator.monde.actions import ACTIONS
from tests.acteurs.outils import AMO, Emetteur, emetteur
from tests.ssv.outils import groupes_facture


def code(e: Emetteur, fonction: str, **params: Any) -> str:
    """The return code of a supplied service that may refuse."""
    try:
        e.rpc(fonction, **params)
    except AssertionError as exc:
        return str(exc.args[0]["code_retour"]) if isinstance(exc.args[0], dict) else str(exc).split("'")[3]
    return "0000"


def sw(e: Emetteur) -> list[str]:
    return [x.donnees["sw"] for x in e.monde.journal.of("apdu")]


# --- cards ----------------------------------------------------------------------------------------------------
def test_movements_of_cards(seul: Emetteur) -> None:
    lire = {"code_porteur": "1234"}
    assert code(seul, "ssv.lire_carte_ps", **lire) == "0000"
    seul.monde.agir("carte.retirer", {"lecteur": "ps"})
    assert code(seul, "ssv.lire_carte_ps", **lire) == "F001"
    seul.monde.agir("carte.inserer", {"lecteur": "ps", "carte": "pharmacien"})
    groupes = seul.rpc("ssv.lire_carte_ps", **lire)["groupes"]
    assert groupes[0]["groupe"] == 1
    mouvements = [
        (x.donnees["lecteur"], x.donnees["mouvement"], x.donnees["carte"]) for x in seul.monde.journal.of("carte")
    ]
    assert mouvements == [
        ("ps", "inseree", "dr-martin"),
        ("vitale", "inseree", "durand-paul"),
        ("ps", "retiree", "dr-martin"),
        ("ps", "inseree", "pharmacien"),
    ]


def test_the_tries_of_a_code_survive_a_removal(seul: Emetteur) -> None:
    for _ in range(3):
        assert code(seul, "ssv.lire_carte_ps", code_porteur="0000") == "F003"
    seul.monde.agir("carte.retirer", {"lecteur": "ps"})
    seul.monde.agir("carte.inserer", {"lecteur": "ps", "carte": "dr-martin"})
    assert code(seul, "ssv.lire_carte_ps", code_porteur="1234") == "F003", "the code is blocked"


def test_card_pulled_out_after_so_many_exchanges(seul: Emetteur) -> None:
    seul.monde.agir("carte.retirer_apres", {"lecteur": "vitale", "apdu": "2"})
    avant = len([a for a in seul.monde.journal.of("apdu") if a.donnees["lecteur"] == "vitale"])
    assert code(seul, "ssv.lire_droits_vitale", code_porteur="1234", date_consultation="20260302") == "F015"
    vitale = [a for a in seul.monde.journal.of("apdu") if a.donnees["lecteur"] == "vitale"][avant:]
    assert [bool(a.donnees["reponse"]) for a in vitale] == [True, True, False]
    assert seul.monde.journal.of("carte")[-1].donnees["mouvement"] == "retiree"


def test_mute_card(seul: Emetteur) -> None:
    seul.monde.agir("carte.defaut", {"lecteur": "vitale", "defaut": "muette"})
    assert code(seul, "ssv.lire_droits_vitale", code_porteur="1234", date_consultation="20260302") == "F014"


def test_scripted_status_word(seul: Emetteur) -> None:
    seul.monde.agir("carte.defaut", {"lecteur": "vitale", "defaut": "statut", "sw": "6581"})
    assert code(seul, "ssv.lire_droits_vitale", code_porteur="1234", date_consultation="20260302") != "0000"
    assert "6581" in sw(seul)


def test_no_code_in_the_journal(seul: Emetteur) -> None:
    seul.rpc("ssv.lire_carte_ps", code_porteur="1234")
    journal = repr([e.donnees for e in seul.monde.journal])
    assert "002000010431323334" not in journal  # VERIFY with the code in clear
    assert "0020000104" in journal
    assert "'1234'" not in journal


# --- network --------------------------------------------------------------------------------------------------
def test_network_cut_and_back_on_the_same_ports(seul: Emetteur) -> None:
    avant = seul.monde.environnement()
    seul.monde.agir("reseau.couper")
    for boite in (avant.smtp, avant.pop3):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((boite.hote, boite.port), timeout=5)
    lot = seul.lot([seul.facture()])
    assert lot.nombre == 1, "supplied services don't go through the network"
    seul.monde.agir("reseau.retablir")
    assert seul.monde.environnement() == avant
    seul.transmettre(lot)
    assert [r["nature"] for r in seul.retours] == ["ARL"]
    assert [e.donnees["actif"] for e in seul.monde.journal.of("reseau")] == [False, True]


def test_unknown_recipient(seul: Emetteur) -> None:
    boite = seul.monde.environnement().smtp
    with (
        smtplib.SMTP(boite.hote, boite.port, timeout=10) as smtp,
        pytest.raises(smtplib.SMTPRecipientsRefused) as refus,
    ):
        smtp.sendmail(boite.adresse, ["inconnu@nulle-part.test"], b"Subject: x\r\n\r\n")
    assert refus.value.recipients["inconnu@nulle-part.test"][0] == 550
    refus_notes = [e.donnees for e in seul.monde.journal.of("smtp") if e.donnees["nature"] == "refus"]
    assert refus_notes[0]["verbe"] == "RCPT"


def test_delivery_report_is_observed(seul: Emetteur) -> None:
    seul.transmettre(seul.lot([seul.facture()]))
    messages = [e.donnees for e in seul.monde.journal.of("smtp") if e.donnees["nature"] == "message"]
    assert [m["dsn"]["notify"] for m in messages] == [["FAILURE"]]


# --- clock ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("avec", "attendu"),
    [
        ({"jours": "1"}, datetime(2026, 5, 8, 9, 0, tzinfo=PARIS)),
        ({"heures": "15", "minutes": "30"}, datetime(2026, 5, 8, 0, 30, tzinfo=PARIS)),
        # from Thursday 7 May: 8 is a holiday, then the week-end: Monday 11, Tuesday 12, Wednesday 13
        ({"jours_ouvres": "3"}, datetime(2026, 5, 13, 9, 0, tzinfo=PARIS)),
    ],
)
def test_clock(avec: dict[str, Any], attendu: datetime) -> None:
    with MondeSimule(ConfigMonde(date="2026-05-07T09:00")) as monde:
        monde.agir("horloge.avancer", avec)
        assert monde.horloge.now() == attendu
        [evenement] = monde.journal.of("horloge")
        assert evenement.instant == attendu.isoformat()


def test_a_lot_ages_with_the_clock(seul: Emetteur) -> None:
    fichier = seul.fichier([seul.lot([seul.facture()])])
    seul.monde.agir("horloge.avancer", {"jours": "91"})
    seul.envoyer(seul.message(seul.sceller(fichier), 1))
    assert [(r["positif"], r["code"]) for r in seul.retours] == [(False, "5001")]


# --- errors ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("action", "avec", "motif"),
    [
        ("carte.manger", {}, "action « carte.manger » inconnue .* carte.inserer"),
        ("carte.inserer", {"lecteur": "ps"}, "carte : donnée obligatoire absente"),
        ("carte.inserer", {"lecteur": "bus", "carte": "dr-martin"}, "attendu 'ps', 'vitale', 'ps2' ou 'vitale2'"),
        ("carte.inserer", {"lecteur": "ps", "carte": "dr-martin"}, "contient déjà la carte « dr-martin »"),
        (
            "carte.inserer",
            {"lecteur": "vitale", "carte": "dr-inconnu"},
            "carte « dr-inconnu » inconnue .* proches : .*dr-martin.* preagrement cards list",
        ),
        ("carte.retirer", {"lecteur": "ps", "vite": "oui"}, "vite : nom inconnu"),
        ("carte.retirer_apres", {"lecteur": "ps", "apdu": "0"}, "apdu : valeur d'au moins 1 attendue"),
        ("carte.retirer_apres", {"lecteur": "ps", "apdu": "deux"}, "apdu : entier attendu ; lu « deux »"),
        ("carte.defaut", {"lecteur": "ps", "defaut": "fondue"}, "defaut : attendu"),
        ("horloge.avancer", {}, "donner jours, heures, minutes ou jours_ouvres"),
        ("acteur.regler", {"acteur": "99999"}, "acteur « 99999 » inconnu du monde .* 01349"),
        ("acteur.regler", {"acteur": AMO, "arl": "peut-être"}, "arl : attendu 'honnete'"),
        ("acteur.regler", {"acteur": AMO, "humeur": "bonne"}, "humeur : nom inconnu"),
        ("acteur.envoyer_service", {"acteur": AMO, "nature": "rejet"}, "nature : attendu"),
        ("acteurs.liquider", {"acteur": "99999"}, "acteur « 99999 » inconnu"),
    ],
)  # fmt: skip
def test_errors_are_french_and_say_what_is_expected(
    commun: Emetteur, action: str, avec: dict[str, Any], motif: str
) -> None:
    with pytest.raises(ErreurAction, match=motif):
        commun.monde.agir(action, avec)


def test_a_fault_needs_a_card(seul: Emetteur) -> None:
    seul.monde.agir("carte.retirer", {"lecteur": "ps"})
    with pytest.raises(ErreurAction, match="le lecteur « ps » est vide"):
        seul.monde.agir("carte.defaut", {"lecteur": "ps", "defaut": "muette"})


@pytest.mark.parametrize(
    ("options", "motif"),
    [
        ({"date": "hier"}, "date du monde « hier »"),
        ({"lecteurs": {"bus": "dr-martin"}}, "lecteur « bus » inconnu"),
        ({"lecteurs": {"ps": "dr-inconnu"}}, "carte « dr-inconnu » inconnue"),
        ({"acteurs": {"99999": {}}}, "acteur « 99999 » inconnu"),
        ({"acteurs": {AMO: {"arl": "non"}}}, "comportement de l'acteur 01349"),
    ],
)
def test_worlds_that_cannot_be(options: dict[str, Any], motif: str) -> None:
    with pytest.raises(ErreurMonde, match=motif), MondeSimule(ConfigMonde(**options)):
        pass


def test_population_elsewhere(tmp_path: Any) -> None:
    with pytest.raises(ErreurMonde, match="aucune carte"):
        MondeSimule(ConfigMonde(population=tmp_path))
    (tmp_path / "cartes" / "cps").mkdir(parents=True)
    (tmp_path / "cartes" / "cps" / "fausse.yaml").write_text("but: trop court\n", encoding="utf-8")
    with pytest.raises(ErreurChargement), MondeSimule(ConfigMonde(population=tmp_path, lecteurs={"ps": "fausse"})):
        pass


def test_every_action_of_the_seam_exists() -> None:
    assert set(ACTIONS) == {
        "carte.inserer", "carte.retirer", "carte.retirer_apres", "carte.defaut", "reseau.couper", "reseau.retablir",
        "panne.poser", "panne.lever", "horloge.avancer", "acteur.regler", "acteurs.liquider", "acteur.envoyer_service",
        "apcv.presenter", "apcv.defaut", "loi.publier", "loi.diffuser", "loi.defaut", "tables.diffuser",
        "lecteur.taper_code", "lecteur.occuper", "lecteur.liberer", "lecteur.regler_horloge", "lecteur.debrancher",
        "lecteur.rebrancher", "certificats.regler",
    }  # fmt: skip


def test_certificates_and_lists_on_the_workstation(seul: Emetteur) -> None:
    def lu() -> tuple[str, str, str]:
        annuaire = seul.rpc("annuaire.certificats")
        pem = next(c["pem"] for c in annuaire["certificats"] if c["porteur"] == AMO)
        certificat = read_certificate(pem.encode())
        fins = {c["niveau"]: read_crl(base64.b64decode(c["der"])).next_update_utc for c in annuaire["crl"]}
        return (
            f"{certificat.not_valid_after_utc:%Y-%m-%d}",
            f"{fins['donnees']:%Y-%m-%d}",
            f"{fins['piece_jointe']:%Y-%m-%d}",
        )

    # On 2026-03-02 a valid certificate ends in 900 days, a list in 30; what is out of date ended 30 days ago.
    assert lu() == ("2028-08-18", "2026-04-01", "2026-04-01")
    seul.monde.agir("certificats.regler", {"usage": "piece_jointe", "organisme": AMO, "certificat": "expire"})
    assert lu() == ("2026-01-31", "2026-04-01", "2026-04-01")
    seul.monde.agir("certificats.regler", {"usage": "donnees", "liste": "perimee"})
    assert lu() == ("2026-01-31", "2026-01-31", "2026-04-01")
    seul.monde.agir("certificats.regler", {"usage": "piece_jointe", "liste": "perimee"})
    seul.monde.agir("certificats.regler", {"usage": "donnees", "liste": "a_jour"})
    assert lu() == ("2026-01-31", "2026-04-01", "2026-01-31")
    groupes = [g.model_dump() for g in groupes_facture(TypeFacture.FSE)]
    facture = seul.rpc("ssv.formater_facture", type="FSE", mode="SESAM_VITALE", groupes=groupes)["facture"]
    for variante, attendu in (("revoque", "F304"), ("expire", "0000"), ("valide", "0000")):
        seul.monde.agir("certificats.regler", {"usage": "donnees", "organisme": AMO, "certificat": variante})
        assert code(seul, "ssv.chiffrer_facture", facture=facture) == attendu


@pytest.mark.parametrize(
    ("avec", "motif"),
    [
        ({"usage": "donnees"}, "donner organisme et certificat, ou liste"),
        ({"usage": "donnees", "organisme": AMO}, "donner organisme et certificat"),
        ({"usage": "donnees", "certificat": "expire", "liste": "perimee"}, "donner organisme et certificat"),
        ({"usage": "donnees", "organisme": "00000", "certificat": "expire"}, "« 00000 » inconnu"),
    ],
)
def test_certificates_that_cannot_be_set(seul: Emetteur, avec: dict[str, str], motif: str) -> None:
    with pytest.raises(ErreurAction, match=motif):
        seul.monde.agir("certificats.regler", avec)


def test_services_refuse_without_the_token(seul: Emetteur) -> None:
    url = f"{seul.monde.environnement().services_url}/rpc"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(urllib.request.Request(url, b"{}"), timeout=5)  # noqa: S310 - loopback


def test_an_actor_can_be_ruled_twice() -> None:
    with emetteur(acteurs={AMO: {"arl": "negatif", "arl_code": "1001"}}) as e:
        e.monde.agir("acteur.regler", {"acteur": AMO, "arl_libelle": "ENCORE"})
        e.transmettre(e.lot([e.facture()]))
        assert [(r["positif"], r["code"], r["libelle"]) for r in e.retours] == [(False, "1001", "ENCORE")]
