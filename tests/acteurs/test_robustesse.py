"""Whatever is sent, an analysis and a decision come out, in bounded time: no exception, no silence."""

from __future__ import annotations

import json
import os
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from norms.cms import build_enveloped, compress
from norms.contrat.ports import AleaReproductible
from simulator.acteurs.comportement import Comportement
from simulator.acteurs.decision import decide
from simulator.acteurs.fichiers_retour import build_arl
from simulator.acteurs.historique import Registre, check_history
from simulator.acteurs.reception import analyse
from tests.acteurs.examen import RECEPTION, recu
from tests.acteurs.outils import AMO, Emetteur

BORNE_S = 5.0
PROFIL = os.environ.get("HYPOTHESIS_PROFILE", "ci")
#: An analysis costs some 20 ms of cryptography: the deep run is bounded here.
borne = settings(max_examples=2000 if PROFIL == "profond" else 60)


@pytest.fixture(scope="module")
def modele(commun: Emetteur) -> bytes:
    """A file of one lot of two invoices."""
    return commun.fichier([commun.lot([commun.facture("000000001"), commun.facture("000000002")])])


def survive(e: Emetteur, brut: bytes) -> None:
    """The whole way of a message, as the insurer takes it."""
    ctx = e.monde.bureau.contexte(AMO, RECEPTION)
    debut = time.perf_counter()
    lue = check_history(ctx.catalogue, analyse(ctx, recu(e, brut)), Registre())
    json.dumps(lue.donnees("preuve.eml"), ensure_ascii=False)
    decision = decide(lue, Comportement())
    for arl in decision.arls:
        octets = build_arl(ctx.pack, ctx.organisme, [arl], 1, RECEPTION.date())
        assert len(octets) == 3 * 128
    Registre().record(lue, decision)
    assert time.perf_counter() - debut < BORNE_S
    muets = [f for lot in lue.lots for f, _ in lot.faults()]
    repond = decision.service is not None or bool(decision.arls) or not lue.lots or not muets
    assert repond or all(lot.mode == "DEGRADE" for lot in lue.lots)
    if lue.fichier is None:
        assert decision.service is not None, "a message that can't be read is answered"


def seal(e: Emetteur, octets: bytes) -> bytes:
    return e.message(build_enveloped(compress(octets), [e.certificat(AMO)], AleaReproductible(5)), 2)


@st.composite
def mutations(draw: st.DrawFn, taille: int) -> list[tuple[str, int, int]]:
    """Operations on bytes: what, where, how much."""
    operation = st.tuples(
        st.sampled_from(["octet", "couper", "doubler", "inserer", "echanger"]),
        st.integers(0, taille - 1),
        st.integers(0, 255),
    )
    return draw(st.lists(operation, min_size=1, max_size=8))


def mutate(octets: bytes, operations: list[tuple[str, int, int]]) -> bytes:
    b = bytearray(octets)
    for quoi, ou, combien in operations:
        if not b:
            break
        i = ou % len(b)
        if quoi == "octet":
            b[i] = combien
        elif quoi == "couper":
            del b[i : i + combien]
        elif quoi == "doubler":
            b[i:i] = b[i : i + combien]
        elif quoi == "inserer":
            b[i:i] = bytes([combien]) * (1 + combien % 7)
        else:
            j = (i * 31 + combien) % len(b)
            b[i], b[j] = b[j], b[i]
    return bytes(b)


@borne
@given(data=st.data())
def test_mutated_files(commun: Emetteur, modele: bytes, data: st.DataObject) -> None:
    operations = data.draw(mutations(len(modele)))
    survive(commun, seal(commun, mutate(modele, operations)))


@borne
@given(data=st.data())
def test_mutated_messages(commun: Emetteur, modele: bytes, data: st.DataObject) -> None:
    message = seal(commun, modele)
    operations = data.draw(mutations(len(message)))
    survive(commun, mutate(message, operations))


@borne
@given(data=st.data())
def test_shuffled_records(commun: Emetteur, modele: bytes, data: st.DataObject) -> None:
    """Records permuted, dropped, repeated: the automaton meets every order."""
    records = [modele[i : i + 128] for i in range(0, len(modele), 128)]
    choix = data.draw(st.lists(st.integers(0, len(records) - 1), max_size=40))
    survive(commun, seal(commun, b"".join(records[i] for i in choix)))


@borne
@given(octets=st.binary(max_size=2000))
def test_anything(commun: Emetteur, octets: bytes) -> None:
    survive(commun, octets)
    survive(commun, commun.message(octets, 1))
    survive(commun, seal(commun, octets))


@pytest.mark.profond
@pytest.mark.skipif(PROFIL != "profond", reason="essai long : HYPOTHESIS_PROFILE=profond")
def test_many_mutations(commun: Emetteur, modele: bytes) -> None:
    hasard = random.Random(20260302)
    message = seal(commun, modele)
    for _ in range(5000):
        operations = [
            (
                hasard.choice(["octet", "couper", "doubler", "inserer", "echanger"]),
                hasard.randrange(10_000),
                hasard.randrange(256),
            )
            for _ in range(hasard.randrange(1, 6))
        ]
        survive(commun, mutate(message, operations))
        survive(commun, seal(commun, mutate(modele, operations)))


def test_a_big_file_is_read_in_bounded_time(commun: Emetteur, modele: bytes) -> None:
    gros = modele[:-128] + modele[128:-128] * 400 + modele[-128:]
    debut = time.perf_counter()
    ctx = commun.monde.bureau.contexte(AMO, RECEPTION)
    lue = analyse(ctx, recu(commun, seal(commun, gros)))
    assert len(lue.lots) == 401
    assert time.perf_counter() - debut < 60
