"""Transfers announced by a return: what the bank statement will show, and what makes it up (cdc §3.3.2, §4.2.2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from norms.codec import Enregistrement
from norms.codec.champ import Valeur
from norms.noemie.codec import FichierNoemie
from norms.noemie.construction import FactureReglee, Ponctuelle, lire_factures
from norms.noemie.niveaux import signed

FORFAITS = ("261", "262")
RETENUE = "250"


@dataclass(slots=True)
class Paiement:
    """One transfer: invoices, lump sums and deductions of the same day and the same payer."""

    date_virement: date | None
    organisme_payeur: str
    factures: list[FactureReglee] = field(default_factory=list)
    ponctuelles: list[Ponctuelle] = field(default_factory=list)

    @property
    def montant(self) -> int:
        """What the bank receives, in centimes."""
        return sum(f.paye for f in self.factures) + sum(p.effet for p in self.ponctuelles)


def lire_paiements(fichier: FichierNoemie) -> list[Paiement]:
    """The transfers of a return, in file order."""
    paiements: dict[tuple[date | None, str], Paiement] = {}

    def of(jour: Valeur, organisme: str) -> Paiement:
        cle = (jour if isinstance(jour, date) else None, organisme)
        return paiements.setdefault(cle, Paiement(*cle))

    for jour, organisme, e in _occasional(fichier):
        of(jour, organisme).ponctuelles.append(_read(e))
    for f in lire_factures(fichier):
        of(f.date_virement, f.organisme_payeur).factures.append(f)
    return list(paiements.values())


def _occasional(fichier: FichierNoemie) -> Iterable[tuple[Valeur, str, Enregistrement]]:
    jour: Valeur = None
    organisme = ""
    for e in fichier:
        if e.type == "071":
            jour, organisme = e["date_comptable"], e.texte("organisme_payeur").strip()
        elif e.type == "070":
            jour, organisme = e["date_comptable"], fichier.entete.texte("numero_emetteur").strip().lstrip("0")
        elif e.type in FORFAITS or e.type == RETENUE:
            yield jour, organisme, e


def _read(e: Enregistrement) -> Ponctuelle:
    if e.type == RETENUE:
        return Ponctuelle(
            "retenue",
            -signed(e, "montant"),
            e.texte("nature").strip(),
            operation=e.texte("operation").strip(),
            reference=e.texte("reference_dette").strip(),
        )
    libelle = e.texte("libelle").strip() if e.type == "262" else ""
    return Ponctuelle("forfait", e.entier("montant"), e.texte("code").strip(), libelle)
