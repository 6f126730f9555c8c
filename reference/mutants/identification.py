"""Faults about who receives care: what is read of him, when, who is chosen, what outlives a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from norms.contrat.adaptateur import BeneficiaireDemande
from norms.ssv import Groupe
from reference.erreurs import Refus
from reference.modele import Beneficiaire, Droits, Periode
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence
from reference.poste import Poste

PATIENT = Beneficiaire("DUPOND", "JEAN", "19600101", "1", "0")


def _read_otherwise(poste: Poste, changer: Callable[[Droits], Droits]) -> None:
    """The card is read, then something of it is lost; what signs isn't held against it."""
    acquisition = poste.acquisition_beneficiaire
    lire = acquisition.lire_carte

    def autrement(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        return changer(lire(date_consultation, code_porteur))

    acquisition.lire_carte = autrement  # type: ignore[method-assign]  # the fault itself
    ignore_coherence(poste)


def _no_rights(droits: Droits) -> Droits:
    return replace(droits, beneficiaires=tuple(replace(b, droits=(), couvertures=()) for b in droits.beneficiaires))


def _short_names(droits: Droits) -> Droits:
    return replace(droits, beneficiaires=tuple(replace(b, prenom=b.prenom[:1], rang="1") for b in droits.beneficiaires))


def _other_organisation(droits: Droits) -> Droits:
    return replace(droits, caisse="751", centre="0000")


def _from_memory(droits: Droits) -> Droits:
    return replace(droits, support="dossier", beneficiaires=(PATIENT, *droits.beneficiaires[1:]))


def _first_one(poste: Poste) -> None:
    identifier = poste.acquisition_adr.identifier

    def premier(demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        return identifier(demande.model_copy(update={"numero": 1}), code_porteur)

    poste.acquisition_adr.identifier = premier  # type: ignore[method-assign]  # the fault itself


def _cover_of_the_first(poste: Poste) -> None:
    identifier = poste.acquisition_adr.identifier

    def melanger(demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        droits, b = identifier(demande, code_porteur)
        return droits, replace(b, couvertures=droits.beneficiaires[0].couvertures)

    poste.acquisition_adr.identifier = melanger  # type: ignore[method-assign]  # the fault itself


class _DateDuJour(ServicesDelegues):
    """Reads the card for today, whenever the consultation was."""

    def __init__(self, poste: Poste) -> None:
        super().__init__(poste.services)
        self._poste = poste

    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]:
        return super().lire_droits_vitale(self._poste.horloge.now().strftime("%Y%m%d"), code_porteur)


def _exemption_of_today(poste: Poste) -> None:
    identifier = poste.acquisition_adr.identifier

    def du_jour(demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        droits, b = identifier(demande, code_porteur)
        actuelle = b.couverture_au(poste.horloge.now().date())
        toujours = (replace(actuelle, periode=Periode(None, None)),) if actuelle else ()
        return droits, replace(b, couvertures=toujours)

    poste.acquisition_adr.identifier = du_jour  # type: ignore[method-assign]  # the fault itself


def _exemption_without_cps(poste: Poste) -> None:
    """Shows the last card read when there is no card of the PS to read it again."""
    acquisition = poste.acquisition_beneficiaire
    lire = acquisition.lire
    derniers: list[Droits] = []

    def de_memoire(date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        try:
            derniers.append(lire(date_consultation, code_porteur))
        except Refus:
            if not derniers:
                raise
            acquisition.montrer(derniers[-1])
        return derniers[-1]

    acquisition.lire = de_memoire  # type: ignore[method-assign]  # the fault itself


def _keep_adr(poste: Poste) -> None:
    """What ADR said of one person serves for the next."""
    retenir = poste.acquisition_adr.retenir
    acquerir = poste.acquisition_adr.acquerir
    gardes: list[Droits] = []

    def noter(demande: BeneficiaireDemande, code_porteur: str | None = None) -> Droits:
        gardes.append(acquerir(demande, code_porteur))
        return gardes[-1]

    def pour_tous(droits: Droits, beneficiaire: Beneficiaire, nature_assurance: str) -> tuple[Droits, Beneficiaire]:
        if not gardes:
            return retenir(droits, beneficiaire, nature_assurance)
        adr = gardes[-1]
        b = replace(beneficiaire, couvertures=adr.beneficiaires[0].couvertures)
        return replace(adr, nir_assure=droits.nir_assure, cle_assure=droits.cle_assure, beneficiaires=(b,)), b

    poste.acquisition_adr.acquerir = noter  # type: ignore[method-assign]  # the fault itself
    poste.acquisition_adr.retenir = pour_tous  # type: ignore[method-assign]  # the fault itself


MUTANTS = (
    Mutant(
        "acquisition-sans-droits",
        "Ne retient ni droits ni couvertures de la carte Vitale",
        ("SV-3.2.2-01", "SV-4.2.1.3-07", "SV-3.2.3.5.1.2-04", "SV-4.2.1.1-10"),
        lambda poste: _read_otherwise(poste, _no_rights),
    ),
    Mutant(
        "acquisition-identite-tronquee",
        "Ne retient que l'initiale du prénom et perd le rang de naissance",
        ("SV-4.2.1.3-05", "SV-3.2.2-03"),
        lambda poste: _read_otherwise(poste, _short_names),
    ),
    Mutant(
        "acquisition-organisme-faux",
        "Retient un autre organisme que celui de la carte Vitale",
        ("SV-4.2.1.3-06", "SV-3.2.3.5.1.2-03"),
        lambda poste: _read_otherwise(poste, _other_organisation),
    ),
    Mutant(
        "acquisition-memoire",
        "Sert le dossier du patient au lieu de ce que dit la carte",
        ("SV-3.2.2-03", "SV-4.2.1.3-05"),
        lambda poste: _read_otherwise(poste, _from_memory),
    ),
    Mutant(
        "acquisition-premier-beneficiaire",
        "Facture toujours le premier bénéficiaire de la carte",
        ("SV-3.2.2.1-03", "SV-3.2.3.5.1.2-02", "SV-4.2.1.1-10"),
        _first_one,
    ),
    Mutant(
        "contexte-couverture-premiere",
        "Prend la couverture du premier bénéficiaire pour tous",
        ("SV-4.2.1.1-10", "SV-3.2.3.5.1.2-04"),
        _cover_of_the_first,
    ),
    Mutant(
        "lecture-date-du-jour",
        "Lit la carte Vitale à la date du jour et non à celle de la consultation",
        ("SV-3.2.2.1-01",),
        lambda poste: brancher(poste, _DateDuJour(poste)),
    ),
    Mutant(
        "exoneration-date-du-jour",
        "Applique l'exonération du jour et non celle de la date des soins",
        ("SV-3.2.2.1-62",),
        _exemption_of_today,
    ),
    Mutant(
        "exoneration-sans-cps",
        "Montre les exonérations d'une lecture passée sans carte de PS",
        ("SV-3.2.2.1-60",),
        _exemption_without_cps,
    ),
    Mutant("adr-garde-pour-tous", "Applique au suivant ce qu'ADR a rendu", ("SV-4.2.1.1-40",), _keep_adr),
)
