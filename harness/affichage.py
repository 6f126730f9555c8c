"""What people read on the console: a result, a summary, durations. Plain lines; colours are put on by the CLI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.catalogue import Catalogue, scenarios_directory
from harness.modele.verdict import Campagne, Constat, Preuve, ResultatScenario, Verdict

_MARGE = "  "


def replay_options(option: Any) -> str:
    """The options to repeat on a replay line, from a command line's ``preagrement_…`` attributes."""
    mots = [
        f" --{nom} {valeur}"
        for nom in ("lps", "norme", "attestations")
        if (valeur := getattr(option, f"preagrement_{nom}", None))
    ]
    lecteurs = getattr(option, "preagrement_lecteurs", None)
    return "".join(mots) + (f" --lecteurs {lecteurs}" if lecteurs and lecteurs != "simules" else "")


def heading(resultat: ResultatScenario) -> str:
    """``NON CONFORME  LOT-03  Les factures d'un lot sont triées…``"""
    return f"{resultat.verdict.libelle.upper()}  {resultat.id}  {resultat.titre}"


def format_result(resultat: ResultatScenario, catalogue: Catalogue, graine: int, options: str = "") -> list[str]:
    """A result as a vendor reads it: what was expected, what was found, where, what to do, how to replay.

    ``options``: what the replay needs besides the seed, such as the file of the LPS.
    """
    lignes = [heading(resultat)]
    if resultat.cause:
        lignes.append(_line("cause", resultat.cause))
    if resultat.erreurs_lps.strip():
        lignes.append(_line("erreurs", "fin de la sortie d'erreur du LPS :"))
        lignes += [f"{_MARGE}{'':<12}{ligne}" for ligne in resultat.erreurs_lps.strip().splitlines()[-8:]]
    montres: tuple[Verdict, ...] = (Verdict.NON_CONFORME, Verdict.RESERVE, Verdict.A_ATTESTER)
    if resultat.verdict is not Verdict.ERREUR_BANC and not resultat.cause:
        montres += (Verdict.NON_TESTE,)
    for constat in resultat.constats:
        if constat.verdict in montres:
            lignes += _finding(constat, catalogue)
    lignes.append(_line("rejouer", resultat.rejouer or replay_line(resultat, graine, options)))
    return lignes


def replay_line(resultat: ResultatScenario, graine: int, options: str = "") -> str:
    """The command that plays it again: by identifier for a shipped scenario, by file for another one."""
    nom = resultat.fichier
    livre = not nom or (scenarios_directory().parent / nom).is_file()
    return f"preagrement replay {resultat.id if livre else nom} --graine {graine}{options}"


def _finding(constat: Constat, catalogue: Catalogue) -> Iterator[str]:
    exigence = catalogue.get(constat.exigence)
    reference = f" ({exigence.reference})  {exigence.niveau}" if exigence else ""
    yield _line("exigence", f"{constat.exigence}{reference}  → {constat.verdict.libelle}")
    yield _line("attendu", constat.attendu)
    ou = where(constat.preuves)
    yield _line("constaté", constat.constate + (f"   {ou}" if ou else ""))
    if constat.pourquoi:
        yield _line("pourquoi", constat.pourquoi)
    if constat.hypothese:
        yield _line("hypothèse", constat.hypothese)
    if constat.a_corriger:
        yield _line("à corriger", constat.a_corriger)


def where(preuves: tuple[Preuve, ...]) -> str:
    """``message x.eml, enregistrements 3, 6, 9, colonnes 27-35``"""
    morceaux = []
    fichiers = list(dict.fromkeys(p.fichier.rpartition("/")[2] for p in preuves if p.fichier))
    if fichiers:
        morceaux.append(", ".join(fichiers[:3]))
    rangs = list(dict.fromkeys(str(p.enregistrement) for p in preuves if p.enregistrement is not None))
    if rangs:
        morceaux.append(f"enregistrement{'s' if len(rangs) > 1 else ''} {', '.join(rangs[:10])}")
    colonnes = list(dict.fromkeys(p.colonnes for p in preuves if p.colonnes))
    if colonnes:
        morceaux.append(f"colonnes {', '.join(colonnes)}")
    return ", ".join(morceaux)


def _line(titre: str, texte: str) -> str:
    return f"{_MARGE}{titre:<12}{texte}"


def summary(campagne: Campagne) -> list[str]:
    """Two lines of totals, for scenarios and requirements."""
    lignes = []
    for quoi, libelle in (("scenarios", "scénario"), ("exigences", "exigence")):
        compte = campagne.compte(quoi)  # type: ignore[arg-type]  # the two literals above
        detail = ", ".join(f"{compte[v.value]} {v.libelle}" for v in Verdict if compte[v.value])
        pluriel = "s" if compte["total"] > 1 else ""
        lignes.append(f"{compte['total']} {libelle}{pluriel}" + (f" : {detail}" if detail else ""))
    return lignes
