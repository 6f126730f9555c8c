"""Payment returns in the terms of the domain: what was paid or rejected for each invoice, to and from entities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from norms.codec import Enregistrement
from norms.codec.champ import Valeur
from norms.noemie.codec import CodecNoemie, FichierNoemie
from norms.noemie.niveaux import Niveaux, closing_values, signed

PAYE, REJETE, DIFFERE = "P", "R", "D"


@dataclass(frozen=True, slots=True)
class Part:
    """The AMO or AMC part of an invoice: asked and paid in centimes, ``etat`` P, R or D."""

    demande: int
    paye: int
    etat: str = PAYE
    numero_amc: str = ""
    numero_adherent: str = ""


@dataclass(frozen=True, slots=True)
class Rejet:
    """A reject: 4-character code, label, level F (invoice), L (line) or A (refined code), part O (AMO) or C (AMC)."""

    code: str
    libelle: str
    niveau: str = "F"
    part: str = "O"
    nature_prestation: str = ""
    date_soins: date | None = None
    ligne: str = ""


@dataclass(frozen=True, slots=True)
class FactureReglee:
    """What a return says of one invoice. ``type_facture`` as in entity 102: F FSE, D DRE, B degraded…"""

    numero: str
    numero_lot: str
    date_lot: date | None
    type_facture: str = "F"
    date_facturation: date | None = None
    nature_assurance: str = "10"
    traitement_amc: str = ""
    assure: Mapping[str, Valeur] = field(default_factory=dict)
    amo: Part | None = None
    amc: Part | None = None
    rejets: tuple[Rejet, ...] = ()
    commentaire: str = ""
    #: The payment that bears it: date of transfer, paying organisation, entity ranks in the file.
    date_virement: date | None = None
    organisme_payeur: str = ""
    entites: tuple[Enregistrement, ...] = ()

    @property
    def paye(self) -> int:
        """What is paid in all, in centimes."""
        return sum(p.paye for p in (self.amo, self.amc) if p)

    @property
    def rejetee(self) -> bool:
        return any(p.etat == REJETE for p in (self.amo, self.amc) if p)


@dataclass(frozen=True, slots=True)
class Reglement:
    """A payment: whom to, when, by whom, for which invoices."""

    numero_reglement: str
    date_virement: date
    organisme_payeur: str
    factures: tuple[FactureReglee, ...]
    libelle_1: str = ""
    libelle_2: str = ""
    type_retour: str = "01"


def build_580(
    codec: CodecNoemie, entete: Mapping[str, Valeur], reglements: Sequence[Reglement]
) -> list[Enregistrement]:
    """The entities of a 580 return, levels and totals included. ``entete``: values of 000, its ends repeated in 999.

    Raises ErreurEnregistrement when a value doesn't fit its field.
    """
    niveaux = Niveaux(codec)
    entites: list[Enregistrement] = []

    def put(code: str, valeurs: Mapping[str, Valeur]) -> None:
        e = codec.creer(code, valeurs, rang=len(entites) + 1)
        entites.append(e)
        if code not in {"000", "990", "999"}:
            niveaux.add(e)

    def close() -> None:
        niveau = niveaux.close()
        if niveau is not None:
            put("990", closing_values(niveau))

    put("000", {"reference": "580", **entete})
    for r in reglements:
        put("040", {"numero_reglement": r.numero_reglement})
        put(
            "071",
            {
                "date_comptable": r.date_virement,
                "libelle_1": r.libelle_1,
                "libelle_2": r.libelle_2,
                "organisme_payeur": r.organisme_payeur,
            },
        )
        put("081", {"type_retour": r.type_retour})
        for f in r.factures:
            for code, valeurs in _invoice(f):
                put(code, valeurs)
        for _ in range(3):
            close()
    fin = codec.disposition("999").par_nom
    communs = {k: v for k, v in entete.items() if k in fin}
    total = niveaux.total
    put(
        "999",
        {
            **communs,
            "nombre_enregistrements": len(entites) + 1,
            "nombre_lots": len({f.numero_lot for r in reglements for f in r.factures}),
            "cumul": abs(total),
            "signe": "N" if total < 0 else "P",
        },
    )
    return entites


def _invoice(f: FactureReglee) -> Iterable[tuple[str, dict[str, Valeur]]]:
    yield (
        "102",
        {
            "numero_facture": f.numero,
            "numero_lot": f.numero_lot,
            "date_lot": f.date_lot,
            "type_facture": f.type_facture,
            "date_facturation": f.date_facturation,
            "traitement_amc": f.traitement_amc,
            "nature_assurance": f.nature_assurance,
        },
    )
    yield "103", dict(f.assure)
    for code, part in (("198", f.amo), ("199", f.amc)):
        if part is None:
            continue
        valeurs: dict[str, Valeur] = {
            "montant_demande": part.demande,
            "etat": part.etat,
            "montant_paye": abs(part.paye),
            "signe": "N" if part.paye < 0 else "P",
        }
        if code == "199":
            valeurs |= {"numero_amc": part.numero_amc, "numero_adherent": part.numero_adherent}
        yield code, valeurs
    for i, r in enumerate(f.rejets, start=1):
        yield (
            "294",
            {
                "code": r.code,
                "libelle": r.libelle,
                "niveau_rejet": r.niveau,
                "part": r.part,
                "nature_prestation": r.nature_prestation,
                "date_soins": r.date_soins,
                "ligne": r.ligne or "000",
                "rang_rejet": i,
            },
        )
    if f.commentaire:
        yield "295", {"code": "C", "commentaire": f.commentaire}


def lire_factures(fichier: FichierNoemie) -> list[FactureReglee]:
    """What a return says of each invoice, in file order: 580 (102, 103, 198…), or 576 and 900 (080, 100, 110, 210).

    In 576 and 900, amounts are those of the lines (210): asked ``depense``, paid ``montant_rembourse``.
    """
    factures: list[FactureReglee] = []
    contexte: dict[str, Any] = {"date_virement": None, "organisme_payeur": "", "numero_lot": "", "date_lot": None}
    courante: list[Enregistrement] = []

    def flush() -> None:
        if courante:
            factures.append(_invoice_of(courante, contexte))
            courante.clear()

    for e in fichier.entites[1:-1]:
        if e.type in {"020", "040", "070", "071", "080", "081", "100", "102", "990"}:
            flush()
        match e.type:
            case "070":
                contexte["date_virement"] = e["date_comptable"]
            case "071":
                contexte |= {"date_virement": e["date_comptable"], "organisme_payeur": e["organisme_payeur"]}
            case "080":
                contexte |= {"numero_lot": e["numero_lot"], "date_lot": e["date_lot"]}
            case "100" | "102":
                courante.append(e)
            case _:
                if courante:
                    courante.append(e)
    flush()
    return factures


def _invoice_of(entites: list[Enregistrement], contexte: Mapping[str, Any]) -> FactureReglee:
    tete = entites[0].valeurs
    assure: dict[str, Valeur] = {}
    parts: dict[str, Part] = {}
    rejets: list[Rejet] = []
    commentaires: list[str] = []
    for e in entites[1:]:
        v: Mapping[str, Any] = e.valeurs
        if e.type in {"103", "110", "120"}:
            assure |= {k: x for k, x in v.items() if k not in {"entite", "niveau"}}
        elif e.type in {"198", "199"}:
            amc = (v["numero_amc"], v["numero_adherent"]) if e.type == "199" else ("", "")
            parts[e.type] = Part(v["montant_demande"], signed(e, "montant_paye"), v["etat"], *amc)
        elif e.type == "210":
            deja = parts.get("198", Part(0, 0))
            parts["198"] = Part(deja.demande + v["depense"], deja.paye + signed(e, "montant_rembourse"))
        elif e.type == "294":
            noms = ("code", "libelle", "niveau_rejet", "part", "nature_prestation", "date_soins", "ligne")
            rejets.append(Rejet(*(v[n] for n in noms)))
        elif e.type == "295":
            commentaires.append(v["commentaire"])
    return FactureReglee(
        numero=str(tete["numero_facture"]),
        numero_lot=str(tete.get("numero_lot", contexte["numero_lot"])),
        date_lot=_date(tete.get("date_lot", contexte["date_lot"])),
        type_facture=str(tete.get("type_facture", "")),
        date_facturation=_date(tete.get("date_facturation")),
        nature_assurance=str(tete.get("nature_assurance", "")),
        traitement_amc=str(tete.get("traitement_amc", "")),
        assure=assure,
        amo=parts.get("198"),
        amc=parts.get("199"),
        rejets=tuple(rejets),
        commentaire=" ".join(commentaires),
        date_virement=contexte["date_virement"],
        organisme_payeur=contexte["organisme_payeur"],
        entites=tuple(entites),
    )


def _date(valeur: Valeur) -> date | None:
    return valeur if isinstance(valeur, date) else None
