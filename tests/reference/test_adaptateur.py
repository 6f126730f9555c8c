"""The protocol server: envelopes, refusals, breakdowns that tell nothing, stdio and HTTP."""

from __future__ import annotations

import http.client
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from norms.contrat.adaptateur import OPERATIONS, VERSION
from reference.adaptateur import MAX_OCTETS, Adaptateur, creer
from reference.commande import main, serve_stdio
from reference.mutants import MUTANTS

BONJOUR = b'{"jsonrpc":"2.0","id":1,"method":"bonjour","params":{"protocole":"1.0"}}'
AU_REVOIR = b'{"jsonrpc":"2.0","id":2,"method":"au_revoir","params":{}}'


def reponse(corps: bytes, adaptateur: Adaptateur | None = None) -> dict[str, Any]:
    lue: dict[str, Any] = json.loads((adaptateur or creer()).handle(corps))
    return lue


def test_bonjour_declare_tout_le_protocole() -> None:
    resultat = reponse(BONJOUR)["result"]
    assert set(resultat["operations"]) == set(OPERATIONS)
    assert resultat["profil"]["specialites"] == ["01"]
    assert {"gestion_unique", "gestion_separee", "telemedecine", "ApCV"} <= set(resultat["profil"]["capacites"])


@pytest.mark.parametrize("version", ["2.0", "0.9", ""])
def test_version_refusee(version: str) -> None:
    corps = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "bonjour", "params": {"protocole": version}}).encode()
    erreur = reponse(corps)["error"]
    assert erreur["code"] == -32001
    assert erreur["data"] == {"versions": [VERSION]}


def test_version_mineure_acceptee() -> None:
    assert "result" in reponse(BONJOUR.replace(b'"1.0"', b'"1.3"'))


@pytest.mark.parametrize(
    ("corps", "code"),
    [
        (b"{", -32700),
        (b"\xff", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"bonjour","params":{"protocole":NaN}}', -32700),
        (b"[]", -32600),
        (b'{"jsonrpc":"2.0","method":"bonjour"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"bonjour"}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"bonjour"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"bonjour","params":[]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"facture.inventer"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"bonjour","params":{"inconnu":1}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"facture.elaborer","params":{"prestations":[]}}', -32602),
        (b" " * (MAX_OCTETS + 1), -32600),
    ],
)
def test_requete_incorrecte(corps: bytes, code: int) -> None:
    assert reponse(corps)["error"]["code"] == code


def test_avant_le_demarrage_tout_est_refuse() -> None:
    resultat = reponse(b'{"jsonrpc":"2.0","id":1,"method":"lot.lister"}')["result"]
    assert (resultat["issue"], "poste.demarrer" in resultat["motif"]) == ("refus", True)


def test_une_panne_ne_dit_rien_du_code_porteur(capsys: pytest.CaptureFixture[str]) -> None:
    adaptateur = creer()

    def casse(params: Any) -> Any:
        raise RuntimeError(f"panne avec {params.code_porteur}")

    adaptateur._operations["ps.lire"] = casse
    corps = b'{"jsonrpc":"2.0","id":1,"method":"ps.lire","params":{"code_porteur":"4821"}}'
    erreur = reponse(corps, adaptateur)["error"]
    assert erreur["code"] == -32603
    assert "RuntimeError" in erreur["message"]
    sorties = capsys.readouterr()
    assert "4821" not in erreur["message"] + sorties.out + sorties.err


def test_mutant_inconnu() -> None:
    with pytest.raises(ValueError, match="lot-non-trie"):
        creer(mutant="inexistant")


def test_stdio_une_ligne_une_reponse_jusqu_a_au_revoir() -> None:
    sortie = io.BytesIO()
    serve_stdio(creer(), io.BytesIO(BONJOUR + b"\n\n" + AU_REVOIR + b"\n" + BONJOUR + b"\n"), sortie)
    assert [json.loads(ligne)["id"] for ligne in sortie.getvalue().splitlines()] == [1, 2]


def test_stdio_ligne_trop_longue_puis_la_suite() -> None:
    sortie = io.BytesIO()
    serve_stdio(creer(), io.BytesIO(b" {" + b"x" * (MAX_OCTETS + 50) + b"\n" + BONJOUR + b"\n"), sortie)
    premiere, seconde = (json.loads(ligne) for ligne in sortie.getvalue().splitlines())
    assert premiere["error"]["code"] == -32600
    assert seconde["result"]["protocole"] == VERSION


def test_programme_stdio_s_arrete_a_la_fin_de_l_entree() -> None:
    fini = subprocess.run(
        [sys.executable, "-m", "reference"], input=BONJOUR + b"\n", capture_output=True, timeout=60, check=True
    )
    assert len(fini.stdout.splitlines()) == 1
    assert json.loads(fini.stdout)["result"]["produit"]


def test_programme_http() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reference", "--http", "0"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as programme:
        assert programme.stderr is not None
        trouve = re.search(rb":(\d+)/", programme.stderr.readline())
        assert trouve is not None
        lien = http.client.HTTPConnection("127.0.0.1", int(trouve[1]), timeout=30)
        recues = []
        for corps in (BONJOUR, AU_REVOIR):
            lien.request("POST", "/", corps)
            with lien.getresponse() as r:
                recues.append(json.loads(r.read())["id"])
        lien.close()
        assert recues == [1, 2]
        assert programme.wait(30) == 0


def test_liste_des_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--mutants"]) == 0
    liste = json.loads(capsys.readouterr().out)
    assert [m["id"] for m in liste] == list(MUTANTS)
    assert all(m["exigence"] == m["exigences"][0] for m in liste)


def test_dossier_inutilisable(tmp_path: Path) -> None:
    (tmp_path / "poste").write_text("pas un dossier")
    boite = {"hote": "127.0.0.1", "port": 1}
    corps = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "poste.demarrer",
        "params": {
            "maintenant": "2026-03-02T09:00:00+01:00",
            "graine": 1,
            "dossier": str(tmp_path / "poste"),
            "environnement": {
                "services_url": "http://127.0.0.1:1",
                "services_jeton": "x",
                "smtp": boite,
                "pop3": boite,
            },
        },
    }
    resultat = reponse(json.dumps(corps).encode())["result"]
    assert resultat["issue"] == "refus"
    assert "dossier de travail" in resultat["motif"]
