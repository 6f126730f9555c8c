"""Reads a B2 file whatever its faults: envelope, lots and invoices are told apart so that each answers for itself.

A strict reader stops at the first fault; an insurer must say which lot, and which invoice, is wrong. Records are first
sorted into file, lots and invoices by their type alone; each part is then held against the automaton of the norm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from norms.b2 import CodecB2, FactureB2
from norms.b2.structure import tell_type
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.codec.champ import Champ, Format
from norms.codec.disposition import Disposition

LONGUEUR = 128
ENVELOPPE = frozenset({"000", "999"})

#: What stands for the layout of a record of unknown type.
INCONNU = Disposition(
    "?",
    "Enregistrement illisible",
    LONGUEUR,
    (Champ("contenu", 1, LONGUEUR, Format.RESERVE, source="hypothese: type inconnu, gardé tel quel"),),
)


@dataclass(frozen=True, slots=True)
class FactureLue:
    """The records of one invoice. ``structure`` is None when they don't come in order; ``fautes`` say what is wrong."""

    rang: int
    enregistrements: tuple[Enregistrement, ...]
    structure: FactureB2 | None
    fautes: tuple[ErreurEnregistrement, ...] = ()

    @property
    def entete(self) -> Enregistrement:
        return self.enregistrements[0]

    @property
    def numero(self) -> str:
        return self.entete.texte("numero_facture")


@dataclass(frozen=True, slots=True)
class LotLu:
    """The records of one lot; ``fin`` is None when there is no record 6."""

    entete: Enregistrement
    factures: tuple[FactureLue, ...]
    fin: Enregistrement | None
    securite: tuple[Enregistrement, ...]
    enregistrements: tuple[Enregistrement, ...] = field(repr=False)
    fautes: tuple[ErreurEnregistrement, ...] = ()

    @property
    def reference(self) -> str:
        return self.entete.texte("numero_lot")

    @property
    def brut(self) -> bytes:
        return b"".join(e.brut for e in self.enregistrements)


@dataclass(frozen=True, slots=True)
class FichierLu:
    """A file sorted into its parts. ``egares``: records that belong neither to the envelope nor to a lot.

    A file too big to be held has only its first and last records, and one lot of each PS: ``total_enregistrements``
    and ``total_lots`` then give the real numbers.
    """

    enregistrements: tuple[Enregistrement, ...] = field(repr=False)
    entete: Enregistrement | None
    lots: tuple[LotLu, ...]
    fin: Enregistrement | None
    egares: tuple[Enregistrement, ...]
    reste: int
    total_enregistrements: int | None = None
    total_lots: int | None = None

    @property
    def nombre_enregistrements(self) -> int:
        return len(self.enregistrements) if self.total_enregistrements is None else self.total_enregistrements

    @property
    def nombre_lots(self) -> int:
        return len(self.lots) if self.total_lots is None else self.total_lots

    @property
    def nombre_factures(self) -> int:
        return sum(len(lot.factures) for lot in self.lots)


def read_record(codec: CodecB2, brut: bytes, rang: int, offset: int = -1) -> Enregistrement:
    """Decodes a record; a faulty one carries its ``anomalies``. Never raises on the content."""
    try:
        e = codec.decoder_enregistrement(brut, rang, offset=offset, strict=False)
        if not e.anomalies:
            _ = e.valeurs
    except ErreurEnregistrement as faute:
        try:
            disposition = codec.identifier(brut, rang, offset)
        except ErreurEnregistrement:
            disposition = INCONNU
        e = Enregistrement(disposition, brut, rang, offset, (faute,))
    if e.type in ENVELOPPE and not brut.startswith(e.type.encode("ascii")):  # told by its first byte alone
        e = Enregistrement(INCONNU, brut, rang, offset, e.anomalies)
    return e


def read_records(codec: CodecB2, octets: bytes) -> Iterator[Enregistrement]:
    """Decodes every whole record as ``read_record`` does."""
    for rang, i in enumerate(range(0, len(octets) - LONGUEUR + 1, LONGUEUR), start=1):
        yield read_record(codec, octets[i : i + LONGUEUR], rang, i)


def read_file(codec: CodecB2, octets: bytes) -> FichierLu:
    """Sorts the records of a file into envelope, lots and invoices."""
    tous = tuple(read_records(codec, octets))
    debut = 1 if tous and tous[0].type == "000" else 0
    fins = [i for i, e in enumerate(tous) if e.type == "999" and i >= debut]
    limite = fins[-1] if fins else len(tous)
    departs = [i for i in range(debut, limite) if tous[i].type == "1"]
    bornes = [*departs, limite]
    egares = (*tous[debut : bornes[0]], *tous[limite + 1 :])
    lots = tuple(read_lot(codec, tous[a:b]) for a, b in pairwise(bornes))
    return FichierLu(
        enregistrements=tous,
        entete=tous[0] if debut else None,
        lots=lots,
        fin=tous[limite] if fins else None,
        egares=egares,
        reste=len(octets) % LONGUEUR,
    )


def read_lot(codec: CodecB2, enregistrements: tuple[Enregistrement, ...]) -> LotLu:
    """Sorts the records of a lot, its record 1 first, into invoices and end."""
    entete, suite = enregistrements[0], enregistrements[1:]
    fautes = list(entete.anomalies)
    place_fin = next((i for i, e in enumerate(suite) if e.type == "6"), len(suite))
    corps, queue = suite[:place_fin], suite[place_fin:]
    departs = [i for i, e in enumerate(corps) if e.type == "2"]
    devant = corps[: departs[0] if departs else len(corps)]
    fautes.extend(_misplaced(e, "2", "l'en-tête de lot est suivi de la première facture") for e in devant)
    bornes = [*departs, len(corps)]
    factures = tuple(read_invoice(codec, rang, corps[a:b]) for rang, (a, b) in enumerate(pairwise(bornes), 1))
    fin = queue[0] if queue else None
    if fin is None:
        dernier = enregistrements[-1]
        fautes.append(
            ErreurEnregistrement(
                rang=dernier.rang + 1,
                type_="",
                attendu="un type 6, fin de lot",
                constate="la fin des enregistrements du lot",
            )
        )
    else:
        fautes.extend(fin.anomalies)
    for e in queue[1:]:
        fautes.extend(e.anomalies)
        if e.type != "8":
            fautes.append(_misplaced(e, "8", "la fin de lot est suivie de la signature du lot"))
    securite = tuple(e for e in queue[1:] if e.type == "8" and not e.anomalies)
    return LotLu(entete, factures, fin, securite, enregistrements, tuple(fautes))


def read_invoice(codec: CodecB2, rang: int, enregistrements: tuple[Enregistrement, ...]) -> FactureLue:
    """Holds the records of an invoice against the automaton; ``rang``: its place in the lot, from 1."""
    fautes = [f for e in enregistrements for f in e.anomalies]
    try:
        evenements = list(codec.structure.events(enregistrements, depart="lot", arrivees=("fin_facture",)))
    except ErreurEnregistrement as faute:
        return FactureLue(rang, enregistrements, None, (*fautes, faute))
    structure = evenements[0] if len(evenements) == 1 and isinstance(evenements[0], FactureB2) else None
    return FactureLue(rang, enregistrements, structure, tuple(fautes))


def _misplaced(e: Enregistrement, attendu: str, conseil: str) -> ErreurEnregistrement:
    return ErreurEnregistrement(
        rang=e.rang,
        type_=e.type,
        champ="type" if e.type != "?" else "contenu",
        colonnes=(1, 1),
        attendu=f"un type {attendu}",
        constate=tell_type(e),
        offset=e.offset,
        conseil=conseil,
    )
