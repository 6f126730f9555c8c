"""Reading messages against their profiles: good ones, each way of being wrong, and what we send back."""

from __future__ import annotations

import base64
import email
import email.policy
import gzip
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.chargement import ErreurChargement
from norms.contrat.ports import HorlogeVirtuelle
from simulator.messagerie.erreurs import ErreurMessagerie
from simulator.messagerie.evenements import DestinataireDsn, MessageRecu, ParametresDsn
from simulator.messagerie.message import PROFILS_OCT, analyser, looks_enveloped
from simulator.messagerie.mime import read_structure
from simulator.messagerie.profils import default_profiles, load_profiles
from simulator.messagerie.retours import Composteur, build_return, build_service

#: DER start of a CMS EnvelopedData: SEQUENCE, OID 1.2.840.113549.1.7.3 (public: RFC 5652 §6.1).
CMS = bytes.fromhex("3082010006092a864886f70d010703a08200f1") + b"\0" * 200
SUJET = "SV140700/00000123456789/2026010509000000001/00025"


def message(**remplace: str | None) -> bytes:
    entetes: dict[str, str | None] = {
        "From": "ps1@cabinet.test",
        "To": "oct@concentrateur.test",
        "Subject": SUJET,
        "Date": "Mon, 05 Jan 2026 09:00:00 +0100",
        "Message-ID": "<1@cabinet.test>",
        "MIME-Version": "1.0",
        "Content-Type": 'Application/EDI-consent; name="f.b2"',
        "Content-Transfer-Encoding": "base64",
        "Content-Description": "FACTURE/SV/K",
        "corps": base64.encodebytes(CMS).decode().replace("\n", "\r\n"),
    }
    entetes.update({nom.replace("_", "-") if nom != "corps" else nom: v for nom, v in remplace.items()})
    corps = entetes.pop("corps") or ""
    return "".join(f"{n}: {v}\r\n" for n, v in entetes.items() if v is not None).encode() + b"\r\n" + corps.encode()


def codes(brut: bytes, **options: object) -> list[str]:
    return [a.code for a in analyser(brut, PROFILS_OCT, **options).anomalies]  # type: ignore[arg-type]  # test helper


def test_a_good_single_part_message() -> None:
    analyse = analyser(message(), PROFILS_OCT)
    assert analyse.anomalies == ()
    assert (analyse.profil, analyse.multipart, analyse.chiffre, analyse.compresse) == (
        "facture_oct",
        False,
        True,
        False,
    )
    assert analyse.piece_jointe == CMS
    assert (analyse.sujet.version, analyse.sujet.exercice) == ("140700", "00000123456789")
    assert (analyse.sujet.compostage, analyse.sujet.nb_factures) == ("2026010509000000001", 25)
    sujet = next(e for e in analyse.entetes if e.nom == "Subject")
    assert (sujet.brut, sujet.ligne) == (f" {SUJET}".encode(), 3)


def test_a_good_multipart_message() -> None:
    corps = base64.encodebytes(CMS).decode().replace("\n", "\r\n")
    piece = (
        "Content-Type: Application/EDI-consent\r\nContent-Transfer-Encoding: BASE64\r\n"
        "Content-Description: FACTURE/SV/ZK\r\n\r\n" + corps
    )
    brut = message(
        Content_Type='multipart/mixed; boundary="a b=1"',
        Content_Transfer_Encoding=None,
        Content_Description=None,
        corps=f"préambule\r\n--a b=1\r\n{piece}\r\n--a b=1--\r\nfin\r\n",
    )
    analyse = analyser(brut, PROFILS_OCT)
    assert analyse.anomalies == ()
    assert (analyse.multipart, analyse.chiffre, analyse.compresse) == (True, True, True)
    assert analyse.piece_jointe == CMS
    assert analyse.piece is not None
    # headers: 7 lines, blank, preamble, boundary: the part starts at line 11
    assert analyse.piece.ligne == 11


@pytest.mark.parametrize(
    ("remplace", "attendus"),
    [
        ({"Subject": None}, ["SUJET_NOMBRE"]),
        ({"Subject": "SV140700/123/2026010509000000001"}, ["SUJET_CHAMPS"]),
        ({"Subject": "SV1407/123/2026010509000000001/00025"}, ["SUJET_VERSION"]),
        ({"Subject": "SV139900/123/2026010509000000001/00025"}, ["SUJET_VERSION"]),
        ({"Subject": "SV140800/123/2026010509000000001/00025"}, []),
        ({"Subject": "SV140700//2026010509000000001/00025"}, ["SUJET_EXERCICE"]),
        ({"Subject": "SV140700/123/2026023009000000001/00025"}, ["SUJET_COMPOSTAGE"]),  # 30 February
        ({"Subject": "SV140700/123/202601050900000001/00025"}, ["SUJET_COMPOSTAGE"]),  # 18 digits
        ({"Subject": "SV140700/123/2026010509000000001/25"}, ["SUJET_NB_FACTURES"]),
        ({"Subject": "SV140700/123/2026010509000000001/   25"}, ["SUJET_NB_FACTURES"]),
        ({"Content_Type": "application/octet-stream"}, ["CONTENT_TYPE"]),
        ({"Content_Type": "APPLICATION/edi-CONSENT"}, []),
        ({"Content_Description": "FACTURE/SV"}, ["CONTENT_DESCRIPTION"]),
        ({"Content_Description": "facture/sv/k"}, ["CONTENT_DESCRIPTION"]),
        ({"Content_Description": "FACTURE/SV/ZK"}, []),
        ({"From": None}, ["EXPEDITEUR"]),
        ({"To": "sans arobase"}, ["DESTINATAIRE"]),
        ({"Date": None}, ["DATE"]),
        ({"corps": "bonjour"}, ["PIECE_NON_CMS", "BASE64_LONGUEUR"]),
        ({"corps": "bGUgYm9uIGV0IGwnaXZyYWll"}, ["PIECE_NON_CMS"]),
        ({"corps": ""}, ["PIECE_VIDE"]),
        ({"Content_Transfer_Encoding": "8bit"}, ["ENCODAGE", "PIECE_NON_CMS"]),
        ({"Content_Transfer_Encoding": "uuencode"}, ["ENCODAGE", "PIECE_NON_CMS", "ENCODAGE_INCONNU"]),
        ({"corps": base64.b64encode(CMS).decode()}, ["BASE64_LIGNE"]),
        (
            {"corps": base64.encodebytes(CMS).decode().replace("\n", "*\r\n", 1)},
            ["FIN_DE_LIGNE", "BASE64_CARACTERE", "BASE64_LIGNE"],
        ),
        ({"Content_Type": "text/plain", "Content_Description": None, "corps": "rien"}, ["PIECE_NOMBRE"]),
        ({"Content_Type": "multipart/mixed", "Content_Description": None}, ["PIECE_NOMBRE", "FRONTIERE_ABSENTE"]),
    ],
)
def test_each_departure_is_named(remplace: dict[str, str | None], attendus: list[str]) -> None:
    assert sorted(codes(message(**remplace))) == sorted(attendus)


def test_an_anomaly_says_where_what_and_on_which_ground() -> None:
    analyse = analyser(message(Subject="SV140700/123/2026010509000000001/25"), PROFILS_OCT)
    (anomalie,) = analyse.anomalies
    assert anomalie.source == "annexe5 §7.1.1"
    assert not anomalie.hypothese
    assert anomalie.texte == "ligne 3 : attendu 5 chiffres ; constaté « 25 »"
    (version,) = analyser(message(Subject=SUJET.replace("140700", "139900")), PROFILS_OCT).anomalies
    assert version.hypothese  # the value of addendum 8 is a guess


def test_the_envelope_is_compared() -> None:
    enveloppe = MessageRecu(1, "", 1, "autre@cabinet.test", ("oct@concentrateur.test",), b"")
    assert codes(message(), enveloppe=enveloppe) == ["EXPEDITEUR", "AVIS_NON_REMISE"]
    dsn = ParametresDsn(destinataires=(DestinataireDsn("oct@concentrateur.test", ("FAILURE",)),))
    enveloppe = MessageRecu(1, "", 1, "PS1@cabinet.test", ("oct@concentrateur.test",), b"", dsn)
    assert codes(message(), enveloppe=enveloppe) == []


def test_a_folded_subject_is_read_whole() -> None:
    plie = message(Subject=SUJET.replace("/00025", "/\r\n 00025"))
    analyse = analyser(plie, PROFILS_OCT)
    # unfolding keeps the blank (public: RFC 5322 §2.2.3): the last field then has six characters
    assert [a.code for a in analyse.anomalies] == ["SUJET_NB_FACTURES"]
    assert next(e for e in analyse.entetes if e.nom == "Date").ligne == 5


def test_openssl_envelopes_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "clair").write_bytes(b"contenu")
    cle, cert = tmp_path / "k.pem", tmp_path / "c.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t", "-keyout", cle, "-out", cert],
        check=True,
        capture_output=True,
    )
    for options in ([], ["-stream", "-indef"]):
        commande = ["openssl", "cms", "-encrypt", "-aes256", "-binary", "-outform", "DER", *options]
        sortie = subprocess.run(
            [*commande, "-in", tmp_path / "clair", str(cert)], check=True, capture_output=True
        ).stdout
        assert looks_enveloped(sortie)
    signe = subprocess.run(
        ["openssl", "cms", "-sign", "-outform", "DER", "-in", tmp_path / "clair", "-signer", cert, "-inkey", cle],
        check=True,
        capture_output=True,
    ).stdout
    assert not looks_enveloped(signe)
    assert not looks_enveloped(gzip.compress(b"x"))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_raising(brut: bytes) -> None:
    analyse = analyser(brut)
    assert analyse.anomalies  # no profile accepts 400 arbitrary bytes
    assert sum(len(p.corps) for p in read_structure(brut).parties) <= len(brut)


@given(st.binary(max_size=300), st.booleans())
def test_attachments_decode_as_the_standard_library_does(octets: bytes, multipart: bool) -> None:
    attendu = email.message.EmailMessage(policy=email.policy.SMTP)
    attendu["Subject"] = "x"
    if multipart:
        attendu.make_mixed()
        attendu.add_attachment(octets, maintype="application", subtype="edi-consent")
    else:
        attendu.set_content(octets, maintype="application", subtype="edi-consent")
    (piece,) = read_structure(attendu.as_bytes()).parties
    assert piece.octets == octets


def test_many_parts_and_deep_nesting_are_bounded() -> None:
    plat = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 200_000
    structure = read_structure(plat)
    assert len(structure.parties) == 50
    assert "TROP_DE_PARTIES" in {d.code for d in structure.defauts}
    profond = b""
    for i in range(60):
        profond += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i)
    assert "TROP_PROFOND" in {d.code for d in read_structure(profond).defauts}


def composteur() -> Composteur:
    return Composteur(HorlogeVirtuelle(datetime(2026, 1, 5, 9, 0, 0)), "org.test")  # noqa: DTZ001 - Paris by contract


def built(nature: str, **options: str) -> bytes:
    tous = {"arl": {"exercice": "123", "nb_retours": "00001"}, "art": {"numero_ps": "12345678"}}
    return build_return(
        nature,
        expediteur="amo@org.test",
        destinataire="ps1@cabinet.test",
        contenu="ligne 1\r\né\r\n".encode("latin-1"),
        composteur=composteur(),
        champs=tous.get(nature, tous["arl"]),
        **options,
    )


def test_an_art_is_what_annex_5_says() -> None:
    assert built("art", code="MK").decode("ascii") == (
        "From: amo@org.test\r\nTo: ps1@cabinet.test\r\nSubject: ART/012345678/202601050900\r\n"
        "Date: Mon, 05 Jan 2026 09:00:00 +0100\r\nMessage-ID: <2026010509000000001@org.test>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: Application/EDI-consent; name="art.txt"\r\n'
        "Content-Transfer-Encoding: BASE64\r\nContent-Description: ART/MK\r\n\r\nbGlnbmUgMQ0K6Q0K\r\n"
    )


@pytest.mark.parametrize("nature", ["arl", "rsp", "art", "dloi"])
def test_returns_follow_their_own_profile_and_are_read_by_others(nature: str) -> None:
    brut = built(nature)
    assert analyser(brut, (nature,)).anomalies == ()
    lu = email.message_from_bytes(brut, policy=email.policy.SMTP)
    assert lu.get_payload(decode=True) == "ligne 1\r\né\r\n".encode("latin-1")
    assert brut == built(nature)


@pytest.mark.parametrize("nature", ["service_rejet_smtp", "service_rejet_fichier", "service_rejet_chiffrement", "ar_p"])
@pytest.mark.parametrize("sujet", [SUJET, "é\x07" * 700, ""])
def test_service_messages_recall_the_subject(nature: str, sujet: str) -> None:
    origine = analyser(message(Subject=sujet), PROFILS_OCT)
    brut = build_service(
        nature,
        origine,
        expediteur="amo@org.test",
        destinataire="ps1@cabinet.test",
        composteur=composteur(),
        code="4015",
        libelle="Chiffrement illisible",
    )
    analyse = analyser(brut, (nature,))
    assert analyse.anomalies == ()
    assert max(map(len, brut.split(b"\r\n"))) <= 998
    if sujet == SUJET:
        assert analyse.sujet.champs["sujet_origine"] == SUJET
        assert f"Sujet d'origine : {SUJET}\r\n".encode() in analyse.piece_jointe
        assert b"Code : 4015\r\nMotif : Chiffrement illisible\r\n" in analyse.piece_jointe


@pytest.mark.parametrize(
    ("nature", "options", "motif"),
    [
        ("arl", {"champs": {"exercice": "1/2", "nb_retours": "00001"}}, "« exercice » du sujet"),
        ("arl", {"champs": {"exercice": "12"}}, "« nb_retours » du sujet"),
        ("arl", {"champs": {"exercice": "12\r\nBcc: x@y.test", "nb_retours": "00001"}}, "« exercice »"),
        ("art", {"champs": {"numero_ps": "1"}, "code": "ZZ"}, "ART/ZZ"),
        ("facture_oct", {}, "choisir un profil de retour"),
        ("rien", {}, "profil de message « rien » inconnu"),
        ("arl", {"destinataire": "ps1@cabinet.test\r\nBcc: x@y.test"}, "adresse"),
        ("arl", {"champs": {"exercice": "1", "nb_retours": "00001"}, "nom_fichier": 'a"b'}, "nom de fichier"),
    ],
)
def test_a_return_that_cannot_be_built_says_why(nature: str, options: dict[str, object], motif: str) -> None:
    complets: dict[str, object] = {"expediteur": "a@org.test", "destinataire": "ps1@cabinet.test", **options}
    with pytest.raises(ErreurMessagerie, match=motif):
        build_return(nature, contenu=b"x", composteur=composteur(), **complets)  # type: ignore[arg-type]  # table


def test_every_rule_has_its_ground_and_bad_data_is_located(tmp_path: Path) -> None:
    profils = default_profiles()
    assert [v.valeur for v in profils.versions] == ["140800", "140700"]
    assert [v.hypothese for v in profils.versions] == [True, False]
    assert len(profils.natures_art) == 13  # XX and the twelve codes of annexe5 §7.2.1
    assert profils["facture_oct"].sujet.source == "annexe5 §7.1.1"
    assert all(profils[n].hypothese for n in ("facture_direct", "arl", "rsp", "dloi"))
    faux = tmp_path / "p.yaml"
    faux.write_text('versions:\n  - {valeur: "1", source: on m\'a dit}\nnatures_art: []\nprofils: []\n', "utf-8")
    with pytest.raises(ErreurChargement, match=r"p\.yaml:2:.*versions\.0\.source"):
        load_profiles(faux)
    faux.write_text("versions: []\nnatures_art: []\nprofils:\n  - {nom: a, herite: b}\n", "utf-8")
    with pytest.raises(ErreurChargement, match=r"p\.yaml:4:.*« b » inconnu"):
        load_profiles(faux)
