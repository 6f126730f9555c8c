"""Readers of a workstation (cdc §4.1.2): what goes together, keypad, exclusivity, clock, what services say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from simulator.monde import ErreurAction, ErreurMonde
from simulator.readers.equipement import (
    AccesExclusifRefuse,
    ErreurEquipement,
    Materiel,
    SaisieAbandonnee,
    Terminaux,
    build_equipement,
    equipement,
    equipements,
)
from tests.acteurs.outils import Emetteur, emetteur
from tests.conftest_outils import require_pcsc

Ouvrir = Callable[..., Emetteur]
LIRE = {"date_consultation": "20260302"}


@pytest.fixture(params=["inproc", pytest.param("pcsc", marks=pytest.mark.pcsc)])
def ouvrir(request: pytest.FixtureRequest) -> Iterator[Ouvrir]:
    """Opens a world with a given equipment, its cards in the same kind of transport."""
    if request.param == "pcsc":
        require_pcsc()
    with ExitStack() as pile:

        def open_world(nom: str, **lecteurs: str) -> Emetteur:
            cartes = lecteurs or {"ps": "dr-martin", "vitale": "durand-paul"}
            monde = emetteur(equipement=nom, lecteurs=cartes, transport=request.param)
            return pile.enter_context(monde)

        yield open_world


def ask(e: Emetteur, fonction: str, **params: Any) -> dict[str, Any]:
    """The answer of a supplied service, whatever its return code."""
    try:
        return e.rpc(fonction, **params)
    except AssertionError as exc:
        reponse = exc.args[0]
        assert isinstance(reponse, dict), reponse
        return reponse


# --- what may serve one call (cdc §4.1.2) -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("nom", "admis"),
    [
        ("deux-pcsc", True),
        ("pcsc-bifente", True),
        ("sesam-vitale", True),
        ("sesam-vitale-et-pcsc", True),
        ("cps-pcsc-vitale-sesam", False),
        ("cps-sesam-vitale-pcsc", False),
        ("deux-sesam-vitale", False),
    ],
)
def test_allowed_and_forbidden_configurations(nom: str, admis: bool) -> None:
    assert equipement(nom).couple_admis("ps", "vitale") is admis


def test_every_equipment_is_in_the_table_above() -> None:
    assert set(equipements()) == {
        "deux-pcsc", "pcsc-bifente", "sesam-vitale", "sesam-vitale-et-pcsc",
        "cps-pcsc-vitale-sesam", "cps-sesam-vitale-pcsc", "deux-sesam-vitale",
    }  # fmt: skip


def test_several_readers_pair_only_with_their_kind() -> None:
    plusieurs = equipement("sesam-vitale-et-pcsc")
    paires = {(p, v): plusieurs.couple_admis(p, v) for p in ("ps", "ps2") for v in ("vitale", "vitale2")}
    assert paires == {
        ("ps", "vitale"): True, ("ps2", "vitale2"): True, ("ps", "vitale2"): False, ("ps2", "vitale"): False,
    }  # fmt: skip


def test_an_equipment_that_does_not_hold_together_is_refused() -> None:
    a, b = (Materiel(nom=n, nature="pcsc", fentes={"ps": "ps"}) for n in ("A", "B"))
    with pytest.raises(ErreurEquipement, match="ressource « ps » en double"):
        build_equipement("essai", (a, b))
    with pytest.raises(ErreurEquipement, match="lecteur « A » en double"):
        build_equipement("essai", (a, a))
    with pytest.raises(ErreurEquipement, match="de 1 à 8 lecteurs"):
        build_equipement("essai", ())
    with pytest.raises(ErreurEquipement, match="connus : deux-pcsc"):
        equipement("trois-pcsc")
    with pytest.raises(ErreurMonde, match="inconnu"), emetteur(equipement="trois-pcsc"):
        pass
    with pytest.raises(ErreurMonde, match="lecteur « ps2 » inconnu"), emetteur(lecteurs={"ps2": "dr-martin"}):
        pass


def test_a_forbidden_configuration_reads_and_signs_nothing(ouvrir: Ouvrir) -> None:
    e = ouvrir("cps-pcsc-vitale-sesam")
    assert ask(e, "ssv.lire_carte_ps", code_porteur="1234")["code_retour"] == "0000"  # one card alone: allowed
    avant = len(e.monde.journal.of("apdu"))
    refus = ask(e, "ssv.lire_droits_vitale", **LIRE)
    assert (refus["code_retour"], refus["groupes"]) == ("F101", [])
    assert "« Lecteur PS » et « Lecteur SESAM-Vitale »" in refus["libelle"]
    assert len(e.monde.journal.of("apdu")) == avant  # no card was even touched


def test_a_session_with_each_pair_of_a_workstation_with_several_readers(ouvrir: Ouvrir) -> None:
    e = ouvrir(
        "sesam-vitale-et-pcsc", ps="dr-martin", vitale="durand-paul", ps2="dr-nguyen-cardio", vitale2="famille-petit"
    )
    noms = [
        ask(e, "ssv.lire_carte_ps", ressource_ps=ps, code_porteur="1234")["groupes"][0]["champs"][5]
        for ps in ("ps", "ps2")
    ]
    assert noms == ["MARTIN", "NGUYEN"]
    for ps, vitale, code in (
        ("ps", "vitale", "0000"), ("ps2", "vitale2", "0000"), ("ps", "vitale2", "F101"), ("ps2", "vitale", "F101"),
    ):  # fmt: skip
        reponse = ask(e, "ssv.lire_droits_vitale", ressource_ps=ps, ressource_vitale=vitale, **LIRE)
        assert reponse["code_retour"] == code
    assert ask(e, "ssv.lire_carte_ps", ressource_ps="ps3")["code_retour"] == "F101"


# --- keypad (cdc §4.2.1.2.1, §4.2.1.16.1) -------------------------------------------------------------------
def test_the_code_is_asked_on_the_keypad_of_a_sesam_vitale_reader(ouvrir: Ouvrir) -> None:
    e = ouvrir("sesam-vitale")
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "0040"  # nobody typed
    e.monde.agir("lecteur.taper_code", {"lecteur": "ps", "code": "9999"})
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "F003"
    e.monde.agir("lecteur.taper_code", {"lecteur": "ps", "code": "1234"})
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "0000"
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "0000"  # the card is open: nothing is asked again
    faits = [x.donnees["mouvement"] for x in e.monde.journal.of("carte")]
    assert faits.count("code_tape") == 2
    assert "1234" not in repr([x.donnees for x in e.monde.journal])


def test_a_pcsc_reader_has_no_keypad(ouvrir: Ouvrir) -> None:
    e = ouvrir("pcsc-bifente")
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "F003"
    with pytest.raises(ErreurAction, match="pas de clavier"):
        e.monde.agir("lecteur.taper_code", {"lecteur": "ps", "code": "1234"})
    assert ask(e, "ssv.lire_carte_ps", code_porteur="1234")["code_retour"] == "0000"


# --- exclusivity --------------------------------------------------------------------------------------------
def test_another_application_holds_both_cards_of_a_sesam_vitale_reader(ouvrir: Ouvrir) -> None:
    e = ouvrir("sesam-vitale")
    assert ask(e, "ssv.lire_droits_vitale", code_porteur="1234", **LIRE)["code_retour"] == "0000"
    e.monde.agir("lecteur.occuper", {"lecteur": "vitale"})  # same channel: the other slot is held too
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "0004"
    e.monde.agir("lecteur.liberer", {"lecteur": "ps"})
    assert ask(e, "ssv.lire_droits_vitale", **LIRE)["code_retour"] == "0000"


def test_another_application_holds_one_pcsc_reader_alone() -> None:
    with emetteur() as e:
        assert ask(e, "ssv.lire_droits_vitale", code_porteur="1234", **LIRE)["code_retour"] == "0000"
        e.monde.agir("lecteur.occuper", {"lecteur": "vitale"})
        assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "0000"
        assert ask(e, "ssv.lire_droits_vitale", **LIRE)["code_retour"] == "0004"


def test_a_busy_reader_is_asked_again_ten_times() -> None:
    """repetitionexclusivite=10 in sesam.ini: the first attempt and ten more."""
    terminaux = Terminaux(equipement("sesam-vitale"))
    terminaux.occuper("ps", 10)
    terminaux.acceder("vitale")
    terminaux.occuper("ps", 30)
    for _ in range(2):
        with pytest.raises(AccesExclusifRefuse):
            terminaux.acceder("ps")
    terminaux.acceder("ps")  # 11 attempts a call: the thirtieth falls in the third one


# --- unplugged ----------------------------------------------------------------------------------------------
def test_an_unplugged_reader_is_silent_and_its_card_has_lost_its_code(ouvrir: Ouvrir) -> None:
    e = ouvrir("sesam-vitale-et-pcsc", ps="dr-martin", vitale="durand-paul", ps2="dr-nguyen-cardio")
    assert ask(e, "ssv.lire_carte_ps", code_porteur="1234")["code_retour"] == "0000"
    e.monde.agir("lecteur.debrancher", {"lecteur": "vitale"})  # the same device holds the PS's card
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "0400"
    assert ask(e, "ssv.lire_droits_vitale", **LIRE)["code_retour"] == "0400"
    assert {x["ressource"] for x in ask(e, "ssv.lister_lecteurs")["lecteurs"]} == {"ps2", "vitale2"}
    assert len([g for g in ask(e, "ssv.lire_config")["groupes"] if g["groupe"] == 61]) == 2
    assert ask(e, "ssv.lire_carte_ps", ressource_ps="ps2", code_porteur="1234")["code_retour"] == "0000"
    e.monde.agir("lecteur.rebrancher", {"lecteur": "ps"})
    assert ask(e, "ssv.lire_carte_ps")["code_retour"] == "0040"  # closed again: the code is asked, nobody types it
    assert ask(e, "ssv.lire_carte_ps", code_porteur="1234")["code_retour"] == "0000"


# --- clock, LireConfig, list of the readers -----------------------------------------------------------------
def test_the_clock_of_the_reader_may_be_wrong() -> None:
    with emetteur(equipement="sesam-vitale") as e:
        assert ask(e, "ssv.lire_date_lecteur")["date_heure"] == "20260302090000"
        e.monde.agir("lecteur.regler_horloge", {"lecteur": "vitale", "minutes": "-90"})
        assert ask(e, "ssv.lire_date_lecteur")["date_heure"] == "20260302073000"
        e.monde.agir("horloge.avancer", {"heures": "1"})
        assert ask(e, "ssv.lire_date_lecteur")["date_heure"] == "20260302083000"
        (lecteur,) = [g["champs"] for g in ask(e, "ssv.lire_config")["groupes"] if g["groupe"] == 61]
        assert lecteur[7] == "20260302083000"
    with emetteur() as e:
        assert ask(e, "ssv.lire_date_lecteur")["date_heure"] == "20260302090000"
        with pytest.raises(ErreurAction, match="pas d'horloge"):
            e.monde.agir("lecteur.regler_horloge", {"lecteur": "ps", "minutes": "5"})


def test_lire_config_describes_each_reader_and_the_channels_of_the_galss() -> None:
    with emetteur(equipement="sesam-vitale-et-pcsc") as e:
        groupes = ask(e, "ssv.lire_config")["groupes"]
    lecteurs = [g["champs"] for g in groupes if g["groupe"] == 61]
    assert [(c[1], c[2]) for c in lecteurs] == [
        ("TL-SIMULE", "00000001"), ("PCSC-SIMULE", "00000002"), ("PCSC-SIMULE", "00000003"),
    ]  # fmt: skip
    assert all(len(c) == 9 for c in lecteurs)  # formats: constructeur … checksum
    assert [g["champs"] for g in groupes if g["groupe"] == 63] == [
        ["NbCanaux", "1"], ["CANAL1.PAD1.LAD1", "ps"], ["CANAL1.PAD1.LAD2", "vitale"],
    ]  # fmt: skip


def test_the_services_list_readers_and_cards(ouvrir: Ouvrir) -> None:
    e = ouvrir("sesam-vitale-et-pcsc", ps="dr-martin", vitale2="durand-paul")
    vus = {x["ressource"]: x for x in ask(e, "ssv.lister_lecteurs")["lecteurs"]}
    assert {r: (x["nature"], x["support"], x["carte"]) for r, x in vus.items()} == {
        "ps": ("sesam_vitale", "ps", "ps"),
        "vitale": ("sesam_vitale", "vitale", "absente"),
        "ps2": ("pcsc", "ps", "absente"),
        "vitale2": ("pcsc", "vitale", "vitale"),
    }
    assert [r for r, x in vus.items() if x["clavier"]] == ["ps", "vitale"]


def test_a_typed_code_is_given_once_and_never_shown() -> None:
    terminaux = Terminaux(equipement("sesam-vitale"))
    terminaux.taper("vitale", "1234")
    assert "1234" not in repr(terminaux)
    assert terminaux.demander_code("ps") == "1234"
    with pytest.raises(SaisieAbandonnee):
        terminaux.demander_code("ps")
    assert Terminaux().demander_code("ps") is None
    terminaux.decaler("ps", timedelta(minutes=3))
    assert terminaux.horloge() == timedelta(minutes=3)
