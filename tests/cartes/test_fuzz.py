"""A hundred thousand commands, right, wrong or absurd: a status word always comes back, secrets never do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.cards.cps3 import build_cps
from simulator.cards.os7816 import CarteOs
from simulator.cards.vitale import build_vitale
from tests.cartes.conftest import Materiel
from tests.cartes.test_systeme import commands

MINIMUM = 100_000
#: Not a value that the generator writes into files by itself: finding it again is a leak.
CODE, DEBLOCAGE = "7391", "60718294"
PREMIERS_OCTETS = frozenset({0x61, 0x62, 0x63, 0x64, 0x65, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x90})


def _secrets(materiel: Materiel) -> list[bytes]:
    liste = [CODE.encode(), DEBLOCAGE.encode()]
    for cle in materiel.cles.values():
        n = cle.private_numbers()
        liste += [x.to_bytes(256, "big").lstrip(b"\0")[:12] for x in (n.p, n.q, n.d, n.dmp1, n.dmq1, n.iqmp)]
    return liste


def _card(materiel: Materiel, genre: str) -> CarteOs:
    """A card of that kind, powered; a CPS whose holder has presented his code, or not."""
    if genre == "vitale":
        carte = build_vitale(
            materiel.vitale_image(),
            cle_signature=materiel.cles["vitale"],
            certificat=materiel.certificats["vitale"],
            autorites_ps=[materiel.cles["autorite"].public_key()],
        )
    else:
        carte = build_cps(
            materiel.cps_image().model_copy(update={"code_porteur": CODE, "code_deblocage": DEBLOCAGE}),
            cle_signature=materiel.cles["signature"],
            cle_authentification=materiel.cles["authentification"],
            certificat_signature=materiel.certificats["signature"],
            certificat_authentification=materiel.certificats["authentification"],
        )
    carte.power_on()
    if genre == "cps ouverte":
        assert carte.transmit(b"\x00\x20\x00\x01\x04" + CODE.encode()) == b"\x90\x00"
    return carte


def _fuzz(materiel: Materiel, exemples: int) -> int:
    """How many commands were sent."""
    secrets = _secrets(materiel)
    envoyees = [0]

    @settings(max_examples=exemples)
    @given(st.lists(commands(), min_size=10, max_size=40), st.sampled_from(["vitale", "cps", "cps ouverte"]))
    def attack(commandes: list[bytes], genre: str) -> None:
        carte = _card(materiel, genre)
        sortie = b""
        for commande in commandes:
            reponse = carte.transmit(commande)
            assert len(reponse) >= 2
            assert reponse[-2] in PREMIERS_OCTETS
            sortie += reponse[:-2]
        envoyees[0] += len(commandes)
        assert not [s for s in secrets if s in sortie]

    attack()
    return envoyees[0]


def test_a_few_hundred_commands(materiel: Materiel) -> None:
    assert _fuzz(materiel, 20) >= 200


@pytest.mark.profond
def test_a_hundred_thousand_commands(materiel: Materiel, record_property: Callable[[str, object], None]) -> None:
    envoyees = _fuzz(materiel, 10_000)
    record_property("apdus", envoyees)
    assert envoyees >= MINIMUM
