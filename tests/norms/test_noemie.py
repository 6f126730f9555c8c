"""NOEMIE-PS: entities, containers, references, levels, payments."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.codec import Enregistrement, ErreurEnregistrement
from norms.noemie import (
    CodecNoemie,
    Conteneur,
    FactureReglee,
    Part,
    Ponctuelle,
    Reglement,
    Rejet,
    build_580,
    build_return,
    controler,
    lire_factures,
    lire_paiements,
)
from norms.paquet import NormPack
from tests.norms.strategies import deep_share, records_of

CODEC = CodecNoemie(NormPack.par_defaut())
#: Lengths with the terminator, as published; 000 and 999 are whole 128-byte records.
LONGUEURS = {
    "020": 21, "040": 21, "070": 12, "071": 86, "080": 15, "081": 22, "100": 15, "102": 40, "103": 152, "110": 88,
    "120": 57, "150": 8, "160": 23, "198": 24, "199": 49, "210": 118, "250": 47, "261": 19, "262": 134, "290": 98,
    "294": 153, "295": 135, "990": 43,
}  # fmt: skip
ENTITES = [*LONGUEURS, "010", "000", "999"]
JOUR = date(2026, 3, 10)


def test_published_lengths() -> None:
    assert {c: CODEC.disposition(c).longueur + 1 for c in LONGUEURS} == LONGUEURS
    assert CODEC.disposition("000").longueur == CODEC.disposition("999").longueur == 128
    assert sorted(CODEC.dispositions) == sorted(ENTITES)


@pytest.mark.parametrize("code", ENTITES)
@deep_share(len(ENTITES))
@given(donnees=st.data())
def test_round_trip_of_entities(code: str, donnees: st.DataObject) -> None:
    valeurs: dict[str, Any] = donnees.draw(records_of(CODEC.disposition(code), sans="@"))
    brut = CODEC.creer(code, valeurs).brut
    lu = CODEC.decoder_entite(brut)
    assert {k: v for k, v in lu.valeurs.items() if k in valeurs} == valeurs
    assert CODEC.creer(code, lu.valeurs).brut == brut


def whole(codes: list[str]) -> list[Enregistrement]:
    return [CODEC.creer(c) for c in ("000", *codes, "999")]


def defaults(code: str) -> dict[str, Any]:
    """What must be given: fields limited to a list that a blank isn't part of."""
    d = CODEC.disposition(code)
    return {c.nom: c.valeurs[0] for c in d.champs if c.valeurs and not c.valeur and "" not in c.valeurs}


@given(
    codes=st.lists(st.sampled_from(list(LONGUEURS)), max_size=12),
    conteneur=st.sampled_from(list(Conteneur)),
)
def test_both_containers_come_back(codes: list[str], conteneur: Conteneur) -> None:
    entites = [CODEC.creer("000"), *(CODEC.creer(c, defaults(c)) for c in codes), CODEC.creer("999")]
    brut = CODEC.ecrire(entites, conteneur)
    lu = CODEC.lire(io.BytesIO(brut))
    assert [e.brut for e in lu] == [e.brut for e in entites]
    assert [e.rang for e in lu] == list(range(1, len(entites) + 1))
    if codes:
        assert lu.conteneur is conteneur
        assert CODEC.ecrire(lu, lu.conteneur) == brut
    for e in lu:  # the offset points at the first byte of the entity in the file
        assert brut[e.offset : e.offset + 1] == e.brut[:1]


def test_blocks_by_hand() -> None:
    """One entity 070 (12 bytes with its terminator): one block, flag 1, 12 data bytes, 115 spaces."""
    brut = CODEC.ecrire(
        [CODEC.creer("000"), CODEC.creer("070", {"date_comptable": JOUR}), CODEC.creer("999")], "blocs128"
    )
    assert brut[128:256] == b"107003260310@" + b" " * 115
    assert CODEC.lire(brut).conteneur is Conteneur.BLOCS128


def test_a_full_block_looks_like_an_entity() -> None:
    """127 data bytes that start with 020: the flag makes « 1020… », which is not an entity of 102's length."""
    codes = ["020", "040", "071"]  # 21 + 21 + 86 = 128: one byte too many, so spread over two blocks
    assert sum(LONGUEURS[c] for c in codes) == 128
    for choix in (codes, ["020", "040", "040", "040", "160", "040"], ["020", "103"]):
        entites = [CODEC.creer("000"), *(CODEC.creer(c, defaults(c)) for c in choix), CODEC.creer("999")]
        for conteneur in Conteneur:
            assert CODEC.lire(CODEC.ecrire(entites, conteneur)).conteneur is conteneur


def payment() -> list[Reglement]:
    payee = FactureReglee(
        numero="000000012",
        numero_lot="001",
        date_lot=JOUR,
        date_facturation=JOUR,
        assure={"nir": "1421962965167", "cle_nir": "94", "nom_patronymique": "DURAND"},
        amo=Part(1750, 1750),
        amc=Part(750, 750, numero_amc="0775671993", numero_adherent="A12"),
    )
    rejetee = FactureReglee(
        numero="000000013",
        numero_lot="002",
        date_lot=JOUR,
        amo=Part(1750, 0, "R"),
        rejets=(Rejet("1002", "DROITS NON OUVERTS", "F", "O", "G", JOUR, "001"),),
        commentaire="VOIR LA CAISSE",
    )
    reprise = FactureReglee(numero="000000014", numero_lot="002", date_lot=JOUR, amo=Part(1750, -300))
    return [Reglement("00000000991129768"[-15:], JOUR, "014220000", (payee, rejetee, reprise), "VIREMENT 12")]


ENTETE: dict[str, Any] = {
    "type_emetteur": "CP",
    "numero_emetteur": "01422",
    "type_destinataire": "TP",
    "numero_destinataire": "991129768",
    "identifiant_fichier": "000123",
    "date_creation": JOUR,
}


@pytest.mark.parametrize("conteneur", list(Conteneur))
def test_580(conteneur: Conteneur) -> None:
    entites = build_580(CODEC, ENTETE, payment())
    assert [e.type for e in entites] == [
        "000", "040", "071", "081", "102", "103", "198", "199", "102", "103", "198", "294", "295", "102", "103", "198",
        "990", "990", "990", "999",
    ]  # fmt: skip
    lu = CODEC.lire(CODEC.ecrire(entites, conteneur))
    assert lu.reference == "580"
    assert controler(CODEC, lu) == []
    # 1750 + 750 + 0 - 300 = 2200 centimes; levels of 13, 14 and 15 entities, innermost first
    closes = [(e["identifiant"], e["compteur"], e["cumul"], e["signe"]) for e in lu if e.type == "990"]
    assert closes == [("081", 13, 2200, "P"), ("071", 14, 2200, "P"), ("040", 15, 2200, "P")]
    assert (lu.fin["cumul"], lu.fin["nombre_enregistrements"], lu.fin["nombre_lots"]) == (2200, 20, 2)
    premiere, seconde, troisieme = lire_factures(lu)
    assert (premiere.numero, premiere.paye, premiere.rejetee, premiere.date_virement) == (
        "000000012",
        2500,
        False,
        JOUR,
    )
    assert premiere.assure["nom_patronymique"] == "DURAND"
    assert premiere.amc == Part(750, 750, "P", "0775671993", "A12")
    assert (seconde.rejetee, seconde.commentaire) == (True, "VOIR LA CAISSE")
    assert seconde.rejets == (Rejet("1002", "DROITS NON OUVERTS", "F", "O", "G", JOUR, "001"),)
    assert troisieme.paye == -300


def test_576_lines() -> None:
    entites = [
        CODEC.creer("000", {"reference": "576"}),
        CODEC.creer("070", {"date_comptable": JOUR}),
        CODEC.creer("080", {"date_lot": JOUR, "numero_lot": "001"}),
        CODEC.creer("100", {"numero_facture": 12}),
        CODEC.creer("110", {"nir": "1421962965167"}),
        CODEC.creer("210", {"ligne": 1, "depense": 2500, "montant_rembourse": 1750}),
        CODEC.creer("210", {"ligne": 2, "depense": 500, "montant_rembourse": 350}),
        CODEC.creer("999", {"nombre_enregistrements": 8, "cumul": 2100}),
    ]
    lu = CODEC.lire(CODEC.ecrire(entites))
    assert controler(CODEC, lu) == []
    (facture,) = lire_factures(lu)
    assert (facture.numero, facture.numero_lot, facture.date_lot, facture.date_virement) == (
        "000000012",
        "001",
        JOUR,
        JOUR,
    )
    assert facture.amo == Part(3000, 2100)


@pytest.mark.parametrize("reference", ["576", "900"])
def test_older_references(reference: str) -> None:
    """17,50 € paid, one reject, 3,00 € kept back: 14,50 € are transferred."""
    assure = {"nir": "1421962965167"}
    factures = (
        FactureReglee("000000012", "001", JOUR, date_facturation=JOUR, assure=assure, amo=Part(1750, 1750)),
        FactureReglee("000000013", "001", JOUR, amo=Part(1750, 0, "R"), rejets=(Rejet("1002", "DROITS NON OUVERTS"),)),
    )
    retenue = Ponctuelle("retenue", 300, "IND", operation="RDP", reference="DETTE1")
    entites = build_return(
        CODEC, reference, ENTETE, [Reglement("991234567", JOUR, "01349", factures, ponctuelles=(retenue,))]
    )
    assert [e.type for e in entites] == [
        "000", "040", "070", "080", "100", "110", "210", "100", "110", "210", "290", "250", "990", "999",
    ]  # fmt: skip
    lu = CODEC.lire(CODEC.ecrire(entites))
    assert controler(CODEC, lu) == []
    # 040 to 250: eleven entities; 1750 + 0 - 300
    assert [(e["identifiant"], e["compteur"], e["cumul"], e["signe"]) for e in lu if e.type == "990"] == [
        ("040", 11, 1450, "P")
    ]
    payee, rejetee = lire_factures(lu)
    assert (payee.amo, payee.numero_lot, payee.date_virement) == (Part(1750, 1750), "001", JOUR)
    assert (rejetee.rejetee, rejetee.rejets[0].code, rejetee.rejets[0].libelle) == (True, "1002", "DROITS NON OUVERTS")
    (paiement,) = lire_paiements(lu)
    assert (paiement.montant, paiement.date_virement) == (1450, JOUR)
    assert paiement.ponctuelles == [retenue]


def test_580_without_invoice() -> None:
    """A lump sum of 5 000,00 € and a deduction of 12,50 €: 4 987,50 € are transferred, no invoice is involved."""
    operations = (
        Ponctuelle("forfait", 500000, "ROSP", "REMUNERATION SUR OBJECTIFS"),
        Ponctuelle("retenue", 1250, "IND", operation="RDP", reference="DETTE2"),
    )
    entites = build_580(CODEC, ENTETE, [Reglement("991234567", JOUR, "01349", (), ponctuelles=operations)])
    assert [e.type for e in entites] == [
        "000", "040", "071", "081", "262", "990", "081", "250", "990", "990", "990", "999",
    ]  # fmt: skip
    assert [e["type_retour"] for e in entites if e.type == "081"] == ["03", "05"]  # lump sums, then deductions
    lu = CODEC.lire(CODEC.ecrire(entites))
    assert controler(CODEC, lu) == []
    assert lu.fin["cumul"] == 498750
    assert lire_factures(lu) == []
    assert [(p.montant, p.organisme_payeur, tuple(p.ponctuelles)) for p in lire_paiements(lu)] == [
        (498750, "01349", operations)
    ]


@pytest.mark.parametrize(
    ("rang", "code", "champ", "valeur"),
    [
        (17, "990", "compteur", 12),
        (17, "990", "cumul", 2201),
        (17, "990", "identifiant", "071"),
        (20, "999", "nombre_enregistrements", 19),
        (20, "999", "cumul", 0),
        (1, "000", "reference", "123"),
    ],
)
def test_wrong_totals(rang: int, code: str, champ: str, valeur: Any) -> None:
    entites = build_580(CODEC, ENTETE, payment())
    assert entites[rang - 1].type == code
    entites[rang - 1] = entites[rang - 1].avec(**{champ: valeur})
    fautes = controler(CODEC, CODEC.lire(CODEC.ecrire(entites)))
    assert [(f.rang, f.type, f.champ) for f in fautes] == [(rang, code, champ)]


def test_levels_left_open_or_closed_twice() -> None:
    entites = build_580(CODEC, ENTETE, payment())
    fin = entites[-1]
    sans = CODEC.lire(CODEC.ecrire([*entites[:-2], fin.avec(nombre_enregistrements=19)]))
    assert ["une entité 990 pour le niveau 040" in f.attendu for f in controler(CODEC, sans)] == [True]
    trop = CODEC.lire(CODEC.ecrire([*entites[:-1], entites[-2], fin.avec(nombre_enregistrements=21)]))
    assert [f.attendu for f in controler(CODEC, trop)] == ["un niveau ouvert à clore"]


def test_entity_foreign_to_the_reference() -> None:
    entites = [
        CODEC.creer("000", {"reference": "580"}),
        CODEC.creer("080"),
        CODEC.creer("999", {"nombre_enregistrements": 3}),
    ]
    (faute,) = controler(CODEC, CODEC.lire(CODEC.ecrire(entites)))
    assert (faute.rang, faute.type, faute.champ) == (2, "080", "entite")


@pytest.mark.parametrize(
    ("milieu", "attendu"),
    [
        (b"07003260310", "une entité terminée par « @ »"),
        (b"07703260310@", "une entité parmi"),
        (b"0700326031@", "11 octets"),
        (b"070032603100@", "11 octets"),
        (b"07003261310@", "une date AAMMJJ"),
        (b"070AB260310@", "2 chiffres"),
        (b"@", "une entité parmi"),
        ("07003é6310@".encode(), "une date"),
        (b"00000000000000@", "une entité"),
    ],
)
def test_damaged_entities(milieu: bytes, attendu: str) -> None:
    entete, fin = CODEC.creer("000").brut, CODEC.creer("999").brut
    if milieu.startswith(b"000"):
        milieu, attendu = entete, "une entité terminée"
    with pytest.raises(ErreurEnregistrement) as info:
        CODEC.lire(entete + b"07003260310@" + milieu + fin)
    assert info.value.rang == 3
    assert info.value.offset == 140
    assert attendu in info.value.attendu


def test_cut_files() -> None:
    brut = CODEC.ecrire(build_580(CODEC, ENTETE, payment()))
    for n in (0, 100, 200, 300, len(brut) - 1):
        with pytest.raises(ErreurEnregistrement):
            CODEC.lire(brut[:n])
    with pytest.raises(ErreurEnregistrement, match="« 000 » en tête"):
        CODEC.lire(CODEC.creer("999").brut + CODEC.creer("999").brut)


@given(brut=st.binary(min_size=0, max_size=600))
def test_arbitrary_bytes_never_pass(brut: bytes) -> None:
    with pytest.raises(ErreurEnregistrement):
        CODEC.lire(brut)


def test_terminator_in_a_value_is_refused() -> None:
    with pytest.raises(ErreurEnregistrement, match="sans « @ »"):
        CODEC.creer("071", {"libelle_1": "a@b"})


def test_a_file_goes_from_000_to_999() -> None:
    with pytest.raises(ErreurEnregistrement, match="de 000 à 999"):
        CODEC.ecrire([CODEC.creer("070")])
    with pytest.raises(ErreurEnregistrement, match="une seule fois"):
        CODEC.ecrire(whole(["000"]))


def test_a_date_that_does_not_exist_is_a_fault_of_its_record() -> None:
    """Found when the file is read, not when the value is asked for: nothing that follows has to expect it."""
    entites = [
        CODEC.creer("000", {"reference": "580"}),
        CODEC.creer("102", {"numero_facture": "000000001", "numero_lot": "001"}),
        CODEC.creer("999", {"nombre_enregistrements": 3}),
    ]
    octets = CODEC.ecrire(entites)
    debut = octets.index(b"102", 128) + 23  # date_lot, columns 24 to 29
    for an in range(100):
        siecle = 1900 if an >= 70 else 2000
        for mois, jour in ((2, 28), (2, 29), (2, 30), (4, 31), (11, 30), (11, 31), (12, 31), (13, 1), (1, 0), (1, 32)):
            texte = f"{an:02d}{mois:02d}{jour:02d}".encode()
            try:
                date(siecle + an, mois, jour)
                attendues = []
            except ValueError:
                attendues = ["date_lot"]
            lu = CODEC.lire(octets[:debut] + texte + octets[debut + 6 :], strict=False)
            assert [f.champ for e in lu for f in e.anomalies] == attendues, texte
