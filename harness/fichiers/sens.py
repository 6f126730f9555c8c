"""What a field means to a person: amounts in euros, dates, meaning of codes, keys right or wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from harness.fichiers.donnees import load_knowledge
from harness.fichiers.modele import ChampVu, EnregistrementVu
from norms.codec import Champ, Enregistrement, Format
from norms.codec.champ import RefusValeur, Valeur
from norms.identifiants import ErreurIdentifiant, adeli_valide, cle_nir
from norms.montants import format_euros
from norms.paquet import NormPack
from norms.tables import Nomenclature

MASQUE = "masqué (donnée sensible chiffrée)"


def view_record(e: Enregistrement, pack: NormPack) -> EnregistrementVu:
    """A record as shown: every field, its columns, text, value, meaning."""
    disposition = e.disposition
    champs = tuple(_view_field(e, c, pack) for c in disposition.champs if c.expose and c.fin <= max(len(e.brut), 1))
    return EnregistrementVu(
        rang=e.rang,
        type=e.type,
        libelle=disposition.libelle,
        octet=e.offset,
        hypothese=disposition.source.startswith("hypothese"),
        brut=e.brut.decode("ascii", "backslashreplace"),
        champs=champs,
        fautes=tuple(str(a) for a in e.anomalies),
    )


def _view_field(e: Enregistrement, c: Champ, pack: NormPack) -> ChampVu:
    texte = e.brut[c.debut - 1 : c.fin].decode("ascii", "backslashreplace")
    try:
        valeur = c.read(texte)
    except (RefusValeur, ValueError):
        valeur, sens = texte.rstrip(" "), "illisible : attendu " + c.attendu
    else:
        sens = _meaning(e, c, valeur, texte, pack)
    return ChampVu(
        nom=c.nom,
        libelle=c.libelle,
        colonnes=str(c.debut) if c.debut == c.fin else f"{c.debut}-{c.fin}",
        brut=texte,
        valeur=as_text(valeur),
        sens=sens,
        source=c.source,
        hypothese=c.hypothese,
    )


def as_text(valeur: Valeur) -> str:
    """A value for machines: ISO dates, centimes, decimals with a point; empty when absent."""
    if isinstance(valeur, date):
        return valeur.isoformat()
    if isinstance(valeur, int | Decimal):
        return str(valeur)
    return valeur or ""


def _meaning(e: Enregistrement, c: Champ, valeur: Valeur, texte: str, pack: NormPack) -> str:
    if c.masquable and texte and not texte.strip("*"):
        return MASQUE
    if c.format is Format.MONTANT and isinstance(valeur, int):
        return format_euros(valeur)
    if isinstance(valeur, date):
        return valeur.strftime("%d/%m/%Y")
    code = as_text(valeur)
    return _code_meaning(e.type, c.nom, code, pack) or _key_meaning(e, c, code)


def _code_meaning(type_: str, nom: str, code: str, pack: NormPack) -> str:
    """The label of a code in its table; empty when the field has no table, or its code is absent."""
    savoir, cle = load_knowledge(), (type_, nom)
    if cle in savoir.valeurs:
        return savoir.valeurs[cle].get(code, "")
    if cle not in savoir.tables or not code:
        return ""
    return Nomenclature(pack, savoir.tables[cle]).libelle(code) or (
        "code inconnu de la table" if code.strip("0") else ""
    )


def _key_meaning(e: Enregistrement, c: Champ, code: str) -> str:
    """Whether a key is right; empty when the field bears none."""
    savoir = load_knowledge()
    if c.nom in savoir.cles_montrees and savoir.cles_montrees[c.nom] in e.disposition.par_nom:
        return _nir_key(e.texte(savoir.cles_montrees[c.nom]), code)
    if c.nom in savoir.numeros_am and code.strip("0"):
        return "clé juste" if adeli_valide(code) else "clé fausse"
    return ""


def _nir_key(nir: str, cle: str) -> str:
    if not nir.strip("0 "):
        return ""
    try:
        attendue = cle_nir(nir)
    except ErreurIdentifiant:
        return "NIR mal formé"
    return "clé juste" if cle == attendue else f"clé fausse : {attendue} attendu"
