"""The opposition list: its files, its distributor over real mail, what the reference does of its increments."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms import oppositions as norme
from norms.oppositions import Dloi, ErreurDloi
from simulator.monde import ConfigMonde, ErreurAction, MondeSimule
from tests.reference.conftest import Cabinet

LOI = "oppositions@distributeur.test"
SERIES = st.lists(st.from_regex(r"[0-9]{10,20}", fullmatch=True), max_size=8, unique=True).map(tuple)


# --- files --------------------------------------------------------------------------------------------------
def test_a_file_written_by_hand_is_read() -> None:
    """The digest is sha256sum's of the first two lines."""
    corps = b"DLOI;000002;20260303;1\r\nA;800000000000000101\r\n"
    fin = b"FIN;e3d9d393908f5308cf19099053da191e565019be7d77d4294721c45b723dfffa\r\n"
    lu = norme.lire(corps + fin)
    assert (lu.numero, lu.jour, lu.ajouts, lu.retraits) == (2, date(2026, 3, 3), ("800000000000000101",), ())
    assert norme.ecrire(lu) == corps + fin


@given(st.integers(1, 999_999), st.dates(date(2000, 1, 1), date(2099, 12, 31)), SERIES, SERIES)
def test_what_is_written_is_read(numero: int, jour: date, ajouts: tuple[str, ...], retraits: tuple[str, ...]) -> None:
    dloi = Dloi(numero, jour, ajouts, retraits)
    assert norme.lire(norme.ecrire(dloi)) == dloi


@given(st.binary(max_size=400))
def test_anything_else_is_refused_in_french(octets: bytes) -> None:
    with pytest.raises(ErreurDloi, match=r"incréments"):
        norme.lire(octets)
    with pytest.raises(ErreurDloi, match=r"demande"):
        norme.lire_demande(octets if octets != b"DEMANDE;000000\r\n" else b"")


@given(st.integers(0, 200), st.integers(1, 255))
def test_one_octet_changed_is_seen(place: int, masque: int) -> None:
    octets = bytearray(norme.ecrire(Dloi(7, date(2026, 3, 2), ("8" * 18,), ("9" * 18,))))
    octets[place % len(octets)] ^= masque
    with pytest.raises(ErreurDloi):
        norme.lire(bytes(octets))


# --- distributor and workstation ----------------------------------------------------------------------------
@pytest.fixture
def pharmacie(tmp_path: Path) -> Iterator[Cabinet]:
    with MondeSimule(ConfigMonde(lecteurs={"ps": "pharmacien", "vitale": "lefort-opposition"})) as monde:
        cabinet = Cabinet(monde, tmp_path, {"liste_opposition": True, "adresse_oppositions": LOI})
        cabinet.demarrer()
        cabinet.ok("ps.lire", code_porteur="1234")
        yield cabinet
        cabinet.brut("au_revoir")


def mettre_a_jour(cabinet: Cabinet) -> dict[str, Any]:
    cabinet.ok("oppositions.actualiser")
    cabinet.ok("retours.relever")
    return cabinet.ok("oppositions.consulter")


def alertes(reponse: dict[str, Any]) -> str:
    return " ".join(a["texte"] for a in reponse["affichages"] if a["niveau"] == "alerte")


def test_from_nothing_to_the_whole_list(pharmacie: Cabinet) -> None:
    assert (mettre_a_jour(pharmacie)["numero"], pharmacie.ok("oppositions.consulter")["cartes"]) == (1, 3)
    (demande,) = [o for e in pharmacie.monde.journal.of("flux") for o in e.donnees.get("oppositions", ())]
    assert (demande["numero_detenu"], demande["envoyes"], demande["irregularites"]) == (0, [1], [])
    assert mettre_a_jour(pharmacie)["numero"] == 1  # nothing newer: nothing sent


def test_the_card_in_opposition_gives_nothing_in_any_mode(pharmacie: Cabinet) -> None:
    mettre_a_jour(pharmacie)
    assert "opposition" in alertes(pharmacie.ok("beneficiaire.lire"))
    prestation = {"code": "PH7", "prix_saisi": 768, "date": "2026-03-02"}
    for mode in ("SESAM_VITALE", "DESYNCHRONISE", "DEGRADE"):
        motif = pharmacie.refus("facture.elaborer", mode=mode, prestations=[prestation])["motif"]
        assert "opposition" in motif
    assert pharmacie.ok("facture.lister")["factures"] == []


def test_only_concerned_specialties_are_bound(tmp_path: Path) -> None:
    with MondeSimule(ConfigMonde(lecteurs={"ps": "dr-martin", "vitale": "lefort-opposition"})) as monde:
        cabinet = Cabinet(monde, tmp_path, {"liste_opposition": True, "adresse_oppositions": LOI})
        cabinet.demarrer()
        cabinet.ok("ps.lire", code_porteur="1234")
        mettre_a_jour(cabinet)
        assert "opposition" not in alertes(cabinet.ok("beneficiaire.lire"))
        g = [{"code": "G", "date": "2026-03-02"}]
        assert cabinet.ok("facture.elaborer", mode="SESAM_VITALE", prestations=g)["factures"]
        cabinet.brut("au_revoir")


def test_any_order_of_arrival_ends_in_the_same_list(pharmacie: Cabinet) -> None:
    """Increments add and take out the same card in turn: only their own order gives the right list."""
    for i in range(2, 10):
        pharmacie.monde.agir("loi.publier", {"ajouter" if i % 2 == 0 else "retirer": ["durand-paul"]})
    ordre = list(range(1, 10))
    random.Random(4).shuffle(ordre)
    for numero in ordre:
        pharmacie.monde.agir("loi.diffuser", {"numeros": [numero]})
        etat = pharmacie.ok("retours.relever") and pharmacie.ok("oppositions.consulter")
        attendu = 0
        while attendu + 1 in ordre[: ordre.index(numero) + 1]:
            attendu += 1
        assert etat["numero"] == attendu
        assert set(etat["en_attente"]) == {n for n in ordre[: ordre.index(numero) + 1] if n > attendu}
    assert (etat["numero"], etat["cartes"], etat["manquants"]) == (9, 3, [])


def test_a_gap_lasts_until_it_is_filled_across_restarts(pharmacie: Cabinet) -> None:
    pharmacie.monde.agir("loi.publier", {"ajouter": ["durand-paul"]})
    pharmacie.monde.agir("loi.publier", {"ajouter": ["famille-petit"]})
    pharmacie.monde.agir("loi.diffuser", {"numeros": [1, 3]})
    assert "2 manquant" in alertes(pharmacie.ok("retours.relever"))
    pharmacie.parametrage.pop("liste_opposition")  # what the PS chose is kept
    pharmacie.demarrer()
    etat = pharmacie.ok("oppositions.consulter")
    assert (etat["active"], etat["numero"], etat["en_attente"], etat["manquants"]) == (True, 1, [3], [2])
    pharmacie.monde.agir("loi.diffuser", {"numeros": [2, 2]})
    pharmacie.ok("retours.relever")
    assert pharmacie.ok("oppositions.consulter")["numero"] == 3


def test_a_file_cut_short_is_told_and_asked_for_again(pharmacie: Cabinet) -> None:
    pharmacie.monde.agir("loi.defaut", {"defaut": "altere"})
    pharmacie.ok("oppositions.actualiser")
    assert "inutilisable" in alertes(pharmacie.ok("retours.relever"))
    assert pharmacie.ok("oppositions.consulter")["numero"] == 0
    pharmacie.monde.agir("loi.defaut", {})
    assert mettre_a_jour(pharmacie)["numero"] == 1


def test_silence_is_told_after_a_week_and_not_before(pharmacie: Cabinet) -> None:
    mettre_a_jour(pharmacie)
    pharmacie.monde.agir("loi.defaut", {"defaut": "muet"})
    pharmacie.avancer(jours=7)
    assert not alertes(pharmacie.ok("retours.relever"))
    pharmacie.avancer(jours=1)
    assert "non reçue depuis 8 jours" in alertes(pharmacie.ok("retours.relever"))
    pharmacie.ok("oppositions.activer", active=False)
    assert not alertes(pharmacie.ok("retours.relever"))


def test_without_an_address_nothing_can_be_asked(pharmacie: Cabinet) -> None:
    pharmacie.parametrage["adresse_oppositions"] = ""
    pharmacie.demarrer()
    assert "adresse" in pharmacie.refus("oppositions.actualiser")["motif"]


def test_network_down_the_request_waits(pharmacie: Cabinet) -> None:
    pharmacie.monde.agir("reseau.couper")
    assert "plus tard" in alertes(pharmacie.ok("oppositions.actualiser"))
    pharmacie.monde.agir("reseau.retablir")
    assert mettre_a_jour(pharmacie)["numero"] == 1


def test_actions_refuse_what_was_never_published(pharmacie: Cabinet) -> None:
    with pytest.raises(ErreurAction, match="jamais publié"):
        pharmacie.monde.agir("loi.diffuser", {"numeros": [2]})
    with pytest.raises(ErreurAction, match="carte Vitale"):
        pharmacie.monde.agir("loi.publier", {"ajouter": ["pharmacien"]})


def test_a_malformed_request_is_answered_with_nothing_and_told(pharmacie: Cabinet) -> None:
    import smtplib  # noqa: PLC0415 - this test alone speaks SMTP

    env = pharmacie.monde.environnement()
    texte = f"From: {env.smtp.adresse}\r\nTo: {LOI}\r\nSubject: DLOI\r\n\r\nbonjour\r\n"
    with smtplib.SMTP(env.smtp.hote, env.smtp.port, timeout=10) as smtp:
        smtp.sendmail(env.smtp.adresse, [LOI], texte)
    pharmacie.monde.attendre_traitement()
    (demande,) = [o for e in pharmacie.monde.journal.of("flux") for o in e.donnees.get("oppositions", ())]
    assert (demande["numero_detenu"], demande["envoyes"]) == (-1, [])
    assert any("DEMANDE;" in texte for texte in demande["irregularites"])
    assert not pharmacie.monde.journal.of("erreur_banc")
