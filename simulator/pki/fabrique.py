"""The factory of the test PKI: each key, certificate and list is made when first asked for, then kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from norms.cms import Identite
from norms.contrat.ports import PARIS
from simulator.pki.erreurs import ErreurPki
from simulator.pki.profil import RACINE, Periode, Porteur, Profil

ROLES_CHIFFREMENT = ("chiffrement_donnees", "chiffrement_piece_jointe")
VALIDE, REVOQUE = "valide", "revoque"
EPOQUE = datetime(1970, 1, 1, tzinfo=UTC)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class IdentiteCps(NamedTuple):
    """What a CPS holds: two keys, their certificates."""

    cle_signature: RSAPrivateKey
    cert_signature: x509.Certificate
    cle_authentification: RSAPrivateKey
    cert_authentification: x509.Certificate


class IdentiteVitale(NamedTuple):
    """What a Vitale holds: its signature key and certificate."""

    cle: RSAPrivateKey
    certificat: x509.Certificate


class Publication(NamedTuple):
    """One entry of the certificate directory."""

    role: str
    porteur: Porteur
    variante: str
    certificat: x509.Certificate


class TestPki:
    """The test PKI at a date. The same day and profile give the same bytes, in whatever order things are asked for.

    ``date`` fixes every validity (its day in Paris; a naive instant is Europe/Paris). ``porteurs`` are holders to
    declare beside those of the profile. The lists depend on what has been revoked, and on nothing else.
    Methods raise ErreurPki on an unknown role, level, variant or an impossible holder.
    """

    __test__ = False  # its name begins as those pytest collects

    def __init__(self, date: datetime, profil: Profil | None = None, *, porteurs: Iterable[Porteur] = ()) -> None:
        self.profil = profil or Profil.par_defaut()
        jour = (date if date.tzinfo else date.replace(tzinfo=PARIS)).astimezone(PARIS).date()
        #: Midnight UTC of the day of the PKI.
        self.origine = datetime(jour.year, jour.month, jour.day, tzinfo=UTC)
        self._porteurs = {(p.nature, p.nom): p for p in porteurs}
        self._cles: dict[str, RSAPrivateKey] = {}
        self._certificats: dict[tuple[str, str, str], x509.Certificate] = {}
        self._autorites: dict[str, x509.Certificate] = {}
        self._revoques: dict[str, dict[int, datetime]] = {n: {} for n in self.profil.donnees.autorites}
        self._crl: dict[tuple[str, str], bytes] = {}
        for role, description in self.profil.donnees.roles.items():
            for porteur in self.porteurs(role):
                self._revoke_variant(role, description.niveau, porteur.nom)

    # ---- authorities

    @property
    def root(self) -> x509.Certificate:
        """The self-signed root."""
        return self.autorite(RACINE)

    def autorite(self, niveau: str) -> x509.Certificate:
        """The authority of a level: racine, cps, vitale, donnees, piece_jointe."""
        if niveau not in self._autorites:
            description = self.profil.autorite(niveau)
            parent = self.profil.autorite(RACINE)
            self._autorites[niveau] = self._certify(
                sujet=self._name(description.cn),
                publique=self.cle_autorite(niveau).public_key(),
                serie=self._serial("autorite", niveau, "", description),
                periode=description,
                emetteur=self._name(parent.cn),
                cle_emetteur=self.cle_autorite(RACINE),
                usages=frozenset({"key_cert_sign", "crl_sign"}),
                autorite=1 if niveau == RACINE else 0,
            )
        return self._autorites[niveau]

    def autorites(self) -> tuple[x509.Certificate, ...]:
        """Every authority, the root first."""
        return tuple(self.autorite(n) for n in self.niveaux)

    @property
    def niveaux(self) -> tuple[str, ...]:
        """The names of the levels, the root first."""
        return (RACINE, *(n for n in self.profil.donnees.autorites if n != RACINE))

    def cle_autorite(self, niveau: str) -> RSAPrivateKey:
        """The private key of an authority."""
        return self._key(self.profil.autorite(niveau).cle)

    # ---- holders

    def porteur(self, role: str, nom: str) -> Porteur:
        """The holder of this identifier, declared or made from its form."""
        for nature in self.profil.role(role).natures:
            if (nature, nom) in self._porteurs:
                return self._porteurs[nature, nom]
        return self.profil.porteur(role, nom)

    def porteurs(self, role: str) -> tuple[Porteur, ...]:
        """The declared holders that may have this role, by identifier."""
        declares = {p.nom: p for p in self.profil.declared(role)}
        declares |= {p.nom: p for p in self._porteurs.values() if p.nature in self.profil.role(role).natures}
        return tuple(declares[nom] for nom in sorted(declares))

    def nom_cle(self, role: str, nom: str) -> str:
        """Which key of the pool a holder has: the one assigned in the data, else one of the others, by its name.

        Two holders without an assignment may share a key; an assigned one shares its key with nobody.
        """
        self.porteur(role, nom)
        description = self.profil.role(role)
        if nom in description.affectations:
            return description.affectations[nom]
        prises = set(description.affectations.values())
        libres = [c for c in description.cles if c not in prises]
        if not libres:
            raise ErreurPki(f"plus de clé de test libre pour « {nom} » dans le rôle {role} ; en ajouter à pki.yaml")
        rang = int.from_bytes(hashlib.sha256(f"{role}|{nom}".encode()).digest()[:8], "big")
        return libres[rang % len(libres)]

    def cle(self, role: str, nom: str) -> RSAPrivateKey:
        """The private key of a holder: one per role, whatever the variant of the certificate."""
        return self._key(self.nom_cle(role, nom))

    def certificat(self, role: str, nom: str, variante: str = VALIDE) -> x509.Certificate:
        """The certificate of a holder: valide, renouvele, expire, revoque or pas_encore_valide."""
        repere = (role, nom, variante)
        if repere not in self._certificats:
            description, porteur = self.profil.role(role), self.porteur(role, nom)
            periode = self.profil.variante(variante)
            cn = description.cn.format(nom=nom, libelle=porteur.libelle or nom, adresse=porteur.adresse or nom)
            self._certificats[repere] = self._certify(
                sujet=self._name(cn, description.libelle),
                publique=self.cle(role, nom).public_key(),
                serie=self._serial(role, nom, variante, periode),
                periode=periode,
                emetteur=self._name(self.profil.autorite(description.niveau).cn),
                cle_emetteur=self.cle_autorite(description.niveau),
                usages=description.usages,
                adresse=porteur.adresse,
            )
            if variante == REVOQUE:
                self._revoke_variant(role, description.niveau, nom)
        return self._certificats[repere]

    def identites(self, role: str, nom: str) -> tuple[Identite, ...]:
        """Every variant of a holder with its key: what norms.cms.open_with needs to open whatever was sent to it."""
        cle = self.cle(role, nom)
        return tuple(Identite(cle, self.certificat(role, nom, v)) for v in self.profil.donnees.variantes)

    def identite_cps(self, numero: str, variante: str = VALIDE) -> IdentiteCps:
        """Keys and certificates of a CPS, by its serial number or RPPS."""
        signature, authentification = "cps_signature", "cps_authentification"
        return IdentiteCps(
            self.cle(signature, numero),
            self.certificat(signature, numero, variante),
            self.cle(authentification, numero),
            self.certificat(authentification, numero, variante),
        )

    def identite_vitale(self, numero_serie: str, variante: str = VALIDE) -> IdentiteVitale:
        """Key and certificate of a Vitale, by its serial number."""
        return IdentiteVitale(self.cle("vitale", numero_serie), self.certificat("vitale", numero_serie, variante))

    def publications(
        self, roles: Sequence[str] = ROLES_CHIFFREMENT, variantes: Sequence[str] = (VALIDE,)
    ) -> tuple[Publication, ...]:
        """The certificates of the declared holders, as a directory publishes them: by role, holder, variant."""
        return tuple(
            Publication(role, porteur, variante, self.certificat(role, porteur.nom, variante))
            for role in roles
            for porteur in self.porteurs(role)
            for variante in variantes
        )

    # ---- revocation

    def revoquer(self, certificat: x509.Certificate, instant: datetime | None = None) -> None:
        """Adds a certificate of this PKI to its authority's list, from ``instant`` (aware; the PKI's date if None)."""
        for niveau in self.niveaux:
            if certificat.issuer == self._name(self.profil.autorite(niveau).cn):
                self._revoke(niveau, certificat.serial_number, (instant or self.origine).astimezone(UTC))
                return
        raise ErreurPki(f"certificat de « {certificat.issuer.rfc4514_string()} », étranger à la PKI de test")

    def crl(self, niveau: str, variante: str = "a_jour") -> bytes:
        """The revocation list of a level, DER. ``variante``: a_jour or perimee (its next update is past).

        It names the « revoque » certificate of every declared holder, that of the others once asked for, and what
        ``revoquer`` added.
        """
        repere = (niveau, variante)
        if repere not in self._crl:
            self._crl[repere] = self._build_crl(niveau, variante)
        return self._crl[repere]

    def crls(self) -> tuple[x509.CertificateRevocationList, ...]:
        """The up-to-date list of every level, the root's first, ready for verify_chain."""
        return tuple(x509.load_der_x509_crl(self.crl(n)) for n in self.niveaux)

    def _revoke_variant(self, role: str, niveau: str, nom: str) -> None:
        periode = self.profil.variante(REVOQUE)
        serie = self._serial(role, nom, REVOQUE, periode)
        self._revoke(niveau, serie, self.origine + timedelta(days=periode.revocation or 0))

    def _revoke(self, niveau: str, serie: int, depuis: datetime) -> None:
        if serie in self._revoques[niveau]:
            return
        self._revoques[niveau][serie] = depuis.replace(microsecond=0)
        for repere in [r for r in self._crl if r[0] == niveau]:
            del self._crl[repere]

    def _build_crl(self, niveau: str, variante: str) -> bytes:
        description, dates = self.profil.autorite(niveau), self.profil.periode_crl(variante)
        emission = self.origine + timedelta(days=dates.emission)
        entrees = sorted(self._revoques[niveau].items())
        cle = self.cle_autorite(niveau)
        fabrique = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name(description.cn))
            .last_update(emission)
            .next_update(self.origine + timedelta(days=dates.prochaine))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(cle.public_key()), critical=False)
            .add_extension(x509.CRLNumber(((emission - EPOQUE).days << 16) + len(entrees)), critical=False)
        )
        for serie, depuis in entrees:
            entree = (
                x509.RevokedCertificateBuilder()
                .serial_number(serie)
                .revocation_date(depuis)
                .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            )
            fabrique = fabrique.add_revoked_certificate(entree.build())
        return fabrique.sign(cle, SHA256()).public_bytes(Encoding.DER)

    # ---- making

    def _key(self, nom: str) -> RSAPrivateKey:
        if nom not in self._cles:
            # Our own committed keys: the consistency check (60 ms each) is done by the tests instead.
            cle = load_pem_private_key(self.key_file(nom).read_bytes(), None, unsafe_skip_rsa_key_validation=True)
            if not isinstance(cle, RSAPrivateKey):
                raise ErreurPki(f"clé de test {nom} : RSA attendu")
            self._cles[nom] = cle
        return self._cles[nom]

    def key_file(self, nom: str) -> Path:
        """Where a key of the pool is kept (PEM, PKCS#8, not encrypted)."""
        chemin = self.profil.cles / f"{nom}.pem"
        if not chemin.is_file():
            raise ErreurPki(f"clé de test {nom} absente de {self.profil.cles.name}")
        return chemin

    def _name(self, cn: str, unite: str = "") -> x509.Name:
        attributs = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, self.profil.donnees.pays),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.profil.donnees.mention),
        ]
        if unite:
            attributs.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unite))
        attributs.append(x509.NameAttribute(NameOID.COMMON_NAME, cn))
        return x509.Name(attributs)

    def _serial(self, role: str, nom: str, variante: str, periode: Periode) -> int:
        """Grows with the first day of validity, then depends on the names: 11 bytes at most."""
        jour = (self.origine - EPOQUE).days + periode.debut
        empreinte = hashlib.sha256(f"{role}|{nom}|{variante}".encode()).digest()[:8]
        return (max(jour, 1) << 64) + int.from_bytes(empreinte, "big")

    def _certify(
        self,
        *,
        sujet: x509.Name,
        publique: RSAPublicKey,
        serie: int,
        periode: Periode,
        emetteur: x509.Name,
        cle_emetteur: RSAPrivateKey,
        usages: frozenset[str],
        autorite: int | None = None,
        adresse: str = "",
    ) -> x509.Certificate:
        contraintes = x509.BasicConstraints(ca=autorite is not None, path_length=autorite)
        fabrique = (
            x509.CertificateBuilder()
            .subject_name(sujet)
            .issuer_name(emetteur)
            .public_key(publique)
            .serial_number(serie)
            .not_valid_before(self.origine + timedelta(days=periode.debut))
            .not_valid_after(self.origine + timedelta(days=periode.fin))
            .add_extension(contraintes, critical=True)
            .add_extension(x509.KeyUsage(**{u: u in usages for u in _USAGES}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(publique), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(cle_emetteur.public_key()), critical=False
            )
        )
        if adresse:
            fabrique = fabrique.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(adresse)]), critical=False)
        return fabrique.sign(cle_emetteur, SHA256())
