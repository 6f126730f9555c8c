"""The life of a world: fast to start, nothing left behind, the same bytes for the same seed, breakdowns told."""

from __future__ import annotations

import hashlib
import os
import smtplib
import socket
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from norms.contrat.base import ModeSecurisation
from simulator.acteurs import bureau
from simulator.monde import ConfigMonde, ErreurMonde, MondeSimule
from tests.acteurs.outils import AMC, AMO, DRE, Emetteur, emetteur
from tests.conftest_outils import require_pcsc


def sockets() -> int:
    """Open sockets of this process."""
    liens = (Path("/proc/self/fd") / nom for nom in os.listdir("/proc/self/fd"))  # noqa: PTH208 - /proc
    return sum(1 for lien in liens if lien.is_symlink() and "socket:" in str(lien.readlink()))


def test_nothing_is_left_behind() -> None:
    with emetteur():
        pass  # whatever the libraries keep for the process is there now
    fils, prises = threading.active_count(), sockets()
    for _ in range(3):
        with emetteur() as e:
            ports = [e.monde.environnement().smtp.port, e.monde.environnement().pop3.port]
            e.transmettre(e.lot([e.facture()]))
    assert threading.active_count() == fils
    assert sockets() == prises
    for port in ports:
        with socket.socket() as libre:
            libre.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            libre.bind(("127.0.0.1", port))


def test_a_world_that_fails_to_open_leaves_nothing() -> None:
    with emetteur():
        pass
    fils, prises = threading.active_count(), sockets()
    with pytest.raises(ErreurMonde), MondeSimule(ConfigMonde(lecteurs={"ps": "dr-martin", "vitale": "dr-inconnu"})):
        pass
    assert (threading.active_count(), sockets()) == (fils, prises)


def test_closed_twice_and_out_of_the_with() -> None:
    monde = MondeSimule(ConfigMonde())
    with pytest.raises(ErreurMonde, match="n'est pas ouvert"):
        monde.environnement()
    with monde:
        assert monde.environnement().services_url.startswith("http://127.0.0.1:")
    monde.fermer()
    with pytest.raises(ErreurMonde, match="n'est pas ouvert"):
        monde.agir("reseau.couper")


def _story(e: Emetteur) -> None:
    fse = e.lot([e.facture("000000001"), e.facture("000000002", mode=ModeSecurisation.SESAM_VITALE)])
    e.transmettre(fse)
    e.transmettre(e.lot([e.facture("000000003", DRE)], "AAA"), numero=AMC)
    e.monde.agir("horloge.avancer", {"heures": "2"})
    e.monde.agir("acteur.regler", {"acteur": AMO, "arl": "negatif", "facture_en_cause": "1"})
    e.transmettre(e.lot([e.facture("000000004")], "002"))
    e.monde.agir("acteurs.liquider")
    e.monde.agir("acteur.envoyer_service", {"acteur": AMO, "nature": "rejet_smtp"})
    e.releve()
    e.monde.attendre_traitement()


def _play(dossier: Path, graine: int = 1) -> tuple[dict[str, str], dict[str, list[Any]]]:
    with emetteur(dossier=dossier, graine=graine) as e:
        _story(e)
        natures: dict[str, list[Any]] = defaultdict(list)
        for x in e.monde.journal:
            natures[x.nature].append((x.instant, x.etape, dict(x.donnees), x.preuve))
    fichiers = {
        p.relative_to(dossier).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(dossier.rglob("*"))
        if p.is_file()
    }
    return fichiers, dict(natures)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    premier = _play(tmp_path / "a")
    second = _play(tmp_path / "b")
    assert premier[0] == second[0]
    assert premier[1] == second[1]
    assert len(premier[0]) >= 9  # three messages with their envelopes, six returns
    retours = [d["nature"] for _, _, d, _ in premier[1]["retour_depose"]]
    assert retours == ["ARL", "ARL", "ARL", "RSP", "RSP", "SERVICE"]


def test_another_seed_other_secrets() -> None:
    def secrets(graine: int) -> tuple[str, str]:
        with MondeSimule(ConfigMonde(graine=graine)) as monde:
            env = monde.environnement()
            return env.services_jeton, env.pop3.mot_de_passe

    assert secrets(1) == secrets(1)
    assert secrets(1) != secrets(2)


def test_steps_and_instants_are_those_of_the_journal() -> None:
    with emetteur() as e:
        e.monde.journal.etape = 4
        e.transmettre(e.lot([e.facture()]))
        [flux] = e.monde.journal.of("flux")
        assert (flux.etape, flux.instant) == (4, "2026-03-02T09:00:00+01:00")
        assert {x.etape for x in e.monde.journal.of("smtp")} == {4}, "the session ended within its step"


def test_our_own_breakdown_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("panne provoquée")

    with MondeSimule(ConfigMonde(lecteurs={"ps": "dr-martin", "vitale": "durand-paul"})) as monde:
        e = Emetteur(monde)
        lot = e.lot([e.facture()])
        monkeypatch.setattr(bureau, "decide", broken)
        with pytest.raises(AssertionError):  # the emitter looks for bench errors after each message
            e.transmettre(lot)
        [erreur] = monde.journal.of("erreur_banc")
        assert "panne provoquée" in erreur.donnees["message"]
        assert e.retours == []
        monkeypatch.undo()
        fichier = e.fichier([e.lot([e.facture("000000099")], "009")])
        boite = monde.environnement().smtp
        with smtplib.SMTP(boite.hote, boite.port, timeout=10) as smtp:
            smtp.sendmail(boite.adresse, ["01349@349.01.rss.test"], e.message(e.sceller(fichier), 1))
        monde.attendre_traitement(20)
        assert [r["lot"] for r in e.retours] == ["009"], "the next message is dealt with all the same"


def test_a_wait_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with MondeSimule(ConfigMonde()) as monde:
        monkeypatch.setattr(type(monde.messagerie), "attendre_traitement", lambda *_: False)
        monde.attendre_traitement(0.01)
        assert "encore en traitement" in monde.journal.of("erreur_banc")[0].donnees["message"]


@pytest.mark.pcsc
def test_the_same_story_through_pcsc() -> None:
    require_pcsc()
    with emetteur(transport="pcsc") as e:
        e.transmettre(e.lot([e.facture()]))
        assert [r["positif"] for r in e.retours] == [True]
        e.monde.agir("carte.retirer", {"lecteur": "vitale"})
        assert e.monde.journal.of("carte")[-1].donnees == {
            "lecteur": "vitale", "mouvement": "retiree", "carte": "durand-paul",
        }  # fmt: skip
