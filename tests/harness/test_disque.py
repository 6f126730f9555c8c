"""A disk that fills up while a campaign writes: told in French, never the LPS's fault, nothing left half written.

``/dev/full`` takes no byte (ENOSPC, as on a full disk): it stands in for the file about to be written.
"""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from harness.dossier import MARQUE
from harness.rapports import write_reports
from harness.systeme import cause
from reports.ecriture import write_whole
from tests.harness.test_campagne import atelier, preagrement  # noqa: F401 -- a fixture
from tests.reports.fixture_campagne import CATALOGUE, campagne

PLEIN = Path("/dev/full")
besoin_de_dev_full = pytest.mark.skipif(not PLEIN.exists(), reason="/dev/full n'existe que sous Linux")


@besoin_de_dev_full
def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    chemin = write_whole(tmp_path / "dossier.html", "é\n")
    assert chemin.read_bytes() == b"\xc3\xa9\n"
    (tmp_path / "dossier.html.partiel").symlink_to(PLEIN)
    with pytest.raises(OSError, match="No space left") as levee:
        write_whole(chemin, "autre")
    assert levee.value.errno == errno.ENOSPC
    assert chemin.read_bytes() == b"\xc3\xa9\n"
    assert [f.name for f in tmp_path.iterdir()] == ["dossier.html"]


@besoin_de_dev_full
def test_one_report_that_fails_does_not_keep_the_others(tmp_path: Path) -> None:
    (tmp_path / "junit.xml.partiel").symlink_to(PLEIN)
    ecrits, fautes = write_reports(campagne(), CATALOGUE, tmp_path)  # type: ignore[arg-type]  # read as a mapping
    assert {f.name for f in ecrits} == {"dossier.html", "campagne.json", "campagne.schema.json"}
    attendu = "rapport « junit » : disque plein ; faire de la place ou choisir un autre dossier (--dossier)"
    assert fautes == [attendu]


@besoin_de_dev_full
def test_a_campaign_on_a_full_disk_is_a_bench_fault_in_french(atelier: Path) -> None:  # noqa: F811 -- the fixture
    dossier = atelier / "dossier"
    dossier.mkdir()
    (dossier / MARQUE).touch()
    for nom in ("dossier.html", "campagne.json", "junit.xml"):
        (dossier / f"{nom}.partiel").symlink_to(PLEIN)
    options = ("--lps", "lps.toml", "--dossier", "dossier", "-n", "0", "--json")
    sortie = preagrement(atelier, "run", "essais/arl", *options)
    assert sortie.returncode == 2
    assert "Traceback" not in sortie.stdout + sortie.stderr
    for rapport in ("html", "json", "junit"):
        assert f"erreur : rapport « {rapport} » : disque plein ; faire de la place" in sortie.stderr
    assert json.loads(sortie.stdout)["scenarios"]["conforme"] == 1
    assert not [f for f in dossier.iterdir() if f.suffix in {".html", ".json", ".xml", ".partiel"}]


@besoin_de_dev_full
def test_a_notebook_that_cannot_be_opened_is_told_before_anything_is_played(atelier: Path) -> None:  # noqa: F811
    dossier = atelier / "dossier"
    dossier.mkdir()
    (dossier / MARQUE).touch()
    (dossier / "reprise.jsonl").symlink_to(PLEIN)
    sortie = preagrement(atelier, "run", "essais", "--lps", "lps.toml", "--dossier", "dossier", "-n", "0")
    assert sortie.returncode == 2
    assert "disque plein ; faire de la place ou choisir un autre dossier (--dossier)" in sortie.stderr
    assert "Errno" not in sortie.stderr + sortie.stdout


@besoin_de_dev_full
def test_a_notebook_that_fills_up_ends_the_resumption_not_the_campaign(atelier: Path) -> None:  # noqa: F811
    """The notebook becomes unwritable while the campaign runs: a scenario's own LPS does it."""
    lps = (atelier / "lps.toml").read_text(encoding="utf-8")
    remplace = "import os;d='dossier/reprise.jsonl';os.path.islink(d) or (os.remove(d), os.symlink('/dev/full', d))"
    script = json.loads(lps.split("commande = ")[1].splitlines()[0].replace("'", '"'))[1]
    code = f"{remplace};import runpy,sys;sys.argv=[{script!r},''];runpy.run_path({script!r}, run_name='__main__')"
    (atelier / "lps.toml").write_text(
        f'[lps]\nnom = "essai"\ncommande = ["{{python}}", "-c", {json.dumps(code)}]\n', encoding="utf-8"
    )
    sortie = preagrement(atelier, "run", "essais/arl", "--lps", "lps.toml", "--dossier", "dossier", "-n", "0", "--json")
    assert "erreur : cette campagne ne pourra pas être reprise : disque plein" in sortie.stderr
    assert "Traceback" not in sortie.stdout + sortie.stderr
    assert json.loads(sortie.stdout)["scenarios"]["conforme"] == 1
    assert (atelier / "dossier" / "dossier.html").is_file()
    assert sortie.returncode == 0


def test_other_faults_keep_their_kind() -> None:
    assert cause(ValueError("x")) == "ValueError : x"
    assert cause(OSError(errno.ENOSPC, "x", "f")).endswith("(--dossier) (f)")
