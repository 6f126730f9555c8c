"""Zones: how records are laid out in elementary files, from the tables of ``simulator/donnees/cartes``.

A zone is a BER-TLV template; each field has a tag. The tables say which file holds which zone, who may read
it and which part of the model it carries; this module only interprets them, both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from simulator.cards import ber
from simulator.cards.fichiers import Acces

CODAGE = "iso-8859-15"


def _hexa(valeur: object) -> object:
    return int(valeur, 16) if isinstance(valeur, str) else valeur


Hexa = Annotated[int, BeforeValidator(_hexa)]


class Champ(BaseModel):
    """One field of a zone. ``champs`` makes it a sub-record, or a list of them with ``liste``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tag: Hexa
    champ: str
    format: Literal["texte", "date", "booleen", "constante"] = "texte"
    valeur: str = ""
    liste: bool = False
    champs: tuple[Champ, ...] = ()
    source: str = ""


class Zone(BaseModel):
    """A zone and the elementary file that holds it. ``par`` repeats it, one file per item of a list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nom: str
    intitule: str
    fid: Hexa
    etiquette: Hexa = 0x70
    nom_court: str = Field(default="", max_length=8)
    dossier: str = "VITALE"
    sfi: Hexa | None = None
    lecture: Acces = Acces.LIBRE
    par: str = ""
    regroupe: bool = False  # all the items of ``par`` in one file
    maximum: int = 1
    racine: str = ""
    champs: tuple[Champ, ...]
    source: str

    def fids(self) -> range:
        return range(self.fid, self.fid + self.maximum)


def encode_zone(zone: Zone, donnees: Mapping[str, Any]) -> dict[int, bytes]:
    """File contents of a zone by file identifier; a zone without data has no file."""
    cibles: list[Any] = donnees.get(zone.par, []) if zone.par else [donnees]
    contenus: dict[int, bytes] = {}
    for fid, cible in zip(zone.fids(), cibles, strict=False):
        objet: Any = cible.get(zone.racine) if zone.racine else cible
        corps = _encode(zone.champs, objet) if objet else b""
        if corps:
            contenus[fid] = ber.encode(zone.etiquette, corps)
    if zone.regroupe and contenus:
        return {zone.fid: b"".join(contenus.values())}
    return contenus


def _encode(champs: tuple[Champ, ...], objet: Mapping[str, Any]) -> bytes:
    morceaux: list[bytes] = []
    for champ in champs:
        valeur: Any = champ.valeur if champ.format == "constante" else objet.get(champ.champ)
        if valeur is None or valeur in ("", [], ()):
            continue
        if champ.champs:
            elements = valeur if champ.liste else [valeur]
            morceaux.extend(ber.encode(champ.tag, _encode(champ.champs, e)) for e in elements)
        else:
            morceaux.append(ber.encode(champ.tag, _to_bytes(champ, valeur)))
    return b"".join(morceaux)


def _to_bytes(champ: Champ, valeur: Any) -> bytes:
    if champ.format == "date":
        return str(valeur).replace("-", "").encode("ascii")
    if champ.format == "booleen":
        return b"\x01" if valeur else b"\x00"
    return str(valeur).encode(CODAGE)


def decode_zone(zone: Zone, contenu: bytes) -> dict[str, Any]:
    """The record held by one file of a zone. Raises TlvInvalide."""
    corps = ber.find(contenu, zone.etiquette)
    if corps is None:
        raise ber.TlvInvalide(f"l'objet {zone.etiquette:X} est absent de la zone « {zone.intitule} »")
    return _decode(zone.champs, corps)


def _decode(champs: tuple[Champ, ...], corps: bytes) -> dict[str, Any]:
    par_tag = {c.tag: c for c in champs}
    objet: dict[str, Any] = {}
    for tlv in ber.parse(corps):
        champ = par_tag.get(tlv.tag)
        if champ is None or champ.format == "constante":
            continue
        if not champ.champs:
            objet[champ.champ] = _from_bytes(champ, tlv.valeur)
        elif champ.liste:
            objet.setdefault(champ.champ, []).append(_decode(champ.champs, tlv.valeur))
        else:
            objet[champ.champ] = _decode(champ.champs, tlv.valeur)
    return objet


def _from_bytes(champ: Champ, octets: bytes) -> Any:
    if champ.format == "booleen":
        return octets != b"\x00"
    texte = octets.decode(CODAGE)
    if champ.format == "date" and len(texte) == 8:
        return f"{texte[:4]}-{texte[4:6]}-{texte[6:]}"
    return texte
