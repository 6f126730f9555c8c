"""Consistency of invoices, lots and files: repeated identification, counters, totals. All faults are given.

Counters and totals are those of the ends (types 5, 6, 999) against what the records add up to (public B2 norm).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from norms.b2.structure import DebutLot, Evenement, FactureB2, Fichier, FinFichier, FinLot, Lot
from norms.codec import Enregistrement, ErreurEnregistrement

IDENTIFICATION = ("numero_ps", "nir", "cle_nir", "numero_facture")


def controler_facture(facture: FactureB2) -> list[ErreurEnregistrement]:
    """Faults of one invoice: another identification in one of its records, counter or totals of record 5."""
    fautes = list(_identification(facture))
    lignes = [p.entete for p in facture.prestations]
    if facture.fin.anomalies or any(e.anomalies for e in lignes):
        return fautes
    total, amo, amc = (sum(e.entier(n) for e in lignes) for n in ("honoraires", "montant_amo", "montant_amc"))
    attendus = {
        "nombre_type_4": len(lignes),
        "total_facture": total,
        "total_amo": amo,
        "part_assure": total - amo,
        "total_amc": amc,
    }
    return [*fautes, *_compare(facture.fin, attendus)]


def _identification(facture: FactureB2) -> Iterator[ErreurEnregistrement]:
    entete = facture.entete
    for e in facture.enregistrements[1:]:
        if e.type == "8":
            continue
        for nom in IDENTIFICATION:
            if e.texte(nom) != entete.texte(nom):
                yield _fault(e, nom, f"« {entete.texte(nom)} » comme au type 2 (enregistrement {entete.rang})")


class CumulLot:
    """Adds up the invoices of a lot as they go by, to check its record 6 without holding them."""

    def __init__(self, entete: Enregistrement) -> None:
        self.entete = entete
        self.factures = self.lignes = self.total = self.amo = self.amc = 0
        self.fiable = True

    def add(self, facture: FactureB2) -> None:
        self.factures += 1
        self.lignes += len(facture.prestations)
        if facture.fin.anomalies:
            self.fiable = False
            return
        self.total += facture.fin.entier("total_facture")
        self.amo += facture.fin.entier("total_amo")
        self.amc += facture.fin.entier("total_amc")

    def faults(self, fin: Enregistrement) -> list[ErreurEnregistrement]:
        """Faults of record 6: reference and PS of record 1, counters, totals."""
        fautes = [
            _fault(fin, nom, f"« {self.entete.texte(nom)} » comme au type 1 (enregistrement {self.entete.rang})")
            for nom in ("numero_ps", "numero_lot")
            if fin.texte(nom) != self.entete.texte(nom)
        ]
        if fin.anomalies:
            return fautes
        attendus = {"nombre_factures": self.factures, "nombre_lignes": self.lignes, "nombre_type_5": self.factures}
        if self.fiable:
            attendus |= {"total_facture": self.total, "total_amo": self.amo, "total_amc": self.amc}
        return [*fautes, *_compare(fin, attendus)]


def controler_lot(lot: Lot) -> list[ErreurEnregistrement]:
    """Faults of a lot and of its invoices."""
    cumul = CumulLot(lot.entete)
    fautes: list[ErreurEnregistrement] = []
    for f in lot.factures:
        cumul.add(f)
        fautes += controler_facture(f)
    return [*fautes, *cumul.faults(lot.fin)]


def controler_fichier(fichier: Fichier) -> list[ErreurEnregistrement]:
    """Faults of a file, of its lots and of their invoices."""
    fautes = [x for lot in fichier.lots for x in controler_lot(lot)]
    return [*fautes, *_end_of_file(fichier.fin, len(fichier.enregistrements), len(fichier.lots))]


def controler_flux(evenements: Iterable[Evenement]) -> Iterator[ErreurEnregistrement]:
    """The same from a stream of events: one invoice held at a time."""
    cumul: CumulLot | None = None
    lots = enregistrements = 0
    for ev in evenements:
        match ev:
            case DebutLot():
                cumul, lots = CumulLot(ev.entete), lots + 1
                enregistrements += 1
            case FactureB2():
                enregistrements += len(ev.enregistrements)
                if cumul is not None:
                    cumul.add(ev)
                yield from controler_facture(ev)
            case FinLot():
                enregistrements += 1 + len(ev.securite)
                if cumul is not None:
                    yield from cumul.faults(ev.fin)
            case FinFichier():
                yield from _end_of_file(ev.fin, enregistrements + 1, lots)
            case _:
                enregistrements += 1


def _end_of_file(fin: Enregistrement, enregistrements: int, lots: int) -> list[ErreurEnregistrement]:
    if fin.anomalies:
        return []
    return list(_compare(fin, {"nombre_enregistrements": enregistrements, "nombre_lots": lots}))


def _compare(e: Enregistrement, attendus: dict[str, int]) -> Iterator[ErreurEnregistrement]:
    for nom, attendu in attendus.items():
        if e.entier(nom) != attendu:
            yield _fault(e, nom, str(attendu))


def _fault(e: Enregistrement, nom: str, attendu: str) -> ErreurEnregistrement:
    c = e.disposition.champ(nom)
    return ErreurEnregistrement(
        rang=e.rang,
        type_=e.type,
        champ=nom,
        libelle=c.libelle,
        colonnes=c.colonnes,
        attendu=attendu,
        constate=f"« {e.texte(nom)} »",
        offset=e.offset,
    )
