"""Samples of the file tools' tests, made once by the simulated world."""

from __future__ import annotations

import base64
from email import message_from_bytes

import pytest

from tests.acteurs.outils import AMC, DRE, OCT, emetteur
from tests.fichiers.outils import Echantillon


@pytest.fixture(scope="session")
def echantillon() -> Echantillon:
    """Two lots of FSE, one of DRE, the messages that bear them, and what the insurer answers."""
    with emetteur() as e:
        premier = e.lot([e.facture(f"{n:09d}") for n in (11, 12, 13)])
        second = e.lot([e.facture(f"{n:09d}") for n in (14, 15)], "002")
        dre = e.lot([e.facture("000000031", DRE)], "AAA")
        fichier, fichier_dre = e.fichier([premier, second]), e.fichier([dre])
        pour_oct = e.fichier([premier, dre], type_destinataire="OT", numero_destinataire="00000000000000")
        message_oct = e.message(e.sceller(pour_oct, OCT), 4, OCT)
        facture = base64.b64decode(e.facture("000000020"))
        message = e.message(e.sceller(fichier), 5)
        e.transmettre(premier)
        e.transmettre(dre, numero=AMC)
        e.monde.agir("acteurs.liquider", {})
        retours = tuple(e.releve())
    pieces = {r: message_from_bytes(r).get_payload(decode=True) for r in retours}
    arl = next(p for p in pieces.values() if isinstance(p, bytes) and p[47:50] == b"ARL")
    noemie = next(p for p in pieces.values() if isinstance(p, bytes) and b"580" in p[61:65])
    return Echantillon(fichier, premier.brut, facture, fichier_dre, message, message_oct, arl, noemie, retours)
