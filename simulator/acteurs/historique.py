"""What an insurer remembers of what it received: time stamps, files, lots. Reused references are anomalies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from norms.contrat.base import TypeFacture
from simulator.acteurs.analyse import AnalyseFacture, AnalyseFichier, AnalyseLot, AnalyseMessage
from simulator.acteurs.anomalies import Anomalie, Catalogue
from simulator.acteurs.decision import Decision
from simulator.acteurs.valeurs import jour, montre

CleLot = tuple[str, str, str]
DEJA_RECUE = "FACTURE_DEJA_RECUE"
SANS_INITIALE = "FACTURE_ANNULATION_SANS_INITIALE"
ANNULEE = "FACTURE_ANNULEE"
#: What follows the date in the key of an invoice that cancels another.
_ANNULE = "/A"


@dataclass(slots=True)
class LotConnu:
    """A lot already seen: its bytes (SHA-256), whether it was taken charge of, whether it was paid or rejected.

    ``deja``: its invoices that another lot, taken charge of before, already held.
    ``lire`` gives its analysis; it may read it again from the evidence rather than keep it in memory.
    """

    empreinte: str
    numero_ps: str
    accepte: bool
    lire: Callable[[], AnalyseLot]
    liquide: bool = False
    deja: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Souvenir:
    """What one message adds to the memory of an insurer. Plain data: it can be written and read back.

    ``lots``: PS, type, reference, digest, taken charge of; ``factures``: for each lot taken charge of, in order, the
    number and date of its invoices, and whether they cancel another; ``deja``: the numbers of those held already.
    """

    compostage: tuple[str, str]
    fichier: tuple[str, str, str] | None
    lots: tuple[tuple[str, str, str, str, bool], ...]
    factures: tuple[tuple[str, ...], ...] = ()
    deja: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def read(cls, d: dict[str, Any]) -> Souvenir:
        """From its JSON form (``dataclasses.asdict``). Raises KeyError, TypeError, ValueError."""
        exercice, compostage = d["compostage"]
        lots = tuple((str(ps), str(type_), str(ref), str(e), bool(a)) for ps, type_, ref, e, a in d["lots"])
        fichier = None
        if d["fichier"]:
            emetteur, identifiant, empreinte = d["fichier"]
            fichier = (str(emetteur), str(identifiant), str(empreinte))
        factures, deja = (tuple(tuple(map(str, x)) for x in d.get(nom, ())) for nom in ("factures", "deja"))
        return cls((str(exercice), str(compostage)), fichier, lots, factures, deja)


@dataclass(slots=True)
class Registre:
    """The memory of one insurer. Changed by its own thread only.

    ``initiales``, ``annulees``: (PS, number) of the complementary parts it received, of those since cancelled.
    """

    compostages: set[tuple[str, str]] = field(default_factory=set)
    fichiers: dict[tuple[str, str], str] = field(default_factory=dict)
    lots: dict[CleLot, LotConnu] = field(default_factory=dict)
    factures: set[tuple[str, str, str]] = field(default_factory=set)
    initiales: set[tuple[str, str]] = field(default_factory=set)
    annulees: set[tuple[str, str]] = field(default_factory=set)

    def record(self, analyse: AnalyseMessage, decision: Decision) -> None:
        """Remembers a message and what became of its lots."""
        self.apply(remember(analyse, decision), lambda cle, empreinte: lambda: find_lot(analyse, cle, empreinte))

    def apply(self, souvenir: Souvenir, lecteur: Callable[[CleLot, str], Callable[[], AnalyseLot]]) -> None:
        """Adds a memory; ``lecteur`` gives what reads the analysis of a lot again, from its key and digest."""
        self.compostages.add(souvenir.compostage)
        if souvenir.fichier is not None:
            self.fichiers[souvenir.fichier[:2]] = souvenir.fichier[2]
        factures, doubles = iter(souvenir.factures), iter(souvenir.deja)
        for ps, type_, reference, empreinte, accepte in souvenir.lots:
            cle = (ps, type_, reference)
            numeros, recus = (next(factures, ()), next(doubles, ())) if accepte else ((), ())
            self.factures.update((ps, type_, n) for n in numeros)
            if type_ == TypeFacture.DRE:
                for n in numeros:
                    (self.annulees if n.endswith(_ANNULE) else self.initiales).add((ps, n.partition("/")[0]))
            deja = self.lots.get(cle)
            if deja is None or not deja.accepte:
                self.lots[cle] = LotConnu(empreinte, ps, accepte, lecteur(cle, empreinte), deja=recus)

    def learn(self, numero_ps: str, numero: str) -> None:
        """A complementary part came by another way than a DRE: a concentrator drew it from a FSE (annexe5 §4.3)."""
        self.initiales.add((numero_ps, numero))

    def knows(self, numero_ps: str, type_: str, reference: str) -> bool:
        """Whether a lot of this reference was received."""
        return (numero_ps, type_, reference) in self.lots

    def to_settle(self) -> dict[CleLot, LotConnu]:
        """Lots taken charge of and not yet paid or rejected, in order of reception."""
        return {cle: c for cle, c in self.lots.items() if c.accepte and not c.liquide}

    def settle(self, cles: Iterable[CleLot]) -> None:
        """Notes that these lots are paid or rejected."""
        for cle in cles:
            if cle in self.lots:
                self.lots[cle].liquide = True


def remember(analyse: AnalyseMessage, decision: Decision) -> Souvenir:
    """What to remember of a message, once decided on; pure."""
    fichier = analyse.fichier
    du_fichier = None
    if fichier is not None and fichier.lu.entete is not None:
        du_fichier = (*_file_key(fichier), _digest(analyse.contenu))
    acceptes = {id(lot) for lot in decision.acceptes}
    lots = () if decision.service is not None else analyse.lots
    pris = [lot for lot in lots if id(lot) in acceptes]
    return Souvenir(
        (analyse.sujet.exercice, analyse.sujet.compostage),
        du_fichier,
        tuple((*lot_key(lot), _digest(lot.lu.brut), id(lot) in acceptes) for lot in lots),
        tuple(tuple(map(_invoice_key, lot.factures)) for lot in pris),
        tuple(tuple(f.numero for f in lot.factures if f.has(DEJA_RECUE)) for lot in pris),
    )


def find_lot(analyse: AnalyseMessage, cle: CleLot, empreinte: str) -> AnalyseLot:
    """The lot of this key and SHA-256 in a message. Raises LookupError when the message doesn't hold it."""
    for lot in analyse.lots:
        if lot_key(lot) == cle and _digest(lot.lu.brut) == empreinte:
            return lot
    raise LookupError(f"le lot {cle[2]} de type {cle[1]} n'est plus dans le message d'où il vient")


def check_history(catalogue: Catalogue, analyse: AnalyseMessage, registre: Registre) -> AnalyseMessage:
    """The analysis with the anomalies that only memory reveals; pure."""
    anomalies = list(analyse.anomalies)
    sujet = analyse.sujet
    if sujet.compostage and (sujet.exercice, sujet.compostage) in registre.compostages:
        attendu = "un compostage nouveau à chaque message"
        anomalies.append(catalogue.anomalie("SUJET_COMPOSTAGE_REUTILISE", attendu, montre(sujet.compostage)))
    fichier = analyse.fichier
    if fichier is None:
        return replace(analyse, anomalies=tuple(anomalies))
    du_fichier = [*fichier.anomalies, *_file_reuse(catalogue, fichier, analyse.contenu, registre)]
    vus: set[CleLot] = set()
    lots = []
    for lot in fichier.lots:
        neuf = _lot_reuse(catalogue, lot, registre, repete=lot_key(lot) in vus)
        lots.append(_cancels_something(catalogue, _invoice_reuse(catalogue, neuf, registre), registre))
        vus.add(lot_key(lot))
    return replace(
        analyse,
        anomalies=tuple(anomalies),
        fichier=replace(fichier, lots=tuple(lots), anomalies=tuple(du_fichier)),
    )


def _file_reuse(
    catalogue: Catalogue, fichier: AnalyseFichier, contenu: bytes, registre: Registre
) -> tuple[Anomalie, ...]:
    entete = fichier.lu.entete
    deja = registre.fichiers.get(_file_key(fichier)) if entete is not None else None
    if entete is None or deja is None or deja == _digest(contenu):
        return ()
    champ = "identifiant_fichier"
    constate = montre(entete.texte(champ))
    return (
        catalogue.anomalie("FICHIER_IDENTIFIANT_REUTILISE", "un identifiant nouveau", constate, en=entete, champ=champ),
    )


def _lot_reuse(catalogue: Catalogue, lot: AnalyseLot, registre: Registre, *, repete: bool) -> AnalyseLot:
    deja = registre.lots.get(lot_key(lot))
    attendu = f"une référence nouvelle ({lot.reference} est déjà prise)"
    if repete:
        code, constate = "LOT_DEJA_RECU", "deux lots de cette référence dans le même fichier"
    elif deja is None:
        return lot
    elif deja.accepte:
        code, constate = "LOT_DEJA_RECU", "un lot de cette référence déjà accepté"
    elif deja.empreinte != _digest(lot.lu.brut):
        code, constate = "LOT_REFERENCE_REUTILISEE", "un autre contenu que le lot rejeté sous cette référence"
    else:
        return lot
    anomalie = catalogue.anomalie(code, attendu, constate, en=lot.lu.entete, champ="numero_lot")
    return replace(lot, anomalies=(*lot.anomalies, anomalie))


def _invoice_reuse(catalogue: Catalogue, lot: AnalyseLot, registre: Registre) -> AnalyseLot:
    return mark_received(
        catalogue, lot, {f.numero for f in lot.factures if (*lot_key(lot)[:2], _invoice_key(f)) in registre.factures}
    )


def mark_received(catalogue: Catalogue, lot: AnalyseLot, numeros: Collection[str]) -> AnalyseLot:
    """The lot with what memory knows of its invoices: those of these numbers came before; pure."""
    attendu = "une facture qu'aucun lot accepté n'a apportée"
    return _marked(catalogue, lot, DEJA_RECUE, attendu, lambda f: f.numero in numeros and not f.has(DEJA_RECUE))


def _cancels_something(catalogue: Catalogue, lot: AnalyseLot, registre: Registre) -> AnalyseLot:
    """A cancellation is tied to what it cancels by the PS and the number (cdc §6, « DRE d'annulation »)."""
    attendu = "le numéro d'une part complémentaire déjà reçue de ce PS"
    return _marked(
        catalogue,
        lot,
        SANS_INITIALE,
        attendu,
        lambda f: f.annulation and (lot.numero_ps, f.numero) not in registre.initiales,
    )


def without_cancelled(catalogue: Catalogue, lot: AnalyseLot, registre: Registre) -> AnalyseLot:
    """The lot as it is settled: cancellations ask for nothing, what they cancel isn't paid any more; pure."""
    lot = replace(lot, factures=tuple(f for f in lot.factures if not f.annulation))
    if lot.type != TypeFacture.DRE:
        return lot
    attendu = "une DRE que le PS n'a pas annulée"
    return _marked(catalogue, lot, ANNULEE, attendu, lambda f: (lot.numero_ps, f.numero) in registre.annulees)


def _marked(
    catalogue: Catalogue, lot: AnalyseLot, code: str, attendu: str, fautive: Callable[[AnalyseFacture], bool]
) -> AnalyseLot:
    """The lot with this anomaly on each invoice at fault."""
    if not any(fautive(f) for f in lot.factures):
        return lot
    factures = []
    for f in lot.factures:
        if fautive(f):
            anomalie = catalogue.anomalie(code, attendu, montre(f.numero), en=f.lue.entete)
            factures.append(replace(f, anomalies=(*f.anomalies, anomalie)))
        else:
            factures.append(f)
    return replace(lot, factures=tuple(factures))


def _invoice_key(f: AnalyseFacture) -> str:
    return f"{f.numero}/{jour(f.lue.entete, 'date_facturation')}{_ANNULE if f.annulation else ''}"


def _file_key(fichier: AnalyseFichier) -> tuple[str, str]:
    entete = fichier.lu.entete
    return ("", "") if entete is None else (entete.texte("numero_emetteur"), entete.texte("identifiant_fichier"))


def lot_key(lot: AnalyseLot) -> CleLot:
    """What designates a lot for an insurer: PS, type, reference."""
    return (lot.numero_ps, lot.type, lot.reference)


def _digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
