"""FormaterLot: records 1 and 6 around the invoices, signature of the lot, series (cdc §4.2.1.16.1)."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from datetime import date
from typing import Any

from norms.b2.securite import RSA_SHA256, SIGNATURE_LOT, octets_a_signer_lot, segmenter
from norms.codec import ErreurEnregistrement
from norms.codec.champ import Valeur
from norms.contrat.services import FormaterLot, GroupeDonnees, LotForme
from simulator.cards.erreurs import CarteAbsente
from simulator.cards.lecture import sign_with_cps
from simulator.cards.modele import ContenuCps, Situation
from simulator.ssv.contexte import Contexte
from simulator.ssv.criteres import Criteres
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import FactureSsv, decode_base64, read_facture
from simulator.ssv.lecture import Lecture, letter


class Lots:
    """FormaterLot, and the state of the series: open from the first lot until ``fin_de_serie`` or a trouble."""

    def __init__(self, contexte: Contexte, lecture: Lecture, criteres: Criteres) -> None:
        self._contexte, self._lecture, self._criteres = contexte, lecture, criteres
        self.serie_ouverte = False

    def formater_lot(self, params: FormaterLot) -> LotForme:
        """Records 1 to 6 and the signature of the lot; group 13 (FSE) or 93 (DRE). Invoices are kept as given.

        The first lot of a series needs the code porteur. Wrong data leave the series open; a trouble with the card
        ends it. Raises RefusSsv.
        """
        factures = self._read(params)
        code = None if self.serie_ouverte else self._code(params)
        try:
            lot = self._sign(params, factures, code)
        except RefusSsv:
            self.serie_ouverte = False
            raise
        self.serie_ouverte = not params.fin_de_serie
        premiere = factures[0]
        critere = self._criteres.fichier(premiere)
        return LotForme(
            lot=base64.b64encode(lot).decode("ascii"),
            critere_fichier=critere,
            groupes=(self._group(params, premiere, critere, len(lot), len(factures)),),
        )

    def _code(self, params: FormaterLot) -> str:
        """The code that opens a series: the LPS gives it, or the PS types it on the reader (cdc §4.2.1.16.1)."""
        if params.code_porteur is not None:
            return params.code_porteur
        postes = self._contexte.postes
        poste = postes.poste(params.ressource_ps)
        if not postes.terminaux.clavier(params.ressource_ps):
            raise RefusSsv("code_porteur_exige", "code porteur exigé au premier lot d'une série")
        if not poste.present:
            raise postes.refus(CarteAbsente(poste.lecteur), "ps")
        return poste.demander_code() or ""

    # --- checks ---------------------------------------------------------------------------------------------
    def _read(self, params: FormaterLot) -> list[FactureSsv]:
        maximum = int(self._contexte.donnees.lots["max_factures"]["valeur"])
        if not 1 <= len(params.factures) <= maximum:
            raise RefusSsv("donnee_incorrecte", f"{len(params.factures)} factures ; attendu de 1 à {maximum}")
        factures = [
            read_facture(self._contexte, decode_base64(f, f"facture n° {i}"), i)
            for i, f in enumerate(params.factures, start=1)
        ]
        for i, facture in enumerate(factures, start=1):
            if not facture.complete:
                raise RefusSsv(
                    "ordre_signatures", f"facture n° {i} ({facture.numero}) : sécurisation inachevée ({facture.mode})"
                )
        criteres = [self._criteres.lot(f) for f in factures]
        for i, critere in enumerate(criteres, start=1):
            if critere != criteres[0]:
                raise RefusSsv(
                    "criteres_differents",
                    f"facture n° {i} ({factures[i - 1].numero}) : critère différent de celui de la première",
                )
        reference = self._contexte.donnees.lots["references"][factures[0].type]
        if not re.fullmatch(reference["motif"], params.reference, re.ASCII):
            raise RefusSsv(
                "reference_lot",
                f"référence de lot « {params.reference[:10]} » ; attendu {reference['attendu']} ({factures[0].type})",
            )
        return factures

    # --- the lot --------------------------------------------------------------------------------------------
    def _sign(self, params: FormaterLot, factures: list[FactureSsv], code_porteur: str | None) -> bytes:
        contexte, premiere = self._contexte, factures[0]
        with contexte.postes.operation(params.ressource_ps, "ps") as poste:
            carte = self._lecture.read_ps(poste, code_porteur).contenu
            situation = _situation(carte, premiere.numero_ps)
            if situation.habilitation_lot != "1":
                raise RefusSsv(
                    "cps_non_habilitee", f"carte de {carte.nom} {carte.prenom} : non habilitée à signer des lots"
                )
            type_carte = letter(carte.carte_de_test)
            if f"{type_carte}/{premiere.marquage}" not in contexte.donnees.securisation["couples"]["facture"]:
                raise RefusSsv(
                    "types_melanges", f"carte du PS de type {type_carte}, factures de type {premiere.marquage}"
                )
            try:
                entete = contexte.codec.creer("1", self._header(params, premiere, carte, situation))
                fin = contexte.codec.creer("6", self._end(params, factures, situation))
            except ErreurEnregistrement as exc:
                raise RefusSsv("donnee_incorrecte", str(exc)) from exc
            lot = [entete, *(e for f in factures for e in f.enregistrements), fin]
            condensat = hashlib.sha256(octets_a_signer_lot(lot)).digest()
            signature = sign_with_cps(poste, condensat)
        segments = segmenter(contexte.codec, SIGNATURE_LOT, premiere.numero_ps, params.reference, RSA_SHA256, signature)
        return b"".join([*(e.brut for e in lot), *segments])

    def _header(
        self, params: FormaterLot, facture: FactureSsv, carte: ContenuCps, situation: Situation
    ) -> dict[str, Valeur]:
        return {
            "numero_ps": facture.numero_ps,
            "organisme_destinataire": facture.organisme_destinataire,
            "numero_lot": params.reference,
            "categorie": situation.specialite,
            "mode_tarif": situation.code_conventionnel,
            "nom_ps": fold(f"{carte.nom} {carte.prenom}")[:40].rstrip(),
            "date_lot": _date(params.date),
            "code_norme": self._criteres.constant("norme"),
            "top_certification": facture.regle.top_certification,
            "version": self._criteres.constant("version"),
            "monnaie": self._criteres.constant("monnaie"),
            "regime_pivot": facture.value("2.regime"),
            "caisse_pivot": facture.value("2.caisse"),
        }

    @staticmethod
    def _end(params: FormaterLot, factures: list[FactureSsv], situation: Situation) -> dict[str, Valeur]:
        enregistrements = [e for f in factures for e in f.enregistrements]
        return {
            "numero_ps": factures[0].numero_ps,
            "nombre_factures": len(factures),
            "nombre_lignes": sum(e.type == "4" for e in enregistrements),
            "nombre_type_2": sum(e.type == "2" for e in enregistrements),
            "nombre_type_5": sum(e.type == "5" for e in enregistrements),
            "total_facture": sum(f.b2.fin.entier("total_facture") for f in factures),
            "total_amo": sum(f.b2.fin.entier("total_amo") for f in factures),
            "total_amc": sum(f.b2.fin.entier("total_amc") for f in factures),
            "numero_lot": params.reference,
            "marquage": factures[0].marquage,
            "type_facture": factures[0].value("2.type_facture"),
            "agrement_progiciel": params.numero_agrement,
            "numero_remplacant": situation.numero_remplacant + situation.cle_remplacant,
        }

    def _group(self, params: FormaterLot, facture: FactureSsv, critere: str, taille: int, nombre: int) -> GroupeDonnees:
        regle: Any = self._contexte.donnees.lots["groupe_lot"][facture.type]
        propres = {
            "~critere_fichier": critere,
            "~reference": params.reference,
            "~taille": str(taille),
            "~nombre_factures": str(nombre),
        }
        champs = tuple(propres[c] if c in propres else self._criteres.value(c, facture) for c in regle["champs"])
        return GroupeDonnees(groupe=int(regle["groupe"]), champs=champs)


def _situation(carte: ContenuCps, numero_ps: str) -> Situation:
    """The situation of the card for these invoices, else its first one (a replacement, an employee)."""
    for situation in carte.situations:
        if situation.numero_facturation + situation.cle_facturation == numero_ps:
            return situation
    return carte.situations[0]


def _date(texte: str) -> date:
    try:
        if len(texte) != 8 or not texte.isascii() or not texte.isdigit():
            raise ValueError
        return date(int(texte[:4]), int(texte[4:6]), int(texte[6:]))
    except ValueError:
        raise RefusSsv("donnee_incorrecte", f"date de lot « {texte[:20]} » ; attendu AAAAMMJJ") from None


def fold(texte: str) -> str:
    """Capitals without accents, as B2 wants names."""
    decompose = unicodedata.normalize("NFKD", texte)
    return "".join(c for c in decompose if " " <= c <= "~").upper()
