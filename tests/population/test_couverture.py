"""The population holds every régime, family and rights situation listed, and each card is what its purpose says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import jmespath
import pytest

from norms.chargement import ErreurChargement, load
from norms.paquet import NormPack
from norms.tables import Nomenclature
from simulator.cards.attestations import load_attestation
from simulator.cards.modele import ImageCps, ImageVitale, Periode, load_cps, load_vitale
from simulator.cards.oppositions import load_oppositions

POPULATION = Path(__file__).parents[2] / "scenarios" / "population"
COUVERTURE: dict[str, Any] = load(POPULATION / "couverture.yaml").donnees
JOUR = date.fromisoformat(COUVERTURE["date"])
OPPOSITIONS = {o.numero_serie for o in load_oppositions(POPULATION / "oppositions.yaml")}


def _when(periodes: tuple[Periode, ...], passe: str, ouvert: str, futur: str) -> str:
    if any(p.includes(JOUR) for p in periodes):
        return ouvert
    if periodes and all(p.fin is not None and p.fin < JOUR for p in periodes):
        return passe
    return futur if periodes else ""


def _card_state(image: ImageVitale | ImageCps) -> str:
    return _when((Periode(debut=image.debut_validite, fin=image.fin_validite),), "expiree", "valide", "future")


def _vitale(image: ImageVitale) -> dict[str, Any]:
    premier = image.beneficiaires[0]
    ald = tuple(c for b in image.beneficiaires for c in b.couverture if c.code_ald != "0")
    service = premier.service_amo
    etat = {
        "carte": _card_state(image),
        "droits": _when(premier.droits_amo, "passes", "ouverts", "futurs"),
        "ald": _when(ald, "passee", "en cours", "future"),
        "mutuelle": _when(premier.mutuelle.droits, "passee", "ouverte", "future") if premier.mutuelle else "",
        "amc": _when((premier.amc,), "passee", "ouverte", "future") if premier.amc else "",
        "service": f"{service.code} {_when((service,), 'passe', 'ouvert', 'futur')}" if service else "",
        "opposition": image.numero_serie in OPPOSITIONS,
    }
    return {**image.model_dump(mode="json"), "etat": etat}


VITALES = {f.stem: load_vitale(f) for f in sorted((POPULATION / "cartes" / "vitale").glob("*.yaml"))}
CPS = {f.stem: load_cps(f) for f in sorted((POPULATION / "cartes" / "cps").glob("*.yaml"))}
ATTESTATIONS = {f.stem: load_attestation(f) for f in sorted((POPULATION / "attestations").glob("*.yaml"))}
DOCUMENTS = {
    "beneficiaires": {nom: _vitale(image) for nom, image in VITALES.items()},
    "professionnels": {
        nom: {**image.model_dump(mode="json"), "etat": {"carte": _card_state(image)}} for nom, image in CPS.items()
    },
    "attestations": {nom: a.model_dump(mode="json") for nom, a in ATTESTATIONS.items()},
}
DOCUMENTS["familles"] = DOCUMENTS["professionnels"]
LIGNES = [(partie, ligne) for partie in DOCUMENTS for ligne in COUVERTURE[partie]]


@pytest.mark.parametrize(("partie", "ligne"), LIGNES, ids=[f"{p}-{ligne['libelle']}" for p, ligne in LIGNES])
def test_every_listed_situation_is_represented(partie: str, ligne: dict[str, Any]) -> None:
    documents = DOCUMENTS[partie]
    expression = jmespath.compile(ligne["critere"])
    conformes = {nom for nom, document in documents.items() if expression.search(document)}
    assert set(ligne["exemples"]) <= conformes
    assert ligne["exemples"]
    assert ligne["source"].startswith(("cdc §", "public: ", "hypothese: "))
    assert conformes < set(documents), "un critère que toute carte satisfait ne prouve rien"


def test_every_regime_is_represented() -> None:
    # formats.md §5, copied here by hand: the data file must not lose a line together with its cards
    attendus = [f"{n:02d}" for n in (*range(1, 11), 12, *range(14, 18), *range(90, 97), 99)]
    assert [r["code"] for r in COUVERTURE["regimes"]] == attendus
    assert {image.assure.regime for image in VITALES.values()} == set(attendus)


def test_there_are_enough_people() -> None:
    personnes = {(b.nom_usuel, b.prenom, b.naissance, b.rang) for v in VITALES.values() for b in v.beneficiaires}
    assert len(VITALES) >= 60
    assert len(personnes) >= 60
    assert len(CPS) >= 20
    assert len(COUVERTURE["familles"]) == 14  # as many as the families to represent


def test_nobody_is_there_twice() -> None:
    images = [*VITALES.values(), *CPS.values()]
    assert len({i.numero_serie for i in images}) == len(images)
    nirs = [b.nir_certifie for v in VITALES.values() for b in v.beneficiaires if b.nir_certifie]
    assert len(nirs) == len(set(nirs))
    assert not set(VITALES) & set(CPS)
    rpps = [(c.type_identification, c.identification) for c in CPS.values()]
    assert len(rpps) == len(set(rpps))


@pytest.mark.parametrize("nom", sorted(VITALES))
def test_numbers_agree_with_births(nom: str) -> None:
    """The year and month of a NIR are those of a birth date of the card, the sex digit is one."""
    image = VITALES[nom]
    for beneficiaire in image.beneficiaires:
        if beneficiaire.nir_certifie:
            assert beneficiaire.nir_certifie[1:5] == beneficiaire.naissance[2:6]
    assert any(image.assure.nir[1:5] == b.naissance[2:6] for b in image.beneficiaires)
    assert image.assure.nir[0] in "12378"


def test_titles_of_professionals_are_codes_of_the_table() -> None:
    connus = {e.code for e in Nomenclature(NormPack.par_defaut(), "civilites")}
    assert {c.civilite for c in CPS.values() if c.civilite} <= connus


#: cdc §3.2.9.3.1.1 and §3.2.9.3.2.1, by specialty of the CPE's employer: may it sign invoices, may it sign lots?
CPE_PEUT = {"50": (True, False), "00": (True, True)}
CPE_AUTRE = (False, True)


def _is_employee(carte: ImageCps) -> bool:
    """A CPE; the director's card (CDE) has the same type and register 0001, and may sign everything."""
    return carte.type_carte == "2" and not carte.identification.endswith("/0001")


@pytest.mark.parametrize("nom", sorted(n for n, c in CPS.items() if _is_employee(c)))
def test_an_employee_card_is_allowed_no_more_than_its_family(nom: str) -> None:
    """Only suppliers (00) and pharmacists (50) have employees who sign invoices; those of pharmacists sign no lot."""
    for situation in CPS[nom].situations:
        factures, lots = CPE_PEUT.get(situation.specialite, CPE_AUTRE)
        assert factures or situation.habilitation_facture == "0"
        assert lots or situation.habilitation_lot == "0"


@pytest.mark.parametrize("nom", sorted(ATTESTATIONS))
def test_a_certificate_and_its_card_name_the_same_person(nom: str) -> None:
    attestation = ATTESTATIONS[nom]
    if attestation.carte:
        personnes = {(b.nom_usuel, b.prenom, b.naissance) for b in VITALES[attestation.carte].beneficiaires}
        assert (attestation.nom, attestation.prenom, attestation.naissance) in personnes
    else:
        assert attestation.nir not in {v.assure.nir for v in VITALES.values()}


def test_the_opposition_list_names_cards_of_the_population() -> None:
    for opposition in load_oppositions(POPULATION / "oppositions.yaml"):
        if opposition.carte:
            assert VITALES[opposition.carte].numero_serie == opposition.numero_serie
        else:
            assert opposition.numero_serie not in {v.numero_serie for v in VITALES.values()}


@pytest.mark.parametrize(
    ("avant", "apres", "message"),
    [
        ('nir: "2890399999127"', 'nir: "2890399116127"', "la clé du NIR"),
        ("nature: ame", "nature: amf", "nature"),
        ('nir: "2890399999127"\ncle: "65"\n', "", "porte un NIR, ou nomme la carte"),
    ],
)
def test_a_wrong_certificate_is_refused(tmp_path: Path, avant: str, apres: str, message: str) -> None:
    texte = (POPULATION / "attestations" / "diop-ame.yaml").read_text(encoding="utf-8")
    assert avant in texte
    fichier = tmp_path / "a.yaml"
    fichier.write_text(texte.replace(avant, apres), encoding="utf-8")
    with pytest.raises(ErreurChargement, match=message):
        load_attestation(fichier)
