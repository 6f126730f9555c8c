"""Cards and keys shared by the tests of this folder."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.cards.carte import Card
from simulator.cards.cps3 import build_cps
from simulator.cards.etat import EtatPersistant
from simulator.cards.modele import ImageCps, ImageVitale, load_cps, load_vitale
from simulator.cards.os7816 import CarteOs
from simulator.cards.vitale import build_vitale
from simulator.readers.base import Connection
from simulator.readers.ouverture import Lecteurs, ouvrir_lecteurs
from simulator.readers.trace import ApduEchange, Espion
from tests.conftest_outils import require_pcsc

POPULATION = Path(__file__).parents[2] / "scenarios" / "population" / "cartes"
DONNEES = Path(__file__).parent / "donnees"  # cards whose values the tests quote
ESSAI = "essai"


def certify(sujet: str, cle: RSAPrivateKey, emetteur: str, cle_emetteur: RSAPrivateKey) -> bytes:
    """A DER certificate, for tests of cards only."""
    debut = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, sujet)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, emetteur)]))
        .public_key(cle.public_key())
        .serial_number(1000 + len(sujet))
        .not_valid_before(debut)
        .not_valid_after(debut + datetime.timedelta(days=3650))
        .sign(cle_emetteur, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


class Materiel:
    """Keys, certificates and cards of a test session."""

    def __init__(self) -> None:
        noms = ("autorite", "signature", "authentification", "vitale")
        self.cles = {nom: rsa.generate_private_key(65537, 2048) for nom in noms}
        self.certificats = {
            nom: certify(f"TEST {nom}", cle, "TEST autorite", self.cles["autorite"]) for nom, cle in self.cles.items()
        }

    @staticmethod
    def sans_cle() -> CarteOs:
        """A CPS without keys, quick to make."""
        return build_cps(load_cps(DONNEES / "cps.yaml"))

    def vitale_image(self, nom: str = ESSAI) -> ImageVitale:
        return load_vitale(DONNEES / "vitale.yaml" if nom == ESSAI else POPULATION / "vitale" / f"{nom}.yaml")

    def cps_image(self, nom: str = ESSAI) -> ImageCps:
        return load_cps(DONNEES / "cps.yaml" if nom == ESSAI else POPULATION / "cps" / f"{nom}.yaml")

    def vitale(self, nom: str = ESSAI, *, persistant: EtatPersistant | None = None) -> CarteOs:
        return build_vitale(
            self.vitale_image(nom),
            persistant=persistant,
            cle_signature=self.cles["vitale"],
            certificat=self.certificats["vitale"],
            autorites_ps=[self.cles["autorite"].public_key()],
        )

    def cps(self, nom: str = ESSAI, *, persistant: EtatPersistant | None = None) -> CarteOs:
        return build_cps(
            self.cps_image(nom),
            persistant=persistant,
            cle_signature=self.cles["signature"],
            cle_authentification=self.cles["authentification"],
            certificat_signature=self.certificats["signature"],
            certificat_authentification=self.certificats["authentification"],
        )


@pytest.fixture(scope="session")
def materiel() -> Materiel:
    return Materiel()


class Poste:
    """A workstation with its two readers over one transport, kept for the session.

    A physical movement costs 0.8 s with PC/SC, so the card already there is used again (reset) when it will do.
    """

    def __init__(self, transport: str, lecteurs: Lecteurs, journal: list[ApduEchange], materiel: Materiel) -> None:
        self.transport, self.lecteurs, self.journal, self.materiel = transport, lecteurs, journal, materiel
        self._en_place: dict[str, str] = {}

    def put(self, lecteur: str, card: Card) -> None:
        """Puts this very card in, in place of whatever is there."""
        self.empty(lecteur)
        self.lecteurs[lecteur].insert(card)

    def empty(self, lecteur: str) -> None:
        self._en_place.pop(lecteur, None)
        self.lecteurs[lecteur].remove()

    def vitale(self, nom: str = ESSAI) -> Connection:
        """A connection to a sound Vitale card, just reset."""
        return self._usual("vitale", nom, self.materiel.vitale)

    def cps(self, nom: str = ESSAI) -> Connection:
        """A connection to a sound CPS, just reset, its code not presented."""
        return self._usual("ps", nom, self.materiel.cps)

    def _usual(self, lecteur: str, nom: str, fabrique: Callable[[str], Card]) -> Connection:
        if self._en_place.get(lecteur) != nom or not self.lecteurs[lecteur].present:
            self.put(lecteur, fabrique(nom))
            self._en_place[lecteur] = nom
        connexion = self.lecteurs[lecteur].connect()
        connexion.reset()
        return connexion


@pytest.fixture(scope="module")
def poste_pcsc(materiel: Materiel) -> Iterator[Poste]:
    """Real readers, for the tests of one module: a process has one private pcscd at a time, and others need theirs."""
    require_pcsc()
    journal: list[ApduEchange] = []
    with ouvrir_lecteurs("pcsc", espion=Espion(journal.append), delai_muette=0.3) as lecteurs:
        yield Poste("pcsc", lecteurs, journal, materiel)


@pytest.fixture(params=["inproc", pytest.param("pcsc", marks=pytest.mark.pcsc)])
def poste(request: pytest.FixtureRequest, materiel: Materiel) -> Iterator[Poste]:
    """The same suite over both transports."""
    if request.param == "pcsc":
        commun: Poste = request.getfixturevalue("poste_pcsc")
        commun.journal.clear()
        yield commun
        return
    journal: list[ApduEchange] = []
    with ouvrir_lecteurs("inproc", espion=Espion(journal.append)) as lecteurs:
        yield Poste("inproc", lecteurs, journal, materiel)
