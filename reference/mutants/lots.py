"""Faults about lots and files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from norms.contrat.base import TypeFacture
from norms.ssv import Groupe
from reference.flux.adressage import adresse_du_lot
from reference.flux.fichiers import ConstitutionFichiers
from reference.flux.references import ReferencesLot, suivante
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, lots_by_itself
from reference.ports import LotMisEnForme
from reference.poste import Poste
from reference.store import FactureConservee, FichierConserve, LotConserve
from reference.store.lots import REJETE, TRANSMIS

ENREGISTREMENT = 128
SECURITE = b"8"
CPS_ABSENTE, LECTEUR_MUET = "F001", "0400"


# --- lots -----------------------------------------------------------------------------------------------------
def _unsorted(poste: Poste) -> None:
    poste.constitution_lots.trier = tuple


def _mixed(poste: Poste) -> None:
    def par_type(factures: Iterable[FactureConservee]) -> list[tuple[FactureConservee, ...]]:
        lues = tuple(factures)
        groupes = [tuple(f for f in lues if f.type == t) for t in TypeFacture]
        return [g for g in groupes if g]

    poste.constitution_lots.regrouper = par_type


def _one_each(poste: Poste) -> None:
    poste.constitution_lots.regrouper = lambda factures: [(f,) for f in factures]


def _last_left_out(poste: Poste) -> None:
    sain = poste.constitution_lots.trier

    def sans_la_derniere(factures: Iterable[FactureConservee]) -> tuple[FactureConservee, ...]:
        triees = sain(factures)
        return triees[:-1] if len(triees) > 1 else triees

    poste.constitution_lots.trier = sans_la_derniere


def _same_reference(poste: Poste) -> None:
    poste.references.suivante = lambda _type, reference: reference
    poste.references.conservees = lambda _type, _jour: frozenset()


def _beyond_999(poste: Poste) -> None:
    def sans_retour(type_: TypeFacture, reference: str) -> str:
        return "500" if reference == "999" else suivante(type_, reference)

    poste.references.suivante = sans_retour


def _scrambled(poste: Poste) -> None:
    def en_desordre(type_: TypeFacture, reference: str) -> str:
        if type_ == TypeFacture.FSE:
            return suivante(type_, reference)
        return "".join(chr(ord("A") + (ord(c) - ord("A") + 13) % 26) for c in reference)

    poste.references.suivante = en_desordre
    poste.references.conservees = lambda _type, _jour: frozenset({"AAA"})


class SerieUnique(ReferencesLot):
    """One series of references for FSE and DRE alike."""

    def attribuer(self, type_: TypeFacture) -> str:
        return super().attribuer(TypeFacture.FSE)


def _numeric_dre(poste: Poste) -> None:
    poste.constitution_lots.references = SerieUnique(poste.compteurs, poste.lots, poste.horloge)


class _MemeReference(ReferencesLot):
    """Gives a rejected lot's reference to the lot that takes its place."""

    def attribuer(self, type_: TypeFacture) -> str:
        for lot in self.lots.tous(REJETE):
            if lot.type == type_:
                return lot.reference
        return super().attribuer(type_)


def _rebuilt_same_reference(poste: Poste) -> None:
    poste.constitution_lots.references = _MemeReference(poste.compteurs, poste.lots, poste.horloge)


def _rebuilt_with_fault(poste: Poste) -> None:
    poste.reemission.retirer = lambda factures, _numeros: tuple(factures)


def _dre_first(poste: Poste) -> None:
    poste.constitution_lots.ordonner = lambda groupes: sorted(groupes, key=lambda g: g[0].type)
    poste.constitution_fichiers.ordonner = lambda groupes: sorted(groupes, key=lambda g: g[0].type)


def _not_shown(poste: Poste) -> None:
    poste.constitution_lots.montrer = lambda _lot: None


def _code_each_time(poste: Poste) -> None:
    poste.constitution_lots.code_pour = lambda _rang, code: code


class _SansSignature(ServicesDelegues):
    """Takes the signature off the lots (security segments that follow the record 6)."""

    def formater_lot(
        self,
        *,
        reference: str,
        jour: str,
        numero_agrement: str,
        factures: Sequence[bytes],
        code_porteur: str | None,
        fin_de_serie: bool,
    ) -> LotMisEnForme:
        lot = super().formater_lot(
            reference=reference,
            jour=jour,
            numero_agrement=numero_agrement,
            factures=factures,
            code_porteur=code_porteur,
            fin_de_serie=fin_de_serie,
        )
        contenu = lot.contenu
        while contenu[-ENREGISTREMENT:].startswith(SECURITE):
            contenu = contenu[:-ENREGISTREMENT]
        return replace(lot, contenu=contenu)


def _unsigned(poste: Poste) -> None:
    brancher(poste, _SansSignature(poste.services))


def _without_card(poste: Poste) -> None:
    lots_by_itself(poste, (CPS_ABSENTE, LECTEUR_MUET), critere="")


def _dre_address_lost(poste: Poste) -> None:
    poste.adressage.adresse = lambda groupe: "" if groupe.id == 93 else adresse_du_lot(groupe)


def _empty_export(poste: Poste) -> None:
    poste.reemission.lire_contenu = lambda _lot: b""


# --- files ----------------------------------------------------------------------------------------------------
class _AvecCarte(ConstitutionFichiers):
    def constituer(self) -> tuple[FichierConserve, ...]:
        self.services.lire_carte_ps(None)
        return super().constituer()


def _file_needs_card(poste: Poste) -> None:
    sain = poste.constitution_fichiers
    poste.constitution_fichiers = _AvecCarte(
        sain.services, sain.base, sain.compteurs, sain.lots, sain.fichiers, sain.catalogue, sain.ecran, sain.horloge
    )


def _sent_twice(poste: Poste) -> None:
    sain = poste.constitution_fichiers.a_transmettre
    poste.constitution_fichiers.a_transmettre = lambda: (*poste.lots.tous(TRANSMIS), *sain())


def _one_lot_missing(poste: Poste) -> None:
    sain = poste.constitution_fichiers.regrouper

    def sans_le_dernier(lots: Iterable[LotConserve]) -> list[tuple[LotConserve, ...]]:
        return [g[:-1] if len(g) > 1 else g for g in sain(lots)]

    poste.constitution_fichiers.regrouper = sans_le_dernier


def _only_once(poste: Poste) -> None:
    sain = poste.constitution_fichiers.a_transmettre
    poste.constitution_fichiers.a_transmettre = lambda: () if poste.fichiers.tous() else sain()


def _one_file_for_all(poste: Poste) -> None:
    def tout_ensemble(lots: Iterable[LotConserve]) -> list[tuple[LotConserve, ...]]:
        tous = tuple(lots)
        return [tous] if tous else []

    poste.constitution_fichiers.regrouper = tout_ensemble


class _SansFin(ServicesDelegues):
    def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]:
        entete, _ = super().formater_fichier(critere_fichier, groupes)
        return entete, b""


def _no_end(poste: Poste) -> None:
    brancher(poste, _SansFin(poste.services))


class _EnTeteGardee(ServicesDelegues):
    """Asks the services once, then uses the same header and end for every file."""

    def __init__(self, vrais: ServicesDelegues) -> None:
        super().__init__(vrais)
        self._gardes: tuple[bytes, bytes] | None = None

    def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]:
        self._gardes = self._gardes or super().formater_fichier(critere_fichier, groupes)
        return self._gardes


def _header_kept(poste: Poste) -> None:
    brancher(poste, _EnTeteGardee(ServicesDelegues(poste.services)))


MUTANTS = (
    Mutant(
        "lot-non-trie",
        "Ne trie pas les factures d'un lot par numéro",
        ("SV-4.2.1.16.1-11", "SV-4.2.3.2-01"),
        _unsorted,
    ),
    Mutant(
        "lots-meles",
        "Met dans un même lot des factures de critères différents",
        ("SV-4.2.1.16.1-10", "SV-4.2.1.16.1-01", "SV-4.2.1.5.3.1-38"),
        _mixed,
    ),
    Mutant(
        "une-facture-par-lot",
        "Fait un lot de chaque facture",
        ("SV-4.2.1.16.1-02", "SV-4.2.1.16.1-01"),
        _one_each,
    ),
    Mutant(
        "lot-facture-oubliee",
        "Laisse la dernière facture hors de son lot",
        ("SV-3.2.10.1.1-01",),
        _last_left_out,
    ),
    Mutant(
        "reference-lot-reutilisee",
        "Donne la même référence à tous les lots",
        ("SV-4.2.1.16.1-13", "SV-4.2.1.16.1-03"),
        _same_reference,
    ),
    Mutant("reference-apres-999", "Ne reprend pas à 001 après 999", ("SV-4.2.1.16.1-14",), _beyond_999),
    Mutant(
        "reference-dre-numerique",
        "Numérote les lots de DRE dans la série des FSE",
        ("SV-4.2.1.16.1-15",),
        _numeric_dre,
    ),
    Mutant(
        "reference-dre-desordonnee",
        "Ne suit pas l'ordre AAA à ZZZ pour les lots de DRE",
        ("SV-4.2.1.16.1-15",),
        _scrambled,
    ),
    Mutant(
        "lot-refait-meme-reference",
        "Refait un lot sous la référence du lot rejeté",
        ("SV-3.3.1.2-12",),
        _rebuilt_same_reference,
    ),
    Mutant(
        "lot-refait-garde-facture",
        "Refait le lot avec la facture incriminée",
        ("SV-3.3.1.2-11",),
        _rebuilt_with_fault,
    ),
    Mutant(
        "dre-avant-fse",
        "Met en forme les DRE avant les FSE",
        ("SV-4.2.1.16.1-27", "SV-3.2.10.2-20"),
        _dre_first,
    ),
    Mutant(
        "lot-sans-visualisation",
        "Signe les lots sans en montrer les factures",
        ("SV-3.2.10.1.1-29",),
        _not_shown,
    ),
    Mutant(
        "code-redemande-chaque-lot",
        "Donne le code porteur à chaque lot d'une série",
        ("SV-3.2.9.3.2.1-05",),
        _code_each_time,
    ),
    Mutant(
        "lot-non-signe",
        "Ôte la signature des lots",
        ("SV-3.3.1.2-13", "SV-4.2.3.2-05", "SV-4.2.3.2-01", "SV-4.2.1.16.1-04", "SV-4.2.1.16.1-18"),
        _unsigned,
    ),
    Mutant(
        "lot-sans-carte",
        "Constitue un lot sans carte du PS, ou sans lecteur",
        ("SV-3.2.9.3.2.1-01", "SV-4.2.1.16.1-21"),
        _without_card,
    ),
    Mutant(
        "adresse-dre-perdue",
        "Ne garde pas l'adresse du destinataire avec le lot de DRE",
        ("SV-4.2.1.16.1-08", "SV-4.2.4-16"),
        _dre_address_lost,
    ),
    Mutant("export-vide", "Enregistre un lot vide pour analyse", ("SV-3.3.1.2-14",), _empty_export),
    Mutant(
        "fichier-exige-cps",
        "Exige la carte du PS pour constituer un fichier",
        ("SV-3.2.10.2-19",),
        _file_needs_card,
    ),
    Mutant(
        "lot-transmis-deux-fois",
        "Remet en fichier des lots déjà transmis",
        ("SV-4.2.1.16.2-07",),
        _sent_twice,
    ),
    Mutant(
        "fichier-lot-manquant",
        "Oublie le dernier lot d'un fichier",
        ("SV-3.2.10.2-01", "SV-4.2.4-07"),
        _one_lot_missing,
    ),
    Mutant(
        "fichier-une-seule-fois",
        "Ne met plus de lot en fichier après le premier",
        ("SV-3.2.10.2-01",),
        _only_once,
    ),
    Mutant(
        "fichier-melange-fse-dre",
        "Met FSE et DRE dans un même fichier direct",
        ("SV-4.2.1.16.2-02",),
        _one_file_for_all,
    ),
    Mutant("fichier-sans-fin", "N'écrit pas la fin de fichier", ("SV-4.2.1.16.2-05",), _no_end),
    Mutant(
        "entete-fichier-reutilisee",
        "Reprend l'en-tête du premier fichier pour les suivants",
        ("SV-4.2.1.16.2-04",),
        _header_kept,
    ),
)
