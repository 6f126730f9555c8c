"""The whole way of an invoice with real cards, judged by independent tools: cryptography and openssl."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from norms.b2 import CodecB2
from norms.b2.controles import controler_fichier, controler_lot
from norms.contrat import services as s
from norms.contrat.base import ModeSecurisation as Mode
from norms.contrat.base import TypeFacture as Type
from simulator.ssv.facture import read_facture
from tests.conftest_outils import require_program
from tests.ssv.outils import PACK, Poste, bon, groupes_facture


@pytest.fixture
def poste() -> Poste:
    poste = Poste().inserer().init()
    bon(poste.lire_ps())
    return poste


def content(brut: bytes, nature: str) -> bytes:
    """The content of the segments of a nature, put together from the columns of b2/type_8.yaml, without our reader."""
    enregistrements = [brut[i : i + 128] for i in range(0, len(brut), 128)]
    segments = [e[30:128].rstrip(b" ") for e in enregistrements if e[:1] == b"8" and e[10:11] == nature.encode()]
    return base64.b64decode(b"".join(segments), validate=True)


def covered(brut: bytes, *exclues: str) -> bytes:
    """All records but the segments of some natures."""
    enregistrements = [brut[i : i + 128] for i in range(0, len(brut), 128)]
    return b"".join(e for e in enregistrements if e[:1] != b"8" or e[10:11].decode() not in exclues)


def check_signature(certificat: x509.Certificate, signature: bytes, donnees: bytes, tmp_path: Path) -> None:
    """Both cryptography and openssl must accept it, and refuse it once a byte has changed."""
    cle = certificat.public_key()
    assert isinstance(cle, RSAPublicKey)
    cle.verify(signature, donnees, padding.PKCS1v15(), SHA256())
    openssl = require_program("openssl")
    (tmp_path / "cle.pem").write_bytes(cle.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "signature").write_bytes(signature)
    for contenu, attendu in ((donnees, 0), (donnees[:-1] + b"~", 1)):
        (tmp_path / "donnees").write_bytes(contenu)
        resultat = subprocess.run(
            [openssl, "dgst", "-sha256", "-verify", "cle.pem", "-signature", "signature", "donnees"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert resultat.returncode == attendu, resultat.stderr


def signer(poste: Poste, qui: str) -> x509.Certificate:
    if qui == "ps":
        return poste.pki.identite_cps("00000101").cert_signature
    return poste.pki.identite_vitale("800000000000000101").certificat


def test_the_two_cards_sign_what_they_should(poste: Poste, tmp_path: Path) -> None:
    reponse = poste.securiser()
    brut = base64.b64decode(reponse.facture)
    check_signature(signer(poste, "vitale"), content(brut, "V"), covered(brut, "V", "P"), tmp_path)
    check_signature(signer(poste, "ps"), content(brut, "P"), covered(brut, "P"), tmp_path)


def test_the_lot_is_signed_by_the_ps(poste: Poste, tmp_path: Path) -> None:
    lot = base64.b64decode(bon(poste.lot(poste.securiser().facture)).lot)
    check_signature(signer(poste, "ps"), content(lot, "L"), covered(lot, "L"), tmp_path)


@pytest.mark.parametrize(("type_", "numero"), [(Type.FSE, "01349"), (Type.DRE, "75500017")])
def test_the_recipient_alone_opens_the_sensitive_data_with_openssl(
    poste: Poste, tmp_path: Path, type_: Type, numero: str
) -> None:
    openssl = require_program("openssl")
    claire = base64.b64decode(bon(poste.formater(type_)).facture)
    masquee = base64.b64decode(bon(poste.chiffrer(base64.b64encode(claire).decode())).facture)
    # The coefficient 1.00 (columns 81-86 of the record 4) is the sensitive field of a plain consultation.
    [quatre] = [masquee[i : i + 128] for i in range(0, len(masquee), 128) if masquee[i : i + 1] == b"4"]
    assert quatre[80:86] == b"******"
    assert b"000100" in claire
    (tmp_path / "enveloppe.der").write_bytes(content(masquee, "C"))
    ouvert = {}
    for qui in (numero, "02349"):
        certificat = poste.pki.certificat("chiffrement_donnees", qui)
        (tmp_path / "cert.pem").write_bytes(certificat.public_bytes(Encoding.PEM))
        cle = poste.pki.key_file(poste.pki.nom_cle("chiffrement_donnees", qui))
        commande = [openssl, "cms", "-decrypt", "-inform", "DER", "-in", "enveloppe.der", "-binary"]
        commande += ["-recip", "cert.pem", "-inkey", str(cle)]
        ouvert[qui] = subprocess.run(commande, cwd=tmp_path, capture_output=True, check=False)
    assert ouvert[numero].returncode == 0, ouvert[numero].stderr
    # Rank from 0 of the record 4: after 2 and 2S, and after 2M in a DRE.
    assert f'[{2 if type_ is Type.FSE else 3},"4","coefficient","000100"]' in ouvert[numero].stdout.decode()
    assert ouvert["02349"].returncode != 0


@pytest.mark.parametrize(
    ("mode", "top", "natures"),
    [
        (Mode.SESAM_VITALE, "S", "CVP"),
        (Mode.DESYNCHRONISE, "S", "CVP"),
        (Mode.SANS_VITALE, "F", "CP"),
        (Mode.DEGRADE, "D", "CP"),
    ],
)
def test_each_mode_to_the_file(poste: Poste, mode: Mode, top: str, natures: str) -> None:
    reponse = poste.securiser(mode=mode)
    brut = base64.b64decode(reponse.facture)
    vues = [brut[i + 10 : i + 11].decode() for i in range(0, len(brut), 128) if brut[i : i + 1] == b"8"]
    assert "".join(dict.fromkeys(vues)) == natures
    assert reponse.critere_lot
    lot = bon(poste.lot(reponse.facture))
    octets = base64.b64decode(lot.lot)
    assert octets[80:81] == top.encode()
    groupe = s.GroupeDonnees(groupe=12, champs=("20260302", "000001", "1", str(len(octets))))
    fichier = bon(
        poste.appel("ssv.formater_fichier", s.FormaterFichier(critere_fichier=lot.critere_fichier, groupes=(groupe,)))
    )
    entier = base64.b64decode(fichier.entete) + octets + base64.b64decode(fichier.fin)
    lu = CodecB2(PACK).lire_fichier(entier)
    assert controler_fichier(lu) == []


def test_a_desynchronised_invoice_gives_its_criterion_twice_and_needs_one_card_at_a_time(poste: Poste) -> None:
    poste.lecteurs["ps"].remove()
    facture = bon(poste.chiffrer(bon(poste.formater(mode=Mode.DESYNCHRONISE)).facture)).facture
    premier = bon(poste.signer_vitale(facture))
    assert premier.critere_lot
    poste.lecteurs["vitale"].remove()
    poste.lecteurs["ps"].insert(poste.cps("dr-martin"))
    second = bon(poste.signer_ps(premier.facture))
    assert second.critere_lot == premier.critere_lot


def test_the_criterion_comes_only_with_the_last_signature_otherwise(poste: Poste) -> None:
    mise_en_forme = bon(poste.formater())
    chiffree = bon(poste.chiffrer(mise_en_forme.facture))
    signee = bon(poste.signer_vitale(chiffree.facture))
    assert [r.critere_lot for r in (mise_en_forme, chiffree, signee)] == ["", "", ""]
    assert bon(poste.signer_ps(signee.facture)).critere_lot


def test_totals_of_the_lot_are_those_of_its_invoices(poste: Poste) -> None:
    factures = [
        poste.securiser(g1110_1=f"00000000{i}", g1610_12=str(m), g1710_1=str(m), g1710_3=str(m - 1750))
        for i, m in ((1, 2500), (2, 3100))
    ]
    octets = base64.b64decode(bon(poste.lot(*(f.facture for f in factures), reference="042")).lot)
    [fin] = [octets[i : i + 128] for i in range(0, len(octets), 128) if octets[i : i + 1] == b"6"]
    # Columns of the record 6 (formats.md §2.1): 2 invoices, 2 lines, 2 records 2, 2 records 5, 56,00 / 35,00 / 0.
    assert fin[10:13] == b"002"
    assert fin[13:17] == b"0002"
    assert fin[17:21] == b"0002"
    assert fin[21:24] == b"002"
    assert fin[24:33] == b"000005600"
    assert fin[33:42] == b"000003500"
    assert fin[42:51] == b"000000000"
    assert fin[51:54] == b"042"
    [evenement] = list(CodecB2(PACK).structure.lots(CodecB2(PACK).lire_lots(octets)))
    assert controler_lot(evenement) == []


def test_same_seed_same_bytes() -> None:
    def play() -> Any:
        poste = Poste().inserer().init()
        bon(poste.lire_ps())
        return bon(poste.lot(poste.securiser().facture)).lot

    assert play() == play()


def test_a_dre_says_where_it_goes(poste: Poste) -> None:
    lot = bon(poste.lot(poste.securiser(Type.DRE).facture, reference="AAA"))
    [groupe] = lot.groupes
    assert groupe.groupe == 93
    # Fields of the norm pack: reference, routing, host, domain, application, AMC number on 10 digits.
    assert groupe.champs[1] == "AAA"
    assert groupe.champs[4:7] == ("OC", "00000075500017", "140800")
    assert groupe.champs[7:10] == ("MU", "001", "rocher-mutuelle.test")
    assert groupe.champs[12:14] == ("99", "0075500017")


def test_a_fse_lot_gives_group_13(poste: Poste) -> None:
    [groupe] = bon(poste.lot(poste.securiser().facture)).groupes
    assert groupe.groupe == 13
    assert groupe.champs[1:10] == (
        "001", "TP", "00000991111113", "CT", "00000001349349", "140800", "01", "349", "349",
    )  # fmt: skip
    assert groupe.champs[11] == "1"


@pytest.mark.parametrize("type_", [Type.FSE, Type.DRE])
def test_what_is_known_of_an_invoice_just_written_is_what_reading_it_gives(poste: Poste, type_: Type) -> None:
    facture = bon(poste.formater(type_, groupes=groupes_facture(type_))).facture
    contexte, etapes = poste.services.contexte, [poste.chiffrer, poste.signer_vitale, poste.signer_ps]
    for faites, etape in enumerate(etapes, start=1):
        facture = bon(etape(facture)).facture
        octets = base64.b64decode(facture)
        connue = contexte.connues[octets]
        assert connue is read_facture(contexte, octets)
        contexte.connues.clear()
        assert connue == read_facture(contexte, octets)
        assert len(connue.blocs) == faites


def test_no_more_invoices_are_known_than_allowed(poste: Poste, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.ssv.facture.MAX_CONNUES", 3)
    for _ in range(4):
        poste.securiser()
        assert len(poste.services.contexte.connues) <= 3


@pytest.mark.parametrize("signature", [b"", bytes(80_000)])
def test_a_signature_that_no_segment_can_hold_is_refused(poste: Poste, signature: bytes) -> None:
    facture = bon(poste.chiffrer(bon(poste.formater()).facture)).facture
    params = s.AjouterSignature(facture=facture, signature=base64.b64encode(signature).decode())
    reponse = poste.appel("ssv.ajouter_signature", params)
    assert reponse.code_retour != "0000"
    assert f"contenu de nature V de {len(signature)} octets ; attendu de 1 à" in reponse.libelle
