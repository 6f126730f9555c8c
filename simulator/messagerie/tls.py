"""The TLS identity of the test mail servers: a committed key, a self-signed certificate for loopback."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.messagerie.erreurs import ErreurMessagerie

CLE = Path(__file__).parent.parent / "donnees" / "tls" / "cle-de-test.pem"
#: Real time rules TLS, not the virtual clock: valid for as long as anyone runs a test.
DEBUT, FIN = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
CERTIFICAT = "certificat-de-test.pem"


def build_certificate(cle: Path = CLE) -> bytes:
    """The certificate in PEM, for 127.0.0.1, localhost, relais.test and bal.test; always the same bytes."""
    privee = load_pem_private_key(cle.read_bytes(), None)
    if not isinstance(privee, RSAPrivateKey):
        raise ErreurMessagerie(f"clé TLS de test {cle.name} : RSA attendu")
    nom = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SIMULATION SANS VALEUR"),
            x509.NameAttribute(NameOID.COMMON_NAME, "localhost"),
        ]
    )
    noms = [x509.DNSName(n) for n in ("localhost", "relais.test", "bal.test")]
    adresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    fabrique = (
        x509.CertificateBuilder()
        .subject_name(nom)
        .issuer_name(nom)
        .public_key(privee.public_key())
        .serial_number(1)
        .not_valid_before(DEBUT)
        .not_valid_after(FIN)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([*noms, *adresses]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(privee.public_key()), critical=False)
    )
    return fabrique.sign(privee, SHA256()).public_bytes(Encoding.PEM)


def open_tls(dossier: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context, and the path of the certificate written in ``dossier`` for clients to trust. Raises OSError."""
    dossier.mkdir(parents=True, exist_ok=True)
    chemin = dossier / CERTIFICAT
    chemin.write_bytes(build_certificate())
    contexte = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexte.load_cert_chain(chemin, CLE)
    return contexte, chemin
