"""Data groups, zones, return codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.paquet import NormPack
from norms.ssv import CatalogueGroupes, CodesRetour, ErreurGroupe, ErreurZone, Groupe, decode_zone, encode_zone

PACK = NormPack.par_defaut()
CATALOGUE = CatalogueGroupes(PACK)


@pytest.mark.parametrize(
    ("groupe", "rang", "nom"),
    [
        (1, 3, "numero_identification"),
        (2, 21, "habilitation_lot"),
        (12, 2, "nom_fichier"),
        (12, 5, "application"),
        (12, 6, "type_destinataire"),
        (12, 7, "numero_destinataire"),
        (13, 7, "version"),
        (14, 3, "zone_message"),
        (93, 7, "version"),
        (101, 8, "nir"),
        (104, 12, "date_naissance"),
        (104, 18, "ruf"),
        (109, 12, "services_contrat"),
        (1110, 1, "numero_facture"),
        (1110, 3, "date_elaboration"),
        (1130, 2, "nir_assure"),
        (1130, 3, "cle_nir_assure"),
        (1130, 4, "date_naissance"),
        (1130, 5, "rang_naissance"),
        (1160, 1, "nir_individuel"),
        (1310, 1, "regime"),
        (1310, 3, "centre"),
        (1321, 1, "type_contrat"),
        (1321, 4, "zone_amc_1"),
        (1410, 1, "cadre_remboursement"),
        (1610, 2, "date_soins"),
        (1610, 4, "code_prestation"),
        (3700, 1, "top_cmu"),
    ],
)
def test_fields_that_the_specification_names(groupe: int, rang: int, nom: str) -> None:
    assert CATALOGUE.definition(groupe).champs[rang - 1].nom == nom


def test_access_by_name_and_rank() -> None:
    g = CATALOGUE.creer(1610, date_soins="20260302", code_prestation="G")
    assert (g.valeur("date_soins"), g.valeur(4), g.valeur("coefficient"), g.valeur(99)) == ("20260302", "G", "", "")
    assert g.en_dict()["code_prestation"] == "G"
    nu = Groupe(1610, g.champs)
    assert nu == g
    assert CATALOGUE.nommer(nu).valeur("code_prestation") == "G"
    with pytest.raises(KeyError, match="champ inconnu"):
        g.valeur("cod")
    with pytest.raises(KeyError, match="rang"):
        g.valeur(0)


@pytest.mark.parametrize(
    ("groupe", "valeurs", "message"),
    [
        (1610, {"date_soins": "02/03/2026"}, "champ 2 « date_soins » : attendu une date AAAAMMJJ"),
        (1610, {"honoraires": "25.00"}, "un montant en centimes"),
        (1610, {"coefficient": "1,5"}, "un nombre décimal"),
        (1130, {"cle_nir_assure": "A4"}, "des chiffres"),
        (1120, {"nom": "A\x00"}, "sans caractère de contrôle"),
        (1120, {"nomm": "A"}, "champ inconnu"),
        (9999, {}, "inconnu du catalogue"),
    ],
)
def test_refused_groups(groupe: int, valeurs: dict[str, str], message: str) -> None:
    with pytest.raises(ErreurGroupe, match="groupe") as info:
        CATALOGUE.creer(groupe, **valeurs)
    assert message in str(info.value)
    assert info.value.groupe == groupe


def test_all_faults_with_their_occurrence() -> None:
    fautes = CATALOGUE.faults(
        [Groupe(1410, ("1",)), Groupe(1610, ("1", "x")), Groupe(1610, ("2", "y")), Groupe(1410, ("1", "2"))]
    )
    assert [(f.groupe, f.occurrence, f.champ) for f in fautes] == [(1610, 1, 2), (1610, 2, 2), (1410, 2, 0)]


def test_zone_by_hand() -> None:
    zone = bytes.fromhex("0001 0e 0130 0138 00 08 3939373030353234".replace(" ", ""))
    groupes = (Groupe(1, ("0", "8", "", "99700524")),)
    assert encode_zone(groupes) == zone[:2] + bytes([14]) + zone[3:]
    assert decode_zone(zone) == groupes


@pytest.mark.parametrize(("n", "prefixe"), [(127, "7f"), (128, "8180"), (255, "81ff"), (256, "820100")])
def test_sizes(n: int, prefixe: str) -> None:
    zone = encode_zone([Groupe(0x0102, ("x" * n,))])
    assert bytes.fromhex(prefixe) + b"x" * n in zone
    assert zone[:2] == b"\x01\x02"
    assert decode_zone(zone) == (Groupe(0x0102, ("x" * n,)),)


LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=200)


@given(groupes=st.lists(st.builds(Groupe, st.integers(1, 65535), st.lists(LATIN, max_size=6).map(tuple)), max_size=6))
def test_zone_round_trip(groupes: list[Groupe]) -> None:
    assert decode_zone(encode_zone(groupes)) == tuple(groupes)


def reading(zone: bytes) -> tuple[Groupe, ...] | None:
    try:
        return decode_zone(zone)
    except ErreurZone as exc:
        assert 0 <= exc.octet <= len(zone)  # noqa: PT017 - either outcome is right, the place must be
        return None


@given(zone=st.binary(max_size=300))
def test_arbitrary_zones_are_read_exactly_or_refused(zone: bytes) -> None:
    groupes = reading(zone)
    if groupes is not None:
        assert encode_zone(groupes) == zone


@pytest.mark.parametrize(
    ("zone", "octet"),
    [
        ("00", 0),
        ("0001", 0),
        ("000001", 0),
        ("000102", 2),
        ("00010102", 3),
        ("00018101", 2),
        ("000180", 2),
        ("0001820001", 2),
    ],
)
def test_refused_zones(zone: str, octet: int) -> None:
    with pytest.raises(ErreurZone) as info:
        decode_zone(bytes.fromhex(zone))
    assert info.value.octet == octet


def test_zone_limits() -> None:
    with pytest.raises(ErreurZone, match="1 à 65535"):
        encode_zone([Groupe(0, ())])
    with pytest.raises(ErreurZone, match="ISO 8859-1"):
        encode_zone([Groupe(1, ("œ",))])
    with pytest.raises(ErreurZone, match="octets au plus"):
        decode_zone(bytes(4 * 1024 * 1024 + 1))
    with pytest.raises(ErreurZone, match="10000 champs"):
        decode_zone(encode_zone([Groupe(1, ("",) * 10_001)]))


def test_return_codes() -> None:
    codes = CodesRetour(PACK)
    assert codes.libelle("F003") == "Code porteur erroné"
    assert codes.libelle("f612") == "Fichier de tables illisible (fichier 2)"
    assert "F66F" in codes
    assert "F671" not in codes
    assert "inconnu" in codes.libelle("ABCD")
