"""Faults about the opposition list: warnings, refusals, activation, increments, references."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from norms import oppositions as norme
from norms.contrat.base import TypeFacture
from reference.erreurs import Refus
from reference.modele import CARTE_VITALE, Droits
from reference.mutants.modele import Mutant
from reference.poste import Poste
from reference.store import RetourConserve
from reference.suivi.courrier import DLOI, Courrier


def _silent(poste: Poste) -> None:
    poste.acquisition_beneficiaire.avertir = lambda droits: None


def _ignored(poste: Poste) -> None:
    poste.oppositions.verifier = lambda droits: None  # type: ignore[method-assign]  # the fault itself


def _fse_only(poste: Poste) -> None:
    """Holds the list against the FSE alone: the DRE leaves."""
    verifier, decider = poste.oppositions.verifier, poste.elaboration.decision.decider
    opposee = [False]

    def noter(droits: Droits) -> None:
        try:
            verifier(droits)
            opposee[0] = False
        except Refus:
            opposee[0] = True

    def sans_fse(*args: object, **kwargs: object) -> object:
        flux = decider(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        if not opposee[0]:
            return flux
        dre = tuple(f for f in flux if f.type == TypeFacture.DRE)
        if not dre:
            raise Refus("carte Vitale en opposition")
        return dre

    poste.oppositions.verifier = noter  # type: ignore[method-assign]  # the fault itself
    poste.elaboration.decision.decider = sans_fse  # type: ignore[method-assign,assignment]  # the fault itself


def _always_on(poste: Poste) -> None:
    liste = poste.oppositions

    def toujours(droits: Droits) -> bool:
        return droits.support == CARTE_VITALE and liste.magasin.contient(droits.serie)

    liste.opposee = toujours  # type: ignore[method-assign]  # the fault itself


def _everyone(poste: Poste) -> None:
    liste = poste.oppositions
    liste.opposee = lambda droits: liste.magasin.active  # type: ignore[method-assign]  # the fault itself


def _never_ask(poste: Poste) -> None:
    poste.oppositions.demander = lambda: None  # type: ignore[method-assign]  # the fault itself


def _never_warn(poste: Poste) -> None:
    poste.oppositions.rappeler = lambda: None  # type: ignore[method-assign]  # the fault itself


def _always_warn(poste: Poste) -> None:
    poste.oppositions.delai = -1


def _hide(poste: Poste, mots: str) -> None:
    montrer, ecran = poste.oppositions.montrer, poste.ecran

    def taire() -> None:
        informer = ecran.informer
        ecran.informer = lambda texte: None if mots in texte else informer(texte)  # type: ignore[method-assign]
        try:
            montrer()
        finally:
            ecran.informer = informer  # type: ignore[method-assign]

    poste.oppositions.montrer = taire  # type: ignore[method-assign]  # the fault itself


def _apply(poste: Poste, autrement: Callable[[norme.Dloi], norme.Dloi]) -> None:
    appliquer = poste.oppositions.appliquer
    poste.oppositions.appliquer = lambda dloi: appliquer(autrement(dloi))


def _as_they_come(poste: Poste, *, saute: bool) -> None:
    """Applies each increment when it comes: the last one wins, or those that are late are dropped."""
    liste = poste.oppositions

    def aussitot(courrier: Courrier) -> tuple[RetourConserve, ...]:
        dloi = norme.lire(courrier.piece)
        if not saute or dloi.numero > liste.magasin.numero:
            liste.appliquer(dloi)
        return (RetourConserve(DLOI, f"incrément {dloi.numero}"),)

    poste.reception.traitements[DLOI] = aussitot


def _accept_spoilt(poste: Poste) -> None:
    """Repairs a file cut short and takes what is left of it for whole."""
    recevoir = poste.oppositions.recevoir

    def reparer(courrier: Courrier) -> tuple[RetourConserve, ...]:
        try:
            norme.lire(courrier.piece)
        except norme.ErreurDloi:
            lignes = courrier.piece.split(b"\r\n")
            entete = lignes[0].rpartition(b";")[0] + b";0\r\n"
            piece = entete + f"FIN;{hashlib.sha256(entete).hexdigest()}\r\n".encode("ascii")
            courrier = replace(courrier, piece=piece)
        return recevoir(courrier)

    poste.reception.traitements[DLOI] = reparer


def _shapeless_request(poste: Poste) -> None:
    ecrire = norme.ecrire_demande

    def demander() -> None:
        liste = poste.oppositions
        contenu = ecrire(0).replace(b"DEMANDE;", b"")
        m = liste.composition.composer(contenu, liste.boite, liste.distributeur, "0")
        liste.emission.envoyer(m.octets, m.expediteur, m.destinataire, m.identifiant)

    poste.oppositions.demander = demander  # type: ignore[method-assign]  # the fault itself


MUTANTS = (
    Mutant("loi-muette", "N'avertit pas d'une carte Vitale en opposition", ("SV-4.2.1.3-25",), _silent),
    Mutant("loi-ignoree", "Facture malgré l'opposition", ("SV-3.2.3.2-08", "SV-3.2.3.2-12", "SV-3.2.3.2-09"), _ignored),
    Mutant("loi-fse-seule", "N'empêche que la FSE, la DRE part", ("SV-3.2.3.2-09",), _fse_only),
    Mutant(
        "loi-desactivation-ignoree",
        "Contrôle la liste d'opposition bien que le PS l'ait désactivée",
        ("SV-3.2.3.2-12",),
        _always_on,
    ),
    Mutant("loi-tout-opposer", "Tient toute carte pour opposée", ("SV-4.2.1.3-25", "SV-3.2.3.2-08"), _everyone),
    Mutant("loi-demande-perdue", "Ne demande pas les incréments", ("SV-A5-6.2-01",), _never_ask),
    Mutant("loi-sans-alerte", "Ne dit pas que la liste n'arrive plus", ("SV-3.2.3.2-13",), _never_warn),
    Mutant("loi-alerte-toujours", "Se plaint d'une liste à jour", ("SV-3.2.3.2-13",), _always_warn),
    Mutant(
        "loi-references-tues",
        "Ne montre pas les références de la liste",
        ("SV-4.2.6.3-02",),
        lambda poste: _hide(poste, "LOI n°"),
    ),
    Mutant(
        "loi-bal-tue",
        "Ne dit pas quelle est la BAL Opposition",
        ("SV-4.1.2.2-16",),
        lambda poste: _hide(poste, "Boîte aux lettres Opposition"),
    ),
    Mutant(
        "loi-retraits-oublies",
        "N'ôte jamais une carte de la liste",
        ("SV-4.2.6.3-01", "SV-4.2.6.3-02"),
        lambda poste: _apply(poste, lambda d: replace(d, retraits=())),
    ),
    Mutant(
        "loi-sans-ordre",
        "Applique les incréments comme ils arrivent",
        ("SV-4.2.6.3-01",),
        lambda poste: _as_they_come(poste, saute=False),
    ),
    Mutant(
        "loi-dernier-seul",
        "Saute les incréments manquants",
        ("SV-4.2.6.3-01",),
        lambda poste: _as_they_come(poste, saute=True),
    ),
    Mutant("loi-altere-acceptee", "Applique un incrément tronqué", ("SV-4.2.6.3-01",), _accept_spoilt),
    Mutant("loi-demande-informe", "Envoie une demande sans sa forme", ("SV-A5-6.2-02",), _shapeless_request),
)
