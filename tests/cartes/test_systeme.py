"""The card's operating system command by command, and what it does with nonsense."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulator.cards.carte import Card
from simulator.cards.os7816 import CarteOs
from tests.cartes.conftest import Materiel

MF_VITALE, VITALE = "00A404000ED2500000024D465F564954414C45", "00A404000BD250000002564954414C45"
CPS = "00A4040C0DE828BD080F8025000001FF0010"
CODE = "002000010431323334"


def _play(card: Card, script: str) -> str:
    """Sends commands separated by spaces; returns the last answer in hexadecimal."""
    reponse = b""
    for commande in script.split():
        reponse = card.transmit(bytes.fromhex(commande))
    return reponse.hex().upper()


def _on(card: CarteOs) -> CarteOs:
    card.power_on()
    return card


@pytest.mark.parametrize(
    ("script", "attendu"),
    [
        ("00A4000C023F00", "9000"),
        ("00A4000C00", "9000"),  # 00 is an expected length: still no data
        ("00A4000C", "9000"),  # no data: the MF
        (f"{VITALE} 00C0000000", "6F1E8201388302" + "7F00840B" + "D250000002564954414C45" + "8A0105A1058C0344FFFF9000"),
        ("00A404040BD250000002564954414C45", "6120"),
        ("00A4040C05D250000002", "9000"),  # first application that begins so
        ("00A4040C0BD250000002564954414C46", "6A82"),
        ("00A4040C11" + "00" * 17, "6A87"),
        ("00A4050C023F00", "6A86"),
        ("00A40002023F00", "6A86"),
        (f"{VITALE} 00A4020C02BEEF", "6A82"),
        (f"{VITALE} 00A4020C022001 00B0000001", "E09000"),
        (f"{VITALE} 00A4030C 00A4000C022F02", "9000"),  # up to the MF, then one of its files
        ("00A4030C", "6A82"),  # the MF has no parent
        ("00A4080C047F002001", "9000"),
        ("00A4080C063F007F002001", "9000"),
        ("00A4090C047F002001", "9000"),
        ("00A4080C067F0020012001", "6A82"),  # a file holds nothing
        ("00A4080C03 7F0020".replace(" ", ""), "6A87"),
        ("00B0000001", "6986"),  # no file selected
        ("00B0E00001", "6A86"),
        ("00B09F0001", "6A82"),
        (f"{VITALE} 00A4020C022003 00B0000000", "6C0C"),
        (f"{VITALE} 00A4020C022003 00B000000C", "660A80083230323030333031" + "9000"),
        (f"{VITALE} 00A4020C022003 00B000FF01", "6B00"),
        (f"{VITALE} 00A4020C022003 00B0000A04", "6C02"),
        (f"{VITALE} 00A4020C02D120 00B0000001", "6982"),  # reserved to health professionals
        (f"{VITALE} 00A4020C022003 00D600000100", "6982"),
        ("0020000104" + b"1234".hex(), "6A88"),  # a Vitale has no code
        ("0084000000", "6C10"),
        ("0084000004", "6700"),
        ("0082000001FF", "6985"),  # no challenge was asked
        ("002A00BE03010203", "6A80"),
        ("002A9E9A00", "6985"),  # nothing to sign
        ("002A9E9A03010203", "6A80"),
        ("002A123400", "6A86"),
        ("002241B603840109", "6A88"),
        ("0022FFB603840101", "6A86"),
        ("0022F301", "9000"),
        ("00C0000000", "6985"),
        ("00FF0000", "6D00"),
        ("80A40000", "6E00"),
        ("0CA40000", "6882"),
        ("01A40000", "6881"),
        ("00", "6700"),
        ("", "6700"),
    ],
)
def test_status_words_of_a_vitale(materiel: Materiel, script: str, attendu: str) -> None:
    card = _on(materiel.vitale())
    assert (_play(card, script) if script else card.transmit(b"").hex().upper()) == attendu


@pytest.mark.parametrize(
    ("script", "attendu"),
    [
        ("00A4040C088025000001FF0100", "9000"),
        # Luhn of 802500000100009901, every other digit doubled from the right: 2+9+9+2+1+2+8 = 33, so the key is 7
        ("00B09C000C", "5A0A" + "8025000001" + "00009901" + "7F" + "9000"),
        ("00A4020C023F00", "9000"),  # IAS-ECC software selects the MF so
        (f"{CPS} 00A4020C02D120 00B0000001", "6982"),
        (f"{CPS} {CODE} 00A4020C02D120 00B0000001", "709000"),
        (f"{CODE} 0020000100", "9000"),
        ("0020000100", "63C3"),
        ("0020000101FF", "63C2"),
        ("0020000200", "63CA"),
        ("0020010100", "6A86"),
        ("0020000300", "6A88"),
        (f"{CODE} {CPS} 00A4020C02D107 00D60000020102 00B0000002", "01029000"),
        (f"{CPS} 00A4020C02D107 00D60000020102", "6982"),
        (f"{CODE} {CPS} 00A4020C02D107 00D6000A0101", "6B00"),
        ("00CB3FFF0A4D087006BF810102A080 00C0000000", "7016BF810112A0109A01039B0103A1088C0673000012FF009000"),
        ("00CB3FFF0B4D097007BF8101037F4180 00C0000000", "700DBF8101097F41068001048101049000"),
        ("00CB3FFF0A4D087006BFFB01027B80 00C0000000", "700EBFFB010A7B08A4069501088301019000"),
        ("00CB3FFF0A4D087006BF810902A080", "6A88"),
        ("00CB3FFF02FFFF", "6A80"),
        ("00CB000000", "6A88"),
        ("0088000001AA", "6982"),
        ("002A90A003900101", "6A80"),
    ],
)
def test_status_words_of_a_cps(materiel: Materiel, script: str, attendu: str) -> None:
    assert _play(_on(materiel.cps()), script) == attendu


def test_a_long_answer_comes_in_pieces(materiel: Materiel) -> None:
    card = _on(materiel.cps())
    _play(card, f"{CPS} {CODE} 002241B606840101800142")
    assert _play(card, "002A9E9A20" + "00" * 32) == "6100"
    debut, milieu = card.transmit(bytes.fromhex("00C0000064")), card.transmit(bytes.fromhex("00C0000064"))
    assert (debut[-2:].hex(), milieu[-2:].hex()) == ("619c", "6138")
    assert _play(card, "00C0000040") == "6C38"
    fin = card.transmit(bytes.fromhex("00C0000038"))
    signature = debut[:-2] + milieu[:-2] + fin[:-2]
    publique = materiel.cles["signature"].public_key().public_numbers()
    # RFC 8017 §9.2: 00 01 FF… 00 DigestInfo, found again with the public exponent
    clair = pow(int.from_bytes(signature, "big"), publique.e, publique.n).to_bytes(256, "big")
    assert clair == b"\0\1" + b"\xff" * 202 + b"\0" + bytes.fromhex("3031300d060960864801650304020105000420") + bytes(
        32
    )


def test_an_authentication_signs_what_it_is_given(materiel: Materiel) -> None:
    """Not only hashes: the padded message is found again with the public exponent."""
    card = _on(materiel.cps())
    _play(card, f"{CPS} {CODE} 002241A406840102800102")
    assert _play(card, "0088000005" + b"salut".hex()) == "6100"
    signature = card.transmit(bytes.fromhex("00C0000000"))[:-2]
    publique = materiel.cles["authentification"].public_key().public_numbers()
    clair = pow(int.from_bytes(signature, "big"), publique.e, publique.n).to_bytes(256, "big")
    assert clair == b"\0\1" + b"\xff" * 248 + b"\0salut"
    assert _play(card, "00880000F6" + "00" * 246) == "6A80"  # 245 bytes are the most


def test_an_interrupted_chain_is_dropped(materiel: Materiel) -> None:
    card = _on(materiel.vitale())
    assert _play(card, "102A00BE0100 00A4000C023F00") == "6883"
    assert _play(card, "00A4000C023F00") == "9000"
    for _ in range(33):
        dernier = _play(card, "102A00BEFF" + "00" * 255)
    assert dernier == "6700"  # 8 192 bytes are the most


def test_reset_forgets_what_was_selected_and_verified(materiel: Materiel) -> None:
    card = _on(materiel.cps())
    _play(card, f"{CODE} {CPS} 00A4020C02D120")
    card.reset()
    assert _play(card, "0020000100") == "63C3"
    assert _play(card, "00B0000001") == "6986"


def test_a_card_without_power_does_nothing(materiel: Materiel) -> None:
    card = materiel.vitale()
    assert _play(card, "00A4000C023F00") == "6F00"
    card.power_on()
    assert _play(card, "00A4000C023F00") == "9000"
    card.power_off()
    assert _play(card, "00A4000C023F00") == "6F00"


def test_a_challenge_serves_once(materiel: Materiel) -> None:
    card = _on(materiel.vitale())
    cps = materiel.cles["authentification"]
    certificat = materiel.certificats["authentification"]
    for i in range(0, len(certificat), 200):
        cla = b"\x10" if i + 200 < len(certificat) else b"\x00"
        maillon = certificat[i : i + 200]
        assert card.transmit(cla + b"\x2a\x00\xbe" + bytes((len(maillon),)) + maillon) == b"\x90\x00"
    defi = card.transmit(bytes.fromhex("0084000010"))[:-2]
    signature = _sign(cps, defi + b"800000000000009901")
    preuve = [b"\x10\x82\x00\x00\xff" + signature[:255], b"\x00\x82\x00\x00\x01" + signature[255:]]
    assert [card.transmit(m) for m in preuve][-1] == b"\x90\x00"
    assert [card.transmit(m) for m in preuve][-1] == b"\x69\x85"
    card.transmit(bytes.fromhex("0084000010"))
    assert [card.transmit(m) for m in preuve][-1] == b"\x69\x82"


def _sign(cle: RSAPrivateKey, message: bytes) -> bytes:
    return cle.sign(message, padding.PKCS1v15(), hashes.SHA256())


# --- nonsense ---------------------------------------------------------------------------------------------

octet = st.integers(0, 255)
_INS = [0x20, 0x22, 0x24, 0x2A, 0x2C, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xC0, 0xCB, 0xD6]
_P1P2 = [(0, 0), (0, 1), (4, 0), (2, 0x0C), (8, 4), (9, 4), (0x41, 0xB6), (0x41, 0xA4), (0x41, 0xAA), (0x9E, 0x9A)]
_P1P2 += [(0x90, 0xA0), (0x90, 0x80), (0, 0xBE), (0x3F, 0xFF), (0x82, 0), (0xFF, 0xFF)]
_DONNEES = [
    "", "3F00", "2001", "D120", "3F000001", "8025000001FF0100", "D250000002564954414C45", "E828BD080F8025000001FF0010",
    "31323334", "30303030",
    "840101", "800142840101", "800140", "900080", "4D087006BF810102A080", "4D087006BF900102A080",
    "4D097007BFA001037F4980", "3031300D060960864801650304020105000420" + "00" * 32, "00" * 32,
]  # fmt: skip


@st.composite
def commands(draw: st.DrawFn) -> bytes:
    """Pure noise, or something that looks like a command, right or wrong."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.binary(max_size=300))
    cla, ins = draw(st.sampled_from([0, 0, 0, 0x10])), draw(st.sampled_from(_INS))
    p1, p2 = draw(st.sampled_from(_P1P2)) if draw(st.booleans()) else (draw(octet), draw(octet))
    donnees = draw(st.sampled_from([bytes.fromhex(d) for d in _DONNEES]) | st.binary(max_size=255))
    fin = draw(st.sampled_from([b"", b"\x00", b"\x01", b"\x10"]))
    lc = bytes((len(donnees),)) if donnees else b""
    return bytes((cla, ins, p1, p2)) + lc + donnees + fin


def _secrets(materiel: Materiel) -> list[bytes]:
    """Private numbers of the keys and codes: what must never come out."""
    liste = [b"1234", b"87654321"]
    for cle in materiel.cles.values():
        n = cle.private_numbers()
        liste += [x.to_bytes(256, "big").lstrip(b"\0")[:16] for x in (n.p, n.q, n.d, n.dmp1, n.dmq1, n.iqmp)]
    return liste


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(commands(), max_size=12), st.booleans())
def test_nonsense_always_gets_a_status_word_and_never_a_secret(
    materiel: Materiel, commandes: list[bytes], cps: bool
) -> None:
    card = _on(materiel.cps() if cps else materiel.vitale())
    sortie = b""
    for commande in commandes:
        reponse = card.transmit(commande)
        assert len(reponse) >= 2
        assert reponse[-2] in (0x61, 0x62, 0x63, 0x64, 0x65, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x90)
        sortie += reponse[:-2]
    assert not [s for s in _secrets(materiel) if s in sortie]


class CodeDeLaCarte(RuleBasedStateMachine):
    """The counter of tries against a model of three lines: a blocked code stays so, whatever is tried."""

    @initialize()
    def start(self) -> None:
        self.card = _on(Materiel.sans_cle())
        self.essais, self.verifie, self.bloque = 3, False, False

    @rule(bon=st.booleans())
    def present(self, bon: bool) -> None:
        reponse = self.card.transmit(b"\x00\x20\x00\x01\x04" + (b"1234" if bon else b"1235"))
        if self.essais == 0:
            attendu = b"\x69\x83"
        elif bon:
            self.essais, self.verifie = 3, True
            attendu = b"\x90\x00"
        else:
            self.essais, self.verifie = self.essais - 1, False
            attendu = bytes((0x63, 0xC0 | self.essais)) if self.essais else b"\x69\x83"
        assert reponse == attendu

    @rule()
    def reset(self) -> None:
        self.card.reset()
        self.verifie = False

    @rule()
    def unblock(self) -> None:
        assert self.card.transmit(b"\x00\x2c\x00\x01\x0c" + b"87654321" + b"1234") == b"\x90\x00"
        self.essais = 3

    @invariant()
    def situations_follow_the_code(self) -> None:
        if hasattr(self, "card"):
            self.card.transmit(bytes.fromhex(CPS))
            self.card.transmit(bytes.fromhex("00A4020C02D120"))
            lecture = self.card.transmit(bytes.fromhex("00B0000001"))
            assert lecture == (b"\x70\x90\x00" if self.verifie else b"\x69\x82")


TestCodeDeLaCarte = CodeDeLaCarte.TestCase
TestCodeDeLaCarte.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
