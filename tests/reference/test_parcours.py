"""Situations of the tour, on real sockets: modes, complementary insurers, refusals, restarts, breakdowns."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.reference.conftest import CODE, CONVENTION_AMC, CONVENTION_UNIQUE, JOUR, Cabinet, G, Ouvrir

SAISIE = {
    "source": "saisie",
    "identite": {
        "nir": "1790175999001",
        "cle": "86",
        "regime": "01",
        "caisse": "349",
        "centre": "9881",
        "naissance": "19790115",
        "rang": "1",
        "nom": "ESSAI",
        "prenom": "ALIX",
    },
}
TP = {"amo": True, "amc": True}


def statuts(c: Cabinet) -> list[tuple[str, str]]:
    return [(f["type"], f["statut"]) for f in c.ok("facture.lister")["factures"]]


def textes(reponse: dict[str, Any]) -> str:
    return " ".join(a["texte"] for a in reponse["affichages"])


# --- flows ------------------------------------------------------------------------------------------------
def test_gestion_separee(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="nguyen-linh", conventions=[CONVENTION_AMC])
    c.lire_cartes()
    fse, dre = c.ok(
        "facture.elaborer",
        prestations=[G],
        tiers_payant=TP,
        complementaire={"source": "carte_vitale", "gestion": "separee"},
    )["factures"]
    assert (fse["type"], dre["type"], fse["numero"] == dre["numero"]) == ("FSE", "DRE", True)
    # The AMC part, 25,00 - 17,50 = 7,50, is in the DRE only; the patient pays nothing.
    assert fse["montants"] == {"total": 2500, "amo": 1750, "amc": 0, "assure": 0}
    assert dre["montants"] == {"total": 2500, "amo": 1750, "amc": 750, "assure": 0}
    assert sorted(m["destinataire"] for m in c.transmettre()) == ["01349@349.01.rss.test", "MU001@rocher-mutuelle.test"]
    c.ok("retours.relever")
    assert {lot["reference"]: lot["statut"] for lot in c.ok("lot.lister")["lots"]} == {
        "001": "acquitte",
        "AAA": "acquitte",
    }
    c.monde.agir("acteurs.liquider")
    retours = c.ok("retours.relever")["retours"]
    assert sorted((r["nature"], r["montant"]) for r in retours) == [("RSP", 750), ("RSP", 1750)]
    assert sorted(statuts(c)) == [("DRE", "payee"), ("FSE", "payee")]


def test_gestion_unique(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="diallo-awa", conventions=[CONVENTION_UNIQUE])
    c.lire_cartes()
    (fse,) = c.ok(
        "facture.elaborer",
        prestations=[G],
        tiers_payant=TP,
        complementaire={"source": "carte_vitale", "gestion": "unique"},
    )["factures"]
    assert fse["montants"] == {"total": 2500, "amo": 1750, "amc": 750, "assure": 0}
    c.transmettre()
    entete = c.flux("factures")[0]["entete"]
    assert (entete["destinataire_reglement"], entete["numero_amc"].lstrip("0")) == ("15", "34900033")


def test_tiers_payant_amc_sans_convention(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="nguyen-linh")
    c.lire_cartes()
    reponse = c.ok("facture.elaborer", prestations=[G], tiers_payant=TP, complementaire={"source": "carte_vitale"})
    # No convention: the patient pays the part nobody settles for him.
    assert [(f["type"], f["montants"]["assure"]) for f in reponse["factures"]] == [("FSE", 750)]
    assert "convention" in textes(reponse)


def test_ald(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="bernard-ald", date="2026-03-02T09:00")
    c.lire_cartes()
    acte = {"code": "G", "date": "2026-03-02"}
    en_rapport = c.ok("facture.elaborer", prestations=[acte])
    assert en_rapport["factures"][0]["montants"]["amo"] == 2500
    assert any(a["niveau"] == "question" for a in en_rapport["affichages"])
    sans_rapport = c.ok("facture.elaborer", prestations=[acte], reponses={"soins_en_rapport_ald": "non"})
    assert sans_rapport["factures"][0]["montants"]["amo"] == 1750


def test_carte_familiale(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="famille-petit")
    c.ok("ps.lire", code_porteur=CODE)
    lus = c.ok("beneficiaire.lire")
    assert [b["prenom"] for b in lus["beneficiaires"]] == ["MARC", "SONIA", "ZOE", "TOM"]
    assert any(a["niveau"] == "question" for a in lus["affichages"])
    c.ok("facture.elaborer", prestations=[G], beneficiaire={"numero": 4})
    c.transmettre()
    # Twins born the same day: the rank tells them apart.
    entete = c.flux("factures")[0]["entete"]
    assert (entete["naissance"], entete["rang_naissance"]) == ("110915", "2")
    c.refus("facture.elaborer", prestations=[G], beneficiaire={"numero": 5})


# --- modes ------------------------------------------------------------------------------------------------
def test_desynchronise(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.monde.agir("carte.retirer", {"lecteur": "ps"})
    assert c.ok("facture.elaborer", mode="DESYNCHRONISE", prestations=[G])["factures"][0]["statut"] == "a_signer"
    assert c.mettre_en_lot() == []
    c.monde.agir("carte.retirer", {"lecteur": "vitale"})
    c.monde.agir("carte.inserer", {"lecteur": "ps", "carte": "dr-martin"})
    assert c.refus("facture.signer")["code_retour"] == "F003"
    assert statuts(c) == [("FSE", "a_signer")]
    assert c.ok("facture.signer", code_porteur=CODE)["factures"][0]["statut"] == "securisee"
    c.transmettre()
    (facture,) = c.flux("factures")
    assert (facture["signature_vitale"]["valide"], facture["signature_cps"]["valide"]) == (True, True)


def test_degrade(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale=None)
    c.ok("ps.lire", code_porteur=CODE)
    reponse = c.ok("facture.elaborer", mode="DEGRADE", beneficiaire=SAISIE, prestations=[G])
    (feuille,) = [d for d in reponse["documents"] if d["nature"] == "feuille_de_soins"]
    assert "Télétransmission dégradée" in feuille["texte"]
    c.transmettre()
    assert c.ok("retours.relever")["retours"] == []
    assert [lot["statut"] for lot in c.ok("lot.lister")["lots"]] == ["archive"]
    assert statuts(c) == [("FSE", "archivee")]


def test_degrade_pour_un_accident_d_un_autre_organisme(ouvrir: Ouvrir) -> None:
    """cdc §3.4.1.1: the card is there, but another organisation manages the accident."""
    c = ouvrir()
    c.lire_cartes()
    durand = {"nir": "1550475999012", "cle": "38", "naissance": "19550412", "nom": "DURAND", "prenom": "PAUL"}
    autre = {"source": "saisie", "identite": durand | {"regime": "02", "caisse": "349", "centre": "0000", "rang": "1"}}
    meme = {"source": "saisie", "identite": durand | {"regime": "01", "caisse": "349", "centre": "9881", "rang": "1"}}
    c.refus("facture.elaborer", mode="DEGRADE", beneficiaire=autre, prestations=[G])
    c.refus("facture.elaborer", mode="DEGRADE", beneficiaire=meme, prestations=[G], nature_assurance="41")
    c.ok("facture.elaborer", mode="DEGRADE", beneficiaire=autre, prestations=[G], nature_assurance="41")


def test_carte_d_un_autre_laissee_en_lecteur(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.ok("ps.lire", code_porteur=CODE)
    c.ok("facture.elaborer", mode="DEGRADE", beneficiaire=SAISIE, prestations=[G])


def test_carte_muette(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.monde.agir("carte.defaut", {"lecteur": "vitale", "defaut": "muette"})
    c.refus("facture.elaborer", prestations=[G])
    c.ok("facture.elaborer", mode="DEGRADE", prestations=[G])


def test_carte_perimee(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="martin-expire", date="2026-03-02T09:00")
    c.ok("ps.lire", code_porteur=CODE)
    refus = c.refus("beneficiaire.lire")
    assert "30/06/2025" in refus["motif"]
    assert "2681233999034" not in str(refus)


@pytest.mark.parametrize(
    ("centre", "actes", "issue"),
    [([], ["APC"], "ok"), (["99209009"], ["APC"], "refus"), (["99209009"], ["TC"], "ok")],
)
def test_directeur_de_laboratoire_en_centre_de_sante(
    ouvrir: Ouvrir, centre: list[str], actes: list[str], issue: str
) -> None:
    """SV-3.2.9.3.1.1-07: in a health centre, only telemedicine does without a Vitale support."""
    laboratoire = {"specialite": "38", "code_conventionnel": "1", "zone_tarifaire": "30", "zone_ik": "01"}
    c = ouvrir(ps="dr-tessier-centre", vitale=None, donnees_ps=laboratoire, numeros_centre=centre)
    c.ok("ps.lire", code_porteur=CODE)
    prestations = [{"code": a, "date": JOUR} for a in actes]
    faite = c.appeler("facture.elaborer", mode="SANS_VITALE", beneficiaire=SAISIE, prestations=prestations)
    assert faite["issue"] == issue, faite["motif"]


def test_listes_de_revocation_perimees(ouvrir: Ouvrir) -> None:
    c = ouvrir()

    def alertes() -> list[str]:
        c.lire_cartes()
        c.ok("facture.elaborer", prestations=[G])
        c.mettre_en_lot()
        c.ok("fichier.constituer")
        envoi = c.ok("transmission.envoyer")
        return [a["texte"] for a in envoi["affichages"] if a["niveau"] == "alerte" and "CRL" in a["texte"]]

    assert alertes() == []
    c.monde.agir("certificats.regler", {"usage": "donnees", "liste": "perimee"})
    c.monde.agir("certificats.regler", {"usage": "piece_jointe", "liste": "perimee"})
    # 30 days before the world's 21 November 2022; the list of the root, up to date, isn't spoken of
    donnees, pieces = alertes()
    assert "chiffrement de données périmée depuis le 22/10/2022" in donnees
    assert "chiffrement de pièces jointes périmée depuis le 22/10/2022" in pieces
    assert alertes() == [], "once a day"
    c.avancer(jours=1)
    assert alertes() == [donnees, pieces]


def test_coherence_avec_la_carte_qui_signe(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.monde.agir("carte.retirer", {"lecteur": "vitale"})
    c.monde.agir("carte.inserer", {"lecteur": "vitale", "carte": "nguyen-linh"})
    refus = c.refus("facture.elaborer", prestations=[G])
    assert "date de naissance" in refus["motif"]
    assert statuts(c) == []


def test_cpe_non_habilitee(ouvrir: Ouvrir) -> None:
    c = ouvrir(ps="cpe-secretaire")
    c.lire_cartes()
    assert "désynchronisé" in c.refus("facture.elaborer", prestations=[G])["motif"]
    c.ok("facture.elaborer", mode="DESYNCHRONISE", prestations=[G])


def test_plusieurs_situations(ouvrir: Ouvrir) -> None:
    c = ouvrir(ps="dr-nguyen-cardio")
    lu = c.ok("ps.lire", code_porteur=CODE)
    assert [s["numero"] for s in lu["situations"]] == ["1", "2"]
    assert "situation" in c.refus("facture.elaborer", prestations=[G])["motif"]
    c.refus("ps.lire", numero_situation="9")
    c.ok("ps.lire", numero_situation="2")
    c.ok("beneficiaire.lire")
    c.ok("facture.elaborer", prestations=[{"code": "CS", "date": JOUR}])
    c.transmettre()
    assert c.flux("factures")[0]["entete"]["numero_ps"].endswith("992222307")


# --- numbers, duplicates, deletion --------------------------------------------------------------------------
def test_saisie_oubliee_apres_securisation(ouvrir: Ouvrir) -> None:
    """SV-4.2.1.13-30: the second invoice acquires the card again; without a card there is nothing left to use."""
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    avant = len(c.appels("ssv.lire_droits_vitale"))
    c.ok("facture.elaborer", prestations=[G])
    assert len(c.appels("ssv.lire_droits_vitale")) == avant + 2  # acquisition, then coherence
    c.monde.agir("carte.retirer", {"lecteur": "vitale"})
    assert c.refus("facture.elaborer", mode="DEGRADE", prestations=[G])["code_retour"] == "F011"


def test_numero_unique(ouvrir: Ouvrir) -> None:
    c = ouvrir(premiere_facture=7)
    c.lire_cartes()
    for numero in ("000000009", None, None, None):
        c.ok("facture.elaborer", prestations=[G], numero=numero)
    numeros = [f["numero"] for f in c.ok("facture.lister")["factures"]]
    assert numeros == ["000000009", "000000007", "000000008", "000000010"]
    c.ok("facture.supprimer", numero="000000008")
    assert "déjà attribué" in c.refus("facture.elaborer", prestations=[G], numero="000000008")["motif"]
    c.refus("facture.elaborer", prestations=[G], numero="12")


def test_une_facture_en_lot_ne_se_supprime_plus(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.mettre_en_lot()
    c.refus("facture.supprimer", numero="000000001")
    c.refus("facture.supprimer", numero="000000002")


@pytest.mark.parametrize(
    "champs",
    [
        {"prestations": [{"code": "G", "date": "2022-11-22"}]},
        {"prestations": [G], "date_elaboration": "2022-11-22"},
        {"prestations": [G], "date_elaboration": "2022-11-20"},  # before the act
    ],
)
def test_dates_incoherentes(ouvrir: Ouvrir, champs: dict[str, Any]) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.refus("facture.elaborer", **champs)


# --- lots and re-emission -----------------------------------------------------------------------------------
def test_reference_conservee_jamais_reprise(ouvrir: Ouvrir) -> None:
    c = ouvrir(premier_lot_fse="999")
    c.lire_cartes()
    for tp in (True, False):
        c.ok("facture.elaborer", prestations=[G], tiers_payant={"amo": tp})
    assert [lot["reference"] for lot in c.mettre_en_lot()] == ["999", "001"]
    c.adaptateur.poste.compteurs.ecrire("lot_fse", "999")
    c.ok("facture.elaborer", prestations=[G])
    assert [lot["reference"] for lot in c.mettre_en_lot()] == ["002"]


def test_lot_refait_sans_la_facture_fautive(ouvrir: Ouvrir) -> None:
    c = ouvrir(acteurs={"01349": {"arl": "negatif", "arl_code": "1001", "facture_en_cause": 2}})
    c.lire_cartes()
    for _ in range(3):
        c.ok("facture.elaborer", prestations=[G])
    c.transmettre()
    c.ok("retours.relever")
    (rejete,) = c.ok("lot.lister")["lots"]
    assert (rejete["statut"], rejete["code_rejet"], rejete["facture_en_cause"]) == ("rejete", "1001", "000000002")
    c.refus("lot.reemettre", reference="001", sans_factures=["000000009"], code_porteur=CODE)
    c.refus("lot.reemettre", reference="001", sans_factures=["000000002"])  # no code porteur
    tous = ["000000001", "000000002", "000000003"]
    c.refus("lot.reemettre", reference="001", sans_factures=tous, code_porteur=CODE)
    (refait,) = c.ok("lot.reemettre", reference="001", sans_factures=["000000002"], code_porteur=CODE)["lots"]
    assert (refait["reference"], refait["remplace"], refait["factures"]) == ("002", "001", ["000000001", "000000003"])
    c.monde.agir("acteur.regler", {"acteur": "01349", "arl": "honnete"})
    c.transmettre()
    assert c.flux("lots")[1]["signature"]["valide"] is True
    c.ok("retours.relever")
    etats = {f["numero"]: f["statut"] for f in c.ok("facture.lister")["factures"]}
    assert etats == {"000000001": "acquittee", "000000002": "rejetee", "000000003": "acquittee"}


def test_lot_reemis_tel_quel_et_exporte(ouvrir: Ouvrir) -> None:
    c = ouvrir(acteurs={"01349": {"arl": "negatif"}})
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.transmettre()
    c.ok("retours.relever")
    c.monde.agir("acteur.regler", {"acteur": "01349", "arl": "honnete"})
    c.ok("lot.reemettre", reference="001")
    c.transmettre()
    premier, second = c.flux("lots")
    assert premier["factures"][0]["entete"]["brut"] == second["factures"][0]["entete"]["brut"]
    sujets = [m["sujet"]["compostage"] for m in c.flux("messages")]
    assert len(set(sujets)) == 2
    export = c.ok("lot.exporter", reference="001")
    contenu = base64.b64decode(export["contenu_base64"])
    assert len(contenu) % 128 == 0
    assert (c.dossier / "exports" / export["nom"]).read_bytes() == contenu
    c.refus("lot.exporter", reference="777")


def test_lot_trop_ancien_duplicata(ouvrir: Ouvrir) -> None:
    """ARL 5001: sending again is useless, the paper duplicate takes over (SV-3.3.1.2-22)."""
    c = ouvrir(acteurs={"01349": {"arl": "negatif", "arl_code": "5001"}})
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.transmettre()
    releve = c.ok("retours.relever")
    (document,) = releve["documents"]
    assert document["nature"] == "duplicata"
    assert all(mot in document["texte"] for mot in ("DUPLICATA", "000000001", "DURAND PAUL", "25,00 €"))


# --- breakdowns and restarts --------------------------------------------------------------------------------
def test_reseau_coupe_rien_de_perdu_rien_en_double(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.mettre_en_lot()
    c.ok("fichier.constituer")
    c.monde.agir("reseau.couper")
    assert [m["statut"] for m in c.ok("transmission.envoyer")["messages"]] == ["reporte"]
    assert "plus tard" in textes(c.ok("retours.relever"))
    c.monde.agir("reseau.retablir")
    assert [m["statut"] for m in c.ok("transmission.envoyer")["messages"]] == ["accepte"]
    assert c.ok("transmission.envoyer")["messages"] == []
    assert [f["numero"] for f in c.flux("factures")] == ["000000001"]


def test_reprise_dans_le_meme_dossier(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.demarrer()
    assert statuts(c) == [("FSE", "securisee")]
    c.refus("facture.elaborer", prestations=[G])  # the PS isn't known any more
    c.mettre_en_lot()
    c.ok("fichier.constituer")
    c.demarrer()
    assert [m["statut"] for m in c.ok("transmission.envoyer")["messages"]] == ["accepte"]
    c.lire_cartes()
    assert c.ok("facture.elaborer", prestations=[G])["factures"][0]["numero"] == "000000002"
    assert [lot["reference"] for lot in c.mettre_en_lot()] == ["002"]


def test_retours_presentes_une_seule_fois(ouvrir: Ouvrir) -> None:
    """The ARL fetched before a sending (SV-4.2.4-06) is still shown by the next « retours.relever »."""
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.transmettre()
    assert "reçu" in textes(c.ok("transmission.envoyer"))
    assert [r["lot"] for r in c.ok("retours.relever")["retours"]] == ["001"]
    assert c.ok("retours.relever")["retours"] == []


@pytest.mark.parametrize("nature", ["rejet_smtp", "rejet_fichier", "rejet_chiffrement"])
def test_message_de_service(ouvrir: Ouvrir, nature: str) -> None:
    c = ouvrir(acteurs={"01349": {"service": nature}})
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    (message,) = c.transmettre()
    releve = c.ok("retours.relever")
    (retour,) = releve["retours"]
    assert (retour["nature"], retour["message_origine"], retour["rapproche"]) == ("SERVICE", message["sujet"], True)
    assert nature.split("_")[1] in textes(releve).lower()


def test_rejet_d_une_facture(ouvrir: Ouvrir) -> None:
    c = ouvrir(acteurs={"01349": {"rsp": "rejete", "rejet_code": "0101", "rejet_libelle": "DROITS NON OUVERTS"}})
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G], tiers_payant={"amo": True})
    c.transmettre()
    c.monde.agir("acteurs.liquider")
    releve = c.ok("retours.relever")
    assert [d["nature"] for d in releve["documents"]] == ["duplicata"]
    (facture,) = c.ok("facture.lister")["factures"]
    assert (facture["statut"], facture["motif_rejet"]) == ("rejetee", "0101 DROITS NON OUVERTS")


def test_echeances(ouvrir: Ouvrir) -> None:
    """Monday 21 November: three working days end on Thursday 24; on Friday 25 the PS is reminded."""
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    c.avancer(jours=3)
    assert textes(c.ok("lot.lister")) == ""
    c.avancer(jours=1)
    assert "000000001" in textes(c.ok("lot.lister"))


def test_code_porteur_nulle_part(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.ok("ps.lire", code_porteur=CODE)
    assert CODE not in str([a for a in vars(c.adaptateur.poste.services).values() if isinstance(a, str)])
    assert c.brut("ps.lire", code_porteur=["4821"])["error"]["code"] == -32602
    assert "4821" not in str(c.brut("ps.lire", code_porteur=["4821"]))
