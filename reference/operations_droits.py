"""Operations of the adapter about rights and prescribers: ADR, opposition list, repository of health professionals."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from norms.contrat import adaptateur as contrat
from norms.contrat.base import Message
from reference.erreurs import Refus, ReseauIndisponible
from reference.modele import Droits, Periode
from reference.oppositions.liste import manquants
from reference.poste import Poste


def operations(poste: Callable[[], Poste]) -> dict[str, Callable[[Any], Message]]:
    """Name of the operation -> what answers it; ``poste`` gives the started workstation or raises Refus."""

    def acquerir(params: contrat.DroitsAcquerir) -> Message:
        return _rendre(poste().acquisition_adr.acquerir(params.beneficiaire, params.code_porteur))

    def activer(params: contrat.OppositionsActiver) -> Message:
        poste().oppositions.activer(params.active)
        return _etat(poste())

    def consulter(params: contrat.OppositionsConsulter) -> Message:
        poste().oppositions.montrer()
        return _etat(poste())

    def actualiser(params: contrat.OppositionsActualiser) -> Message:
        p = poste()
        try:
            p.relever_oppositions()
        except ReseauIndisponible as exc:
            p.ecran.alerter(f"Incréments à relever plus tard : {exc}")
        p.oppositions.demander()
        return _etat(p)

    def charger(params: contrat.ReferentielCharger) -> Message:
        try:
            contenu = base64.b64decode(params.contenu_base64, validate=True)
        except ValueError as exc:
            raise Refus("référentiel PS : base64 attendu") from exc
        return contrat.EtatReferentiel(version=poste().prescripteurs.charger(contenu))

    def chercher(params: contrat.PrescripteurChercher) -> Message:
        trouve = poste().prescripteurs.chercher(params.rpps)
        return contrat.PrescripteurTrouve(version=poste().prescripteurs.referentiel.version, **asdict(trouve))

    return {
        "droits.acquerir": acquerir,
        "referentiel.charger": charger,
        "prescripteur.chercher": chercher,
        "oppositions.activer": activer,
        "oppositions.consulter": consulter,
        "oppositions.actualiser": actualiser,
    }


def _rendre(droits: Droits) -> contrat.DroitsAcquis:
    b = droits.beneficiaires[0]
    ame = droits.ame
    return contrat.DroitsAcquis(
        support_droits=droits.support_droits,
        regime=droits.regime,
        caisse=droits.caisse,
        centre=droits.centre,
        nom=b.nom,
        prenom=b.prenom,
        naissance=b.naissance,
        couvertures=tuple(_couverture(c.periode, f"{c.code_ald}{c.code_situation}") for c in b.couvertures),
        mutuelle=next((c.numero for c in b.complementaires if c.nature == "mutuelle"), ""),
        ame=ame.fin.isoformat() if ame and ame.fin else "",
    )


def _couverture(p: Periode, code: str) -> contrat.CouvertureLue:
    return contrat.CouvertureLue(
        debut=p.debut.isoformat() if p.debut else "", fin=p.fin.isoformat() if p.fin else "", code=code
    )


def _etat(poste: Poste) -> contrat.EtatOppositions:
    liste, m = poste.oppositions, poste.oppositions.magasin
    attente = m.en_attente()
    return contrat.EtatOppositions(
        active=m.active,
        numero=m.numero,
        date=m.jour,
        recue_le=m.recue,
        cartes=m.compter(),
        en_attente=tuple(attente),
        manquants=manquants(m.numero, attente),
        boite=liste.boite,
    )
