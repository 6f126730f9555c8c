"""Our ARL file (``hypothese``): opaque to an LPS, written by insurers, translated by the SSV (cdc §4.2.2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

from norms.b2.codec import CodecB2
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.codec.champ import Valeur
from norms.paquet import NormPack

__all__ = ["Arl", "CodecArl", "FichierArl"]

INDEX = "arl/index.yaml"
MAX_ENREGISTREMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Arl:
    """The logical acknowledgement of one lot: F (FSE) or D (DRE), and the first invoice at fault if any."""

    numero_ps: str
    reference_lot: str
    date_lot: date
    type_facture: str
    positif: bool
    date_arl: date
    code: str = ""
    libelle: str = ""
    numero_facture: str = ""


@dataclass(frozen=True, slots=True)
class FichierArl:
    """An ARL file: header values, acknowledgements in order."""

    entete: Mapping[str, Valeur]
    arls: tuple[Arl, ...]
    enregistrements: tuple[Enregistrement, ...]


class CodecArl:
    """Reads and writes ARL files."""

    def __init__(self, pack: NormPack) -> None:
        self._codec = CodecB2(pack, index=INDEX)

    def ecrire(self, entete: Mapping[str, Valeur], arls: Sequence[Arl]) -> bytes:
        """Writes a file. ``entete``: type and number of both ends, file identification, creation date.

        Raises ErreurEnregistrement when a value doesn't fit.
        """
        fin = self._codec.disposition("999").par_nom
        return b"".join(
            (
                self._codec.encoder("000", entete),
                *(self._codec.encoder("A", _values(a)) for a in arls),
                self._codec.encoder(
                    "999", {k: v for k, v in entete.items() if k in fin} | {"nombre_enregistrements": len(arls) + 2}
                ),
            )
        )

    def lire(self, flux: BinaryIO | bytes) -> FichierArl:
        """Reads a file. Raises ErreurEnregistrement: faulty record, wrong order, wrong count."""
        enregistrements = tuple(self._bounded(flux))
        types = [e.type for e in enregistrements]
        n = len(types)
        if n < 2 or types != ["000", *["A"] * (n - 2), "999"]:
            rang = 1 if types[:1] != ["000"] else next((i for i, t in enumerate(types[1:], 2) if t != "A"), n + 1)
            rang = n + 1 if rang == n and types[-1] == "999" else rang
            raise ErreurEnregistrement(
                rang=rang,
                type_=types[rang - 1] if rang <= n else "",
                attendu="dans l'ordre 000, des enregistrements A, 999",
                constate=f"un type {types[rang - 1]}" if rang <= n else "la fin du fichier",
            )
        fin = enregistrements[-1]
        if fin["nombre_enregistrements"] != n:
            c = fin.disposition.champ("nombre_enregistrements")
            raise ErreurEnregistrement(
                rang=n,
                type_="999",
                champ=c.nom,
                colonnes=c.colonnes,
                attendu=str(n),
                constate=str(fin[c.nom]),
                offset=fin.offset,
            )
        return FichierArl(enregistrements[0].valeurs, tuple(map(_arl, enregistrements[1:-1])), enregistrements)

    def _bounded(self, flux: BinaryIO | bytes) -> Iterable[Enregistrement]:
        for e in self._codec.iterer(flux):
            if e.rang > MAX_ENREGISTREMENTS:
                raise ErreurEnregistrement(
                    rang=e.rang,
                    type_=e.type,
                    attendu=f"{MAX_ENREGISTREMENTS} enregistrements au plus",
                    constate="davantage",
                    offset=e.offset,
                )
            yield e


def _values(a: Arl) -> dict[str, Valeur]:
    return {
        "numero_ps": a.numero_ps,
        "reference_lot": a.reference_lot,
        "date_lot": a.date_lot,
        "type_facture": a.type_facture,
        "sens": "P" if a.positif else "N",
        "code": a.code,
        "libelle": a.libelle,
        "numero_facture": a.numero_facture,
        "date_arl": a.date_arl,
    }


def _arl(e: Enregistrement) -> Arl:
    v: Mapping[str, Any] = e.valeurs
    for nom in ("date_lot", "date_arl"):  # a blank date is a date for the codec, not for an acknowledgement
        if v[nom] is None:
            champ = e.disposition.champ(nom)
            raise ErreurEnregistrement(
                rang=e.rang,
                type_=e.type,
                champ=nom,
                colonnes=champ.colonnes,
                libelle=champ.libelle,
                attendu="une date AAMMJJ",
                constate="(blanc)",
                offset=e.offset,
            )
    return Arl(
        numero_ps=v["numero_ps"],
        reference_lot=v["reference_lot"],
        date_lot=v["date_lot"],
        type_facture=v["type_facture"],
        positif=v["sens"] == "P",
        date_arl=v["date_arl"],
        code=v["code"],
        libelle=v["libelle"],
        numero_facture=v["numero_facture"],
    )
