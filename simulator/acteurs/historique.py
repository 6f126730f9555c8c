"""What an insurer remembers of what it received: time stamps, files, lots. Reused references are anomalies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from simulator.acteurs.analyse import AnalyseFichier, AnalyseLot, AnalyseMessage
from simulator.acteurs.anomalies import Anomalie, Catalogue
from simulator.acteurs.decision import Decision
from simulator.acteurs.valeurs import montre

CleLot = tuple[str, str, str]


@dataclass(slots=True)
class LotConnu:
    """A lot already seen: its bytes (SHA-256), whether it was taken charge of, whether it was paid or rejected."""

    empreinte: str
    lot: AnalyseLot
    accepte: bool
    liquide: bool = False


@dataclass(slots=True)
class Registre:
    """The memory of one insurer. Changed by its own thread only."""

    compostages: set[tuple[str, str]] = field(default_factory=set)
    fichiers: dict[tuple[str, str], str] = field(default_factory=dict)
    lots: dict[CleLot, LotConnu] = field(default_factory=dict)

    def record(self, analyse: AnalyseMessage, decision: Decision) -> None:
        """Remembers a message and what became of its lots."""
        self.compostages.add((analyse.sujet.exercice, analyse.sujet.compostage))
        fichier = analyse.fichier
        if fichier is not None and fichier.lu.entete is not None:
            self.fichiers[_file_key(fichier)] = _digest(analyse.contenu)
        acceptes = {id(lot) for lot in decision.acceptes}
        if decision.service is not None:
            return
        for lot in analyse.lots:
            deja = self.lots.get(_lot_key(lot))
            if deja is None or not deja.accepte:
                self.lots[_lot_key(lot)] = LotConnu(_digest(lot.lu.brut), lot, id(lot) in acceptes)

    def to_settle(self) -> tuple[LotConnu, ...]:
        """Lots taken charge of and not yet paid or rejected, in order of reception."""
        return tuple(c for c in self.lots.values() if c.accepte and not c.liquide)


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
        lots.append(_lot_reuse(catalogue, lot, registre, repete=_lot_key(lot) in vus))
        vus.add(_lot_key(lot))
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
    deja = registre.lots.get(_lot_key(lot))
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


def _file_key(fichier: AnalyseFichier) -> tuple[str, str]:
    entete = fichier.lu.entete
    return ("", "") if entete is None else (entete.texte("numero_emetteur"), entete.texte("identifiant_fichier"))


def _lot_key(lot: AnalyseLot) -> CleLot:
    return (lot.numero_ps, lot.type, lot.reference)


def _digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
