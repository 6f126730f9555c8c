"""Each fault is seen by its own layer, and by that one only: the file is signed again after it was spoiled."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from norms.cms import build_enveloped, compress
from norms.contrat.ports import AleaReproductible
from simulator.acteurs.decision import Decision
from simulator.acteurs.historique import Registre, check_history
from simulator.acteurs.reception import analyse
from tests.acteurs.atelier import Atelier
from tests.acteurs.examen import RECEPTION, codes, du_fichier, examine, recu, spoil
from tests.acteurs.outils import AMC, AMO, DRE, PS, Emetteur


# --- the sound file -------------------------------------------------------------------------------------------
def test_a_sound_message_has_no_anomaly(commun: Emetteur, fichier: bytes) -> None:
    a = du_fichier(commun, fichier)
    assert codes(a) == []
    assert (a.chiffre, a.compresse) == (True, True)
    assert [(lot.reference, lot.type, lot.mode) for lot in a.lots] == [
        ("001", "FSE", "SESAM_VITALE"),
        ("002", "FSE", "SESAM_VITALE"),
    ]
    assert [f.numero for lot in a.lots for f in lot.factures] == ["000000001", "000000002", "000000003"]
    assert all(lot.signature.valide and lot.signature.signataire == "dr-martin" for lot in a.lots)
    premiere = a.lots[0].factures[0]
    assert (premiere.signature_vitale.signataire, premiere.signature_cps.signataire) == ("durand-paul", "dr-martin")
    assert premiere.chiffrement.ouvert


def test_masked_data_are_restored_in_observations(commun: Emetteur, fichier: bytes) -> None:
    assert fichier.count(b"******") == 3  # the coefficient of each of the three prestations is masked in the file
    donnees = du_fichier(commun, fichier).donnees()
    assert [f["prestations"][0]["coefficient"] for f in donnees["factures"]] == ["1.00"] * 3
    facture = donnees["factures"][0]
    assert facture["montants"] == {"total": 2500, "amo": 1750, "amc": 0, "assure": 750}
    assert facture["prestations"][0]["code_acte"] == "G"
    assert facture["entete"]["date_facturation"] == "2026-03-02"
    assert facture["entete"]["brut"] == fichier[2 * 128 : 3 * 128].decode()  # third record: after 000 and 1
    assert facture["entete"]["enregistrement"] == 3


def test_gzip_is_accepted_as_compression(commun: Emetteur, fichier: bytes) -> None:
    piece = build_enveloped(gzip.compress(fichier), [commun.certificat(AMO)], AleaReproductible(1))
    assert codes(examine(commun, commun.message(piece, 3))) == []


def test_without_compression(commun: Emetteur, fichier: bytes) -> None:
    piece = build_enveloped(fichier, [commun.certificat(AMO)], AleaReproductible(1))
    a = examine(commun, commun.message(piece, 3, Content_Description="FACTURE/SV/K"))
    assert codes(a) == []
    assert not a.compresse


# --- the message ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("entetes", "attendus"),
    [
        ({"Subject": "SV140800/991111113/00003"}, ["SUJET_CHAMPS", "SUJET_COMPOSTAGE"]),
        ({"Subject": ""}, ["SUJET_NOMBRE"]),
        ({"Subject": f"SV150000/{PS}/2026030209000000001/00003"}, ["SUJET_VERSION"]),
        ({"Subject": f"SV140800/{PS}/2026133209000000001/00003"}, ["SUJET_COMPOSTAGE"]),
        ({"Subject": f"SV140800/{PS}/2026030209000000001/00004"}, ["SUJET_NB_FACTURES_FAUX"]),
        ({"Subject": f"SV140800/{PS}/2026030209000000001/3"}, ["SUJET_NB_FACTURES", "SUJET_NB_FACTURES_FAUX"]),
        ({"Subject": "SV140800/991111121/2026030209000000001/00003"}, ["SUJET_EXERCICE_FAUX"]),
        ({"From": "autre@cabinet.test"}, ["EXPEDITEUR"]),
        ({"To": "01999@999.01.rss.test"}, ["DESTINATAIRE"]),
        ({"Content_Type": "application/octet-stream"}, ["CONTENT_TYPE"]),
        ({"Content_Description": "FACTURES/SV/ZK"}, ["CONTENT_DESCRIPTION"]),
        ({"Content_Description": "FACTURE/SV/K"}, ["COMPRESSION_NON_ANNONCEE"]),
        ({"Content_Description": "FACTURE/SV/Z"}, ["CHIFFREMENT_NON_ANNONCE"]),
        ({"Date": ""}, ["DATE"]),
    ],
)
def test_headers(commun: Emetteur, fichier: bytes, entetes: dict[str, str], attendus: list[str]) -> None:
    a = examine(commun, commun.message(commun.sceller(fichier), 3, **entetes))
    assert codes(a) == attendus
    assert a.fichier is not None
    assert len(a.lots) == 2, "a wrong header doesn't hide the file"


def test_no_delivery_report_asked(commun: Emetteur, fichier: bytes) -> None:
    message = recu(commun, commun.message(commun.sceller(fichier), 3), avis=False)
    a = analyse(commun.monde.bureau.contexte(AMO, RECEPTION), message)
    assert [(x.code, x.effet) for x in a.anomalies] == [("AVIS_NON_REMISE", "aucun")]


# --- the attachment -------------------------------------------------------------------------------------------
def test_encrypted_for_another(commun: Emetteur, fichier: bytes) -> None:
    a = examine(commun, commun.message(commun.sceller(fichier, "02349"), 3))
    assert codes(a) == ["CHIFFREMENT_DESTINATAIRE"]
    assert a.fichier is None


@pytest.mark.parametrize("variante", ["expire", "revoque", "pas_encore_valide"])
def test_encrypted_with_a_certificate_out_of_use(commun: Emetteur, fichier: bytes, variante: str) -> None:
    a = examine(commun, commun.message(commun.sceller(fichier, AMO, variante), 3))
    assert codes(a) == ["CHIFFREMENT_CERTIFICAT_PERIME"]
    assert len(a.lots) == 2


def test_the_renewed_certificate_is_accepted(commun: Emetteur, fichier: bytes) -> None:
    assert codes(examine(commun, commun.message(commun.sceller(fichier, AMO, "renouvele"), 3))) == []


@pytest.mark.parametrize("description", ["FACTURE/SV", "FACTURE/SV/K"])
def test_not_encrypted(commun: Emetteur, fichier: bytes, description: str) -> None:
    a = examine(commun, commun.message(fichier, 3, Content_Description=description))
    assert codes(a) == ["CHIFFREMENT_ABSENT"]
    assert (a.chiffre, len(a.lots)) == (False, 2)


def test_compressed_but_not_encrypted(commun: Emetteur, fichier: bytes) -> None:
    a = examine(commun, commun.message(compress(fichier), 3, Content_Description="FACTURE/SV/Z"))
    assert codes(a) == ["CHIFFREMENT_ABSENT"]


def test_not_a_cms(commun: Emetteur) -> None:
    assert codes(examine(commun, commun.message(b"\x01\x02pas une enveloppe", 3))) == ["CHIFFREMENT_ILLISIBLE"]


def test_altered_envelope(commun: Emetteur, fichier: bytes) -> None:
    piece = bytearray(commun.sceller(fichier))
    piece[-200] ^= 0xFF
    assert codes(examine(commun, commun.message(bytes(piece), 3))) in (
        ["CHIFFREMENT_ILLISIBLE"],
        ["COMPRESSION_ILLISIBLE"],
    )


@pytest.mark.parametrize("comprime", [compress, gzip.compress])
def test_bomb(commun: Emetteur, comprime: Callable[[bytes], bytes]) -> None:
    bombe = comprime(b"0" * (64 * 1024 * 1024))
    assert len(bombe) < 100_000
    piece = build_enveloped(bombe, [commun.certificat(AMO)], AleaReproductible(1))
    assert codes(examine(commun, commun.message(piece, 3))) == ["COMPRESSION_EXCESSIVE"]


def test_truncated_compression(commun: Emetteur, fichier: bytes) -> None:
    piece = build_enveloped(gzip.compress(fichier)[:-30], [commun.certificat(AMO)], AleaReproductible(1))
    assert codes(examine(commun, commun.message(piece, 3))) == ["COMPRESSION_ILLISIBLE"]


def test_announced_compression_that_is_not_there(commun: Emetteur, fichier: bytes) -> None:
    piece = build_enveloped(fichier, [commun.certificat(AMO)], AleaReproductible(1))
    assert codes(examine(commun, commun.message(piece, 3))) == ["COMPRESSION_ILLISIBLE"]


# --- the file -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("abime", "attendus"),
    [
        (lambda a: a.set("999", 0, nombre_enregistrements=3), ["FICHIER_NOMBRE_ENREGISTREMENTS"]),
        (lambda a: a.set("999", 0, nombre_lots=1), ["FICHIER_NOMBRE_LOTS"]),
        (lambda a: a.set("999", 0, identifiant_fichier="999999"), ["FICHIER_ENTETE_FIN"]),
        (lambda a: a.drop("999", 0), ["FICHIER_SANS_FIN"]),
        (lambda a: a.drop("000", 0).recount(), ["FICHIER_SANS_ENTETE"]),
        (lambda a: a.set("000", 0, type_destinataire="MA").set("999", 0, type_destinataire="MA"),
         ["FICHIER_TYPE_DESTINATAIRE"]),
        (lambda a: a.set("000", 0, numero_destinataire="02349349").set("999", 0, numero_destinataire="02349349"),
         ["FICHIER_DESTINATAIRE"]),
        (lambda a: a.set("000", 0, date_creation=date(2026, 3, 5)), ["FICHIER_DATE"]),
        (lambda a: a.set("000", 0, date_creation=date(2026, 3, 4)), []),
        (lambda a: a.set("000", 0, numero_emetteur="00000991111121").set("999", 0, numero_emetteur="00000991111121"),
         ["SUJET_EXERCICE_FAUX", "FICHIER_EMETTEUR"]),
        (lambda a: a.raw("000", 0, 56, b"26133A"), ["FICHIER_ENREGISTREMENT"]),
    ],
)  # fmt: skip
def test_envelope_of_the_file(
    commun: Emetteur, fichier: bytes, abime: Callable[[Atelier], Atelier], attendus: list[str]
) -> None:
    assert codes(du_fichier(commun, abime(spoil(commun, fichier)).brut)) == attendus


def test_file_lengths(commun: Emetteur, fichier: bytes) -> None:
    assert codes(du_fichier(commun, b"", 0)) == ["FICHIER_VIDE"]
    assert codes(du_fichier(commun, fichier + b"X")) == ["FICHIER_LONGUEUR"]
    vide = Atelier.of(commun.monde.pki, fichier[:128] + fichier[-128:])
    vide.set("999", 0, nombre_enregistrements=2, nombre_lots=0)
    assert codes(du_fichier(commun, vide.brut, 0)) == ["FICHIER_SANS_LOT"]


def test_a_line_end_between_records_is_told(commun: Emetteur, fichier: bytes) -> None:
    lignes = b"\r\n".join(fichier[i : i + 128] for i in range(0, len(fichier), 128))
    assert "FICHIER_LONGUEUR" in codes(du_fichier(commun, lignes))


def test_stray_record_before_the_first_lot(commun: Emetteur, fichier: bytes) -> None:
    a = spoil(commun, fichier)
    a.enregistrements.insert(1, a.enregistrements[a.places("5")[0]])
    a.recount()
    assert codes(du_fichier(commun, a.brut)) == ["FICHIER_STRUCTURE"]


def test_a_lot_of_dre_sent_to_an_amo(commun: Emetteur) -> None:
    lot = commun.lot([commun.facture("000000009", DRE)], "AAA")
    assert codes(du_fichier(commun, commun.fichier([lot]), 1, AMC)) == []
    chez_amo = codes(du_fichier(commun, commun.fichier([lot]), 1, AMO))
    assert {"FICHIER_TYPE_DESTINATAIRE", "FICHIER_DESTINATAIRE", "FICHIER_CONTENU_MELANGE"} <= set(chez_amo)


def test_base64_that_is_not(commun: Emetteur, fichier: bytes) -> None:
    brut = commun.message(commun.sceller(fichier), 3)
    tete, _, corps = brut.partition(b"\r\n\r\n")
    assert base64.b64decode(corps)
    casse = tete + b"\r\n\r\n" + corps[:50] + b"!!" + corps[50:]
    assert "BASE64_CARACTERE" in codes(examine(commun, casse))


# --- bounds ---------------------------------------------------------------------------------------------------
def bornee(e: Emetteur, brut: bytes, **bornes: Any) -> list[str]:
    """The codes found by an insurer whose rules are tighter."""
    ctx = e.monde.bureau.contexte(AMO, RECEPTION)
    return codes(analyse(replace(ctx, regles=replace(ctx.regles, **bornes)), recu(e, brut)))


def test_bounds(commun: Emetteur, fichier: bytes) -> None:
    message = commun.message(commun.sceller(fichier), 3)
    assert bornee(commun, message, max_message=len(message)) == []
    assert bornee(commun, message, max_message=len(message) - 1) == ["MESSAGE_TROP_GROS"]
    assert bornee(commun, message, max_fichier=len(fichier)) == []
    assert bornee(commun, message, max_fichier=len(fichier) - 1) == ["COMPRESSION_EXCESSIVE"]
    nue = build_enveloped(fichier, [commun.certificat(AMO)], AleaReproductible(1))
    sans_z = commun.message(nue, 3, Content_Description="FACTURE/SV/K")
    assert bornee(commun, sans_z, max_fichier=len(fichier) - 1) == ["FICHIER_TROP_GROS"]


def test_algorithm_out_of_the_list(commun: Emetteur, fichier: bytes) -> None:
    piece = build_enveloped(compress(fichier), [commun.certificat(AMO)], AleaReproductible(1), algorithme="3des-cbc")
    message = commun.message(piece, 3)
    assert bornee(commun, message) == []
    assert bornee(commun, message, chiffrements=frozenset({"aes256-cbc"})) == ["CHIFFREMENT_ALGORITHME"]


def test_form_of_the_message(commun: Emetteur, fichier: bytes) -> None:
    piece = commun.sceller(fichier)
    tete, _, corps = commun.message(piece, 3).partition(b"\r\n\r\n")
    binaire = tete.replace(b"base64", b"binary") + b"\r\n\r\n" + piece
    assert "ENCODAGE" in codes(examine(commun, binaire))
    partie = b"Content-Type: Application/EDI-consent\r\nContent-Transfer-Encoding: base64\r\n"
    partie += b"Content-Description: FACTURE/SV/ZK\r\n\r\n" + corps
    gardees = [ligne for ligne in tete.split(b"\r\n") if not ligne.startswith(b"Content-")]
    for fois, attendus in ((1, []), (2, ["PIECE_NOMBRE"])):
        suite = (b"--limite\r\n" + partie) * fois + b"--limite--\r\n"
        double = b"\r\n".join([*gardees, b"Content-Type: multipart/mixed; boundary=limite", b"", suite])
        assert codes(examine(commun, double)) == attendus


def test_no_attachment(commun: Emetteur) -> None:
    assert "PIECE_VIDE" in codes(examine(commun, commun.message(b"", 3)))


# --- memory of files ------------------------------------------------------------------------------------------
def test_file_identifier_used_again(commun: Emetteur, fichier: bytes) -> None:
    ctx, registre = commun.monde.bureau.contexte(AMO, RECEPTION), Registre()
    autre = Atelier.of(commun.monde.pki, fichier).set("000", 0, message="AUTRE CONTENU").brut
    vus = []
    for octets in (fichier, fichier, autre):
        lue = check_history(ctx.catalogue, du_fichier(commun, octets), registre)
        assert lue.fichier is not None
        vus.append([a.code for a in lue.fichier.anomalies])
        registre.record(lue, Decision(service="rejet_fichier"))
    # the same file sent again is no fault (annexe5 §7.1.1, note 4); another one under its name is
    assert vus == [[], [], ["FICHIER_IDENTIFIANT_REUTILISE"]]
