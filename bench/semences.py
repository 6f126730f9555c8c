"""Correct messages to damage: what a PS sends to each kind of organisation, every kind of return that it may fetch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

from norms.noemie import CodecNoemie
from norms.noemie.conteneurs import Conteneur
from norms.paquet import NormPack
from norms.reclamation import Rapport, ecrire
from reference.poste import Poste
from simulator.messagerie.retours import Composteur, build_return
from simulator.monde import ConfigMonde, MondeSimule
from tests.acteurs.outils import AMC, AMO, DEGRADE, DRE, OCT, Emetteur
from tests.reference.conftest import CONVENTION_AMC, Cabinet, G

_MARQUE = b"20990101000000"
OPERATEUR = "77700041"
PLAT = ("cesi", "loi")


@dataclass(frozen=True)
class Envoi:
    """A message for one organisation: ``fichier`` is what its attachment holds, in clear; ``scelle``: encrypted."""

    nom: str
    numero: str
    adresse: str
    fichier: bytes
    modele: bytes
    scelle: bool = True

    def message(self, rang: int) -> bytes:
        """The message under a time stamp of its own."""
        return self.modele.replace(_MARQUE + b"00000", _MARQUE + f"{rang % 100_000:05d}".encode())

    def muet(self, flux: Sequence[Mapping[str, Any]]) -> bool:
        """Whether no answer is due: lots of degraded FSE (cdc §3.5), an opposition request noted as irregular."""
        if self.numero == "LOI":
            return any(d["irregularites"] for f in flux for d in f.get("oppositions", ()))
        lots = [lot for f in flux for lot in f.get("lots", ())]
        return bool(lots) and all((lot["type"], lot["mode"]) == ("FSE", "DEGRADE") for lot in lots)


@dataclass(frozen=True)
class Retour:
    """A return: ``nature`` arl, rsp or the description of another one; ``contenu`` of its part."""

    nature: str
    brut: bytes
    contenu: bytes


def received(e: Emetteur) -> list[Envoi]:
    """One correct message for each kind of addressee and of content."""
    facture = e.facture
    fse = [e.lot([facture("000000001"), facture("000000002")]), e.lot([facture("000000003", g1410_1="2")], "002")]
    dre = [e.lot([facture("000000004", DRE), facture("000000005", DRE)], "AAA")]
    degrade = [e.lot([facture("000000006", mode=DEGRADE)], "003")]
    unique = {"g1321_2": "34900033", "g1321_3": "A0001", "g1321_7": "99", "g1610_13": "750", "g1710_4": "750"}
    deux_parts = [e.lot([facture("000000007", **unique)], "004")]
    confie = {"g1321_2": "75500058", "g1321_8": "OP", "g1321_9": "reglement.test", "g1321_11": "003"}
    operateur = [e.lot([facture("000000008", DRE, **confie, g1322_1=OPERATEUR)], "AAB")]
    envois = [
        _sealed(e, "FSE", AMO, e.fichier(fse), 3),
        _sealed(e, "DRE", AMC, e.fichier(dre), 2),
        _sealed(e, "FSE dégradée", AMO, e.fichier(degrade), 1),
        _sealed(e, "deux parts", AMO, e.fichier(deux_parts), 1),
        _sealed(e, "DRE à un opérateur", OPERATEUR, e.fichier(operateur), 1),
    ]
    destinataire = {"type_destinataire": "OT", "numero_destinataire": "00000000000001", "application": "TO"}
    envois.append(_sealed(e, "FSE au concentrateur", OCT, e.fichier(fse, **destinataire), 3))
    rapport = Rapport("1", "991111113", "000000001", "FSE", "001", "2026-03-02", "1750", "rejete", "0101")
    cesi = _clear(
        e, f"RECLAMATION/991111113/{_MARQUE.decode()}00000/00001", "RECLAMATION/CESI", ecrire([rapport]), "cesi"
    )
    loi = _clear(e, f"DLOI/991111113/{_MARQUE.decode()}00000", "DEMANDE/DLOI", b"DEMANDE;000000\r\n", "loi")
    return [*envois, cesi, loi]


def _sealed(e: Emetteur, nom: str, numero: str, fichier: bytes, nombre: int) -> Envoi:
    sujet = f"SV140800/991111113/{_MARQUE.decode()}00000/{nombre:05d}"
    modele = e.message(e.sceller(fichier, numero), nombre, numero, Subject=sujet)
    adresse = e.monde.bureau.acteur(numero).organisme.adresse
    return Envoi(nom, numero, adresse, fichier, modele)


def _clear(e: Emetteur, sujet: str, description: str, contenu: bytes, genre: str) -> Envoi:
    organisme = next(o for o in e.monde.organismes if o.role == genre.upper())
    modele = e.message(contenu, 1, AMO, Subject=sujet, Content_Description=description, To=organisme.adresse)
    return Envoi(genre, organisme.numero, organisme.adresse, contenu, modele, scelle=False)


# --- returns --------------------------------------------------------------------------------------------------
@contextmanager
def workstation(dossier: Path, journal: Any) -> Iterator[Cabinet]:
    """The reference in front of a world, with a patient who has a complementary insurer."""
    lecteurs = {"ps": "dr-martin", "vitale": "nguyen-linh"}
    with MondeSimule(ConfigMonde(date="2022-11-21T09:00", lecteurs=lecteurs, journal=journal)) as monde:
        cabinet = Cabinet(monde, dossier / "poste", {"conventions": [CONVENTION_AMC]})
        cabinet.demarrer()
        yield cabinet
        cabinet.brut("au_revoir")


def poste_of(cabinet: Cabinet) -> Poste:
    """The workstation behind the adapter."""
    poste = cabinet.adaptateur.poste
    assert poste is not None
    return poste


def returns(cabinet: Cabinet) -> list[Retour]:
    """Every kind of return, about invoices that the workstation really sent; the mailbox is left empty."""
    monde, trouves = cabinet.monde, []

    def send() -> None:
        cabinet.lire_cartes()
        cabinet.ok(
            "facture.elaborer",
            prestations=[G],
            tiers_payant={"amo": True, "amc": True},
            complementaire={"source": "carte_vitale", "gestion": "separee"},
        )
        cabinet.transmettre()

    def keep() -> None:
        en_boite = monde.boites.messages(monde.adresse_ps)
        trouves.extend(_return(x.brut) for x in en_boite)
        monde.boites.delete(monde.adresse_ps, {x.uid for x in en_boite})

    reglages: tuple[dict[str, Any], ...] = (
        {"rsp": "paye"},
        {"rsp": "rejete", "rejet_code": "0101", "rejet_libelle": "Droits non ouverts"},
        {"rsp": "signale", "forfaits": [{"code": "ROSP", "montant": 100_000, "libelle": "ROSP"}]},
        {"rsp": "partiel", "retenues": [{"montant": 500}], "papier": [{"numero": "77", "montant": 2500}]},
        {"rsp": "differe"},
        {"rsp": "paye", "rsp_reference": "576"},
        {"rsp": "rejete", "rsp_reference": "900"},
        {"arl": "negatif", "arl_code": "5001", "facture_en_cause": 1},
        {"service": "rejet_smtp"},
        {"service": "rejet_fichier"},
        {"service": "rejet_chiffrement"},
    )
    for reglage in reglages:
        base = {"acteur": AMO, "arl": "honnete", "service": "aucun", "rsp_reference": "580"}
        monde.agir("acteur.regler", base | reglage)
        send()
        monde.agir("acteurs.liquider")
        keep()
    monde.agir("acteur.regler", {"acteur": AMO, "service": "aucun"})
    for panne in ({"quoi": "non_remise"}, {"quoi": "site_indisponible", "jours_ouvres": 1}):
        monde.agir("panne.poser", panne)
        send()
        keep()
    composteur = Composteur(monde.horloge, "concentrateur.test")
    for nature, contenu, champs in (
        ("art", b"Fichier recu", {"numero_ps": "991111113"}),
        ("ar_reclamation", b"recu", {"sujet_origine": "RECLAMATION/991111113/2022112109000000001/00001"}),
    ):
        brut = build_return(
            nature, expediteur="a@concentrateur.test", destinataire=monde.adresse_ps, contenu=contenu,
            composteur=composteur, champs=champs,
        )  # fmt: skip
        trouves.append(_return(brut))
    return [*trouves, *(_in_blocks(r) for r in trouves if r.nature == "rsp")]


def _return(brut: bytes) -> Retour:
    message = message_from_bytes(brut)
    description = str(message["Content-Description"])
    nature = {"ARL/SV": "arl", "RSP/NOEMIE": "rsp"}.get(description, description)
    contenu = b"" if message.is_multipart() else message.get_payload(decode=True)
    return Retour(nature, brut, contenu if isinstance(contenu, bytes) else b"")


def _in_blocks(r: Retour) -> Retour:
    """The same return in the other physical form of NOEMIE files."""
    codec = CodecNoemie(NormPack.par_defaut())
    fichier = codec.lire(r.contenu)
    return Retour(r.nature, r.brut, codec.ecrire(fichier.entites, Conteneur.BLOCS128))
