"""Writes the test PKI as files, for a vendor's certificate store or for openssl."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from simulator.pki.fabrique import ROLES_CHIFFREMENT, VALIDE, TestPki

LISEZMOI = """PKI DE TEST - SIMULATION SANS VALEUR

Construite à la date du {date:%d/%m/%Y}. Les clés privées sont publiques : ne rien protéger avec elles.

racine.pem                      autorité racine
autorites.pem                   autorités de chaque niveau, sans la racine
crl/<niveau>.pem et .crl        listes de révocation (PEM et DER)
<rôle>/<porteur>.pem            certificat valide
<rôle>/<porteur>-<variante>.pem certificats renouvele, expire, revoque, pas_encore_valide
<rôle>/<porteur>.cle.pem        clé privée, la même pour toutes les variantes

Vérifier : openssl verify -crl_check -CAfile racine.pem -untrusted autorites.pem -CRLfile crl/donnees.pem \\
             -attime {instant} chiffrement_donnees/<porteur>.pem
"""


def export(pki: TestPki, repertoire: Path, *, autres: Iterable[tuple[str, str]] = ()) -> tuple[Path, ...]:
    """Writes authorities, lists, and keys and certificates of the declared holders; gives the files, sorted.

    ``autres`` are more (role, identifier) pairs: cards, for instance. Existing files of the same names are replaced.
    """
    ecrits: list[Path] = []

    def write(nom: str, octets: bytes) -> None:
        chemin = repertoire / nom
        chemin.parent.mkdir(parents=True, exist_ok=True)
        chemin.write_bytes(octets)
        ecrits.append(chemin)

    couples = {(role, p.nom) for role in ROLES_CHIFFREMENT for p in pki.porteurs(role)} | set(autres)
    for role, nom in sorted(couples):
        for variante in pki.profil.donnees.variantes:
            suffixe = "" if variante == VALIDE else f"-{variante}"
            write(f"{role}/{nom}{suffixe}.pem", _pem(pki.certificat(role, nom, variante)))
        write(f"{role}/{nom}.cle.pem", pki.key_file(pki.nom_cle(role, nom)).read_bytes())
    write("racine.pem", _pem(pki.root))
    write("autorites.pem", b"".join(_pem(pki.autorite(n)) for n in pki.niveaux[1:]))
    for niveau in pki.niveaux:
        der = pki.crl(niveau)
        write(f"crl/{niveau}.crl", der)
        write(f"crl/{niveau}.pem", x509.load_der_x509_crl(der).public_bytes(Encoding.PEM))
    texte = LISEZMOI.format(date=pki.origine, instant=int(pki.origine.timestamp()))
    write("LISEZMOI.txt", texte.encode())
    return tuple(sorted(ecrits))


def _pem(certificat: x509.Certificate) -> bytes:
    return certificat.public_bytes(Encoding.PEM)
