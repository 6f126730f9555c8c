"""What the dossiers show, computed once from a campaign: totals by domain, what to correct, what was not covered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.modele.verdict import Campagne, Constat, ResultatExigence, ResultatScenario, Verdict, worst


class ExigenceLue(Protocol):
    """What a reporter reads of a requirement."""

    @property
    def id(self) -> str: ...
    @property
    def domaine(self) -> str: ...
    @property
    def niveau(self) -> str: ...
    @property
    def enonce(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def testable(self) -> bool: ...
    @property
    def hypothese(self) -> bool: ...
    @property
    def lecture(self) -> str: ...
    @property
    def doublon_de(self) -> str: ...


CatalogueLu = Mapping[str, ExigenceLue]

#: Order in which verdicts are shown: what needs the reader's attention first.
ORDRE = (
    Verdict.NON_CONFORME,
    Verdict.RESERVE,
    Verdict.ERREUR_BANC,
    Verdict.A_ATTESTER,
    Verdict.NON_TESTE,
    Verdict.CONFORME,
    Verdict.NON_APPLICABLE,
)

NIVEAUX = {
    "DOIT": "DOIT",
    "NE_DOIT_PAS": "NE DOIT PAS",
    "RECOMMANDE": "RECOMMANDÉ",
    "PEUT": "PEUT",
    "INFO": "INFO",
}


@dataclass(frozen=True, slots=True)
class LigneExigence:
    """A requirement with its verdict, as one line of a table."""

    exigence: ExigenceLue
    resultat: ResultatExigence


@dataclass(frozen=True, slots=True)
class Domaine:
    """One domain: its requirements seen in the campaign, totals by verdict, and how many testable ones it has."""

    nom: str
    lignes: tuple[LigneExigence, ...]
    comptes: Mapping[Verdict, int]
    testables: int

    @property
    def vues(self) -> int:
        return len(self.lignes)


@dataclass(frozen=True, slots=True)
class AExaminer:
    """A finding that is not conforming, with its scenario and requirement."""

    scenario: ResultatScenario
    constat: Constat
    exigence: ExigenceLue | None


@dataclass(frozen=True, slots=True)
class Synthese:
    """Everything a dossier needs, in display order."""

    campagne: Campagne
    verdict: Verdict
    domaines: tuple[Domaine, ...]
    a_corriger: tuple[AExaminer, ...]
    reserves: tuple[AExaminer, ...]
    pannes: tuple[ResultatScenario, ...]
    erreurs_banc: tuple[ResultatScenario, ...]
    a_attester: tuple[AExaminer, ...]
    attestations: tuple[AExaminer, ...]
    lectures: tuple[str, ...]
    testables: int
    comptes_scenarios: Mapping[str, int]
    comptes_exigences: Mapping[str, int]


def build(campagne: Campagne, catalogue: CatalogueLu) -> Synthese:
    """Computes the synthesis of a campaign."""
    par_domaine: dict[str, list[LigneExigence]] = defaultdict(list)
    for resultat in campagne.exigences:
        exigence = catalogue.get(resultat.id)
        if exigence is not None:
            par_domaine[exigence.domaine].append(LigneExigence(exigence, resultat))
    testables: dict[str, int] = defaultdict(int)
    for exigence in catalogue.values():
        if exigence.testable and not exigence.doublon_de:
            testables[exigence.domaine] += 1
    return Synthese(
        campagne=campagne,
        verdict=worst(s.verdict for s in campagne.scenarios),
        domaines=tuple(
            _domain(nom, par_domaine.get(nom, []), testables[nom]) for nom in sorted({*par_domaine, *testables})
        ),
        a_corriger=_findings(campagne, catalogue, Verdict.NON_CONFORME),
        reserves=_findings(campagne, catalogue, Verdict.RESERVE),
        pannes=tuple(s for s in campagne.scenarios if s.verdict is Verdict.NON_CONFORME and (s.panne_lps or s.cause)),
        erreurs_banc=tuple(s for s in campagne.scenarios if s.verdict is Verdict.ERREUR_BANC),
        a_attester=_findings(campagne, catalogue, Verdict.A_ATTESTER),
        attestations=_attested(campagne, catalogue),
        lectures=tuple(
            sorted({e.lecture for r in campagne.exigences if (e := catalogue.get(r.id)) is not None and e.lecture})
        ),
        testables=sum(testables.values()),
        comptes_scenarios=campagne.compte("scenarios"),
        comptes_exigences=campagne.compte("exigences"),
    )


def _domain(nom: str, lignes: list[LigneExigence], testables: int) -> Domaine:
    lignes.sort(key=lambda ligne: (ORDRE.index(ligne.resultat.verdict), ligne.exigence.id))
    comptes = {v: sum(1 for ligne in lignes if ligne.resultat.verdict is v) for v in ORDRE}
    return Domaine(nom, tuple(lignes), comptes, testables)


def _findings(campagne: Campagne, catalogue: CatalogueLu, verdict: Verdict) -> tuple[AExaminer, ...]:
    return tuple(
        AExaminer(scenario, constat, catalogue.get(constat.exigence))
        for scenario in campagne.scenarios
        for constat in scenario.constats
        if constat.verdict is verdict
    )


def _attested(campagne: Campagne, catalogue: CatalogueLu) -> tuple[AExaminer, ...]:
    """What a person has answered: shown apart from what the bench checked itself."""
    return tuple(
        AExaminer(scenario, constat, catalogue.get(constat.exigence))
        for scenario in campagne.scenarios
        for constat in scenario.constats
        if constat.operateur == "attestation" and constat.verdict is not Verdict.A_ATTESTER
    )
