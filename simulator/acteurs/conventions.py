"""The issuers of normed files: each sends its conventions, groupings or correspondences to the PS (cdc §3.6.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from norms.chargement import load
from norms.contrat.ports import Horloge
from norms.conventions import NatureTable, Table, ecrire
from norms.paquet import NormPack
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.reception import profiles
from simulator.acteurs.retour import Annonce, Facteur
from simulator.messagerie.retours import Composteur, build_return

FICHIER = Path(__file__).parent.parent / "donnees" / "conventions.yaml"
PROFIL = "tables_normees"
DefautTable = Literal["", "altere"]
Lignes = Sequence[Mapping[str, str]]


class ErreurEmetteur(ValueError):
    """A file that no issuer can send; the message says why."""


@dataclass(frozen=True, slots=True)
class EmetteurTables:
    """One issuer, and the tables it has to send."""

    organisme: Organisme
    tables: Mapping[str, Lignes]


@cache
def load_emetteurs(chemin: Path = FICHIER) -> tuple[EmetteurTables, ...]:
    """The issuers, in file order (never changed, hence kept). Raises ErreurChargement."""
    document = load(chemin)
    lus = []
    for i, e in enumerate(document.donnees["emetteurs"]):
        manque = next((c for c in ("numero", "nom", "adresse", "tables", "source") if c not in e), None)
        if manque is not None:
            raise document.erreur(("emetteurs", i), f"émetteur de fichiers normés : « {manque} » absent")
        organisme = Organisme(e["numero"], "CONVENTIONS", e["nom"], e["adresse"], type_destinataire="")
        lus.append(EmetteurTables(organisme, e["tables"]))
    return tuple(lus)


class EmetteursTables:
    """All the issuers of the world, by number. The world's lock protects it."""

    def __init__(
        self, emetteurs: Sequence[EmetteurTables], *, pack: NormPack, horloge: Horloge, facteur: Facteur
    ) -> None:
        self.par_numero = {e.organisme.numero: e for e in emetteurs}
        self._pack, self._horloge, self._facteur = pack, horloge, facteur

    def diffuser(
        self,
        numero: str,
        nature: NatureTable,
        adresse: str,
        lignes: Lignes | None = None,
        defaut: DefautTable = "",
    ) -> None:
        """Sends one file to a PS, the issuer's own lines unless given others. Raises ErreurEmetteur, ErreurTable."""
        emetteur = self.par_numero.get(numero)
        if emetteur is None:
            connus = ", ".join(self.par_numero)
            raise ErreurEmetteur(f"émetteur de fichiers normés « {numero} » inconnu ; émetteurs : {connus}")
        propres = emetteur.tables.get(nature)
        if lignes is None and propres is None:
            tables = ", ".join(emetteur.tables)
            raise ErreurEmetteur(f"l'émetteur {numero} n'a pas de fichier « {nature} » ; il a : {tables}")
        choisies: Lignes = lignes if lignes is not None else propres or ()
        contenu = ecrire(Table(nature, numero, self._horloge.now().date(), tuple(choisies)))
        if defaut == "altere":
            contenu = contenu[: len(contenu) // 2]

        def build(destinataire: str, composteur: Composteur) -> bytes:
            champs: dict[str, Any] = {"exercice": "".join(c for c in numero if c.isalnum())}
            return build_return(
                PROFIL,
                expediteur=emetteur.organisme.adresse,
                destinataire=destinataire,
                contenu=contenu,
                composteur=composteur,
                champs=champs,
                code=nature.upper(),
                profils=profiles(self._pack),
            )

        annonce = Annonce(numero, "TABLE", code=nature, libelle=f"{len(choisies)} entrée(s)")
        self._facteur.send(emetteur.organisme, adresse, build, annonce)
