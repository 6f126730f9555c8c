"""POP3 against a model of RFC 1939, over a socket; dot-stuffing wherever the dot falls."""

from __future__ import annotations

import poplib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator.messagerie.pop3 import stuff

from .conftest import BOITE, SECRET, Reseau

Demarrer = Callable[..., Reseau]
LIGNES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"b.", b"ligne"]), max_size=6)


def login(monde: Reseau) -> poplib.POP3:
    client = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    client.user(BOITE)
    client.pass_(SECRET)
    return client


class ModelePop3(RuleBasedStateMachine):
    """``boite`` is what the server must hold; ``vue`` what the open session must see."""

    @initialize()
    def start(self) -> None:
        self.monde = Reseau()
        self.monde.serveur.start()
        self.boite: list[bytes] = []
        self.vue: list[bytes] = []
        self.effaces: set[int] = set()
        self.client: poplib.POP3 | None = None

    def teardown(self) -> None:
        if hasattr(self, "monde"):
            if self.client is not None:
                self.client.close()
            self.monde.serveur.stop()
            assert self.monde.serveur.erreurs == ()

    @rule(lignes=LIGNES)
    def deposit(self, lignes: list[bytes]) -> None:
        brut = b"Subject: x\r\n\r\n" + b"".join(ligne + b"\r\n" for ligne in lignes)
        self.monde.serveur.deposit(BOITE, brut)
        self.boite.append(brut)

    @precondition(lambda self: self.client is None)
    @rule()
    def open(self) -> None:
        self.client = login(self.monde)
        self.vue, self.effaces = list(self.boite), set()

    @precondition(lambda self: self.client is not None)
    @rule(n=st.integers(-1, 7), quoi=st.sampled_from(["retr", "top", "dele", "list", "uidl"]), k=st.integers(0, 4))
    def one(self, n: int, quoi: str, k: int) -> None:
        assert self.client is not None
        if n < 1 or n > len(self.vue) or n - 1 in self.effaces:
            with pytest.raises(poplib.error_proto):
                self.client.top(n, k) if quoi == "top" else getattr(self.client, quoi)(n)
            return
        attendu = self.vue[n - 1]
        if quoi == "retr":
            assert b"".join(ligne + b"\r\n" for ligne in self.client.retr(n)[1]) == attendu
        elif quoi == "top":
            tete, corps = attendu.split(b"\r\n\r\n", 1)
            assert self.client.top(n, k)[1] == [*tete.split(b"\r\n"), b"", *corps.split(b"\r\n")[:-1][:k]]
        elif quoi == "dele":
            self.client.dele(n)
            self.effaces.add(n - 1)
        elif quoi == "list":
            assert self.client.list(n) == b"+OK %d %d" % (n, len(attendu))
        else:
            assert self.client.uidl(n).split()[1] == b"%d" % n

    @precondition(lambda self: self.client is not None)
    @rule()
    def reset(self) -> None:
        assert self.client is not None
        self.client.rset()
        self.effaces.clear()

    @precondition(lambda self: self.client is not None)
    @rule()
    def quit(self) -> None:
        assert self.client is not None
        self.client.quit()
        self.client = None
        nouveaux = self.boite[len(self.vue) :]
        self.boite = [m for i, m in enumerate(self.vue) if i not in self.effaces] + nouveaux

    @precondition(lambda self: self.client is not None)
    @rule()
    def second_session_is_refused(self) -> None:
        autre = poplib.POP3("127.0.0.1", self.monde.serveur.port_pop3, timeout=10)
        autre.user(BOITE)
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            autre.pass_(SECRET)
        autre.quit()

    @invariant()
    def what_is_seen_and_what_is_held(self) -> None:
        if not hasattr(self, "monde"):
            return
        assert [m.brut for m in self.monde.boites.messages(BOITE)] == self.boite
        if self.client is not None:
            restants = [(i + 1, len(m)) for i, m in enumerate(self.vue) if i not in self.effaces]
            assert self.client.stat() == (len(restants), sum(t for _, t in restants))
            assert self.client.list()[1] == [b"%d %d" % r for r in restants]
            uids = [ligne.split()[1] for ligne in self.client.uidl()[1]]
            assert len(set(uids)) == len(uids) == len(restants)


ModelePop3.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestModelePop3 = ModelePop3.TestCase


@given(LIGNES)
def test_stuffing_is_undone_by_the_rfc_reading(lignes: list[bytes]) -> None:
    brut = b"".join(ligne + b"\r\n" for ligne in lignes)
    fil = stuff(brut) + b".\r\n"
    lues: list[bytes] = []
    for ligne in fil.split(b"\r\n"):
        if ligne == b".":
            break
        lues.append(ligne[1:] if ligne.startswith(b".") else ligne)
    assert lues == lignes


@pytest.mark.parametrize("borne", [1024, 16 * 1024, 64 * 1024])
def test_a_dot_on_either_side_of_a_chunk_boundary(reseau: Demarrer, borne: int) -> None:
    monde = reseau()
    messages = []
    for decalage in range(-4, 5):
        remplissage = b"Subject: x\r\n\r\n"
        while len(remplissage) < borne + decalage:
            reste = borne + decalage - len(remplissage)
            remplissage += b"a" * (min(reste, 70) - 2) + b"\r\n" if reste >= 2 else b"\n"
        messages.append(remplissage[: borne + decalage - 2] + b"\r\n.\r\n..\r\n" + b"b" * 50 + b"\r\n")
        monde.serveur.deposit(BOITE, messages[-1])
    client = login(monde)
    for rang, message in enumerate(messages):
        assert b"".join(ligne + b"\r\n" for ligne in client.retr(rang + 1)[1]) == message
    client.quit()


def test_pipelined_commands_are_all_answered(reseau: Demarrer) -> None:
    monde = reseau()
    for i in range(20):
        monde.serveur.deposit(BOITE, b"Subject: %d\r\n\r\n.\r\n" % i)
    client = poplib.POP3("127.0.0.1", monde.serveur.port_pop3, timeout=10)
    lot = [f"USER {BOITE}", f"PASS {SECRET}", *(f"RETR {n}" for n in range(1, 21)), "QUIT"]
    client.sock.sendall("".join(f"{c}\r\n" for c in lot).encode())
    lu = client.file.read()
    assert lu.count(b"\r\n+OK") == 22
    assert [lu.count(b"Subject: %d\r\n\r\n..\r\n.\r\n" % i) for i in range(20)] == [1] * 20
    client.close()
