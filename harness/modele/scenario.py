"""The scenario grammar: what a scenario file may say. The JSON Schema for editors is generated from here.

Keys are French, values are text as written (``norms.chargement``); an expectation carries a literal expected
value, the requirement it verifies, and why. An expectation about an absence names a witness (``temoin``) that
must have been observed: nothing that wasn't observed is ever conforming.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.pannes.grammaire import Panne

Identifiant = Annotated[str, Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)*$", max_length=40)]
IdExigence = Annotated[str, Field(pattern=r"^(SV|HD|AX|CT)-[0-9A-Za-z.\-]+$")]
Nom = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]

#: The operators of an expectation; exactly one is given.
OPERATEURS = (
    "egale",
    "different_de",
    "contient",
    "ne_contient_pas",
    "motif",
    "un_parmi",
    "nombre",
    "au_moins",
    "au_plus",
    "croissant",
    "present",
    "absent",
)
#: Operators that an empty observation could satisfy: they need a witness.
NEGATIFS = ("different_de", "ne_contient_pas", "absent", "au_plus")


class Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attendu(Modele):
    """One expectation: ``sur`` is a JMESPath expression over the observations (docs/grammaire)."""

    sur: str
    verifie: IdExigence
    pourquoi: Annotated[str, Field(min_length=8)]
    egale: Any = None
    different_de: Any = None
    contient: Any = None
    ne_contient_pas: Any = None
    motif: str | None = None
    un_parmi: list[Any] | None = None
    nombre: int | None = None
    au_moins: int | None = None
    au_plus: int | None = None
    croissant: Literal["oui"] | None = None
    present: Literal["oui"] | None = None
    absent: Literal["oui"] | None = None
    temoin: str | None = Field(default=None, description="expression qui doit donner quelque chose")
    preuve: str | None = Field(default=None, description="expression donnant l'élément à montrer en preuve")
    hypothese: str | None = Field(default=None, description="motif : un échec devient une réserve")
    a_corriger: str | None = Field(default=None, description="conseil montré en cas d'échec")
    recommande: Literal["oui"] | None = None

    @property
    def operateur(self) -> str:
        """The one operator given."""
        return next(o for o in OPERATEURS if getattr(self, o) is not None)

    @model_validator(mode="after")
    def _check(self) -> Self:
        donnes = [o for o in OPERATEURS if getattr(self, o) is not None]
        if len(donnes) != 1:
            raise ValueError(
                f"un seul opérateur par attendu parmi {', '.join(OPERATEURS)} ; trouvé : {donnes or 'aucun'}"
            )
        negatif = donnes[0] in NEGATIFS or (donnes[0] == "nombre" and self.nombre == 0)
        if negatif and not self.temoin:
            raise ValueError(f"« {donnes[0]} » demande un « temoin » : ce qui doit avoir été observé pour conclure")
        return self


class EtapeLps(Modele):
    """Drives the LPS: one operation of the adapter protocol."""

    lps: str
    avec: dict[str, Any] = Field(default_factory=dict)
    pour_chaque: list[dict[str, Any]] | None = None
    nom: Nom | None = Field(default=None, description="nom sous lequel la réponse se lit : reponses.<nom>")
    issue: Literal["ok", "refus", "indifferente"] = Field(
        default="ok", description="ce que l'étape doit donner pour que la suite ait un sens"
    )


class EtapeMonde(Modele):
    """Acts on the world: a card moves, the network falls, time passes, an insurer decides."""

    monde: str
    avec: dict[str, Any] = Field(default_factory=dict)


class EtapeVerifier(Modele):
    """Holds expectations against what has been observed so far."""

    verifier: Annotated[list[Attendu], Field(min_length=1)]


class EtapeDemander(Modele):
    """Asks a person to look; without an answer the requirement stays « à attester »."""

    demander: Annotated[str, Field(min_length=8)]
    verifie: IdExigence
    attendu: str = "oui"
    pourquoi: str = ""


Etape = EtapeLps | EtapeMonde | EtapeVerifier | EtapeDemander


class Lecteurs(Modele):
    """Cards present at the start, by name in the fictitious population; none: empty slot."""

    ps: Nom | None = None
    vitale: Nom | None = None
    ps2: Nom | None = Field(default=None, description="seconde fente pour une carte de PS, si l'équipement l'a")
    vitale2: Nom | None = Field(default=None, description="seconde fente pour une carte Vitale, si l'équipement l'a")


class Monde(Modele):
    """The given world. ``acteurs``: behaviour of an insurer, by its number (see docs/grammaire); ``pannes``: faults in
    force from the start (docs/pannes.md)."""

    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$")] = "2026-03-02T09:00"
    lecteurs: Lecteurs = Lecteurs()
    equipement: Nom = Field(default="deux-pcsc", description="lecteurs du poste (docs/lecteurs.md)")
    parametrage: dict[str, Any] = Field(default_factory=dict)
    acteurs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    pannes: list[Panne] = Field(default_factory=list)


class Scenario(Modele):
    """One scenario file."""

    id: Identifiant
    titre: Annotated[str, Field(min_length=10, max_length=160)]
    exigences: Annotated[list[IdExigence], Field(min_length=1)]
    profils: list[str] = Field(default_factory=lambda: ["tous"])
    modes: list[str] = Field(default_factory=list, description="modes de sécurisation que le LPS doit déclarer")
    capacites: list[str] = Field(default_factory=list, description="capacités que le LPS doit déclarer")
    etiquettes: list[Nom] = Field(default_factory=list)
    monde: Monde = Monde()
    etapes: Annotated[list[Etape], Field(min_length=1)]
    attendus: list[Attendu] = Field(default_factory=list)
    mutants: list[Nom] = Field(default_factory=list, description="LPS fautifs que ce scénario doit démasquer")
    note: str = ""

    def tous_attendus(self) -> list[Attendu]:
        """Every expectation, in the order in which it is judged."""
        dans = [a for e in self.etapes if isinstance(e, EtapeVerifier) for a in e.verifier]
        return [*dans, *self.attendus]

    @model_validator(mode="after")
    def _check(self) -> Self:
        verifiees = {a.verifie for a in self.tous_attendus()}
        verifiees |= {e.verifie for e in self.etapes if isinstance(e, EtapeDemander)}
        if not verifiees:
            raise ValueError("aucun attendu : un scénario vérifie au moins une exigence")
        if set(self.exigences) != verifiees:
            manque, trop = set(self.exigences) - verifiees, verifiees - set(self.exigences)
            raise ValueError(
                "« exigences » et les « verifie » des attendus diffèrent"
                + (f" ; sans attendu : {', '.join(sorted(manque))}" if manque else "")
                + (f" ; non listées : {', '.join(sorted(trop))}" if trop else "")
            )
        return self
