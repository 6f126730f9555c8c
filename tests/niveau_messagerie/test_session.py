"""The whole path with a scripted person: right and wrong messages, right and wrong answers, a stop in the middle."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from tests.niveau_messagerie.conftest import FICHIERS, Courrier, Jouer

ARGUMENTS = [str(f) for f in FICHIERS[:3]]


def _result(tmp_path: Path, identifiant: str) -> dict[str, Any]:
    lignes = (tmp_path / "dossier" / "session.jsonl").read_text(encoding="utf-8").splitlines()
    faits = [json.loads(ligne) for ligne in lignes]
    resultat: dict[str, Any] = next(
        f["resultat"] for f in faits if f["genre"] == "resultat" and f["scenario"] == identifiant
    )
    return resultat


def _facts(tmp_path: Path, genre: str) -> list[dict[str, Any]]:
    lignes = (tmp_path / "dossier" / "session.jsonl").read_text(encoding="utf-8").splitlines()
    return [f for f in map(json.loads, lignes) if f["genre"] == genre]


def test_whole_path_with_errors_and_a_stop(courrier: Courrier, jouer: Jouer, tmp_path: Path) -> None:
    capture = tmp_path / "écran.txt"
    capture.write_text("lot 001 : rejeté, code 1001", encoding="utf-8")
    abime = tmp_path / "abime.eml"
    abime.write_bytes(Path(courrier.message("LOT-02")["eml"]).read_bytes()[:900])

    debut = jouer(
        {
            "ARL-02/etape-8": [
                {"ligne": "ceci n'est pas du JSON"},
                {"valeur": "peut-être"},
                {"envoyer": [courrier.message("AUTRE-01")], "valeur": "fait"},
            ],
            "ARL-02/etape-8/attente-1": [
                {
                    "envoyer": [courrier.message("ARL-02", 0), courrier.message("LOT-01")],
                    "valeur": "attendre",
                }
            ],
            "ARL-02/etape-14": [{"relever": True, "valeur": "arreter"}],
        },
        *ARGUMENTS,
    )
    assert debut["code"] == 3
    assert [r["nombre"] for r in debut["releves"]] == [1], "le seul ARL négatif du lot 001 d'ARL-02"
    avis = "\n".join(debut["avis"])
    assert "« peut-être » n'est pas une réponse possible" in avis
    assert "ligne illisible" in avis
    sorts = {f["sort"]: f for f in _facts(tmp_path, "message")}
    assert sorts["non_attendu"]["motif"].startswith("bénéficiaire demandé 1550475999012, reçu")
    assert sorts["mis_de_cote"]["vers"] == "LOT-01"
    assert len(_facts(tmp_path, "message")) == 3
    assert not _facts(tmp_path, "resultat"), "le scénario en cours n'est pas jugé"

    suite = jouer(
        {
            "ARL-02/etape-14": [{"envoyer": [courrier.message("ARL-02", 1)], "valeur": "fait"}],
            "ARL-02/attestation-0": [{"relever": True, "valeur": "oui"}],
            "ARL-02/attestation-1": [
                {"valeur": "oui", "fichier": str(tmp_path / "absent.png")},
                {"valeur": "oui", "fichier": str(capture)},
            ],
            "ARL-02/attestation-2": [{"valeur": "non"}],
            "ARL-02/attestation-3": [{"valeur": "ne_sait_pas"}],
            "LOT-01/etape-6": [{"valeur": "fait"}],
            "LOT-02/etape-6": [
                {
                    "envoyer": [courrier.message("LOT-02"), {**courrier.message("LOT-02"), "eml": str(abime)}],
                    "valeur": "fait",
                }
            ],
            "LOT-02/message-1": [{"valeur": "aucun"}],
            "LOT-02/message-2": [{"valeur": "aucun"}],
        },
        *ARGUMENTS,
        "--reprendre",
    )
    assert suite["code"] == 1, "une attestation dit non"
    assert [r["nombre"] for r in suite["releves"]] == [1], "l'ARL positif du lot 002 ; celui du lot 001 est déjà relevé"
    assert not any(i["id"] in ("session/produit", "ARL-02/etape-8") for i in suite["invites"]), "rien n'est redemandé"

    arl = _result(tmp_path, "ARL-02")
    verdicts = [(c["operateur"] == "attestation", c["verdict"]) for c in arl["constats"]]
    assert verdicts == [
        (True, "conforme"),
        (True, "conforme"),
        (True, "non_conforme"),
        (True, "a_attester"),
        (False, "conforme"),
        (False, "conforme"),
        (False, "conforme"),
    ]
    assert any("message non attendu" in d["resume"] for d in arl["deroule"])
    attestations = [
        json.loads(ligne)
        for ligne in (tmp_path / "dossier" / "attestations.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [a["operateur"] for a in attestations] == ["Bruno Petit"] * 4
    assert [a["reponse"] for a in attestations] == ["oui", "oui", "non", "ne_sait_pas"]
    assert attestations[1]["sha256"] == hashlib.sha256(capture.read_bytes()).hexdigest()
    copie = tmp_path / "dossier" / attestations[1]["fichier"]
    assert copie.read_bytes() == capture.read_bytes()

    lot_01 = _result(tmp_path, "LOT-01")
    assert lot_01["verdict"] == "conforme", lot_01
    assert any(a.startswith("Déjà reçu pour LOT-01") for a in suite["avis"])
    lot_02 = _result(tmp_path, "LOT-02")
    assert [c["verdict"] for c in lot_02["constats"]] == ["conforme"] * 4 + ["non_teste"] + ["conforme"] * 2
    assert lot_02["verdict"] == "non_teste"
    assert "appels" in lot_02["constats"][4]["sur"]
    assert (tmp_path / "dossier" / "dossier.html").is_file()


def test_a_person_is_guided_but_the_software_cannot_follow(jouer: Jouer, tmp_path: Path) -> None:
    compte = jouer(
        {
            "LOT-01/etape-6": [{"valeur": "impossible"}],
            "LOT-01/etape-6/motif": [{"valeur": "le numéro de facture ne se choisit pas"}],
            "LOT-02/etape-6": [{"valeur": "fait"}],
            "LOT-02/etape-6/attente-1": [{"valeur": "attendre"}],
            "LOT-02/etape-6/attente-2": [{"valeur": "rien"}],
        },
        *ARGUMENTS[1:],
    )
    assert compte["code"] == 1, "un LPS qui n'envoie pas ce qui est demandé n'est pas conforme"
    lot_01 = _result(tmp_path, "LOT-01")
    assert lot_01["verdict"] == "non_teste"
    assert "le numéro de facture ne se choisit pas" in lot_01["cause"]
    lot_02 = _result(tmp_path, "LOT-02")
    assert {c["verdict"] for c in lot_02["constats"]} <= {"non_teste", "non_conforme"}, (
        "rien n'a été vu, rien n'est conforme"
    )


def test_what_cannot_be_told_is_untested_with_its_reason_and_the_rest_is_played(jouer: Jouer, tmp_path: Path) -> None:
    """A scenario whose messages nothing would recognise: its card is unknown to the population."""
    inconnu = tmp_path / "AUTRE-02.yaml"
    texte = FICHIERS[3].read_text(encoding="utf-8").replace("AUTRE-01", "AUTRE-02")
    inconnu.write_text(re.sub(r"vitale: [\w-]+", "vitale: carte-inconnue", texte), encoding="utf-8")
    compte = jouer({"LOT-01/etape-6": [{"valeur": "arreter"}]}, str(inconnu), ARGUMENTS[1])
    assert compte["code"] == 3
    assert any("1 scénario(s) à jouer sur 2 : LOT-01" in a for a in compte["avis"])
    campagne = json.loads((tmp_path / "dossier" / "campagne.json").read_text(encoding="utf-8"))
    autre = next(r for r in campagne["scenarios"] if r["id"] == "AUTRE-02")
    assert autre["verdict"] == "non_teste"
    assert autre["cause"].startswith("aucune facture reconnaissable")


def test_a_session_is_not_begun_twice_nor_resumed_differently(jouer: Jouer, tmp_path: Path) -> None:
    arret = {"LOT-01/etape-6": [{"valeur": "arreter"}]}
    assert jouer(arret, ARGUMENTS[1])["code"] == 3
    assert jouer({}, ARGUMENTS[1])["code"] == 2
    assert jouer({}, ARGUMENTS[1], "--reprendre", "--graine", "2")["code"] == 2
    assert jouer({}, ARGUMENTS[2], "--reprendre")["code"] == 2
    assert jouer(arret, ARGUMENTS[1], "--reprendre")["code"] == 3
    ports = [f["ports"] for f in _facts(tmp_path, "session")]
    assert len(ports) == 1, "la messagerie garde ses ports"
