"""docs/cartes.md, from which programs are written, says what the cards hold: each file, tag and field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.cards.profils import Profil, profil, profils
from simulator.cards.zones import Champ, Zone
from simulator.readers.equipement import equipements

PAGE = (Path(__file__).parents[2] / "docs" / "cartes.md").read_text(encoding="utf-8")
LECTURES = {"libre": "libre", "ps": "professionnel", "code_porteur": "code porteur"}
ZONES = [(profil(nom), zone) for nom in ("vitale_2", "cps3") for zone in profil(nom).zones]


def _fields(champs: tuple[Champ, ...]) -> Iterator[str]:
    for champ in champs:
        yield f"`{champ.tag:02X}` {champ.champ}"
        yield from _fields(champ.champs)


@pytest.mark.parametrize(("modele", "zone"), ZONES, ids=[f"{p.profil}-{z.nom}" for p, z in ZONES])
def test_every_zone_is_documented(modele: Profil, zone: Zone) -> None:
    partie = PAGE.partition("## Carte Vitale 2" if modele.famille == "vitale" else "## Carte de professionnel")[2]
    (ligne,) = [x for x in partie.splitlines() if x.startswith(f"| `{zone.fid:04X}`") and f"| {zone.intitule} |" in x]
    colonnes = [c.strip() for c in ligne.strip("|").split("|")]
    assert colonnes[2] == LECTURES[zone.lecture.value]
    assert [f for f in _fields(zone.champs) if f not in colonnes[3]] == []
    assert ("hypothèse" in colonnes[4]) == ("hypothese:" in zone.source)


def test_every_generation_and_directory_is_documented() -> None:
    for modele in profils().values():
        assert f"| `{modele.profil}` | {modele.intitule} | `{modele.atr.hex(' ').upper()}` |" in PAGE
        for dossier in modele.dossiers:
            assert f"| {dossier.nom} | `{dossier.fid:04X}` | `{dossier.aid.hex().upper()}` |" in PAGE
    for zone in profil("vitale_1bis").zones_absentes:
        assert f"- {zone.intitule}" in PAGE


def test_every_equipment_is_documented_with_its_slots() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lecteurs.md").read_text(encoding="utf-8")
    for equipement in equipements().values():
        (ligne,) = [x for x in page.splitlines() if x.startswith(f"| `{equipement.nom}`")]
        colonnes = [c.strip() for c in ligne.strip("|").split("|")]
        assert colonnes[2] == " ; ".join(", ".join(f"`{r}`" for r in m.fentes) for m in equipement.lecteurs)
        assert colonnes[3].startswith("non") is not equipement.couple_admis("ps", "vitale")
