"""The organisations of the fictitious world, from ``simulator/donnees/organismes.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from norms.chargement import Document, load

DONNEES = Path(__file__).parent.parent / "donnees"
FICHIER = DONNEES / "organismes.yaml"

_CLES = frozenset(
    {
        "numero",
        "nature",
        "nom",
        "regime",
        "caisse",
        "centre",
        "organisme_destinataire",
        "centre_informatique",
        "type_destinataire",
        "adresse",
        "flux",
        "numero_amc",
        "code_routage",
        "identifiant_hote",
        "domaine",
        "gestion",
        "gere_par",
        "operateur",
        "source",
    }
)


@dataclass(frozen=True, slots=True)
class Organisme:
    """An AMO, an AMC or an OCT. ``numero`` identifies it in the world (keys of the PKI and of the actors).

    ``gestion`` (AMC): separee; unique, managed by the AMO ``gere_par`` and without an address of its own; or deleguee,
    when it manages the AMO part too, in the mailbox ``gere_par``. ``operateur``: who settles its DRE, if not itself.
    ``flux``: test, demonstration or reel.
    """

    numero: str
    nature: str
    nom: str
    adresse: str
    type_destinataire: str
    flux: str
    regime: str = ""
    caisse: str = ""
    centre: str = ""
    organisme_destinataire: str = ""
    centre_informatique: str = ""
    numero_amc: str = ""
    code_routage: str = ""
    identifiant_hote: str = ""
    domaine: str = ""
    gestion: str = ""
    gere_par: str = ""
    operateur: str = ""
    source: str = ""


class Organismes:
    """The table, and the searches that addressing needs."""

    def __init__(self, document: Document) -> None:
        donnees = document.donnees
        self.tous: tuple[Organisme, ...] = tuple(
            _organisme(document, i, e) for i, e in enumerate(donnees["organismes"])
        )
        self._adressage: Mapping[str, str] = donnees["adressage"]
        if len(self.par_numero) != len(self.tous):
            raise document.erreur(("organismes",), "deux organismes portent le même numéro")

    @classmethod
    @cache
    def load(cls, chemin: Path = FICHIER) -> Organismes:
        """Loads the table (immutable, hence kept). Raises ErreurChargement."""
        return cls(load(chemin, nom=chemin.name))

    @cached_property
    def par_numero(self) -> dict[str, Organisme]:
        return {o.numero: o for o in self.tous}

    def amo(self, regime: str, organisme_destinataire: str) -> Organisme | None:
        """The AMO that receives the FSE of a régime and « organisme destinataire »."""
        return next(
            (
                o
                for o in self.tous
                if o.nature == "AMO" and (o.regime, o.organisme_destinataire) == (regime, organisme_destinataire)
            ),
            None,
        )

    def amc(self, numero: str) -> Organisme | None:
        """The AMC of that number, with or without its leading zeros (10 digits in B2)."""
        cherche = numero.strip().lstrip("0")
        return next((o for o in self.tous if o.nature == "AMC" and o.numero_amc.lstrip("0") == cherche), None)

    def adresse_amo(self, regime: str, organisme_destinataire: str) -> str:
        """The mailbox of an AMO, by the rule of addressing, whether it exists or not."""
        return self._adressage["amo"].format(regime=regime, organisme_destinataire=organisme_destinataire)

    def adresse_amc(self, code_routage: str, identifiant_hote: str, domaine: str) -> str:
        """The mailbox of an AMC, by the rule of addressing, whether it exists or not."""
        return self._adressage["amc"].format(
            code_routage=code_routage, identifiant_hote=identifiant_hote, domaine=domaine
        )


def _organisme(document: Document, i: int, entree: Any) -> Organisme:
    if not isinstance(entree, dict) or not all(isinstance(v, str) for v in entree.values()):
        raise document.erreur(("organismes", i), "un organisme est un dictionnaire de textes")
    for cle in entree:
        if cle not in _CLES:
            raise document.erreur(
                ("organismes", i, cle), f"clé « {cle} » inconnue ; connues : {', '.join(sorted(_CLES))}"
            )
    for cle in ("numero", "nature", "nom", "adresse", "type_destinataire", "flux", "source"):
        if cle not in entree:
            raise document.erreur(("organismes", i), f"clé « {cle} » absente")
    if entree["nature"] not in ("AMO", "AMC", "OCT"):
        raise document.erreur(("organismes", i, "nature"), f"nature « {entree['nature']} » ; attendu AMO, AMC ou OCT")
    return Organisme(**entree)
