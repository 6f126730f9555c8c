"""What « preagrement check » found, file by file: plain data, JSON in and out (schema shipped, see ``schema``)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from harness.campagne import bench_version
from harness.fichiers.donnees import load_knowledge
from harness.modele.verdict import Modele, Verdict
from norms.paquet import NormPack

DIALECTE = "https://json-schema.org/draft/2020-12/schema"


class ConstatFichier(Modele):
    """Something wrong, or that deserves a reserve, with its place."""

    code: str = Field(description="contrôle, par exemple FACTURE_TOTAL")
    verdict: Verdict = Field(description="non_conforme, ou reserve quand la règle repose sur une hypothèse")
    texte: str = Field(description="ce qui ne va pas, en une phrase")
    attendu: str
    constate: str
    niveau: str = Field(default="", description="message, chiffrement, fichier, lot, facture, retour ou zone")
    lot: str = Field(default="", description="référence du lot")
    facture: str = Field(default="", description="numéro de la facture")
    enregistrement: int | None = Field(default=None, description="rang de l'enregistrement ou de l'entité, depuis 1")
    type_enregistrement: str = ""
    champ: str = ""
    libelle: str = Field(default="", description="libellé du champ")
    colonnes: str = Field(default="", description="« 27-35 », depuis 1")
    ligne: int | None = Field(default=None, description="ligne du message, depuis 1")
    brut: str = Field(default="", description="l'enregistrement tel quel")
    source: str = Field(description="« cdc §… », « annexe5 §… », « public: … » ou « hypothese: … »")
    exigence: str = Field(default="", description="exigence du catalogue, quand il y en a une")
    hypothese: str = Field(default="", description="pourquoi ce n'est qu'une réserve")
    conseil: str = ""


class Enveloppe(Modele):
    """What can be said of an encrypted attachment without opening it, and whether it was opened."""

    destinataires: tuple[str, ...] = ()
    algorithme: str = ""
    ouverte: bool = False
    motif: str = ""


class ResultatFichier(Modele):
    """One file. ``cause`` says why it couldn't be judged whole, when it couldn't (erreur_banc, non_teste)."""

    fichier: str
    nature: str = ""
    taille: int = 0
    sha256: str = ""
    date: str = Field(default="", description="date de réception prise pour juger (AAAA-MM-JJ)")
    verdict: Verdict
    cause: str = ""
    contenu: dict[str, int | str] = Field(default_factory=dict, description="nombres de lots, de factures, montants…")
    enveloppe: Enveloppe | None = None
    constats: tuple[ConstatFichier, ...] = ()
    comptes: dict[str, int] = Field(default_factory=dict, description="nombre de constats par contrôle")
    non_montres: int = Field(default=0, description="constats comptés mais non détaillés")
    controles: tuple[str, ...] = Field(default=(), description="contrôles faits sur ce fichier")
    non_verifies: tuple[str, ...] = Field(default=(), description="ce qui n'a pas pu être vérifié sur ce fichier")


class RapportControle(Modele):
    """A whole run."""

    format: Literal["preagrement-check"] = "preagrement-check"
    version: Literal[1] = 1
    banc_version: str
    norme: str
    norme_version: str
    norme_empreinte: str
    portee: tuple[str, ...] = Field(description="ce qu'un fichier seul ne montre pas")
    fichiers: tuple[ResultatFichier, ...]
    code_sortie: int = Field(
        description="0 rien à redire, 1 non conforme, 2 illisible ou outil en défaut, 3 réserves ou contenu non lu"
    )


def build_report(resultats: tuple[ResultatFichier, ...], pack: NormPack) -> RapportControle:
    """The report of a run."""
    return RapportControle(
        banc_version=bench_version(),
        norme=pack.nom,
        norme_version=pack.version,
        norme_empreinte=pack.empreinte,
        portee=load_knowledge().portee,
        fichiers=resultats,
        code_sortie=exit_code(resultats),
    )


def exit_code(resultats: tuple[ResultatFichier, ...]) -> int:
    """0 nothing wrong, 1 something wrong, 2 unreadable input, 3 reserves or an encrypted content not read."""
    verdicts = {r.verdict for r in resultats}
    if Verdict.ERREUR_BANC in verdicts:
        return 2
    if Verdict.NON_CONFORME in verdicts:
        return 1
    return 3 if verdicts & {Verdict.RESERVE, Verdict.NON_TESTE} else 0


class ChampVu(Modele):
    """A field of a record as shown by « preagrement decode »."""

    nom: str
    libelle: str
    colonnes: str
    brut: str
    valeur: str
    sens: str = ""
    source: str = ""
    hypothese: bool = False


class EnregistrementVu(Modele):
    """A record, an entity, a group or a part of a message."""

    rang: int
    type: str
    libelle: str
    octet: int = Field(default=-1, description="position dans le fichier, -1 quand elle n'a pas de sens")
    hypothese: bool = Field(default=False, description="disposition propre à preagrement")
    brut: str = ""
    champs: tuple[ChampVu, ...] = ()
    fautes: tuple[str, ...] = ()


class VueFichier(Modele):
    """The whole object of « preagrement decode --json »."""

    format: Literal["preagrement-decode"] = "preagrement-decode"
    version: Literal[1] = 1
    fichier: str
    nature: str
    enregistrements: tuple[EnregistrementVu, ...]


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas of what the two commands write, by file name."""
    return {
        nom: {"$schema": DIALECTE, **modele.model_json_schema(mode="serialization")}
        for nom, modele in (("check.schema.json", RapportControle), ("decode.schema.json", VueFichier))
    }
