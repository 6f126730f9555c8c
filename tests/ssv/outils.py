"""A workstation for the tests: real cards in in-process readers, test PKI, services; and invoices by groups."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from norms.b2 import CodecB2
from norms.b2.structure import FactureB2
from norms.contrat import services as s
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.contrat.ports import PARIS, AleaReproductible, HorlogeVirtuelle
from norms.paquet import NormPack
from simulator.cards.carte import Card
from simulator.cards.cps3 import build_cps
from simulator.cards.modele import load_cps, load_vitale
from simulator.cards.vitale import build_vitale
from simulator.pki import TestPki
from simulator.readers.inproc import InProcessReader
from simulator.ssv import ServicesSsv

CARTES = Path(__file__).parents[2] / "scenarios" / "population" / "cartes"
INSTANT = datetime(2026, 3, 2, 9, 0, tzinfo=PARIS)
PACK = NormPack.par_defaut()
CODE = "1234"


@dataclass
class Poste:
    """Readers, services and what they emitted."""

    pki: TestPki = field(default_factory=lambda: TestPki(INSTANT))
    horloge: HorlogeVirtuelle = field(default_factory=lambda: HorlogeVirtuelle(INSTANT))
    evenements: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    lecteurs: dict[str, InProcessReader] = field(init=False)
    services: ServicesSsv = field(init=False)
    codec: CodecB2 = field(default_factory=lambda: CodecB2(PACK))

    def __post_init__(self) -> None:
        self.lecteurs = {"ps": InProcessReader("PS"), "vitale": InProcessReader("VITALE")}
        self.services = ServicesSsv(
            self.lecteurs,
            self.pki,
            PACK,
            self.horloge,
            AleaReproductible(7, "ssv"),
            lambda nature, donnees: self.evenements.append((nature, donnees)),
        )

    # --- cards
    def cps(self, nom: str, **changes: Any) -> Card:
        image = load_cps(CARTES / "cps" / f"{nom}.yaml").model_copy(update=changes)
        identite = self.pki.identite_cps(image.numero_serie)
        return build_cps(
            image,
            cle_signature=identite.cle_signature,
            cle_authentification=identite.cle_authentification,
            certificat_signature=identite.cert_signature.public_bytes(Encoding.DER),
            certificat_authentification=identite.cert_authentification.public_bytes(Encoding.DER),
            alea=AleaReproductible(1, "cps"),
        )

    def vitale(self, nom: str, **changes: Any) -> Card:
        image = load_vitale(CARTES / "vitale" / f"{nom}.yaml").model_copy(update=changes)
        identite = self.pki.identite_vitale(image.numero_serie)
        return build_vitale(
            image,
            cle_signature=identite.cle,
            certificat=identite.certificat.public_bytes(Encoding.DER),
            autorites_ps=[self.pki.cle_autorite("cps").public_key()],
            alea=AleaReproductible(1, "vitale"),
        )

    def inserer(self, ps: str | None = "dr-martin", vitale: str | None = "durand-paul") -> Poste:
        if ps:
            self.lecteurs["ps"].insert(self.cps(ps))
        if vitale:
            self.lecteurs["vitale"].insert(self.vitale(vitale))
        return self

    # --- calls
    def appel(self, fonction: str, params: Any = None) -> Any:
        return self.services.appeler(fonction, params if params is not None else s.Vide())

    def init(self) -> Poste:
        assert self.appel("ssv.init_lib").code_retour == "0000"
        return self

    def lire_ps(self, code: str | None = CODE) -> Any:
        return self.appel("ssv.lire_carte_ps", s.LireCartePs(code_porteur=code))

    def lire_vitale(self, code: str | None = None, jour: str = "20260302") -> Any:
        return self.appel("ssv.lire_droits_vitale", s.LireDroitsVitale(code_porteur=code, date_consultation=jour))

    def formater(
        self,
        type_: TypeFacture = TypeFacture.FSE,
        mode: ModeSecurisation = ModeSecurisation.SESAM_VITALE,
        groupes: tuple[s.GroupeDonnees, ...] | None = None,
    ) -> Any:
        recus = groupes_facture(type_) if groupes is None else groupes
        return self.appel("ssv.formater_facture", s.FormaterFacture(type=type_, mode=mode, groupes=recus))

    def chiffrer(self, facture: str) -> Any:
        return self.appel("ssv.chiffrer_facture", s.ChiffrerFacture(facture=facture))

    def signer_vitale(self, facture: str) -> Any:
        return self.appel("ssv.signer_facture_vitale", s.SignerFactureVitale(facture=facture))

    def signer_ps(self, facture: str, code: str | None = CODE, situation: str = "1") -> Any:
        return self.appel(
            "ssv.signer_facture_ps", s.SignerFacturePs(facture=facture, code_porteur=code, numero_situation=situation)
        )

    def securiser(
        self,
        type_: TypeFacture = TypeFacture.FSE,
        mode: ModeSecurisation = ModeSecurisation.SESAM_VITALE,
        **champs: Any,
    ) -> Any:
        """The whole way of one invoice; gives the last answer."""
        reponse = bon(self.formater(type_, mode, groupes_facture(type_, **champs)))
        reponse = bon(self.chiffrer(reponse.facture))
        if mode in (ModeSecurisation.SESAM_VITALE, ModeSecurisation.DESYNCHRONISE):
            reponse = bon(self.signer_vitale(reponse.facture))
        return bon(self.signer_ps(reponse.facture))

    def lot(self, *factures: str, reference: str = "001", code: str | None = CODE, fin: bool = True) -> Any:
        return self.appel(
            "ssv.formater_lot",
            s.FormaterLot(
                reference=reference,
                date="20260302",
                numero_agrement="AGR1",
                factures=factures,
                code_porteur=code,
                fin_de_serie=fin,
            ),
        )

    def b2(self, facture: str) -> FactureB2:
        [lue] = self.codec.lire_factures(base64.b64decode(facture))
        assert isinstance(lue, FactureB2)
        return lue


def bon(reponse: Any) -> Any:
    """The answer, once sure that it worked."""
    assert reponse.code_retour == "0000", reponse.libelle
    return reponse


#: The groups of a consultation, worked out by hand: 25,00 €, 70 %, 17,50 € for the AMO, 7,50 € left.
GROUPES: dict[int, list[str]] = {
    1110: ["000000012", "", "20260302", "1"],
    1120: ["99111111", "3", "MARTIN", "CLAIRE", "1", "01", "30", "01"],
    1130: ["", "1550475999012", "38", "19550412", "1", "0", "00100"],
    1310: ["01", "349", "9881", "349", "349"],
    1410: ["1"],
    1430: ["T"],
    1510: ["10", "0"],
    1610: ["1", "20260302", "", "G", "1", "1.00", "", "2500", "2500", "70", "1750", "2500", "0", "", "0"],
    1710: ["2500", "1750", "750", "0"],
}
GROUPES_DRE: dict[int, list[str]] = {
    1321: ["", "75500017", "A0001", "", "", "", "99", "MU", "rocher-mutuelle.test", "33", "001", "ID-AMC-1"],
    1410: ["3"],
    1610: ["1", "20260302", "", "G", "1", "1.00", "", "2500", "2500", "70", "1750", "2500", "750", "", "0"],
    1710: ["2500", "1750", "750", "750"],
}


def groupes_facture(type_: TypeFacture = TypeFacture.FSE, **changes: str | None) -> tuple[s.GroupeDonnees, ...]:
    """The groups of an invoice; ``g1410_1="3"`` changes a field, ``g1410=None`` leaves a group out."""
    base = {**GROUPES, **(GROUPES_DRE if type_ is TypeFacture.DRE else {})}
    table = {id_: list(champs) for id_, champs in sorted(base.items())}
    for cle, valeur in changes.items():
        id_, _, rang = cle.removeprefix("g").partition("_")
        if not rang:
            table.pop(int(id_), None)
            continue
        champs = table.setdefault(int(id_), [])
        champs += [""] * (int(rang) - len(champs))
        champs[int(rang) - 1] = valeur or ""
    return tuple(s.GroupeDonnees(groupe=id_, champs=tuple(champs)) for id_, champs in sorted(table.items()))
