"""NOEMIE returns, ARL files and zones: sound ones accepted, each fault told at its place."""

from __future__ import annotations

import pytest

from harness.modele.verdict import Verdict
from norms.ssv import Groupe, encode_zone
from tests.fichiers.outils import Echantillon, L, check, found, patch


def test_a_return_is_accepted_and_summed_up(echantillon: Echantillon) -> None:
    r = check(echantillon.noemie)
    assert (r.nature, r.verdict, r.comptes) == ("noemie", Verdict.CONFORME, {})
    # Three invoices, 17,50 € each for the AMO.
    assert {c: r.contenu[c] for c in ("référence", "factures", "payé", "rejetées")} == {
        "référence": "580",
        "factures": 3,
        "payé": "52,50 €",
        "rejetées": 0,
    }


def in_blocks(plat: bytes) -> bytes:
    """The same return in blocks of 128 bytes, put together without our writer."""
    milieu = plat[L:-L]
    morceaux = [milieu[i : i + 127] for i in range(0, len(milieu), 127)]
    drapeaux = [b"0"] * (len(morceaux) - 1) + [b"1"]
    blocs = b"".join(d + m.ljust(127) for d, m in zip(drapeaux, morceaux, strict=True))
    return plat[:L] + blocs + plat[-L:]


def test_both_containers(echantillon: Echantillon) -> None:
    r = check(in_blocks(echantillon.noemie))
    assert (r.nature, r.verdict, r.contenu["conteneur"], r.contenu["factures"]) == (
        "noemie",
        Verdict.CONFORME,
        "blocs128",
        3,
    )


def test_an_unknown_entity(echantillon: Echantillon) -> None:
    place = echantillon.noemie.index(b"@198") + 1
    r = check(echantillon.noemie[:place] + b"777" + echantillon.noemie[place + 3 :])
    constat = found(r, "NOEMIE_SYNTAXE")
    assert (constat.constate, constat.colonnes, constat.verdict) == ("« 777 »", "1-3", Verdict.NON_CONFORME)
    # 000, 040, 071, 081, then 102 and 103 of the first invoice: its 198 is the seventh.
    assert constat.enregistrement == echantillon.noemie[L:place].count(b"@") + 2 == 7


def test_a_wrong_total_of_a_return_is_a_reserve(echantillon: Echantillon) -> None:
    place = echantillon.noemie.index(b"@198") + 1
    # Columns 15-22 of the entity 198: the amount paid.
    r = check(echantillon.noemie[: place + 14] + b"00001751" + echantillon.noemie[place + 22 :])
    assert set(r.comptes) == {"NOEMIE_COHERENCE"}
    assert found(r, "NOEMIE_COHERENCE").verdict is Verdict.RESERVE


def test_a_wrong_nir_key_in_a_return(echantillon: Echantillon) -> None:
    place = echantillon.noemie.index(b"@103") + 1
    # Columns 19-20 of the entity 103.
    r = check(echantillon.noemie[: place + 18] + b"39" + echantillon.noemie[place + 20 :])
    constat = found(r, "NOEMIE_CLE_NIR")
    assert (constat.colonnes, constat.attendu) == ("19-20", "la clé 38 pour le NIR 1550475999012")


@pytest.mark.parametrize("garde", [200, 300])
def test_a_return_cut_short(echantillon: Echantillon, garde: int) -> None:
    r = check(echantillon.noemie[:garde])
    assert "NOEMIE_SYNTAXE" in r.comptes
    assert r.verdict is Verdict.NON_CONFORME


def test_an_arl_is_accepted(echantillon: Echantillon) -> None:
    r = check(echantillon.arl)
    assert (r.nature, r.verdict, r.contenu["ARL positifs"]) == ("arl", Verdict.CONFORME, 1)


@pytest.mark.parametrize(
    ("rang", "colonne", "texte", "colonnes"),
    [(2, 21, "X", "21"), (3, 42, "00000009", "42-49"), (2, 14, "261301", "14-19")],
)
def test_a_wrong_arl(echantillon: Echantillon, rang: int, colonne: int, texte: str, colonnes: str) -> None:
    constat = found(check(patch(echantillon.arl, rang, colonne, texte)), "ARL_SYNTAXE")
    assert (constat.enregistrement, constat.colonnes, constat.verdict) == (rang, colonnes, Verdict.RESERVE)


def test_an_arl_cut_short(echantillon: Echantillon) -> None:
    assert "ARL_SYNTAXE" in check(echantillon.arl[:-40]).comptes
    assert "ARL_SYNTAXE" in check(echantillon.arl[:-L]).comptes


def test_zones() -> None:
    juste = encode_zone([Groupe(1110, ("000000012", "", "20260302", "1"))])
    assert (check(juste, zone=True).verdict, check(juste, zone=True).contenu) == (Verdict.CONFORME, {"groupes": 1})
    fausse = encode_zone([Groupe(1110, ("12A", "", "2026-03-02", "1"))])
    constats = check(fausse, zone=True).constats
    assert [c.code for c in constats] == ["ZONE_GROUPE", "ZONE_GROUPE"]
    assert ["champ 1" in constats[0].constate, "champ 3" in constats[1].constate] == [True, True]
    tronquee = found(check(juste[:-1], zone=True), "ZONE_SYNTAXE")
    assert (tronquee.constate[:7], tronquee.verdict) == ("octet 2", Verdict.RESERVE)
