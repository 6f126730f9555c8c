"""The reference behind a concentrator: by settings alone, over real sockets (annexe 5)."""

from __future__ import annotations

from tests.reference.conftest import CONVENTION_AMC, G, Ouvrir

OCT = "factures@concentrateur.test"
UNIQUE = {"mode": "fichier_unique", "numero_destinataire": "00000900000017", "zone_message": "DEPOT"}
SEPAREE = {"source": "carte_vitale", "gestion": "separee"}
DEUX_PARTS = {"amo": True, "amc": True}
CONFIDENTIELLE = {
    "nir": "2555555751042",
    "cle": "24",
    "regime": "02",
    "caisse": "349",
    "centre": "0000",
    "naissance": "20100101",
    "nom": "CONFIDENTIEL",
    "prenom": "MINEURE",
    "situation": "mineure_confidentielle",
}


def test_fichier_unique_mele_fse_et_dre(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale="nguyen-linh", oct=OCT, reglages_oct=UNIQUE, conventions=[CONVENTION_AMC])
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G], tiers_payant=DEUX_PARTS, complementaire=SEPAREE)
    c.mettre_en_lot()
    [fichier] = c.ok("fichier.constituer")["fichiers"]
    assert (fichier["type"], fichier["destinataire"], fichier["lots"]) == ("MIXTE", OCT, ["001", "AAA"])
    [message] = c.ok("transmission.envoyer")["messages"]
    assert message["destinataire"] == OCT
    c.monde.attendre_traitement()
    natures = [r["nature"] for r in c.ok("retours.relever")["retours"]]
    assert natures == ["ART", "ARL", "ARL"]
    assert [lot["statut"] for lot in c.ok("lot.lister")["lots"]] == ["acquitte", "acquitte"]


def test_un_lot_fait_en_direct_part_par_le_concentrateur_du_moment(ouvrir: Ouvrir) -> None:
    c = ouvrir()
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    [lot] = c.mettre_en_lot()
    c.parametrage = {"oct": OCT}
    c.demarrer()
    [fichier] = c.ok("fichier.constituer")["fichiers"]
    assert (lot["destinataire"], fichier["destinataire"]) == ("01349@349.01.rss.test", OCT)


def test_numero_d_adherent_trop_long_pour_une_fse(ouvrir: Ouvrir) -> None:
    """The card gives ten characters, a FSE holds eight: the identifier at the AMC says it whole."""
    c = ouvrir(vitale="nguyen-linh", oct=OCT, reglages_oct={"mode": "fse_enrichie"}, conventions=[CONVENTION_AMC])
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G], tiers_payant=DEUX_PARTS, complementaire=SEPAREE)
    [appel] = c.appels("ssv.formater_facture")
    [champs] = appel["parametres"]["groupes"]["1321"]
    assert (champs[0], champs[2], champs[11]) == ("99", "", "ADH0004711")


def test_les_deux_eclatements_ne_vont_pas_ensemble(ouvrir: Ouvrir) -> None:
    c = ouvrir(demarrer=False)
    reponse = c.refus(
        "poste.demarrer",
        maintenant=c.monde.horloge.now().isoformat(),
        graine=1,
        dossier=str(c.dossier),
        environnement=c.environnement(),
        parametrage={"oct": OCT, "reglages_oct": {"eclatement_autorise": True}},
    )
    assert "choisir" in reponse["motif"]


def test_facture_confidentielle_hors_du_concentrateur(ouvrir: Ouvrir) -> None:
    c = ouvrir(vitale=None, oct=OCT, reglages_oct=UNIQUE, caisse_locale={"caisse": "751"})
    c.ok("ps.lire", code_porteur="1234")
    beneficiaire = {"source": "saisie", "identite": CONFIDENTIELLE}
    c.ok("facture.elaborer", mode="DEGRADE", prestations=[G], beneficiaire=beneficiaire)
    c.mettre_en_lot()
    [fichier] = c.ok("fichier.constituer")["fichiers"]
    assert fichier["destinataire"] == "01751@751.01.rss.test"


def test_sans_oct_les_reglages_ne_changent_rien(ouvrir: Ouvrir) -> None:
    c = ouvrir(reglages_oct=UNIQUE)
    c.lire_cartes()
    c.ok("facture.elaborer", prestations=[G])
    assert c.transmettre()[0]["destinataire"] == "01349@349.01.rss.test"
    assert c.flux("fichiers")[0]["entete"]["type_destinataire"] == "CT"


def test_la_liste_d_opposition_s_actualise_par_le_concentrateur(ouvrir: Ouvrir) -> None:
    """annexe5 §6.2, §6.3: the request goes to the concentrator, the increments come from it."""
    c = ouvrir(ps="pharmacien", liste_opposition=True, adresse_oppositions=OCT)
    c.ok("ps.lire", code_porteur="1234")
    c.ok("oppositions.actualiser")
    c.monde.attendre_traitement()
    [demande] = [x for e in c.evenements("flux") for x in e.get("oppositions", ())]
    assert (demande["de"], demande["irregularites"]) == (OCT, [])
    depots = [e for e in c.evenements("retour_depose") if e["nature"] == "DLOI"]
    assert [(d["relais"], d["destinataire"]) for d in depots] == [("OCT01", c.monde.adresse_ps)]
    c.ok("retours.relever")
    assert c.ok("oppositions.consulter")["numero"] == 1
