"""The cards of the fictitious people: found by name, built with the keys of the test PKI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from norms.contrat.ports import Alea
from simulator.acteurs.confiance import TOUS, Porteur
from simulator.adr import DroitsEnLigne
from simulator.cards.carte import Card
from simulator.cards.cps3 import build_cps
from simulator.cards.etat import EtatPersistant
from simulator.cards.modele import ImageCps, ImageVitale, Situation, load_cps, load_vitale
from simulator.cards.oppositions import load_oppositions
from simulator.cards.vitale import build_vitale
from simulator.monde.config import ErreurMonde
from simulator.pki import TestPki

Famille = Literal["cps", "vitale"]
REMPLACANT = "4"  # mode of practice (public: SSV, group 2)
EMPLOYE = "2"  # type of card: CPE (public: SSV, group 1)


class Population:
    """The cards of a directory: ``cartes/cps/*.yaml`` and ``cartes/vitale/*.yaml``.

    A card taken out and put in again is found as it was left (tries of the code, written files).
    """

    def __init__(self, dossier: Path, pki: TestPki, alea: Alea) -> None:
        racine = dossier / "cartes" if (dossier / "cartes").is_dir() else dossier
        self._pki, self._alea = pki, alea
        self._fichiers: dict[Famille, dict[str, Path]] = {
            "cps": {p.stem: p for p in sorted((racine / "cps").glob("*.yaml"))},
            "vitale": {p.stem: p for p in sorted((racine / "vitale").glob("*.yaml"))},
        }
        if not any(self._fichiers.values()):
            raise ErreurMonde(f"population {dossier} : aucune carte sous cartes/cps ou cartes/vitale")
        self._images: dict[str, ImageCps | ImageVitale] = {}
        self._etats: dict[str, EtatPersistant] = {}
        liste = racine.parent / "oppositions.yaml"
        self.droits = DroitsEnLigne(racine.parent / "adr", self._vitales)
        self._oppositions = {o.numero_serie for o in load_oppositions(liste)} if liste.is_file() else set()

    @property
    def noms(self) -> tuple[str, ...]:
        """All names of cards, sorted."""
        return tuple(sorted({n for noms in self._fichiers.values() for n in noms}))

    def card(self, nom: str) -> Card:
        """The card of that name, ready to be inserted. Raises ErreurMonde, ErreurChargement."""
        image = self.image(nom)
        etat = self._etats.setdefault(nom, EtatPersistant())
        if isinstance(image, ImageCps):
            identite = self._pki.identite_cps(image.numero_serie)
            return build_cps(
                image,
                cle_signature=identite.cle_signature,
                cle_authentification=identite.cle_authentification,
                certificat_signature=identite.cert_signature.public_bytes(Encoding.DER),
                certificat_authentification=identite.cert_authentification.public_bytes(Encoding.DER),
                persistant=etat,
                alea=self._alea,
            )
        vitale = self._pki.identite_vitale(image.numero_serie)
        autorite = self._pki.autorite("cps").public_key()
        return build_vitale(
            image,
            cle_signature=vitale.cle,
            certificat=vitale.certificat.public_bytes(Encoding.DER),
            autorites_ps=[autorite] if isinstance(autorite, RSAPublicKey) else [],
            persistant=etat,
            alea=self._alea,
        )

    def image(self, nom: str) -> ImageCps | ImageVitale:
        """The data of a card. Raises ErreurMonde, ErreurChargement."""
        if nom not in self._images:
            if nom in self._fichiers["cps"]:
                self._images[nom] = load_cps(self._fichiers["cps"][nom])
            elif nom in self._fichiers["vitale"]:
                self._images[nom] = load_vitale(self._fichiers["vitale"][nom])
            else:
                proches = get_close_matches(nom, self.noms, 5, 0.5) or self.noms[:5]
                raise ErreurMonde(
                    f"carte « {nom} » inconnue de la population ; proches : {', '.join(proches)}"
                    f" ({len(self.noms)} cartes en tout : preagrement cards list)"
                )
        return self._images[nom]

    @property
    def oppositions(self) -> tuple[str, ...]:
        """Serial numbers of the Vitale cards in opposition, sorted: the list of the population and what was added."""
        return tuple(sorted(self._oppositions))

    def oppose(self, nom: str) -> None:
        """Enters a card into the opposition list. Raises ErreurMonde when it isn't a Vitale of the population."""
        self._oppositions.add(self.serie(nom))

    def serie(self, nom: str) -> str:
        """The serial number of a Vitale card, for the opposition list. Raises ErreurMonde when it isn't one."""
        image = self.image(nom)
        if not isinstance(image, ImageVitale):
            raise ErreurMonde(f"« {nom} » n'est pas une carte Vitale ; la liste d'opposition ne porte que celles-ci")
        return image.numero_serie

    def _vitales(self) -> Iterator[tuple[str, ImageVitale]]:
        for nom in self._fichiers["vitale"]:
            image = self.image(nom)
            if isinstance(image, ImageVitale):
                yield nom, image

    @cached_property
    def porteurs(self) -> tuple[Porteur, ...]:
        """Every card holder, as the insurers know them: certificate, and what they may sign for."""
        return tuple(self._holders())

    def _holders(self) -> Iterator[Porteur]:
        for nom in self._fichiers["cps"]:
            image = self.image(nom)
            if isinstance(image, ImageCps):
                numeros = _may_sign(image, lambda s: s.habilitation_facture == "1", ())
                lots = _may_sign(image, lambda s: s.habilitation_lot == "1", (EMPLOYE,))
                certificat = partial(self._pki.certificat, "cps_signature", image.numero_serie)
                yield Porteur("PS", nom, certificat, numeros, lots)
        for nom, vitale in self._vitales():
            nirs = {vitale.assure.nir, *(b.nir_certifie for b in vitale.beneficiaires if b.nir_certifie)}
            certificat = partial(self._pki.certificat, "vitale", vitale.numero_serie)
            yield Porteur("VITALE", nom, certificat, tuple(sorted(nirs)))


def _may_sign(image: ImageCps, habilite: Callable[[Situation], bool], larges: tuple[str, ...]) -> tuple[str, ...]:
    """The billing numbers a card signs for; any, for a substitute, and for the kinds of cards in ``larges``.

    cdc §3.2.9.3.2.1: the CPE of a group practice signs the lots of all its professionals.
    """
    situations = [s for s in image.situations if s.numero_facturation and habilite(s)]
    numeros = tuple(s.numero_facturation + s.cle_facturation for s in situations)
    remplace = any(s.mode_exercice == REMPLACANT for s in situations)
    employe = image.type_carte in larges and any(habilite(s) for s in image.situations)
    return (*numeros, TOUS) if remplace or employe else numeros
