"""One suite for both transports: what a program sees of the cards in the process and through PC/SC."""

from __future__ import annotations

import datetime
import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from simulator.cards.apdu import CommandApdu, Sw
from simulator.cards.cps3 import build_cps
from simulator.cards.erreurs import (
    CarteAbsente,
    CarteInvalide,
    CarteMuette,
    CarteReinitialisee,
    CarteRetiree,
    ErreurStatut,
    PinBloque,
    PinErrone,
    PinRequis,
)
from simulator.cards.etat import EtatPersistant
from simulator.cards.lecture import (
    authenticate_with_cps,
    exchange,
    prove_with_cps,
    read_certificate,
    read_cps,
    read_vitale,
    sign_with_cps,
    sign_with_vitale,
    verify_code,
)
from simulator.cards.modele import Couverture
from simulator.readers.base import Connection
from simulator.readers.faults import (
    Alteree,
    Arrachee,
    AutreAtr,
    Declencheur,
    FauxStatut,
    Lente,
    Muette,
    Tronquee,
    code_presque_bloque,
)
from simulator.readers.script import Incident, Mouvement, play
from tests.cartes.conftest import Materiel, Poste, certify
from tests.conftest_outils import require_program

MESSAGE = b"facture 000000001"


def _send(connexion: Connection, hexa: str) -> str:
    return connexion.transmit(bytes.fromhex(hexa)).hex().upper()


# --- reading ----------------------------------------------------------------------------------------------


def test_free_zones_alone_are_read_without_a_professional(poste: Poste) -> None:
    with poste.vitale() as vitale:
        lue = read_vitale(vitale)
    assert not lue.droits_lus
    assert lue.contenu.type_carte == "T"
    assert (lue.contenu.assure.nir, lue.contenu.assure.cle) == ("1550475999012", "38")
    assert (lue.contenu.assure.regime, lue.contenu.assure.caisse, lue.contenu.assure.centre) == ("01", "349", "9881")
    assert [b.prenom for b in lue.contenu.beneficiaires] == ["PAUL", "ZOÉ"]
    assert [b.naissance for b in lue.contenu.beneficiaires] == ["19550412", "20110900"]
    amc = lue.contenu.beneficiaires[0].amc
    assert amc is not None
    assert (amc.numero_b2, amc.indicateur_traitement) == ("0099000017", "33")
    assert all(b.couverture == () for b in lue.contenu.beneficiaires)
    assert lue.contenu.couverture_famille == ()


def test_a_cps_opens_the_reserved_zones(poste: Poste) -> None:
    with poste.cps() as cps, poste.vitale() as vitale:
        verify_code(cps, "1234")
        lue = read_vitale(vitale, ouvrir_droits=prove_with_cps(cps))
    assert lue.droits_lus
    assert lue.contenu.beneficiaires[0].couverture == (
        Couverture(
            debut=datetime.date(2025, 5, 1), fin=datetime.date(2030, 4, 30), code_ald="1", code_situation="0104"
        ),
    )
    assert [c.code_situation for c in lue.contenu.couverture_famille] == ["0200"]


def test_opened_zones_close_again_at_reset(poste: Poste) -> None:
    with poste.cps() as cps, poste.vitale() as vitale:
        assert read_vitale(vitale, ouvrir_droits=prove_with_cps(cps, "1234")).droits_lus
        assert read_vitale(vitale).droits_lus
        vitale.reset()
        assert not read_vitale(vitale).droits_lus


def test_a_professional_certified_by_nobody_known_opens_nothing(poste: Poste, materiel: Materiel) -> None:
    cle = materiel.cles["vitale"]
    poste.put(
        "ps",
        build_cps(
            materiel.cps_image(),
            cle_authentification=cle,
            certificat_authentification=certify("FAUX", cle, "TEST autorite", cle),
        ),
    )
    with poste.lecteurs.ps.connect() as cps, poste.vitale() as vitale:
        lue = read_vitale(vitale, ouvrir_droits=prove_with_cps(cps, "1234"))
    assert not lue.droits_lus


def test_reserved_zones_need_the_holders_code(poste: Poste) -> None:
    with poste.cps() as cps, poste.vitale() as vitale, pytest.raises(PinRequis):
        read_vitale(vitale, ouvrir_droits=prove_with_cps(cps))


def test_situations_need_the_holders_code(poste: Poste) -> None:
    with poste.cps() as cps:
        libre = read_cps(cps)
        complete = read_cps(cps, "1234")
    assert (libre.contenu.nom, libre.situations_lues, libre.contenu.situations) == ("MARTIN", False, ())
    assert complete.situations_lues
    assert [s.numero_facturation for s in complete.contenu.situations] == ["99111111", "99222230"]
    assert complete.contenu.situations[1].raison_sociale == "CLINIQUE DES PINS"


def test_what_practice_programs_read_freely(poste: Poste) -> None:
    """The sequence of a practice program: holders at SFI 2 of the MF, NIR at SFI 2 of the application."""
    # 65 { 80 nom, 81 prénom, 82 naissance } by hand: 6+2 + 4+2 + 8+2 = 24 = 18; ZOÉ is 5A4FC9 in ISO 8859-15
    paul = "65188006445552414E4481045041554C82083139353530343132"
    zoe = "65178006445552414E4481035A4FC982083230313130393030"
    # plus 93 NIR and key, 15 digits: 24 + 17 = 41 = 29
    nir = "65298006445552414E4481045041554C82083139353530343132930F313535303437353939393031323338"
    with poste.vitale() as vitale:
        assert _send(vitale, "00A40000023F00")[:2] == "61"
        assert _send(vitale, "00B0820000") == "6C33"
        assert _send(vitale, "00B0820033") == paul + zoe + "9000"
        assert _send(vitale, "00A404000BD250000002564954414C45")[:2] == "61"
        assert _send(vitale, "00B0820000") == "6C2B"
        assert _send(vitale, "00B082002B") == nir + "9000"


def test_a_long_read_in_one_extended_command(poste: Poste, materiel: Materiel) -> None:
    with poste.vitale() as vitale:
        _send(vitale, "00A4040C0BD250000002564954414C45")
        _send(vitale, "00A4020C02D0F0")
        reponse = vitale.transmit(CommandApdu(0, 0xB0, 0, 0, le=65_536).encode())
    assert reponse == materiel.certificats["vitale"] + b"\x90\x00"


def test_certificates_are_read_whole(poste: Poste, materiel: Materiel) -> None:
    with poste.cps() as cps, poste.vitale() as vitale:
        assert read_certificate(cps, "signature") == materiel.certificats["signature"]
        assert read_certificate(cps, "authentification") == materiel.certificats["authentification"]
        assert read_certificate(vitale) == materiel.certificats["vitale"]


# --- signing ----------------------------------------------------------------------------------------------


def _openssl_verifies(tmp_path: Path, materiel: Materiel, nom: str, signature: bytes, hachage: str = "sha256") -> bool:
    openssl = require_program("openssl")
    publique = materiel.cles[nom].public_key()
    (tmp_path / "cle.pem").write_bytes(
        publique.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "message").write_bytes(MESSAGE)
    commande = [openssl, "dgst", f"-{hachage}", "-verify", "cle.pem", "-signature", "signature", "message"]
    return subprocess.run(commande, cwd=tmp_path, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("nom_hachage", ["sha1", "sha256", "sha384", "sha512"])
def test_openssl_accepts_the_signatures_of_both_cards(
    poste: Poste, materiel: Materiel, tmp_path: Path, nom_hachage: str
) -> None:
    condensat = hashlib.new(nom_hachage, MESSAGE).digest()
    with poste.cps() as cps, poste.vitale() as vitale:
        par_cps = sign_with_cps(cps, condensat, "1234")
        par_vitale = sign_with_vitale(vitale, condensat)
        assert sign_with_cps(cps, condensat) == par_cps
    assert _openssl_verifies(tmp_path, materiel, "signature", par_cps, nom_hachage)
    assert _openssl_verifies(tmp_path, materiel, "vitale", par_vitale, nom_hachage)
    assert not _openssl_verifies(tmp_path, materiel, "signature", par_vitale, nom_hachage)


def test_openssl_accepts_the_authentication_signature(poste: Poste, materiel: Materiel, tmp_path: Path) -> None:
    with poste.cps() as cps:
        signature = authenticate_with_cps(cps, hashlib.sha256(MESSAGE).digest(), "1234")
    assert _openssl_verifies(tmp_path, materiel, "authentification", signature)


def test_the_card_finishes_the_hash_it_signs(poste: Poste, materiel: Materiel, tmp_path: Path) -> None:
    """The IAS-ECC way: MSE, PSO HASH of the last block, MSE, PSO COMPUTE DIGITAL SIGNATURE without data."""
    with poste.cps() as cps:
        _send(cps, "00A4040C0DE828BD080F8025000001FF0010")
        verify_code(cps, "1234")
        assert _send(cps, "002241AA03800140") == "9000"
        bloc = b"\x90\x00\x80" + bytes((len(MESSAGE),)) + MESSAGE
        assert exchange(cps, CommandApdu(0, 0x2A, 0x90, 0xA0, bloc)).sw == Sw.OK
        assert _send(cps, "002241B606800142840181") == "9000"
        reponse = exchange(cps, CommandApdu(0, 0x2A, 0x9E, 0x9A, le=256))
    assert reponse.sw == Sw.OK
    assert _openssl_verifies(tmp_path, materiel, "signature", reponse.donnees)


def test_no_signature_without_the_code(poste: Poste) -> None:
    with poste.cps() as cps:
        with pytest.raises(PinRequis):
            sign_with_cps(cps, bytes(32))
        with pytest.raises(PinRequis):
            authenticate_with_cps(cps, bytes(32))
        with pytest.raises(PinRequis):
            verify_code(cps, "")


def test_a_hash_of_unknown_size_is_refused_before_the_card(poste: Poste) -> None:
    with poste.cps() as cps, pytest.raises(ValueError, match="31 octets"):
        sign_with_cps(cps, bytes(31), "1234")


def test_the_signature_key_does_not_authenticate(poste: Poste) -> None:
    with poste.cps() as cps:
        _send(cps, "00A4040C0DE828BD080F8025000001FF0010")
        verify_code(cps, "1234")
        assert _send(cps, "002241A406800102840101") == "9000"
        assert _send(cps, "0088000004DEADBEEF") == "6985"


# --- the holder's code ------------------------------------------------------------------------------------


def test_three_wrong_codes_block_the_card_and_the_puk_frees_it(poste: Poste, materiel: Materiel) -> None:
    poste.put("ps", materiel.cps())
    with poste.lecteurs.ps.connect() as cps:
        for restants in (2, 1):
            with pytest.raises(PinErrone) as erreur:
                read_cps(cps, "0000")
            assert erreur.value.essais_restants == restants
        with pytest.raises(PinBloque):
            read_cps(cps, "0000")
        with pytest.raises(PinBloque):
            read_cps(cps, "1234")
        cps.reset()
        with pytest.raises(PinBloque):
            read_cps(cps, "1234")
        assert _send(cps, "002C00010C" + b"876543215555".hex()) == "9000"
        assert read_cps(cps, "5555").situations_lues


def test_tries_outlive_removal_and_the_right_code_gives_them_back(poste: Poste, materiel: Materiel) -> None:
    persistant = EtatPersistant()
    poste.put("ps", materiel.cps(persistant=persistant))
    with poste.lecteurs.ps.connect() as cps, pytest.raises(PinErrone):
        verify_code(cps, "9999")
    poste.put("ps", materiel.cps(persistant=persistant))
    with poste.lecteurs.ps.connect() as cps:
        assert _send(cps, "0020000100") == "63C2"
        verify_code(cps, "1234")
        assert _send(cps, "0020000100") == "9000"
        cps.reset()
        assert _send(cps, "0020000100") == "63C3"


def test_a_nearly_blocked_card(poste: Poste, materiel: Materiel) -> None:
    poste.put("ps", materiel.cps(persistant=code_presque_bloque()))
    with poste.lecteurs.ps.connect() as cps, pytest.raises(PinBloque):
        verify_code(cps, "4321")


def test_the_code_can_be_changed(poste: Poste, materiel: Materiel) -> None:
    poste.put("ps", materiel.cps())
    with poste.lecteurs.ps.connect() as cps:
        assert _send(cps, "0024000108" + b"00005678".hex()) == "63C2"
        assert _send(cps, "0024000108" + b"12345678".hex()) == "9000"
        with pytest.raises(PinErrone):
            verify_code(cps, "1234")
        verify_code(cps, "5678")


# --- movements and faults -----------------------------------------------------------------------------------


def test_an_empty_reader_says_so(poste: Poste) -> None:
    poste.empty("vitale")
    with pytest.raises(CarteAbsente, match="vitale"):
        poste.lecteurs.vitale.connect()


def test_a_card_removed_between_two_commands(poste: Poste) -> None:
    with poste.vitale() as vitale:
        _send(vitale, "00A40000023F00")
        poste.empty("vitale")
        with pytest.raises(CarteRetiree):
            _send(vitale, "00A40000023F00")
    assert not poste.lecteurs.vitale.present


def test_an_occupied_reader_takes_no_second_card(poste: Poste, materiel: Materiel) -> None:
    poste.vitale().disconnect()
    with pytest.raises(ValueError, match="contient déjà une carte"):
        poste.lecteurs.vitale.insert(materiel.vitale())


def test_a_card_pulled_out_during_a_command(poste: Poste, materiel: Materiel) -> None:
    poste.put("vitale", Arrachee(materiel.vitale(), Declencheur(apres=12)))
    with poste.lecteurs.vitale.connect() as vitale, pytest.raises(CarteRetiree):
        read_vitale(vitale)
    with pytest.raises(CarteAbsente):
        poste.lecteurs.vitale.connect()
    assert sum(e.nature == "apdu" and e.lecteur == "vitale" for e in poste.journal) == 13


def test_a_card_replaced_by_another_during_the_reading(poste: Poste, materiel: Materiel) -> None:
    """The new card's data must never mix with the first one's."""
    script = [
        Mouvement(
            action="inserer",
            lecteur="vitale",
            carte="essai",
            incidents=(Incident(action="remplacer", motif="00B0*", apres_apdu=5, carte="famille-petit"),),
        )
    ]
    poste.empty("vitale")
    play(script, poste.lecteurs, materiel.vitale)
    with poste.lecteurs.vitale.connect() as vitale, pytest.raises(CarteRetiree):
        read_vitale(vitale)
    with poste.lecteurs.vitale.connect() as vitale:
        assert read_vitale(vitale).contenu.assure.nom == "PETIT"


def test_a_mute_card_is_told_from_a_removed_one(poste: Poste, materiel: Materiel) -> None:
    poste.put("vitale", Muette(materiel.vitale(), Declencheur("00B0*", apres=2, fois=1)))
    with poste.lecteurs.vitale.connect() as vitale, pytest.raises(CarteMuette):
        read_vitale(vitale)
    assert poste.lecteurs.vitale.present
    with poste.lecteurs.vitale.connect() as vitale:
        assert read_vitale(vitale).contenu.assure.nom == "DURAND"


def test_a_card_mute_for_ever_can_be_taken_out(poste: Poste, materiel: Materiel) -> None:
    poste.put("vitale", Muette(materiel.vitale()))
    with poste.lecteurs.vitale.connect() as vitale, pytest.raises(CarteMuette):
        _send(vitale, "00A40000023F00")
    poste.put("vitale", materiel.vitale())
    with poste.lecteurs.vitale.connect() as vitale:
        assert _send(vitale, "00A4000C023F00") == "9000"


def test_a_card_with_lost_bytes_is_invalid(poste: Poste, materiel: Materiel) -> None:
    poste.put("vitale", Tronquee(materiel.vitale(), 2, Declencheur("00B0*", apres=3)))
    with poste.lecteurs.vitale.connect() as vitale, pytest.raises(CarteInvalide, match="illisible"):
        read_vitale(vitale)


def test_a_tampered_nir_is_seen_by_its_key(poste: Poste, materiel: Materiel) -> None:
    poste.put("vitale", Alteree(materiel.vitale(), b"1550475999012", b"1550475999013"))
    with poste.lecteurs.vitale.connect() as vitale, pytest.raises(CarteInvalide, match="la clé du NIR"):
        read_vitale(vitale)


def test_an_unknown_atr_is_refused(poste: Poste, materiel: Materiel) -> None:
    poste.put("vitale", AutreAtr(materiel.vitale(), bytes.fromhex("3B00")))
    with poste.lecteurs.vitale.connect() as vitale, pytest.raises(CarteInvalide, match="ATR 3B 00 inconnu"):
        read_vitale(vitale)


def test_a_card_in_the_wrong_reader_is_refused(poste: Poste, materiel: Materiel) -> None:
    poste.put("vitale", materiel.cps())
    with poste.lecteurs.vitale.connect() as connexion, pytest.raises(CarteInvalide, match="une carte Vitale est"):
        read_vitale(connexion)


def test_an_unexpected_status_word_is_told(poste: Poste, materiel: Materiel) -> None:
    poste.put("ps", FauxStatut(materiel.cps(), 0x6581, Declencheur("0020*")))
    with poste.lecteurs.ps.connect() as cps, pytest.raises(ErreurStatut, match="6581"):
        verify_code(cps, "1234")


def test_a_slow_card_ends_by_answering(poste: Poste, materiel: Materiel) -> None:
    attentes: list[None] = []
    poste.put("vitale", Lente(materiel.vitale(), lambda: attentes.append(None), Declencheur("00B0*")))
    with poste.lecteurs.vitale.connect() as vitale:
        assert read_vitale(vitale).contenu.assure.nom == "DURAND"
    assert len(attentes) == sum(e.commande[1:2] == b"\xb0" for e in poste.journal)


def test_a_reset_by_someone_else_is_told(poste: Poste) -> None:
    with poste.vitale() as premiere, poste.lecteurs.vitale.connect() as seconde:
        seconde.reset()
        with pytest.raises(CarteReinitialisee):
            _send(premiere, "00A40000023F00")
        premiere.reset()
        assert _send(premiere, "00A4000C023F00") == "9000"


def test_movements_are_played_in_order(poste: Poste, materiel: Materiel) -> None:
    poste.empty("vitale")
    poste.journal.clear()
    play(
        [
            Mouvement(action="inserer", lecteur="vitale", carte="essai"),
            Mouvement(action="remplacer", lecteur="vitale", carte="demo"),
            Mouvement(action="retirer", lecteur="vitale"),
        ],
        poste.lecteurs,
        materiel.vitale,
    )
    assert [e.nature for e in poste.journal if e.nature in ("insertion", "retrait")] == [
        "insertion", "retrait", "insertion", "retrait",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="lecteur « ps2 » inconnu"):
        play([Mouvement(action="retirer", lecteur="ps2")], poste.lecteurs, materiel.vitale)


# --- the log ------------------------------------------------------------------------------------------------


def test_codes_never_reach_the_log(poste: Poste, materiel: Materiel) -> None:
    poste.put("ps", materiel.cps())
    with poste.lecteurs.ps.connect() as cps:
        verify_code(cps, "1234")
        _send(cps, "0024000108" + b"12345678".hex())
        _send(cps, "002C00010C" + b"876543211234".hex())
        _send(cps, "00200001" + "000004" + b"1234".hex())  # extended length
        _send(cps, "10200001FF" + b"1234".hex())  # wrong length, chaining class
        sign_with_cps(cps, bytes(32), "1234")
    tout = b"".join(e.commande + b"|" + e.reponse for e in poste.journal)
    assert poste.journal
    for secret in (b"1234", b"5678", b"87654321"):
        assert secret not in tout
    presentation = next(e for e in poste.journal if e.commande[1:2] == b"\x20")
    assert presentation.commande.hex().upper() == "00200001042A2A2A2A"
    assert (presentation.sw, presentation.commentaire) == (0x9000, "présentation du code : réussi")


def test_both_transports_carry_the_same_bytes(poste: Poste, materiel: Materiel) -> None:
    """The exchanges of a reading are the same list whatever carries them."""
    poste.put("ps", materiel.cps())
    poste.put("vitale", materiel.vitale())
    poste.journal.clear()
    with poste.lecteurs.ps.connect() as cps, poste.lecteurs.vitale.connect() as vitale:
        read_cps(cps, "1234")
        read_vitale(vitale)
    obtenu = [(e.lecteur, e.commande, e.reponse) for e in poste.journal if e.nature == "apdu"]
    with_inproc = _reference_exchanges(materiel)
    assert obtenu == with_inproc
    assert len(obtenu) > 40


def _reference_exchanges(materiel: Materiel) -> list[tuple[str, bytes, bytes]]:
    """The same reading done on the bare cards, without any reader."""
    echanges: list[tuple[str, bytes, bytes]] = []

    class Nue:
        """A connection that is nothing but the card."""

        def __init__(self, nom: str, card: object) -> None:
            self.lecteur, self._card = nom, card
            self.atr: bytes = card.power_on()  # type: ignore[attr-defined]  # a Card

        def transmit(self, commande: bytes) -> bytes:
            reponse: bytes = self._card.transmit(commande)  # type: ignore[attr-defined]  # a Card
            masque = commande[:5] + b"*" * (len(commande) - 5) if commande[1] == 0x20 else commande
            echanges.append((self.lecteur, masque, reponse))
            return reponse

        def reset(self) -> None: ...

        def disconnect(self) -> None: ...

        def __enter__(self) -> Nue:
            return self

        def __exit__(self, *exc: object) -> None: ...

    read_cps(Nue("ps", materiel.cps()), "1234")
    read_vitale(Nue("vitale", materiel.vitale()))
    return echanges
