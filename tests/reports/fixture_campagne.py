"""A hand-made campaign that has every verdict, and hostile text from an LPS."""

from __future__ import annotations

from dataclasses import dataclass

from harness.modele.verdict import (
    Campagne,
    Constat,
    Deroule,
    Identite,
    Preuve,
    ResultatExigence,
    ResultatScenario,
    Verdict,
)


@dataclass(frozen=True)
class ExigenceEssai:
    id: str
    domaine: str
    niveau: str = "DOIT"
    enonce: str = "Énoncé d'essai."
    reference: str = "cdc §4.2.1.16.1"
    testable: bool = True
    hypothese: bool = False
    lecture: str = ""
    doublon_de: str = ""


CATALOGUE = {
    "SV-1-01": ExigenceEssai("SV-1-01", "lots", enonce="Dans chaque lot, les factures sont triées."),
    "SV-1-02": ExigenceEssai("SV-1-02", "lots", niveau="RECOMMANDE", lecture="working days"),
    "SV-1-03": ExigenceEssai("SV-1-03", "arl"),
    "SV-1-04": ExigenceEssai("SV-1-04", "arl", hypothese=True),
    "SV-1-05": ExigenceEssai("SV-1-05", "documents"),
    "SV-1-06": ExigenceEssai("SV-1-06", "documents", doublon_de="SV-1-05"),
}


def constat(rang: int, exigence: str, verdict: Verdict, **autres: object) -> Constat:
    valeurs: dict[str, object] = {
        "sur": "flux.lots[0].numeros",
        "operateur": "egale",
        "attendu": "000000003, 000000007",
        "constate": "000000007, 000000003",
        "pourquoi": "ordre croissant du numéro de facture",
    }
    return Constat.model_validate({**valeurs, **autres, "rang": rang, "exigence": exigence, "verdict": verdict})


def campagne() -> Campagne:
    v = Verdict
    return Campagne(
        identite=Identite(
            produit="Logiciel <script>alert(1)</script>",
            version="4.2",
            editeur="Éditeur fictif",
            protocole="1.0",
            banc_version="0.1.0",
            norme="defaut",
            norme_version="1",
            norme_empreinte="abc123",
            norme_source="annexe 1 détenue par l'éditeur",
            norme_remplaces=("b2/type_2s.yaml", "tables/taux.yaml"),
            norme_hypotheses={"b2": 1, "ssv": 40},
            graine=7,
            profil={"professions": ["medecins"]},
        ),
        scenarios=(
            ResultatScenario(
                id="LOT-01",
                titre="Les factures d'un lot sont triées",
                fichier="lots/LOT-01.yaml",
                verdict=v.NON_CONFORME,
                constats=(
                    constat(
                        0,
                        "SV-1-01",
                        v.NON_CONFORME,
                        a_corriger="trier les factures",
                        preuves=(
                            Preuve(
                                fichier="recus/0001.eml",
                                enregistrement=3,
                                type_enregistrement="2",
                                champ="numero_facture",
                                colonnes="30-38",
                                brut="2991129768 1790175999001  <&>000000012 suite",
                                champs={"numero_facture": "000000012", "nir": "1790175999001"},
                            ),
                        ),
                    ),
                    constat(1, "SV-1-02", v.RESERVE, hypothese="la valeur exacte est inconnue"),
                ),
                deroule=(Deroule(rang=0, genre="lps", resume="lot.constituer", issue="ok"),),
            ),
            ResultatScenario(
                id="LOT-02",
                titre="Le LPS s'arrête au milieu",
                fichier="lots/LOT-02.yaml",
                verdict=v.NON_CONFORME,
                panne_lps="le LPS s'est arrêté (code 3) pendant lot.constituer",
                erreurs_lps="Segfault \x00\x1b[31m",
            ),
            ResultatScenario(
                id="ARL-01",
                titre="Un ARL positif acquitte le lot",
                fichier="arl/ARL-01.yaml",
                verdict=v.CONFORME,
                constats=(constat(0, "SV-1-03", v.CONFORME, constate="000000003, 000000007"),),
            ),
            ResultatScenario(
                id="ARL-02",
                titre="Le disque des preuves est plein",
                fichier="arl/ARL-02.yaml",
                verdict=v.ERREUR_BANC,
                cause="disque plein",
            ),
            ResultatScenario(
                id="ARL-03",
                titre="Hors profil",
                fichier="arl/ARL-03.yaml",
                verdict=v.NON_APPLICABLE,
                cause="hors profil",
            ),
            ResultatScenario(
                id="DOC-01",
                titre="La mention est lisible",
                fichier="documents/DOC-01.yaml",
                verdict=v.A_ATTESTER,
                constats=(constat(0, "SV-1-05", v.A_ATTESTER, sur="La mention est-elle lisible ?"),),
            ),
            ResultatScenario(
                id="DOC-02",
                titre="Opération absente",
                fichier="documents/DOC-02.yaml",
                verdict=v.NON_TESTE,
                cause="absente",
            ),
        ),
        exigences=(
            ResultatExigence(id="SV-1-01", verdict=v.NON_CONFORME, scenarios=("LOT-01",)),
            ResultatExigence(id="SV-1-02", verdict=v.RESERVE, scenarios=("LOT-01",)),
            ResultatExigence(id="SV-1-03", verdict=v.CONFORME, scenarios=("ARL-01",)),
            ResultatExigence(id="SV-1-05", verdict=v.A_ATTESTER, scenarios=("DOC-01",)),
        ),
    )
