"""The HTTP face of the supplied services, spoken to with http.client as any LPS would."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from norms.contrat.base import Message, Operation
from norms.contrat.services import LireCartePs, Retour
from simulator.services import ServiceHttp

JETON = "jeton-d-essai"


class Rien(Message):
    pass


REGISTRE = {
    "essai.echo": Operation("essai.echo", LireCartePs, Retour, "Rend la ressource."),
    "essai.panne": Operation("essai.panne", Rien, Retour, "Tombe en panne."),
    "essai.faux": Operation("essai.faux", Rien, Retour, "Rend autre chose que promis."),
    "essai.lent": Operation("essai.lent", Rien, Retour, "Compte les appels simultanés."),
}


class Banc:
    """The functions served, and what was emitted."""

    def __init__(self) -> None:
        self.evenements: list[tuple[str, Mapping[str, Any]]] = []
        self.dedans = 0
        self.maximum = 0
        self.ouvert = threading.Event()

    def emettre(self, nature: str, donnees: Mapping[str, Any]) -> None:
        self.evenements.append((nature, donnees))

    def echo(self, params: LireCartePs) -> Retour:
        return Retour(libelle=params.ressource_ps)

    def panne(self, params: Rien) -> Retour:
        raise KeyError("carte")

    def faux(self, params: Rien) -> Any:
        return Rien()

    def lent(self, params: Rien) -> Retour:
        self.dedans += 1
        self.maximum = max(self.maximum, self.dedans)
        self.ouvert.wait(0.02)
        self.dedans -= 1
        return Retour()


@pytest.fixture
def banc() -> Banc:
    return Banc()


@pytest.fixture
def service(banc: Banc) -> Iterator[ServiceHttp]:
    fonctions = {"essai.echo": banc.echo, "essai.panne": banc.panne, "essai.faux": banc.faux, "essai.lent": banc.lent}
    with ServiceHttp(REGISTRE, fonctions, jeton=JETON, emettre=banc.emettre, max_octets=10_000) as service:
        yield service


def connexion(service: ServiceHttp) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", urlsplit(service.url).port, timeout=10)


def envoyer(
    service: ServiceHttp, corps: Any, *, jeton: str | None = JETON, chemin: str = "/rpc"
) -> tuple[int, dict[str, Any]]:
    texte = corps if isinstance(corps, bytes | str) else json.dumps(corps)
    c = connexion(service)
    try:
        c.request("POST", chemin, texte, {"Authorization": f"Bearer {jeton}"} if jeton else {})
        reponse = c.getresponse()
        return reponse.status, json.loads(reponse.read())
    finally:
        c.close()


def appel(methode: str, params: Any = None, **reste: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": methode, "params": {} if params is None else params, **reste}


def test_a_call_is_answered(service: ServiceHttp) -> None:
    statut, reponse = envoyer(service, appel("essai.echo", {"ressource_ps": "ps é"}))
    assert statut == 200
    assert reponse == {"jsonrpc": "2.0", "id": 7, "result": {"code_retour": "0000", "libelle": "ps é"}}


def test_the_connection_is_kept_and_answers_are_prompt(service: ServiceHttp) -> None:
    c = connexion(service)
    durees = []
    try:
        c.connect()
        prise = c.sock
        for _ in range(20):
            debut = time.perf_counter()
            c.request("POST", "/rpc", json.dumps(appel("essai.echo")), {"Authorization": f"Bearer {JETON}"})
            assert c.getresponse().read()
            durees.append(time.perf_counter() - debut)
        assert c.sock is prise
    finally:
        c.close()
    # Nagle against delayed acknowledgements costs 40 ms at every call but the first ones; a busy machine spares some.
    assert min(durees[5:]) < 0.03


@pytest.mark.parametrize("jeton", [None, "", "faux", JETON + "x"])
def test_a_wrong_token_is_refused(service: ServiceHttp, jeton: str | None) -> None:
    statut, reponse = envoyer(service, appel("essai.echo"), jeton=jeton)
    assert statut == 401
    assert reponse["error"]["code"] == -32002
    assert "jeton" in reponse["error"]["message"]


@pytest.mark.parametrize(
    ("corps", "code", "mot"),
    [
        (b"{", -32700, "JSON"),
        (b"\xff\xfe", -32700, "UTF-8"),
        (b"[" * 9000, -32700, "JSON"),
        (b'{"jsonrpc":"2.0","id":1,"method":"essai.echo","params":{"x":NaN}}', -32700, "JSON"),
        (b'"texte"', -32600, "objet"),
        ([appel("essai.echo")], -32600, "un seul appel"),
        ({"jsonrpc": "2.0", "method": "essai.echo"}, -32600, "id"),
        (appel("essai.echo", jsonrpc="1.0"), -32600, "2.0"),
        (appel("essai.echo", surplus=1), -32600, "surplus"),
        ({"jsonrpc": "2.0", "id": 1, "method": 3}, -32600, "method"),
        (appel("essai.inconnue"), -32601, "essai.inconnue"),
        (appel("essai.echo", ["ps"]), -32602, "nommés"),
        (appel("essai.echo", {"ressource": "ps"}), -32602, "ressource : nom inconnu"),
        (appel("essai.echo", {"ressource_ps": 3}), -32602, "ressource_ps : texte attendu"),
        (appel("essai.echo", {"code_porteur": "1" * 13}), -32602, "12 caractères au plus"),
    ],
)
def test_malformed_calls_get_the_json_rpc_code(service: ServiceHttp, corps: Any, code: int, mot: str) -> None:
    statut, reponse = envoyer(service, corps)
    assert statut == 200
    assert reponse["error"]["code"] == code
    assert mot in reponse["error"]["message"]
    assert "1111" not in json.dumps(reponse)


def test_an_oversized_body_is_refused_with_an_answer(service: ServiceHttp) -> None:
    statut, reponse = envoyer(service, b" " * 10_001)
    assert (statut, reponse["error"]["code"]) == (413, -32600)
    assert "10000 octets" in reponse["error"]["message"]


def test_a_chunked_body_is_read_and_bounded(service: ServiceHttp) -> None:
    corps = json.dumps(appel("essai.echo", {"ressource_ps": "x"})).encode()
    for morceaux, attendu in (([corps[:10], corps[10:]], 200), ([b" " * 6000, b" " * 6000], 413)):
        c = connexion(service)
        c.request("POST", "/rpc", iter(morceaux), {"Authorization": f"Bearer {JETON}"}, encode_chunked=True)
        reponse = c.getresponse()
        assert reponse.status == attendu
        reponse.read()
        c.close()


def test_raw_requests_without_length_are_refused(service: ServiceHttp) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(service.url).port or 0), timeout=10) as prise:
        prise.sendall(f"POST /rpc HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {JETON}\r\n\r\n".encode())
        prise.shutdown(socket.SHUT_WR)
        assert prise.recv(4096).startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize("fonction", ["essai.panne", "essai.faux"])
def test_a_fault_of_ours_is_an_internal_error_and_an_event(service: ServiceHttp, banc: Banc, fonction: str) -> None:
    statut, reponse = envoyer(service, appel(fonction))
    assert (statut, reponse["error"]["code"]) == (200, -32603)
    assert "banc" in reponse["error"]["message"]
    [(nature, donnees)] = banc.evenements
    assert (nature, donnees["fonction"]) == ("erreur_banc", fonction)


def test_calls_are_served_one_at_a_time(service: ServiceHttp, banc: Banc) -> None:
    fils = [threading.Thread(target=envoyer, args=(service, appel("essai.lent"))) for _ in range(6)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(10)
    assert banc.maximum == 1


def test_the_description_is_served(service: ServiceHttp) -> None:
    c = connexion(service)
    c.request("GET", "/openrpc.json")
    reponse = c.getresponse()
    document = json.loads(reponse.read())
    c.close()
    assert reponse.status == 200
    assert [m["name"] for m in document["methods"]] == list(REGISTRE)


def test_unknown_addresses_are_not_found(service: ServiceHttp) -> None:
    assert envoyer(service, appel("essai.echo"), chemin="/autre")[0] == 404
    c = connexion(service)
    c.request("GET", "/")
    assert c.getresponse().status == 404
    c.close()


def test_closing_ends_idle_connections_at_once(banc: Banc) -> None:
    with ServiceHttp(REGISTRE, {"essai.echo": banc.echo}, jeton=JETON, emettre=banc.emettre) as service:
        c = connexion(service)
        c.request("POST", "/rpc", json.dumps(appel("essai.echo")), {"Authorization": f"Bearer {JETON}"})
        c.getresponse().read()
        debut = time.perf_counter()
        service.fermer()
        assert time.perf_counter() - debut < 10, "closing waited for the 30 s of an idle connection"
        assert c.sock.recv(1) == b""
        c.close()
    assert banc.evenements == []
