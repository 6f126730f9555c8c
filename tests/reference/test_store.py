"""The durable store: strict, transactional, resumable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.paquet import NormPack
from norms.ssv import CatalogueGroupes
from reference.erreurs import Refus
from reference.modele import Totaux
from reference.store import Base, Compteurs, Factures, Lots
from reference.store.base import NOM
from reference.store.factures import SECURISEE

CATALOGUE = CatalogueGroupes(NormPack.par_defaut())


Ouvrir = Callable[[Path], Base]


@pytest.fixture
def ouvrir() -> Iterator[Ouvrir]:
    """Opens stores and closes them with the test."""
    with ExitStack() as pile:

        def open_store(dossier: Path) -> Base:
            base = Base(dossier)
            pile.callback(base.fermer)
            return base

        yield open_store


def enregistrer(factures: Factures, numero: str, type_: TypeFacture = TypeFacture.FSE) -> int:
    id_ = factures.enregistrer(
        type_=type_,
        numero=numero,
        mode=ModeSecurisation.SESAM_VITALE,
        jour="2022-11-21",
        situation="1",
        beneficiaire=("DURAND", "PAUL"),
        totaux=Totaux(2500, 1750, 0, 2500),
        groupes=[CATALOGUE.creer(1110, numero_facture=numero)],
    )
    factures.securiser(id_, b"facture", "critere", SECURISEE)
    return id_


def test_double_electronique(tmp_path: Path, ouvrir: Ouvrir) -> None:
    """SV-3.2.7.3-02 to -04: what was given to the services, name and first name of the beneficiary."""
    factures = Factures(ouvrir(tmp_path))
    id_ = enregistrer(factures, "000000001")
    (facture,) = factures.toutes()
    assert (facture.nom, facture.prenom, facture.contenu) == ("DURAND", "PAUL", b"facture")
    assert factures.groupes(id_)[0].champs[0] == "000000001"


def test_un_numero_par_type(tmp_path: Path, ouvrir: Ouvrir) -> None:
    factures = Factures(ouvrir(tmp_path))
    enregistrer(factures, "000000001")
    enregistrer(factures, "000000001", TypeFacture.DRE)
    with pytest.raises(Refus, match="000000001"):
        enregistrer(factures, "000000001")


def test_transaction_annulee_en_entier(tmp_path: Path, ouvrir: Ouvrir) -> None:
    base = ouvrir(tmp_path)
    compteurs = Compteurs(base)
    compteurs.ecrire("facture", "5")

    def echouer() -> None:
        with base.transaction():
            compteurs.avancer("facture")
            with base.transaction():
                compteurs.avancer("facture")
            raise Refus("échec")

    with pytest.raises(Refus):
        echouer()
    assert compteurs.lire("facture") == "5"


def test_reprise_apres_fermeture(tmp_path: Path, ouvrir: Ouvrir) -> None:
    base = ouvrir(tmp_path)
    assert base.vierge
    Compteurs(base).ecrire("facture", "41")
    base.fermer()
    reprise = ouvrir(tmp_path)
    assert not reprise.vierge
    assert Compteurs(reprise).avancer("facture") == 42
    reprise.fermer()


def test_elaboration_interrompue_oubliee(tmp_path: Path, ouvrir: Ouvrir) -> None:
    base = ouvrir(tmp_path)
    factures = Factures(base)
    id_ = enregistrer(factures, "000000001")
    base.ecrire("UPDATE factures SET statut = 'elaboree' WHERE id = ?", id_)
    assert factures.toutes() == ()
    factures.oublier_inachevees()
    assert not factures.numero_pris("000000001")


def test_type_de_valeur_controle(tmp_path: Path, ouvrir: Ouvrir) -> None:
    base = ouvrir(tmp_path)
    with pytest.raises(sqlite3.IntegrityError):
        base.ecrire("INSERT INTO recus VALUES ('u', 'i', 3.5)")


@pytest.mark.parametrize("contenu", [b"pas une base", None])
def test_base_etrangere_refusee(tmp_path: Path, contenu: bytes | None) -> None:
    if contenu is None:
        with sqlite3.connect(tmp_path / NOM) as lien:
            lien.execute("PRAGMA user_version = 99")
        lien.close()
    else:
        (tmp_path / NOM).write_bytes(contenu)
    with pytest.raises(Refus):
        Base(tmp_path)


def lot(lots: Lots, reference: str, jour: str, statut: str) -> None:
    id_ = lots.enregistrer(
        reference=reference,
        type_=TypeFacture.FSE,
        mode=ModeSecurisation.SESAM_VITALE,
        jour=jour,
        contenu=b"",
        critere_fichier="",
        groupe=CATALOGUE.creer(13),
        adresse="",
        factures=[],
    )
    lots.changer_statut([id_], statut)


def test_references_conservees_90_jours(tmp_path: Path, ouvrir: Ouvrir) -> None:
    lots = Lots(ouvrir(tmp_path), CATALOGUE)
    lot(lots, "001", "2022-08-23", "acquitte")  # 90 days before 21 November: may be used again
    lot(lots, "002", "2022-08-24", "acquitte")
    lot(lots, "003", "2022-01-01", "transmis")  # still awaited
    lot(lots, "004", "2022-01-01", "remplace")
    assert lots.references_conservees(TypeFacture.FSE, date(2022, 11, 21)) == {"002", "003"}
    assert lots.references_conservees(TypeFacture.DRE, date(2022, 11, 21)) == frozenset()


ANCIENNE = """
CREATE TABLE ancienne (
  id INTEGER PRIMARY KEY, type TEXT NOT NULL CHECK (type IN ('FSE', 'DRE')),
  numero TEXT NOT NULL CHECK (length(numero) = 9), mode TEXT NOT NULL, statut TEXT NOT NULL,
  date_elaboration TEXT NOT NULL, situation TEXT NOT NULL, nom TEXT NOT NULL, prenom TEXT NOT NULL,
  total INTEGER NOT NULL, amo INTEGER NOT NULL, amc INTEGER NOT NULL, assure INTEGER NOT NULL,
  groupes TEXT NOT NULL, contenu BLOB NOT NULL, critere_lot TEXT NOT NULL,
  motif_rejet TEXT NOT NULL DEFAULT '', montant_paye INTEGER, UNIQUE (type, numero)
) STRICT;
INSERT INTO ancienne SELECT id, type, numero, mode, statut, date_elaboration, situation, nom, prenom, total, amo, amc,
  assure, groupes, contenu, critere_lot, motif_rejet, montant_paye FROM factures;
DROP TABLE factures;
ALTER TABLE ancienne RENAME TO factures;
"""


@pytest.mark.parametrize("version", [1, 2])
def test_poste_d_une_version_anterieure(tmp_path: Path, ouvrir: Ouvrir, version: int) -> None:
    """Its invoices and lots are kept; a number may then be borne by an invoice and by its cancellation."""
    base = ouvrir(tmp_path)
    facture = enregistrer(Factures(base), "000000007", TypeFacture.DRE)
    lots = Lots(base, CATALOGUE)
    lots.enregistrer(
        reference="AAA",
        type_=TypeFacture.DRE,
        mode=ModeSecurisation.SESAM_VITALE,
        jour="2022-11-21",
        contenu=b"",
        critere_fichier="",
        groupe=CATALOGUE.creer(93),
        adresse="",
        factures=[facture],
    )
    base.fermer()
    lien = sqlite3.connect(tmp_path / NOM)
    lien.executescript(ANCIENNE + f"PRAGMA user_version = {version};")
    if version == 1:
        lien.executescript("DROP TABLE absences; DROP TABLE paiements; DROP TABLE rapports;")
    lien.close()

    base = ouvrir(tmp_path)
    factures = Factures(base)
    (gardee,) = factures.toutes()
    assert (gardee.numero, gardee.lot, gardee.contenu, gardee.annulation) == ("000000007", "AAA", b"facture", False)
    assert base.lire("PRAGMA foreign_key_check") == []
    with pytest.raises(Refus):
        enregistrer(factures, "000000007", TypeFacture.DRE)
    with pytest.raises(sqlite3.IntegrityError):
        base.ecrire("DELETE FROM factures")  # references are still watched over
    base.fermer()
    assert [f.numero for f in Factures(ouvrir(tmp_path)).toutes()] == ["000000007"]
