"""Faults about securing modes by situation of the beneficiary, and about what a card doesn't say of the PS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from norms.contrat.adaptateur import FactureElaborer, PrestationDemandee
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.ecran import Ecran
from reference.erreurs import CodeRetour, Refus
from reference.facturation import modes
from reference.facturation.contexte import ContexteAmo
from reference.facturation.securisation import Securisation, Signataire
from reference.modele import Beneficiaire, Droits, PrestationTarifee, ProfessionnelDeSante, SituationFacturation
from reference.mutants.modele import Mutant, ServicesDelegues, brancher
from reference.ports import FactureFormee
from reference.poste import Poste
from reference.store import FactureConservee

INVERSES = {
    ModeSecurisation.DEGRADE: ModeSecurisation.SANS_VITALE,
    ModeSecurisation.SANS_VITALE: ModeSecurisation.DEGRADE,
}

GroupesChanges = Callable[[ModeSecurisation, Groupe], Groupe | None]


class _Groupes(ServicesDelegues):
    """Changes or drops groups of every invoice on their way to the services."""

    changer: GroupesChanges

    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        changes = [self.changer(mode, g) for g in groupes]
        return super().formater_facture(type_, mode, [g for g in changes if g is not None])


def _change(poste: Poste, changer: GroupesChanges) -> None:
    services = _Groupes(poste.services)
    services.changer = changer
    brancher(poste, services)


def with_fields(groupe: Groupe, id_: int, champs: dict[int, str]) -> Groupe:
    """The group with other values, by rank from 1, when it is the one meant."""
    if groupe.id != id_:
        return groupe
    valeurs = [champs.get(rang, v) for rang, v in enumerate(groupe.champs, start=1)]
    return replace(groupe, champs=tuple(valeurs))


def _set(id_: int, champs: dict[int, str]) -> Callable[[Poste], None]:
    return lambda poste: _change(poste, lambda _mode, g: with_fields(g, id_, champs))


# --- modes --------------------------------------------------------------------------------------------------
def _other_rate(poste: Poste, mode: ModeSecurisation) -> None:
    elaborer, tarifer = poste.elaboration.elaborer, poste.elaboration.tarification.tarifer
    courant = [ModeSecurisation.SESAM_VITALE]

    def noter(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        courant[0] = demande.mode
        return elaborer(demande)

    def autre(
        prestations: Iterable[PrestationDemandee], specialite: str, contexte: ContexteAmo
    ) -> tuple[PrestationTarifee, ...]:
        faites = tarifer(prestations, specialite, contexte)
        if courant[0] != mode:
            return faites
        return tuple(replace(p, taux=60, montant_amo=p.base_remboursement * 60 // 100) for p in faites)

    poste.elaboration.elaborer = noter  # type: ignore[method-assign]  # the fault itself
    poste.elaboration.tarification.tarifer = autre  # type: ignore[method-assign]  # the fault itself


def _other_fund(poste: Poste) -> None:
    def detourner(mode: ModeSecurisation, g: Groupe) -> Groupe:
        degrade = mode == ModeSecurisation.DEGRADE
        return with_fields(g, 1310, {1: "08", 2: "835", 3: "0000", 4: "835"}) if degrade else g

    _change(poste, detourner)


def _never_again(poste: Poste) -> None:
    elaborer = poste.elaboration.elaborer
    faites: set[tuple[str, str]] = set()

    def refuser(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        actes = {(p.code, p.date) for p in demande.prestations}
        if actes & faites:
            raise Refus("ces actes ont déjà été facturés ; facture impossible")
        rendues = elaborer(demande)
        faites.update(actes)
        return rendues

    poste.elaboration.elaborer = refuser  # type: ignore[method-assign]  # the fault itself


def _accompanying_is_telemedicine(poste: Poste) -> None:
    table = modes.load_table()
    poste.elaboration.modes.est_telemedecine = lambda actes: any(
        a in table.telemedecine | table.accompagnement for a in actes
    )


def _no_foreign_accident(poste: Poste) -> None:
    verifier = poste.elaboration.modes.verifier

    def sans_at(
        mode: ModeSecurisation,
        *,
        situation: SituationFacturation,
        droits: Droits,
        beneficiaire: Beneficiaire,
        actes: Sequence[str],
        nature_assurance: str,
        code_porteur: str | None,
    ) -> None:
        verifier(
            mode,
            situation=situation,
            droits=droits,
            beneficiaire=beneficiaire,
            actes=actes,
            nature_assurance="10",
            code_porteur=code_porteur,
        )

    poste.elaboration.modes.verifier = sans_at  # type: ignore[method-assign]  # the fault itself


class _ToutVaBien(Securisation):
    """Takes an invoice that no card signed for a secured one."""

    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        try:
            return super().securiser(type_, mode, groupes, signataire)
        except CodeRetour:
            return FactureFormee(b"", "")


def _trust_mute_reader(poste: Poste) -> None:
    poste.elaboration.securisation = _ToutVaBien(poste.services)
    poste.elaboration.modes.vitale_utilisable = lambda _code: None


def _hide_test_mode(poste: Poste) -> None:
    alerter = poste.ecran.alerter

    def taire(texte: str) -> None:
        if not texte.startswith("Mode test"):
            alerter(texte)

    poste.ecran.alerter = taire  # type: ignore[method-assign]  # the fault itself


def _any_mode(*situations: str) -> Callable[[Poste], None]:
    """People of these situations may be billed in any mode, securing in the one asked for."""

    def appliquer(poste: Poste) -> None:
        controle = poste.elaboration.modes
        impose = controle.mode_impose

        def libre(droits: Droits, situation: SituationFacturation, actes: Sequence[str]) -> ModeSecurisation | None:
            return None if droits.situation in situations else impose(droits, situation, actes)

        controle.mode_impose = libre
        controle.sans_vitale_permis = lambda _situation, _actes: True
        controle.est_telemedecine = lambda _actes: False
        swap = _Inverse(poste.services)
        poste.securisation = poste.elaboration.securisation = swap

    return appliquer


class _Inverse(Securisation):
    """Secures without Vitale what should be degraded, and the other way round."""

    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        return super().securiser(type_, INVERSES.get(mode, mode), groupes, signataire)


# --- the PS -------------------------------------------------------------------------------------------------
def _refuse_other_prescribers(poste: Poste) -> None:
    elaborer = poste.elaboration.elaborer

    def refuser(demande: FactureElaborer) -> tuple[FactureConservee, ...]:
        if demande.prescription is not None and demande.prescription.specialite == "21":
            raise Refus("un prescripteur est un médecin")
        return elaborer(demande)

    poste.elaboration.elaborer = refuser  # type: ignore[method-assign]  # the fault itself


def _drop_prescriber(poste: Poste) -> None:
    _change(poste, lambda _mode, g: None if g.id == 1210 else g)


def _ignore_habilitation(poste: Poste) -> None:
    lire = poste.acquisition_ps.lire

    def habiliter(code_porteur: str | None, numero_situation: str | None) -> ProfessionnelDeSante:
        ps = lire(code_porteur, numero_situation)
        if poste.session.situation is not None:
            poste.session.situation = replace(poste.session.situation, signe_factures=True)
        return ps

    poste.acquisition_ps.lire = habiliter  # type: ignore[method-assign]  # the fault itself
    poste.elaboration.securisation = _ToutVaBien(poste.services)


def _forget_typed_data(poste: Poste) -> None:
    sans = replace(poste.acquisition_ps, donnees_poste=None)
    poste.acquisition_ps.completer = sans.completer  # type: ignore[method-assign]  # the fault itself


class _SansQuestion(Ecran):
    """Shares the real screen but asks nothing."""

    def __init__(self, vrai: Ecran) -> None:
        super().__init__()
        self.informer = vrai.informer  # type: ignore[method-assign]  # same screen
        self.alerter = vrai.alerter  # type: ignore[method-assign]  # same screen


def _ask_nothing(poste: Poste) -> None:
    poste.acquisition_ps.ecran = _SansQuestion(poste.ecran)


MUTANTS = (
    Mutant(
        "degrade-autre-taux",
        "Rembourse à 60 % en mode dégradé",
        ("SV-4.2.3.1-01",),
        partial(_other_rate, mode=ModeSecurisation.DEGRADE),
    ),
    Mutant(
        "desynchro-autre-taux",
        "Rembourse à 60 % en mode désynchronisé",
        ("SV-4.2.1.15-01",),
        partial(_other_rate, mode=ModeSecurisation.DESYNCHRONISE),
    ),
    Mutant(
        "degrade-autre-caisse",
        "Envoie la FSE dégradée à une autre caisse que celle de l'assuré",
        ("SV-3.2.8.4.1.2-01",),
        _other_fund,
    ),
    Mutant(
        "refection-refusee",
        "Refuse de refaire une facture perdue",
        ("SV-3.4.1.2-13", "SV-3.4.1.2-10", "SV-3.4.1.2-14"),
        _never_again,
    ),
    Mutant(
        "degrade-accompagnement-refuse",
        "Prend l'accompagnement pour une téléconsultation",
        ("SV-3.5-12",),
        _accompanying_is_telemedicine,
    ),
    Mutant(
        "degrade-at-refuse",
        "Refuse le mode dégradé pour l'accident du travail d'une autre caisse",
        ("SV-3.2.2.1-17",),
        _no_foreign_accident,
    ),
    Mutant(
        "lecteur-muet-tolere",
        "Tient pour sécurisée une facture qu'aucune carte n'a signée",
        ("SV-3.4.1.2-03",),
        _trust_mute_reader,
    ),
    Mutant("mode-test-muet", "Ne dit pas que le poste est en mode test", ("SV-3.4.4-02",), _hide_test_mode),
    Mutant(
        "ame-mode-libre",
        "Laisse tous les modes ouverts à l'AME",
        ("SV-3.2.2.6.4-07", "SV-3.2.2.6.4-08", "SV-3.2.2.6.4-09"),
        _any_mode("ame"),
    ),
    Mutant(
        "migrant-mode-libre",
        "Laisse tous les modes ouverts aux migrants de passage",
        ("SV-3.2.2.6.5-04", "SV-3.2.2.6.5-05", "SV-3.2.2.6.5-06"),
        _any_mode("migrant_de_passage"),
    ),
    Mutant(
        "mineure-mode-libre",
        "Laisse tous les modes ouverts aux actes confidentiels d'une mineure",
        ("SV-3.2.2.5-33", "SV-3.2.2.5-10", "SV-3.2.2.5-19", "SV-3.2.2.5-45"),
        _any_mode("mineure_confidentielle"),
    ),
    Mutant("rpps-executant-absent", "Ne transporte pas le RPPS", ("SV-3.2.1-09",), _set(1120, {13: ""})),
    Mutant(
        "rpps-executant-invente",
        "Transporte un RPPS que la carte ne porte pas",
        ("SV-3.2.1-09",),
        _set(1120, {13: "99900010010"}),
    ),
    Mutant(
        "prescripteur-oublie",
        "Ne dit pas qui a prescrit",
        ("SV-3.2.1-08", "SV-3.2.1.6-07", "SV-3.2.1.6-05", "SV-3.2.1.6-06"),
        _drop_prescriber,
    ),
    Mutant(
        "prescripteur-structure-perdue",
        "Perd la structure du prescripteur",
        ("SV-3.2.1.6-08",),
        _set(1210, {7: ""}),
    ),
    Mutant(
        "prescripteur-famille-refusee",
        "N'admet que des médecins comme prescripteurs",
        ("SV-3.2.1.6-01",),
        _refuse_other_prescribers,
    ),
    Mutant(
        "fournisseur-convention-carte",
        "Prend la convention de la carte au lieu de celle du poste",
        ("SV-3.2.1.7-01", "SV-3.2.1.7-05", "SV-3.2.1.3-02"),
        _set(1120, {5: "0"}),
    ),
    Mutant(
        "fournisseur-specialite-carte",
        "Prend la spécialité de la carte au lieu de celle du poste",
        ("SV-3.2.1.7-02",),
        _set(1120, {6: "00"}),
    ),
    Mutant(
        "fournisseur-zone-carte",
        "Prend la zone tarifaire de la carte au lieu de celle du poste",
        ("SV-3.2.1.7-03",),
        _set(1120, {7: ""}),
    ),
    Mutant(
        "fournisseur-ik-carte",
        "Prend la zone d'indemnité kilométrique de la carte au lieu de celle du poste",
        ("SV-3.2.1.7-04",),
        _set(1120, {8: ""}),
    ),
    Mutant(
        "fournisseur-numero-poste",
        "Facture sous un numéro saisi sur le poste au lieu de celui de la carte",
        ("SV-3.2.1.7-06",),
        _set(1120, {1: "99208008", 2: "5"}),
    ),
    Mutant(
        "habilitation-ignoree",
        "Signe avec une carte qui n'y est pas habilitée",
        ("SV-3.2.1.7-07", "SV-2.3.3.3-03"),
        _ignore_habilitation,
    ),
    Mutant(
        "donnees-ps-oubliees",
        "Oublie au redémarrage les données saisies par le PS",
        ("SV-4.2.1.2.2-02",),
        _forget_typed_data,
    ),
    Mutant(
        "donnees-ps-non-demandees",
        "Ne demande pas au PS les données que sa carte n'a pas",
        ("SV-4.2.1.2.2-01",),
        _ask_nothing,
    ),
)
