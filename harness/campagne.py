"""From scenario results to a campaign: requirements judged over all their findings, duplicates counted once."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

from harness.catalogue import Catalogue
from harness.modele.verdict import Campagne, Constat, Identite, ResultatExigence, ResultatScenario, worst
from harness.moteur import Banc
from norms.contrat.adaptateur import Presentation


def identity(banc: Banc, presentation: Presentation | None) -> Identite:
    """What is tested, with what. Without ``presentation`` (LPS that never answered) the configured name stands in."""
    return Identite(
        produit=presentation.produit if presentation else banc.lps.nom,
        version=presentation.version if presentation else "",
        editeur=presentation.editeur if presentation else "",
        protocole=presentation.protocole if presentation else "",
        banc_version=bench_version(),
        norme=banc.pack.nom,
        norme_version=banc.pack.version,
        norme_empreinte=banc.pack.empreinte,
        norme_source=banc.pack.source,
        norme_remplaces=banc.pack.remplaces,
        norme_hypotheses=banc.pack.hypotheses_par_dossier,
        graine=banc.graine,
        lecteurs=banc.lecteurs,
        profil=presentation.profil.model_dump(mode="json") if presentation else {},
    )


def bench_version() -> str:
    """The installed version of the bench."""
    try:
        return metadata.version("preagrement")
    except metadata.PackageNotFoundError:
        return "non installé"


def build_campaign(
    identite: Identite, resultats: Iterable[ResultatScenario], catalogue: Catalogue, *, interrompue: bool = False
) -> Campagne:
    """Gathers results, in the order of files and identifiers whatever the order of play."""
    scenarios = tuple(sorted(resultats, key=lambda r: (r.fichier, r.id)))
    constats: dict[str, list[tuple[str, Constat]]] = {}
    for resultat in scenarios:
        for constat in resultat.constats:
            cible = catalogue.cible(constat.exigence).id if constat.exigence in catalogue else constat.exigence
            constats.setdefault(cible, []).append((resultat.id, constat))
    exigences = tuple(
        ResultatExigence(
            id=cible,
            verdict=worst(c.verdict for _, c in constats[cible]),
            scenarios=tuple(dict.fromkeys(s for s, _ in constats[cible])),
            hypothese=(cible in catalogue and catalogue[cible].hypothese)
            or any(c.hypothese for _, c in constats[cible]),
        )
        for cible in sorted(constats, key=lambda i: _rank(i, catalogue))
    )
    return Campagne(identite=identite, scenarios=scenarios, exigences=exigences, interrompue=interrompue)


def _rank(identifiant: str, catalogue: Catalogue) -> tuple[bool, str, str]:
    connue = catalogue.get(identifiant)
    return (connue is None, connue.domaine if connue else "", identifiant)
