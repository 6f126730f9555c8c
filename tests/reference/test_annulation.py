"""Which DRE the reference cancels, which it doesn't and why; what the cancellation says (cdc §3.2.3.5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reference.conftest import CODE, CONVENTION_AMC, Cabinet, G, Ouvrir

SEPAREE = {"source": "carte_vitale", "gestion": "separee"}
DEUX_PARTS = {"amo": True, "amc": True}
OCT = {"oct": "factures@concentrateur.test", "reglages_oct": {"mode": "fse_enrichie"}}
NUMERO = "000000001"


def facturer(c: Cabinet, code: str = "G", **demande: Any) -> None:
    c.lire_cartes()
    actes = [{**G, "code": code}]
    c.ok("facture.elaborer", prestations=actes, tiers_payant=DEUX_PARTS, complementaire=SEPAREE, **demande)


def transmise(ouvrir: Ouvrir, **options: Any) -> Cabinet:
    """A workstation whose first invoice, a FSE and its DRE, has left and is acknowledged."""
    c = ouvrir(vitale="nguyen-linh", conventions=[CONVENTION_AMC], **options)
    facturer(c)
    c.transmettre()
    c.ok("retours.relever")
    return c


def annulation(**autres: Any) -> dict[str, Any]:
    return {"numero": NUMERO, "motif": "destinataire", "mode": "DEGRADE", "code_porteur": CODE} | autres


def test_elle_repete_la_dre_sous_le_meme_numero(ouvrir: Ouvrir) -> None:
    c = transmise(ouvrir)
    c.avancer(jours=1)
    [faite] = c.ok("dre.annuler", **annulation())["factures"]
    assert (faite["type"], faite["numero"], faite["annulation"], faite["statut"]) == ("DRE", NUMERO, True, "securisee")
    assert [m["destinataire"] for m in c.transmettre()] == ["MU001@rocher-mutuelle.test"]
    initiale, annule = c.flux("factures")[1:]
    assert (initiale["entete"]["nature_operation"], annule["entete"]["nature_operation"]) == ("0", "2")
    assert (initiale["entete"]["date_facturation"], annule["entete"]["date_facturation"]) == (
        "2022-11-21",
        "2022-11-22",
    )
    assert initiale["montants"] == annule["montants"]
    assert initiale["prestations"][0]["code_acte"] == annule["prestations"][0]["code_acte"] == "G"
    assert not [a for f in (initiale, annule) for a in f["anomalies"]]
    c.ok("retours.relever")
    assert [f["statut"] for f in c.ok("facture.lister")["factures"]] == ["acquittee", "acquittee", "acquittee"]


def test_signee_par_la_carte_vitale_de_la_facture(ouvrir: Ouvrir) -> None:
    c = transmise(ouvrir)
    refus = c.refus("dre.annuler", **annulation(mode="SESAM_VITALE"))
    assert "bénéficiaire absent" in refus["motif"]
    c.monde.agir("carte.retirer", {"lecteur": "vitale"})
    c.monde.agir("carte.inserer", {"lecteur": "vitale", "carte": "durand-paul"})
    c.ok("beneficiaire.lire")
    c.refus("dre.annuler", **annulation(mode="SESAM_VITALE"))
    c.monde.agir("carte.retirer", {"lecteur": "vitale"})
    c.monde.agir("carte.inserer", {"lecteur": "vitale", "carte": "nguyen-linh"})
    c.ok("beneficiaire.lire")
    c.ok("dre.annuler", **annulation(mode="SESAM_VITALE"))
    c.transmettre()
    assert c.flux("factures")[-1]["signature_vitale"]["valide"]


@pytest.mark.parametrize(("mode", "acte"), [("SANS_VITALE", "TCG"), ("DESYNCHRONISE", "G")])
def test_dans_le_mode_de_la_facture(ouvrir: Ouvrir, mode: str, acte: str) -> None:
    c = ouvrir(vitale="nguyen-linh", conventions=[CONVENTION_AMC])
    facturer(c, acte, mode=mode)
    c.ok("facture.signer", code_porteur=CODE)
    c.transmettre()
    c.refus("dre.annuler", **annulation(mode="SESAM_VITALE"))
    c.ok("beneficiaire.lire")
    [faite] = c.ok("dre.annuler", **annulation(mode=mode))["factures"]
    assert faite["statut"] == ("a_signer" if mode == "DESYNCHRONISE" else "securisee")
    assert [f["annulation"] for f in c.ok("facture.signer", code_porteur=CODE)["factures"]] == [True] * (
        mode == "DESYNCHRONISE"
    )
    c.transmettre()
    assert (c.flux("factures")[-1]["annulation"], c.flux("factures")[-1]["anomalies"]) == (True, [])


def test_signee_par_l_apcv(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale=None, conventions=[CONVENTION_AMC])
    c.monde.agir("apcv.presenter", {"carte": "nguyen-linh", "validite_minutes": 30})
    c.ok("ps.lire", code_porteur=CODE)
    c.ok("beneficiaire.lire", support="apcv")
    saisie = {"source": "saisie", "gestion": "separee", "numero_amc": "75500017", "numero_adherent": "ADH00047"}
    beneficiaire = {"source": "apcv", "numero": 1}
    c.ok("facture.elaborer", prestations=[G], tiers_payant=DEUX_PARTS, complementaire=saisie, beneficiaire=beneficiaire)
    c.transmettre()
    c.refus("dre.annuler", **annulation(mode="SESAM_VITALE"))
    c.ok("beneficiaire.lire", support="apcv")
    c.avancer(minutes=40)
    assert "expiré" in c.refus("dre.annuler", **annulation(mode="SESAM_VITALE"))["motif"]
    c.ok("beneficiaire.lire", support="apcv")
    c.ok("dre.annuler", **annulation(mode="SESAM_VITALE", motif="prestation"))
    c.transmettre()
    annule = c.flux("factures")[-1]
    assert (annule["annulation"], annule["signature_vitale"]["valide"], annule["anomalies"]) == (True, True, [])


def test_une_dre_sans_fse(ouvrir: Ouvrir) -> None:
    """An invoice for the AMC alone (cdc §3.2.3.4): no FSE can be rejected, the other motives hold."""
    c = ouvrir(vitale="nguyen-linh", conventions=[CONVENTION_AMC])
    c.lire_cartes()
    acte = {"code": "HN", "date": G["date"], "prix_saisi": 1000}
    c.ok("facture.elaborer", prestations=[acte], tiers_payant=DEUX_PARTS, complementaire=SEPAREE)
    assert [f["type"] for f in c.ok("facture.lister")["factures"]] == ["DRE"]
    c.transmettre()
    c.refus("dre.annuler", **annulation(motif="rejet_amo"))
    c.ok("dre.annuler", **annulation(motif="assure_amc"))
    c.transmettre()
    assert [(f["type"], f["annulation"], f["anomalies"]) for f in c.flux("factures")] == [
        ("DRE", False, []),
        ("DRE", True, []),
    ]


def test_une_norme_qui_n_a_pas_d_annulation(ouvrir: Ouvrir) -> None:
    c = transmise(ouvrir)
    c.adaptateur.poste.annulation.nature = ""
    assert "nature d'opération" in c.refus("dre.annuler", **annulation())["motif"]


@pytest.mark.parametrize(
    ("demande", "motif"),
    [
        ({"numero": None}, "indiquer la DRE"),
        ({"numero": "000000099"}, "aucune DRE n° 000000099"),
        ({"motif": "rejet_amo"}, "n'est pas rejetée"),
        ({"motif": "prestation"}, "bénéficiaire absent"),
        ({"mode": "SANS_VITALE"}, "mode SANS_VITALE refusé"),
    ],
)
def test_refus(ouvrir: Ouvrir, demande: dict[str, Any], motif: str) -> None:
    c = transmise(ouvrir)
    avant = len(c.appels("ssv.formater_facture"))
    assert motif in c.refus("dre.annuler", **annulation(**demande))["motif"]
    assert len(c.appels("ssv.formater_facture")) == avant
    assert len(c.ok("facture.lister")["factures"]) == 2


def test_une_dre_qui_n_est_pas_partie(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="nguyen-linh", conventions=[CONVENTION_AMC])
    facturer(c)
    assert "pas encore transmise : la supprimer" in c.refus("dre.annuler", **annulation())["motif"]
    c.mettre_en_lot()
    assert "pas encore transmise" in c.refus("dre.annuler", **annulation())["motif"]


def test_un_lot_rejete_se_reconstitue(ouvrir: Ouvrir) -> None:
    c = transmise(ouvrir, acteurs={"75500017": {"arl": "negatif"}})
    assert "son lot est rejeté" in c.refus("dre.annuler", **annulation())["motif"]


def test_une_seule_fois_sauf_si_elle_est_supprimee(ouvrir: Ouvrir) -> None:
    c = transmise(ouvrir)
    c.ok("dre.annuler", **annulation())
    assert "a déjà sa DRE d'annulation" in c.refus("dre.annuler", **annulation())["motif"]
    c.ok("facture.supprimer", numero=NUMERO)
    etats = [(f["type"], f["annulation"], f["statut"]) for f in c.ok("facture.lister")["factures"]]
    assert etats == [("FSE", False, "acquittee"), ("DRE", False, "acquittee"), ("DRE", True, "supprimee")]
    c.ok("dre.annuler", **annulation())


def test_la_dre_annulee_est_rejetee_par_l_amc_pas_l_annulation(ouvrir: Ouvrir) -> None:
    """Returns name a number: what an AMC says of it is about the DRE."""
    c = transmise(ouvrir)
    c.ok("dre.annuler", **annulation())
    c.transmettre()
    c.monde.agir("acteurs.liquider", {"acteur": "75500017"})
    c.ok("retours.relever")
    factures = c.ok("facture.lister")["factures"]
    assert [(f["annulation"], f["statut"]) for f in factures[1:]] == [(False, "rejetee"), (True, "acquittee")]
    assert "DRE ANNULEE" in factures[1]["motif_rejet"]
    assert [(f["type"], f["etat"]) for f in c.ok("reclamation.lister")["factures"]] == [
        ("FSE", "en_cours"),
        ("DRE", "rejete"),
    ]


def test_une_carte_retiree_ne_laisse_rien(ouvrir: Ouvrir) -> None:
    c = transmise(ouvrir)
    c.monde.agir("carte.retirer", {"lecteur": "ps"})
    assert c.refus("dre.annuler", **annulation())["code_retour"]
    assert len(c.ok("facture.lister")["factures"]) == 2


def test_apres_le_rejet_d_une_fse_eclatee(ouvrir: Ouvrir) -> None:
    """The part that the concentrator drew from the FSE is cancelled by a DRE, through it (SV-3.2.3.5.3-09)."""
    c = transmise(ouvrir, acteurs={"01349": {"rsp": "rejete"}}, **OCT)
    assert "qu'après le rejet" in c.refus("dre.annuler", **annulation())["motif"]
    c.monde.agir("acteurs.liquider", {"acteur": "01349"})
    c.ok("retours.relever")
    c.ok("dre.annuler", **annulation(motif="rejet_amo"))
    assert [m["destinataire"] for m in c.transmettre()] == ["factures@concentrateur.test"]
    vus = [f for e in c.evenements("flux") for f in e.get("factures", ())]
    [chez_l_amc] = [f for f in vus if f["acteur"] == "75500017"]
    assert (chez_l_amc["numero"], chez_l_amc["annulation"], chez_l_amc["anomalies"]) == (NUMERO, True, [])
    assert (chez_l_amc["entete"]["type_contrat"], chez_l_amc["montants"]["amc"]) == ("00", 750)
    c.ok("retours.relever")
    assert c.ok("lot.lister")["lots"][-1]["statut"] == "acquitte"


def test_sans_convention_personne_ne_sait_ou_l_envoyer(ouvrir: Ouvrir) -> None:
    """Where such a cancellation goes is in the missing annexes: it is refused rather than guessed."""
    c = ouvrir(vitale="nguyen-linh", acteurs={"01349": {"rsp": "rejete"}}, **OCT)
    facturer(c)
    c.transmettre()
    c.monde.agir("acteurs.liquider", {"acteur": "01349"})
    c.ok("retours.relever")
    assert "aucune convention" in c.refus("dre.annuler", **annulation(motif="rejet_amo"))["motif"]
