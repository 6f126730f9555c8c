"""ApCV and ADR over their real HTTP service: contexts, rights, faults, delays, signature checked by OpenSSL."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from norms.chargement import ErreurChargement
from simulator.adr import DroitsEnLigne
from simulator.cards.modele import load_vitale
from simulator.monde import ConfigMonde, ErreurAction, MondeSimule
from simulator.monde.config import POPULATION

JOUR = {"date_consultation": "20260302"}
REEL = """but: un dossier réel
personne: {nom: X, prenom: Y, nir: "1550475111012", cle: "03", naissance: "19550412"}
"""
BERNARD = {"nir": "1490631999056", "naissance": "19490622", "rang": "1", **JOUR}


class Client:
    """Calls a world's services as an LPS does."""

    def __init__(self, monde: MondeSimule) -> None:
        env = monde.environnement()
        self.monde, self._jeton = monde, env.services_jeton
        self._port = urlsplit(env.services_url).port

    def __call__(self, fonction: str, **params: Any) -> dict[str, Any]:
        connexion = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            corps = json.dumps({"jsonrpc": "2.0", "id": 1, "method": fonction, "params": params})
            connexion.request("POST", "/rpc", corps, {"Authorization": f"Bearer {self._jeton}"})
            lue: dict[str, Any] = json.loads(connexion.getresponse().read())
        finally:
            connexion.close()
        assert "result" in lue, lue
        resultat: dict[str, Any] = lue["result"]
        return resultat

    def code(self, fonction: str, **params: Any) -> str:
        return str(self(fonction, **params)["code_retour"])


@pytest.fixture
def client() -> Iterator[Client]:
    with MondeSimule(ConfigMonde(lecteurs={"ps": "dr-martin"})) as monde:
        c = Client(monde)
        c("ssv.init_lib")
        assert c.code("ssv.lire_carte_ps", code_porteur="1234") == "0000"
        yield c


def champs(reponse: dict[str, Any], groupe: int) -> list[list[str]]:
    return [g["champs"] for g in reponse["groupes"] if g["groupe"] == groupe]


# --- ApCV ---------------------------------------------------------------------------------------------------
def test_a_context_holds_the_people_of_the_phone_and_none_of_their_rights(client: Client) -> None:
    client.monde.agir("apcv.presenter", {"carte": "famille-petit", "beneficiaires": [2, 3]})
    contexte = client("apcv.demander_authentification")
    assert [i["prenom"] for i in contexte["identites"]] == ["SONIA", "ZOE"]
    assert contexte["fin_validite"] == "2026-03-02T09:30:00+01:00"
    assert not [cle for cle in contexte if "droit" in cle or "couverture" in cle or cle == "groupes"]


def test_the_phone_needs_the_open_card_of_the_ps(client: Client) -> None:
    client.monde.agir("apcv.presenter", {"carte": "famille-petit"})
    client.monde.agir("carte.retirer", {"lecteur": "ps"})
    assert client.code("apcv.demander_authentification") == "F001"
    client.monde.agir("carte.inserer", {"lecteur": "ps", "carte": "dr-martin"})
    assert client.code("apcv.demander_authentification") == "F003"
    assert client.code("apcv.demander_authentification", code_porteur="1234") == "0000"


def test_no_phone_refusal_and_unknown_context(client: Client) -> None:
    assert client.code("apcv.demander_authentification") == "A101"
    client.monde.agir("apcv.presenter", {"carte": "famille-petit"})
    client.monde.agir("apcv.defaut", {"defaut": "refus"})
    assert client.code("apcv.demander_authentification") == "A102"
    assert client.code("adr.interroger", contexte="CTX999999", **JOUR) == "A104"
    assert client.code("apcv.signer_empreinte", contexte="CTX999999", empreinte="0" * 64) == "A104"


def test_the_signature_holds_for_openssl_until_the_context_ends(client: Client, tmp_path: Path) -> None:
    client.monde.agir("apcv.presenter", {"carte": "famille-petit", "validite_minutes": 10})
    contexte = client("apcv.demander_authentification")["contexte"]
    empreinte = "ab" * 32
    signature = client("apcv.signer_empreinte", contexte=contexte, empreinte=empreinte)["signature"]
    serie = load_vitale(POPULATION / "cartes/vitale/famille-petit.yaml").numero_serie
    certificat = client.monde.pki.identite_vitale(serie).certificat
    (tmp_path / "cert.pem").write_bytes(certificat.public_bytes(Encoding.PEM))
    (tmp_path / "sig.b64").write_text(signature, encoding="ascii")
    (tmp_path / "empreinte").write_bytes(bytes.fromhex(empreinte))
    openssl = ["openssl", "base64", "-d", "-A", "-in", str(tmp_path / "sig.b64"), "-out", str(tmp_path / "sig")]
    subprocess.run(openssl, check=True, timeout=20)
    verifier = [
        "openssl", "pkeyutl", "-verify", "-certin", "-inkey", str(tmp_path / "cert.pem"), "-pkeyopt", "digest:sha256",
        "-sigfile", str(tmp_path / "sig"), "-in", str(tmp_path / "empreinte"),
    ]  # fmt: skip
    assert subprocess.run(verifier, check=False, timeout=20, capture_output=True).returncode == 0
    (tmp_path / "empreinte").write_bytes(bytes(32))
    assert subprocess.run(verifier, check=False, timeout=20, capture_output=True).returncode != 0
    client.monde.agir("horloge.avancer", {"minutes": 10})
    assert client.code("apcv.signer_empreinte", contexte=contexte, empreinte=empreinte) == "0000"  # the last instant
    client.monde.agir("horloge.avancer", {"minutes": 1})
    assert client.code("apcv.signer_empreinte", contexte=contexte, empreinte=empreinte) == "A103"
    assert client.code("adr.interroger", contexte=contexte, **JOUR) == "A103"


@pytest.mark.parametrize(
    ("defaut", "fonction"),
    [("silence", "apcv.demander_authentification"), ("adr_silence", "adr.interroger")],
)
def test_silence_is_a_connection_closed_without_a_byte_and_is_logged(
    client: Client, defaut: str, fonction: str
) -> None:
    client.monde.agir("apcv.presenter", {"carte": "famille-petit"})
    client.monde.agir("apcv.defaut", {"defaut": defaut})
    params = BERNARD if fonction == "adr.interroger" else {}
    with pytest.raises(http.client.RemoteDisconnected):
        client(fonction, **params)
    dernier = client.monde.journal.of("appel_service")[-1].donnees
    assert (dernier["fonction"], dernier["code_retour"], dernier["resultat"]) == (fonction, "", None)


def test_faults_of_the_signature(client: Client) -> None:
    client.monde.agir("apcv.presenter", {"carte": "famille-petit"})
    contexte = client("apcv.demander_authentification")["contexte"]
    params = {"contexte": contexte, "empreinte": "00" * 32}
    client.monde.agir("apcv.defaut", {"defaut": "signature_refusee"})
    assert client.code("apcv.signer_empreinte", **params) == "A105"
    client.monde.agir("apcv.defaut", {"defaut": "signature_muette"})
    with pytest.raises(http.client.RemoteDisconnected):
        client("apcv.signer_empreinte", **params)
    client.monde.agir("apcv.defaut", {"defaut": "expire_a_la_signature"})
    assert client.code("apcv.signer_empreinte", **params) == "A103"
    client.monde.agir("apcv.defaut", {})
    assert client.code("apcv.signer_empreinte", **params) == "A104"  # that context is gone for good


def test_a_delay_is_real_and_the_world_closes_without_waiting_for_it() -> None:
    with MondeSimule(ConfigMonde(lecteurs={"ps": "dr-martin"})) as monde:
        c = Client(monde)
        c("ssv.init_lib")
        c("ssv.lire_carte_ps", code_porteur="1234")
        monde.agir("apcv.defaut", {"delai_ms": 300})
        debut = time.perf_counter()
        assert c.code("adr.interroger", **BERNARD) == "0000"
        assert time.perf_counter() - debut >= 0.3
        monde.agir("apcv.defaut", {"delai_ms": 60_000})

        def patient() -> None:
            with contextlib.suppress(OSError):
                c("adr.interroger", **BERNARD)

        fil = threading.Thread(target=patient)
        fil.start()
        time.sleep(0.2)
        debut = time.perf_counter()
    assert time.perf_counter() - debut < 40, "the world waited for the 60 s"
    fil.join(10)
    assert not fil.is_alive()


def test_actions_refuse_what_makes_no_sense(client: Client) -> None:
    with pytest.raises(ErreurAction, match="carte Vitale"):
        client.monde.agir("apcv.presenter", {"carte": "dr-martin"})
    with pytest.raises(ErreurAction, match="1 bénéficiaire"):
        client.monde.agir("apcv.presenter", {"carte": "durand-paul", "beneficiaires": [2]})
    with pytest.raises(ErreurAction):
        client.monde.agir("apcv.defaut", {"defaut": "inconnu"})


# --- ADR ----------------------------------------------------------------------------------------------------
def test_adr_answers_what_the_amo_wrote_on_the_card_and_nothing_of_the_card(client: Client) -> None:
    """NGUYEN LINH has an AMC zone: ADR knows single management alone (cdc §2.2.1.3)."""
    reponse = client("adr.interroger", nir="2850913999046", naissance="19850921", rang="1", **JOUR)
    assert champs(reponse, 101)[0][:3] == ["", "", ""]
    assert champs(reponse, 101)[0][7] == "2850913999046"
    assert not champs(reponse, 109)
    assert (reponse["nature_piece_amo"], reponse["nature_piece_amc"], reponse["ame_fin"]) == ("4", "", "")


def test_adr_gives_c2s_and_the_single_management_cover(client: Client) -> None:
    reponse = client("adr.interroger", nir="1860613999045", naissance="19860618", rang="1", **JOUR)
    assert champs(reponse, 104)[0][14:17] == ["01", "20260301", "20270228"]
    assert champs(reponse, 107)[0][0] == "99000066"
    assert reponse["nature_piece_amc"] == "4"


def test_adr_gives_ame_to_who_has_no_card(client: Client) -> None:
    reponse = client("adr.interroger", nir="2890399999127", naissance="19890314", rang="1", **JOUR)
    assert (reponse["ame_debut"], reponse["ame_fin"]) == ("20250901", "20260831")
    assert champs(reponse, 101)[0][9:12] == ["01", "751", "0000"]


def test_adr_never_gives_the_alsace_moselle_mark(client: Client) -> None:
    reponse = client("adr.interroger", nir="1700267999261", naissance="19700225", rang="1", **JOUR)
    assert champs(reponse, 106) == [["20200101", "20291231", "0", "0100"]]  # 0113 on the card


def test_a_file_says_everything_adr_knows(client: Client) -> None:
    assert champs(client("adr.interroger", **BERNARD), 106) == [["20260216", "20291231", "0", "0100"]]
    joly = client("adr.interroger", nir="2430123999373", naissance="19430108", rang="1", **JOUR)
    assert champs(joly, 105) == [["20200101", "20291231"]]
    assert not champs(joly, 106)


def test_adr_needs_the_open_card_of_the_ps_and_somebody_it_knows(client: Client) -> None:
    assert client.code("adr.interroger", nir="1490631999056", naissance="19490623", rang="1", **JOUR) == "A202"
    client.monde.agir("apcv.defaut", {"defaut": "adr_erreur"})
    assert client.code("adr.interroger", **BERNARD) == "A201"
    client.monde.agir("apcv.defaut", {})
    client.monde.agir("carte.retirer", {"lecteur": "ps"})
    assert client.code("adr.interroger", **BERNARD) == "F001"


def test_everyone_with_a_card_is_known(client: Client) -> None:
    for chemin in sorted((POPULATION / "cartes" / "vitale").glob("*.yaml")):
        image = load_vitale(chemin)
        for b in image.beneficiaires:
            code = client.code("adr.interroger", nir=image.assure.nir, naissance=b.naissance, rang=b.rang, **JOUR)
            assert code == "0000", (chemin.stem, b.prenom)


@pytest.mark.parametrize(
    ("texte", "motif"),
    [
        ("but: un dossier d'essai\n", "carte"),
        ("but: un dossier d'essai\ncarte: durand-paul\ninconnu: x\n", "inconnu"),
        (
            REEL,
            "NIR",
        ),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, texte: str, motif: str) -> None:
    (tmp_path / "faux.yaml").write_text(texte, encoding="utf-8")
    with pytest.raises(ErreurChargement, match=motif):
        DroitsEnLigne(tmp_path, lambda: iter(())).find("1", "2", "3")
