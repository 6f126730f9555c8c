"""Real PC/SC: independent programs judge the cards, nothing is left behind, and long runs hold."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from simulator.cards.erreurs import LecteurIndisponible, LecteurOccupe
from simulator.cards.lecture import read_vitale
from simulator.readers.ouverture import NOMS_PCSC, diagnostic, ouvrir_lecteurs
from simulator.readers.pcscd import PrivatePcscd
from tests.cartes.conftest import Materiel, Poste
from tests.conftest_outils import missing, require_pcsc, require_program

pytestmark = pytest.mark.pcsc
RACINE = Path(__file__).parents[2]
OPENSC = (
    "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib/opensc-pkcs11.so",
    "/usr/lib64/opensc-pkcs11.so",
)


def _run(poste: Poste, *commande: str | Path, entree: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs an outside program that sees our readers and no other."""
    environnement = {**os.environ, **poste.lecteurs.environnement}
    return subprocess.run(
        [str(c) for c in commande], env=environnement, capture_output=True, check=False, timeout=60, input=entree
    )


def _name(lecteur: str) -> str:
    return f"{NOMS_PCSC[lecteur]} 00 00"


def _module() -> str:
    trouve = next((m for m in OPENSC if Path(m).exists()), None)
    return trouve or missing("le module PKCS#11 d'OpenSC est absent")


def test_opensc_recognises_the_card(poste_pcsc: Poste) -> None:
    outil = require_program("opensc-tool")
    poste_pcsc.cps().disconnect()
    resultat = _run(poste_pcsc, outil, "-r", _name("ps"), "-n")
    assert (resultat.returncode, resultat.stdout.strip()) == (0, b"IAS-ECC")
    atr = _run(poste_pcsc, outil, "-r", _name("ps"), "-a").stdout.strip().decode()
    assert atr == "3b:ac:00:40:2a:00:12:25:00:64:80:00:03:10:00:90:00"


def test_opensc_dumps_the_pkcs15_directory(poste_pcsc: Poste) -> None:
    outil = require_program("pkcs15-tool")
    poste_pcsc.cps().disconnect()
    resultat = _run(poste_pcsc, outil, "--reader", _name("ps"), "--dump")
    texte = resultat.stdout.decode()
    assert resultat.returncode == 0
    for attendu in (
        "PKCS#15 Card [CPS DE TEST 00009901]",
        "Manufacturer ID: SIMULATION SANS VALEUR",
        "PIN [Code porteur]",
        "Private RSA Key [CPS_PRIV_SIG]",
        "Private RSA Key [CPS_PRIV_AUT]",
        "X.509 Certificate [Certificat de signature]",
        "X.509 Certificate [Certificat d'authentification]",
        "Data object 'CPS_NAME_PS'",
        "Data object 'CPS_ACTIVITY_02_PS'",
    ):
        assert attendu in texte


def test_opensc_signs_with_the_authentication_key(poste_pcsc: Poste, materiel: Materiel, tmp_path: Path) -> None:
    outil, openssl = require_program("pkcs11-tool"), require_program("openssl")
    poste_pcsc.cps().disconnect()
    message = b"ouverture de session"
    prefixe = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 §9.2, SHA-256
    (tmp_path / "info").write_bytes(prefixe + hashlib.sha256(message).digest())
    (tmp_path / "message").write_bytes(message)
    resultat = _run(
        poste_pcsc, outil, "--module", _module(), "--login", "--pin", "1234", "--sign", "--id", "02",
        "-m", "RSA-PKCS", "-i", tmp_path / "info", "-o", tmp_path / "signature",
    )  # fmt: skip
    assert resultat.returncode == 0, resultat.stderr.decode()
    publique = materiel.cles["authentification"].public_key()
    pem = publique.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "cle.pem").write_bytes(pem)
    verdict = subprocess.run(
        [openssl, "dgst", "-sha256", "-verify", "cle.pem", "-signature", "signature", "message"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert verdict.stdout.strip() == b"Verified OK"


def test_opensc_sees_the_code_getting_blocked(poste_pcsc: Poste, materiel: Materiel) -> None:
    outil, module = require_program("pkcs11-tool"), _module()
    poste_pcsc.put("ps", materiel.cps())
    messages = [_run(poste_pcsc, outil, "--module", module, "--login", "--pin", "9999", "-O").stderr for _ in range(3)]
    assert b"CKR_PIN_INCORRECT" in messages[0]
    assert b"CKR_PIN_LOCKED" in messages[2]


def test_cardpeek_shows_who_holds_the_vitale(poste_pcsc: Poste, tmp_path: Path) -> None:
    cardpeek = require_program("cardpeek")
    scripts = Path("/usr/share/cardpeek")
    if not (scripts / "vitale_2.lua").exists():
        missing("le script vitale_2 de cardpeek est absent")
    poste_pcsc.vitale().disconnect()
    (tmp_path / ".cardpeek" / "logs").mkdir(parents=True)
    (tmp_path / ".cardpeek" / "replay").mkdir()
    shutil.copytree(scripts, tmp_path / ".cardpeek" / "scripts")
    vue = tmp_path / "vue.xml"
    # cardpeek never ends by itself in console mode: os.exit does it, and its input stays open meanwhile.
    lua = f'require("lib.apdu"); card.CLA=0; dofile("vitale_2.lua"); ui.save_view("{vue}"); os.exit(0)'
    environnement = {**os.environ, **poste_pcsc.lecteurs.environnement, "HOME": str(tmp_path), "LC_ALL": "C"}
    with subprocess.Popen(
        [cardpeek, "-c", "-r", f"pcsc://{_name('vitale')}", "-e", lua],
        env=environnement, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as processus:  # fmt: skip
        assert processus.stdin is not None
        processus.stdin.write(b"2\n")  # no, do not upgrade the scripts
        processus.stdin.flush()
        try:
            processus.wait(30)
        finally:
            processus.kill()
    texte = vue.read_text(encoding="utf-8")
    for etiquette, valeur in (
        ("Nom", "DURAND"),
        ("Prénom", "PAUL"),
        ("Date de naissance", "04/12/55"),  # 12 avril 1955, as the C locale writes it
        ("Numéro de sécurité sociale", "155047599901238"),
    ):
        _, _, suite = texte.partition(f'<attr name="label">{etiquette}</attr>')
        assert f'<attr name="alt">{valeur}</attr>' in suite.partition("</node>")[0]
    assert '<attr name="alt">data not accessible (code 6982)</attr>' in texte


def test_pyscard_alone_reads_the_atr(poste_pcsc: Poste) -> None:
    """A program that knows nothing of us, in its own process."""
    poste_pcsc.vitale().disconnect()
    programme = (
        "from smartcard.System import readers\n"
        "r = next(r for r in readers() if 'Vitale 00 00' in str(r))\n"
        "c = r.createConnection(); c.connect(); print(bytes(c.getATR()).hex().upper())\n"
        "print(c.transmit([0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00])[1:]); c.disconnect(); c.release()\n"
    )
    resultat = _run(poste_pcsc, sys.executable, "-c", programme)
    assert resultat.stdout.decode().split("\n")[:2] == ["3B751300004809EA9000", "(144, 0)"]


_EXCLUSIF = (
    "from smartcard import scard as s\n"
    "_, c = s.SCardEstablishContext(s.SCARD_SCOPE_USER)\n"
    "code, carte, _ = s.SCardConnect(c, {nom!r}, s.SCARD_SHARE_EXCLUSIVE, s.SCARD_PROTOCOL_T0 | s.SCARD_PROTOCOL_T1)\n"
    "print(code, flush=True); input()\n"
    "s.SCardDisconnect(carte, s.SCARD_LEAVE_CARD); s.SCardReleaseContext(c)\n"
)


def test_a_card_held_by_another_program_is_told(poste_pcsc: Poste) -> None:
    """Exclusivity for real: another process has the Vitale for itself; the other reader stays free (cdc §4.1.2)."""
    poste_pcsc.vitale().disconnect()
    environnement = {**os.environ, **poste_pcsc.lecteurs.environnement}
    with subprocess.Popen(
        [sys.executable, "-c", _EXCLUSIF.format(nom=_name("vitale"))],
        env=environnement, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as autre:  # fmt: skip
        assert autre.stdout is not None
        assert autre.stdout.readline() == "0\n"
        with pytest.raises(LecteurOccupe, match="tenu par un autre programme"):
            poste_pcsc.lecteurs.vitale.connect()
        poste_pcsc.cps().disconnect()
        autre.communicate("\n", timeout=30)
    with poste_pcsc.vitale() as vitale:
        assert read_vitale(vitale).contenu.assure.nom == "DURAND"


def test_the_second_set_of_readers_of_a_process_is_refused(poste_pcsc: Poste) -> None:
    with pytest.raises(LecteurIndisponible, match="déjà ouverts par ce programme"), ouvrir_lecteurs("pcsc"):
        pass
    with poste_pcsc.vitale() as vitale:  # and the first one still works
        assert read_vitale(vitale).contenu.assure.nom == "DURAND"


_CYCLE = """
import json, os
from pathlib import Path
from simulator.cards.cps3 import build_cps
from simulator.cards.lecture import read_cps
from simulator.cards.modele import load_cps
from simulator.readers.ouverture import ouvrir_lecteurs
image = load_cps(Path({image!r}))
faits = []
for _ in range(2):
    with ouvrir_lecteurs("pcsc") as lecteurs:
        lecteurs.ps.insert(build_cps(image))
        with lecteurs.ps.connect() as connexion:
            nom = read_cps(connexion).contenu.nom
        faits.append({{"nom": nom, "pid": lecteurs.pcscd.pid, "socket": str(lecteurs.pcscd.socket_path),
                      "mode": oct(os.stat(lecteurs.pcscd.socket_path).st_mode & 0o777),
                      "ports": [e.port for e in lecteurs.pcscd.entrees]}})
print(json.dumps({{"faits": faits, "reste": "PCSCLITE_CSOCK_NAME" in os.environ}}))
"""


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Two openings in a row in a fresh process: no process, port, socket or variable stays."""
    require_pcsc()
    programme = _CYCLE.format(image=str(Path(__file__).parent / "donnees" / "cps.yaml"))
    environnement = {k: v for k, v in os.environ.items() if k != "PCSCLITE_CSOCK_NAME"}
    resultat = subprocess.run(
        [sys.executable, "-W", "error", "-c", programme],
        cwd=RACINE, env=environnement, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert resultat.returncode == 0, resultat.stderr.decode()
    assert resultat.stderr == b""
    recit = json.loads(resultat.stdout)
    assert [f["nom"] for f in recit["faits"]] == ["MARTIN", "MARTIN"]
    assert not recit["reste"]
    for fait in recit["faits"]:
        assert fait["mode"] == "0o600"
        assert not Path(f"/proc/{fait['pid']}").exists()
        assert not Path(fait["socket"]).parent.exists()
        for port in fait["ports"]:
            with socket.socket() as sonde:
                assert sonde.connect_ex(("127.0.0.1", port)) != 0


def test_a_directory_of_another_user_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_pcsc()
    dossier = tmp_path / "lecteurs"
    dossier.mkdir()
    moi = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: moi + 1)
    with pytest.raises(LecteurIndisponible, match="à un autre utilisateur"):
        PrivatePcscd(["A"], dossier=dossier).start()
    assert dossier.exists()


def test_a_missing_driver_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LecteurIndisponible, match="vsmartcard-vpcd"):
        PrivatePcscd(["A"], dossier=tmp_path / "d", pilote=tmp_path / "absent.so").start()
    with pytest.raises(LecteurIndisponible, match="trop long"):
        PrivatePcscd(["A"], dossier=tmp_path / ("x" * 120))
    with pytest.raises(ValueError, match="noms différents"):
        PrivatePcscd(["A", "A"])


def test_the_diagnosis_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.readers.ouverture.find_pcscd", lambda: None)
    monkeypatch.setattr("simulator.readers.ouverture.PILOTE", Path("/absent/pilote.so"))
    monkeypatch.setattr("simulator.readers.ouverture.find_spec", lambda _: None)
    manques = "\n".join(diagnostic())
    for mot in ("paquet pcscd", "vsmartcard-vpcd", "preagrement[pcsc]"):
        assert mot in manques
    with pytest.raises(LecteurIndisponible, match="lecteurs PC/SC indisponibles"), ouvrir_lecteurs("pcsc"):
        pass


def test_the_endurance_bench_runs(tmp_path: Path) -> None:
    """The script behind docs/performance.md, in small: cards in and out, commands on both readers, nothing leaks."""
    require_pcsc()
    environnement = {k: v for k, v in os.environ.items() if k != "PCSCLITE_CSOCK_NAME"}
    resultat = subprocess.run(
        [sys.executable, RACINE / "bench" / "endurance_cartes.py", "--cycles", "2", "--apdus", "200"],
        cwd=RACINE, env=environnement, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert resultat.returncode == 0, resultat.stderr + resultat.stdout
    mesure = json.loads(resultat.stdout)
    assert (mesure["mouvements"]["cycles"], mesure["mouvements"]["fautes"], mesure["fuites"]) == (2, 0, [])
    assert [mesure["echanges"][nom]["apdus"] for nom in ("ps", "vitale")] == [200, 200]


# --- long runs ----------------------------------------------------------------------------------------------

profond = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "profond", reason="essai long : HYPOTHESIS_PROFILE=profond"
)


def _state(pid: int) -> tuple[int, int]:
    """Descriptors and threads of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), len(list(Path(f"/proc/{pid}/task").iterdir()))


@pytest.mark.profond
@profond
def test_a_thousand_insertions_and_removals(poste_pcsc: Poste) -> None:
    pcscd = poste_pcsc.lecteurs.pcscd
    assert pcscd is not None
    assert pcscd.pid is not None
    card = poste_pcsc.materiel.vitale()
    poste_pcsc.empty("vitale")
    avant: tuple[tuple[int, int], int] | None = None
    for tour in range(int(os.environ.get("PREAGREMENT_INSERTIONS", "1000"))):
        poste_pcsc.lecteurs.vitale.insert(card)
        with poste_pcsc.lecteurs.vitale.connect() as connexion:
            assert connexion.transmit(bytes.fromhex("00A4000C023F00")) == b"\x90\x00"
        poste_pcsc.lecteurs.vitale.remove()
        if tour == 5:
            avant = _state(pcscd.pid), threading.active_count()
    assert (_state(pcscd.pid), threading.active_count()) == avant


@pytest.mark.profond
@profond
def test_twenty_thousand_commands_on_each_of_two_readers(poste_pcsc: Poste) -> None:
    """Both readers at once: no answer is lost, none goes to the other reader."""
    attendus = {"ps": "5A0A8025000001000099017F9000", "vitale": "7006" + "800431" + "2E3430" + "9000"}
    prealables = {"ps": ["00A4020C02D003"], "vitale": ["00A4040C0BD250000002564954414C45", "00A4020C02D100"]}
    lectures = {"ps": "00B000000C", "vitale": "00B0000008"}
    ecarts: list[str] = []

    def hammer(nom: str) -> None:
        with poste_pcsc.cps() if nom == "ps" else poste_pcsc.vitale() as connexion:
            for commande in prealables[nom]:
                connexion.transmit(bytes.fromhex(commande))
            lecture, attendu = bytes.fromhex(lectures[nom]), bytes.fromhex(attendus[nom])
            ecarts.extend(nom for _ in range(20_000) if connexion.transmit(lecture) != attendu)

    fils = [threading.Thread(target=hammer, args=(nom,)) for nom in ("ps", "vitale")]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(300)
        assert not fil.is_alive()
    assert ecarts == []
