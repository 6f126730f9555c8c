"""``galss.ini`` and ``sesam.ini``: what they describe, what the services would say of wrong ones, what they serve."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cartes.service import ErreurServiceCartes, names_of
from harness.cli import run
from simulator.readers.equipement import equipements
from simulator.readers.galss import ErreurConfiguration, read_galss, read_sesam, write_galss
from tests.cartes.test_service import serve
from tests.conftest_outils import require_pcsc

#: A workstation as a vendor's installer leaves it: two PC/SC readers named in their channels, keys in any case.
GALSS = """\
[Protocole0]
Config=1000,20,15000
nomlib=pssinw32.dll
[CONFIG]
NbCanaux=2
[CANAL1]
TCanal=4
Index=1
Protocole=0
CARACTERISTIQUES=Ingénico TL TELIUM 00 00
NbPAD=1
[CANAL1.PAD1]
PAD=2
NbLAD=1
[CANAL1.PAD1.LAD1]
LAD=1
NomLAD=VITALE
[CANAL2]
TCanal=4
Index=2
Protocole=0
Caracteristiques=XIRING Xi-Sign 00 00
NbPAD=1
[CANAL2.PAD1]
PAD=2
NbLAD=1
[CANAL2.PAD1.LAD1]
LAD=1
NomLAD=CPS
"""
SERIE = """\
[PROTOCOLE0]
NomLib=pssinw32.dll
[CONFIG]
NbCanaux=1
[CANAL1]
TCanal=1
Index=1
Protocole=0
Caracteristiques=9600,1,8,0,0
NbPAD=1
[CANAL1.PAD1]
PAD=2
NbLAD=2
[CANAL1.PAD1.LAD1]
LAD=1
NomLAD=CPS
[CANAL1.PAD1.LAD2]
LAD=2
NomLAD=Vitale
"""


def _write(dossier: Path, texte: str, encodage: str = "utf-8") -> Path:
    fichier = dossier / "galss.ini"
    fichier.write_text(texte, encoding=encodage)
    return fichier


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
def test_two_pcsc_readers_by_name(tmp_path: Path, encodage: str) -> None:
    lu = read_galss(_write(tmp_path, GALSS, encodage))
    assert [(m.nom, m.nature, m.fentes) for m in lu.lecteurs] == [
        ("Ingénico TL TELIUM 00 00", "pcsc", {"vitale": "vitale"}),
        ("XIRING Xi-Sign 00 00", "pcsc", {"ps": "ps"}),
    ]
    assert lu.couple_admis("ps", "vitale")


def test_a_serial_channel_is_a_sesam_vitale_reader(tmp_path: Path) -> None:
    (lecteur,) = read_galss(_write(tmp_path, SERIE)).lecteurs
    assert (lecteur.nature, lecteur.fentes) == ("sesam_vitale", {"ps": "ps", "vitale": "vitale"})


@pytest.mark.parametrize("nom", sorted(equipements()))
def test_what_is_written_is_read_back(tmp_path: Path, nom: str) -> None:
    avant = equipements()[nom]
    apres = read_galss(_write(tmp_path, write_galss(avant)))
    assert [(m.nature, list(m.fentes.values())) for m in apres.lecteurs] == [
        (m.nature, list(m.fentes.values())) for m in avant.lecteurs
    ]
    assert [m.nom for m in apres.lecteurs if m.nature == "pcsc"] == [
        m.nom for m in avant.lecteurs if m.nature == "pcsc"
    ]


@pytest.mark.parametrize(
    ("avant", "apres", "code"),
    [  # codes of the public list of return codes, one fault each
        ("NbCanaux=1", "NbCanaux=0", "8003"),
        ("NbCanaux=1", "", "8003"),
        ("[CONFIG]", "[AUTRE]", "800D"),
        ("NbCanaux=1", "NbCanaux=2", "8004"),
        ("Protocole=0", "Protocole=7", "8005"),
        ("NomLib=pssinw32.dll", "", "8006"),
        ("TCanal=1", "", "8007"),
        ("Index=1", "", "8007"),
        ("PAD=2", "", "800F"),
        ("[CANAL1.PAD1.LAD2]", "[CANAL1.PAD1.LAD9]", "8010"),
        ("NomLAD=Vitale", "NomLAD=CARTE", "8011"),
        ("NbPAD=1", "NbPAD=un", "800F"),
        ("[CONFIG]", "CONFIG sans section", "8001"),
    ],
)
def test_a_wrong_file_gets_the_code_of_the_real_services(tmp_path: Path, avant: str, apres: str, code: str) -> None:
    assert avant in SERIE
    texte = SERIE.replace(avant, apres, 1) if code != "8001" else "ligne hors de toute section\n" + SERIE
    with pytest.raises(ErreurConfiguration) as faute:
        read_galss(_write(tmp_path, texte))
    assert faute.value.code == code


def test_a_missing_or_huge_file(tmp_path: Path) -> None:
    with pytest.raises(ErreurConfiguration, match="introuvable") as absent:
        read_galss(tmp_path / "rien.ini")
    assert absent.value.code == "8001"
    with pytest.raises(ErreurConfiguration, match="plus de 65536 octets"):
        read_galss(_write(tmp_path, "#" * 70_000))


@given(st.binary(max_size=600))
def test_any_bytes_are_readers_or_a_code(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    fichier = tmp_path_factory.mktemp("g") / "galss.ini"
    fichier.write_bytes(octets)
    for lire in (read_galss, read_sesam):
        with pytest.raises(ErreurConfiguration) as faute:
            lire(fichier)
        assert len(faute.value.code) == 4


def test_sesam_ini(tmp_path: Path) -> None:
    fichier = tmp_path / "sesam.ini"
    fichier.write_text(
        "[commun]\nRepertoireTravail=/travail\nrepertoiretable=/tables\n[SSV]\nTempoExclusivite=250\n", encoding="utf-8"
    )
    lu = read_sesam(fichier)
    assert (lu.repertoire_travail, lu.repertoire_table, lu.tempo_ms, lu.repetitions) == ("/travail", "/tables", 250, 10)
    for texte, code in (("[COMMUN]\nRepertoireTravail=/t\n", "F680"), ("[COMMUN]\nRepertoireTable=/t\n", "F6F1")):
        fichier.write_text(texte, encoding="utf-8")
        with pytest.raises(ErreurConfiguration) as faute:
            read_sesam(fichier)
        assert faute.value.code == code


def test_names_for_our_readers(tmp_path: Path) -> None:
    assert names_of(_write(tmp_path, GALSS)) == {"ps": "XIRING Xi-Sign", "vitale": "Ingénico TL TELIUM"}
    with pytest.raises(ErreurServiceCartes, match="que des lecteurs SESAM-Vitale"):
        names_of(_write(tmp_path, SERIE))
    with pytest.raises(ErreurServiceCartes, match="dans le même lecteur PC/SC"):
        names_of(_write(tmp_path, SERIE.replace("9600,1,8,0,0", "Lecteur double")))
    with pytest.raises(ErreurServiceCartes, match=r"galss.ini \(code 8003\)"):
        names_of(_write(tmp_path, SERIE.replace("NbCanaux=1", "NbCanaux=0")))


@pytest.mark.pcsc
def test_a_program_finds_the_readers_of_its_own_galss_ini(tmp_path: Path) -> None:
    require_pcsc()
    lire = (
        "from smartcard.System import readers\nprint(sorted(str(r) for r in readers() if str(r).endswith('00 00')))\n"
    )
    fichier = _write(tmp_path, GALSS.replace("Ingénico", "Ingenico"))
    resultat = serve(
        "--galss", fichier, "--ps", "dr-martin", "--vitale", "durand-paul", "--", sys.executable, "-c", lire
    )
    assert resultat.returncode == 0, resultat.stderr
    assert resultat.stdout.strip() == "['Ingenico TL TELIUM 00 00', 'XIRING Xi-Sign 00 00']"


def test_doctor_reads_them_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def doctor(texte: str, *options: str) -> tuple[int, dict[str, dict[str, object]]]:
        code = run(["doctor", "--json", "--galss", str(_write(tmp_path, texte)), *options])
        return code, {d["quoi"]: d for d in json.loads(capsys.readouterr().out)}

    code, vu = doctor(GALSS)
    assert (code, vu["galss.ini"]["present"]) == (0, True)
    assert "« XIRING Xi-Sign 00 00 » (pcsc) : ps" in str(vu["galss.ini"]["detail"])
    code, vu = doctor(GALSS.replace("Caracteristiques=XIRING Xi-Sign 00 00", "Caracteristiques=9600,1,8,0,0"))
    assert (code, vu["galss.ini"]["present"]) == (2, False)
    assert "configuration interdite" in str(vu["galss.ini"]["detail"])
    sesam = tmp_path / "sesam.ini"
    sesam.write_text(f"[COMMUN]\nRepertoireTravail={tmp_path}\nRepertoireTable={tmp_path / 'rien'}\n", encoding="utf-8")
    code, vu = doctor(GALSS, "--sesam", str(sesam))
    assert code == 2
    assert "F680 : répertoire de tables absent" in str(vu["sesam.ini"]["detail"])
    sesam.write_text(f"[COMMUN]\nRepertoireTravail={tmp_path}\nRepertoireTable={tmp_path}\n", encoding="utf-8")
    assert doctor(GALSS, "--sesam", str(sesam))[0] == 0
