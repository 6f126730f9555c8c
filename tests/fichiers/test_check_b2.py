"""Files made by the real services are accepted; each corruption is told, at its record and columns."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from harness.modele.verdict import Verdict
from tests.fichiers.outils import Echantillon, L, check, found, patch, rank, records

# Ranks in the sample: 000, then lot 001 from 2, its first invoice from 3 (2), 4 (2S), 5 (4), 6 (5), segments after.
LOT, FACTURE, COMPLEMENT, LIGNE, FIN = 2, 3, 4, 5, 6


@pytest.mark.parametrize("nom", ["fichier", "lot", "facture", "dre"])
@pytest.mark.parametrize("test", [False, True])
def test_real_flows_are_accepted(echantillon: Echantillon, nom: str, test: bool) -> None:
    r = check(getattr(echantillon, nom), test=test)
    assert (r.verdict, r.comptes, r.cause) == (Verdict.CONFORME, {}, "")
    assert bool(r.non_verifies) is not test
    assert ("FACTURE_SIGNATURE_CPS_FAUSSE" in r.controles) is test


def test_the_content_is_summed_up(echantillon: Echantillon) -> None:
    r = check(echantillon.fichier)
    assert (r.nature, r.taille) == ("b2", len(echantillon.fichier))
    # Five consultations at 25,00 €, reimbursed at 70 %.
    assert r.contenu == {
        "enregistrements": len(echantillon.fichier) // L,
        "lots": 2,
        "factures": 5,
        "total": "125,00 €",
        "part AMO": "87,50 €",
        "part AMC": "0,00 €",
        "émetteur": "00000991111113",
        "destinataire": "00000001349349",
    }


@pytest.mark.parametrize(
    ("rang", "colonne", "texte", "code", "colonnes"),
    [
        (FACTURE, 25, "39", "FACTURE_CLE_NIR", "25-26"),
        (FACTURE, 2, "991111114", "FACTURE_CLE_PS", "2-10"),
        (LIGNE, 55, "991111114", "FACTURE_CLE_PS", "55-63"),
        (COMPLEMENT, 50, "155047599901239", "FACTURE_CLE_NIR", "63-64"),
        (FIN, 58, "00002600", "FACTURE_TOTAL", "58-65"),
        (FIN, 66, "00001751", "FACTURE_TOTAL_AMO", "66-73"),
        (FIN, 74, "00000751", "FACTURE_PART_ASSURE", "74-81"),
        (FIN, 82, "00000001", "FACTURE_TOTAL_AMC", "82-89"),
        (FIN, 39, "002", "FACTURE_NOMBRE_LIGNES", "39-41"),
        (LIGNE, 68, "260303", "FACTURE_DATE_ACTE", "68-73"),
        (FACTURE, 40, "260303", "FACTURE_DATE", "40-45"),
        (LIGNE, 27, "000000099", "FACTURE_NUMERO", "27-35"),
        (LOT, 20, "000", "LOT_REFERENCE", "20-22"),
        (LOT, 72, "260306", "LOT_DATE_FUTURE", "72-77"),
        (LOT, 72, "000000", "LOT_DATE_ABSENTE", "72-77"),
        (LOT, 81, " ", "LOT_CERTIFICATION", "81"),
        (LIGNE, 68, "260231", "FACTURE_SYNTAXE", "68-73"),
        (LIGNE, 106, "00A1750", "FACTURE_SYNTAXE", "106-112"),
    ],
)
def test_a_wrong_field_is_told_where_it_is(  # noqa: PLR0917 -- the columns of the table above
    echantillon: Echantillon, rang: int, colonne: int, texte: str, code: str, colonnes: str
) -> None:
    r = check(patch(echantillon.fichier, rang, colonne, texte))
    constat = found(r, code)
    assert (constat.enregistrement, constat.colonnes) == (rang, colonnes)
    # The two checks of likelihood of dates are the bench's own (controles.yaml): reserves.
    reserve = code in {"FACTURE_DATE", "FACTURE_DATE_ACTE"}
    assert constat.verdict is (Verdict.RESERVE if reserve else Verdict.NON_CONFORME)
    assert r.verdict is constat.verdict


@pytest.mark.parametrize(
    ("colonne", "texte", "code", "colonnes"),
    [
        (11, "004", "LOT_NOMBRE_FACTURES", "11-13"),
        (14, "0009", "LOT_NOMBRE_LIGNES", "14-17"),
        (18, "0002", "LOT_NOMBRE_TYPE_2", "18-21"),
        (22, "001", "LOT_NOMBRE_TYPE_5", "22-24"),
        (25, "000007501", "LOT_TOTAL_FACTURE", "25-33"),
        (34, "000005251", "LOT_TOTAL_AMO", "34-42"),
        (43, "000000001", "LOT_TOTAL_AMC", "43-51"),
        (52, "009", "LOT_REFERENCE_FIN", "52-54"),
    ],
)
def test_a_wrong_end_of_lot(echantillon: Echantillon, colonne: int, texte: str, code: str, colonnes: str) -> None:
    rang = rank(echantillon.fichier, b"6")
    constat = found(check(patch(echantillon.fichier, rang, colonne, texte)), code)
    assert (constat.enregistrement, constat.colonnes, constat.lot) == (rang, colonnes, "001")


@pytest.mark.parametrize(
    ("colonne", "texte", "code", "colonnes"),
    [
        (56, "00000001", "FICHIER_NOMBRE_ENREGISTREMENTS", "56-63"),
        (83, "003", "FICHIER_NOMBRE_LOTS", "83-85"),
        (6, "00000991111999", "FICHIER_ENTETE_FIN", "6-19"),
    ],
)
def test_a_wrong_end_of_file(echantillon: Echantillon, colonne: int, texte: str, code: str, colonnes: str) -> None:
    rang = rank(echantillon.fichier, b"999")
    constat = found(check(patch(echantillon.fichier, rang, colonne, texte)), code)
    assert (constat.enregistrement, constat.colonnes) == (rang, colonnes)


@pytest.mark.parametrize(("debut", "colonne", "texte"), [(b"999", 56, "0000A114"), (b"000", 56, "261301")])
def test_a_faulty_envelope_record(echantillon: Echantillon, debut: bytes, colonne: int, texte: str) -> None:
    rang = rank(echantillon.fichier, debut)
    r = check(patch(echantillon.fichier, rang, colonne, texte))
    constat = found(r, "FICHIER_ENREGISTREMENT")
    assert (constat.enregistrement, constat.colonnes.split("-")[0]) == (rang, str(colonne))
    assert not {"FICHIER_SANS_FIN", "FICHIER_SANS_ENTETE", "LOT_SYNTAXE"} & set(r.comptes)


@pytest.mark.parametrize(
    ("jour", "refuse"),
    [
        # 2 December 2025 is 90 days before 2 March 2026: 29 (December) + 31 + 28 + 2.
        (date(2025, 12, 2), False),
        (date(2025, 12, 1), True),
    ],
)
def test_ninety_days(echantillon: Echantillon, jour: date, refuse: bool) -> None:
    octets = patch(echantillon.lot, 1, 72, f"{jour:%y%m%d}")
    assert ("LOT_DATE_ANCIENNE" in check(octets).comptes) is refuse


def test_the_day_of_reception_is_the_one_given(echantillon: Echantillon) -> None:
    assert "LOT_DATE_ANCIENNE" in check(echantillon.fichier, jour=date(2026, 6, 1)).comptes
    assert "LOT_DATE_FUTURE" in check(echantillon.fichier, jour=date(2026, 2, 20)).comptes


def invoices(octets: bytes) -> tuple[list[bytes], list[list[bytes]], list[bytes]]:
    """The records of a bare lot: what comes before the invoices, the invoices, what comes after."""
    tous = records(octets)
    departs = [i for i, r in enumerate(tous) if r[:1] == b"2" and r[35:36] == b" "]
    fin = next(i for i, r in enumerate(tous) if r[:1] == b"6")
    bornes = [*departs, fin]
    return tous[: departs[0]], [tous[a:b] for a, b in pairwise(bornes)], tous[fin:]


def test_invoices_out_of_order(echantillon: Echantillon) -> None:
    avant, (une, deux, trois), apres = invoices(echantillon.lot)
    r = check(b"".join([*avant, *une, *trois, *deux, *apres]))
    constat = found(r, "LOT_NON_TRIE")
    assert (constat.enregistrement, constat.colonnes) == (2 + len(une) + len(trois), "27-35")
    assert constat.exigence == "SV-4.2.1.16.1-11"
    assert r.comptes == {"LOT_NON_TRIE": 1}


def test_the_same_invoice_twice(echantillon: Echantillon) -> None:
    avant, (une, deux, _), apres = invoices(echantillon.lot)
    r = check(b"".join([*avant, *une, *deux, *deux, *apres]))
    constat = found(r, "FACTURE_EN_DOUBLE")
    assert (constat.enregistrement, constat.facture) == (2 + len(une) + len(deux), "000000012")
    assert constat.exigence == "SV-4.2.1.1-21"


def test_the_same_lot_reference_twice(echantillon: Echantillon) -> None:
    octets = echantillon.fichier
    second = rank(octets, b"1", 2)
    constat = found(check(patch(octets, second, 20, "001")), "LOT_DEJA_RECU")
    assert (constat.enregistrement, constat.colonnes) == (second, "20-22")
    assert constat.exigence == "SV-4.2.1.16.1-13"


def test_a_record_of_unknown_type(echantillon: Echantillon) -> None:
    r = check(patch(echantillon.fichier, LIGNE, 1, "X"))
    constat = found(r, "FACTURE_SYNTAXE")
    assert constat.enregistrement == LIGNE
    assert constat.constate == "« X99 »"
    assert "un type d'enregistrement (000, 1, 2" in constat.attendu


def test_a_record_of_unknown_type_where_an_invoice_begins(echantillon: Echantillon) -> None:
    constats = check(patch(echantillon.fichier, FACTURE, 1, "7")).constats
    assert "un type inconnu, l'enregistrement commence par « 799 »" in {c.constate for c in constats}
    assert not [c for c in constats if "?" in c.constate]


def test_a_byte_outside_ascii(echantillon: Echantillon) -> None:
    r = check(patch(echantillon.fichier, LOT, 30, "MÉRIC".encode("latin-1")))
    constat = found(r, "LOT_SYNTAXE")
    assert (constat.enregistrement, constat.colonnes) == (LOT, "30-69")
    assert "\\xc9" in constat.constate


@pytest.mark.parametrize("retire", [1, 30, 100])
def test_a_record_cut_short_is_told_and_reading_goes_on(echantillon: Echantillon, retire: int) -> None:
    place = (LIGNE - 1) * L + 20
    octets = echantillon.fichier[:place] + echantillon.fichier[place + retire :]
    r = check(octets)
    fautes = [c for c in r.constats if c.attendu == "128 octets"]
    assert [c.enregistrement for c in fautes] == [LIGNE]
    assert fautes[0].constate.startswith(f"{L - retire} octets")
    # The second lot, in step again, is read whole: its two invoices have nothing wrong.
    assert r.contenu["factures"] == 5
    assert not [c for c in r.constats if c.lot == "002"]
    assert found(r, "FICHIER_LONGUEUR").constate == f"{len(octets)} octets"


@pytest.mark.parametrize("retire", [1, 90])
def test_the_header_of_a_lot_cut_short(echantillon: Echantillon, retire: int) -> None:
    place = (LOT - 1) * L + 30
    r = check(echantillon.fichier[:place] + echantillon.fichier[place + retire :])
    assert [c.enregistrement for c in r.constats if c.attendu == "128 octets"] == [LOT]
    assert (r.contenu["lots"], r.contenu["factures"]) == (2, 5)


@pytest.mark.parametrize("ajoute", [b"0", "é".encode(), b"A" * 40])
def test_a_record_too_long(echantillon: Echantillon, ajoute: bytes) -> None:
    place = (LIGNE - 1) * L + 60
    octets = echantillon.fichier[:place] + ajoute + echantillon.fichier[place:]
    r = check(octets)
    fautes = [c for c in r.constats if c.attendu == "128 octets"]
    assert [c.enregistrement for c in fautes] == [LIGNE]
    assert fautes[0].constate.startswith(f"{L + len(ajoute)} octets")
    assert r.contenu["factures"] == 5


def test_the_last_record_cut_short(echantillon: Echantillon) -> None:
    r = check(echantillon.fichier[:-50])
    total = len(records(echantillon.fichier))
    assert [c.enregistrement for c in r.constats if c.constate.startswith("78 octets")] == [total]
    assert "FICHIER_LONGUEUR" in r.comptes


def test_a_file_cut_between_two_records(echantillon: Echantillon) -> None:
    fin = rank(echantillon.fichier, b"6")
    r = check(echantillon.fichier[: (fin - 1) * L])
    assert found(r, "FICHIER_SANS_FIN").exigence == "SV-4.2.1.16.2-05"
    constat = found(r, "LOT_SYNTAXE")
    assert (constat.enregistrement, constat.attendu) == (fin, "un type 6, fin de lot")


@pytest.mark.parametrize(("fin", "nom"), [(b"\n", "des LF"), (b"\r\n", "des CR LF")])
def test_line_ends_between_records(echantillon: Echantillon, fin: bytes, nom: str) -> None:
    r = check(fin.join(records(echantillon.fichier)) + fin)
    assert r.comptes == {"FICHIER_SEPARATEURS": 1}
    assert found(r, "FICHIER_SEPARATEURS").constate == nom
    assert r.contenu["factures"] == 5


def test_one_short_line(echantillon: Echantillon) -> None:
    lignes = records(echantillon.fichier)
    lignes[LIGNE - 1] = lignes[LIGNE - 1][:-2]
    r = check(b"\n".join(lignes) + b"\n")
    assert [c.enregistrement for c in r.constats if c.constate.startswith("126 octets")] == [LIGNE]


def test_sensitive_data_in_clear_is_a_reserve(echantillon: Echantillon) -> None:
    r = check(patch(echantillon.fichier, LIGNE, 81, "000100"))
    constat = found(r, "FACTURE_ZONE_EN_CLAIR")
    assert (constat.enregistrement, constat.colonnes, constat.verdict) == (LIGNE, "81-86", Verdict.RESERVE)
    assert (r.verdict, list(r.comptes)) == (Verdict.RESERVE, ["FACTURE_ZONE_EN_CLAIR"])


@pytest.mark.parametrize(
    ("nature", "code"),
    [
        ("V", "FACTURE_SIGNATURE_VITALE_ABSENTE"),
        ("P", "FACTURE_SIGNATURE_CPS_ABSENTE"),
        ("C", "FACTURE_CHIFFREMENT_ABSENT"),
        ("L", "LOT_SIGNATURE_ABSENTE"),
    ],
)
def test_security_that_is_missing_is_a_reserve(echantillon: Echantillon, nature: str, code: str) -> None:
    sans = [r for r in records(echantillon.lot) if not (r[:1] == b"8" and r[10:11] == nature.encode())]
    r = check(b"".join(sans))
    assert found(r, code).verdict is Verdict.RESERVE
    assert "segments de type 8 propres au banc" in found(r, code).hypothese
    assert set(r.comptes) == {code}
    assert r.verdict is Verdict.RESERVE


def test_known_signers_reveal_a_change(echantillon: Echantillon) -> None:
    """The name of the PS takes part in no total: only the signature of the lot tells that it was changed."""
    octets = patch(echantillon.lot, 1, 30, "DUPONT CLAIRE")
    assert check(octets).comptes == {}
    assert list(check(octets, test=True).comptes) == ["LOT_SIGNATURE_FAUSSE"]


def test_findings_are_bounded_and_counted(echantillon: Echantillon) -> None:
    octets = echantillon.fichier
    for i in range(1, 6):
        octets = patch(octets, rank(octets, b"5", i), 58, "00009999")
    r = check(octets, maximum=2)
    assert r.comptes["FACTURE_TOTAL"] == 5
    assert len([c for c in r.constats if c.code == "FACTURE_TOTAL"]) == 2
    assert r.non_montres == sum(r.comptes.values()) - len(r.constats)


def test_a_lot_beyond_what_its_end_can_count(echantillon: Echantillon) -> None:
    avant, (une, _, _), apres = invoices(echantillon.lot)
    bloc = b"".join(une)
    numero = b"000000011"
    factures = [bloc.replace(numero, f"{n:09d}".encode()) for n in range(1, 1003)]
    r = check(b"".join([*avant, *factures, *apres]))
    assert found(r, "LOT_TROP_GRAND").constate.startswith("1002 factures")
    assert r.contenu["factures"] == 999
    assert "LOT_NOMBRE_FACTURES" not in r.comptes
    assert any("trop grand" in n for n in r.non_verifies)


def test_another_addressee_in_the_lot(echantillon: Echantillon) -> None:
    constat = found(check(patch(echantillon.fichier, LOT, 17, "350")), "LOT_DESTINATAIRE")
    assert (constat.enregistrement, constat.colonnes, constat.verdict) == (LOT, "17-19", Verdict.RESERVE)


def test_dre_in_a_file_for_an_amo(echantillon: Echantillon) -> None:
    entete, fin = records(echantillon.fichier)[0], records(echantillon.fichier)[-1]
    milieu = b"".join(records(echantillon.dre)[1:-1])
    constat = found(check(entete + milieu + fin), "FICHIER_CONTENU_MELANGE")
    assert (constat.enregistrement, constat.constate) == (2, "un lot de DRE")


def test_only_an_envelope(echantillon: Echantillon) -> None:
    tous = records(echantillon.fichier)
    assert "FICHIER_SANS_LOT" in check(tous[0] + tous[-1]).comptes
