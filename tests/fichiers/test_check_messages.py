"""Messages: closed envelopes are described, opened ones are read; departures from the profile are told."""

from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.fichiers.cles import Trousseau, load_keys
from harness.fichiers.erreurs import ErreurFichier
from harness.modele.verdict import Verdict
from norms.cms import ErreurCms, build_enveloped, compress
from norms.contrat.ports import AleaReproductible
from simulator.pki import TestPki
from tests.fichiers.outils import Echantillon, check, found
from tests.ssv.outils import INSTANT

PIECE_JOINTE = "chiffrement_piece_jointe"


def mail(piece: bytes, **entetes: str) -> bytes:
    """A message to the AMO of the tests; a header given empty is left out."""
    champs = {
        "From": "ps@cabinet.test",
        "To": "01349@349.01.rss.test",
        "Subject": "SV140800/991111113/2026030209000000001/00005",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0100",
        "MIME-Version": "1.0",
        "Content-Type": "Application/EDI-consent",
        "Content-Transfer-Encoding": "base64",
        "Content-Description": "FACTURE/SV/ZK",
    } | {cle.replace("_", "-"): v for cle, v in entetes.items()}
    tete = "".join(f"{cle}: {v}\r\n" for cle, v in champs.items() if v)
    return tete.encode() + b"\r\n" + base64.encodebytes(piece).replace(b"\n", b"\r\n")


def sealed(contenu: bytes, numero: str = "01349") -> bytes:
    pki = TestPki(INSTANT)
    return build_enveloped(contenu, [pki.certificat(PIECE_JOINTE, numero)], AleaReproductible(5, "tests"))


@pytest.fixture
def couple(tmp_path: Path) -> tuple[Path, Path]:
    """The key and the certificate of the addressee, as PEM files."""
    pki = TestPki(INSTANT)
    cle, certificat = tmp_path / "cle.pem", tmp_path / "certificat.pem"
    prive = pki.cle(PIECE_JOINTE, "01349").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    cle.write_bytes(prive)
    certificat.write_bytes(pki.certificat(PIECE_JOINTE, "01349").public_bytes(Encoding.PEM))
    return cle, certificat


def test_a_closed_envelope_is_described(echantillon: Echantillon) -> None:
    r = check(echantillon.message)
    serie = TestPki(INSTANT).certificat(PIECE_JOINTE, "01349").serial_number
    assert r.verdict is Verdict.NON_TESTE, "ce qui n'est pas lu n'est pas conforme"
    assert r.cause.startswith("seule l'enveloppe a été contrôlée")
    assert r.enveloppe is not None
    assert (r.enveloppe.ouverte, r.enveloppe.algorithme) == (False, "aes256-cbc")
    assert f"série {serie:X}" in r.enveloppe.destinataires[0]
    assert "factures" not in r.contenu
    assert "CHIFFREMENT_ILLISIBLE" not in r.controles
    assert any("--cle" in n for n in r.non_verifies)


def test_the_users_key_opens_it(echantillon: Echantillon, couple: tuple[Path, Path]) -> None:
    r = check(echantillon.message, trousseau=load_keys([couple[0]], [couple[1]], []))
    assert r.enveloppe is not None
    assert r.enveloppe.ouverte
    assert (r.verdict, r.contenu["factures"]) == (Verdict.CONFORME, 5)


def test_the_test_keys_open_it_whatever_the_day_of_the_bench(echantillon: Echantillon) -> None:
    r = check(echantillon.message, jour=None, test=True)
    assert (r.verdict, r.contenu["factures"], r.date) == (Verdict.CONFORME, 5, "2026-03-02")
    assert not r.non_verifies


def test_a_signer_given_by_the_user(echantillon: Echantillon, tmp_path: Path) -> None:
    pki = TestPki(INSTANT)
    bon, autre = tmp_path / "bon.pem", tmp_path / "autre.pem"
    bon.write_bytes(pki.identite_cps("00000101").cert_signature.public_bytes(Encoding.PEM))
    autre.write_bytes(pki.identite_cps("00000202").cert_signature.public_bytes(Encoding.PEM))
    assert check(echantillon.lot, trousseau=load_keys([], [], [bon])).comptes == {}
    faux = check(echantillon.lot, trousseau=load_keys([], [], [autre])).comptes
    assert set(faux) == {"FACTURE_SIGNATURE_CPS_FAUSSE", "LOT_SIGNATURE_FAUSSE"}


def test_a_key_and_another_certificate(couple: tuple[Path, Path], tmp_path: Path) -> None:
    autre = tmp_path / "autre.pem"
    autre.write_bytes(TestPki(INSTANT).certificat(PIECE_JOINTE, "02349").public_bytes(Encoding.PEM))
    with pytest.raises(ErreurFichier, match="n'est pas la clé du certificat"):
        load_keys([couple[0]], [autre], [])
    with pytest.raises(ErreurFichier, match="1 --cle et 0 --certificat"):
        load_keys([couple[0]], [], [])
    with pytest.raises(ErreurFichier, match="clé privée PEM"):
        load_keys([autre], [autre], [])


def test_the_subject_against_the_file(echantillon: Echantillon) -> None:
    piece = sealed(compress(echantillon.fichier))
    r = check(mail(piece, Subject="SV140800/991129768/2026030209000000001/00006"), test=True)
    assert found(r, "SUJET_NB_FACTURES_FAUX").attendu == "00005"
    assert "991111113" in found(r, "SUJET_EXERCICE_FAUX").attendu
    assert set(r.comptes) == {"SUJET_NB_FACTURES_FAUX", "SUJET_EXERCICE_FAUX"}


def test_the_profile_of_a_concentrator_is_published(echantillon: Echantillon) -> None:
    """Direct exchanges follow annex 4, not public: a departure is a reserve; for a concentrator it isn't."""
    assert check(echantillon.message_oct, test=True).contenu["profil"] == "facture_oct"
    direct, vers_oct = (
        check(re.sub(rb"/[0-9]{19}/", b"/20260302/", m)) for m in (echantillon.message, echantillon.message_oct)
    )
    assert found(direct, "SUJET_COMPOSTAGE").verdict is Verdict.RESERVE
    constat = found(vers_oct, "SUJET_COMPOSTAGE")
    assert (constat.verdict, constat.exigence, constat.ligne) == (Verdict.NON_CONFORME, "SV-A5-7.1.1-11", 3)


def test_a_message_without_attachment() -> None:
    texte = b"From: a@b.test\r\nTo: 01349@349.01.rss.test\r\nSubject: bonjour\r\n\r\nPas de fichier.\r\n"
    r = check(texte)
    assert {"PIECE_NOMBRE", "SUJET_CHAMPS"} <= set(r.comptes)
    assert any("pas de pièce jointe" in n for n in r.non_verifies)
    assert r.verdict in {Verdict.RESERVE, Verdict.NON_CONFORME}


def test_an_attachment_that_is_not_cms(echantillon: Echantillon) -> None:
    clair = check(mail(echantillon.fichier))
    constat = found(clair, "CHIFFREMENT_ABSENT")
    assert (constat.verdict, constat.exigence) == (Verdict.NON_CONFORME, "SV-3.2.9.4-02")
    assert clair.contenu["factures"] == 5
    autre = check(mail(b"%PDF-1.4 un document"))
    assert "CHIFFREMENT_ILLISIBLE" in autre.comptes
    assert "factures" not in autre.contenu


def test_an_envelope_cut_short(echantillon: Echantillon) -> None:
    r = check(mail(sealed(echantillon.fichier)[:-100]), test=True)
    assert "CHIFFREMENT_ILLISIBLE" in r.comptes


def test_an_opened_envelope_that_holds_something_else() -> None:
    r = check(mail(sealed(b"Bonjour, ceci est un texte."), Content_Description="FACTURE/SV/K"), test=True)
    assert "forme inconnue" in found(r, "FICHIER_SANS_ENTETE").constate


@pytest.mark.parametrize("forme", ["cms", "gzip"])
def test_a_decompression_bomb_stops_before_it_expands(forme: str) -> None:
    zeros = bytes(20 * 1024 * 1024)
    bombe = compress(zeros) if forme == "cms" else gzip.compress(zeros)
    assert len(bombe) < 64 * 1024
    r = check(mail(sealed(bombe)), test=True)
    assert r.verdict is Verdict.ERREUR_BANC
    assert "bombe de décompression" in r.cause
    seule = check(bombe)
    assert "bombe de décompression" in seule.cause


def test_an_attachment_without_its_message(echantillon: Echantillon) -> None:
    piece = sealed(compress(echantillon.fichier))
    ouverte = check(piece, test=True)
    assert (ouverte.nature, ouverte.verdict, ouverte.contenu["factures"]) == ("piece_jointe", Verdict.CONFORME, 5)
    assert check(piece).enveloppe is not None
    assert "ni enveloppe CMS" in check(b"\x30\x82\x01\x00" + bytes(100)).cause


@pytest.mark.parametrize("fin", [b"\n", b"\r\n"])
def test_a_message_saved_with_lf_alone_is_not_at_fault(echantillon: Echantillon, fin: bytes) -> None:
    assert check(echantillon.message.replace(b"\r\n", fin)).comptes == {}


def test_mixed_line_ends_are_told(echantillon: Echantillon) -> None:
    melange = echantillon.message.replace(b"\r\n", b"\n", 1)
    assert "FIN_DE_LIGNE" in check(melange).comptes


def test_an_unknown_profile_is_refused(echantillon: Echantillon) -> None:
    r = check(echantillon.message, profil="facture_pigeon")
    assert "facture_oct" in r.cause


def test_returns_are_read_through_their_messages(echantillon: Echantillon) -> None:
    resultats = [check(m) for m in echantillon.messages_retour]
    assert {r.verdict for r in resultats} == {Verdict.CONFORME}
    assert {r.contenu["pièce jointe"] for r in resultats} == {"fichier d'ARL", "retour NOEMIE"}


def test_what_is_not_an_envelope_has_no_key() -> None:
    with pytest.raises(ErreurCms, match="enveloppe chiffrée"):
        Trousseau().opening(b"rien")
