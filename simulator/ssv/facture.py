"""An invoice on its way through the services: its records, what they say of the mode and of the securing done.

The services keep nothing between calls: everything is in the bytes (``hypothese``: mode and recipient in the zones
reserved to SESAM of record 5, encrypted data and signatures in records of type 8). What they have just written, they
know without reading it again: it goes from function to function.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from norms.b2 import FactureB2
from norms.b2.codec import LONGUEUR
from norms.b2.securite import TYPE, BlocSecurite, ErreurSecurite, lire_blocs, segmenter
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.contrat.base import ModeSecurisation, TypeFacture
from simulator.ssv.contexte import Contexte
from simulator.ssv.donnees import DonneesSsv, RegleMode
from simulator.ssv.erreurs import RefusSsv

MAX_OCTETS = 1024 * 1024
#: Invoices kept as written: how many, and of what length at most (bytes).
MAX_CONNUES, MAX_CONNUE = 64, 64 * 1024
_TYPES = tuple(TypeFacture)


@dataclass(frozen=True, slots=True)
class FactureSsv:
    """An invoice as given to a function, understood."""

    b2: FactureB2
    blocs: tuple[BlocSecurite, ...]
    type: TypeFacture
    mode: ModeSecurisation
    regle: RegleMode
    enregistrements: tuple[Enregistrement, ...] = field(repr=False)

    @property
    def numero(self) -> str:
        return self.b2.numero

    @property
    def numero_ps(self) -> str:
        return self.b2.entete.texte("numero_ps")

    @property
    def organisme_destinataire(self) -> str:
        return self.b2.fin.texte("reserve_sesam_1")[:3]

    @property
    def centre_informatique(self) -> str:
        return self.b2.fin.texte("reserve_sesam_1")[3:6]

    @property
    def marquage(self) -> str:
        """Kind of flow: R, T or D."""
        return self.b2.entete.texte("marquage")

    @property
    def faites(self) -> tuple[str, ...]:
        """Steps done, in the order of the blocks."""
        return tuple(b.nature for b in self.blocs)

    @property
    def complete(self) -> bool:
        """Whether every step that the mode demands is done."""
        return all(e in self.faites or e in self.regle.facultatives for e in self.regle.etapes)

    def value(self, source: str) -> str:
        """The text of « 2M.domaine »: a field of the first record of that type, empty without such a record."""
        type_, champ = source.split(".")
        trouve = next((e for e in self.enregistrements if e.type == type_), None)
        return trouve.texte(champ) if trouve is not None else ""


def read_facture(contexte: Contexte, octets: bytes, rang: int = 0) -> FactureSsv:
    """Reads the bytes of one invoice; ``rang`` numbers it in messages. Raises RefusSsv (facture_illisible)."""
    if (connue := contexte.connues.get(octets)) is not None:
        return connue
    qui = f"facture n° {rang}" if rang else "facture"
    if not octets or len(octets) > MAX_OCTETS:
        raise RefusSsv("facture_illisible", f"{qui} : {len(octets)} octets ; attendu de 1 à {MAX_OCTETS}")
    try:
        lus = list(contexte.codec.lire_factures(octets))
        blocs = tuple(lire_blocs(lus[0].enregistrements)) if len(lus) == 1 and isinstance(lus[0], FactureB2) else ()
    except (ErreurEnregistrement, ErreurSecurite) as exc:
        raise RefusSsv("facture_illisible", f"{qui} : {exc}") from exc
    if len(lus) != 1 or not isinstance(lus[0], FactureB2):
        raise RefusSsv("facture_illisible", f"{qui} : {len(lus)} factures ; une seule est attendue")
    return _understand(contexte.donnees, lus[0], blocs, qui)


def _understand(donnees: DonneesSsv, b2: FactureB2, blocs: tuple[BlocSecurite, ...], qui: str) -> FactureSsv:
    lettre = b2.fin.texte("reserve_sesam_2")
    type_ = next((t for t in _TYPES if donnees.mise_en_forme["types"][t] == b2.entete.texte("type_facture")), None)
    if lettre not in donnees.mode_lettre or type_ is None:
        raise RefusSsv("facture_illisible", f"{qui} : elle ne vient pas de « formater_facture » (mode ou type absent)")
    mode = donnees.mode_lettre[lettre]
    return FactureSsv(b2, blocs, type_, mode, donnees.regles[mode], b2.enregistrements)


def add_content(contexte: Contexte, facture: FactureSsv, nature: str, algorithme: str, contenu: bytes) -> FactureSsv:
    """The invoice, its records as they are, with one more content: an envelope, a signature. Raises ErreurSecurite."""
    codec = contexte.codec
    segments = segmenter(codec, nature, facture.numero_ps, facture.numero, algorithme, contenu)
    avant = facture.enregistrements
    rangs = range(len(avant) + 1, len(avant) + len(segments) + 1)
    ajoutes = [
        Enregistrement(codec.disposition(TYPE), brut, rang, (rang - 1) * LONGUEUR)
        for rang, brut in zip(rangs, segments, strict=True)
    ]
    suite = codec.structure.events((*avant, *ajoutes), depart="lot", arrivees=("fin_facture",))
    b2 = next(e for e in suite if isinstance(e, FactureB2))
    bloc = BlocSecurite(nature, facture.numero_ps, facture.numero, algorithme, contenu, tuple(rangs))
    return replace(facture, b2=b2, blocs=(*facture.blocs, bloc), enregistrements=b2.enregistrements)


def write_facture(contexte: Contexte, facture: FactureSsv) -> str:
    """The invoice in base 64, known to the functions that come next."""
    octets = b"".join([e.brut for e in facture.enregistrements])
    if len(octets) <= MAX_CONNUE:
        if len(contexte.connues) >= MAX_CONNUES:
            contexte.connues.clear()
        contexte.connues[octets] = facture
    return base64.b64encode(octets).decode("ascii")


def check_step(contexte: Contexte, facture: FactureSsv, etape: str) -> None:
    """Refuses a step that the mode doesn't know, or that doesn't come at its place (``securisation.yaml``)."""
    regle, faites = facture.regle, facture.faites
    libelles = contexte.donnees.securisation["libelles"]
    nom = libelles[etape]
    if etape not in regle.etapes:
        raise RefusSsv("ordre_signatures", f"{nom} sans objet : la facture est en mode {facture.mode}")
    if etape in faites:
        raise RefusSsv("ordre_signatures", f"{nom} déjà présent sur la facture {facture.numero}")
    place = regle.etapes.index(etape)
    for avant in regle.etapes[:place]:
        if avant not in faites and avant not in regle.facultatives:
            raise RefusSsv("ordre_signatures", f"{nom} avant {libelles[avant]} : ordre imposé en mode {facture.mode}")
    for apres in regle.etapes[place + 1 :]:
        if apres in faites:
            raise RefusSsv("ordre_signatures", f"{nom} après {libelles[apres]} : la signature ne vaudrait plus rien")


def encode_base64(enregistrements: Iterable[bytes]) -> str:
    """The records one after the other, in base 64."""
    return base64.b64encode(b"".join(enregistrements)).decode("ascii")


def decode_base64(texte: str, quoi: str, nom: str = "facture_illisible") -> bytes:
    """The bytes of a base 64 text. Raises RefusSsv."""
    try:
        return base64.b64decode(texte, validate=True)
    except (binascii.Error, ValueError):
        raise RefusSsv(nom, f"{quoi} : contenu qui n'est pas en base 64") from None
