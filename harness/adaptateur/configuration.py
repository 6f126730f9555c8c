"""How to start or reach an LPS: the TOML file ``preagrement.toml`` (docs/architecture.md, seam 3)."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.francais import dotted, explain_all
from norms.systeme import tell_system_error

PAR_DEFAUT = Path(__file__).parent.parent / "donnees" / "reference.toml"
MAX_BYTES = 1024 * 1024


class ErreurConfiguration(ValueError):
    """A configuration that can't be used; the message names the file, the key, and what to do."""


class _Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConfigMutants(_Modele):
    """How the LPS lists its deliberately faulty variants, and how one is asked for."""

    lister: tuple[str, ...] = Field(description="commande qui écrit sur sa sortie la liste des mutants, en JSON")
    option: tuple[str, ...] = Field(default=("--mutant", "{id}"), description="mots ajoutés à la commande")
    parametre: str = Field(default="mutant", description="argument de la fabrique, en transport interne")


class ConfigLps(_Modele):
    """One LPS. Words may contain ``{python}`` (this interpreter) and ``{ici}`` (folder of the file)."""

    nom: str = "LPS"
    transport: Literal["stdio", "http", "interne"] = "stdio"
    commande: tuple[str, ...] = ()
    url: str = ""
    fabrique: str = ""
    options: tuple[str, ...] = Field(default=(), description="mots ajoutés à la commande")
    parametres: dict[str, Any] = Field(default_factory=dict, description="arguments de la fabrique (interne)")
    environnement: dict[str, str] = Field(default_factory=dict)
    delai_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    memoire_mio: Annotated[int, Field(ge=16, le=1024 * 1024)] = Field(
        default=2048, description="mémoire au-delà de laquelle un LPS lancé par le banc (stdio) est arrêté, en Mio"
    )
    attestations: str = Field(
        default="", description="réponses de l'éditeur aux questions posées à une personne (YAML)"
    )
    mutants: ConfigMutants | None = None
    dossier: Path = Field(default=Path(), exclude=True, description="dossier du fichier de configuration")

    @model_validator(mode="after")
    def _check(self) -> Self:
        manque = {"stdio": not self.commande, "http": not self.url, "interne": not self.fabrique}
        cle = {"stdio": "commande", "http": "url", "interne": "fabrique"}[self.transport]
        if manque[self.transport]:
            raise ValueError(f"transport « {self.transport} » : donner « {cle} »")
        if self.transport == "http" and not self.url.startswith("http://"):
            raise ValueError(f"url « {self.url} » : une adresse http:// est attendue")
        if self.transport == "interne" and self.fabrique.count(":") != 1:
            raise ValueError(f"fabrique « {self.fabrique} » : écrire « module:fonction »")
        return self

    def words(self, mots: tuple[str, ...]) -> list[str]:
        """A command with its placeholders filled in."""
        return [m.replace("{python}", sys.executable).replace("{ici}", str(self.dossier)) for m in mots]

    def attestations_file(self) -> str | None:
        """Where the vendor's answers to a person's questions are, when the configuration names a file."""
        return self.words((self.attestations,))[0] if self.attestations else None

    def in_process(self) -> ConfigLps:
        """The same LPS, in this process. Raises ErreurConfiguration when it has no factory."""
        if not self.fabrique:
            raise ErreurConfiguration(f"« {self.nom} » ne peut pas tourner dans le processus : donner « fabrique »")
        return self.model_copy(update={"transport": "interne"})

    def with_mutant(self, mutant: str) -> ConfigLps:
        """The same LPS in one of its faulty variants. Raises ErreurConfiguration if it declares none."""
        if self.mutants is None:
            raise ErreurConfiguration(f"« {self.nom} » ne déclare pas de mutants : ajouter une table [lps.mutants]")
        return self.model_copy(
            update={
                "options": (*self.options, *(m.replace("{id}", mutant) for m in self.mutants.option)),
                "parametres": {**self.parametres, self.mutants.parametre: mutant},
            }
        )


class _Fichier(_Modele):
    lps: ConfigLps


def load_configuration(chemin: Path | None = None) -> ConfigLps:
    """Reads a configuration, the reference LPS's when none is given. Raises ErreurConfiguration."""
    chemin = chemin or PAR_DEFAUT
    try:
        if chemin.stat().st_size > MAX_BYTES:
            raise ErreurConfiguration(f"{chemin} : fichier de plus de {MAX_BYTES} octets")
        donnees = tomllib.loads(chemin.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ErreurConfiguration(
            f"{chemin} : fichier illisible ({tell_system_error(exc)}) ; vérifier le chemin"
        ) from exc
    except UnicodeDecodeError as exc:
        raise ErreurConfiguration(f"{chemin} : octet {exc.start} hors UTF-8 ; enregistrer en UTF-8") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ErreurConfiguration(f"{chemin} : TOML illisible ({exc}) ; corriger la syntaxe") from exc
    try:
        config = _Fichier.model_validate(donnees).lps
    except ValidationError as exc:
        lignes = [f"{chemin} : {dotted(ou) or 'fichier'} : {quoi}" for ou, quoi in explain_all(exc)]
        raise ErreurConfiguration("\n".join(lignes)) from exc
    return config.model_copy(update={"dossier": chemin.resolve().parent})
