"""Lint: each kind of mistake, with its line and column and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.lint import Monde, lint
from tests.harness.aides import CATALOGUE

BON = """id: LOT-90
titre: Un scénario sans faute pour le lint
exigences: [SV-1-01]
profils: [medecins]
modes: [SESAM_VITALE]
monde:
  lecteurs: {ps: dr-martin, vitale: durand-paul}
  parametrage: {premier_lot_fse: "999", mode_test: oui}
  acteurs: {"01349": {arl: negatif}}
etapes:
  - lps: ps.lire
    avec: {code_porteur: "1234"}
  - lps: facture.elaborer
    nom: facture
    avec: {mode: SESAM_VITALE, prestations: [{code: G, date: 2026-03-02}]}
    pour_chaque: [{numero: "000000001"}, {numero: "000000002"}]
  - monde: carte.retirer
    avec: {lecteur: vitale}
  - monde: carte.inserer
    avec: {lecteur: vitale, carte: durand-paul}
  - lps: facture.supprimer
    avec: {numero: "$.reponses.facture.factures[0].numero"}
attendus:
  - sur: flux.lots[0].numeros
    egale: ["000000001"]
    verifie: SV-1-01
    pourquoi: l'ordre croissant des numéros
  - sur: reponses.facture.factures[*].statut
    motif: ^securisee$
    verifie: SV-1-01
    pourquoi: le statut annoncé par le poste
mutants: [lot-non-trie]
"""
MONDE = Monde(CATALOGUE, frozenset({"lot-non-trie", "lot-double"}))


def check(dossier: Path, texte: str, monde: Monde = MONDE) -> list[str]:
    fichier = dossier / "LOT-90.yaml"
    fichier.write_text(texte, encoding="utf-8")
    return [str(f).removeprefix(f"{fichier.as_posix()}:") for f in lint([fichier], monde)]


def test_a_good_scenario_has_no_fault(tmp_path: Path) -> None:
    assert check(tmp_path, BON) == []


@pytest.mark.parametrize(
    ("avant", "apres", "messages"),
    [
        (
            "  lecteurs: {ps: dr-martin",
            "  equipement: deux-pcsk\n  lecteurs: {ps: dr-martin",
            ["7:15: équipement inconnu ; vouliez-vous dire « deux-pcsc » ?"],
        ),
        (
            "vitale: durand-paul}\n  parametrage",
            "vitale2: durand-paul}\n  parametrage",
            ["7:38: l'équipement deux-pcsc n'a pas de fente « vitale2 »"],
        ),
        ("SV-1-01", "SV-1-99", ["3:13: exigence SV-1-99 inconnue ; vouliez-vous dire « SV-1-0"]),
        ("SV-1-01", "SV-1-05", ["3:13: SV-1-05 est une information, elle n'oblige personne"]),
        ("SV-1-01", "SV-1-06", ["3:13: SV-1-06 n'est pas testable (aucun banc ne le voit)"]),
        ("SV-1-01", "SV-1-07", ["3:13: conseil : SV-1-07 est le doublon de SV-1-01"]),
        ("[medecins]", "[medecin]", ["4:11: profil « medecin » inconnu ; vouliez-vous dire « medecins »"]),
        ("modes: [SESAM_VITALE]", "modes: [VITALE]", ["5:9: mode « VITALE » inconnu"]),
        ("ps: dr-martin", "ps: dr-marten", ["7:18: carte « dr-marten » inconnue dans la population ; vouliez-vous"]),
        ("premier_lot_fse", "premier_lot_fze", ["8:34: paramètre « premier_lot_fze » inconnu ; vouliez-vous dire"]),
        ("mode_test: oui", "mode_test: peut-être", ["« oui » ou « non » est attendu ; trouvé : « peut-être »"]),
        ('"01349":', '"99999":', ["9:22: organisme « 99999 » inconnu ; connus : "]),
        ("arl: negatif", "arl: fache", ["9:22: "]),
        ("lps: ps.lire", "lps: ps.lit", ["11:10: opération « ps.lit » inconnue ; vouliez-vous dire « ps.lire »"]),
        ("lps: ps.lire", "lps: poste.horloge", ["11:10: opération « poste.horloge » appelée par le banc lui-même"]),
        ("code_porteur:", "code:", ["12:18: paramètre « code » inconnu ; vouliez-vous dire « code_porteur »"]),
        ("mode: SESAM_VITALE,", "mode: VITALE,", ["15:18: valeur attendue : 'SESAM_VITALE', 'DESYNCHRONISE'"] * 2),
        (", date: 2026-03-02}", "}", ["15:46: paramètre « date » obligatoire"] * 2),
        ('{numero: "000000002"}', "{nombre: 2}", ["16:51: paramètre « nombre » inconnu"]),
        ("monde: carte.retirer", "monde: carte.manger", ["17:12: action « carte.manger » inconnue"]),
        ("avec: {lecteur: vitale}", "avec: {}", ["18:11: « carte.retirer » : paramètre « lecteur » obligatoire"]),
        ("carte: durand-paul}\n  - lps", "carte: durand}\n  - lps", ["20:36: carte « durand » inconnue"]),
        ("$.reponses.facture", "$.reponses.factures", ["22:20: aucune étape ne se nomme « factures » ; vouliez-vous"]),
        ("$.reponses.facture.factures[0]", "$.reponses.facture[", ["22:20: expression JMESPath illisible"]),
        ("flux.lots[0].numeros", "flux.lots[0", ["24:10: expression JMESPath illisible (elle n'est pas finie"]),
        ("flux.lots[0].numeros", "flux..lots", ["24:10: expression JMESPath illisible (« . » inattendu au caract"]),
        ("flux.lots[0].numeros", "flux.lots ^", ["24:10: expression JMESPath illisible (« ^ » inattendu"]),
        ("flux.lots[0].numeros", "flux == 'a", ["24:10: expression JMESPath illisible (guillemet ouvert"]),
        ("flux.lots[0].numeros", "flus.lots[0].numeros", ["24:10: « flus » n'est pas une observation ; vouliez-vous"]),
        ("reponses.facture.factures[*]", "reponses.autre.factures[*]", ["28:10: aucune étape ne se nomme « autre »"]),
        ("^securisee$", "^(securisee$", ["29:12: expression rationnelle illisible"]),
        ('egale: ["000000001"]', "egale: []", ["25:12: égal à rien : donner un « temoin »"]),
        (
            "[lot-non-trie]",
            "[lot-non-tri]",
            ["32:11: mutant « lot-non-tri » inconnu ; vouliez-vous dire « lot-non-trie »"],
        ),
        ("id: LOT-90", "id: LOT-91", ["1:5: conseil : le fichier devrait s'appeler LOT-91.yaml"]),
    ],
)
def test_each_mistake(avant: str, apres: str, messages: list[str], tmp_path: Path) -> None:
    assert avant in BON
    trouves = check(tmp_path, BON.replace(avant, apres))
    assert len(trouves) == len(messages)
    for trouve, message in zip(trouves, messages, strict=True):
        assert message in trouve


def test_length_equal_to_zero_needs_a_witness(tmp_path: Path) -> None:
    texte = BON.replace("sur: flux.lots[0].numeros", "sur: length(flux.lots)").replace('["000000001"]', '"0"')
    assert check(tmp_path, texte) == [
        "25:12: égal à rien : donner un « temoin », ce qui doit avoir été observé pour conclure"
    ]
    avec_temoin = texte.replace('egale: "0"', 'egale: "0"\n    temoin: flux.messages[0]')
    assert check(tmp_path, avec_temoin) == []


def test_grammar_faults_are_told_at_the_step(tmp_path: Path) -> None:
    texte = BON.replace("    nom: facture", "    nom: facture\n    repete: 3")
    assert check(tmp_path, texte) == ["15:13: clé « repete » inconnue"]


def test_duplicate_identifiers(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for nom in ("LOT-90.yaml", "a/LOT-90.yaml"):
        (tmp_path / nom).write_text(BON, encoding="utf-8")
    fautes = lint([tmp_path / "LOT-90.yaml", tmp_path / "a" / "LOT-90.yaml"], MONDE)
    assert [f.message for f in fautes] == [
        f"id « LOT-90 » déjà pris par {(tmp_path / 'LOT-90.yaml').as_posix()} ; en choisir un autre"
    ]


def test_without_a_list_of_mutants_their_names_are_not_checked(tmp_path: Path) -> None:
    assert check(tmp_path, BON.replace("lot-non-trie", "inconnu"), Monde(CATALOGUE, None)) == []
