"""How the tests of the reception examine a message, without sockets: the insurer's own pure function."""

from __future__ import annotations

from datetime import datetime

from norms.contrat.ports import PARIS
from simulator.acteurs.analyse import AnalyseMessage
from simulator.acteurs.reception import analyse
from simulator.messagerie.evenements import DestinataireDsn, MessageRecu, ParametresDsn
from tests.acteurs.atelier import Atelier
from tests.acteurs.outils import ADRESSES, AMO, Emetteur

RECEPTION = datetime(2026, 3, 2, 9, 0, tzinfo=PARIS)


def recu(e: Emetteur, brut: bytes, numero: str = AMO, *, avis: bool = True) -> MessageRecu:
    adresse = ADRESSES[numero]
    dsn = ParametresDsn(destinataires=(DestinataireDsn(adresse, ("FAILURE",)),)) if avis else ParametresDsn()
    return MessageRecu(
        numero=1,
        instant=RECEPTION.isoformat(),
        session=1,
        expediteur=e.monde.adresse_ps,
        destinataires=(adresse,),
        brut=brut,
        dsn=dsn,
    )


def examine(e: Emetteur, brut: bytes, numero: str = AMO, instant: datetime = RECEPTION) -> AnalyseMessage:
    return analyse(e.monde.bureau.contexte(numero, instant), recu(e, brut, numero))


def codes(analyse: AnalyseMessage) -> list[str]:
    """All codes, in the order of the layers."""
    lots = [a.code for lot in analyse.lots for a in lot.anomalies]
    factures = [a.code for lot in analyse.lots for f in lot.factures for a in f.anomalies]
    return [*(a.code for a in analyse.envelope_faults()), *lots, *factures]


def du_fichier(e: Emetteur, octets: bytes, nombre: int = 3, numero: str = AMO) -> AnalyseMessage:
    return examine(e, e.message(e.sceller(octets, numero), nombre, numero), numero)


def spoil(e: Emetteur, fichier: bytes) -> Atelier:
    return Atelier.of(e.monde.pki, fichier)
