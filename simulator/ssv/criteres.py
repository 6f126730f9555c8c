"""Grouping criteria: opaque texts built from the elements of cdc §3.2.10.1.1 and §3.2.10.2 (``lots.yaml``)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from norms.contrat.base import TypeFacture
from simulator.ssv.chiffrement import numero_dre, recipient
from simulator.ssv.contexte import Contexte
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import FactureSsv

MAX_CRITERE = 1024


class Criteres:
    """Builds and reads criteria, and the values that lots and files take from invoices."""

    def __init__(self, contexte: Contexte) -> None:
        self._contexte = contexte
        self._regles: Any = contexte.donnees.lots
        self._regles_propres: Mapping[str, Callable[[FactureSsv], str]] = {
            "vide": lambda f: "",
            "organisme_destinataire": lambda f: f.organisme_destinataire,
            "centre_informatique": lambda f: f.centre_informatique,
            "top_certification": lambda f: f.regle.top_certification,
            "destinataire_dre": numero_dre,
            "numero_amc": lambda f: f.value("2M.numero_amc"),
            "type_destinataire": lambda f: recipient(contexte, f).type_destinataire,
            "numero_emetteur": lambda f: self._padded(f.numero_ps),
            "numero_destinataire": lambda f: self._padded(self._numero_destinataire(f)),
        }

    def constant(self, nom: str) -> str:
        """A constant of ``lots.yaml``: version, norme, monnaie…"""
        return str(self._regles[nom]["valeur"])

    def lot(self, facture: FactureSsv) -> str:
        """The criterion that the invoices of one lot share."""
        return encode_critere(self._elements("critere_lot", facture))

    def fichier(self, facture: FactureSsv) -> str:
        """The criterion that the lots of one file share, from any invoice of a lot."""
        return encode_critere(self._elements("critere_fichier", facture))

    def _elements(self, table: str, facture: FactureSsv) -> dict[str, str]:
        elements = self._regles[table][facture.type]["elements"]
        return {e["nom"]: self.value(e["de"], facture, e.get("table")) for e in elements}

    def value(self, source: str, facture: FactureSsv, table: Mapping[str, str] | None = None) -> str:
        """« 2.regime » is a field of the invoice, « ~version » a rule; ``table`` then translates, « * » by default."""
        valeur = self._rule(source[1:], facture) if source.startswith("~") else facture.value(source)
        return valeur if table is None else table.get(valeur, table.get("*", ""))

    def _rule(self, nom: str, facture: FactureSsv) -> str:
        if nom in self._regles and "valeur" in self._regles[nom]:
            return self.constant(nom)
        return self._regles_propres[nom](facture)

    def _padded(self, numero: str) -> str:
        return numero.rjust(int(self.constant("longueur_numero")), "0")

    def _numero_destinataire(self, facture: FactureSsv) -> str:
        if facture.type is TypeFacture.DRE:
            return numero_dre(facture)
        centre = facture.centre_informatique or recipient(self._contexte, facture).centre_informatique
        return facture.value("2.regime") + centre + facture.organisme_destinataire


def encode_critere(elements: Mapping[str, str]) -> str:
    """An opaque text; equal when the elements are."""
    texte = json.dumps(elements, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(texte.encode("ascii")).decode("ascii").rstrip("=")


def decode_critere(critere: str) -> dict[str, str]:
    """The elements of a criterion that we made. Raises RefusSsv on any other text."""
    try:
        if len(critere) > MAX_CRITERE:
            raise ValueError
        brut = base64.b64decode(critere + "=" * (-len(critere) % 4), altchars=b"-_", validate=True)
        elements = json.loads(brut)
        if not isinstance(elements, dict) or encode_critere(elements) != critere:
            raise ValueError
    except (ValueError, binascii.Error, RecursionError, TypeError):
        raise RefusSsv(
            "donnee_incorrecte", "critère de fichier altéré : le rendre tel que « formater_lot » l'a donné"
        ) from None
    return {str(k): str(v) for k, v in elements.items()}
