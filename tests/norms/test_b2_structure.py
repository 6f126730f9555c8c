"""Order of the records, tree and events of a file, counters and totals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norms.b2 import CodecB2, DebutFichier, DebutLot, FactureB2, FinFichier, FinLot
from norms.b2.controles import controler_fichier, controler_flux
from norms.codec import ErreurEnregistrement
from norms.codec.champ import Valeur
from norms.paquet import NormPack

CODEC = CodecB2(NormPack.par_defaut())
PS = "991129768"
RACINE = Path(__file__).parents[2]


def invoice(numero: int, *, lignes: int = 1, complements: bool = True, securite: bool = False) -> list[bytes]:
    p: dict[str, Valeur] = {"numero_ps": PS, "nir": "1421962965167", "cle_nir": "94", "numero_facture": numero}
    acte: dict[str, Valeur] = {"honoraires": 2500, "montant_amo": 1750, "montant_amc": 750}
    sortie = [CODEC.encoder("2", p)]
    if complements:
        sortie.append(CODEC.encoder("2S", p))
    for _ in range(lignes):
        sortie.append(CODEC.encoder("4", p | acte))
        if complements:
            sortie.append(CODEC.encoder("4S", p))
    totaux: dict[str, Valeur] = {
        "nombre_type_4": lignes,
        "total_facture": 2500 * lignes,
        "total_amo": 1750 * lignes,
        "part_assure": 750 * lignes,
        "total_amc": 750 * lignes,
    }
    sortie.append(CODEC.encoder("5", p | totaux))
    if securite:
        sortie.append(CODEC.encoder("8", {"nature": "V", "algorithme": "01", "rang_segment": 1, "nombre_segments": 1}))
    return sortie


def lot(reference: str, factures: list[list[bytes]], *, securite: bool = False) -> list[bytes]:
    lignes = sum(e[0:1] == b"4" and e[35:36] == b" " for f in factures for e in f)
    fin: dict[str, Valeur] = {
        "numero_ps": PS,
        "numero_lot": reference,
        "nombre_factures": len(factures),
        "nombre_lignes": lignes,
        "nombre_type_5": len(factures),
        "total_facture": 2500 * lignes,
        "total_amo": 1750 * lignes,
        "total_amc": 750 * lignes,
    }
    sortie = [CODEC.encoder("1", {"numero_ps": PS, "numero_lot": reference}), *(e for f in factures for e in f)]
    sortie.append(CODEC.encoder("6", fin))
    if securite:
        sortie.append(CODEC.encoder("8", {"nature": "L", "algorithme": "01", "rang_segment": 1, "nombre_segments": 1}))
    return sortie


def file_of(lots: list[list[bytes]]) -> list[bytes]:
    corps = [e for x in lots for e in x]
    fin = CODEC.encoder("999", {"nombre_enregistrements": len(corps) + 2, "nombre_lots": len(lots)})
    return [CODEC.encoder("000", {"type_emetteur": "TP"}), *corps, fin]


@given(
    formes=st.lists(
        st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.booleans()), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    ),
    securite=st.booleans(),
)
def test_tree_holds_every_record_once_and_in_order(
    formes: list[list[tuple[int, bool, bool]]], *, securite: bool
) -> None:
    lots = [
        lot(
            f"{i:03d}",
            [invoice(j, lignes=n, complements=c, securite=s) for j, (n, c, s) in enumerate(factures, start=1)],
            securite=securite,
        )
        for i, factures in enumerate(formes, start=1)
    ]
    bruts = file_of(lots)
    fichier = CODEC.lire_fichier(b"".join(bruts))
    assert [e.brut for e in fichier.enregistrements] == bruts
    assert [e.rang for e in fichier.enregistrements] == list(range(1, len(bruts) + 1))
    assert [[len(f.prestations) for f in x.factures] for x in fichier.lots] == [[n for n, _, _ in fs] for fs in formes]
    assert controler_fichier(fichier) == []
    assert list(controler_flux(CODEC.evenements(b"".join(bruts)))) == []


def test_events() -> None:
    donnees = b"".join(file_of([lot("001", [invoice(1), invoice(2, securite=True)], securite=True)]))
    natures = [type(e) for e in CODEC.evenements(donnees)]
    assert natures == [DebutFichier, DebutLot, FactureB2, FactureB2, FinLot, FinFichier]


def test_parts_of_an_invoice() -> None:
    (facture,) = CODEC.lire_factures(b"".join(invoice(12, lignes=2, securite=True)))
    assert isinstance(facture, FactureB2)
    assert facture.numero == "000000012"
    assert [e.type for e in facture.enregistrements] == ["2", "2S", "4", "4S", "4", "4S", "5", "8"]
    assert facture.complement("2S") is not None
    assert facture.complement("2M") is None
    assert facture.prestations[1].complement("4S") is facture.prestations[1].complements[0]


def test_lots_alone() -> None:
    donnees = b"".join(lot("001", [invoice(1)]) + lot("AAA", [invoice(2)], securite=True))
    lots = list(CODEC.structure.lots(CODEC.lire_lots(donnees)))
    assert [x.reference for x in lots] == ["001", "AAA"]
    assert lots[1].brut == b"".join(lot("AAA", [invoice(2)], securite=True))


BASE = file_of([lot("001", [invoice(1, complements=False)], securite=True)])  # 000 1 2 4 5 6 8 999


@pytest.mark.parametrize(
    ("ordre", "rang", "attendu"),
    [
        ([1, 2, 3, 4, 5, 7], 1, "un type 000 en tête"),
        ([0, 2, 3, 4, 5, 7], 2, "un type 1 après le type 000"),
        ([0, 1, 3, 4, 5, 7], 3, "un type 2 après le type 1"),
        ([0, 1, 2, 4, 5, 7], 4, "un type 2S ou 2M ou 2P ou 4 après le type 2"),
        ([0, 1, 2, 3, 5, 7], 5, "ou 5 après le type 4"),
        ([0, 1, 2, 3, 4, 7], 6, "un type 8 ou 2 ou 6 après le type 5"),
        ([0, 1, 2, 3, 4, 5], 7, "un enregistrement de type 8 ou 1 ou 999"),
        ([0, 1, 2, 3, 4, 5, 7, 7], 8, "la fin du fichier"),
        ([0, 0], 2, "un type 1 après le type 000"),
        ([0, 7], 2, "un type 1 après le type 000"),
        ([], 1, "un enregistrement de type 000"),
    ],
)
def test_misplaced_records(ordre: list[int], rang: int, attendu: str) -> None:
    with pytest.raises(ErreurEnregistrement) as info:
        CODEC.lire_fichier(b"".join(BASE[i] for i in ordre))
    assert info.value.rang == rang
    assert attendu in info.value.attendu


def test_nature_of_segments_depends_on_their_place() -> None:
    de_lot = BASE[6]
    with pytest.raises(ErreurEnregistrement, match="une nature parmi C, V, P ; constaté « L »"):
        CODEC.lire_fichier(b"".join([*BASE[:5], de_lot, *BASE[5:]]))


@pytest.mark.parametrize(
    ("rang", "type_", "champ", "valeur"),
    [
        (4, "4", "numero_facture", "000000099"),
        (5, "5", "total_amo", 1),
        (5, "5", "nombre_type_4", 2),
        (6, "6", "total_facture", 1),
        (6, "6", "nombre_factures", 3),
        (6, "6", "numero_lot", "002"),
        (8, "999", "nombre_enregistrements", 7),
        (8, "999", "nombre_lots", 2),
    ],
)
def test_wrong_counters_and_totals(rang: int, type_: str, champ: str, valeur: Valeur) -> None:
    bruts = list(BASE)
    bruts[rang - 1] = CODEC.disposition(type_).patch(bruts[rang - 1], {champ: valeur})
    fautes = controler_fichier(CODEC.lire_fichier(b"".join(bruts)))
    assert (rang, champ) in {(f.rang, f.champ) for f in fautes}
    assert {str(f) for f in controler_flux(CODEC.evenements(b"".join(bruts)))} == {str(f) for f in fautes}


def test_ten_thousand_invoices_in_little_memory() -> None:
    """Events over 12 000 invoices (60 000 records) stay far below 200 MiB, in a fresh process."""
    code = (
        "from bench.memoire import peak_bytes\n"
        "from tests.norms.test_b2_structure import *\n"
        "class Flux:\n"
        "    def __init__(self, g): self.g, self.reste = g, b''\n"
        "    def read(self, n):\n"
        "        while len(self.reste) < n:\n"
        "            bloc = next(self.g, b'')\n"
        "            if not bloc: break\n"
        "            self.reste += bloc\n"
        "        sortie, self.reste = self.reste[:n], self.reste[n:]\n"
        "        return sortie\n"
        "un = b''.join(invoice(1))\n"
        "def morceaux():\n"
        "    yield CODEC.encoder('000', {}) + CODEC.encoder('1', {})\n"
        "    for _ in range(12000): yield un\n"
        "    yield CODEC.encoder('6', {}) + CODEC.encoder('999', {})\n"
        "n = sum(isinstance(e, FactureB2) for e in CODEC.evenements(Flux(morceaux())))\n"
        "print(n, peak_bytes())\n"
    )
    sortie = subprocess.run(
        [sys.executable, "-c", code], cwd=RACINE, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    factures, memoire = (int(x) for x in sortie.split())
    assert factures == 12_000
    assert memoire < 200 * 1024 * 1024
