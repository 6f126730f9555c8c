"""Mutants and coverage: killed means that an expectation about its requirement went from conforming to failing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from harness.adaptateur.configuration import ConfigLps, ConfigMutants
from harness.catalogue import Catalogue
from harness.couverture import measure
from harness.mutants import (
    ErreurMutants,
    Jury,
    Mutant,
    Preuve,
    list_mutants,
    load_proofs,
    machine_summary,
    write_proofs,
)
from norms.chargement import ErreurChargement
from tests.harness.aides import CATALOGUE, SCRIPT, bench, config_interne, exigence, scenario
from tests.harness.test_campagne import EXIGENCE, MODELE, preagrement, write_lps

TEXTE = MODELE.format(id="ESSAI-01", numero="000000012", exigence="SV-1-01")


def jury(dossier: Path, texte: str = TEXTE) -> Jury:
    config = config_interne().model_copy(update={"mutants": ConfigMutants(lister=("x",), parametre="faute")})
    return Jury(bench(dossier, config), [scenario(texte)])


def test_a_mutant_is_killed_by_an_expectation_about_its_requirement(tmp_path: Path) -> None:
    epreuve = jury(tmp_path).try_mutant(Mutant("numero_faux", ("SV-1-01",)))
    assert epreuve.tue
    assert epreuve.preuves == (Preuve("SV-1-01", "numero_faux", "ESSAI-01"),)


def test_a_duplicate_requirement_counts_for_its_target(tmp_path: Path) -> None:
    assert jury(tmp_path).try_mutant(Mutant("numero_faux", ("SV-1-07",))).preuves == (
        Preuve("SV-1-01", "numero_faux", "ESSAI-01"),
    )


@pytest.mark.parametrize(
    ("mutant", "detail"),
    [
        (Mutant("inerte", ("SV-1-01",)), "ESSAI-01 : conforme"),
        (Mutant("leve", ("SV-1-01",)), "panne du LPS"),  # a breakdown is not a finding
        (Mutant("numero_faux", ("SV-1-02",)), "aucun scénario ne vise ses exigences"),
    ],
)
def test_survivors_say_why(mutant: Mutant, detail: str, tmp_path: Path) -> None:
    epreuve = jury(tmp_path).try_mutant(mutant)
    assert not epreuve.tue
    assert detail in epreuve.detail


def test_an_expectation_that_already_fails_kills_nothing(tmp_path: Path) -> None:
    toujours_faux = MODELE.format(id="ESSAI-01", numero="000000077", exigence="SV-1-01")
    epreuve = jury(tmp_path, toujours_faux).try_mutant(Mutant("numero_faux", ("SV-1-01",)))
    assert not epreuve.tue
    assert "le LPS sain n'y est pas conforme non plus" in epreuve.detail


def test_a_bench_fault_proves_nothing(tmp_path: Path) -> None:
    casse = TEXTE.replace("attendus:", "  - {monde: reseau.couper}\nattendus:")
    epreuve = jury(tmp_path, casse).try_mutant(Mutant("numero_faux", ("SV-1-01",)))
    assert (epreuve.tue, epreuve.faute_banc) == (False, True)
    assert not jury(tmp_path).try_mutant(Mutant("numero_faux", ("SV-1-01",))).faute_banc


def test_the_list_comes_from_the_lps() -> None:
    config = ConfigLps(
        commande=("x",), mutants=ConfigMutants(lister=(sys.executable, str(SCRIPT), "--mutants")), dossier=SCRIPT.parent
    )
    assert [m.id for m in list_mutants(config)] == ["numero_faux", "inerte", "leve"]


@pytest.mark.parametrize(
    ("lister", "message"),
    [
        ((sys.executable, "-c", "import sys; sys.exit('cassé')"), "a échoué, code 1 cassé"),
        ((sys.executable, "-c", "print('bonjour')"), "n'a pas écrit une liste JSON"),
        ((sys.executable, "-c", "print('[{}]')"), "n'a pas écrit une liste JSON"),
        (("programme-absent",), "n'a pas donné la liste des mutants"),
    ],
)
def test_a_list_that_cannot_be_had(lister: tuple[str, ...], message: str) -> None:
    config = ConfigLps(commande=("x",), mutants=ConfigMutants(lister=lister), dossier=SCRIPT.parent)
    with pytest.raises(ErreurMutants, match=message):
        list_mutants(config)
    with pytest.raises(ErreurMutants, match="ne déclare pas de mutants"):
        list_mutants(ConfigLps(commande=("x",)))


def test_proofs_are_written_sorted_and_read_back(tmp_path: Path) -> None:
    preuves = [Preuve("SV-1-02", "b", "LOT-01"), Preuve("SV-1-01", "a", "LOT-01"), Preuve("SV-1-01", "a", "LOT-01")]
    fichier = write_proofs(preuves, tmp_path / "mutants.yaml")
    assert load_proofs(fichier) == sorted(set(preuves))
    fichier.write_text("- {exigence: SV-1-01, mutant: a}\n", encoding="utf-8")
    with pytest.raises(ErreurChargement, match=r"mutants\.yaml:1:3: une ligne porte"):
        load_proofs(fichier)
    assert load_proofs(tmp_path / "absent.yaml") == []


def test_coverage_counts_what_is_proved() -> None:
    catalogue = Catalogue({**CATALOGUE, "SV-1-08": exigence("SV-1-08", domaine="arl")}, {})
    question = "  - {demander: Le nom est-il montré ?, verifie: SV-1-02}\nattendus:"
    texte = TEXTE.replace("attendus:", question).replace("[SV-1-01]", "[SV-1-01, SV-1-02]")
    sans = measure(catalogue, [scenario(texte)], [])
    # distinct: 01 02 03 04 08 testable, 05 06 not; 07 duplicates 01
    assert sans.summary() == {
        "testables": 5,
        "auto": 0,
        "attestation": 1,
        "non_testable": 2,
        "a_faire": 4,
        "par_domaine": {
            "arl": {"testables": 1, "auto": 0, "attestation": 0, "non_testable": 0, "a_faire": 1},
            "lots": {"testables": 4, "auto": 0, "attestation": 1, "non_testable": 2, "a_faire": 3},
        },
    }
    assert sans.sans_mutant == ("SV-1-01",)
    avec = measure(catalogue, [scenario(texte)], [Preuve("SV-1-01", "numero_faux", "ESSAI-01")])
    assert (avec.summary()["auto"], avec.summary()["a_faire"], avec.sans_mutant) == (1, 3, ())
    ailleurs = measure(catalogue, [scenario(texte)], [Preuve("SV-1-01", "numero_faux", "AUTRE-01")])
    assert ailleurs.summary()["auto"] == 0


def test_summary_of_nothing() -> None:
    assert machine_summary([]) == {"total": 0, "tues": 0, "survivants": []}


def test_command_line(tmp_path: Path) -> None:
    (tmp_path / "essais").mkdir()
    texte = MODELE.format(id="LOT-81", numero="000000012", exigence=EXIGENCE)
    (tmp_path / "essais" / "LOT-81.yaml").write_text(texte, encoding="utf-8")
    write_lps(tmp_path, "")
    with (tmp_path / "lps.toml").open("a", encoding="utf-8") as flux:
        flux.write('fabrique = "tests.harness.lps_fautif:creer"\n[lps.mutants]\nparametre = "faute"\n')
        flux.write(f'lister = ["{{python}}", {str(SCRIPT)!r}, "--mutants"]\n')
    sortie = preagrement(tmp_path, "mutants", "essais", "--lps", "lps.toml", "--json")
    assert sortie.returncode == 1
    assert json.loads(sortie.stdout) == {"total": 3, "tues": 1, "survivants": ["inerte", "leve"]}
    assert "démasqué   numero_faux  par LOT-81 (SV-4.2.1.16.1-11)" in sortie.stderr
    assert "SURVIT     inerte  Ne change rien" in sortie.stderr
    seul = preagrement(tmp_path, "mutants", "essais", "--lps", "lps.toml", "-m", "numero_faux")
    assert seul.returncode == 0
    assert preagrement(tmp_path, "mutants", "essais", "--lps", "lps.toml", "-m", "x").returncode == 2
