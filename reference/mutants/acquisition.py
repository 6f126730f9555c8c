"""Faults about reading who practises and who receives care."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from norms.contrat.adaptateur import FactureElaborer
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.clients.services import ClientServices
from reference.ecran import Ecran
from reference.erreurs import CodeRetour, Refus
from reference.modele import CARTE_VITALE, Beneficiaire, Droits, ProfessionnelDeSante, SituationFacturation
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence
from reference.ports import LotMisEnForme
from reference.poste import Poste
from reference.store import FactureConservee

VITALE_REFUSEE = "F014"
PATIENT_CONNU = Droits(
    CARTE_VITALE,
    "1830959999067",
    "93",
    "01",
    "349",
    "9881",
    "10",
    (Beneficiaire("PETIT", "MARC", "19830908", "1", "0"),),
)


# --- the Vitale card ----------------------------------------------------------------------------------------
def _read_for_invoice_only(poste: Poste) -> None:
    acquisition = poste.acquisition_beneficiaire
    lire = acquisition.lire

    def refuser(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        raise Refus("aucune facture en cours : ouvrir une facture avant de lire la carte Vitale")

    def en_cours(code_porteur: str | None) -> Droits:
        return poste.session.droits or lire(code_porteur=code_porteur)

    acquisition.lire = refuser  # type: ignore[method-assign]  # the fault itself
    acquisition.en_cours = en_cours  # type: ignore[method-assign]  # goes on reading for an invoice


def _hide_contents(poste: Poste) -> None:
    def taire(droits: Droits) -> None:
        poste.ecran.informer("Lecture de la carte Vitale terminée")

    poste.acquisition_beneficiaire.montrer = taire  # type: ignore[method-assign]  # the fault itself


class _EcranReecrit(Ecran):
    """Shares the real screen, after rewriting what is shown."""

    def __init__(self, vrai: Ecran, reecrire: Callable[[str], str]) -> None:
        super().__init__()
        self._vrai, self._reecrire = vrai, reecrire

    def informer(self, texte: str) -> None:
        self._vrai.informer(self._reecrire(texte))

    def alerter(self, texte: str) -> None:
        self._vrai.alerter(self._reecrire(texte))

    def questionner(self, texte: str) -> None:
        self._vrai.questionner(self._reecrire(texte))


def _hide_origin(poste: Poste) -> None:
    def sans_origine(texte: str) -> str:
        return texte.replace("issues de la carte Vitale", "du bénéficiaire")

    poste.acquisition_beneficiaire.ecran = _EcranReecrit(poste.ecran, sans_origine)


def _serve_patient_file(poste: Poste) -> None:
    def dossier(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        return PATIENT_CONNU

    poste.acquisition_beneficiaire.lire_carte = dossier  # type: ignore[method-assign]  # the fault itself


def _one_reader(poste: Poste) -> None:
    if isinstance(poste.services, ClientServices):
        poste.services.ressource_vitale = "ps"


def _mix_supports(poste: Poste) -> None:
    acquisition = poste.acquisition_beneficiaire
    lire = acquisition.lire
    avant: list[Beneficiaire] = []

    def melanger(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        droits = lire(date_consultation, code_porteur)
        avant.extend(droits.beneficiaires)
        poste.session.droits = replace(droits, beneficiaires=tuple(avant))
        return droits

    acquisition.lire = melanger  # type: ignore[method-assign]  # the fault itself
    ignore_coherence(poste)


def _keep_first_support(poste: Poste) -> None:
    acquisition = poste.acquisition_beneficiaire
    lire = acquisition.lire

    def garder(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        return poste.session.droits or lire(date_consultation, code_porteur)

    acquisition.lire = garder  # type: ignore[method-assign]  # the fault itself


class _Souvenir(ServicesDelegues):
    """Gives again what the last good reading gave when the card is refused."""

    dernier: tuple[Groupe, ...] = ()

    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]:
        try:
            self.dernier = super().lire_droits_vitale(jour, code_porteur)
        except CodeRetour as exc:
            if exc.code_retour != VITALE_REFUSEE or not self.dernier:
                raise
        return self.dernier


def _remember_clone(poste: Poste) -> None:
    brancher(poste, _Souvenir(poste.services))


def _say_nothing_of_clone(poste: Poste) -> None:
    refuser = poste.ecran.refuser

    def vague(texte: str) -> None:
        refuser("carte Vitale illisible" if "authenti" in texte else texte)

    poste.ecran.refuser = vague  # type: ignore[method-assign]  # the fault itself


class _VitaleDAbord(ServicesDelegues):
    """Reads the Vitale card before the PS's."""

    def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
        self.vrais.lire_droits_vitale("20260302", code_porteur)
        return super().lire_carte_ps(code_porteur)


def _vitale_first(poste: Poste) -> None:
    brancher(poste, _VitaleDAbord(poste.services))


def _refuse_early_reading(poste: Poste) -> None:
    acquisition = poste.acquisition_beneficiaire
    en_cours = acquisition.en_cours

    def refuser(code_porteur: str | None) -> Droits:
        if poste.session.droits is not None:
            raise Refus("le bénéficiaire a été lu avant l'ouverture de la facture ; recommencer")
        return en_cours(code_porteur)

    acquisition.en_cours = refuser  # type: ignore[method-assign]  # the fault itself


# --- the PS -------------------------------------------------------------------------------------------------
class _PsRetouche(ServicesDelegues):
    """Changes what the PS's card said: group, rank of the field from 1, value."""

    retouches: tuple[tuple[int, int, str], ...] = ()

    def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
        lus = super().lire_carte_ps(code_porteur)
        for id_, rang, valeur in self.retouches:
            lus = tuple(with_field(g, rang, valeur) if g.id == id_ else g for g in lus)
        return lus


def with_field(groupe: Groupe, rang: int, valeur: str) -> Groupe:
    """The group with another value in its field of that rank, from 1."""
    champs = list(groupe.champs)
    champs[rang - 1] = valeur
    return replace(groupe, champs=tuple(champs))


def _edit_ps(poste: Poste, *retouches: tuple[int, int, str]) -> None:
    services = _PsRetouche(poste.services)
    services.retouches = retouches
    brancher(poste, services)


class _FactureRetouchee(ServicesDelegues):
    """Changes group 1120 of the invoices of one type."""

    vise: TypeFacture = TypeFacture.FSE
    retouches: tuple[tuple[int, str], ...] = ()

    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        if type_ == self.vise:
            for rang, valeur in self.retouches:
                groupes = [with_field(g, rang, valeur) if g.id == 1120 else g for g in groupes]
        return super().formater_facture(type_, mode, groupes)


def _edit_invoice(poste: Poste, vise: TypeFacture, *retouches: tuple[int, str]) -> None:
    services = _FactureRetouchee(poste.services)
    services.vise, services.retouches = vise, retouches
    brancher(poste, services)


def _always_ask_situation(poste: Poste) -> None:
    choisir = poste.acquisition_ps.choisir

    def exiger(ps: ProfessionnelDeSante, numero: str | None) -> SituationFacturation | None:
        return None if numero is None else choisir(ps, numero)

    poste.acquisition_ps.choisir = exiger  # type: ignore[method-assign]  # the fault itself


def _first_situation(poste: Poste) -> None:
    def premiere(ps: ProfessionnelDeSante, numero: str | None) -> SituationFacturation | None:
        return ps.situations[0]

    poste.acquisition_ps.choisir = premiere  # type: ignore[method-assign]  # the fault itself


def _forget_ps(poste: Poste) -> None:
    elaborer = poste.elaboration.elaborer

    def oublier(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        faites = elaborer(demande)
        poste.session.ps = poste.session.situation = None
        return faites

    poste.elaboration.elaborer = oublier  # type: ignore[method-assign]  # the fault itself


def _keep_beneficiary(poste: Poste) -> None:
    lire = poste.acquisition_ps.lire

    def continuer(code_porteur: str | None, numero_situation: str | None) -> ProfessionnelDeSante:
        droits = poste.session.droits
        ps = lire(code_porteur, numero_situation)
        poste.session.droits = droits
        return ps

    poste.acquisition_ps.lire = continuer  # type: ignore[method-assign]  # the fault itself


class _CodePerdu(ServicesDelegues):
    """Doesn't pass the code porteur on when a lot is secured."""

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
        return super().formater_lot(
            reference=reference,
            jour=jour,
            numero_agrement=numero_agrement,
            factures=factures,
            code_porteur=None,
            fin_de_serie=fin_de_serie,
        )


def _lose_lot_code(poste: Poste) -> None:
    brancher(poste, _CodePerdu(poste.services))


MUTANTS = (
    Mutant(
        "lecture-en-facture-seulement",
        "Refuse de lire la carte Vitale hors d'une facture",
        ("SV-3.1-01", "SV-2.2-03"),
        _read_for_invoice_only,
    ),
    Mutant("contenu-vitale-masque", "Lit la carte Vitale sans montrer son contenu", ("SV-4.2.1.3-17",), _hide_contents),
    Mutant("origine-vitale-tue", "Ne dit pas que les données viennent de la carte", ("SV-4.2.1.3-18",), _hide_origin),
    Mutant(
        "lecture-cps-seule",
        "Sert le dossier du patient au lieu de lire la carte Vitale",
        ("SV-4.2.1.1-06",),
        _serve_patient_file,
    ),
    Mutant(
        "deux-cartes-un-lecteur",
        "Cherche la carte Vitale dans le lecteur de la carte du PS",
        ("SV-4.1.2-32",),
        _one_reader,
    ),
    Mutant(
        "supports-melanges",
        "Garde les bénéficiaires de la carte précédente avec l'assuré de la nouvelle",
        ("SV-2.2.1.2-09", "SV-2.2.1.2-10"),
        _mix_supports,
    ),
    Mutant(
        "support-premier-garde",
        "Redonne le premier support lu au lieu de reprendre l'acquisition",
        ("SV-2.2.1.2-11",),
        _keep_first_support,
    ),
    Mutant(
        "vitale-clonee-memoire",
        "Redonne la lecture précédente quand la carte n'est pas authentique",
        ("SV-3.2.2-08", "SV-4.2.1.3-28", "SV-4.2.1.3-29"),
        _remember_clone,
    ),
    Mutant(
        "vitale-clonee-sans-message",
        "Ne dit pas que la carte n'est pas authentifiée",
        ("SV-4.2.1.3-27",),
        _say_nothing_of_clone,
    ),
    Mutant("beneficiaire-avant-ps", "Lit la carte Vitale avant celle du PS", ("SV-4.2.1.1-04",), _vitale_first),
    Mutant(
        "lecture-anticipee-refusee",
        "Refuse un bénéficiaire lu avant l'ouverture de la facture",
        ("SV-4.2.1.1-05",),
        _refuse_early_reading,
    ),
    Mutant(
        "code-porteur-lot-perdu",
        "Ne transmet pas le code porteur à la sécurisation du lot",
        ("SV-4.2.1.16.1-23",),
        _lose_lot_code,
    ),
    Mutant(
        "ps-sans-identite",
        "Ne retient ni nom ni prénom du PS",
        ("SV-3.2.1-01",),
        lambda p: _edit_ps(p, (1, 6, ""), (1, 7, "")),
    ),
    Mutant(
        "ps-situation-tronquee", "Perd la zone tarifaire du PS", ("SV-3.2.1-02",), lambda p: _edit_ps(p, (2, 15, ""))
    ),
    Mutant(
        "specialite-fausse",
        "Met une autre spécialité que celle de la carte dans la FSE",
        ("SV-3.2.3.5.1.2-01",),
        lambda p: _edit_invoice(p, TypeFacture.FSE, (6, "02")),
    ),
    Mutant(
        "specialite-fausse-dre",
        "Met une autre spécialité que celle de la carte dans la DRE",
        ("SV-3.2.3.5.2.2-01",),
        lambda p: _edit_invoice(p, TypeFacture.DRE, (6, "02")),
    ),
    Mutant(
        "rpps-pour-numero-facturation",
        "Facture sous le numéro national au lieu du numéro de facturation",
        ("SV-3.2.1-10",),
        lambda p: _edit_invoice(p, TypeFacture.FSE, (1, "99900010"), (2, "0")),
    ),
    Mutant(
        "situation-toujours-exigee",
        "Exige le choix d'une situation même quand il n'y en a qu'une",
        ("SV-4.2.1.1-03",),
        _always_ask_situation,
    ),
    Mutant(
        "premiere-situation-d-office",
        "Prend la première situation de la carte quelle que soit celle choisie",
        ("SV-4.2.1.2.1-04",),
        _first_situation,
    ),
    Mutant("ps-relu-a-chaque-facture", "Exige de relire le PS à chaque facture", ("SV-4.2.1.1-02",), _forget_ps),
    Mutant(
        "situation-changee-sans-reprise",
        "Garde le bénéficiaire quand la situation du PS change",
        ("SV-4.2.1.1-39",),
        _keep_beneficiary,
    ),
)
