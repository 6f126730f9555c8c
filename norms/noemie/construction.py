"""Payment returns in the terms of the domain: what was paid or rejected for each invoice, to and from entities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

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
class Ponctuelle:
    """An amount tied to no invoice: a lump sum paid, or a deduction (cdc §4.2.2.2). ``montant`` in centimes, positive.

    ``code``: of the lump sum, or nature of the deduction; ``operation`` and ``reference``: of the deduction.
    """

    genre: Literal["forfait", "retenue"]
    montant: int
    code: str
    libelle: str = ""
    operation: str = "RAS"
    reference: str = ""

    @property
    def effet(self) -> int:
        """What it adds to the transfer, in centimes."""
        return -self.montant if self.genre == "retenue" else self.montant


@dataclass(frozen=True, slots=True)
class Reglement:
    """A payment: whom to, when, by whom, for which invoices."""

    numero_reglement: str
    date_virement: date
    organisme_payeur: str
    factures: tuple[FactureReglee, ...]
    libelle_1: str = ""
    libelle_2: str = ""
    ponctuelles: tuple[Ponctuelle, ...] = ()


def build_580(
    codec: CodecNoemie, entete: Mapping[str, Valeur], reglements: Sequence[Reglement]
) -> list[Enregistrement]:
    """The entities of a 580 return (see ``build_return``)."""
    return build_return(codec, "580", entete, reglements)


def build_return(
    codec: CodecNoemie, reference: str, entete: Mapping[str, Valeur], reglements: Sequence[Reglement]
) -> list[Enregistrement]:
    """The entities of a 580, 576 or 900 return, levels and totals included; 576 and 900 bear no lump sum.

    ``entete``: values of 000, its ends repeated in 999. Raises ErreurEnregistrement when a value doesn't fit its field.
    """
    niveaux = Niveaux(codec, reference)
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

    put("000", {"reference": reference, **entete})
    for r in reglements:
        put("040", {"numero_reglement": r.numero_reglement})
        if reference != "580":
            put("070", {"date_comptable": r.date_virement})
            for lot in dict.fromkeys((f.numero_lot, f.date_lot) for f in r.factures):
                put("080", {"numero_lot": lot[0], "date_lot": lot[1]})
                for f in r.factures:
                    if (f.numero_lot, f.date_lot) == lot:
                        for code, valeurs in _older_invoice(f):
                            put(code, valeurs)
            for code, valeurs in _occasional(r):
                put(code, valeurs)
            close()
            continue
        put(
            "071",
            {
                "date_comptable": r.date_virement,
                "libelle_1": r.libelle_1,
                "libelle_2": r.libelle_2,
                "organisme_payeur": r.organisme_payeur,
            },
        )
        for type_retour, contenu in _groups(r):
            put("081", {"type_retour": type_retour})
            for code, valeurs in contenu:
                put(code, valeurs)
            close()
        for _ in range(2):
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


#: Types of invoice (entity 102) that came on paper.
PAPIER = frozenset({"P", "C"})
ELECTRONIQUE, SUR_PAPIER, FORFAITS, RETENUES = "01", "02", "03", "05"


def _groups(r: Reglement) -> list[tuple[str, list[tuple[str, dict[str, Valeur]]]]]:
    """What each 081 opens, by type of return: electronic invoices, paper ones, lump sums, deductions."""
    groupes: dict[str, list[tuple[str, dict[str, Valeur]]]] = {}
    for f in r.factures:
        genre = SUR_PAPIER if f.type_facture in PAPIER else ELECTRONIQUE
        groupes.setdefault(genre, []).extend(_invoice(f))
    for code, valeurs in _occasional(r):
        groupes.setdefault(RETENUES if code == "250" else FORFAITS, []).append((code, valeurs))
    return sorted(groupes.items()) or [(ELECTRONIQUE, [])]


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


def _occasional(r: Reglement) -> Iterable[tuple[str, dict[str, Valeur]]]:
    for rang, p in enumerate(r.ponctuelles, start=1):
        if p.genre == "retenue":
            yield (
                "250",
                {
                    "ligne": f"{rang:02d}",
                    "reference_dette": p.reference,
                    "date": r.date_virement,
                    "nature": p.code,
                    "operation": p.operation,
                    "montant": p.montant,
                    "signe": "N",
                },
            )
        elif p.libelle:
            yield "262", {"code": p.code, "libelle": p.libelle, "montant": p.montant}
        else:
            yield "261", {"code": p.code, "montant": p.montant}


def _older_invoice(f: FactureReglee) -> Iterable[tuple[str, dict[str, Valeur]]]:
    """One invoice of a 576 or 900 return: a single line bears its amounts, comments its rejects."""
    yield "100", {"numero_facture": f.numero}
    yield "110", {k: v for k, v in f.assure.items() if k in {"nir", "cle_nir", "nom", "prenom"}}
    part = f.amo or Part(0, 0)
    soins = f.date_facturation
    yield (
        "210",
        {
            "ligne": "01",
            "date_soins": soins,
            "depense": part.demande,
            "montant_rembourse": abs(part.paye),
            "signe": "N" if part.paye < 0 else "P",
            "quantite": 1,
        },
    )
    for r in f.rejets:
        yield "290", {"ligne": "01", "codification": r.code, "libelle": r.libelle[:80]}


def lire_factures(fichier: FichierNoemie) -> list[FactureReglee]:
    """What a return says of each invoice, in file order: 580 (102, 103, 198…), or 576 and 900 (080, 100, 110, 210).

    In 576 and 900, amounts are those of the lines (210): asked ``depense``, paid ``montant_rembourse``; a coded comment
    (290) on a line that pays nothing is its reject.
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
                emetteur = fichier.entete.texte("numero_emetteur").strip().lstrip("0")
                contexte |= {"date_virement": e["date_comptable"], "organisme_payeur": emetteur}
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
        elif e.type == "290" and v["codification"]:
            rejets.append(Rejet(v["codification"], v["libelle"], "L"))
        elif e.type == "295":
            commentaires.append(v["commentaire"])
    ligne = parts.get("198")
    if tete["entite"] == "100" and rejets and ligne is not None and not ligne.paye:
        parts["198"] = replace(ligne, etat=REJETE)
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
