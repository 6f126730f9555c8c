"""What the tests of the file tools share: checking bytes, patching columns, writing records by hand."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from harness.fichiers.cles import Trousseau
from harness.fichiers.modele import ConstatFichier, ResultatFichier
from harness.fichiers.source import Source
from harness.fichiers.verification import Options, check_source
from norms.paquet import NormPack

PACK = NormPack.par_defaut()
RECU = date(2026, 3, 2)
L = 128


#: Shared: the certificates of a day of the bench are made once.
CLES_DE_TEST = Trousseau(cle_de_test=True)


@dataclass(frozen=True, repr=False)
class Echantillon:
    """Flows made by the simulated world: cards, services, insurers."""

    fichier: bytes
    lot: bytes
    facture: bytes
    dre: bytes
    message: bytes
    message_oct: bytes
    arl: bytes
    noemie: bytes
    messages_retour: tuple[bytes, ...]

    def __repr__(self) -> str:
        return "Echantillon()"


def check(octets: bytes, *, jour: date | None = RECU, test: bool = False, **options: Any) -> ResultatFichier:
    """Checks bytes received on 2 March 2026."""
    trousseau = options.pop("trousseau", CLES_DE_TEST if test else Trousseau())
    source = Source("essai", io.BytesIO(octets), len(octets))
    return check_source(source, PACK, Options(aujourdhui=RECU, date=jour, trousseau=trousseau, **options))


def found(r: ResultatFichier, code: str) -> ConstatFichier:
    """The first finding of a check; the test fails when there is none."""
    trouves = [c for c in r.constats if c.code == code]
    assert trouves, f"{code} attendu, constaté {r.comptes} {r.cause}"
    return trouves[0]


def patch(octets: bytes, rang: int, colonne: int, texte: str | bytes) -> bytes:
    """Writes over a record from a column, both from 1."""
    neuf = texte.encode("ascii") if isinstance(texte, str) else texte
    place = (rang - 1) * L + colonne - 1
    return octets[:place] + neuf + octets[place + len(neuf) :]


def records(octets: bytes) -> list[bytes]:
    """The records of a flow of 128-byte records."""
    return [octets[i : i + L] for i in range(0, len(octets), L)]


def rank(octets: bytes, debut: bytes, occurrence: int = 1) -> int:
    """The rank of the n-th record that starts so."""
    rangs = [i for i, r in enumerate(records(octets), start=1) if r.startswith(debut)]
    return rangs[occurrence - 1]


def by_hand(champs: Mapping[int, str], longueur: int = L) -> bytes:
    """A record written column by column (from 1), spaces elsewhere: nothing of the codec is used."""
    brut = bytearray(b" " * longueur)
    for colonne, texte in champs.items():
        brut[colonne - 1 : colonne - 1 + len(texte)] = texte.encode("ascii")
    assert len(brut) == longueur
    return bytes(brut)
