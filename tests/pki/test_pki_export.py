"""The exported files, used as a vendor would with openssl."""

from __future__ import annotations

from pathlib import Path

from simulator.pki import TestPki, export
from tests.pki.outils import DATE, Openssl


def test_export_is_usable_and_reproducible(tmp_path: Path) -> None:
    un, deux = tmp_path / "un", tmp_path / "deux"
    ecrits = export(TestPki(DATE), un, autres=[("vitale", "800000000000000101")])
    export(TestPki(DATE), deux, autres=[("vitale", "800000000000000101")])
    noms = sorted(p.relative_to(un) for p in un.rglob("*") if p.is_file())
    assert [p.relative_to(un) for p in ecrits] == noms
    assert all((un / n).read_bytes() == (deux / n).read_bytes() for n in noms)
    openssl = Openssl(un)
    commande = ("verify", "-crl_check", "-CAfile", "racine.pem", "-untrusted", "autorites.pem")
    instant = ("-attime", str(int(DATE.timestamp())))
    for fichier, niveau, motif in (
        ("chiffrement_donnees/01349.pem", "donnees", ""),
        ("chiffrement_piece_jointe/OCT01.pem", "piece_jointe", ""),
        ("vitale/800000000000000101.pem", "vitale", ""),
        ("chiffrement_donnees/01349-revoque.pem", "donnees", "certificate revoked"),
        ("chiffrement_piece_jointe/75500017-expire.pem", "piece_jointe", "certificate has expired"),
    ):
        fini = openssl.attempt(*commande, "-CRLfile", f"crl/{niveau}.pem", *instant, fichier)
        assert (fini.returncode == 0) is (motif == ""), fini.stderr
        assert motif in fini.stderr.decode()


def test_exported_keys_open_what_their_certificates_close(tmp_path: Path) -> None:
    export(TestPki(DATE), tmp_path)
    openssl = Openssl(tmp_path)
    (tmp_path / "clair").write_bytes(b"LOT FICTIF\r\n")
    certificat = "chiffrement_piece_jointe/01349"
    openssl.run(
        *("cms", "-encrypt", "-binary", "-aes256", "-in", "clair", "-outform", "DER", "-out", "chiffre"),
        f"{certificat}.pem",
    )
    clair = openssl.run(
        "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "chiffre", "-inkey", f"{certificat}.cle.pem"
    )
    assert clair == b"LOT FICTIF\r\n"
    assert "SIMULATION SANS VALEUR" in (tmp_path / "LISEZMOI.txt").read_text(encoding="utf-8")
    assert (tmp_path / f"{certificat}.cle.pem").read_text().startswith("CLE DE TEST")
