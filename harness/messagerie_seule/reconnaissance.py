"""Which scenario a message answers, by what was asked for: professional, beneficiary, acts, dates, imposed numbers.

The mode, the number of invoices and the amounts are what scenarios judge: they only rank several scenarios that a
message could answer. A message that differs in the beneficiary or the professional answers something else; one that
differs otherwise may be the LPS's fault, and a person is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.messagerie_seule.demande import Demande, FactureDemandee

Accord = Literal["oui", "partiel", "non", "illisible"]


@dataclass(frozen=True, slots=True)
class Rapprochement:
    """How a message and a request agree. ``ecarts``: what differs, in French; ``proximite``: higher is nearer."""

    demande: Demande
    accord: Accord
    ecarts: tuple[str, ...] = ()
    proximite: int = 0


def match(demande: Demande, lecture: Mapping[str, Any]) -> Rapprochement:
    """Holds a message (lists ``messages, fichiers, lots, factures`` of seam 5) against a request."""
    recues = list(lecture.get("factures", ()))
    if not recues:
        return Rapprochement(demande, "illisible", ("aucune facture lisible dans le message",))
    ecarts: list[str] = []
    identite = False
    proches: list[FactureDemandee] = []
    for facture in recues:
        candidates = sorted(((len(e), i, e) for i, e in enumerate(_gaps(d, facture) for d in demande.factures)))
        if not candidates:
            return Rapprochement(demande, "non", ("ce scénario ne demande aucune facture",))
        _, rang, trouves = candidates[0]
        proches.append(demande.factures[rang])
        identite = identite or any(c in ("bénéficiaire", "professionnel") for c, _ in trouves)
        ecarts += [f"{champ} {texte}" for champ, texte in trouves]
    accord: Accord = "oui" if not ecarts else "non" if identite else "partiel"
    return Rapprochement(demande, accord, tuple(dict.fromkeys(ecarts)), _closeness(demande, proches, recues))


def rank(demandes: Iterable[Demande], lecture: Mapping[str, Any]) -> list[Rapprochement]:
    """The requests that a message answers, nearest first; several at the head when they are as near."""
    accords = [r for r in (match(d, lecture) for d in demandes) if r.accord == "oui"]
    accords.sort(key=lambda r: -r.proximite)
    return accords


def summarize(lecture: Mapping[str, Any]) -> str:
    """A message in a few words: its recipient, its subject, its invoices."""
    messages = list(lecture.get("messages", ()))
    sujet = str(messages[0].get("sujet", {}).get("brut", "")) if messages else ""
    vers = ", ".join(dict.fromkeys(str(m.get("a", "")) for m in messages))
    factures = [
        f"{f.get('type', '')} {f.get('numero', '')} pour {_entete(f).get('nir', '?')}"
        for f in list(lecture.get("factures", ()))[:5]
    ]
    contenu = ", ".join(factures) if factures else "contenu illisible"
    return f"vers {vers or 'un destinataire inconnu'}, sujet « {sujet} », {contenu}"


def _gaps(demande: FactureDemandee, facture: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What differs between an invoice and one asked for: (criterion, asked and found)."""
    entete = _entete(facture)
    actes = _acts(facture)
    couples = [
        ("professionnel", demande.ps, str(entete.get("numero_ps", ""))),
        ("bénéficiaire", demande.nir, str(entete.get("nir", ""))),
        ("naissance", demande.naissance, str(entete.get("naissance", ""))),
        ("numéro de facture", demande.numero, str(facture.get("numero", ""))),
    ]
    ecarts = [(c, f"demandé {voulu}, reçu {recu or 'rien'}") for c, voulu, recu in couples if voulu and voulu != recu]
    if actes != demande.actes:
        ecarts.append(("actes", f"demandé {_shown(demande.actes)}, reçu {_shown(actes)}"))
    return ecarts


def _acts(facture: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The acts of an invoice, one entry a date and code however many records carry it."""
    return tuple(sorted((str(p.get("code_acte", "")), str(p.get("date_acte", ""))) for p in facture["prestations"]))


def _closeness(demande: Demande, proches: list[FactureDemandee], recues: list[Mapping[str, Any]]) -> int:
    """Imposed numbers that are there, modes, amounts, and the number of invoices."""
    points = 0
    for voulue, recue in zip(proches, recues, strict=True):
        montants = recue.get("montants", {})
        points += 4 * bool(voulue.numero)
        points += 2 * (voulue.mode == recue.get("mode"))
        points += 2 * (voulue.honoraires is not None and voulue.honoraires == montants.get("total"))
        points += voulue.amc == bool(montants.get("amc"))
    return 2 * points + (len({r.get("numero") for r in recues}) == len(demande.factures))


def _entete(facture: Mapping[str, Any]) -> Mapping[str, Any]:
    entete = facture.get("entete")
    return entete if isinstance(entete, Mapping) else {}


def _shown(actes: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{code} le {jour}" for code, jour in actes) or "aucun acte"
