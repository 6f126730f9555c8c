"""The data files of fictitious people: they load, they're refused when wrong, a card gives back what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from norms.chargement import ErreurChargement
from simulator.cards.identites import luhn_key, nir_key
from simulator.cards.lecture import prove_with_cps, read_cps, read_vitale
from simulator.cards.modele import load_cps, load_vitale
from simulator.readers.inproc import InProcessReader
from tests.cartes.conftest import DONNEES, POPULATION, Materiel

VITALES = sorted(p.stem for p in (POPULATION / "vitale").glob("*.yaml"))
CPS = sorted(p.stem for p in (POPULATION / "cps").glob("*.yaml"))


def test_the_population_covers_what_scenarios_need() -> None:
    assert set(VITALES) >= {
        "durand-paul", "nguyen-linh", "diallo-awa", "martin-expire",
        "demo", "famille-petit", "moreau-c2s", "bernard-ald",
    }  # fmt: skip
    assert set(CPS) >= {"dr-martin", "cpe-secretaire", "dr-lab", "pharmacien", "infirmiere-petit"}


@pytest.mark.parametrize("nom", VITALES)
def test_a_vitale_card_gives_back_its_data_file(nom: str, materiel: Materiel) -> None:
    ps, vitale = InProcessReader("ps"), InProcessReader("vitale")
    ps.insert(materiel.cps())
    vitale.insert(materiel.vitale(nom))
    with ps.connect() as cps, vitale.connect() as connexion:
        lue = read_vitale(connexion, ouvrir_droits=prove_with_cps(cps, "1234"))
    assert lue.droits_lus
    assert lue.contenu.model_dump() == materiel.vitale_image(nom).model_dump(exclude={"but"})


@pytest.mark.parametrize("nom", CPS)
def test_a_cps_gives_back_its_data_file(nom: str, materiel: Materiel) -> None:
    lecteur = InProcessReader("ps")
    lecteur.insert(materiel.cps(nom))
    with lecteur.connect() as connexion:
        lue = read_cps(connexion, "1234")
    exclus = {"but", "code_porteur", "code_deblocage"}
    assert lue.contenu.model_dump() == materiel.cps_image(nom).model_dump(exclude=exclus)


@pytest.mark.parametrize(("nir", "cle"), [("1421962965167", "94"), ("292192A999002", "34"), ("172192B999002", "24")])
def test_nir_keys_of_published_fixtures(nir: str, cle: str) -> None:
    # 1421962965167/94 and 172192B999002/24 are public test fixtures; for 2A: 2921920999002 - 1 000 000 =
    # 2921919999002, whose remainder by 97 is 63, and 97 - 63 = 34.
    assert nir_key(nir) == cle


@pytest.mark.parametrize(("numero", "cle"), [("9990006527", "9"), ("99112976", "8"), ("42078860", "6")])
def test_luhn_keys_of_published_fixtures(numero: str, cle: str) -> None:
    assert luhn_key(numero) == cle


def _variant(tmp_path: Path, sorte: str, avant: str, apres: str) -> Path:
    texte = (DONNEES / f"{sorte}.yaml").read_text(encoding="utf-8")
    assert avant in texte
    fichier = tmp_path / "carte.yaml"
    fichier.write_text(texte.replace(avant, apres, 1), encoding="utf-8")
    return fichier


@pytest.mark.parametrize(
    ("avant", "apres", "message"),
    [
        # 1550475116012 mod 97 = 50, its key 47: a commune that exists, so maybe a real person
        ('nir: "1550475999012"\n  cle: "38"', 'nir: "1550475116012"\n  cle: "47"', "vraie personne"),
        ('cle: "38"', 'cle: "39"', "la clé du NIR 1550475999012 est 38"),
        ("code_gestion:", "ruf_famile: x\n  code_gestion:", "ruf_famile : champ inconnu"),
        ('regime: "01"', 'regime: "1"', "regime : forme inattendue"),
        ("fin_validite: 2030-02-28", "fin_validite: 28/02/2030", "AAAA-MM-JJ"),
        ("nom: DURAND", "nom: DURANĐ", "n'existe pas sur une carte"),
        ("fin: 2029-12-31", "fin: 2019-12-31", "la période finit (2019-12-31)"),
    ],
)
def test_a_wrong_vitale_file_is_refused_with_its_line(tmp_path: Path, avant: str, apres: str, message: str) -> None:
    with pytest.raises(ErreurChargement) as erreur:
        load_vitale(_variant(tmp_path, "vitale", avant, apres))
    assert message in str(erreur.value)
    assert erreur.value.ligne >= 1


def test_the_fault_is_located(tmp_path: Path) -> None:
    fichier = _variant(tmp_path, "vitale", 'caisse: "349"', 'caisse: "34"')
    with pytest.raises(ErreurChargement) as erreur:
        load_vitale(fichier)
    lignes = fichier.read_text(encoding="utf-8").splitlines()
    assert lignes[erreur.value.ligne - 1].strip() == 'caisse: "34"'


@pytest.mark.parametrize(
    ("avant", "apres", "message"),
    [
        ('identification: "9990001001"', 'identification: "1010001008"', "vrai professionnel"),
        ('cle_facturation: "3"', 'cle_facturation: "4"', "la clé de 99111111 est 3"),
        ('code_porteur: "1234"', 'code_porteur: "12345"', "code_porteur : forme inattendue"),
    ],
)
def test_a_wrong_cps_file_is_refused(tmp_path: Path, avant: str, apres: str, message: str) -> None:
    with pytest.raises(ErreurChargement) as erreur:
        load_cps(_variant(tmp_path, "cps", avant, apres))
    assert message in str(erreur.value)
