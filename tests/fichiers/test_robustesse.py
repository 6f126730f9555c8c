"""Whatever the bytes, decode and check end with an answer, never with an unhandled exception."""

from __future__ import annotations

import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.fichiers.cles import Trousseau
from harness.fichiers.erreurs import ErreurFichier
from harness.fichiers.modele import ResultatFichier
from harness.fichiers.source import Source
from harness.fichiers.vue import OptionsVue, open_view
from harness.modele.verdict import Verdict
from tests.fichiers.outils import CLES_DE_TEST, PACK, RECU, Echantillon, check

PARTAGE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
NOMS = ("fichier", "lot", "facture", "dre", "arl", "noemie", "message")

#: A change: where (as a share of the size), what is taken away, what is put instead.
CHANGE = st.tuples(st.floats(0, 1), st.integers(0, 300), st.binary(max_size=300))
#: Line ends, record types and headers make for likelier wrong files than bytes drawn blindly.
MORCEAU = st.sampled_from(
    [b"\r\n", b"000", b"999", b"1", b"2", b"4", b"5", b"6", b"8", b"@", b"A", b"\x00", b"\xff", b"--"]
)


def whole(octets: bytes, *, zone: bool = False, test: bool = False) -> ResultatFichier:
    """Decodes then checks; both must end."""
    source = Source("essai", io.BytesIO(octets), len(octets))
    options = OptionsVue(aujourdhui=RECU, zone=zone, trousseau=CLES_DE_TEST if test else Trousseau())
    try:
        for vu in open_view(source, PACK, options)[1]:
            assert vu.model_dump_json()
    except ErreurFichier:
        pass  # told in French; the check below must say the same
    r = check(octets, zone=zone, test=test)
    assert ResultatFichier.model_validate_json(r.model_dump_json()) == r
    assert bool(r.cause) is (r.verdict in {Verdict.ERREUR_BANC, Verdict.NON_TESTE})
    return r


def change(octets: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for part, retire, ajoute in changes:
        place = int(part * len(octets))
        octets = octets[:place] + ajoute + octets[place + retire :]
    return octets


@PARTAGE
@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes(octets: bytes, zone: bool) -> None:
    whole(octets, zone=zone)


@PARTAGE
@given(
    st.sampled_from([b"000", b"1991111113", b"2991111113", b"Subject: x\r\n", b"\x30\x82", b"\x1f\x8b"]),
    st.binary(max_size=1500),
)
def test_any_bytes_after_a_known_start(debut: bytes, suite: bytes) -> None:
    whole(debut + suite)


@PARTAGE
@given(nom=st.sampled_from(NOMS), changes=st.lists(CHANGE, min_size=1, max_size=3), test=st.booleans())
def test_changed_flows(echantillon: Echantillon, nom: str, changes: list[tuple[float, int, bytes]], test: bool) -> None:
    whole(change(getattr(echantillon, nom), changes), test=test)


@PARTAGE
@given(
    nom=st.sampled_from(NOMS),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2), MORCEAU), min_size=1, max_size=6),
)
def test_likely_faults(echantillon: Echantillon, nom: str, changes: list[tuple[float, int, bytes]]) -> None:
    whole(change(getattr(echantillon, nom), changes))


@PARTAGE
@given(part=st.floats(0, 1), retire=st.integers(1, 127))
def test_a_shift_never_hides_the_rest_of_a_file(echantillon: Echantillon, part: float, retire: int) -> None:
    """Bytes taken away anywhere inside the first invoice: the other four are still read, and the fault is told."""
    place = 2 * 128 + int(part * (10 * 128))
    r = check(echantillon.fichier[:place] + echantillon.fichier[place + retire :])
    assert int(r.contenu["factures"]) >= 4
    assert r.verdict is Verdict.NON_CONFORME


@PARTAGE
@given(ordre=st.permutations(range(12)))
def test_records_in_any_order(echantillon: Echantillon, ordre: list[int]) -> None:
    records = [echantillon.fichier[i * 128 : (i + 1) * 128] for i in ordre]
    whole(b"".join(records))
