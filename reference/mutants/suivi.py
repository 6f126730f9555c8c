"""Faults about what comes back."""

from __future__ import annotations

from dataclasses import replace

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.mutants.modele import Mutant, ServicesDelegues, brancher
from reference.poste import Poste
from reference.store import LotConserve, Lots, RetourConserve
from reference.store.lots import A_TRANSMETTRE, ACQUITTE, TRANSMIS
from reference.suivi.courrier import ARL, INCONNU, RSP, SERVICE, Courrier


def _ignore_arl(poste: Poste) -> None:
    poste.reception.traitements[ARL] = lambda _courrier: ()


def _ignore_rsp(poste: Poste) -> None:
    poste.reception.traitements[RSP] = lambda _courrier: ()


def _acknowledge_all(poste: Poste) -> None:
    poste.arl.concernes = lambda _groupe: (*poste.lots.tous(TRANSMIS), *poste.lots.tous(A_TRANSMETTRE))


def _ignore_some(poste: Poste, type_: TypeFacture | None, mode: ModeSecurisation | None) -> None:
    sain = poste.arl.concernes

    def sauf(groupe: Groupe) -> tuple[LotConserve, ...]:
        return tuple(lot for lot in sain(groupe) if lot.type != type_ and lot.mode != mode)

    poste.arl.concernes = sauf


def _ignore_dre(poste: Poste) -> None:
    _ignore_some(poste, TypeFacture.DRE, None)


def _archive_sans_vitale(poste: Poste) -> None:
    sain = poste.transmission.attend_un_arl
    poste.transmission.attend_un_arl = lambda lot: sain(lot) and lot.mode != ModeSecurisation.SANS_VITALE
    traiter = poste.reception.traitements[ARL]
    poste.reception.traitements[ARL] = lambda courrier: tuple(
        r
        for r in traiter(courrier)
        if not (lot := poste.lots.par_reference(r.lot)) or lot.mode != ModeSecurisation.SANS_VITALE
    )


def _always_positive(poste: Poste) -> None:
    poste.arl.est_positif = lambda _groupe: True
    poste.reemission.reemissibles = (*poste.reemission.reemissibles, ACQUITTE)


class _SansDetail(Lots):
    def rejeter(self, id_: int, code: str, libelle: str, facture: str) -> None:
        super().rejeter(id_, "", "", "")


def _lose_code(poste: Poste) -> None:
    poste.arl.lots = _SansDetail(poste.base, poste.constitution_fichiers.catalogue)


def _degraded_waits(poste: Poste) -> None:
    poste.transmission.attend_un_arl = lambda _lot: True


def _degraded_dre_archived(poste: Poste) -> None:
    poste.transmission.attend_un_arl = lambda lot: lot.mode != ModeSecurisation.DEGRADE


def _no_match(poste: Poste) -> None:
    poste.rsp.trouver = lambda _reglee: None


def _no_amc_match(poste: Poste) -> None:
    sain = poste.rsp.trouver
    poste.rsp.trouver = lambda reglee: None if reglee.type_facture == "D" else sain(reglee)


def _reject_is_payment(poste: Poste) -> None:
    poste.rsp.est_rejet = lambda _reglee: False


def _other_reference(poste: Poste) -> None:
    sain = poste.rsp.trouver
    poste.rsp.trouver = lambda reglee: sain(replace(reglee, numero=f"{int(reglee.numero or '0') + 1:09d}"))


def _swallow_service(poste: Poste) -> None:
    poste.reception.traitements[SERVICE] = lambda _courrier: ()


def _unreadable_acknowledges(poste: Poste) -> None:
    """Every lot awaited is acknowledged by a file that can't be read."""
    traiter = poste.reception.traitements[ARL]

    def sans_lire(courrier: Courrier) -> tuple[RetourConserve, ...]:
        lus = traiter(courrier)
        if any(r.nature == INCONNU for r in lus):
            poste.lots.changer_statut([lot.id for lot in poste.lots.tous(TRANSMIS)], ACQUITTE)
        return lus

    poste.reception.traitements[ARL] = sans_lire


class _Premier(ServicesDelegues):
    def traduire_arl(self, fichier: bytes) -> tuple[Groupe, ...]:
        return self.vrais.traduire_arl(fichier)[:1]


def _first_of_file(poste: Poste) -> None:
    brancher(poste, _Premier(poste.services))


MUTANTS = (
    Mutant(
        "arl-illisible-acquitte",
        "Tient pour acquittés les lots dont l'ARL est illisible",
        ("SV-4.2.2.1-06",),
        _unreadable_acknowledges,
    ),
    Mutant(
        "arl-premier-du-fichier",
        "Ne retient que le premier ARL d'un fichier",
        ("SV-4.2.2.1-07", "SV-4.2.2.1-04"),
        _first_of_file,
    ),
    Mutant(
        "arl-ignore",
        "Ne tient aucun compte des ARL",
        (
            "SV-4.2.2.1-01",
            "SV-4.2.2.1-02",
            "SV-4.2.2.1-03",
            "SV-4.2.2.1-04",
            "SV-3.5-02",
            "SV-A5-5.1-01",
            "SV-A5-5.2-01",
        ),
        _ignore_arl,
    ),
    Mutant("rsp-ignore", "Ne tient aucun compte des RSP", ("SV-A5-5.1-02",), _ignore_rsp),
    Mutant(
        "arl-acquitte-tout",
        "Acquitte tous les lots au premier ARL positif",
        ("SV-4.2.2.1-08", "SV-4.2.2.1-04"),
        _acknowledge_all,
    ),
    Mutant(
        "arl-dre-ignore",
        "N'attend pas d'ARL pour les lots de DRE",
        ("SV-3.5-15", "SV-3.5-03", "SV-3.5-05", "SV-3.2.10.3-04"),
        _ignore_dre,
    ),
    Mutant(
        "arl-sans-vitale-ignore",
        "N'attend pas d'ARL pour les lots sécurisés sans Vitale",
        ("SV-3.5-04", "SV-3.5-05"),
        _archive_sans_vitale,
    ),
    Mutant(
        "arl-negatif-pris-pour-positif",
        "Prend un ARL négatif pour un positif",
        ("SV-4.2.2.1-09", "SV-4.2.2.1-03"),
        _always_positive,
    ),
    Mutant(
        "arl-code-perdu",
        "Perd le code de rejet et la facture en cause d'un ARL négatif",
        ("SV-4.2.2.1-10", "SV-3.3.1.2-09"),
        _lose_code,
    ),
    Mutant(
        "degrade-attend-arl",
        "Attend un ARL pour un lot de FSE dégradées",
        ("SV-3.5-14", "SV-4.2.3.2-09"),
        _degraded_waits,
    ),
    Mutant(
        "dre-degradee-archivee",
        "Archive les lots de DRE dégradées sans attendre leur ARL",
        ("SV-4.2.3.2-11",),
        _degraded_dre_archived,
    ),
    Mutant(
        "rsp-non-rapproche",
        "Ne rapproche pas les RSP des factures",
        ("SV-3.3.2-07", "SV-A5-5.3-04", "SV-A5-5.1-02"),
        _no_match,
    ),
    Mutant(
        "rsp-amc-non-rapproche",
        "Ne rapproche pas les RSP des complémentaires",
        ("SV-3.3.2-07", "SV-3.3.2-08"),
        _no_amc_match,
    ),
    Mutant(
        "rsp-mal-rapproche",
        "Rapproche un RSP de la facture suivante",
        ("SV-3.3.2-07",),
        _other_reference,
    ),
    Mutant(
        "rsp-rejet-pris-pour-paiement",
        "Prend un rejet pour un paiement",
        ("SV-3.3.2-04", "SV-3.3.2-07"),
        _reject_is_payment,
    ),
    Mutant(
        "message-de-service-avale",
        "Fait disparaître les messages de service",
        ("SV-4.2.4-08",),
        _swallow_service,
    ),
)
