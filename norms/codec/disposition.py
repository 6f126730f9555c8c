"""A record layout read from a data file, and the functions generated from it.

A layout file gives ``type``, ``libelle``, ``longueur``, ``source`` and ``champs``; each field has ``nom``, ``colonnes``
("49-50", or "49"), ``format``, ``libelle``, ``source``. A repetition is written ``{repetition: "5", depart: "49",
champs: [{nom, longueur, …}]}`` and gives ``nom_1`` to ``nom_5``. Columns must cover the whole record, once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from norms.chargement import Chemin, Document
from norms.codec.champ import Champ, Format, RefusValeur, Valeur
from norms.codec.erreurs import ErreurEnregistrement, quote

MAX_LONGUEUR = 4096
_COLONNES = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?\Z")
_NOM = re.compile(r"[a-z][a-z0-9_]*\Z")
_CLASSE_SIMPLE = re.compile(r"(\[[^]]*\]| )\{([0-9]+)\}\Z")
_OUI_NON = {"oui": True, "non": False}
_CLES = frozenset({"nom", "colonnes", "format", "libelle", "source", "valeur", "decimales", "valeurs", "masquable"})


@dataclass(frozen=True, slots=True, eq=False)
class Disposition:
    """The layout of one record type: fields in column order, and what was generated from them."""

    type: str
    libelle: str
    longueur: int
    champs: tuple[Champ, ...]
    source: str = ""
    motif: re.Pattern[bytes] = field(init=False, repr=False)
    par_nom: Mapping[str, Champ] = field(init=False, repr=False)
    extraire: Callable[[bytes], dict[str, Valeur]] = field(init=False, repr=False)
    #: The record when no value is given: every field at its default.
    vierge: bytes = field(init=False, repr=False)
    #: By field name: slice of the record, and the text of a value (values repeat from one invoice to the next).
    _ecrire: Mapping[str, tuple[slice, Callable[[Valeur], bytes]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "motif", re.compile(_merged_pattern(self.champs).encode("ascii"), re.DOTALL))
        object.__setattr__(self, "par_nom", {c.nom: c for c in self.champs if c.expose})
        object.__setattr__(
            self, "_ecrire", {n: (slice(c.debut - 1, c.fin), _writer(c)) for n, c in self.par_nom.items()}
        )
        object.__setattr__(self, "extraire", _compile(self.champs))
        object.__setattr__(self, "vierge", "".join(c.default() for c in self.champs).encode("ascii"))

    def champ(self, nom: str) -> Champ:
        """The field of that name. Raises KeyError with the known names."""
        try:
            return self.par_nom[nom]
        except KeyError:
            raise KeyError(f"type {self.type} : champ inconnu « {nom} » ; champs : {', '.join(self.par_nom)}") from None

    # --- checking ---------------------------------------------------------------------------------------
    def faults(self, brut: bytes, rang: int, offset: int = -1) -> list[ErreurEnregistrement]:
        """All faults of a record: length, character classes, constants, dates. Empty when it is sound."""
        if len(brut) != self.longueur:
            return [
                ErreurEnregistrement(
                    rang=rang,
                    type_=self.type,
                    offset=offset,
                    attendu=f"{self.longueur} octets",
                    constate=f"{len(brut)} octets",
                )
            ]
        fautes: list[ErreurEnregistrement] = []
        for c in self.champs:
            octets = brut[c.debut - 1 : c.fin]
            attendu, constate = c.attendu, quote(octets)
            if re.fullmatch(c.motif().encode("ascii"), octets, re.DOTALL):
                try:
                    c.read(octets.decode("ascii"))
                    continue
                except RefusValeur as exc:
                    attendu, constate = exc.attendu, exc.constate
            fautes.append(
                ErreurEnregistrement(
                    rang=rang,
                    type_=self.type,
                    champ=c.nom,
                    libelle=c.libelle,
                    colonnes=c.colonnes,
                    attendu=attendu,
                    constate=constate,
                    offset=offset,
                )
            )
        return fautes

    # --- writing ----------------------------------------------------------------------------------------
    def encode(self, valeurs: Mapping[str, Valeur], *, rang: int = 0) -> bytes:
        """Builds a record; a field not given takes its default. Raises ErreurEnregistrement."""
        brut = self.patch(self.vierge, valeurs, rang=rang)
        if not self.motif.fullmatch(brut):  # a field without a usable default was not given
            raise self.faults(brut, rang)[0]
        return brut

    def patch(self, brut: bytes, valeurs: Mapping[str, Valeur], *, rang: int = 0) -> bytes:
        """Rewrites the given fields only; every other byte is kept as it was. Raises ErreurEnregistrement."""
        sortie = bytearray(brut)
        ecrire = self._ecrire
        for nom, valeur in valeurs.items():
            if nom not in ecrire:
                self._refuse_unknown(valeurs, rang)
            tranche, texte = ecrire[nom]
            try:
                sortie[tranche] = texte(valeur)
            except (RefusValeur, TypeError):  # TypeError: a value that can't be kept, such as a list
                sortie[tranche] = self._write(self.par_nom[nom], valeur, rang).encode("ascii")
        return bytes(sortie)

    def _refuse_unknown(self, valeurs: Mapping[str, Valeur], rang: int) -> None:
        for nom in valeurs:
            if nom not in self.par_nom:
                raise ErreurEnregistrement(
                    rang=rang,
                    type_=self.type,
                    champ=nom,
                    attendu="un champ de ce type : " + ", ".join(self.par_nom),
                    constate="un champ inconnu",
                )

    def _write(self, c: Champ, valeur: Valeur, rang: int) -> str:
        try:
            return c.write(valeur)
        except RefusValeur as exc:
            raise ErreurEnregistrement(
                rang=rang,
                type_=self.type,
                champ=c.nom,
                libelle=c.libelle,
                colonnes=c.colonnes,
                attendu=exc.attendu,
                constate=exc.constate,
            ) from exc


def _writer(c: Champ) -> Callable[[Valeur], bytes]:
    """The bytes of a value of that field, the latest ones kept; 1, True and Decimal(1) are kept apart."""

    def write(valeur: Valeur) -> bytes:
        return c.write(valeur).encode("ascii")

    return lru_cache(maxsize=512, typed=True)(write)


def _merged_pattern(champs: tuple[Champ, ...]) -> str:
    """The pattern of a whole record, neighbours of one plain class matched in one go."""
    morceaux: list[tuple[str, int]] = []
    for c in champs:
        m = _CLASSE_SIMPLE.match(c.motif())
        classe, n = (m[1], int(m[2])) if m else (c.motif(), 0)
        if n and morceaux and morceaux[-1][1] and morceaux[-1][0] == classe:
            morceaux[-1] = (classe, morceaux[-1][1] + n)
        else:
            morceaux.append((classe, n))
    return "".join(f"{classe}{{{n}}}" if n else classe for classe, n in morceaux)


def _compile(champs: tuple[Champ, ...]) -> Callable[[bytes], dict[str, Valeur]]:
    """Generates ``extraire(brut) -> dict``: one slice per exposed field, conversions inlined where they are cheap.

    The source comes from our own field names and column numbers, checked when the layout was loaded.
    """
    portee: dict[str, Any] = {}
    lignes = []
    for i, c in enumerate(champs):
        if not c.expose:
            continue
        tranche = f"t[{c.debut - 1}:{c.fin}]"
        if c.format is Format.CONSTANTE:
            expr = repr(c.valeur.ljust(c.longueur))
        elif c.format in {Format.A, Format.RESERVE}:
            expr = f"{tranche}.rstrip(' ')"
        elif c.format in {Format.N, Format.Z}:
            expr = f"{tranche} if t[{c.debut - 1}] != ' ' else ''"
        elif c.format in {Format.ENTIER, Format.MONTANT} and not c.masquable:
            expr = f"int({tranche})"
        else:
            portee[f"f{i}"] = lru_cache(maxsize=4096)(c.read)  # dates and coefficients repeat
            expr = f"f{i}({tranche})"
        lignes.append(f"  {c.nom!r}: {expr},")
    source = "def extraire(b):\n t = b.decode('ascii')\n return {\n" + "\n".join(lignes) + "\n }\n"
    exec(compile(source, "<disposition>", "exec"), portee)  # noqa: S102 - our own generated slices
    fonction: Callable[[bytes], dict[str, Valeur]] = portee["extraire"]
    return fonction


# --- loading --------------------------------------------------------------------------------------------
def load_disposition(document: Document, *, pivot: int = 70) -> Disposition:
    """Builds the layout that a data file describes. Raises ErreurChargement naming file, line and fault."""
    donnees = document.donnees
    if not isinstance(donnees, dict):
        raise document.erreur((), "une disposition est un dictionnaire : type, libelle, longueur, source, champs")
    for cle in ("type", "libelle", "longueur", "source", "champs"):
        if cle not in donnees:
            raise document.erreur((), f"clé « {cle} » absente d'une disposition")
    longueur = _number(document, ("longueur",), donnees["longueur"])
    if not 1 <= longueur <= MAX_LONGUEUR:
        raise document.erreur(("longueur",), f"longueur {longueur} ; attendu de 1 à {MAX_LONGUEUR}")
    if not isinstance(donnees["champs"], list):
        raise document.erreur(("champs",), "« champs » est une liste")
    champs: list[Champ] = []
    for i, entree in enumerate(donnees["champs"]):
        champs.extend(_entry(document, ("champs", i), entree, pivot))
    _check_cover(document, champs, longueur)
    return Disposition(donnees["type"], donnees["libelle"], longueur, tuple(champs), donnees["source"])


def _number(document: Document, chemin: Chemin, texte: object) -> int:
    if not isinstance(texte, str) or not re.fullmatch(r"[0-9]{1,6}", texte):
        raise document.erreur(chemin, f"nombre attendu, constaté « {texte} »")
    return int(texte)


def _entry(document: Document, chemin: Chemin, entree: Any, pivot: int) -> list[Champ]:
    if not isinstance(entree, dict):
        raise document.erreur(chemin, "un champ est un dictionnaire : nom, colonnes, format, libelle, source")
    if "repetition" in entree:
        return _repetition(document, chemin, entree, pivot)
    m = _COLONNES.match(entree.get("colonnes", ""))
    if not m:
        raise document.erreur(chemin, "« colonnes » attendues sous la forme « 49-50 » ou « 49 »")
    debut = int(m[1])
    return [_field(document, chemin, entree, (debut, int(m[2] or debut)), pivot)]


def _repetition(document: Document, chemin: Chemin, entree: dict[str, Any], pivot: int) -> list[Champ]:
    fois = _number(document, chemin, entree["repetition"])
    position = _number(document, chemin, entree.get("depart"))
    if not 1 <= fois <= 100 or not isinstance(entree.get("champs"), list):
        raise document.erreur(chemin, "répétition : de 1 à 100 fois, avec une liste « champs »")
    modeles = []
    for j, e in enumerate(entree["champs"]):
        sous = (*chemin, "champs", j)
        if not isinstance(e, dict) or "longueur" not in e:
            raise document.erreur(sous, "un champ répété donne sa « longueur »")
        n = _number(document, sous, e["longueur"])
        source = e.get("source", entree.get("source", ""))
        reste = {k: v for k, v in e.items() if k != "longueur"} | {"source": source}
        modeles.append(_field(document, sous, reste, (1, n), pivot))
    champs = []
    for rang in range(1, fois + 1):
        for modele in modeles:
            champs.append(modele.at(position, f"{modele.nom}_{rang}"))
            position += modele.longueur
    return champs


def _field(document: Document, chemin: Chemin, e: dict[str, Any], colonnes: tuple[int, int], pivot: int) -> Champ:
    debut, fin = colonnes
    for cle in e:
        if cle not in _CLES:
            raise document.erreur((*chemin, cle), f"clé « {cle} » inconnue ; connues : {', '.join(sorted(_CLES))}")
    nom = e.get("nom", "")
    if not isinstance(nom, str) or not _NOM.match(nom):
        raise document.erreur(chemin, f"nom de champ « {nom} » ; attendu des minuscules sans accent, chiffres et « _ »")
    if not e.get("source"):
        raise document.erreur(chemin, f"champ « {nom} » : « source » absente")
    try:
        forme = Format(e.get("format", ""))
    except ValueError:
        connus = ", ".join(f.value for f in Format)
        raise document.erreur(chemin, f"champ « {nom} » : format inconnu ; connus : {connus}") from None
    if fin < debut:
        raise document.erreur(chemin, f"champ « {nom} » : colonnes {debut}-{fin} à l'envers")
    if forme is Format.DATE and fin - debut != 5:
        raise document.erreur(chemin, f"champ « {nom} » : une date occupe 6 colonnes")
    valeur = e.get("valeur", "")
    if len(valeur) > fin - debut + 1 or (forme is Format.CONSTANTE and not valeur):
        raise document.erreur(chemin, f"champ « {nom} » : valeur « {valeur} » absente ou plus longue que ses colonnes")
    masquable = e.get("masquable", "non")
    if masquable not in _OUI_NON:
        raise document.erreur(chemin, f"champ « {nom} » : masquable vaut oui ou non")
    return Champ(
        nom=nom,
        debut=debut,
        fin=fin,
        format=forme,
        libelle=e.get("libelle", ""),
        source=e["source"],
        valeur=valeur,
        decimales=_number(document, chemin, e.get("decimales", "0")),
        valeurs=tuple(e.get("valeurs", ())),
        masquable=_OUI_NON[masquable],
        pivot=pivot,
    )


def _check_cover(document: Document, champs: list[Champ], longueur: int) -> None:
    attendue, noms = 1, set()
    for c in champs:
        if c.debut != attendue:
            nature = "recouvre" if c.debut < attendue else "laisse un trou avant"
            raise document.erreur(
                ("champs",),
                f"champ « {c.nom} » (colonnes {c.debut}-{c.fin}) {nature} la colonne {attendue} ; "
                "les champs se suivent et couvrent l'enregistrement",
            )
        attendue = c.fin + 1
        if c.expose and c.nom in noms:
            raise document.erreur(("champs",), f"champ « {c.nom} » donné deux fois")
        noms.add(c.nom)
    if attendue != longueur + 1:
        raise document.erreur(("champs",), f"les champs couvrent {attendue - 1} colonnes sur {longueur}")
