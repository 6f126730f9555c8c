"""Verdicts (design §3.6), from one expectation up to a campaign. All plain data, JSON in and out."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Verdict(StrEnum):
    """What can be said of an expectation, a scenario, a requirement. Nothing unobserved is ever CONFORME."""

    CONFORME = "conforme"
    NON_CONFORME = "non_conforme"
    RESERVE = "reserve"
    A_ATTESTER = "a_attester"
    NON_APPLICABLE = "non_applicable"
    NON_TESTE = "non_teste"
    ERREUR_BANC = "erreur_banc"

    @property
    def libelle(self) -> str:
        """The French label shown to people."""
        return _LIBELLES[self]


_LIBELLES = {
    Verdict.CONFORME: "conforme",
    Verdict.NON_CONFORME: "non conforme",
    Verdict.RESERVE: "réserve",
    Verdict.A_ATTESTER: "à attester",
    Verdict.NON_APPLICABLE: "non applicable",
    Verdict.NON_TESTE: "non testé",
    Verdict.ERREUR_BANC: "erreur du banc",
}

#: From the gravest: what several findings together amount to.
_GRAVITE = (
    Verdict.ERREUR_BANC,
    Verdict.NON_CONFORME,
    Verdict.RESERVE,
    Verdict.A_ATTESTER,
    Verdict.NON_TESTE,
    Verdict.CONFORME,
    Verdict.NON_APPLICABLE,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of several verdicts; NON_TESTE when there is none."""
    presents = set(verdicts)
    return next((v for v in _GRAVITE if v in presents), Verdict.NON_TESTE)


class Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Preuve(Modele):
    """Where a finding can be seen: an evidence file, a record, columns, and its decoded fields."""

    fichier: str = ""
    enregistrement: int | None = None
    type_enregistrement: str = ""
    champ: str = ""
    colonnes: str = ""
    brut: str = ""
    champs: dict[str, str] = Field(default_factory=dict)


class Constat(Modele):
    """An observation held against an expectation."""

    rang: int
    exigence: str
    verdict: Verdict
    sur: str
    operateur: str
    attendu: str
    constate: str
    pourquoi: str
    hypothese: str = ""
    a_corriger: str = ""
    preuves: tuple[Preuve, ...] = ()


class Deroule(Modele):
    """One step as it went."""

    rang: int
    genre: Literal["lps", "monde", "verifier", "demander"]
    resume: str
    issue: str = ""


class ResultatScenario(Modele):
    """All that one scenario gave. ``cause`` says in French why it stopped, when it did."""

    id: str
    titre: str
    fichier: str = ""
    verdict: Verdict
    constats: tuple[Constat, ...] = ()
    deroule: tuple[Deroule, ...] = ()
    cause: str = ""
    panne_lps: str = Field(default="", description="arrêt, silence ou réponse illisible du LPS")
    erreurs_lps: str = Field(default="", description="fin de la sortie d'erreur du LPS")
    preuves: tuple[str, ...] = ()
    rejouer: str = Field(default="", exclude=True, description="commande qui refait ce résultat ; vide : replay")
    duree_s: float = Field(default=0.0, exclude=True)


class Identite(Modele):
    """What was tested, with what."""

    produit: str = ""
    version: str = ""
    editeur: str = ""
    protocole: str = ""
    banc_version: str = ""
    norme: str = ""
    norme_version: str = ""
    norme_empreinte: str = ""
    norme_source: str = ""
    norme_remplaces: tuple[str, ...] = Field(default=(), description="fichiers de données que le paquet remplace")
    norme_hypotheses: dict[str, int] = Field(
        default_factory=dict, description="données en vigueur qui reposent sur une hypothèse, par famille de fichiers"
    )
    graine: int = 0
    lecteurs: str = "simules"
    profil: dict[str, Any] = Field(default_factory=dict)


class ResultatExigence(Modele):
    """The verdict on one requirement over the whole campaign."""

    id: str
    verdict: Verdict
    scenarios: tuple[str, ...]
    hypothese: bool = False


class Campagne(Modele):
    """A whole campaign: identity, scenario results, requirement results."""

    identite: Identite
    scenarios: tuple[ResultatScenario, ...]
    exigences: tuple[ResultatExigence, ...]
    interrompue: bool = False

    def compte(self, quoi: Literal["scenarios", "exigences"]) -> dict[str, int]:
        """Totals by verdict, with the keys of the summary object."""
        resultats: Iterable[ResultatScenario | ResultatExigence] = getattr(self, quoi)
        verdicts = [r.verdict for r in resultats]
        return {"total": len(verdicts), **{v.value: verdicts.count(v) for v in Verdict}}

    @property
    def code_sortie(self) -> int:
        """0 conforming, 1 not conforming, 2 the bench failed, 3 attestation pending or inconclusive."""
        verdicts = {s.verdict for s in self.scenarios}
        if Verdict.ERREUR_BANC in verdicts or self.interrompue:
            return 2
        if Verdict.NON_CONFORME in verdicts:
            return 1
        if verdicts & {Verdict.A_ATTESTER, Verdict.RESERVE, Verdict.NON_TESTE} or Verdict.CONFORME not in verdicts:
            return 3
        return 0
