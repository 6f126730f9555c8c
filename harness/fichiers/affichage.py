"""What people read: the annotated view of a file, the findings of a check. Plain lines, or tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from harness.fichiers.modele import ChampVu, ConstatFichier, EnregistrementVu, ResultatFichier
from harness.fichiers.reconnaissance import Nature
from harness.modele.verdict import Verdict

_LARGEUR_BRUT = 40
MARQUE = "(h)"
LEGENDE = "(h) : place ou sens qui repose sur une hypothèse, faute de document public"


# --- decode ---------------------------------------------------------------------------------------------------
def record_title(vu: EnregistrementVu) -> str:
    """``enregistrement 3, type 4, Prestation (octet 256)``"""
    ou = f" (octet {vu.octet})" if vu.octet >= 0 else ""
    marque = f" {MARQUE}" if vu.hypothese else ""
    quoi = "enregistrement" if vu.octet >= 0 else "élément"
    return f"{quoi} {vu.rang}, type {vu.type}, {vu.libelle}{ou}{marque}"


def shown_fields(vu: EnregistrementVu, *, tout: bool) -> tuple[list[ChampVu], int]:
    """The fields to show, and how many empty ones are left out."""
    champs = [c for c in vu.champs if tout or c.valeur]
    return champs, len(vu.champs) - len(champs)


def record_lines(vu: EnregistrementVu, *, tout: bool, brut: bool) -> Iterator[str]:
    """A record as plain lines: columns, name, text, meaning or value, label."""
    yield record_title(vu)
    if brut and vu.brut:
        yield f"  brut      {vu.brut}"
    champs, vides = shown_fields(vu, tout=tout)
    largeur = max((len(c.nom) for c in champs), default=0)
    for c in champs:
        marque = f" {MARQUE}" if c.hypothese and not vu.hypothese else ""
        libelle = f"  — {c.libelle}" if c.libelle else ""
        colonnes = f"{c.colonnes:<9} " if c.colonnes else ""
        yield f"  {colonnes}{c.nom:<{largeur}}  {_value(c)}{libelle}{marque}".rstrip()
    if vides:
        yield f"  ({vides} champ{'s' if vides > 1 else ''} vide{'s' if vides > 1 else ''} : --tout)"
    for faute in vu.fautes:
        yield f"  FAUTE     {faute}"


def _value(c: ChampVu) -> str:
    texte = c.brut.strip() if len(c.brut) <= _LARGEUR_BRUT else c.brut[:_LARGEUR_BRUT].rstrip() + "…"
    texte = c.valeur if not c.colonnes else texte
    return f"{texte} → {c.sens}" if c.sens and c.sens != texte else texte


def record_table(vu: EnregistrementVu, *, tout: bool) -> Table:
    """A record as a table, for terminals."""
    champs, vides = shown_fields(vu, tout=tout)
    table = Table(title=Text(record_title(vu)), title_justify="left", title_style="bold", expand=False, pad_edge=False)
    for titre, style in (("col.", "cyan"), ("champ", ""), ("brut", "dim"), ("valeur", "bold"), ("libellé", "")):
        table.add_column(titre, style=style, overflow="fold", no_wrap=titre in {"col.", "champ"})
    for c in champs:
        marque = f" {MARQUE}" if c.hypothese else ""
        valeur = Text(
            c.sens or c.valeur, style="bold red" if c.sens.startswith(("clé fausse", "illisible")) else "bold"
        )
        table.add_row(c.colonnes, c.nom, Text(c.brut), valeur, Text(c.libelle + marque))
    if vides:
        table.caption = f"{vides} champs vides (--tout)"
    return table


# --- check ----------------------------------------------------------------------------------------------------
def heading(r: ResultatFichier) -> str:
    """``NON CONFORME  lot.b2  fichier B2, 2 lots, 5 factures``"""
    if r.verdict is Verdict.ERREUR_BANC:
        return f"ILLISIBLE  {r.fichier}"
    nature = Nature(r.nature).libelle if r.nature else ""
    nombres = [f"{r.contenu[c]} {c}" for c in ("lots", "factures", "entités", "groupes") if r.contenu.get(c)]
    return f"{r.verdict.libelle.upper()}  {r.fichier}  {', '.join([nature, *nombres])}"


def result_lines(r: ResultatFichier) -> Iterator[str]:
    """All that a check says of a file."""
    if r.cause:
        yield _line("cause", r.cause)
        return
    yield _line("reçu le", r.date)
    for cle in ("profil", "sujet", "pièce jointe", "contient", "émetteur", "destinataire", "total", "payé"):
        if r.contenu.get(cle):
            yield _line(cle, str(r.contenu[cle]))
    if r.enveloppe is not None:
        etat = "ouverte" if r.enveloppe.ouverte else f"fermée, {r.enveloppe.motif}"
        yield _line("chiffrée", f"{r.enveloppe.algorithme}, {etat}")
        for destinataire in r.enveloppe.destinataires:
            yield _line("pour", destinataire)
    for c in r.constats:
        yield from finding_lines(c)
    if r.non_montres:
        reste = ", ".join(f"{code} {n}" for code, n in r.comptes.items())
        yield _line("de plus", f"{r.non_montres} constats comptés sans être détaillés ({reste})")
    if r.non_verifies:
        yield _line("non vérifié", " ; ".join(r.non_verifies))
    yield _line("contrôles", f"{len(r.controles)} faits, {len(r.comptes)} avec constat")


def finding_lines(c: ConstatFichier) -> Iterator[str]:
    """One finding: what, where, expected, found, on what it rests, what to do."""
    yield f"  {c.verdict.libelle}  {c.code}  {c.texte}"
    if ou := place(c):
        yield _line("où", ou)
    yield _line("attendu", c.attendu)
    yield _line("constaté", c.constate)
    yield _line("source", c.source + (f", exigence {c.exigence}" if c.exigence else ""))
    if c.hypothese:
        yield _line("hypothèse", c.hypothese)
    if c.conseil:
        yield _line("à corriger", c.conseil)


def place(c: ConstatFichier) -> str:
    """``lot 001, facture 000000012, enregistrement 6 (type 5), total_facture, colonnes 58-65``"""
    morceaux = [f"lot {c.lot}" if c.lot else "", f"facture {c.facture}" if c.facture else ""]
    if c.enregistrement is not None:
        type_ = f" (type {c.type_enregistrement})" if c.type_enregistrement else ""
        morceaux.append(f"enregistrement {c.enregistrement}{type_}")
    morceaux.append(f"ligne {c.ligne}" if c.ligne is not None else "")
    morceaux.append(f"{c.libelle} ({c.champ})" if c.libelle else c.champ)
    morceaux.append(f"colonne{'s' if '-' in c.colonnes else ''} {c.colonnes}" if c.colonnes else "")
    return ", ".join(m for m in morceaux if m)


def _line(titre: str, texte: str) -> str:
    return f"    {titre:<13} {texte}"
