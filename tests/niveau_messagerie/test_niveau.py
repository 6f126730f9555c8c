"""The parts of the mail level: reach, requests, recognition, sentences, dialogue, notebook, attestations."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.cli.commun import Sortie
from harness.messagerie_seule.aiguillage import Aiguilleur
from harness.messagerie_seule.attestations import MAX_FICHIER, Attestation, ErreurPiece, Registre
from harness.messagerie_seule.carnet import Carnet, ErreurSession
from harness.messagerie_seule.consignes import announce, heading, instructions
from harness.messagerie_seule.conversation import Arret, Conversation
from harness.messagerie_seule.demande import Cartes, Demande, FactureDemandee, request, unroll
from harness.messagerie_seule.dialogue import Avis, DialogueJson, DialogueTerminal, Invite, Reponse, choices, fault_of
from harness.messagerie_seule.monde import JournalDurable
from harness.messagerie_seule.portee import unplayable, views
from harness.messagerie_seule.reconnaissance import match, rank, summarize
from harness.modele.scenario import EtapeMonde
from harness.scenarios import discover, load_scenario
from simulator.messagerie.evenements import MessageRecu

ICI = Path(__file__).parent
RACINE = ICI.parents[1]
OUI_NON = choices((("oui", "oui"), ("non", "non")))
DURAND = {"nir": "1550475999012", "naissance": "550412", "numero_ps": "991111113"}


def _scenario(nom: str) -> Any:
    return load_scenario(ICI / "scenarios" / f"{nom}.yaml").scenario


def _cartes() -> Cartes:
    return Cartes(RACINE / "scenarios" / "population")


def _facture(numero: str, jour: str = "2026-03-02", mode: str = "SESAM_VITALE", **entete: str) -> dict[str, Any]:
    return {
        "type": "FSE",
        "numero": numero,
        "mode": mode,
        "entete": {**DURAND, **entete},
        "prestations": [{"code_acte": "G", "date_acte": jour}],
        "montants": {"total": 3000, "amc": 0},
    }


# --- reach ------------------------------------------------------------------------------------------------------
def test_what_is_judged_what_is_asked_what_is_out_of_reach() -> None:
    portees = [v.portee for v in views(_scenario("ARL-02"))]
    assert portees == ["personne"] * 4 + ["messages"] * 3
    assert [v.portee for v in views(_scenario("LOT-02"))].count("hors") == 1
    question = views(_scenario("ARL-02"))[1].question
    assert "l'état" in question
    assert "le code rejet" in question
    assert "rejeté" in question
    assert question.startswith("À l'écran (liste des lots, 1re fois), regardez")
    assert "Ce qui doit se voir : le compte rendu de l'ARL change l'état du lot." in question


def test_a_scenario_that_sends_nothing_is_not_played() -> None:
    lot_04 = load_scenario(RACINE / "scenarios" / "cartes" / "CARTE-01.yaml").scenario
    assert unplayable(lot_04, views(lot_04)).startswith("rien n'y est transmis")


def test_an_imposed_date_leaves_amounts_unjudged() -> None:
    fse = load_scenario(RACINE / "scenarios" / "flux" / "FSE-02.yaml").scenario
    sur_montants = [v for v in views(fse, date_imposee=True) if "montants" in v.attendu.sur]
    assert sur_montants
    assert all(v.portee == "hors" and "--date" in v.raison for v in sur_montants)


def test_every_shipped_scenario_can_be_told_and_asked() -> None:
    cartes = _cartes()
    for chemin in discover():
        scenario = load_scenario(chemin).scenario
        for vue in views(scenario):
            assert (vue.portee == "personne") == bool(vue.question)
            assert (vue.portee == "hors") == bool(vue.raison)
        if unplayable(scenario, views(scenario)):
            continue
        assert request(scenario, cartes).factures, scenario.id
        textes = [t for pas in unroll(scenario, timedelta()) if pas.variantes for t in instructions(pas, cartes)]
        textes += [announce(e.monde, e.avec, "02/03/2026") for e in scenario.etapes if isinstance(e, EtapeMonde)]
        for texte in [*textes, *heading(scenario, cartes, "02/03/2026")]:
            assert not [m for m in ("{", "(non précisé)") if m in texte], texte


def test_questions_say_where_to_look_and_no_code_of_the_contract() -> None:
    toutes = [v.question for c in discover() for v in views(load_scenario(c).scenario) if v.question]
    assert len(toutes) > 50
    codes = {"a_transmettre", "securisee", "acquitte", "rejete", "True", "False", "true", "false"}
    for question in toutes:
        assert not codes & set(re.findall(r"\w+", question.rpartition("Valeur attendue")[2])), question
        assert question.endswith("Est-ce bien ce que vous voyez ?")


def test_new_settings_at_a_restart_are_told() -> None:
    scenario = load_scenario(RACINE / "scenarios" / "oct" / "OCT-05.yaml").scenario
    textes = [t for p in unroll(scenario, timedelta()) if p.variantes for t in instructions(p, _cartes())]
    relances = [t for t in textes if t.startswith("Arrêtez le LPS puis relancez-le")]
    assert relances[0].endswith("Paramétrage du poste : adresse du concentrateur factures@concentrateur.test.")
    assert relances[-1].endswith("Paramétrage du poste : aucun réglage particulier.")


# --- requests and recognition -----------------------------------------------------------------------------------
def test_what_a_scenario_asks_for() -> None:
    demande = request(_scenario("LOT-01"), _cartes())
    assert [f.numero for f in demande.factures] == ["000000012", "000000003", "000000007"]
    assert {(f.ps, f.nir, f.naissance) for f in demande.factures} == {("991111113", "1550475999012", "550412")}
    plus_tard = request(_scenario("LOT-01"), _cartes(), timedelta(days=30))
    assert plus_tard.factures[0].actes == (("G", "2026-04-01"),)


@pytest.mark.parametrize(
    ("facture", "accord"),
    [
        (_facture("000000012"), "oui"),
        (_facture("000000099"), "partiel"),
        (_facture("000000012", jour="2026-03-03"), "partiel"),
        (_facture("000000012", nir="1490631999056"), "non"),
        (_facture("000000012", naissance="800101"), "partiel"),
        (_facture("000000012", numero_ps="999999999"), "non"),
        (_facture("000000012", mode="DEGRADE"), "oui"),
    ],
)
def test_a_message_against_a_request(facture: dict[str, Any], accord: str) -> None:
    rapprochement = match(request(_scenario("LOT-01"), _cartes()), {"factures": [facture]})
    assert rapprochement.accord == accord
    assert bool(rapprochement.ecarts) == (accord != "oui")


def test_one_stranger_among_the_invoices_is_enough() -> None:
    demande = request(_scenario("LOT-01"), _cartes())
    recues = [_facture("000000012"), _facture("000000003", nir="1490631999056")]
    assert match(demande, {"factures": recues}).accord == "non"
    assert match(demande, {"factures": []}).accord == "illisible"
    assert "contenu illisible" in summarize({"factures": [], "messages": []})


def test_amounts_and_numbers_rank_what_a_message_could_answer() -> None:
    def demande(nom: str, **champs: Any) -> Demande:
        base = {"ps": "991111113", "nir": DURAND["nir"], "naissance": "550412", "actes": (("G", "2026-03-02"),)}
        return Demande(nom, nom, (FactureDemandee(**{**base, "mode": "SESAM_VITALE", **champs}),))

    demandes = [demande("LIBRE"), demande("NUMERO", numero="000000005"), demande("PRIX", honoraires=3000)]
    trouves = rank(demandes, {"factures": [_facture("000000005")]})
    assert [r.demande.scenario for r in trouves] == ["NUMERO", "PRIX", "LIBRE"]
    egaux = rank([demande("UN"), demande("DEUX")], {"factures": [_facture("000000005")]})
    assert egaux[0].proximite == egaux[1].proximite


# --- sorting of messages ----------------------------------------------------------------------------------------
class _Muet:
    """A front end that gives prepared answers."""

    def __init__(self, *valeurs: str) -> None:
        self.valeurs, self.avis, self.invites = list(valeurs), [], []  # type: ignore[var-annotated]

    def ask(self, invite: Invite) -> Reponse:
        self.invites.append(invite)
        return Reponse(invite.id, self.valeurs.pop(0))

    def tell(self, avis: Avis) -> None:
        self.avis.append(avis)


def _conversation(dossier: Path, *valeurs: str) -> tuple[Conversation, Carnet, _Muet]:
    dialogue, carnet = _Muet(*valeurs), Carnet(dossier)
    return Conversation(dialogue, carnet, Registre(dossier, lambda: "2026-03-02T09:00:00+01:00")), carnet, dialogue


def _recu(numero: int) -> MessageRecu:
    return MessageRecu(
        numero=numero, instant="2026-03-02T09:00:00+01:00", session=1, expediteur="ps@cabinet.test",
        destinataires=("01349@349.01.rss.test",), brut=b"x", preuve=f"recus/{numero}.eml",
    )  # fmt: skip


def test_two_scenarios_to_come_could_be_answered_so_a_person_is_asked(tmp_path: Path) -> None:
    conversation, carnet, dialogue = _conversation(tmp_path, "SUIVANT-B")
    actes = (("G", "2026-03-02"),)
    pareille = FactureDemandee("991111113", DURAND["nir"], "550412", actes, "SESAM_VITALE")
    autres = {nom: Demande(nom, nom, (pareille,)) for nom in ("SUIVANT-A", "SUIVANT-B")}
    aiguilleur = Aiguilleur(request(_scenario("LOT-01"), _cartes()), autres, {}, carnet, conversation)
    assert not aiguilleur.sort(_recu(1), {"factures": [_facture("000000050")]})
    (doute,) = aiguilleur.doubts()
    assert not aiguilleur.resolve(doute)
    assert [c.valeur for c in dialogue.invites[0].choix] == ["LOT-01", "SUIVANT-A", "SUIVANT-B", "aucun"]
    fait = carnet.sort_of("LOT-01", 1)
    assert fait is not None
    assert (fait["sort"], fait["vers"]) == ("mis_de_cote", "SUIVANT-B")
    assert not aiguilleur.sort(_recu(1), {"factures": [_facture("000000012")]}), "ce qui est décidé le reste"


def test_a_message_for_a_scenario_already_judged_is_unexpected(tmp_path: Path) -> None:
    conversation, carnet, _ = _conversation(tmp_path)
    finis = {"LOT-01": request(_scenario("LOT-01"), _cartes())}
    aiguilleur = Aiguilleur(request(_scenario("AUTRE-01"), _cartes()), {}, finis, carnet, conversation)
    assert not aiguilleur.sort(_recu(1), {"factures": [_facture("000000012")]})
    fait = carnet.sort_of("AUTRE-01", 1)
    assert fait is not None
    assert fait["sort"] == "non_attendu"
    assert "LOT-01, déjà jugé" in fait["motif"]


# --- dialogue, notebook, records --------------------------------------------------------------------------------
def test_answers_are_checked_and_asked_once(tmp_path: Path) -> None:
    conversation, _, dialogue = _conversation(tmp_path, "bof", "oui")
    invite = Invite("q", "choix", "?", OUI_NON)
    assert conversation.ask(invite) == "oui"
    assert "« bof » n'est pas une réponse possible" in dialogue.avis[0].texte
    reprise, _, muet = _conversation(tmp_path)
    assert reprise.ask(invite) == "oui"
    assert not muet.invites
    assert "2000 au plus" in fault_of(Invite("q", "texte", "?"), Reponse("q", "x" * 2001))


def test_stopping_is_an_answer_and_so_is_silence(tmp_path: Path) -> None:
    conversation, _, _ = _conversation(tmp_path, "arreter")
    with pytest.raises(Arret):
        conversation.ask(Invite("q", "choix", "?", OUI_NON))
    muette = Conversation(
        DialogueJson(io.StringIO(""), io.StringIO()), Carnet(tmp_path), Registre(tmp_path, lambda: "")
    )
    with pytest.raises(Arret):
        muette.ask(Invite("q", "texte", "?"))


def test_the_terminal_takes_numbers_and_an_attached_file(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = DialogueTerminal(Sortie(), io.StringIO("2\ndossier/a.png\n1,oui\n\n"))
    assert terminal.ask(Invite("a", "attestation", "Vu ?", OUI_NON)) == Reponse("a", "non", "dossier/a.png")
    assert terminal.ask(Invite("b", "liste", "Lesquels ?", OUI_NON)) == Reponse("b", "oui,oui")
    assert terminal.ask(Invite("c", "texte", "Nom ?", defaut="Zoé")) == Reponse("c", "Zoé")
    assert "1. oui" in capsys.readouterr().out


def test_a_notebook_survives_a_line_cut_short_and_refuses_a_spoiled_one(tmp_path: Path) -> None:
    carnet = Carnet(tmp_path)
    carnet.note("reponse", id="q", valeur="oui", fichier="")
    with carnet.chemin.open("ab") as sortie:
        sortie.write(b'{"genre": "repon')
    repris = Carnet(tmp_path)
    assert repris.answer("q") == Reponse("q", "oui")
    repris.note("reponse", id="q2", valeur="non", fichier="")
    assert Carnet(tmp_path).answer("q2") == Reponse("q2", "non")
    with carnet.chemin.open("ab") as sortie:
        sortie.write(b"n'importe quoi\n")
    with pytest.raises(ErreurSession, match="ligne 3"):
        Carnet(tmp_path)


def test_a_journal_survives_and_goes_on(tmp_path: Path) -> None:
    chemin = tmp_path / "evenements.jsonl"
    avant = JournalDurable(lambda: "t1", chemin)
    avant.etape = 4
    avant.emettre("pop3", {"nature": "connexion"})
    with chemin.open("a", encoding="utf-8") as sortie:
        sortie.write('{"rang": 1')
    apres = JournalDurable(lambda: "t2", chemin)
    apres.emettre("smtp", {"nature": "session"})
    assert [(e.rang, e.nature, e.etape, e.instant) for e in JournalDurable(lambda: "", chemin)] == [
        (0, "pop3", 4, "t1"),
        (1, "smtp", -1, "t2"),
    ]


def test_a_piece_is_copied_with_its_hash(tmp_path: Path) -> None:
    registre = Registre(tmp_path, lambda: "")
    piece = tmp_path / "écran.png"
    piece.write_bytes(b"image")
    chemin, empreinte = registre.attach(str(piece))
    assert empreinte == hashlib.sha256(b"image").hexdigest()
    assert (tmp_path / chemin).read_bytes() == b"image"
    assert registre.attach("") == ("", "")
    with pytest.raises(ErreurPiece, match="pas un fichier"):
        registre.attach(str(tmp_path))
    with (tmp_path / "gros").open("wb") as gros:
        gros.truncate(MAX_FICHIER + 1)
    with pytest.raises(ErreurPiece, match="20 Mio"):
        registre.attach(str(tmp_path / "gros"))
    une = Attestation("S", "SV-1", 0, "A", "t", "q", "oui", "oui", "conforme")
    assert [registre.keep(une), registre.keep(une)] == [1, 1]


def test_world_actions_are_told() -> None:
    assert "coupe le réseau" in announce("reseau.couper", {}, "")
    assert "01349" in announce("acteur.regler", {"acteur": "01349"}, "")
    assert "RSP" in announce("acteurs.liquider", {}, "")
    assert "x.y" in announce("x.y", {}, "")
