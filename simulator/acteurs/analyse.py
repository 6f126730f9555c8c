"""What an insurer made of a message: frozen results, layer by layer, and their JSON-like form (seam 5, ``flux``)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from norms.b2 import Prestation
from simulator.acteurs.anomalies import Anomalie, Effet
from simulator.acteurs.confiance import ABSENTE, Signature
from simulator.acteurs.lecture import FactureLue, FichierLu, LotLu
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.valeurs import entier, record
from simulator.messagerie.message import MessageAnalyse


@dataclass(frozen=True, slots=True)
class Chiffrement:
    """The encrypted block of an invoice: found, opened with the data key, why not, which fields it held."""

    present: bool
    ouvert: bool = False
    motif: str = ""
    champs: tuple[str, ...] = ()

    def donnees(self) -> dict[str, Any]:
        return {"present": self.present, "ouvert": self.ouvert, "motif": self.motif, "champs": list(self.champs)}


@dataclass(frozen=True, slots=True)
class AnalyseFacture:
    """One invoice; ``prestations`` are restored (clear) when the encrypted block could be opened.

    ``annulation``: it cancels the DRE of the same number (cdc §3.2.3.5.3, §6).
    """

    lue: FactureLue
    type: str
    mode: str
    lot: str
    prestations: tuple[Prestation, ...]
    signature_vitale: Signature = ABSENTE
    signature_cps: Signature = ABSENTE
    chiffrement: Chiffrement = Chiffrement(False)
    anomalies: tuple[Anomalie, ...] = ()
    annulation: bool = False

    @property
    def numero(self) -> str:
        return self.lue.numero

    def has(self, code: str) -> bool:
        """Whether this anomaly was found."""
        return any(a.code == code for a in self.anomalies)

    def montant(self, nom: str) -> int:
        """A total of the record 5, in centimes; 0 when there is none."""
        return entier(self.lue.structure.fin, nom) or 0 if self.lue.structure else 0

    def donnees(self) -> dict[str, Any]:
        structure = self.lue.structure
        return {
            "type": self.type,
            "numero": self.numero,
            "mode": self.mode,
            "lot": self.lot,
            "annulation": self.annulation,
            "entete": record(self.lue.entete),
            "complements": [record(e) for e in structure.complements] if structure else [],
            "prestations": [_prestation(p) for p in self.prestations],
            "fin": record(structure.fin) if structure else {},
            "montants": {
                "total": self.montant("total_facture"),
                "amo": self.montant("total_amo"),
                "amc": self.montant("total_amc"),
                "assure": self.montant("part_assure"),
            },
            "signature_vitale": self.signature_vitale.donnees(),
            "signature_cps": self.signature_cps.donnees(),
            "chiffrement": self.chiffrement.donnees(),
            "anomalies": [a.donnees() for a in self.anomalies],
            "enregistrement": self.lue.entete.rang,
        }


def _prestation(p: Prestation) -> dict[str, Any]:
    return record(p.entete) | {"complements": [record(e) for e in p.complements]}


@dataclass(frozen=True, slots=True)
class AnalyseLot:
    """One lot and its invoices."""

    lu: LotLu
    type: str
    mode: str
    factures: tuple[AnalyseFacture, ...]
    signature: Signature = ABSENTE
    anomalies: tuple[Anomalie, ...] = ()

    @property
    def reference(self) -> str:
        return self.lu.reference

    @property
    def numero_ps(self) -> str:
        return self.lu.entete.texte("numero_ps")

    def faults(self, effet: Effet = "arl_negatif") -> tuple[tuple[Anomalie, AnalyseFacture | None], ...]:
        """The anomalies of the lot, then of its invoices in order, that have this effect."""
        du_lot = [(a, None) for a in self.anomalies if a.effet == effet]
        des_factures = [(a, f) for f in self.factures for a in f.anomalies if a.effet == effet]
        return (*du_lot, *des_factures)

    def donnees(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "type": self.type,
            "mode": self.mode,
            "entete": record(self.lu.entete),
            "fin": record(self.lu.fin),
            "factures": [f.donnees() for f in self.factures],
            "numeros": [f.numero for f in self.factures],
            "brut_sha256": hashlib.sha256(self.lu.brut).hexdigest(),
            "signature": self.signature.donnees(),
            "anomalies": [a.donnees() for a in self.anomalies],
        }


@dataclass(frozen=True, slots=True)
class AnalyseFichier:
    """The envelope of a file and its lots. ``type``: FSE, DRE or MIXTE, empty without lot."""

    lu: FichierLu
    lots: tuple[AnalyseLot, ...]
    anomalies: tuple[Anomalie, ...] = ()

    @property
    def type(self) -> str:
        types = sorted({lot.type for lot in self.lots})
        return "MIXTE" if len(types) > 1 else "".join(types)

    def donnees(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "entete": record(self.lu.entete),
            "fin": record(self.lu.fin),
            "lots": [lot.reference for lot in self.lots],
            "anomalies": [a.donnees() for a in self.anomalies],
        }


@dataclass(frozen=True, slots=True)
class Sujet:
    """The four parts of the subject (annexe5 §7.1.1); empty parts when it doesn't follow the form."""

    brut: str
    version: str = ""
    exercice: str = ""
    compostage: str = ""
    nb_factures: str = ""

    def donnees(self) -> dict[str, Any]:
        return {
            "brut": self.brut,
            "version": self.version,
            "exercice": self.exercice,
            "compostage": self.compostage,
            "nb_factures": self.nb_factures,
        }


@dataclass(frozen=True, slots=True)
class AnalyseMessage:
    """A message as one recipient understood it."""

    organisme: Organisme
    de: str
    a: str
    sujet: Sujet
    content_type: str = ""
    content_description: str = ""
    chiffre: bool = False
    compresse: bool = False
    fichier: AnalyseFichier | None = None
    anomalies: tuple[Anomalie, ...] = ()
    contenu: bytes = field(default=b"", repr=False)
    message: MessageAnalyse | None = field(default=None, repr=False)

    @property
    def lots(self) -> tuple[AnalyseLot, ...]:
        return self.fichier.lots if self.fichier else ()

    def envelope_faults(self) -> tuple[Anomalie, ...]:
        """Anomalies of the message and of the file envelope, in the order of the layers."""
        return (*self.anomalies, *(self.fichier.anomalies if self.fichier else ()))

    def donnees(self, eml: str = "") -> dict[str, Any]:
        """The ``flux`` event: lists of messages, fichiers, lots and factures (docs/architecture.md, seam 5)."""
        acteur = self.organisme.numero
        commun = {"acteur": acteur, "eml": eml}
        sujet = self.sujet.donnees()
        message = commun | {
            "de": self.de,
            "a": self.a,
            "sujet": sujet,
            "content_type": self.content_type,
            "content_description": self.content_description,
            "chiffre": self.chiffre,
            "compresse": self.compresse,
            "anomalies": [a.donnees() for a in self.anomalies],
            "lots": [lot.reference for lot in self.lots],
            "nb_factures_reelles": self.fichier.lu.nombre_factures if self.fichier else 0,
        }
        place = commun | {"message": self.sujet.brut}
        identifiant = (
            self.fichier.lu.entete.texte("identifiant_fichier") if self.fichier and self.fichier.lu.entete else ""
        )
        lots = [place | {"fichier": identifiant} | lot.donnees() for lot in self.lots]
        for lot in lots:
            lot["factures"] = [place | f for f in lot["factures"]]
        return {
            "messages": [message],
            "fichiers": [place | self.fichier.donnees()] if self.fichier else [],
            "lots": lots,
            "factures": [f for lot in lots for f in lot["factures"]],
        }
