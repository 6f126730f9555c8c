"""What a scenario asks for, as facts that a message can be held against: whose invoices, which acts, which numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.modele.scenario import EtapeLps, EtapeMonde, Scenario
from simulator.cards.modele import Beneficiaire, ImageCps, ImageVitale, load_cps, load_vitale


@dataclass(frozen=True, slots=True)
class FactureDemandee:
    """One invoice asked for. ``naissance``: AAMMJJ as in the flow; ``actes``: (code, ISO date), sorted."""

    ps: str
    nir: str
    naissance: str
    actes: tuple[tuple[str, str], ...]
    mode: str
    numero: str = ""
    amc: bool = False
    honoraires: int | None = None


@dataclass(frozen=True, slots=True)
class Demande:
    """All that one scenario asks to be sent."""

    scenario: str
    titre: str
    factures: tuple[FactureDemandee, ...]


@dataclass(slots=True)
class Cartes:
    """The cards of the population, read once, and what is in the readers as steps go by."""

    dossier: Path
    _cps: dict[str, ImageCps] = field(default_factory=dict)
    _vitales: dict[str, ImageVitale] = field(default_factory=dict)

    def cps(self, nom: str) -> ImageCps | None:
        chemin = self.dossier / "cartes" / "cps" / f"{nom}.yaml"
        if nom not in self._cps and chemin.is_file():
            self._cps[nom] = load_cps(chemin)
        return self._cps.get(nom)

    def vitale(self, nom: str) -> ImageVitale | None:
        chemin = self.dossier / "cartes" / "vitale" / f"{nom}.yaml"
        if nom not in self._vitales and chemin.is_file():
            self._vitales[nom] = load_vitale(chemin)
        return self._vitales.get(nom)


@dataclass(frozen=True, slots=True)
class Pas:
    """One step with what is in the readers when it comes, and its parameters, once for each variant."""

    rang: int
    etape: Any
    ps: str
    vitale: str
    variantes: tuple[Mapping[str, Any], ...] = ()


def unroll(scenario: Scenario, decalage: timedelta) -> Iterator[Pas]:
    """The steps with the cards in place; dates moved by ``decalage``."""
    lecteurs = {"ps": scenario.monde.lecteurs.ps or "", "vitale": scenario.monde.lecteurs.vitale or ""}
    lues = {"ps": "", "vitale": ""}
    for rang, etape in enumerate(scenario.etapes, 1):
        variantes: tuple[Mapping[str, Any], ...] = ()
        if isinstance(etape, EtapeMonde) and etape.monde in ("carte.inserer", "carte.retirer"):
            lecteurs[etape.avec["lecteur"]] = etape.avec.get("carte", "")
        elif isinstance(etape, EtapeMonde) and etape.monde == "apcv.presenter":
            lues["vitale"] = etape.avec["carte"]  # the ApCV holds the identities of that card
        elif isinstance(etape, EtapeLps):
            if etape.lps in ("ps.lire", "beneficiaire.lire"):
                cle = "ps" if etape.lps == "ps.lire" else "vitale"
                lues[cle] = lecteurs[cle] or lues[cle]
            variantes = tuple(shift({**etape.avec, **v}, decalage) for v in etape.pour_chaque or [{}])
        yield Pas(rang, etape, lecteurs["ps"] or lues["ps"], lecteurs["vitale"] or lues["vitale"], variantes)


def request(scenario: Scenario, cartes: Cartes, decalage: timedelta = timedelta()) -> Demande:
    """What a scenario asks to be sent. Raises ErreurChargement on a card that can't be read."""
    factures = [
        facture
        for pas in unroll(scenario, decalage)
        if isinstance(pas.etape, EtapeLps) and pas.etape.lps == "facture.elaborer"
        for facture in (_invoice(pas, avec, cartes) for avec in pas.variantes)
        if facture is not None
    ]
    return Demande(scenario.id, scenario.titre, tuple(factures))


def person(pas: Pas, avec: Mapping[str, Any], cartes: Cartes) -> Beneficiaire | Mapping[str, Any] | None:
    """Whom an invoice is for: a beneficiary of the card, or a typed identity."""
    qui = avec.get("beneficiaire") or {}
    if qui.get("identite"):
        identite: Mapping[str, Any] = qui["identite"]
        return identite
    image = cartes.vitale(pas.vitale)
    rang = int(qui.get("numero", 1))
    return image.beneficiaires[rang - 1] if image and 1 <= rang <= len(image.beneficiaires) else None


def _invoice(pas: Pas, avec: Mapping[str, Any], cartes: Cartes) -> FactureDemandee | None:
    qui = person(pas, avec, cartes)
    image = cartes.cps(pas.ps)
    if qui is None or image is None:
        return None
    if isinstance(qui, Mapping):
        nir, naissance = str(qui["nir"]), str(qui["naissance"])
    else:
        carte = cartes.vitale(pas.vitale)
        assert carte is not None  # noqa: S101 - person() found it there
        nir, naissance = carte.assure.nir, qui.naissance
    prestations = avec.get("prestations") or []
    honoraires = [int(p["honoraires"]) for p in prestations if p.get("honoraires")]
    numero = str(avec.get("numero") or "")
    return FactureDemandee(
        ps=next((s.numero_facturation + s.cle_facturation for s in image.situations if s.numero_facturation), ""),
        nir=nir,
        naissance=naissance[2:],
        actes=tuple(sorted((str(p["code"]), str(p["date"])) for p in prestations)),
        mode=str(avec.get("mode", "SESAM_VITALE")),
        numero="" if numero.startswith("$.") else numero,
        amc=str((avec.get("tiers_payant") or {}).get("amc", "")) == "true",
        honoraires=sum(honoraires) if honoraires and len(honoraires) == len(prestations) else None,
    )


def shift(valeur: Any, decalage: timedelta) -> Any:
    """The same parameters with their ISO dates moved."""
    if isinstance(valeur, Mapping):
        return {c: v if c == "identite" else shift(v, decalage) for c, v in valeur.items()}
    if isinstance(valeur, list):
        return [shift(v, decalage) for v in valeur]
    if isinstance(valeur, str) and decalage and len(valeur) == len("2026-03-02"):
        try:
            return (date.fromisoformat(valeur) + decalage).isoformat()
        except ValueError:
            return valeur
    return valeur


def start_of(scenario: Scenario, decalage: timedelta) -> datetime:
    """When the scenario's clock starts."""
    return datetime.fromisoformat(scenario.monde.date) + decalage
