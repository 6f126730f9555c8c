"""What the whole tour emits, opened and verified by OpenSSL and the standard library alone.

The bytes come from the evidence of a campaign; nothing of ours decodes them: the layout is cut by column here.
"""

from __future__ import annotations

import base64
import email
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from norms.contrat.ports import PARIS
from simulator.pki import TestPki, export
from tests.conftest_outils import require_program

SCENARIO = """
id: TOUR-01
titre: Une facture transmise sans compression, pour des outils indépendants
exigences: [SV-3.2.9.4-02]
profils: [medecins]
modes: [SESAM_VITALE]
monde:
  date: 2026-03-02T09:00
  lecteurs: {ps: dr-martin, vitale: durand-paul}
  parametrage: {compression: false}
etapes:
  - lps: ps.lire
    avec: {code_porteur: "1234"}
  - lps: beneficiaire.lire
  - lps: facture.elaborer
    avec: {mode: SESAM_VITALE, prestations: [{code: G, date: 2026-03-02}]}
  - lps: lot.constituer
    avec: {code_porteur: "1234"}
  - lps: fichier.constituer
  - lps: transmission.envoyer
attendus:
  - sur: flux.messages[0].content_description
    egale: FACTURE/SV/K
    verifie: SV-3.2.9.4-02
    pourquoi: chiffrée sans compression
"""

CPS, VITALE, CAISSE = "00000101", "800000000000000101", "01349"


def run(*mots: object, entree: bytes = b"") -> bytes:
    return subprocess.run([str(m) for m in mots], input=entree, capture_output=True, timeout=60, check=True).stdout


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The exported test PKI, and the attachment of the message that the AMO received."""
    dossier = tmp_path_factory.mktemp("tour")
    (dossier / "essais").mkdir()
    (dossier / "essais" / "TOUR-01.yaml").write_text(SCENARIO, encoding="utf-8")
    run(sys.executable, "-m", "harness.cli", "run", dossier / "essais", "--interne", "--dossier", dossier / "dossier")
    (eml,) = (dossier / "dossier").rglob("recus/*.eml")
    message = email.message_from_bytes(eml.read_bytes())
    assert message["Content-Description"] == "FACTURE/SV/K"
    pki = TestPki(datetime(2026, 3, 2, 9, tzinfo=PARIS))
    export(pki, dossier / "pki", autres=[("cps_signature", CPS), ("vitale", VITALE)])
    piece = message.get_payload(decode=True)
    assert isinstance(piece, bytes)
    return dossier, piece


@pytest.fixture(scope="module")
def enregistrements(tour: tuple[Path, bytes]) -> list[bytes]:
    """The 128-byte records of the file, out of the envelope that openssl opened."""
    openssl = require_program("openssl")
    dossier, piece = tour
    cle = dossier / "pki" / "chiffrement_piece_jointe" / f"{CAISSE}.cle.pem"
    certificat = dossier / "pki" / "chiffrement_piece_jointe" / f"{CAISSE}.pem"
    chiffre = dossier / "piece.der"
    chiffre.write_bytes(piece)
    clair = run(
        openssl, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", chiffre, "-inkey", cle, "-recip", certificat
    )
    # Some tools keep the MIME header of the inner entity: the records are its body.
    if not clair.startswith(b"000"):
        contenu = email.message_from_bytes(clair).get_payload(decode=True)
        assert isinstance(contenu, bytes)
        clair = contenu
    assert clair.startswith(b"000")
    assert len(clair) % 128 == 0
    return [clair[i : i + 128] for i in range(0, len(clair), 128)]


def test_openssl_opens_the_attachment(enregistrements: list[bytes]) -> None:
    assert enregistrements[0][:3] == b"000"
    assert enregistrements[-1][:3] == b"999"
    assert int(enregistrements[-1][55:63]) == len(enregistrements)


@pytest.mark.parametrize(("nature", "role", "porteur"), [(b"V", "vitale", VITALE), (b"P", "cps_signature", CPS)])
def test_openssl_verifies_the_signatures_of_the_invoice(
    tour: tuple[Path, bytes], enregistrements: list[bytes], nature: bytes, role: str, porteur: str
) -> None:
    openssl = require_program("openssl")
    dossier, _ = tour
    debut = next(i for i, e in enumerate(enregistrements) if e[:1] == b"2")
    fin = next(i for i, e in enumerate(enregistrements) if e[:1] == b"6")
    facture = enregistrements[debut:fin]
    exclues = {b"V": (b"V", b"P"), b"P": (b"P",)}[nature]
    signe = b"".join(e for e in facture if not (e[:1] == b"8" and e[10:11] in exclues))
    segments = b"".join(e[30:128].rstrip() for e in facture if e[:1] == b"8" and e[10:11] == nature)
    signature = dossier / f"signature-{nature.decode()}.bin"
    signature.write_bytes(base64.b64decode(segments, validate=True))
    publique = dossier / f"publique-{nature.decode()}.pem"
    publique.write_bytes(run(openssl, "x509", "-in", dossier / "pki" / role / f"{porteur}.pem", "-pubkey", "-noout"))
    verifier = (openssl, "dgst", "-sha256", "-verify", publique, "-signature", signature)
    assert b"Verified OK" in run(*verifier, entree=signe)
    altere = bytes([signe[40] ^ 1]).join((signe[:40], signe[41:]))
    refus = subprocess.run([str(m) for m in verifier], input=altere, capture_output=True, timeout=60, check=False)
    assert refus.returncode != 0


def test_openssl_opens_the_sensitive_data_for_the_insurer_only(
    tour: tuple[Path, bytes], enregistrements: list[bytes]
) -> None:
    openssl = require_program("openssl")
    dossier, _ = tour
    bloc = dossier / "donnees.der"
    segments = b"".join(e[30:128].rstrip() for e in enregistrements if e[:1] == b"8" and e[10:11] == b"C")
    bloc.write_bytes(base64.b64decode(segments, validate=True))

    def opened_by(porteur: str) -> subprocess.CompletedProcess[bytes]:
        base = dossier / "pki" / "chiffrement_donnees"
        commande = [openssl, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(bloc)]
        commande += ["-inkey", str(base / f"{porteur}.cle.pem"), "-recip", str(base / f"{porteur}.pem")]
        return subprocess.run(commande, capture_output=True, timeout=60, check=False)

    assert b"coefficient" in opened_by(CAISSE).stdout
    assert opened_by("02349").returncode != 0
