"""What a card remembers: for ever (tries left, changed codes, written files) or until it loses power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from simulator.cards.fichiers import Acces, Chemin, Df, Ef, walk


@dataclass(frozen=True, slots=True)
class Pin:
    """A code the card checks. ``debloque`` names the code this one may unblock (a PUK)."""

    reference: int
    valeur: bytes = field(repr=False)
    essais_max: int = 3
    longueur_min: int = 4
    longueur_max: int = 8
    debloque: int | None = None


@dataclass(frozen=True, slots=True)
class CleCarte:
    """A private key held by the card; the key itself never leaves it."""

    reference: int
    cle: RSAPrivateKey = field(repr=False)
    usage: str  # "signature" or "authentification"
    acces: Acces = Acces.LIBRE

    @property
    def taille(self) -> int:
        """Modulus size in bytes."""
        return (self.cle.key_size + 7) // 8


@dataclass(frozen=True, slots=True)
class ImageOs:
    """All that was put into a card when it was made."""

    atr: bytes
    racine: Df
    pins: tuple[Pin, ...] = ()
    cles: tuple[CleCarte, ...] = ()
    autorites_ps: tuple[RSAPublicKey, ...] = field(default=(), repr=False)
    objets: MappingProxyType[tuple[int, int], bytes] = field(default_factory=lambda: MappingProxyType({}))
    numero_serie: bytes = b""
    t0: bool = True


@dataclass(slots=True)
class EtatPersistant:
    """Survives power off. Give the same object to a new card to find it again as it was left."""

    essais: dict[int, int] = field(default_factory=dict)
    codes: dict[int, bytes] = field(default_factory=dict, repr=False)
    contenus: dict[tuple[int, ...], bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Environnement:
    """A control reference template set by MANAGE SECURITY ENVIRONMENT."""

    algorithme: int | None = None
    cle: int | None = None


@dataclass(slots=True)
class EtatVolatile:
    """Lost at each reset."""

    chemin: Chemin
    ef: Ef | None = None
    verifies: set[int] = field(default_factory=set)
    environnements: dict[int, Environnement] = field(default_factory=dict)
    condensat: bytes | None = None
    defi: bytes | None = None
    cle_ps: RSAPublicKey | None = None
    ps_authentifie: bool = False


class Session:
    """An image with its two states: what every group of commands works on."""

    def __init__(self, image: ImageOs, persistant: EtatPersistant, alea: Callable[[int], bytes]) -> None:
        self.image, self.persistant, self.alea = image, persistant, alea
        self.chemins = tuple(walk(image.racine))
        self.pins = {p.reference: p for p in image.pins}
        self.cles = {c.reference: c for c in image.cles}
        self.volatil = EtatVolatile((image.racine,))

    def reset(self) -> None:
        self.volatil = EtatVolatile((self.image.racine,))

    def essais(self, pin: Pin) -> int:
        """Tries left before the code is blocked."""
        return self.persistant.essais.get(pin.reference, pin.essais_max)

    def check(self, pin: Pin, valeur: bytes) -> bool:
        """Compares a code, counts the try, remembers the success. A blocked code is never right."""
        reste = self.essais(pin)
        if reste == 0:
            return False
        if compare_digest(valeur, self.persistant.codes.get(pin.reference, pin.valeur)):
            self.persistant.essais[pin.reference] = pin.essais_max
            self.volatil.verifies.add(pin.reference)
            return True
        self.persistant.essais[pin.reference] = reste - 1
        self.volatil.verifies.discard(pin.reference)
        return False

    def allowed(self, acces: Acces) -> bool:
        """Whether the present state satisfies an access rule."""
        if acces is Acces.LIBRE:
            return True
        if acces is Acces.CODE_PORTEUR:
            return 1 in self.volatil.verifies
        return acces is Acces.PS and self.volatil.ps_authentifie

    def _key(self, ef: Ef) -> tuple[int, ...]:
        return (*(d.fid for d in self.volatil.chemin), ef.fid)

    def contenu(self, ef: Ef) -> bytes:
        """Present content of a file of the current DF."""
        if not self.persistant.contenus:
            return ef.contenu
        return self.persistant.contenus.get(self._key(ef), ef.contenu)

    def write(self, ef: Ef, contenu: bytes) -> None:
        self.persistant.contenus[self._key(ef)] = contenu
