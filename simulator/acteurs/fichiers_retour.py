"""The files an insurer sends back: ARL (opaque to the LPS) and NOEMIE reference 580 (cdc §3.3.1, §3.3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from norms.arl import Arl, CodecArl
from norms.codec.champ import Valeur
from norms.noemie import CodecNoemie, FactureReglee, Part, Reglement, Rejet, build_580
from norms.paquet import NormPack
from simulator.acteurs.analyse import AnalyseFacture, AnalyseLot
from simulator.acteurs.comportement import Comportement
from simulator.acteurs.decision import DecisionArl, load_tables, plain
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.valeurs import jour

PAYE, REJETE = "P", "R"


@dataclass(frozen=True, slots=True)
class Sort:
    """What became of one invoice in a return: asked and paid in centimes, reject code when rejected."""

    lot: str
    numero: str
    etat: str
    demande: int
    paye: int
    code: str = ""

    def donnees(self) -> dict[str, str | int]:
        return {
            "lot": self.lot,
            "numero": self.numero,
            "etat": self.etat,
            "demande": self.demande,
            "paye": self.paye,
            "code": self.code,
        }


def build_arl(pack: NormPack, organisme: Organisme, decision: DecisionArl, numero: int, aujourdhui: date) -> bytes:
    """An ARL file for one lot; ``numero`` counts the files of this insurer. Values unfit for it are left out."""
    lot = decision.lot
    date_lot = jour(lot.lu.entete, "date_lot") or aujourdhui
    arl = Arl(
        numero_ps=alphanumeric(lot.numero_ps, 9),
        reference_lot=plain(decision.reference_dite, 3),
        date_lot=date_lot,
        type_facture="D" if lot.type == "DRE" else "F",
        positif=decision.positif,
        date_arl=aujourdhui,
        code=decision.code,
        libelle=decision.libelle,
        numero_facture=decision.numero_facture if decision.numero_facture.isdigit() else "",
    )
    entete: dict[str, Valeur] = {
        "type_emetteur": organisme.type_destinataire,
        "numero_emetteur": alphanumeric(organisme.numero_destinataire or organisme.numero, 14),
        "type_destinataire": "TP",
        "numero_destinataire": alphanumeric(lot.numero_ps, 14),
        "identifiant_fichier": f"{numero:06d}",
        "date_creation": aujourdhui,
    }
    return CodecArl(pack).ecrire(entete, [arl])


def build_rsp(
    pack: NormPack,
    organisme: Organisme,
    comportement: Comportement,
    lots: Sequence[AnalyseLot],
    *,
    numero: int,
    aujourdhui: date,
) -> tuple[bytes, tuple[Sort, ...]]:
    """A 580 return that settles every invoice of these lots of one PS; also gives what became of each."""
    sorts: list[Sort] = []
    factures: list[FactureReglee] = []
    for lot in lots:
        for f in lot.factures:
            reglee, sort = _settle(organisme, comportement, lot, f)
            factures.append(reglee)
            sorts.append(sort)
    ps = alphanumeric(lots[0].numero_ps, 9)
    reglement = Reglement(
        numero_reglement=ps,
        date_virement=aujourdhui,
        organisme_payeur=organisme.numero[:10],
        factures=tuple(factures),
        libelle_1=plain(organisme.nom, 32),
        libelle_2=f"VIREMENT {aujourdhui:%d/%m/%Y}",
    )
    entete: dict[str, Valeur] = {
        "type_emetteur": organisme.type_destinataire,
        "numero_emetteur": alphanumeric(organisme.numero_destinataire or organisme.numero, 14),
        "type_destinataire": "TP",
        "numero_destinataire": alphanumeric(lots[0].numero_ps, 14),
        "application": "NO",
        "identifiant_fichier": f"{numero:06d}",
        "date_creation": aujourdhui,
        "flux": "T",
    }
    codec = CodecNoemie(pack)
    return codec.ecrire(build_580(codec, entete, [reglement])), tuple(sorts)


def _settle(
    organisme: Organisme, comportement: Comportement, lot: AnalyseLot, f: AnalyseFacture
) -> tuple[FactureReglee, Sort]:
    tables = load_tables()
    rejetes = {n.rjust(9, "0") for n in comportement.factures_rejetees}
    rejetee = comportement.rsp == "rejete" or f.numero.rjust(9, "0") in rejetes
    etat = REJETE if rejetee else PAYE
    demandes = {"amo": f.montant("total_amo"), "amc": f.montant("total_amc")}
    if f.type == "DRE":
        demandes["amo"] = 0
    code = comportement.rejet_code or tables.defauts["rejet_code"]
    libelle = plain(comportement.rejet_libelle or tables.defauts["rejet_libelle"], 86)
    entete = f.lue.entete

    def part(montant: int, numero_amc: str = "", adherent: str = "") -> Part:
        return Part(montant, 0 if rejetee else montant, etat, numero_amc, adherent)

    amc = None
    if f.type == "DRE" or demandes["amc"]:
        amc = part(demandes["amc"], alphanumeric(_amc_number(f), 10), plain(entete.texte("numero_adherent"), 15))
    rejets = (Rejet(code, libelle, "F", "C" if f.type == "DRE" else "O"),) if rejetee else ()
    reglee = FactureReglee(
        numero=f.numero,
        numero_lot=lot.reference,
        date_lot=jour(lot.lu.entete, "date_lot"),
        type_facture=tables.noemie_type(f.type, f.mode),
        date_facturation=jour(entete, "date_facturation"),
        nature_assurance=entete.texte("nature_assurance"),
        assure={
            "nir": entete.texte("nir"),
            "cle_nir": entete.texte("cle_nir"),
            "naissance": entete.texte("naissance"),
            "rang_naissance": entete.texte("rang_naissance"),
        },
        amo=part(demandes["amo"]) if f.type != "DRE" else None,
        amc=amc,
        rejets=rejets,
        commentaire=f"FACTURE {f.numero} REJETEE PAR {plain(organisme.nom, 60)}" if rejetee else "",
    )
    demande = sum(demandes.values())
    return reglee, Sort(lot.reference, f.numero, etat, demande, 0 if rejetee else demande, code if rejetee else "")


def _amc_number(f: AnalyseFacture) -> str:
    deux_m = next((e for e in f.lue.enregistrements if e.type == "2M"), None)
    return deux_m.texte("numero_amc") if deux_m is not None else f.lue.entete.texte("numero_amc")


def alphanumeric(texte: str, longueur: int) -> str:
    """A number as a file writes it: digits and capitals only, zeros on the left."""
    propre = "".join(c for c in texte if c.isascii() and (c.isdigit() or c.isupper()))
    return propre[-longueur:].rjust(longueur, "0")
