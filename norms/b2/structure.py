"""Order of the records of a B2 file, and the tree they make: file, lots, invoices, prestations.

The order is an automaton read from ``b2/structure.yaml``. Reading folds over records: one invoice is held at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from norms.chargement import Document
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.codec.erreurs import quote


@dataclass(frozen=True, slots=True)
class Prestation:
    """A record 4 and its complements 4S, 4M…"""

    entete: Enregistrement
    complements: tuple[Enregistrement, ...] = ()

    @property
    def enregistrements(self) -> tuple[Enregistrement, ...]:
        return (self.entete, *self.complements)

    def complement(self, type_: str) -> Enregistrement | None:
        """The first complement of that type ("4S"), or None."""
        return next((c for c in self.complements if c.type == type_), None)


@dataclass(frozen=True, slots=True)
class FactureB2:
    """An invoice: record 2, its complements, prestations, record 5, security segments (type 8)."""

    entete: Enregistrement
    complements: tuple[Enregistrement, ...]
    prestations: tuple[Prestation, ...]
    fin: Enregistrement
    securite: tuple[Enregistrement, ...] = ()

    @property
    def enregistrements(self) -> tuple[Enregistrement, ...]:
        """All records, in file order."""
        milieu = tuple(e for p in self.prestations for e in p.enregistrements)
        return (self.entete, *self.complements, *milieu, self.fin, *self.securite)

    @property
    def brut(self) -> bytes:
        return b"".join(e.brut for e in self.enregistrements)

    @property
    def numero(self) -> str:
        return self.entete.texte("numero_facture")

    def complement(self, type_: str) -> Enregistrement | None:
        """The first complement of that type ("2S"), or None."""
        return next((c for c in self.complements if c.type == type_), None)


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot: record 1, invoices, record 6, its security segments (type 8)."""

    entete: Enregistrement
    factures: tuple[FactureB2, ...]
    fin: Enregistrement
    securite: tuple[Enregistrement, ...] = ()

    @property
    def enregistrements(self) -> tuple[Enregistrement, ...]:
        """All records, in file order."""
        return (self.entete, *(e for f in self.factures for e in f.enregistrements), self.fin, *self.securite)

    @property
    def brut(self) -> bytes:
        return b"".join(e.brut for e in self.enregistrements)

    @property
    def reference(self) -> str:
        return self.entete.texte("numero_lot")


@dataclass(frozen=True, slots=True)
class Fichier:
    """A whole file: record 000, lots, record 999."""

    entete: Enregistrement
    lots: tuple[Lot, ...]
    fin: Enregistrement

    @property
    def enregistrements(self) -> tuple[Enregistrement, ...]:
        """All records, in file order."""
        return (self.entete, *(e for lot in self.lots for e in lot.enregistrements), self.fin)


@dataclass(frozen=True, slots=True)
class DebutFichier:
    entete: Enregistrement


@dataclass(frozen=True, slots=True)
class DebutLot:
    entete: Enregistrement


@dataclass(frozen=True, slots=True)
class FinLot:
    """End of a lot: record 6 and the security segments that follow it."""

    fin: Enregistrement
    securite: tuple[Enregistrement, ...] = ()


@dataclass(frozen=True, slots=True)
class FinFichier:
    fin: Enregistrement


Evenement = DebutFichier | DebutLot | FactureB2 | FinLot | FinFichier


class StructureB2:
    """The automaton of ``b2/structure.yaml``."""

    def __init__(self, document: Document) -> None:
        donnees = document.donnees
        self.depart: str = donnees["depart"]
        self.arrivee: str = donnees["arrivee"]
        self.etats: dict[str, dict[str, str]] = donnees["etats"]
        self.natures: dict[str, str] = donnees.get("natures", {})
        for etat, suites in self.etats.items():
            for vers in suites.values():
                if vers not in self.etats:
                    raise document.erreur(("etats", etat), f"état « {vers} » inconnu")

    def check(
        self, enregistrements: Iterable[Enregistrement], *, depart: str = "", arrivees: tuple[str, ...] = ()
    ) -> Iterator[Enregistrement]:
        """Passes records through as long as they come in order. Raises ErreurEnregistrement when one is misplaced."""
        etat = depart or self.depart
        dernier: Enregistrement | None = None
        for e in enregistrements:
            suites = self.etats[etat]
            if e.type not in suites:
                raise self._out_of_order(e, dernier, suites)
            etat = suites[e.type]
            if etat in self.natures and e.type == "8":
                self._check_nature(e, self.natures[etat])
            dernier = e
            yield e
        if etat not in (arrivees or (self.arrivee,)):
            raise ErreurEnregistrement(
                rang=(dernier.rang if dernier else 0) + 1,
                type_="",
                attendu=f"un enregistrement de type {' ou '.join(self.etats[etat])}",
                constate="la fin du flux" + (f" après un type {dernier.type}" if dernier else ", qui est vide"),
                offset=dernier.offset + len(dernier.brut) if dernier and dernier.offset >= 0 else -1,
                conseil="fichier incomplet : vérifier la transmission et la fin de fichier",
            )

    @staticmethod
    def _out_of_order(
        e: Enregistrement, dernier: Enregistrement | None, suites: dict[str, str]
    ) -> ErreurEnregistrement:
        apres = f" après le type {dernier.type}" if dernier else " en tête"
        attendu = f"un type {' ou '.join(suites)}{apres}" if suites else "la fin du fichier"
        return ErreurEnregistrement(
            rang=e.rang,
            type_=e.type,
            champ="type",
            colonnes=(1, 1),
            attendu=attendu,
            constate=tell_type(e),
            offset=e.offset,
            conseil="l'ordre est 000, puis pour chaque lot 1, factures (2, 2x, 4, 4x, 5), 6, puis 999",
        )

    @staticmethod
    def _check_nature(e: Enregistrement, natures: str) -> None:
        nature = e.texte("nature")
        if nature not in natures:
            c = e.disposition.champ("nature")
            raise ErreurEnregistrement(
                rang=e.rang,
                type_=e.type,
                champ="nature",
                colonnes=c.colonnes,
                attendu="à cet endroit une nature parmi " + ", ".join(natures),
                constate=f"« {nature} »",
                offset=e.offset,
            )

    def events(
        self, enregistrements: Iterable[Enregistrement], *, depart: str = "", arrivees: tuple[str, ...] = ()
    ) -> Iterator[Evenement]:
        """Groups records in order into events. Raises ErreurEnregistrement."""
        en_cours: list[Enregistrement] = []  # one invoice, or one end of lot
        for e in self.check(enregistrements, depart=depart, arrivees=arrivees):
            t = e.type
            if t in {"000", "999", "1", "2", "6"} and en_cours:
                yield _close(en_cours)
                en_cours = []
            if t == "000":
                yield DebutFichier(e)
            elif t == "1":
                yield DebutLot(e)
            elif t == "999":
                yield FinFichier(e)
            else:
                en_cours.append(e)
        if en_cours:
            yield _close(en_cours)

    @staticmethod
    def tree(evenements: Iterable[Evenement]) -> Fichier:
        """Builds the tree of a whole file from its events."""
        entete = fin = None
        lots: list[Lot] = []
        lot_en_cours: Enregistrement | None = None
        factures: list[FactureB2] = []
        for ev in evenements:
            match ev:
                case DebutFichier():
                    entete = ev.entete
                case DebutLot():
                    lot_en_cours, factures = ev.entete, []
                case FactureB2():
                    factures.append(ev)
                case FinLot():
                    assert lot_en_cours is not None  # noqa: S101 - the automaton gives a record 1 first
                    lots.append(Lot(lot_en_cours, tuple(factures), ev.fin, ev.securite))
                case FinFichier():
                    fin = ev.fin
        if entete is None or fin is None:
            raise ErreurEnregistrement(
                rang=1, type_="", attendu="un fichier entier, de 000 à 999", constate="un extrait de fichier"
            )
        return Fichier(entete, tuple(lots), fin)

    @staticmethod
    def lots(evenements: Iterable[Evenement]) -> Iterator[Lot]:
        """Gives each lot once it is complete (one lot held at a time)."""
        entete: Enregistrement | None = None
        factures: list[FactureB2] = []
        for ev in evenements:
            match ev:
                case DebutLot():
                    entete, factures = ev.entete, []
                case FactureB2():
                    factures.append(ev)
                case FinLot() if entete is not None:
                    yield Lot(entete, tuple(factures), ev.fin, ev.securite)


def tell_type(e: Enregistrement) -> str:
    """« un type 2S », or what stands in the place of a known type."""
    return (
        f"un type {e.type}" if e.type != "?" else f"un type inconnu, l'enregistrement commence par {quote(e.brut[:3])}"
    )


def _close(enregistrements: list[Enregistrement]) -> FactureB2 | FinLot:
    securite = tuple(e for e in enregistrements if e.type == "8")
    premier = enregistrements[0]
    if premier.type == "6":
        return FinLot(premier, securite)
    complements: list[Enregistrement] = []
    prestations: list[Prestation] = []
    fin = premier
    for e in enregistrements[1:]:
        if e.type == "8":
            continue
        if e.type == "5":
            fin = e
        elif e.type == "4":
            prestations.append(Prestation(e))
        elif e.type.startswith("4"):
            derniere = prestations[-1]
            prestations[-1] = Prestation(derniere.entete, (*derniere.complements, e))
        elif e.type.startswith("2"):
            complements.append(e)
    return FactureB2(premier, tuple(complements), tuple(prestations), fin, securite)
