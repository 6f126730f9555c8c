"""The test PKI judged by openssl: chains, variants, revocation lists; and the same bytes every time."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from norms.chargement import ErreurChargement
from norms.contrat.ports import PARIS
from simulator.pki import ErreurPki, Porteur, Profil, TestPki
from simulator.pki.profil import CLES, PROFIL
from tests.pki.outils import DATE, Openssl

TITULAIRES = [
    ("cps_signature", "00000101", "cps"),
    ("cps_authentification", "99700000001", "cps"),
    ("vitale", "800000000000000101", "vitale"),
    ("chiffrement_donnees", "01349", "donnees"),
    ("chiffrement_donnees", "75500017", "donnees"),
    ("chiffrement_piece_jointe", "01422", "piece_jointe"),
    ("chiffrement_piece_jointe", "OCT01", "piece_jointe"),
]


def _judge(openssl: Openssl, pki: TestPki, certificat: x509.Certificate, niveau: str, instant: datetime = DATE) -> str:
    """What ``openssl verify`` says, revocation of the whole chain included; empty when all is well."""
    liste = b"".join(x509.load_der_x509_crl(pki.crl(n)).public_bytes(Encoding.PEM) for n in ("racine", niveau))
    fini = openssl.attempt(
        *("verify", "-x509_strict", "-check_ss_sig", "-crl_check_all", "-attime", str(int(instant.timestamp()))),
        *("-CAfile", openssl.file(pki.root), "-untrusted", openssl.file(pki.autorite(niveau))),
        *("-CRLfile", openssl.file(liste), openssl.file(certificat)),
    )
    return "" if fini.returncode == 0 else fini.stderr.decode()


@pytest.mark.parametrize(("role", "nom", "niveau"), TITULAIRES)
def test_openssl_accepts_and_refuses_each_variant(
    openssl: Openssl, pki: TestPki, role: str, nom: str, niveau: str
) -> None:
    attendus = {
        "valide": "",
        "renouvele": "",
        "expire": "certificate has expired",
        "revoque": "certificate revoked",
        "pas_encore_valide": "certificate is not yet valid",
    }
    assert set(attendus) == set(pki.profil.donnees.variantes)
    for variante, attendu in attendus.items():
        dit = _judge(openssl, pki, pki.certificat(role, nom, variante), niveau)
        assert attendu in dit if attendu else dit == "", variante


def test_certificates_say_they_are_worth_nothing(openssl: Openssl, pki: TestPki) -> None:
    for certificat in (*pki.autorites(), pki.certificat("vitale", "800000000000000101")):
        texte = openssl.run("x509", "-in", openssl.file(certificat), "-noout", "-subject", "-issuer").decode()
        assert texte.count("SIMULATION SANS VALEUR") == 2


def test_subjects_and_usages_according_to_openssl(openssl: Openssl, pki: TestPki) -> None:
    piece = pki.certificat("chiffrement_piece_jointe", "01349")
    texte = openssl.run("x509", "-in", openssl.file(piece), "-noout", "-text").decode()
    assert "CN = 01349@349.01.rss.test" in texte
    assert "email:01349@349.01.rss.test" in texte
    assert "Key Encipherment\n" in texte
    assert "CA:FALSE" in texte
    derive = pki.certificat("chiffrement_piece_jointe", "02110")
    assert "CN = 02110@110.02.rss.test" in openssl.run("x509", "-in", openssl.file(derive), "-noout", "-text").decode()
    signature = pki.certificat("cps_signature", "00000101")
    texte = openssl.run("x509", "-in", openssl.file(signature), "-noout", "-text").decode()
    assert "Digital Signature, Non Repudiation" in texte
    assert "CN = 00000101" in texte


def test_the_key_matches_the_certificate(pki: TestPki) -> None:
    for role, nom, _ in TITULAIRES:
        for variante in pki.profil.donnees.variantes:
            publique = pki.certificat(role, nom, variante).public_key()
            assert publique == pki.cle(role, nom).public_key()


def test_cards_identities(pki: TestPki) -> None:
    cps = pki.identite_cps("00000101")
    assert cps.cert_signature.public_key() == cps.cle_signature.public_key()
    assert cps.cert_authentification.public_key() == cps.cle_authentification.public_key()
    assert cps.cle_signature.public_key() != cps.cle_authentification.public_key()
    vitale = pki.identite_vitale("800000000000000101", "expire")
    assert vitale.certificat.public_key() == vitale.cle.public_key()
    assert vitale.certificat.not_valid_after_utc < DATE


# ---- revocation lists


def test_openssl_reads_the_lists(openssl: Openssl, pki: TestPki) -> None:
    attendus = {
        role: {f"{pki.certificat(role, p.nom, 'revoque').serial_number:X}" for p in pki.porteurs(role)}
        for role in ("chiffrement_donnees", "chiffrement_piece_jointe")
    }
    for niveau, role in (("donnees", "chiffrement_donnees"), ("piece_jointe", "chiffrement_piece_jointe")):
        texte = openssl.run(
            *("crl", "-inform", "DER", "-in", openssl.file(pki.crl(niveau)), "-noout", "-text"),
            *("-CAfile", openssl.file(pki.autorite(niveau))),
        ).decode()
        lus = {ligne.split(":")[1].strip() for ligne in texte.splitlines() if "Serial Number" in ligne}
        assert lus == attendus[role]
        assert len(lus) >= 8
        assert "Last Update: Nov 20 00:00:00 2022 GMT" in texte
        assert "Next Update: Dec 21 00:00:00 2022 GMT" in texte
        assert "CN = AC CHIFFREMENT DE" in texte


def test_list_signature_according_to_openssl(openssl: Openssl, pki: TestPki) -> None:
    for niveau in pki.niveaux:
        mots = ("crl", "-inform", "DER", "-in", openssl.file(pki.crl(niveau)), "-noout", "-CAfile")
        assert b"verify OK" in openssl.attempt(*mots, openssl.file(pki.autorite(niveau))).stderr
    autre = openssl.attempt(*mots, openssl.file(pki.autorite("donnees")))
    assert b"verify OK" not in autre.stderr


def test_stale_list(openssl: Openssl, pki: TestPki) -> None:
    texte = openssl.run(
        "crl", "-inform", "DER", "-in", openssl.file(pki.crl("donnees", "perimee")), "-noout", "-nextupdate"
    )
    assert texte.decode().strip() == "nextUpdate=Oct 22 00:00:00 2022 GMT"


def test_revoking_later_changes_the_list_and_only_that_one(openssl: Openssl, pki: TestPki) -> None:
    certificat = pki.certificat("chiffrement_donnees", "01349")
    avant = {n: pki.crl(n) for n in pki.niveaux}
    assert _judge(openssl, pki, certificat, "donnees") == ""
    pki.revoquer(certificat, DATE - timedelta(hours=1))
    apres = {n: pki.crl(n) for n in pki.niveaux}
    assert {n for n in pki.niveaux if avant[n] != apres[n]} == {"donnees"}
    assert "certificate revoked" in _judge(openssl, pki, certificat, "donnees")
    numeros = [
        x509.load_der_x509_crl(c["donnees"]).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for c in (avant, apres)
    ]
    assert numeros[0] < numeros[1]


def test_a_foreign_certificate_cannot_be_revoked(pki: TestPki) -> None:
    donnees = Profil.par_defaut()
    autre = donnees.donnees.model_copy(update={"mention": "AUTRE"})
    etranger = TestPki(DATE, Profil(autre, donnees.porteurs, donnees.adresse_amo)).root
    with pytest.raises(ErreurPki, match="étranger"):
        pki.revoquer(etranger)


# ---- determinism


def _everything(pki: TestPki, *, envers: bool = False) -> dict[str, bytes]:
    demandes = [(r, n, v) for r, n, _ in TITULAIRES for v in pki.profil.donnees.variantes]
    certificats = {}
    for role, nom, variante in reversed(demandes) if envers else demandes:
        der = pki.certificat(role, nom, variante).public_bytes(Encoding.DER)
        certificats[f"{role}/{nom}/{variante}"] = der
    autorites = {n: pki.autorite(n).public_bytes(Encoding.DER) for n in pki.niveaux}
    return certificats | autorites | {f"crl/{n}": pki.crl(n) for n in pki.niveaux}


def test_same_day_same_bytes_whatever_the_order() -> None:
    matin, soir = datetime(2022, 11, 21, 0, 1, tzinfo=PARIS), datetime(2022, 11, 21, 23, 59, tzinfo=PARIS)
    assert _everything(TestPki(matin)) == _everything(TestPki(soir), envers=True)


def test_another_day_other_bytes() -> None:
    un, deux = _everything(TestPki(DATE)), _everything(TestPki(DATE + timedelta(days=1)))
    assert all(un[nom] != deux[nom] for nom in un)


def test_same_bytes_in_another_process() -> None:
    programme = (
        "import hashlib; from tests.pki.test_pki_certificats import _everything; from simulator.pki import TestPki; "
        "from tests.pki.outils import DATE; t = _everything(TestPki(DATE)); "
        "print(hashlib.sha256(b''.join(t[n] for n in sorted(t))).hexdigest())"
    )
    empreintes = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", programme],
            env={"PYTHONHASHSEED": graine, "PYTHONPATH": str(PROFIL.parents[3])},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for graine in ("1", "2")
    }
    ici = _everything(TestPki(DATE))
    assert empreintes == {hashlib.sha256(b"".join(ici[n] for n in sorted(ici))).hexdigest().encode() + b"\n"}


def test_serials_grow_with_the_first_day_and_never_meet(pki: TestPki) -> None:
    ordre = ["expire", "revoque", "valide", "renouvele", "pas_encore_valide"]
    vus: set[int] = set()
    for role, nom, _ in TITULAIRES:
        series = [pki.certificat(role, nom, v).serial_number for v in ordre]
        assert series == sorted(series)
        assert all(0 < s < 2**159 for s in series)
        vus |= set(series)
    assert len(vus) == len(ordre) * len(TITULAIRES)


def test_a_naive_date_is_in_paris() -> None:
    assert TestPki(datetime(2022, 11, 21, 0, 30)).origine == datetime(2022, 11, 21, tzinfo=UTC)  # noqa: DTZ001 - the point
    assert TestPki(datetime(2022, 11, 20, 23, 30, tzinfo=UTC)).origine == datetime(2022, 11, 21, tzinfo=UTC)


# ---- keys as data


def test_every_key_of_the_pool_is_a_marked_sound_distinct_rsa_2048() -> None:
    modules = set()
    fichiers = sorted(CLES.glob("*.pem"))
    for fichier in fichiers:
        assert fichier.read_text().startswith("CLE DE TEST - SIMULATION SANS VALEUR\n")
        cle = load_pem_private_key(fichier.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(cle, RSAPrivateKey)
        n = cle.private_numbers()
        modulo, e = n.public_numbers.n, n.public_numbers.e
        assert (n.p * n.q, e, modulo.bit_length()) == (modulo, 65537, 2048)
        assert pow(pow(2, e, modulo), n.d, modulo) == 2
        assert (n.d % (n.p - 1), n.d % (n.q - 1), n.iqmp * n.q % n.p) == (n.dmp1, n.dmq1, 1)
        modules.add(modulo)
    assert len(modules) == len(fichiers) == 264


def test_no_two_declared_holders_share_a_key(pki: TestPki) -> None:
    """A signature or an envelope must tell whose it is."""
    donnees = pki.profil.donnees
    prises = [a.cle for a in donnees.autorites.values()]
    for nom, role in donnees.roles.items():
        prises += role.affectations.values()
        assert set(role.affectations) >= {p.nom for p in pki.profil.declared(nom)}
        libre = pki.nom_cle(nom, "00001" if "AMO" in role.natures else "INCONNU")
        assert libre in role.cles
        assert libre not in role.affectations.values()
    assert len(prises) == len(set(prises))
    for un, autre in itertools.combinations(donnees.roles.values(), 2):
        assert not set(un.cles) & set(autre.cles)


def test_the_cards_of_the_population_have_their_own_keys(pki: TestPki) -> None:
    racine = PROFIL.parents[3] / "scenarios" / "population" / "cartes"
    for dossier, role in (("cps", "cps_signature"), ("cps", "cps_authentification"), ("vitale", "vitale")):
        series = [
            ligne.split('"')[1]
            for fichier in sorted((racine / dossier).glob("*.yaml"))
            for ligne in fichier.read_text(encoding="utf-8").splitlines()
            if ligne.startswith("numero_serie:")
        ]
        assert len(series) >= 9
        cles = {pki.nom_cle(role, s) for s in series}
        assert len(cles) == len(set(series))


# ---- holders and mistakes


def test_extra_holders() -> None:
    pki = TestPki(DATE, porteurs=[Porteur("AMC", "12345678", "MUTUELLE D'ESSAI", "essai@mutuelle.test")])
    piece = pki.certificat("chiffrement_piece_jointe", "12345678")
    assert piece.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "essai@mutuelle.test"
    publies = {(p.role, p.porteur.nom) for p in pki.publications()}
    assert ("chiffrement_donnees", "12345678") in publies
    assert ("chiffrement_piece_jointe", "01349") in publies
    revoque = pki.certificat("chiffrement_donnees", "12345678", "revoque").serial_number
    crl = x509.load_der_x509_crl(TestPki(DATE, porteurs=[Porteur("AMC", "12345678")]).crl("donnees"))
    assert crl.get_revoked_certificate_by_serial_number(revoque) is not None


@pytest.mark.parametrize(
    ("role", "nom", "variante", "motif"),
    [
        ("chiffrement", "01349", "valide", "rôle « chiffrement » inconnu"),
        ("vitale", "01349", "volee", "variante « volee » inconnu"),
        ("chiffrement_donnees", "1349", "valide", "AMO : 01349"),
        ("chiffrement_donnees", "../01349", "valide", "impossible"),
        ("vitale", "é", "valide", "impossible"),
    ],
)
def test_impossible_requests(pki: TestPki, role: str, nom: str, variante: str, motif: str) -> None:
    with pytest.raises(ErreurPki, match=motif):
        pki.certificat(role, nom, variante)


def test_unknown_levels(pki: TestPki) -> None:
    with pytest.raises(ErreurPki, match="niveau « amo » inconnu"):
        pki.crl("amo")
    with pytest.raises(ErreurPki, match="variante de CRL"):
        pki.crl("donnees", "future")


def test_a_wrong_profile_is_located(tmp_path: Path) -> None:
    texte = PROFIL.read_text(encoding="utf-8")
    faux = tmp_path / "pki.yaml"
    faux.write_text(texte.replace('"01349": cle-24', '"01349": cle-99'), encoding="utf-8")
    ligne = 1 + texte[: texte.index('"01349": cle-24')].count("\n")
    with pytest.raises(ErreurChargement, match=rf"pki.yaml:{ligne}:.*cle-99"):
        Profil.charger(faux)
