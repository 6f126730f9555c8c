"""Norm packs: replacing a data file, refusing anything else; every entry of the data says where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from norms.b2 import CodecB2
from norms.chargement import ErreurChargement
from norms.codec import load_disposition
from norms.paquet import DONNEES, ErreurPaquet, NormPack
from norms.tables import Nomenclature

IDENTITE = 'nom: editeur\nversion: "1"\nsource: "annexe 1 détenue par l\'éditeur"\n'


def make(repertoire: Path, **fichiers: str) -> Path:
    (repertoire / "paquet.yaml").write_text(IDENTITE, encoding="utf-8")
    for nom, contenu in fichiers.items():
        chemin = repertoire / nom.replace("__", "/").replace("_yaml", ".yaml")
        chemin.parent.mkdir(parents=True, exist_ok=True)
        chemin.write_text(contenu, encoding="utf-8")
    return repertoire


def test_default_pack(pack: NormPack) -> None:
    assert pack.nom == "public"
    assert len(pack.empreinte) == 64
    assert pack.empreinte == NormPack.par_defaut().empreinte
    assert pack.charger("b2/type_2.yaml") is pack.charger("b2/type_2.yaml")


def test_overriding_a_layout(pack: NormPack, tmp_path: Path) -> None:
    texte = (DONNEES / "b2" / "type_2s.yaml").read_text(encoding="utf-8")
    avant = '{nom: parcours_soins, colonnes: "121", format: A,'
    assert avant in texte
    texte = texte.replace('colonnes: "102-120"', 'colonnes: "102-109"').replace(
        'colonnes: "122-128"', 'colonnes: "111-128"'
    )
    texte = texte.replace(avant, '{nom: parcours_soins, colonnes: "110", format: A,')
    autre = NormPack.avec(make(tmp_path, b2__type_2s_yaml=texte))
    assert (autre.nom, autre.version) == ("editeur", "1")
    assert CodecB2(autre).encoder("2S", {"parcours_soins": "T"})[109:110] == b"T"
    assert CodecB2(pack).encoder("2S", {"parcours_soins": "T"})[120:121] == b"T"
    assert (autre.remplaces, pack.remplaces) == (("b2/type_2s.yaml",), ())
    assert autre.empreinte != pack.empreinte


def test_overriding_a_table(pack: NormPack, tmp_path: Path) -> None:
    texte = 'libelle: x\nsource: s\nentrees:\n  - {code: "0", libelle: "Chez lui", source: "annexe"}\n'
    autre = NormPack.avec(make(tmp_path, tables__lieux_execution_yaml=texte))
    assert Nomenclature(autre, "lieux_execution").libelle("0") == "Chez lui"
    assert Nomenclature(pack, "lieux_execution").libelle("0") == "Cabinet"


def test_refused_packs(tmp_path: Path) -> None:
    with pytest.raises(ErreurPaquet, match="introuvable"):
        NormPack.avec(tmp_path / "absent")
    with pytest.raises(ErreurPaquet, match=r"paquet\.yaml absent"):
        NormPack.avec(tmp_path)
    make(tmp_path, b2__type_3_yaml="x: y\n")
    with pytest.raises(ErreurPaquet, match=r"fichier inconnu b2/type_3\.yaml.*b2/type_4\.yaml"):
        NormPack.avec(tmp_path)


def test_incomplete_identity(tmp_path: Path) -> None:
    (tmp_path / "paquet.yaml").write_text("nom: x\n", encoding="utf-8")
    with pytest.raises(ErreurPaquet, match="doit donner « version »"):
        NormPack.avec(tmp_path)


def test_unknown_file(pack: NormPack) -> None:
    with pytest.raises(ErreurPaquet, match=r"pas de fichier b2/rien\.yaml"):
        pack.charger("b2/rien.yaml")


LAYOUT = 'type: "X"\nlibelle: x\nlongueur: "4"\nsource: s\nchamps:\n'


@pytest.mark.parametrize(
    ("champs", "ligne", "message"),
    [
        ('  - {nom: a, colonnes: "1-3", format: A, source: s}\n', 6, "couvrent 3 colonnes sur 4"),
        ('  - {nom: a, colonnes: "2-4", format: A, source: s}\n', 6, "laisse un trou"),
        (
            "  - {nom: a, colonnes: 1-3, format: A, source: s}\n  - {nom: b, colonnes: 3-4, format: A, source: s}\n",
            6,
            "recouvre",
        ),
        ('  - {nom: a, colonnes: "1-4", format: Q, source: s}\n', 6, "format inconnu"),
        ('  - {nom: a, colonnes: "1-4", format: A}\n', 6, "« source » absente"),
        ('  - {nom: A, colonnes: "1-4", format: A, source: s}\n', 6, "minuscules"),
        ('  - {nom: a, colonnes: "1 à 4", format: A, source: s}\n', 6, "« colonnes » attendues"),
        ('  - {nom: a, colonnes: "1-4", format: date, source: s}\n', 6, "6 colonnes"),
        ('  - {nom: a, colonnes: "1-4", format: A, source: s, couleur: x}\n', 6, "clé « couleur » inconnue"),
        ("  - a\n", 6, "un champ est un dictionnaire"),
    ],
)
def test_faulty_layouts_name_file_and_line(tmp_path: Path, champs: str, ligne: int, message: str) -> None:
    autre = NormPack.avec(make(tmp_path, b2__type_2_yaml=LAYOUT + champs))
    with pytest.raises(ErreurChargement) as info:
        load_disposition(autre.charger("b2/type_2.yaml"))
    assert message in str(info.value)
    assert info.value.fichier == "b2/type_2.yaml"
    assert info.value.ligne == ligne


def entries(noeud: Any) -> list[dict[str, Any]]:
    """All dictionaries of a document that describe a thing of the norm."""
    if isinstance(noeud, list):
        return [x for n in noeud for x in entries(n)]
    if isinstance(noeud, dict):
        return [noeud, *(x for n in noeud.values() for x in entries(n))]
    return []


PREFIXES = ("cdc §", "annexe5 §", "public: ", "hypothese: ")
FICHIERS = sorted(c.relative_to(DONNEES).as_posix() for c in DONNEES.rglob("*.yaml"))
FICHIERS = [f for f in FICHIERS if not f.startswith("messagerie/")]  # mail profiles have their own tests


@pytest.mark.parametrize("nom", FICHIERS)
def test_every_file_and_field_has_a_source(pack: NormPack, nom: str) -> None:
    tous = entries(pack.charger(nom).donnees)
    assert str(tous[0]["source"]).startswith(PREFIXES)
    for e in tous:
        assert str(e.get("source", "cdc §")).startswith(PREFIXES)
        if {"nom", "format"} <= set(e) or {"code", "libelle"} <= set(e) or {"code", "centimes"} <= set(e):
            assert "source" in e or "longueur" in e


def test_suppositions_are_counted_by_folder_and_fall_when_a_pack_replaces_them(pack: NormPack, tmp_path: Path) -> None:
    """The count by text is the one of the documents, entries whose source has another name (pivot_source) aside."""
    comptes = pack.hypotheses_par_dossier
    for dossier, n in comptes.items():
        fichiers = [f for f in pack.fichiers if f.startswith(f"{dossier}/")]
        lues = sum(len(pack.hypotheses(f)) for f in fichiers)
        assert lues <= n <= lues + 2, dossier
    texte = 'libelle: x\nsource: "annexe 1 §3"\nentrees:\n  - {code: "0", libelle: "x", source: "annexe 1 §3"}\n'
    autre = NormPack.avec(make(tmp_path, tables__taux_yaml=texte))
    perdues = len(pack.hypotheses("tables/taux.yaml"))
    assert perdues > 0
    assert autre.hypotheses_par_dossier == comptes | {"tables": comptes["tables"] - perdues}


def test_hypotheses_are_listed_with_their_place(pack: NormPack) -> None:
    trouvees = pack.hypotheses("b2/type_2s.yaml")
    rpps = ["rpps_executant", "rpps_prescripteur", "structure_prescription"]
    assert [h.element for h in trouvees] == [*rpps, "parcours_soins"]
    lignes = (DONNEES / "b2" / "type_2s.yaml").read_text(encoding="utf-8").splitlines()
    assert "parcours_soins" in lignes[trouvees[-1].ligne - 1]
    assert pack.hypotheses("b2/type_999.yaml") == ()
