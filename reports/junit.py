"""The campaign as JUnit XML: one test case per scenario, failures for non-conformities, errors for bench faults.

Reserves, attestations, untested and non-applicable scenarios are ``skipped`` with their reason: never shown as passed.
No time, host or date is written: the same campaign gives the same bytes.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # writing only; nothing is parsed here
from pathlib import Path

from harness.modele.verdict import Campagne, ResultatScenario, Verdict
from reports.ecriture import write_whole
from reports.synthese import CatalogueLu

NOM = "junit.xml"
_INTERDITS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def ecrire(campagne: Campagne, catalogue: CatalogueLu, dossier: Path) -> list[Path]:
    """Writes ``junit.xml``."""
    racine = ET.Element("testsuites")
    suites: dict[str, list[ResultatScenario]] = {}
    for scenario in campagne.scenarios:
        suites.setdefault(_domain(scenario), []).append(scenario)
    for rang, (nom, scenarios) in enumerate(sorted(suites.items())):
        racine.append(_suite(rang, nom, scenarios, campagne, catalogue))
    ET.indent(racine)
    return [write_whole(dossier / NOM, ET.tostring(racine, encoding="utf-8", xml_declaration=True) + b"\n")]


def _domain(scenario: ResultatScenario) -> str:
    dossier = Path(scenario.fichier).parent.name
    return dossier or "scenarios"


def _suite(
    rang: int, nom: str, scenarios: list[ResultatScenario], campagne: Campagne, catalogue: CatalogueLu
) -> ET.Element:
    verdicts = [s.verdict for s in scenarios]
    echecs, erreurs = verdicts.count(Verdict.NON_CONFORME), verdicts.count(Verdict.ERREUR_BANC)
    sautes = len(verdicts) - echecs - erreurs - verdicts.count(Verdict.CONFORME)
    suite = ET.Element(
        "testsuite",
        name=_clean(nom),
        package="preagrement",
        id=str(rang),
        tests=str(len(scenarios)),
        failures=str(echecs),
        errors=str(erreurs),
        skipped=str(sautes),
        time="0",
        timestamp="2000-01-01T00:00:00",
        hostname="banc",
    )
    proprietes = ET.SubElement(suite, "properties")
    identite = campagne.identite
    for cle, valeur in (
        ("produit", identite.produit),
        ("version", identite.version),
        ("norme", f"{identite.norme} {identite.norme_version}".strip()),
        ("graine", str(identite.graine)),
    ):
        ET.SubElement(proprietes, "property", name=cle, value=_clean(valeur))
    for scenario in scenarios:
        suite.append(_case(nom, scenario, catalogue))
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _case(suite: str, scenario: ResultatScenario, catalogue: CatalogueLu) -> ET.Element:
    cas = ET.Element(
        "testcase", name=_clean(f"{scenario.id} {scenario.titre}"), classname=_clean(f"preagrement.{suite}"), time="0"
    )
    if scenario.verdict is Verdict.CONFORME:
        return cas
    resume = scenario.cause or scenario.panne_lps or scenario.verdict.libelle
    if scenario.verdict is Verdict.NON_CONFORME:
        echec = ET.SubElement(cas, "failure", type="non_conforme", message=_clean(_first_line(scenario, resume)))
        echec.text = _clean(_detail(scenario, catalogue))
    elif scenario.verdict is Verdict.ERREUR_BANC:
        erreur = ET.SubElement(cas, "error", type="erreur_banc", message=_clean(resume))
        erreur.text = _clean(_detail(scenario, catalogue))
    else:
        ET.SubElement(cas, "skipped", message=_clean(f"{scenario.verdict.libelle} : {resume}"))
    return cas


def _first_line(scenario: ResultatScenario, resume: str) -> str:
    for constat in scenario.constats:
        if constat.verdict is Verdict.NON_CONFORME:
            return f"{constat.exigence} : attendu {constat.attendu}, constaté {constat.constate}"
    return resume


def _detail(scenario: ResultatScenario, catalogue: CatalogueLu) -> str:
    lignes = [f"{scenario.id} {scenario.titre}"]
    if scenario.cause:
        lignes.append(f"cause       {scenario.cause}")
    if scenario.panne_lps:
        lignes.append(f"panne       {scenario.panne_lps}")
    for constat in scenario.constats:
        if constat.verdict not in (Verdict.NON_CONFORME, Verdict.RESERVE):
            continue
        exigence = catalogue.get(constat.exigence)
        lignes += [
            f"exigence    {constat.exigence}" + (f" ({exigence.reference})" if exigence else ""),
            f"  observé   {constat.sur}",
            f"  attendu   {constat.attendu}",
            f"  constaté  {constat.constate}",
            f"  pourquoi  {constat.pourquoi}",
        ]
    lignes.append(f"rejouer     {scenario.rejouer or f'preagrement replay {scenario.id}'}")
    return "\n".join(lignes)


def _clean(texte: str) -> str:
    """XML 1.0 forbids most control characters; an LPS may well send some."""
    return _INTERDITS.sub("\ufffd", texte)
