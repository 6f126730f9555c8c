"""The Node.js example: every scenario of its profile, its seeded faults, its pieces against independent tools."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from harness.adaptateur.client import ClientLps, open_transport
from harness.adaptateur.configuration import ConfigLps, load_configuration
from harness.adaptateur.stdio import TransportStdio
from harness.attestations import load_attestations
from harness.catalogue import Catalogue, load_catalogue
from harness.modele.scenario import EtapeLps
from harness.modele.verdict import ResultatScenario, Verdict
from harness.moteur import Banc, play
from harness.mutants import list_mutants
from harness.plomberie import check_adapter
from harness.profil import outside
from harness.scenarios import FichierScenario, discover, load_scenario
from norms.chargement import load_plain
from norms.cms import decompress, kind
from norms.contrat.adaptateur import Presentation
from norms.contrat.ports import PARIS
from norms.noemie import CodecNoemie, Conteneur, FactureReglee, Part, Reglement, Rejet, build_580
from norms.paquet import NormPack
from norms.ssv.documentation import NOM, render_groupes
from norms.tables import Organismes, Tarifs
from simulator.monde import ConfigMonde, MondeSimule
from simulator.pki import TestPki
from tests.conftest_outils import require_program

RACINE = Path(__file__).parents[2]
EXEMPLE = RACINE / "examples" / "node"
GUIDE = RACINE / "docs" / "guides" / "adaptateur-en-une-heure.md"
FICHIERS = discover([])
PACK = NormPack.par_defaut()
JOUR = datetime(2026, 3, 2, 9, tzinfo=PARIS)


@pytest.fixture(scope="module")
def node() -> str:
    return require_program("node")


@pytest.fixture(scope="module")
def config(node: str) -> ConfigLps:
    return load_configuration(EXEMPLE / "preagrement.toml")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def presentation(config: ConfigLps) -> Presentation:
    client = ClientLps(open_transport(config))
    try:
        return client.saluer()
    finally:
        client.fermer()


def evaluate(node: str, programme: str, entree: Any = None) -> Any:
    """Runs a few lines of JavaScript beside the example: ``entree`` is its input, ``sortie`` gives the result."""
    source = (
        "import { readFileSync } from 'node:fs';\n"
        "const entree = JSON.parse(readFileSync(0, 'utf8'));\n"
        "const sortie = (valeur) => console.log(JSON.stringify(valeur));\n" + programme
    )
    fait = subprocess.run(
        [node, "--input-type=module", "-e", source],
        input=json.dumps(entree).encode(),
        capture_output=True,
        cwd=EXEMPLE,
        timeout=60,
        check=False,
    )
    assert fait.returncode == 0, fait.stderr.decode()
    return json.loads(fait.stdout)


def scenario(identifiant: str) -> FichierScenario:
    return load_scenario(next(c for c in FICHIERS if c.stem == identifiant))


# --- scenarios ------------------------------------------------------------------------------------------
def expected(fichier: FichierScenario, presentation: Presentation) -> Verdict:
    """What the declared profile and operations promise: nothing else may come out."""
    if outside(fichier.scenario, presentation.profil):
        return Verdict.NON_APPLICABLE
    demandees = {e.lps for e in fichier.scenario.etapes if isinstance(e, EtapeLps)}
    return Verdict.CONFORME if demandees <= set(presentation.operations) else Verdict.NON_TESTE


@pytest.mark.parametrize("chemin", FICHIERS, ids=[c.stem for c in FICHIERS])
def test_scenario(
    chemin: Path, config: ConfigLps, catalogue: Catalogue, presentation: Presentation, tmp_path: Path
) -> None:
    fichier = load_scenario(chemin)
    attestations = load_attestations(config.attestations_file())
    resultat = play(Banc(config, catalogue, PACK, tmp_path, attestations=attestations), fichier)
    assert resultat.verdict is expected(fichier, presentation), resultat.model_dump_json(indent=1)


def test_at_least_fifteen_scenarios_are_of_its_profile(presentation: Presentation) -> None:
    attendus = [expected(load_scenario(c), presentation) for c in FICHIERS]
    assert attendus.count(Verdict.CONFORME) >= 15
    assert Verdict.NON_TESTE not in attendus  # else the campaign could not end with 0


def test_campaign_ends_with_zero_when_the_rest_is_out_of_profile(node: str, tmp_path: Path) -> None:
    mots = [
        sys.executable,
        "-m",
        "harness.cli",
        "run",
        "--lps",
        str(EXEMPLE / "preagrement.toml"),
        "--json",
        "--dossier",
        str(tmp_path / "d"),
    ]
    commande = [*mots, "-k", "FSE or SECU"]
    rendu = subprocess.run(commande, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert rendu.returncode == 0, rendu.stdout + rendu.stderr
    bilan = json.loads(rendu.stdout[rendu.stdout.index("{") :])["scenarios"]
    assert bilan["conforme"] >= 2
    assert bilan["non_applicable"] >= 3
    assert bilan["conforme"] + bilan["non_applicable"] == bilan["total"]


# --- over HTTP --------------------------------------------------------------------------------------------
@pytest.fixture
def http(node: str, tmp_path: Path) -> Iterator[Path]:
    """The configuration of the example that runs and listens: the bench neither starts nor stops it."""
    with subprocess.Popen([node, "adaptateur.mjs", "--http", "0"], cwd=EXEMPLE, stdout=subprocess.PIPE) as programme:
        assert programme.stdout
        url = programme.stdout.readline().decode().strip()
        chemin = tmp_path / "http.toml"
        livre = (EXEMPLE / "preagrement-http.toml").read_text(encoding="utf-8")
        chemin.write_text(
            livre.replace("http://127.0.0.1:8140/", url).replace("{ici}", EXEMPLE.as_posix()), encoding="utf-8"
        )
        try:
            yield chemin
        finally:
            programme.terminate()


def test_same_verdicts_over_http_one_scenario_after_the_other(http: Path, tmp_path: Path) -> None:
    mots = [sys.executable, "-m", "harness.cli", "run", "--lps", str(http), "--json", "--dossier", str(tmp_path / "d")]
    choisis = [mot for s in ("FSE-01", "LOT-01", "MSG-01", "DRE-01", "ARL-01", "APCV-01") for mot in ("-s", s)]
    rendu = subprocess.run([*mots, *choisis], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert rendu.returncode == 0, rendu.stdout + rendu.stderr
    bilan = json.loads(rendu.stdout[rendu.stdout.index("{") :])["scenarios"]
    assert (bilan["conforme"], bilan["non_applicable"], bilan["total"]) == (5, 1, 6)
    assert [c for c in check_adapter(load_configuration(http)) if not c.reussi] == []


def test_several_processes_on_one_http_workstation_are_refused(tmp_path: Path) -> None:
    mots = [sys.executable, "-m", "harness.cli", "run", "--lps", str(EXEMPLE / "preagrement-http.toml"), "-n", "2"]
    rendu = subprocess.run(mots, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert rendu.returncode == 2
    assert "un scénario à la fois" in rendu.stdout + rendu.stderr


def test_http_refuses_what_is_not_a_request_of_the_protocol(http: Path) -> None:
    url = load_configuration(http).url
    with pytest.raises(HTTPError, match="405"):
        urlopen(url, timeout=10)  # noqa: S310 - the example, on the loopback
    with pytest.raises(HTTPError, match="413"):
        urlopen(url, b" " * (8 * 1024 * 1024 + 1), timeout=10)  # noqa: S310
    with urlopen(url, b"{", timeout=10) as reponse:  # noqa: S310
        assert json.load(reponse)["error"]["code"] == -32700


@pytest.mark.parametrize(
    "cas",
    [
        ("lot-non-trie", "LOT-01", "SV-4.2.1.16.1-11"),
        ("en-clair", "MSG-01", "SV-3.2.9.4-02"),
        ("dre-oubliee", "DRE-01", "SV-4.2.1.12.1-10"),
    ],
)
def test_seeded_fault_is_reported_with_its_requirement(
    config: ConfigLps, catalogue: Catalogue, cas: tuple[str, str, str], tmp_path: Path
) -> None:
    faute, ou, exigence = cas
    resultat: ResultatScenario = play(Banc(config.with_mutant(faute), catalogue, PACK, tmp_path), scenario(ou))
    assert resultat.verdict is Verdict.NON_CONFORME
    assert exigence in {c.exigence for c in resultat.constats if c.verdict is Verdict.NON_CONFORME}
    assert {(m.id, m.exigences) for m in list_mutants(config)} >= {(faute, (exigence,))}


def test_unknown_fault_is_refused(node: str) -> None:
    fait = subprocess.run([node, "adaptateur.mjs", "--faute", "autre"], cwd=EXEMPLE, capture_output=True, check=False)
    assert fait.returncode == 2
    assert "lot-non-trie, en-clair, dre-oubliee" in fait.stderr.decode()


def test_malformed_requests_get_the_right_errors(node: str) -> None:
    monde = {"services_url": "http://127.0.0.1:9", "services_jeton": "x"}
    demarrer = {"graine": 1, "dossier": "d", "environnement": monde}

    def request(methode: str, **params: Any) -> str:
        return json.dumps({"jsonrpc": "2.0", "id": 1, "method": methode, "params": params})

    lignes = {
        "pas du JSON 1234": -32700,
        "[]": -32600,
        "null": -32600,
        request("toString"): -32601,
        request("lot.exporter"): -32602,
        request("poste.demarrer", **demarrer): -32602,
        request("poste.demarrer", maintenant="hier", **demarrer): -32602,
        request("bonjour", protocole="2.0"): -32001,
    }
    entree = "".join(f"{ligne}\n" for ligne in lignes)
    fait = subprocess.run(
        [node, "adaptateur.mjs"], input=entree, cwd=EXEMPLE, capture_output=True, text=True, timeout=30, check=False
    )
    reponses = [json.loads(ligne) for ligne in fait.stdout.splitlines()]
    assert [r["error"]["code"] for r in reponses] == list(lignes.values())
    assert "1234" not in fait.stdout + fait.stderr
    assert fait.returncode == 0


def test_plumbing(config: ConfigLps) -> None:
    controles = list(check_adapter(config))
    assert len(controles) >= 8
    assert [c for c in controles if not c.reussi] == []


# --- the workstation, on a real world ------------------------------------------------------------------
class Essai:
    """A world and the example driven by hand."""

    def __init__(self, config: ConfigLps, monde: MondeSimule, dossier: Path) -> None:
        self._config, self.monde, self._dossier = config, monde, dossier
        self.client: ClientLps
        self.transport: TransportStdio

    def start(self, **parametrage: Any) -> None:
        transport = open_transport(self._config)
        assert isinstance(transport, TransportStdio)
        self.transport, self.client = transport, ClientLps(transport)
        self.client.saluer()
        self.call(
            "poste.demarrer",
            maintenant=self.monde.horloge.now().isoformat(),
            graine=1,
            dossier=str(self._dossier),
            environnement=self.monde.environnement().model_dump(mode="json"),
            parametrage=parametrage,
        )

    def call(self, operation: str, **avec: Any) -> dict[str, Any]:
        reponse = self.client.appeler(operation, avec).model_dump(mode="json")
        self.monde.attendre_traitement()
        return reponse

    def invoice(self, **autres: Any) -> dict[str, Any]:
        self.call("ps.lire", code_porteur="1234")
        return self.call("facture.elaborer", prestations=[{"code": "G", "date": "2026-03-02"}], **autres)

    def send(self) -> list[dict[str, Any]]:
        self.call("lot.constituer", code_porteur="1234")
        self.call("fichier.constituer")
        return list(self.call("transmission.envoyer")["messages"])

    def received(self) -> list[Any]:
        return [f for e in self.monde.journal.of("flux") for f in e.donnees["factures"]]


@contextmanager
def essai(config: ConfigLps, dossier: Path, **parametrage: Any) -> Iterator[Essai]:
    lecteurs = {"ps": "dr-martin", "vitale": "durand-paul"}
    with MondeSimule(ConfigMonde(date=JOUR, lecteurs=lecteurs)) as monde:
        e = Essai(config, monde, dossier)
        e.start(**parametrage)
        try:
            yield e
        finally:
            e.client.fermer()


@pytest.mark.skipif(os.name == "nt", reason="arrêt brutal par signal, propre aux systèmes POSIX")
def test_killed_workstation_goes_on_where_it_was(config: ConfigLps, tmp_path: Path) -> None:
    with essai(config, tmp_path) as e:
        numero = e.invoice()["factures"][0]["numero"]
        os.kill(e.transport.pid, signal.SIGKILL)
        e.client.fermer()
        e.start()
        retrouvees = e.call("facture.lister", statut="securisee")["factures"]
        assert [f["numero"] for f in retrouvees] == [numero]
        assert [m["statut"] for m in e.send()] == ["accepte"]
        assert e.call("transmission.envoyer")["messages"] == []
        assert len(e.received()) == 1


def test_without_compression_the_message_says_so_and_opens(config: ConfigLps, tmp_path: Path) -> None:
    with essai(config, tmp_path, compression=False) as e:
        e.invoice()
        e.send()
        message = e.monde.journal.of("flux")[0].donnees["messages"][0]
        assert (message["content_description"], message["chiffre"], message["compresse"]) == (
            "FACTURE/SV/K",
            True,
            False,
        )
        assert message["anomalies"] == []


def test_reception_finds_nothing_to_reproach(config: ConfigLps, tmp_path: Path) -> None:
    with essai(config, tmp_path) as e:
        e.invoice(tiers_payant={"amo": True})
        e.send()
        donnees = e.monde.journal.of("flux")[0].donnees
        fautes = [
            a for table in ("messages", "fichiers", "lots", "factures") for x in donnees[table] for a in x["anomalies"]
        ]
        graves = [a for a in fautes if a["code"] != "LOT_AGREMENT_ABSENT"]  # the bench gave no approval number
        assert len(donnees["factures"]) == 1
        assert graves == []


def test_undelivered_message_leaves_again(config: ConfigLps, tmp_path: Path) -> None:
    with essai(config, tmp_path) as e:
        e.invoice()
        sujet = e.send()[0]["sujet"]
        avis = MIMEMultipart("report")
        avis["Subject"] = "Undelivered"
        avis.attach(MIMEText("non remis", "plain", "utf-8"))
        entetes = MIMENonMultipart("text", "rfc822-headers")
        entetes.set_payload(f"From: ps@cabinet.test\r\nSubject: {sujet}\r\n")
        avis.attach(entetes)
        boites = e.monde.messagerie.boites
        boites.deposit(e.monde.adresse_ps, avis.as_bytes().replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"))
        retours = e.call("retours.relever")["retours"]
        service = [r for r in retours if r["nature"] == "SERVICE"]
        assert [(r["message_origine"], r["rapproche"]) for r in service] == [(sujet, True)]
        assert [m["statut"] for m in e.call("transmission.envoyer")["messages"]] == ["accepte"]


def test_what_it_lacks_is_refused_in_clear(config: ConfigLps, tmp_path: Path) -> None:
    identite = {"nir": "1790175999001", "cle": "86", "regime": "01", "caisse": "349", "centre": "9881"}
    identite |= {"naissance": "19790115", "nom": "LEROY", "prenom": "JEAN"}
    with essai(config, tmp_path) as e:
        for autres in (
            {"mode": "DEGRADE"},
            {"beneficiaire": {"source": "saisie", "identite": identite}},
            {"complementaire": {"source": "carte_vitale", "gestion": "unique"}},
            {"numero": "12"},
        ):
            reponse = e.invoice(**autres)
            assert reponse["issue"] == "refus"
            assert reponse["motif"]
        assert e.call("facture.lister")["factures"] == []
        assert e.call("lot.exporter", reference="001")["issue"] == "refus"


def test_ald_is_paid_in_full_and_outside_the_pathway_at_thirty_per_cent(config: ConfigLps, tmp_path: Path) -> None:
    with essai(config, tmp_path) as e:
        # 30 % of 25,00 €, then 100 % of it.
        assert e.invoice(parcours="S")["factures"][0]["montants"]["amo"] == 750
        e.monde.agir("carte.retirer", {"lecteur": "vitale"})
        e.monde.agir("carte.inserer", {"lecteur": "vitale", "carte": "bernard-ald"})
        assert e.invoice()["factures"][0]["montants"]["amo"] == 2500


# --- pieces, against the norm and independent tools -----------------------------------------------------
def test_envelopes_open_with_openssl(node: str, tmp_path: Path) -> None:
    openssl = require_program("openssl")
    cle, certificat = tmp_path / "cle.pem", tmp_path / "certificat.pem"
    commande: list[str | Path] = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    commande += ["-keyout", cle, "-out", certificat]
    subprocess.run([*commande, "-subj", "/CN=Essai/O=SIMULATION", "-days", "2"], check=True, capture_output=True)
    contenus = [bytes((i * 7 + n) % 256 for i in range(n)) for n in (0, 1, 15, 16, 100, 127, 128, 300, 70_000)]
    produits = evaluate(
        node,
        "import { X509Certificate } from 'node:crypto';\n"
        "import { chiffrer, compresser } from './cms.mjs';\n"
        "const certificat = new X509Certificate(entree.pem);\n"
        "sortie(entree.contenus.map((c) => Buffer.from(c, 'base64')).map((c) => [\n"
        "  chiffrer(c, certificat).toString('base64'), compresser(c).toString('base64')]));",
        {"pem": certificat.read_text(), "contenus": [base64.b64encode(c).decode() for c in contenus]},
    )
    for contenu, (enveloppe, compresse) in zip(contenus, produits, strict=True):
        (tmp_path / "e.der").write_bytes(base64.b64decode(enveloppe))
        ouvrir: list[str | Path] = [openssl, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", tmp_path / "e.der"]
        fait = subprocess.run([*ouvrir, "-inkey", cle, "-recip", certificat], check=True, capture_output=True)
        assert fait.stdout == contenu
        der = base64.b64decode(compresse)
        assert kind(der) == "compressed_data"
        assert decompress(der) == contenu
        assert zlib.compress(contenu)[:1] in der


def test_certificate_is_the_recipients_in_force_and_not_revoked(node: str) -> None:
    pki = TestPki(JOUR)
    role, numero = "chiffrement_piece_jointe", "01349"
    adresse = "01349@349.01.rss.test"
    perime = pki.certificat(role, numero, "expire")

    def pem(certificat: Certificate) -> str:
        return certificat.public_bytes(Encoding.PEM).decode()

    def choose(variantes: list[str], instant: datetime = JOUR, a: str = adresse) -> Any:
        certificats = [
            {"usage": role, "porteur": numero, "adresse": adresse, "pem": pem(pki.certificat(role, numero, v))}
            for v in variantes
        ]
        annuaire = {
            "certificats": certificats,
            "autorites": [pem(x) for x in pki.autorites()],
            "crl": [{"niveau": n, "der": base64.b64encode(pki.crl(n)).decode()} for n in pki.niveaux],
        }
        return evaluate(
            node,
            "import { choisirCertificat } from './cms.mjs';\n"
            "const alertes = [];\n"
            "try {\n"
            "  const [annuaire, instant] = [entree.annuaire, new Date(entree.instant)];\n"
            "  const c = choisirCertificat(annuaire, entree.adresse, instant, (t) => alertes.push(t));\n"
            "  sortie({ serie: c.serialNumber, alertes });\n"
            "} catch (erreur) { sortie({ refus: erreur.message, alertes }); }",
            {"annuaire": annuaire, "instant": instant.isoformat(), "adresse": a},
        )

    valide = f"{pki.certificat(role, numero).serial_number:X}"
    assert choose(["revoque", "expire", "pas_encore_valide", "valide"]) == {
        "serie": valide.rjust(len(valide) + len(valide) % 2, "0"),
        "alertes": [],
    }
    vieux = choose(["expire"])
    assert int(vieux["serie"], 16) == perime.serial_number
    assert "périmé" in vieux["alertes"][0]
    assert "révoqué" in choose(["revoque"])["refus"]
    assert "aucun certificat" in choose(["valide"], a="autre@ailleurs.test")["refus"]


@pytest.mark.parametrize("conteneur", list(Conteneur))
def test_payment_returns_are_read_in_both_containers(node: str, conteneur: Conteneur) -> None:
    codec = CodecNoemie(PACK)
    factures = tuple(
        FactureReglee(f"{n:09d}", "001", date(2026, 3, 2),
                      amo=Part(1750, 0 if n == 2 else 1750, "R" if n == 2 else "P"),
                      amc=Part(750, 750, "P", "0075500017", "A1") if n == 3 else None,
                      rejets=(Rejet("0101", "DROITS NON OUVERTS"),) if n == 2 else ())
        for n in (1, 2, 3)
    )  # fmt: skip
    reglement = Reglement("99111111", date(2026, 3, 9), "01349", factures, "CPAM", "VIREMENT")
    octets = codec.ecrire(build_580(codec, {"identifiant_fichier": "000001"}, [reglement]), conteneur)
    lues = evaluate(
        node,
        "import { lireRsp } from './noemie.mjs';\nsortie(lireRsp(Buffer.from(entree, 'base64')));",
        base64.b64encode(octets).decode(),
    )
    paye, rejete = {"etat": "P", "montant": 1750}, {"etat": "R", "montant": 0}
    assert [(f["numero"], f["lot"], f["type"]) for f in lues] == [(f"{n:09d}", "001", "F") for n in (1, 2, 3)]
    assert [f["parts"] for f in lues] == [[paye], [rejete], [paye, {"etat": "P", "montant": 750}]]
    assert [f["rejets"] for f in lues] == [[], [{"code": "0101", "libelle": "DROITS NON OUVERTS"}], []]


@pytest.mark.parametrize("octets", [b"", b"000", b"000" + b" " * 300, b"x" * 400])
def test_an_unreadable_payment_return_is_told(node: str, octets: bytes) -> None:
    programme = (
        "import { lireRsp } from './noemie.mjs';\n"
        "try { lireRsp(Buffer.from(entree, 'base64')); sortie('lu'); } catch (erreur) { sortie(erreur.name); }"
    )
    assert evaluate(node, programme, base64.b64encode(octets).decode()) == "RangeError"


def test_its_tables_are_those_of_the_norm(node: str) -> None:
    lues = evaluate(
        node,
        "import { LONGUEURS, COLONNES } from './noemie.mjs';\n"
        "import { tarifs } from './tarifs.mjs';\n"
        "import { organismeDestinataire as o } from './facture.mjs';\n"
        "import { suivante } from './lots.mjs';\n"
        "const references = [['FSE', '998'], ['FSE', '999'], ['DRE', 'AAZ'], ['DRE', 'AZZ'], ['DRE', 'ZZZ']];\n"
        "sortie({ LONGUEURS, COLONNES, tarifs: tarifs(), destinataires: entree.map((e) => o(...e)),\n"
        "  suivantes: references.map((r) => suivante(...r)) });",
        organisations := [
            ["01", "349", "9881"], ["04", "751", "0000"], ["12", "001", "0000"], ["02", "495", "0000"],
            ["02", "349", "0000"], ["91", "751", "0501"], ["91", "751", "0502"], ["93", "911", "0123"],
            ["94", "751", "0511"], ["94", "951", "0512"], ["95", "781", "0001"], ["96", "130", "0001"],
        ],
    )  # fmt: skip
    assert lues["suivantes"] == ["999", "001", "ABA", "BAA", "AAA"]
    dispositions = {
        e: load_plain(RACINE / f"norms/donnees/noemie/entite_{e}.yaml") for e in {*lues["LONGUEURS"], "000"}
    }
    assert lues["LONGUEURS"] == {e: int(dispositions[e]["longueur"]) for e in lues["LONGUEURS"]}
    for entite, colonnes in lues["COLONNES"].items():
        champs = {c["nom"]: c["colonnes"].split("-") for c in dispositions[entite]["champs"]}
        assert colonnes == {nom: [int(champs[nom][0]), int(champs[nom][-1])] for nom in colonnes}
    table = Tarifs(PACK)
    for code, tarif in lues["tarifs"].items():
        depuis = date.fromisoformat(tarif["debut"])
        pour = table.tarif(code, date(2026, 3, 2), "01")
        assert pour is not None
        assert (pour.montant, pour.debut) == (tarif["centimes"], depuis)
    assert lues["destinataires"] == [Organismes(PACK).destinataire(*o) for o in organisations]


# --- documents ------------------------------------------------------------------------------------------
def test_page_of_groups_is_current() -> None:
    assert (RACINE / "docs" / "schemas" / NOM).read_text(encoding="utf-8") == render_groupes(PACK)


def test_guide_needs_at_most_eight_commands_and_names_real_files() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    blocs = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
    assert 1 <= len(blocs[0].splitlines()) <= 8
    assert "preagrement run --lps examples/node/preagrement.toml" in blocs[0]
    cites = set(re.findall(r"`([\w-]+\.(?:mjs|toml))`", guide))
    assert cites >= {p.name for p in EXEMPLE.glob("*.mjs")} - {"erreurs.mjs"}
    for nom in cites:
        assert (EXEMPLE / nom).is_file(), nom
    for page in re.findall(r"\]\((\.\./[^)#]+)\)", guide):
        assert (GUIDE.parent / page).exists(), page


def test_guide_lists_the_fields_that_the_services_demand() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    lignes = re.findall(r"^\| (\d{4})(?: \(DRE\))? \| ([\d, ]+) \|$", guide, re.MULTILINE)
    dits = {f"{groupe}-{champ.strip()}" for groupe, champs in lignes for champ in champs.split(",")}
    regles = load_plain(RACINE / "simulator/donnees/ssv/mise_en_forme.yaml")["champs_obligatoires"]
    assert dits == {*regles["tous"], *regles["DRE"]}


def test_example_has_no_dependency_and_imports_only_node_and_itself() -> None:
    paquet = json.loads((EXEMPLE / "package.json").read_text(encoding="utf-8"))
    assert not {"dependencies", "devDependencies", "optionalDependencies"} & set(paquet)
    importes = {m for p in EXEMPLE.glob("*.mjs") for m in re.findall(r'from "([^"]+)"', p.read_text(encoding="utf-8"))}
    assert importes
    assert all(m.startswith(("node:", "./")) for m in importes)
    assert not (EXEMPLE / "node_modules").exists()
