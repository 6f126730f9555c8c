"""Card generations (V1 bis, V1 ter), damaged, cloned and opposed cards, from the card to the supplied services."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from norms.contrat.services import RetourGroupes
from simulator.cards.carte import Card
from simulator.cards.erreurs import CarteInvalide
from simulator.cards.lecture import authenticate_vitale, prove_with_cps, read_vitale, sign_with_vitale
from simulator.cards.modele import load_vitale
from simulator.cards.profils import by_atr, profil, profils
from simulator.cards.vitale import build_vitale
from simulator.monde import ConfigMonde, MondeSimule
from simulator.monde.actions import ErreurAction
from simulator.readers.faults import Abimee, Clonee
from simulator.readers.inproc import InProcessReader
from simulator.readers.script import Incident
from tests.cartes.conftest import POPULATION, Materiel, certify
from tests.ssv.outils import Poste

DEFI = b"defi de seize oc"


def _reader(card: Card) -> InProcessReader:
    lecteur = InProcessReader("vitale")
    lecteur.insert(card)
    return lecteur


def test_each_profile_is_known_by_its_own_atr() -> None:
    # 3F 65 25 00 xx 09 xx 90 00: inverse convention, T0 = 65 (TB1, TC1, five historical bytes), public ATR list
    for nom, atr in (("vitale_1bis", "3F6525002209699000"), ("vitale_1ter", "3F6525002C09699000")):
        assert profil(nom).atr.hex().upper() == atr
    assert all(by_atr(p.atr) is p for p in profils().values())


def test_a_v1bis_lacks_what_the_table_says() -> None:
    """Column « V1 Bis » of the table of cdc §2.2.1.2.1, zone by zone."""
    bis, ter = profil("vitale_1bis"), profil("vitale_1ter")
    absentes = {"services_famille", "nir_certifie", "services_beneficiaire", "amc", "zone_commune", "at",
                "e111", "e112", "e128"}  # fmt: skip
    assert {z.nom for z in ter.zones} - {z.nom for z in bis.zones} == absentes
    presentes = {"mapping", "famille", "etm_famille", "beneficiaire", "etm_beneficiaire", "mutuelle", "transcard",
                 "netlink"}  # fmt: skip
    assert presentes <= {z.nom for z in bis.zones}
    assert {z.nom for z in ter.zones} == {z.nom for z in profil("vitale_2").zones}
    champs = {c.champ for z in bis.zones for c in z.champs if z.nom in ("administration", "famille", "beneficiaire")}
    assert not champs & {"fin_validite", "nom_patronymique", "adresse"}


def test_a_v1bis_cannot_be_given_an_amc(tmp_path: Path) -> None:
    texte = (POPULATION / "vitale" / "maillard-v1ter.yaml").read_text(encoding="utf-8")
    fichier = tmp_path / "carte.yaml"
    fichier.write_text(texte.replace("vitale_1ter", "vitale_1bis"), encoding="utf-8")
    with pytest.raises(ValueError, match="n'existe pas sur cette génération"):
        build_vitale(load_vitale(fichier))


def test_european_forms_come_back(materiel: Materiel) -> None:
    with _reader(materiel.vitale("maillard-v1ter")).connect() as connexion:
        contenu = read_vitale(connexion).contenu
    assert contenu.e112 is not None
    assert (contenu.e112.contenu, str(contenu.e112.fin)) == ("SOINS PROGRAMMES DE", "2026-07-31")
    assert contenu.profil == "vitale_1ter"


def test_a_sound_card_is_authentic(materiel: Materiel) -> None:
    with _reader(materiel.vitale()).connect() as connexion:
        authenticate_vitale(connexion, DEFI)


def test_a_clone_reads_well_but_is_not_authentic(materiel: Materiel) -> None:
    lecteur, ps = _reader(Clonee(materiel.vitale())), InProcessReader("ps")
    ps.insert(materiel.cps())
    with lecteur.connect() as connexion, ps.connect() as cps:
        lue = read_vitale(connexion, ouvrir_droits=prove_with_cps(cps, "1234"))
        assert lue.droits_lus
        assert lue.contenu.assure.nom == "DURAND"
        with pytest.raises(CarteInvalide, match="non authentique"):
            authenticate_vitale(connexion, DEFI)
        signature = sign_with_vitale(connexion, hashlib.sha256(b"facture").digest())
    publique = materiel.cles["vitale"].public_key().public_numbers()
    clair = pow(int.from_bytes(signature, "big"), publique.e, publique.n).to_bytes(256, "big")
    assert hashlib.sha256(b"facture").digest() not in clair


def test_a_certificate_of_nobody_known_is_not_authentic(materiel: Materiel) -> None:
    from cryptography import x509  # noqa: PLC0415 -- only here

    autre = x509.load_der_x509_certificate(certify("AUTRE", materiel.cles["vitale"], "AUTRE", materiel.cles["vitale"]))
    with _reader(materiel.vitale()).connect() as connexion, pytest.raises(CarteInvalide, match="non authentique"):
        authenticate_vitale(connexion, DEFI, [autre])


def test_a_damaged_card_cannot_be_understood(materiel: Materiel) -> None:
    with _reader(Abimee(materiel.vitale())).connect() as connexion, pytest.raises(CarteInvalide, match="illisible"):
        read_vitale(connexion)


@pytest.mark.parametrize("action", ["abimee", "clonee"])
def test_faults_have_names_in_scripts(materiel: Materiel, action: str) -> None:
    incident = Incident.model_validate({"action": action})
    fautive = incident.apply(materiel.vitale(), lambda _: materiel.vitale())
    assert isinstance(fautive, {"abimee": Abimee, "clonee": Clonee}[action])
    # a pattern chooses which files are damaged: none here
    if action == "abimee":
        ailleurs = Incident.model_validate({"action": action, "motif": "00B0FF*"})
        with _reader(ailleurs.apply(materiel.vitale(), lambda _: materiel.vitale())).connect() as connexion:
            assert read_vitale(connexion).contenu.assure.nom == "DURAND"


# --- in the world -------------------------------------------------------------------------------------------


@pytest.fixture
def monde() -> Iterator[MondeSimule]:
    with MondeSimule(ConfigMonde(lecteurs={"ps": "dr-martin", "vitale": "durand-paul"})) as monde:
        yield monde


def test_a_scenario_puts_a_card_in_opposition(monde: MondeSimule) -> None:
    numero = "800000000000000101"  # durand-paul
    assert numero not in monde.population.oppositions
    assert "800000000000005187" in monde.population.oppositions  # lefort-opposition, from the data file
    monde.agir("carte.defaut", {"lecteur": "vitale", "defaut": "opposition"})
    assert numero in monde.population.oppositions
    with pytest.raises(ErreurAction, match="n'est pas une carte Vitale"):
        monde.agir("carte.defaut", {"lecteur": "ps", "defaut": "opposition"})


def _examine(monde: MondeSimule) -> None:
    """What supplied services do: read, then make sure of the card."""
    with monde.scene._lecteurs["vitale"].connect() as connexion:
        read_vitale(connexion)
        authenticate_vitale(connexion, DEFI)


@pytest.mark.parametrize("defaut", ["clonee", "abimee"])
def test_a_scenario_spoils_a_card(monde: MondeSimule, defaut: str) -> None:
    _examine(monde)
    monde.agir("carte.defaut", {"lecteur": "vitale", "defaut": defaut})
    with pytest.raises(CarteInvalide):
        _examine(monde)


# --- through the supplied services ------------------------------------------------------------------------------


def _services(carte: Callable[[Poste], Card], *, reelle: bool = False) -> RetourGroupes:
    """What reading the rights gives with this Vitale, in the presence of a professional's card of the same kind."""
    poste = Poste()
    poste.inserer(ps="cps-reelle" if reelle else "dr-martin", vitale=None).init()
    poste.lecteurs["vitale"].insert(carte(poste))
    assert poste.lire_ps().code_retour == "0000"
    retour = poste.lire_vitale()
    assert isinstance(retour, RetourGroupes)
    return retour


@pytest.mark.parametrize("nom", sorted(p.stem for p in (POPULATION / "vitale").glob("*.yaml")))
def test_services_read_every_card_of_the_population(nom: str) -> None:
    image = load_vitale(POPULATION / "vitale" / f"{nom}.yaml")
    retour = _services(lambda poste: poste.vitale(nom), reelle=not image.carte_de_test)
    if nom == "fontaine-double":  # public: F0F0, mutuelle and AMC at once
        assert retour.code_retour == "F0F0"
        return
    assert retour.code_retour == "0000", retour.libelle
    (assure,) = [g for g in retour.groupes if g.groupe == 101]
    assert assure.champs[7:9] == (image.assure.nir, image.assure.cle)
    assert [g.champs[2] for g in retour.groupes if g.groupe == 104] == [b.prenom for b in image.beneficiaires]


def test_services_give_every_work_accident_of_the_card() -> None:
    """Group 103: AT 0 has its managing body alone; AT 1 and AT 2 have body, BGDH code, identifier (cdc §2.2.1.2.1)."""
    retour = _services(lambda poste: poste.vitale("clement-trois-at"))
    (at,) = [g.champs for g in retour.groupes if g.groupe == 103]
    assert at == ("013490000", "", "", "013490000", "0001", "990000217", "023490000", "0002", "990000318")
    assert not [g for g in _services(lambda poste: poste.vitale("durand-paul")).groupes if g.groupe == 103]


@pytest.mark.parametrize("defaut", [Clonee, Abimee])
def test_services_refuse_a_card_that_is_not_sound(defaut: Callable[[Card], Card]) -> None:
    retour = _services(lambda poste: defaut(poste.vitale("durand-paul")))
    assert (retour.code_retour, retour.groupes) == ("F014", ())
