"""The RSP an insurer sends: NOEMIE 580, or 576 and 900 from an AMO that still does (cdc §3.3.2, §4.2.2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from norms.codec import ErreurEnregistrement
from norms.codec.champ import Valeur
from norms.noemie import CodecNoemie, FactureReglee, Part, Ponctuelle, Reglement, Rejet, build_return
from norms.paquet import NormPack
from simulator.acteurs.analyse import AnalyseFacture, AnalyseLot
from simulator.acteurs.comportement import Comportement
from simulator.acteurs.decision import load_tables, plain
from simulator.acteurs.fichiers_retour import alphanumeric
from simulator.acteurs.oct_eclatement import is_split_by_oct
from simulator.acteurs.oct_regles import load_regles_oct
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.valeurs import jour

PAYE, REJETE, DIFFERE = "P", "R", "D"
#: An invoice whose header a return can't repeat: it got here because a scenario had its lot accepted all the same.
INDICIBLE = "I"
#: Lot of a paper form: no lot was ever sent.
SANS_LOT = "000"
Issue = Literal["paye", "rejete", "signale", "partiel", "differe", "aucun"]


@dataclass(frozen=True, slots=True)
class Sort:
    """What became of one invoice in a return: asked and paid in centimes, code of the reject or remark."""

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


def build_rsp(
    pack: NormPack,
    organisme: Organisme,
    comportement: Comportement,
    lots: Sequence[AnalyseLot],
    *,
    numero_ps: str,
    numero: int,
    aujourdhui: date,
) -> tuple[bytes, tuple[Sort, ...]]:
    """A return that settles every invoice of these lots of one PS, and what is tied to none; with what became of each.

    An invoice whose values fit no return is left out, its state INDICIBLE; no bytes at all when nothing is left to say.
    Occasional operations come from AMO only (cdc §4.2.2.2), and lump sums in reference 580 only.
    """
    amo = organisme.role == "AMO"
    reference = comportement.rsp_reference if amo else "580"
    regles = [_settle(organisme, comportement, lot, f) for lot in lots for f in lot.factures]
    regles += [_paper(p.numero, p.montant, aujourdhui) for p in comportement.papier if amo]
    reglement = Reglement(
        numero_reglement=alphanumeric(numero_ps, 9),
        date_virement=aujourdhui,
        organisme_payeur=organisme.numero[:10],
        factures=tuple(f for f, _ in regles),
        libelle_1=plain(organisme.nom, 32),
        libelle_2=f"VIREMENT {aujourdhui:%d/%m/%Y}",
        ponctuelles=_occasional(comportement, reference) if amo else (),
    )
    entete: dict[str, Valeur] = {
        "type_emetteur": organisme.type_destinataire,
        "numero_emetteur": alphanumeric(organisme.numero_destinataire or organisme.numero, 14),
        "type_destinataire": "TP",
        "numero_destinataire": alphanumeric(numero_ps, 14),
        "application": "NO",
        "identifiant_fichier": f"{numero:06d}",
        "date_creation": aujourdhui,
        "flux": "T",
    }
    codec = CodecNoemie(pack)
    try:
        return codec.ecrire(build_return(codec, reference, entete, [reglement])), tuple(s for _, s in regles)
    except ErreurEnregistrement:
        dicibles = [_can_be_said(codec, reference, entete, replace(reglement, factures=(f,))) for f, _ in regles]
    sorts = tuple(
        s if dicible else replace(s, etat=INDICIBLE, paye=0) for (_, s), dicible in zip(regles, dicibles, strict=True)
    )
    gardees = tuple(f for (f, _), dicible in zip(regles, dicibles, strict=True) if dicible)
    if not gardees and not reglement.ponctuelles:
        return b"", sorts
    return codec.ecrire(build_return(codec, reference, entete, [replace(reglement, factures=gardees)])), sorts


def _can_be_said(codec: CodecNoemie, reference: str, entete: Mapping[str, Valeur], reglement: Reglement) -> bool:
    try:
        build_return(codec, reference, entete, [reglement])
    except ErreurEnregistrement:
        return False
    return True


def _occasional(comportement: Comportement, reference: str) -> tuple[Ponctuelle, ...]:
    forfaits = comportement.forfaits if reference == "580" else ()
    return (
        *(Ponctuelle("forfait", f.montant, f.code, plain(f.libelle, 80)) for f in forfaits),
        *(
            Ponctuelle("retenue", r.montant, r.nature, operation=r.operation, reference=r.reference)
            for r in comportement.retenues
        ),
    )


def _paper(numero: str, montant: int, aujourdhui: date) -> tuple[FactureReglee, Sort]:
    numero = numero.rjust(9, "0")
    reglee = FactureReglee(
        numero=numero,
        numero_lot=SANS_LOT,
        date_lot=aujourdhui,
        type_facture=load_tables().noemie_type("PAPIER", ""),
        amo=Part(montant, montant),
    )
    return reglee, Sort("", numero, PAYE, montant, montant)


def _settle(
    organisme: Organisme, comportement: Comportement, lot: AnalyseLot, f: AnalyseFacture
) -> tuple[FactureReglee, Sort]:
    tables = load_tables()
    issue = comportement.rsp
    refus = next((a.controle for a in f.anomalies if a.effet == "rejet_rsp"), None) if issue == "paye" else None
    if refus is not None:
        comportement = comportement.changed(
            {"rsp": "rejete", "rejet_part": refus.part, "rejet_code": refus.rejet, "rejet_libelle": refus.libelle}
        )
        issue = "rejete"
    if f.numero.rjust(9, "0") in {n.rjust(9, "0") for n in comportement.factures_rejetees}:
        issue = "rejete"
    par_oct = is_split_by_oct(f, load_regles_oct())  # the AMC part of this FSE reaches the AMC by another way
    demandes = {
        "amo": 0 if f.type == "DRE" else f.montant("total_amo"),
        "amc": 0 if par_oct else f.montant("total_amc"),
    }
    entete = f.lue.entete
    parts = {
        "amo": _part(comportement, issue, "amo", demandes["amo"]) if f.type != "DRE" else None,
        "amc": _part(
            comportement,
            issue,
            "amc",
            demandes["amc"],
            (alphanumeric(_amc_number(f), 10), plain(entete.texte("numero_adherent"), 15)),
        )
        if f.type == "DRE" or demandes["amc"]
        else None,
    }
    code, libelle = "", ""
    if issue in ("rejete", "signale"):
        code = comportement.rejet_code or tables.defauts["rejet_code"]
        libelle = plain(comportement.rejet_libelle or tables.defauts["rejet_libelle"], 86)
    sur_amc = f.type == "DRE" or comportement.rejet_part == "amc"
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
        amo=parts["amo"],
        amc=parts["amc"],
        rejets=(Rejet(code, libelle, "F", "C" if sur_amc else "O"),) if code else (),
        commentaire=f"FACTURE {f.numero} REJETEE PAR {plain(organisme.nom, 60)}" if issue == "rejete" else "",
    )
    etat = {"rejete": REJETE, "differe": DIFFERE}.get(issue, PAYE)
    return reglee, Sort(lot.reference, f.numero, etat, sum(demandes.values()), reglee.paye, code)


def _part(
    comportement: Comportement, issue: Issue, nom: Literal["amo", "amc"], montant: int, amc: tuple[str, str] = ("", "")
) -> Part:
    if issue == "rejete" and comportement.rejet_part in ("tout", nom):
        return Part(montant, 0, REJETE, *amc)
    if issue == "differe":
        return Part(montant, 0, DIFFERE, *amc)
    paye = montant * comportement.paye_pourcent // 100 if issue == "partiel" else montant
    return Part(montant, paye, PAYE, *amc)


def _amc_number(f: AnalyseFacture) -> str:
    deux_m = next((e for e in f.lue.enregistrements if e.type == "2M"), None)
    return deux_m.texte("numero_amc") if deux_m is not None else f.lue.entete.texte("numero_amc")
