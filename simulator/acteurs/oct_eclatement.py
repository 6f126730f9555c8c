"""Splitting what a concentrator received: which lot goes to whom, and the file it goes in (annexe5 §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from norms.codec import Enregistrement
from simulator.acteurs.analyse import AnalyseFacture, AnalyseFichier, AnalyseLot
from simulator.acteurs.oct_regles import ReglesOct
from simulator.acteurs.organismes import Organisme

LONGUEUR_NUMERO = 14


@dataclass(frozen=True, slots=True)
class Lettre:
    """What goes to one recipient: its lots, in order, and the bytes of the file that holds them."""

    destinataire: Organisme
    lots: tuple[AnalyseLot, ...]
    contenu: bytes

    @property
    def nombre_factures(self) -> int:
        return sum(len(lot.factures) for lot in self.lots)


@dataclass(frozen=True, slots=True)
class Complement:
    """A flow to an AMC outside of SESAM-Vitale, drawn from an enriched FSE (annexe5 §4.3). ``montant`` in centimes."""

    facture: str
    numero_amc: str
    montant: int
    numero_ps: str = ""


@dataclass(frozen=True, slots=True)
class Eclatement:
    """The whole split. ``sans_destinataire``: lots whose recipient no one knows."""

    lettres: tuple[Lettre, ...]
    complements: tuple[Complement, ...]
    sans_destinataire: tuple[str, ...]


def split(fichier: AnalyseFichier, contenu: bytes, organismes: Iterable[Organisme], regles: ReglesOct) -> Eclatement:
    """Splits a file by recipient; pure. A file that isn't for a concentrator leaves as it came, to its recipient."""
    connus = tuple(organismes)
    par_destinataire: dict[str, tuple[Organisme, list[AnalyseLot]]] = {}
    perdus: list[str] = []
    for lot in fichier.lots:
        organisme = recipient(lot, connus)
        if organisme is None:
            perdus.append(lot.reference)
        else:
            par_destinataire.setdefault(organisme.numero, (organisme, []))[1].append(lot)
    entete, fin = fichier.lu.entete, fichier.lu.fin
    if entete is None or fin is None or entete.anomalies or fin.anomalies:
        return Eclatement((), (), tuple(lot.reference for lot in fichier.lots))
    entier = entete.texte("type_destinataire") != regles.type_destinataire and len(par_destinataire) == 1 and not perdus
    lettres = tuple(
        Lettre(o, tuple(lots), contenu if entier else _envelop(entete, fin, o, lots, regles))
        for o, lots in par_destinataire.values()
    )
    complements = tuple(
        Complement(f.numero, f.lue.entete.texte("numero_amc"), f.montant("total_amc"), lot.numero_ps)
        for lot in fichier.lots
        for f in lot.factures
        if is_split_by_oct(f, regles)
    )
    return Eclatement(lettres, complements, tuple(perdus))


def is_split_by_oct(f: AnalyseFacture, regles: ReglesOct) -> bool:
    """Whether the PS lets the concentrator draw a complementary flow from this FSE (annexe5 §4.3.2)."""
    return f.type == "FSE" and f.lue.entete.texte("type_contrat") == regles.contrat_eclatement


def recipient(lot: AnalyseLot, organismes: Iterable[Organisme]) -> Organisme | None:
    """The AMO of a lot of FSE, by régime and organisation; the AMC of a lot of DRE, by its address."""
    if lot.type == "DRE":
        adresse = _address(lot)
        return next((o for o in organismes if o.role == "AMC" and o.adresse.lower() == adresse), None)
    regime, organisme = lot.lu.entete.texte("regime_pivot"), lot.lu.entete.texte("organisme_destinataire")
    return next(
        (o for o in organismes if o.role == "AMO" and o.regime == regime and o.numero_destinataire[-3:] == organisme),
        None,
    )


def _address(lot: AnalyseLot) -> str:
    for f in lot.factures:
        deux_m = next((e for e in f.lue.enregistrements if e.type == "2M" and not e.anomalies), None)
        if deux_m is not None:
            pieces = [deux_m.texte(c) for c in ("routage_destinataire", "hote_destinataire", "domaine")]
            return f"{pieces[0]}{pieces[1]}@{pieces[2]}".lower()
    return ""


def _envelop(
    entete: Enregistrement, fin: Enregistrement, organisme: Organisme, lots: Iterable[AnalyseLot], regles: ReglesOct
) -> bytes:
    """Lots as they came between a header and an end for their recipient; the sender stays the PS."""
    gardes = tuple(lots)
    corps = b"".join(lot.lu.brut for lot in gardes)
    commun: dict[str, str] = {
        "type_destinataire": organisme.type_destinataire,
        "numero_destinataire": organisme.numero_destinataire.rjust(LONGUEUR_NUMERO, "0"),
        "application": regles.application,
    }
    debut = entete.avec(**commun)
    nombre = len(corps) // len(entete.brut) + 2
    return debut.brut + corps + fin.avec(**commun, nombre_enregistrements=nombre, nombre_lots=len(gardes)).brut
