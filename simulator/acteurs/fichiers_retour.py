"""The ARL files an insurer sends back, opaque to the LPS (cdc §3.3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from norms.arl import Arl, CodecArl
from norms.codec.champ import Valeur
from norms.paquet import NormPack
from simulator.acteurs.decision import DecisionArl, plain
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.valeurs import jour


def build_arl(
    pack: NormPack, organisme: Organisme, decisions: Sequence[DecisionArl], numero: int, aujourdhui: date
) -> bytes:
    """An ARL file for lots of one PS; ``numero`` counts the files of this insurer. Values unfit for it are left out."""
    entete: dict[str, Valeur] = {
        "type_emetteur": organisme.type_destinataire,
        "numero_emetteur": alphanumeric(organisme.numero_destinataire or organisme.numero, 14),
        "type_destinataire": "TP",
        "numero_destinataire": alphanumeric(decisions[0].lot.numero_ps, 14),
        "identifiant_fichier": f"{numero:06d}",
        "date_creation": aujourdhui,
    }
    return CodecArl(pack).ecrire(entete, [_arl(d, aujourdhui) for d in decisions])


def _arl(decision: DecisionArl, aujourdhui: date) -> Arl:
    lot = decision.lot
    return Arl(
        numero_ps=alphanumeric(lot.numero_ps, 9),
        reference_lot=plain(decision.reference_dite, 3),
        date_lot=jour(lot.lu.entete, "date_lot") or aujourdhui,
        type_facture="D" if lot.type == "DRE" else "F",
        positif=decision.positif,
        date_arl=aujourdhui,
        code=decision.code,
        libelle=decision.libelle,
        numero_facture=decision.numero_facture if decision.numero_facture.isdigit() else "",
    )


def alphanumeric(texte: str, longueur: int) -> str:
    """A number as a file writes it: digits and capitals only, zeros on the left."""
    propre = "".join(c for c in texte if c.isascii() and (c.isdigit() or c.isupper()))
    return propre[-longueur:].rjust(longueur, "0")
