"""Decoding and encoding of B2 records, one by one or as a stream in constant memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from norms.b2.structure import Evenement, Fichier, StructureB2
from norms.chargement import Document
from norms.codec import Disposition, Enregistrement, ErreurEnregistrement, load_disposition
from norms.codec.champ import Valeur
from norms.codec.erreurs import quote
from norms.paquet import NormPack

LONGUEUR = 128
ENREGISTREMENTS_PAR_LECTURE = 512


class CodecB2:
    """Reads and writes B2 records with the layouts of a norm pack.

    With ``strict`` (the default) the first fault raises ErreurEnregistrement; with ``strict=False`` a record whose type
    is known is given with its faults in ``anomalies``.
    """

    def __init__(self, pack: NormPack, *, index: str = "b2/index.yaml") -> None:
        self.pack = pack
        self.dispositions, self._par_debut = pack.memo((index, "dispositions"), lambda: _load(pack, index))
        self.structure: StructureB2 = pack.memo(
            ("b2/structure.yaml", "structure"), lambda: StructureB2(pack.charger("b2/structure.yaml"))
        )

    # --- one record -------------------------------------------------------------------------------------
    def disposition(self, type_: str) -> Disposition:
        """The layout of a record type ("2S"). Raises ErreurEnregistrement when the type is unknown."""
        try:
            return self.dispositions[type_]
        except KeyError:
            raise ErreurEnregistrement(
                rang=0, type_=type_, attendu=f"un type parmi {', '.join(self.dispositions)}", constate="un type inconnu"
            ) from None

    def identifier(self, brut: bytes, rang: int = 0, offset: int = -1) -> Disposition:
        """Tells the type of a record from its first columns and column 36. Raises ErreurEnregistrement."""
        disposition = self._par_debut.get((brut[0:1], brut[35:36])) if len(brut) >= 36 else None
        if disposition is not None and len(brut) == LONGUEUR:
            return disposition
        if len(brut) != LONGUEUR:
            raise _wrong_length(brut, rang, offset)
        premier = brut[0:1]
        connus = sorted({p for p, _ in self._par_debut})
        if premier not in connus:
            conseil = ""
            if premier in {b"\r", b"\n"}:
                conseil = "les enregistrements se suivent sans séparateur de ligne : retirer les fins de ligne"
            raise ErreurEnregistrement(
                rang=rang,
                type_="",
                champ="type",
                colonnes=(1, 1),
                attendu=f"un type d'enregistrement ({', '.join(self.dispositions)})",
                constate=quote(brut[0:3]),
                offset=offset,
                conseil=conseil,
            )
        complements = ", ".join(sorted(quote(c) for p, c in self._par_debut if p == premier))
        raise ErreurEnregistrement(
            rang=rang,
            type_=premier.decode("ascii"),
            champ="complement_type",
            colonnes=(36, 36),
            attendu=f"un complément parmi {complements}",
            constate=quote(brut[35:36]),
            offset=offset,
        )

    def decoder_enregistrement(
        self, brut: bytes, rang: int = 1, *, offset: int = -1, strict: bool = True
    ) -> Enregistrement:
        """Decodes one record of 128 bytes; ``rang`` is its number in the file. Raises ErreurEnregistrement."""
        disposition = self._par_debut.get((brut[0:1], brut[35:36]))
        if disposition is None or len(brut) != LONGUEUR:
            disposition = self.identifier(brut, rang, offset)
        if disposition.motif.fullmatch(brut):
            return Enregistrement(disposition, brut, rang, offset)
        fautes = disposition.faults(brut, rang, offset)
        if strict and fautes:
            raise fautes[0]
        return Enregistrement(disposition, brut, rang, offset, tuple(fautes))

    def encoder(self, type_: str, valeurs: Mapping[str, Valeur]) -> bytes:
        """Builds the 128 bytes of a record. Raises ErreurEnregistrement: unknown field, overflow, wrong class."""
        return self.disposition(type_).encode(valeurs)

    def creer(self, type_: str, valeurs: Mapping[str, Valeur]) -> Enregistrement:
        """Like ``encoder``, giving the record."""
        return Enregistrement(self.disposition(type_), self.encoder(type_, valeurs))

    # --- streams ----------------------------------------------------------------------------------------
    def iterer(self, flux: BinaryIO | bytes, *, strict: bool = True, rang: int = 1) -> Iterator[Enregistrement]:
        """Decodes the records of a stream one after the other, in constant memory.

        ``rang`` is the number of the first one. Raises ErreurEnregistrement, also on a truncated last record.
        """
        source = io.BytesIO(flux) if isinstance(flux, bytes | bytearray | memoryview) else flux
        offset, reste = 0, b""
        decoder = self.decoder_enregistrement
        while bloc := source.read(LONGUEUR * ENREGISTREMENTS_PAR_LECTURE):
            donnees = reste + bloc
            entiers = len(donnees) - len(donnees) % LONGUEUR
            for i in range(0, entiers, LONGUEUR):
                yield decoder(donnees[i : i + LONGUEUR], rang, offset=offset + i, strict=strict)
                rang += 1
            offset += entiers
            reste = donnees[entiers:]
        if reste:
            raise _wrong_length(reste, rang, offset)

    def evenements(self, flux: BinaryIO | bytes, *, strict: bool = True) -> Iterator[Evenement]:
        """Reads a whole file as events: start, lots, invoices one by one, end. Only one invoice is held at a time.

        Raises ErreurEnregistrement when a record is faulty or out of order.
        """
        return self.structure.events(self.iterer(flux, strict=strict))

    def lire_fichier(self, flux: BinaryIO | bytes, *, strict: bool = True) -> Fichier:
        """Reads a whole file as a tree: Fichier, lots, invoices. Raises ErreurEnregistrement."""
        return self.structure.tree(self.evenements(flux, strict=strict))

    def lire_lots(self, flux: BinaryIO | bytes, *, strict: bool = True) -> Iterator[Evenement]:
        """Like ``evenements`` for lots alone, records 1 to 6 with their security segments, without 000 and 999."""
        return self.structure.events(self.iterer(flux, strict=strict), depart="fichier", arrivees=("fin_lot",))

    def lire_factures(self, flux: BinaryIO | bytes, *, strict: bool = True) -> Iterator[Evenement]:
        """Like ``evenements`` for invoices alone, records 2 to 5 with their security segments."""
        return self.structure.events(self.iterer(flux, strict=strict), depart="lot", arrivees=("fin_facture",))

    @staticmethod
    def assembler(enregistrements: Iterable[Enregistrement]) -> bytes:
        """The bytes of records put one after the other."""
        return b"".join(e.brut for e in enregistrements)


def _wrong_length(brut: bytes, rang: int, offset: int) -> ErreurEnregistrement:
    court = len(brut) < LONGUEUR
    return ErreurEnregistrement(
        rang=rang,
        type_=brut[0:1].decode("ascii", "backslashreplace"),
        attendu=f"{LONGUEUR} octets",
        constate=f"{len(brut)} octets, {quote(brut[:40])}",
        offset=offset,
        conseil="enregistrement tronqué : vérifier que le fichier est complet et sans conversion de texte"
        if court
        else "enregistrement trop long : les enregistrements B2 ont 128 octets, sans séparateur",
    )


def _load(pack: NormPack, index: str) -> tuple[dict[str, Disposition], dict[tuple[bytes, bytes], Disposition]]:
    document = pack.charger(index)
    donnees: dict[str, Any] = document.donnees
    pivot = int(donnees["pivot_siecle"])
    dispositions: dict[str, Disposition] = {}
    par_debut: dict[tuple[bytes, bytes], Disposition] = {}
    for i, entree in enumerate(donnees["types"]):
        disposition = load_disposition(pack.charger(entree["fichier"]), pivot=pivot)
        if disposition.type != entree["type"] or disposition.longueur != LONGUEUR:
            raise document.erreur(
                ("types", i), f"{entree['fichier']} décrit un type {disposition.type} de {disposition.longueur} octets"
            )
        dispositions[disposition.type] = disposition
        for cle in _keys(document, i, entree):
            if cle in par_debut:
                raise document.erreur(("types", i), f"type {disposition.type} : même début qu'un autre type")
            par_debut[cle] = disposition
    return dispositions, par_debut


def _keys(document: Document, i: int, entree: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """The pairs (column 1, column 36) of a type; a longer prefix is checked by the constant of the layout."""
    prefixe = entree.get("prefixe", "")
    if not prefixe or len(entree.get("complement", " ")) != 1:
        raise document.erreur(("types", i), "« prefixe » attendu, et « complement » d'un caractère")
    premier = prefixe[0].encode("ascii")
    if "complement" in entree:
        return [(premier, entree["complement"].encode("ascii"))]
    return [(premier, bytes([o])) for o in range(256)]
